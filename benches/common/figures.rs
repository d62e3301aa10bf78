//! What a bench found: a line on stdout for who runs it, and a line of JSON for `cargo xtask bench`.

use std::env;
use std::fs::{File, OpenOptions};
use std::io::Write as _;

use serde_json::{Value, json};

/// The file that figures are added to; without it they are only printed.
const FILE: &str = "TOLLGATE_FIGURES";

/// Where a figure belongs: in which table and row, and of whom it is.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'a str,
    pub(crate) row: &'a str,
    pub(crate) who: &'a str,
}

impl Place<'_> {
    /// So much of a unit.
    #[allow(dead_code, reason = "not every bench has both kinds of figures")]
    pub(crate) fn tell(self, value: f64, unit: &str) {
        println!("{:<34} {:<14} {:<26} {value:>11.2} {unit}", self.table, self.row, self.who);
        self.write(json!({ "value": value, "unit": unit }));
    }

    /// The share of a quota that was used, and the most calls in any window of one period, with what was allowed.
    #[allow(dead_code, reason = "not every bench has both kinds of figures")]
    pub(crate) fn tell_quota(self, share: f64, worst: usize, limit: usize) {
        let over = if worst > limit { "  OVER" } else { "" };
        let percent = 100.0 * share;
        println!(
            "{:<18} {:<12} {:<28} {percent:>7.2} %  worst {worst} of {limit}{over}",
            self.table, self.row, self.who
        );
        self.write(json!({ "share": share, "worst": worst, "limit": limit }));
    }

    fn write(self, mut figure: Value) {
        let Some(path) = env::var_os(FILE) else { return };
        for (key, value) in [("table", self.table), ("row", self.row), ("who", self.who)] {
            figure[key] = value.into();
        }
        let file = OpenOptions::new().create(true).append(true).open(path);
        let write = |mut file: File| writeln!(file, "{figure}");
        file.and_then(write).expect("the file of the figures can be written");
    }
}

/// Whether a short run was asked for, which shows that it works but no figures to rely on.
pub(crate) fn is_quick() -> bool {
    env::args().any(|arg| arg == "--quick")
}

/// Whether nothing is to be measured: `cargo test --benches` only wants to know that it builds, `cargo bench` says so.
pub(crate) fn is_test() -> bool {
    env::args().all(|arg| arg != "--bench")
}
