//! Node, which runs the players that are written in JavaScript.

use std::path::Path;

use anyhow::Result;

use super::players::word;
use crate::{repo, tools};

/// The words that start a script of the repository with these arguments.
pub(super) fn script(script: &str, args: &[&Path]) -> Result<Vec<String>> {
    tools::node::check()?;
    let script = repo::path(script);
    let words = [Path::new("node"), &script].into_iter().chain(args.iter().copied());
    words.map(word).collect()
}
