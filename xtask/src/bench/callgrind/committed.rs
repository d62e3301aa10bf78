//! The counts that were committed, and what may be more than they are.

use std::process::Command;
use std::{fmt, fs};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::Counts;
use crate::bench::machine;
use crate::repo::path;

pub(super) const FILE: &str = "benches/callgrind.json";

/// What more is a regression: this part of what was committed, and a tenth for what is rounded.
const MORE: f64 = 0.05;
const ROUNDED: f64 = 0.1;

/// What was counted, and by which compiler it had been built.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Committed {
    #[serde(flatten)]
    pub(super) compiler: Compiler,
    pub(super) instructions: Counts,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Compiler {
    rustc: String,
    target: String,
}

impl Committed {
    pub(super) fn read() -> Result<Self> {
        let text = fs::read_to_string(path(FILE)).with_context(|| format!("cannot read {FILE}"))?;
        serde_json::from_str(&text).with_context(|| format!("{FILE} is not as expected"))
    }

    pub(super) fn write(&self) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(path(FILE), text).with_context(|| format!("cannot write {FILE}"))?;
        println!("written: {FILE}");
        Ok(())
    }

    /// A line for each path that takes more than it may. Paths that one of both does not have are an error: they
    /// would never be compared.
    pub(super) fn more(&self, counts: &Counts) -> Result<Vec<String>> {
        if !self.instructions.keys().eq(counts.keys()) {
            bail!(
                "{FILE} has other paths than there are; to commit to these: cargo xtask bench callgrind --accept"
            );
        }
        let pairs = self.instructions.iter().zip(counts.values());
        let more = pairs.filter(|&((_, &was), &is)| is > was * (1.0 + MORE) + ROUNDED);
        Ok(more
            .map(|((name, was), is)| {
                format!("{name}: {is:.1}, was {was:.1} ({:+.1} %)", 100.0 * (is / was - 1.0))
            })
            .collect())
    }
}

impl Compiler {
    pub(super) fn here() -> Result<Self> {
        let output = Command::new("rustc").arg("-vV").current_dir(crate::repo::root()).output()?;
        let said = String::from_utf8(output.stdout)?;
        let target =
            said.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
        let rustc = machine::rustc().context("rustc says no version")?;
        Ok(Self { rustc, target: target.to_owned() })
    }
}

impl fmt::Display for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rustc {} on {}", self.rustc, self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(counts: [(&str, f64); 2]) -> Counts {
        counts.map(|(name, count)| (name.to_owned(), count)).into()
    }

    fn committed() -> Committed {
        let compiler = Compiler { rustc: "1.0.0".into(), target: "here".into() };
        Committed { compiler, instructions: counts([("a", 100.0), ("b", 10.0)]) }
    }

    #[test]
    fn a_twentieth_more_is_allowed_and_less_always() {
        assert!(committed().more(&counts([("a", 105.0), ("b", 1.0)])).unwrap().is_empty());
        let more = committed().more(&counts([("a", 106.0), ("b", 12.0)])).unwrap();
        assert_eq!(more, ["a: 106.0, was 100.0 (+6.0 %)", "b: 12.0, was 10.0 (+20.0 %)"]);
    }

    #[test]
    fn paths_that_are_not_on_both_sides_are_an_error() {
        let error = committed().more(&counts([("a", 1.0), ("c", 1.0)])).unwrap_err().to_string();
        assert!(error.contains("--accept"), "{error}");
    }

    #[test]
    fn what_is_written_can_be_read() {
        let text = serde_json::to_string(&committed()).unwrap();
        let read: Committed = serde_json::from_str(&text).unwrap();
        assert_eq!(read.compiler, committed().compiler);
        assert_eq!(read.instructions, committed().instructions);
    }

    #[test]
    fn the_committed_counts_are_well() {
        let committed = Committed::read().unwrap();
        assert!(committed.instructions.values().all(|&count| count > 0.0));
    }
}
