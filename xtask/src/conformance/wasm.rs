//! The runner's library in wasm, with the JavaScript that loads it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::repo;
use crate::tools::{self, toolchain};

/// A line of what cargo says about what it builds.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// The folder with all that a page needs: built when first asked for.
pub(super) fn folder() -> Result<&'static Path> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    if BUILT.get().is_none() {
        let _ = BUILT.set(build()?);
    }
    Ok(BUILT.get().expect("it was just built"))
}

fn build() -> Result<PathBuf> {
    toolchain::target("wasm32-unknown-unknown")?;
    let wasm = compile()?;
    let folder = wasm.with_file_name("tollgate-conformance-web");
    tools::wasm_bindgen()?;
    let mut bind = tools::command("wasm-bindgen");
    bind.args(["--target", "web", "--no-typescript", "--out-dir"]).arg(&folder).arg(&wasm);
    repo::succeed(&mut bind)?;
    // So that Node takes for a module what is one.
    fs::write(folder.join("package.json"), r#"{ "type": "module" }"#)?;
    Ok(folder)
}

/// As a library of its own kind only here: nobody else's build has to link one.
fn compile() -> Result<PathBuf> {
    let mut command = repo::cargo();
    command.args(["rustc", "--package", "tollgate-conformance", "--lib", "--crate-type", "cdylib"]);
    command.args(["--target", "wasm32-unknown-unknown", "--message-format", "json-render-diagnostics"]);
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("`{}` failed ({})", repo::shown(&command), output.status);
    }
    last_wasm(&String::from_utf8_lossy(&output.stdout)).context("cargo does not tell where the wasm is")
}

/// The package asked for is built last, after what it depends on.
fn last_wasm(messages: &str) -> Option<PathBuf> {
    let files = |line| serde_json::from_str::<Message>(line).map(|message| message.filenames);
    let mut all = messages.lines().filter_map(|line| files(line).ok()).flatten();
    all.rfind(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wasm_is_found_in_what_cargo_says() {
        let said = r#"{"reason":"compiler-artifact","filenames":["/t/libserde.rlib"]}
{"reason":"compiler-artifact","filenames":["/t/a.d","/t/a.wasm"]}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(last_wasm(said), Some(PathBuf::from("/t/a.wasm")));
        assert_eq!(last_wasm(""), None);
    }
}
