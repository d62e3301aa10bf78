//! Tables of amounts, the less the better: a line for each row, a column for each who does the same.

use super::{Section, Verdict, targets};
use crate::bench::figures::{Figure, Value};
use crate::bench::targets::Most;

/// The unit that cannot be compared: the power of a slope.
const POWER: &str = "power";

pub(super) fn cells(section: &Section<'_>) -> Vec<Vec<String>> {
    let (rows, whos) = (section.names(|figure| &figure.row), whos(section));
    let mut head = vec![String::new()];
    head.extend(whos.iter().map(ToString::to_string));
    head.extend(["unit", "ratio", "best peer", "target", "note"].map(str::to_owned));
    let mut cells = vec![head];
    for row in rows {
        let mut line = vec![row.to_owned()];
        line.extend(whos.iter().map(|who| cell(section, row, who)));
        line.push(unit(section, row).unwrap_or_default().to_owned());
        let compared = compare(section, row);
        line.push(compared.as_ref().map_or(String::new(), |it| format!("{:.2}", it.ours / it.best)));
        line.push(compared.as_ref().map_or(String::new(), |it| it.with.to_owned()));
        let judged = judge(section, row);
        line.push(judged.as_ref().map_or(String::new(), |it| it.target.clone()));
        line.push(note(section, row, judged.as_ref()));
        cells.push(line);
    }
    cells
}

pub(super) fn verdicts(section: &Section<'_>) -> Vec<Verdict> {
    let judged = |row| judge(section, row).map(|it| (row, it));
    let verdict = |(row, it): (&str, Judged)| Verdict {
        row: format!("{}, {row}", section.title),
        is_met: it.is_met,
        why: it.why,
    };
    section.names(|figure| &figure.row).into_iter().filter_map(judged).map(verdict).collect()
}

/// Ours first; without remarks, which are of a row and not of who it is.
fn whos<'a>(section: &'a Section<'_>) -> Vec<&'a str> {
    let mut whos = section.names(|figure| without_remark(&figure.who).0);
    whos.sort_by_key(|who| !who.starts_with("tollgate"));
    whos
}

/// A name, and the remark behind it with its brackets.
fn without_remark(who: &str) -> (&str, &str) {
    match who.find(" (") {
        Some(at) if who.ends_with(')') => who.split_at(at),
        _ => (who, ""),
    }
}

fn cell(section: &Section<'_>, row: &str, who: &str) -> String {
    let is_it = |figure: &&&Figure| figure.row == row && without_remark(&figure.who).0 == who;
    match section.figures.iter().find(is_it) {
        Some(figure) => shown(figure) + without_remark(&figure.who).1,
        None => "–".to_owned(),
    }
}

fn shown(figure: &Figure) -> String {
    match &figure.value {
        Value::Amount { value, .. } if *value >= 100.0 => thousands(value.round() as u64),
        Value::Amount { value, .. } if *value >= 10.0 => format!("{value:.1}"),
        Value::Amount { value, .. } => format!("{value:.2}"),
        Value::Skipped { .. } | Value::Quota { .. } => "–".to_owned(),
    }
}

/// With commas.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn amount(figure: &Figure) -> Option<(f64, &str)> {
    match &figure.value {
        Value::Amount { value, unit } => Some((*value, unit)),
        _ => None,
    }
}

fn unit<'a>(section: &'a Section<'_>, row: &str) -> Option<&'a str> {
    let of_row = section.figures.iter().filter(|figure| figure.row == row);
    of_row.filter_map(|figure| amount(figure)).map(|(_, unit)| unit).next()
}

/// Ours beside the best peer that does the same.
struct Compared<'a> {
    ours: f64,
    with: &'a str,
    best: f64,
}

fn compare<'a>(section: &'a Section<'_>, row: &str) -> Option<Compared<'a>> {
    let (ours, unit) = amount(section.at(row, "tollgate")?)?;
    if unit == POWER {
        return None;
    }
    let is_compared =
        |figure: &&&Figure| figure.row == row && !figure.is_ours() && !figure.who.ends_with(')');
    let peers = section.figures.iter().filter(is_compared);
    let peers = peers.filter_map(|figure| Some((figure.who.as_str(), amount(figure)?.0)));
    let (with, best) = peers.min_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(Compared { ours, with, best })
}

/// Whether a peer that does the same is faster than ours.
fn is_behind(section: &Section<'_>, row: &str) -> bool {
    compare(section, row).is_some_and(|Compared { ours, best, .. }| ours > best)
}

/// Rows in which a peer is ahead and nobody has said why.
pub(super) fn unexplained(section: &Section<'_>) -> Vec<String> {
    let is_explained = |row| targets::of(section.title, row).is_some_and(|target| !target.why.is_empty());
    let rows = section.names(|figure| &figure.row).into_iter();
    let rows = rows.filter(|row| is_behind(section, row) && !is_explained(row));
    rows.map(|row| format!("{}, {row}", section.title)).collect()
}

struct Judged {
    target: String,
    is_met: bool,
    why: &'static str,
}

/// Whether ours is as wanted; none without a target, or without what it is of.
fn judge(section: &Section<'_>, row: &str) -> Option<Judged> {
    let target = targets::of(section.title, row)?;
    let (ours, unit) = amount(section.at(row, "tollgate")?)?;
    let (text, is_met) = match target.most {
        Most::Amount(most) => (format!("≤ {most} {unit}"), ours <= most),
        Most::OfBest(most) => {
            let Compared { best, .. } = compare(section, row)?;
            (format!("≤ {most:.2}"), ours / best <= most)
        }
        Most::Any => return None,
        Most::Of(peer, most) => {
            let (theirs, _) = amount(section.at(row, peer)?)?;
            (format!("≤ {most:.2} × {peer}"), ours / theirs <= most)
        }
    };
    let mark = if is_met { "met" } else { "**missed**" };
    Some(Judged { target: format!("{text}, {mark}"), is_met, why: target.why })
}

fn note(section: &Section<'_>, row: &str, judged: Option<&Judged>) -> String {
    let mut notes = vec![];
    let is_missed = judged.is_some_and(|judged| !judged.is_met);
    let why = targets::of(section.title, row).map_or("", |target| target.why);
    if (is_missed || is_behind(section, row)) && !why.is_empty() {
        notes.push(why.to_owned());
    }
    for figure in section.figures.iter().filter(|figure| figure.row == row) {
        if let Value::Skipped { skipped } = &figure.value {
            notes.push(format!("{}: {skipped}", figure.who));
        }
    }
    notes.join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::sections;
    use super::*;

    const TABLE: &str = "Semaphore";

    fn line(figures: &[Figure]) -> Vec<String> {
        let sections = sections(figures);
        cells(&sections[0]).swap_remove(1)
    }

    fn of(row: &str, who: &str, value: f64) -> Figure {
        Figure::amount(TABLE, row, who, value, "ns")
    }

    #[test]
    fn ours_is_first_and_compared_with_the_best_peer_that_does_the_same() {
        let row = "contended, one thread";
        let figures = [
            of(row, "tokio", 20.0),
            of(row, "tollgate", 8.0),
            of(row, "asyncband", 10.0),
            of(row, "async-lock (unfair)", 5.0),
        ];
        let wanted =
            [row, "8.00", "20.0", "10.0", "5.00 (unfair)", "ns", "0.80", "asyncband", "≤ 0.90, met", ""];
        assert_eq!(line(&figures), wanted);
    }

    #[test]
    fn what_is_above_its_target_is_missed_and_says_why() {
        let row = "contended, two threads";
        let line = line(&[of(row, "tollgate", 9.5), of(row, "tokio", 10.0)]);
        assert_eq!(line[6], "≤ 0.90, **missed**");
        assert!(line[7].contains("processors"), "{}", line[7]);
    }

    #[test]
    fn where_a_peer_is_ahead_the_reason_is_told_or_found_to_be_missing() {
        let of = |table, ours| {
            [("tollgate", ours), ("peer", 10.0)].map(|(who, it)| Figure::amount(table, "p50", who, it, "µs"))
        };
        let late = |ours| of("Wake-up lateness", ours);
        assert!(line(&late(11.0))[7].contains("ticks"));
        assert!(!line(&late(9.0)).concat().contains("ticks"));
        let unexplained = |figures: &[Figure]| unexplained(&sections(figures)[0]);
        assert!(unexplained(&late(11.0)).is_empty());
        assert_eq!(unexplained(&of("Another", 11.0)), ["Another, p50"]);
        assert!(unexplained(&of("Another", 9.0)).is_empty());
    }

    #[test]
    fn a_target_may_be_of_one_peer_or_an_amount() {
        let of = |who, value| Figure::amount("Node: one call", "run(fn)", who, value, "ns");
        let judged = |ours| {
            let figures = [of("tollgate", ours), of("p-limit", 100.0), of("other", 10.0)];
            judge(&sections(&figures)[0], "run(fn)").unwrap().is_met
        };
        assert!(judged(50.0) && !judged(51.0));
        let figures = [Figure::amount("Crowd of 100,000 in one task", "smooth", "tollgate", 301.0, "ns")];
        assert!(!judge(&sections(&figures)[0], "smooth").unwrap().is_met);
    }

    #[test]
    fn slopes_are_not_compared_and_what_was_skipped_is_told() {
        let mut skipped = of("r", "peer", 0.0);
        skipped.value = Value::Skipped { skipped: "too slow".into() };
        let line = line(&[Figure::amount(TABLE, "r", "tollgate", 1.0, POWER), skipped]);
        assert_eq!(line, ["r", "1.00", "–", "power", "", "", "", "peer: too slow"]);
    }

    #[test]
    fn large_numbers_have_commas() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
