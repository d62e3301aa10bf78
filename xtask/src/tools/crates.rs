//! Programs from crates.io, built into `target/tools`.

use std::fs;

use anyhow::{Context, Result};

use super::{home, version};
use crate::repo::{cargo, path, shown, succeed};

/// The one to install where there is none; another one does as well.
const WASM_PACK: &str = "0.15.1";

/// Makes sure that the program `wasm-bindgen` is there, in the version of the crate: no other can read what that one
/// writes.
pub(crate) fn wasm_bindgen() -> Result<()> {
    let lock = fs::read_to_string(path("Cargo.lock")).context("cannot read Cargo.lock")?;
    let wanted = locked("wasm-bindgen", &lock).context("Cargo.lock has no wasm-bindgen")?;
    if version("wasm-bindgen").as_deref() == Some(wanted)
        && version("wasm-bindgen-test-runner").as_deref() == Some(wanted)
    {
        return Ok(());
    }
    install("wasm-bindgen-cli", wanted)
}

/// Makes sure that the program `wasm-pack` is there.
pub(crate) fn wasm_pack() -> Result<()> {
    match version("wasm-pack") {
        Some(_) => Ok(()),
        None => install("wasm-pack", WASM_PACK),
    }
}

fn install(name: &str, version: &str) -> Result<()> {
    let mut install = cargo();
    install.args(["install", name, "--version", version, "--root"]).arg(home());
    // It is built in a folder of cargo's own, so that it leaves the one of the workspace alone.
    install.env_remove("CARGO_TARGET_DIR");
    println!("{}", shown(&install));
    succeed(&mut install)
}

/// The version that a lock file has of a package; of several, the first.
pub(crate) fn locked<'a>(name: &str, lock: &'a str) -> Option<&'a str> {
    let mut lines = lock.lines().skip_while(|line| *line != format!("name = {name:?}"));
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_package_with_exactly_that_name() {
        let lock = r#"
[[package]]
name = "wasm-bindgen-futures"
version = "0.4.50"
dependencies = [
 "wasm-bindgen",
]

[[package]]
name = "wasm-bindgen"
version = "0.2.100"
"#;
        assert_eq!(locked("wasm-bindgen", lock), Some("0.2.100"));
        assert_eq!(locked("wasm-bindgen-futures", lock), Some("0.4.50"));
        assert_eq!(locked("wasm", lock), None);
    }

    #[test]
    fn the_lock_file_of_this_workspace_has_one() {
        let lock = fs::read_to_string(path("Cargo.lock")).unwrap();
        assert!(locked("wasm-bindgen", &lock).unwrap().starts_with("0.2."));
    }
}
