//! The targets that are programs of their own, and how each is started.

use std::path::Path;

use anyhow::{Context, Result};

use super::{node, wasm};
use crate::{package, repo, tools};

/// A target that is a program of its own: it speaks the protocol that tests/conformance/README.md describes.
#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) name: &'static str,
    /// Builds what it needs, and answers the words of its command.
    command: fn() -> Result<Vec<String>>,
}

/// All players; to add one is to add a line.
pub(crate) const PLAYERS: &[Player] = &[
    Player { name: "wasm-node", command: wasm_node },
    Player { name: "wasm-chromium", command: wasm_chromium },
    Player { name: "js-node", command: js_node },
];

fn wasm_node() -> Result<Vec<String>> {
    node::script("tests/conformance/js/wasm-node.mjs", &[wasm::folder()?])
}

fn wasm_chromium() -> Result<Vec<String>> {
    tools::Chrome::find()?;
    tools::node::packages(&repo::path("wasm/js"))?;
    node::script("tests/conformance/js/wasm-chromium.mjs", &[wasm::folder()?])
}

fn js_node() -> Result<Vec<String>> {
    package::build()?;
    node::script("tests/conformance/js/js-node.mjs", &[])
}

impl Player {
    /// Builds what it needs, and answers what the program of package tollgate-conformance is told of it.
    pub(crate) fn argument(&self) -> Result<String> {
        let command = (self.command)().with_context(|| format!("{} cannot run", self.name))?;
        Ok(format!("{}={}", self.name, serde_json::to_string(&command)?))
    }
}

/// A path as a word of a command.
pub(super) fn word(path: &Path) -> Result<String> {
    let text = path.to_str().with_context(|| format!("{} is not Unicode", path.display()))?;
    Ok(text.to_owned())
}
