//! The two rules for core that the compiler does not keep: no unsafe code ever, and no platform.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::repo::{path, root};

const FORBID: &str = "#![forbid(unsafe_code)]";

pub(crate) fn check() -> Result<()> {
    let source = path("core/src");
    let crate_root = fs::read_to_string(source.join("lib.rs")).context("core/src/lib.rs")?;
    if !crate_root.lines().any(|line| line.trim() == FORBID) {
        bail!("core/src/lib.rs must say {FORBID}");
    }
    let mut broken = vec![];
    for file in sources(&source)? {
        let text = fs::read_to_string(&file)?;
        let shown = file.strip_prefix(root()).unwrap_or(&file).display();
        broken.extend(platforms(&text).into_iter().map(|cfg| format!("{shown}: {cfg}")));
    }
    if !broken.is_empty() {
        bail!("core must not know which platform it is on:\n  {}", broken.join("\n  "));
    }
    Ok(())
}

/// All Rust files below a folder.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = vec![];
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The conditions in a source text that ask for a platform.
fn platforms(source: &str) -> Vec<String> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    let conditions = ["cfg(", "cfg_attr(", "cfg!("]
        .into_iter()
        .flat_map(|open| code.match_indices(open).map(|(at, _)| to_closing(&code[at..])).collect::<Vec<_>>());
    conditions.filter(|condition| asks_for_platform(condition)).map(str::to_owned).collect()
}

/// The text up to the parenthesis that closes its first one.
fn to_closing(text: &str) -> &str {
    let mut depth = 0;
    for (at, char) in text.char_indices() {
        match char {
            '(' => depth += 1,
            ')' if depth == 1 => return &text[..=at],
            ')' => depth -= 1,
            _ => {}
        }
    }
    text
}

fn asks_for_platform(condition: &str) -> bool {
    let mut words = condition.split(|char: char| !(char.is_alphanumeric() || char == '_'));
    words.any(|word| word == "unix" || word == "windows" || word.starts_with("target_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_on_the_platform_are_found_wherever_they_stand() {
        assert_eq!(platforms("#[cfg(unix)]\nfn f() {}"), ["cfg(unix)"]);
        assert_eq!(platforms("if cfg!(windows) {}"), ["cfg!(windows)"]);
        let nested = "#[cfg(any(\n    loom,\n    target_family = \"wasm\",\n))]";
        assert_eq!(platforms(nested), [&nested[2..nested.len() - 1]]);
        assert_eq!(platforms("#[cfg_attr(target_os = \"linux\", inline)]").len(), 1);
    }

    #[test]
    fn other_conditions_and_comments_are_fine() {
        assert!(platforms("#[cfg(loom)]\n#[cfg(test)]\n#[cfg(feature = \"serde\")]").is_empty());
        assert!(platforms("// not #[cfg(unix)]\n    /// nor cfg(windows)\nlet unix = 1;").is_empty());
    }

    #[test]
    fn core_keeps_its_rules() {
        check().unwrap();
    }
}
