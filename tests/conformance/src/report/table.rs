//! Cases by targets.

use std::fmt;

use super::{Line, Outcome, Report};

/// Cases by targets: a mark for each outcome.
#[derive(Clone, Debug)]
pub struct Table {
    targets: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    case: String,
    /// A mark for each target.
    marks: Vec<&'static str>,
}

impl Table {
    /// All cases of a report, on these targets.
    #[must_use]
    pub fn of(report: &Report, targets: &[&str]) -> Self {
        let mut rows = Vec::new();
        // A case has its lines one after the other; one of the same name in another file is another case.
        for lines in report.lines().chunk_by(|a, b| a.id == b.id) {
            let mark =
                |target: &&str| lines.iter().find(|line| line.target == *target).map_or(" ", Line::mark);
            rows.push(Row { case: lines[0].id.clone(), marks: targets.iter().map(mark).collect() });
        }
        Self { targets: targets.iter().map(|&target| target.to_owned()).collect(), rows }
    }

    /// Only the cases that do not have the same outcome everywhere.
    #[must_use]
    pub fn differing(mut self) -> Self {
        self.rows.retain(|row| row.marks.windows(2).any(|pair| pair[0] != pair[1]));
        self
    }

    /// Whether there are no cases.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Line {
    fn mark(&self) -> &'static str {
        match self.outcome {
            Outcome::Pass => "✓",
            Outcome::Fail(_) => "✗",
            Outcome::NotApplicable(_) => "–",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.case.chars().count()).max().unwrap_or(0);
        write!(f, "{:width$}", "")?;
        self.targets.iter().try_for_each(|target| write!(f, "  {target}"))?;
        for Row { case, marks } in &self.rows {
            write!(f, "\n{case:width$}")?;
            for (target, (index, mark)) in self.targets.iter().zip(marks.iter().enumerate()) {
                // Nothing is left over behind the last mark.
                let width = if index + 1 < marks.len() { target.chars().count() } else { 1 };
                write!(f, "  {mark:width$}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_for_each_case_and_a_column_for_each_target() {
        let mut report = Report::default();
        report.add("SEM-01", "virtual", Outcome::Pass);
        report.add("SEM-01", "elsewhere", Outcome::Pass);
        report.add("X-1", "virtual", Outcome::Fail("early".into()));
        report.add("X-1", "elsewhere", Outcome::NotApplicable("no clock".into()));
        let table = Table::of(&report, &["virtual", "elsewhere"]);
        let head = "        virtual  elsewhere\n";
        assert_eq!(table.to_string(), format!("{head}SEM-01  ✓        ✓\nX-1     ✗        –"));
        assert_eq!(table.differing().to_string(), "     virtual  elsewhere\nX-1  ✗        –");
        assert!(Table::of(&report, &["virtual"]).differing().is_empty());
    }
}
