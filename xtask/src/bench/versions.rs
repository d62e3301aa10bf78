//! The versions of all peers, from the files that fix them.

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

use crate::repo::path;
use crate::tools::locked;

/// Those that the benches in Rust compare with.
const CRATES: [&str; 6] = ["tokio", "async-lock", "asyncband", "governor", "leaky-bucket", "ratelimit"];

/// As lines of Markdown.
pub(super) fn lines() -> Result<String> {
    let lock = read("Cargo.lock")?;
    let crates = CRATES.map(|name| format!("{name} {}", locked(name, &lock).unwrap_or("?")));
    let packages = npm(&read("benches/js/package.json")?)?;
    let python = pip(&read("benches/python/requirements.txt")?);
    Ok(format!(
        "- crates: {}\n- npm packages: {}\n- PyPI packages: {}\n",
        crates.join(", "),
        packages.join(", "),
        python.join(", ")
    ))
}

/// All but our own, which are exact.
fn npm(package: &str) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Package {
        dependencies: BTreeMap<String, String>,
    }
    let Package { dependencies } =
        serde_json::from_str(package).context("package.json is not as expected")?;
    let peers = dependencies.iter().filter(|(_, version)| !version.starts_with("file:"));
    Ok(peers.map(|(name, version)| format!("{name} {version}")).collect())
}

fn pip(requirements: &str) -> Vec<String> {
    let exact = |line: &str| line.split_once("==").map(|(name, version)| format!("{name} {version}"));
    requirements.lines().filter_map(exact).collect()
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(path(file)).with_context(|| format!("cannot read {file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_peers_have_a_version() {
        let lines = lines().unwrap();
        assert!(lines.contains("governor 0.") && lines.contains("p-limit 7."), "{lines}");
        assert!(
            lines.contains("aiolimiter 1.") && !lines.contains('?') && !lines.contains("file:"),
            "{lines}"
        );
    }
}
