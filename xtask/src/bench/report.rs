//! The figures as tables of Markdown, aligned so that they can be read in a terminal as well.

mod amounts;
mod quotas;

use std::fmt::Write as _;

use anyhow::Result;

use super::figures::{Figure, Value};
use super::targets::{self, TABLES};
use super::{machine, versions};

/// What is above the tables.
pub(super) fn head(found: &[Figure], quick: bool) -> Result<String> {
    let mut text = String::from("# Results\n\n");
    text +=
        "What `cargo xtask bench` measured, all in one run. Only ratios carry over to other machines.\n\n";
    if quick {
        text += "**A quick run, to see that everything works: no figures to rely on.**\n\n";
    }
    text += &machine::lines();
    text += &versions::lines()?;
    text += &summary(found);
    Ok(text)
}

/// How many targets there are, and which are missed.
fn summary(found: &[Figure]) -> String {
    let verdicts: Vec<_> = sections(found).iter().flat_map(Section::verdicts).collect();
    let missed: Vec<_> = verdicts.iter().filter(|verdict| !verdict.is_met).collect();
    let mut text =
        format!("\nTargets (our own) met: {} of {}.\n", verdicts.len() - missed.len(), verdicts.len());
    for Verdict { row, why, .. } in missed {
        let why = if why.is_empty() { "for no known reason" } else { why };
        let _ = writeln!(text, "- missed: {row}: {why}");
    }
    for row in sections(found).iter().flat_map(amounts::unexplained) {
        let _ = writeln!(text, "- a peer is ahead, for no known reason: {row}");
    }
    text
}

/// All tables, each with a heading and how it was measured.
pub(super) fn tables(found: &[Figure]) -> String {
    sections(found).iter().map(Section::shown).collect::<Vec<_>>().join("\n")
}

/// All figures with one title.
struct Section<'a> {
    title: &'a str,
    figures: Vec<&'a Figure>,
}

/// Whether a row of ours is as it should be.
pub(super) struct Verdict {
    row: String,
    is_met: bool,
    why: &'static str,
}

/// In the order of [`TABLES`], and then as they come.
fn sections(found: &[Figure]) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = vec![];
    for figure in found {
        match sections.iter_mut().find(|section| section.title == figure.table) {
            Some(section) => section.figures.push(figure),
            None => sections.push(Section { title: &figure.table, figures: vec![figure] }),
        }
    }
    let place = |section: &Section<'_>| TABLES.iter().position(|text| text.table == section.title);
    sections.sort_by_key(|section| place(section).unwrap_or(TABLES.len()));
    sections
}

impl Section<'_> {
    fn is_of_quotas(&self) -> bool {
        self.figures.iter().any(|figure| matches!(figure.value, Value::Quota { .. }))
    }

    fn shown(&self) -> String {
        let mut text = format!("## {}\n\n", self.title);
        let about = TABLES.iter().find(|text| text.table == self.title).map_or("", |text| text.about);
        if !about.is_empty() {
            let _ = writeln!(text, "{about}\n");
        }
        let cells = if self.is_of_quotas() { quotas::cells(self) } else { amounts::cells(self) };
        text += &aligned(&cells);
        text
    }

    fn verdicts(&self) -> Vec<Verdict> {
        if self.is_of_quotas() { quotas::verdicts(self) } else { amounts::verdicts(self) }
    }

    /// Each name once, as they come.
    fn names<'a>(&'a self, name: impl Fn(&'a Figure) -> &'a str) -> Vec<&'a str> {
        let mut names = vec![];
        for figure in &self.figures {
            let name = name(figure);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn at(&self, row: &str, who: &str) -> Option<&Figure> {
        self.figures.iter().copied().find(|figure| figure.row == row && figure.who == who)
    }
}

/// A table of Markdown whose columns line up; the first line is its head. Columns with nothing in them are left out.
fn aligned(cells: &[Vec<String>]) -> String {
    let columns = cells.first().map_or(0, Vec::len);
    let is_used = |column: &usize| cells.iter().skip(1).any(|line| !line[*column].is_empty());
    let used: Vec<_> = (0..columns).filter(is_used).collect();
    let width = |column: usize| cells.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (index, line) in cells.iter().enumerate() {
        for &column in &used {
            let _ = write!(text, "| {:width$} ", line[column], width = width(column));
        }
        text += "|\n";
        if index == 0 {
            for &column in &used {
                let _ = write!(text, "|{}", "-".repeat(width(column) + 2));
            }
            text += "|\n";
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_empty_ones_are_left_out() {
        let line = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let table = aligned(&[line(["a", "b", "note"]), line(["long", "µ", ""]), line(["", "22", ""])]);
        assert_eq!(table, "| a    | b  |\n|------|----|\n| long | µ  |\n|      | 22 |\n");
    }

    #[test]
    fn tables_are_in_their_order_and_unknown_ones_last() {
        let found =
            ["Unknown", "Queue", "Semaphore"].map(|table| Figure::amount(table, "r", "tollgate", 1.0, "ns"));
        let titles: Vec<_> = sections(&found).iter().map(|section| section.title.to_owned()).collect();
        assert_eq!(titles, ["Semaphore", "Queue", "Unknown"]);
    }

    #[test]
    fn the_summary_counts_targets_and_names_what_is_missed() {
        let of = |who, nanos| Figure::amount("Semaphore", "contended, one thread", who, nanos, "ns");
        let summary = |ours| summary(&[of("tollgate", ours), of("tokio", 10.0)]);
        assert!(summary(8.0).contains("met: 1 of 1"));
        let missed = summary(9.5);
        assert!(
            missed.contains("met: 0 of 1") && missed.contains("- missed: Semaphore, contended, one thread")
        );
    }
}
