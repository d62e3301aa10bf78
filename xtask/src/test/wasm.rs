//! The steps on wasm32: what compiles there, and what runs there in Node and in a browser.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::repo::{cargo, path, shown, succeed};
use crate::tools::{self, Chrome, toolchain};

const TARGET: &str = "wasm32-unknown-unknown";

/// What the browser tests ask of their driver, and, below it, of the browser.
const CAPABILITIES: &str = "wasm/webdriver.json";

/// Core knows no platform, so it compiles where there is none.
pub(crate) fn core() -> Result<()> {
    toolchain::target(TARGET)?;
    for features in ["", "http,tracing"] {
        let check = ["check", "--package", "tollgate-core", "--target", TARGET, "--features", features];
        succeed(cargo().args(check))?;
    }
    Ok(())
}

pub(crate) fn clippy() -> Result<()> {
    toolchain::component("clippy", "clippy")?;
    toolchain::target(TARGET)?;
    for package in [
        &["--package", "tollgate-wasm", "--features", "exports,reqwest,tower", "--all-targets"][..],
        &["--package", "tollgate", "--lib"],
        &["--package", "tollgate", "--lib", "--features", "share"],
        &["--package", "tollgate", "--lib", "--features", "reqwest,tower"],
        &["--package", "tollgate-adapters", "--lib", "--features", "reqwest"],
        &["--package", "sharing", "--lib"],
        &["--package", "playground", "--lib"],
    ] {
        succeed(cargo().arg("clippy").args(package).args(["--target", TARGET, "--", "-D", "warnings"]))?;
    }
    Ok(())
}

pub(crate) fn node() -> Result<()> {
    tools::node::check()?;
    all_run(wasm_pack()?.args(["--node", "wasm"]), 1)
}

pub(crate) fn chrome() -> Result<()> {
    let Chrome { browser, driver } = Chrome::find()?;
    let mut test = wasm_pack()?;
    test.args(["--headless", "--chrome", "--chromedriver"]).arg(driver).arg("wasm");
    // A driver takes the browser that its own build knows of, unless told.
    let capabilities = fs::read(path(CAPABILITIES)).with_context(|| format!("cannot read {CAPABILITIES}"))?;
    let with_browser = path("target/wasm-pack/webdriver.json");
    let capabilities = with_binary(&capabilities, &browser.to_string_lossy())?;
    fs::create_dir_all(path("target/wasm-pack"))?;
    fs::write(&with_browser, capabilities.to_string())?;
    all_run(test.env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", with_browser), 2)
}

/// `wasm-pack test`, which is to install nothing by itself.
///
/// In a folder of its own: cargo's lock on the usual one is not held up, and its builds are left as they are.
fn wasm_pack() -> Result<Command> {
    toolchain::target(TARGET)?;
    tools::wasm_bindgen()?;
    tools::wasm_pack()?;
    let mut test = tools::command("wasm-pack");
    test.args(["test", "--mode", "no-install"]).env("CARGO_TARGET_DIR", path("target/wasm-pack"));
    Ok(test)
}

/// Runs so many suites to their ends.
///
/// The exit code does not tell: a suite that finds no tests, or that is meant for another home, is fine with it.
fn all_run(test: &mut Command, suites: usize) -> Result<()> {
    let mut child =
        test.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot run `{}`", shown(test)))?;
    let mut passed = 0;
    for line in BufReader::new(child.stdout.take().context("it was piped")?).lines() {
        let line = line?;
        println!("{line}");
        passed += usize::from(is_passed(&line));
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(test));
    }
    if passed != suites {
        bail!("{passed} suites ran to their end where {suites} should");
    }
    Ok(())
}

/// A suite says so at its end, with at least one test.
fn is_passed(line: &str) -> bool {
    line.strip_prefix("test result: ok. ").is_some_and(|rest| !rest.starts_with("0 passed"))
}

fn with_binary(capabilities: &[u8], browser: &str) -> Result<Value> {
    let mut capabilities: Value =
        serde_json::from_slice(capabilities).with_context(|| format!("{CAPABILITIES} is not as expected"))?;
    capabilities["goog:chromeOptions"]["binary"] = json!(browser);
    Ok(capabilities)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_has_passed_if_it_ran_any_test() {
        assert!(is_passed("test result: ok. 45 passed; 0 failed; 0 ignored; 0 filtered out"));
        assert!(!is_passed("test result: ok. 0 passed; 0 failed; 0 ignored; 45 filtered out"));
        assert!(!is_passed("test result: FAILED. 44 passed; 1 failed; 0 ignored"));
        assert!(!is_passed("no tests to run!"));
    }

    #[test]
    fn fewer_suites_than_there_should_be_are_an_error() {
        let error = all_run(cargo().arg("--version"), 1).unwrap_err();
        assert_eq!(error.to_string(), "0 suites ran to their end where 1 should");
        assert!(all_run(cargo().arg("no-such-command"), 0).is_err());
    }

    #[test]
    fn the_browser_is_added_to_what_is_asked_of_it() {
        let with = with_binary(br#"{ "goog:chromeOptions": { "args": ["--headless"] } }"#, "/some/chrome");
        let expected = json!({ "goog:chromeOptions": { "args": ["--headless"], "binary": "/some/chrome" } });
        assert_eq!(with.unwrap(), expected);
        assert!(with_binary(b"{", "/some/chrome").is_err());
    }

    #[test]
    fn the_capabilities_of_this_repository_ask_for_no_window() {
        let capabilities: Value = serde_json::from_slice(&fs::read(path(CAPABILITIES)).unwrap()).unwrap();
        let args = capabilities["goog:chromeOptions"]["args"].as_array().unwrap();
        assert!(args.contains(&json!("--headless")));
    }
}
