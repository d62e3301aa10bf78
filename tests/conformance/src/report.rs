//! What came of the cases.

mod table;

use std::fmt;

pub use table::Table;

/// What came of all cases on all targets.
#[derive(Clone, Debug, Default)]
pub struct Report {
    lines: Vec<Line>,
}

/// What came of one case on one target.
#[derive(Clone, Debug)]
pub struct Line {
    /// The case.
    pub id: String,
    /// The target.
    pub target: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What can come of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is as it should be.
    Pass,
    /// The first thing that is not.
    Fail(String),
    /// It says nothing about this target, for this reason.
    NotApplicable(String),
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Cases that passed.
    pub passed: usize,
    /// Cases that failed.
    pub failed: usize,
    /// Cases that do not apply.
    pub not_applicable: usize,
}

impl Report {
    /// Adds a line.
    pub fn add(&mut self, id: &str, target: &str, outcome: Outcome) {
        self.lines.push(Line { id: id.to_owned(), target: target.to_owned(), outcome });
    }

    /// Adds the lines of another report.
    pub fn append(&mut self, other: Self) {
        self.lines.extend(other.lines);
    }

    /// A line for each case and target.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The lines of what failed.
    pub fn failures(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| matches!(line.outcome, Outcome::Fail(_)))
    }

    /// How many of each on each of these targets, as a table.
    #[must_use]
    pub fn summary(&self, targets: &[&str]) -> String {
        let width = targets.iter().map(|target| target.chars().count()).max().unwrap_or(0);
        let mut text = format!("{:width$}  passed  failed  not applicable", "");
        for target in targets {
            let Totals { passed, failed, not_applicable } = self.totals(Some(target));
            text += &format!("\n{target:width$}  {passed:6}  {failed:6}  {not_applicable:14}");
        }
        text
    }

    /// How many of each, on one target or on all.
    #[must_use]
    pub fn totals(&self, target: Option<&str>) -> Totals {
        let mut totals = Totals::default();
        for line in self.lines.iter().filter(|line| target.is_none_or(|target| target == line.target)) {
            match line.outcome {
                Outcome::Pass => totals.passed += 1,
                Outcome::Fail(_) => totals.failed += 1,
                Outcome::NotApplicable(_) => totals.not_applicable += 1,
            }
        }
        totals
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, target, outcome } = self;
        match outcome {
            Outcome::Pass => write!(f, "PASS {id} {target}"),
            Outcome::Fail(difference) => write!(f, "FAIL {id} {target}: {difference}"),
            Outcome::NotApplicable(reason) => write!(f, "N/A  {id} {target}: {reason}"),
        }
    }
}
