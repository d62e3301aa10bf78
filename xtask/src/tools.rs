//! The programs that the chores need besides cargo: found, or installed where that takes no decision of yours.
//!
//! What comes from crates.io is put into `target/tools`, where every command that a chore starts looks first.

mod apt;
mod chrome;
mod crates;
pub(crate) mod node;
pub(crate) mod toolchain;

use std::env::{self, consts};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) use apt::valgrind;
pub(crate) use chrome::Chrome;
pub(crate) use crates::{locked, wasm_bindgen, wasm_pack};

use crate::repo;

/// Where cargo installs what comes from crates.io; the programs are in `bin`.
fn home() -> PathBuf {
    repo::path("target/tools")
}

/// The PATH for commands: our own tools, and then as it is.
pub(crate) fn search_path() -> OsString {
    let theirs = env::var_os("PATH").unwrap_or_default();
    let ours = home().join("bin");
    let folders = env::split_paths(&theirs).filter(|folder| *folder != ours);
    env::join_paths([ours.clone()].into_iter().chain(folders)).unwrap_or(theirs)
}

/// A program that may be one of our tools, in the root of the repository.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    repo::prepare(&mut command);
    command
}

/// The first of these programs that is on the PATH, in the order of the names.
fn on_path(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<_> = env::split_paths(&search_path()).collect();
    first_file(names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(with_suffix(name)))))
}

fn with_suffix(name: &str) -> String {
    format!("{name}{}", consts::EXE_SUFFIX)
}

fn first_file(places: impl IntoIterator<Item = impl AsRef<Path>>) -> Option<PathBuf> {
    places.into_iter().map(|place| place.as_ref().to_owned()).find(|place| place.is_file())
}

/// What a program says its version is, without its name; none if it does not run.
pub(crate) fn version(program: &str) -> Option<String> {
    let output =
        command(program).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // "wasm-bindgen 0.2.100 (with more)", or just "v20.1.0".
    let word = said.split_whitespace().find(|word| word.contains('.'))?;
    output.status.success().then(|| word.trim_start_matches('v').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_tools_are_first_on_the_path_and_only_once() {
        let folders: Vec<_> = env::split_paths(&search_path()).collect();
        let ours = repo::path("target/tools/bin");
        assert_eq!(folders.first(), Some(&ours));
        assert_eq!(folders.iter().filter(|folder| **folder == ours).count(), 1);
        for folder in env::split_paths(&env::var_os("PATH").unwrap()) {
            assert!(folders.contains(&folder), "{}", folder.display());
        }
    }

    #[test]
    fn the_version_of_a_program_is_told_without_its_name() {
        let version = version("cargo").unwrap();
        assert!(version.split('.').all(|part| !part.is_empty()), "{version}");
        assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{version}");
        assert_eq!(super::version("no-such-program"), None);
    }

    #[test]
    fn programs_are_found_in_the_order_of_their_names() {
        let cargo = on_path(&["no-such-program", "cargo", "rustc"]).unwrap();
        assert_eq!(cargo.file_stem().unwrap(), "cargo");
        assert_eq!(on_path(&["no-such-program"]), None);
    }
}
