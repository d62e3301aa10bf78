//! What was measured, as the parts hand it over: a line of JSON for each figure, in a file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::repo;

/// The variable that tells a part where its figures are to go.
pub(super) const VARIABLE: &str = "TOLLGATE_FIGURES";

/// One figure, and where it belongs.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Figure {
    pub(super) table: String,
    pub(super) row: String,
    /// Ours begin with `tollgate`. With a remark in brackets, it is shown and not compared.
    pub(super) who: String,
    #[serde(flatten)]
    pub(super) value: Value,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub(super) enum Value {
    /// The share of a quota that was used, the most calls in any window, and the most that were allowed.
    Quota { share: f64, worst: u64, limit: u64 },
    /// So much of a unit.
    Amount { value: f64, unit: String },
    /// Why there is nothing.
    Skipped { skipped: String },
}

impl Figure {
    pub(super) fn amount(table: &str, row: &str, who: &str, value: f64, unit: &str) -> Self {
        let (table, row, who) = (table.to_owned(), row.to_owned(), who.to_owned());
        Self { table, row, who, value: Value::Amount { value, unit: unit.to_owned() } }
    }

    pub(super) fn is_ours(&self) -> bool {
        self.who.starts_with("tollgate")
    }

    /// Whether ours let in more than it may: that has no excuse.
    pub(super) fn is_ours_and_over(&self) -> bool {
        self.is_ours() && matches!(self.value, Value::Quota { worst, limit, .. } if worst > limit)
    }
}

/// An empty file for the figures of one part.
pub(super) fn file(part: &str) -> Result<PathBuf> {
    let folder = repo::path("target/bench");
    fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{part}.jsonl"));
    match fs::remove_file(&file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        _ => Ok(file),
    }
}

/// The figures in a file; none if nobody wrote any.
pub(super) fn read(file: &Path) -> Result<Vec<Figure>> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
        other => other.with_context(|| format!("cannot read {}", file.display()))?,
    };
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Figure>> {
    let line = |line| serde_json::from_str(line).with_context(|| format!("not a figure: {line}"));
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_figure() {
        let text = r#"{"table":"t","row":"r","who":"tollgate","value":1.5,"unit":"ns"}
{"share":0.5,"worst":11,"limit":10,"table":"t","row":"r","who":"p"}
{"table":"t","row":"r","who":"q","skipped":"it never ends"}"#;
        let [amount, quota, skipped] = parse(text).unwrap().try_into().unwrap();
        assert_eq!(amount, Figure::amount("t", "r", "tollgate", 1.5, "ns"));
        assert!(amount.is_ours() && !quota.is_ours());
        assert_eq!(quota.value, Value::Quota { share: 0.5, worst: 11, limit: 10 });
        assert!(!quota.is_ours_and_over());
        assert!(Figure { who: "tollgate window".into(), ..quota.clone() }.is_ours_and_over());
        assert!(!amount.is_ours_and_over());
        assert_eq!(skipped.value, Value::Skipped { skipped: "it never ends".into() });
    }

    #[test]
    fn what_is_no_figure_is_an_error_that_shows_it() {
        let error = parse(r#"{"table":"t","row":"r","who":"q"}"#).unwrap_err().to_string();
        assert!(error.contains(r#""who":"q""#), "{error}");
        assert_eq!(parse("").unwrap(), []);
    }
}
