//! Tables of quotas: a line for each limiter, a column for each rate.

use super::{Section, Verdict};
use crate::bench::figures::{Figure, Value};
use crate::bench::targets::{SHARE, SHORT};

pub(super) fn cells(section: &Section<'_>) -> Vec<Vec<String>> {
    let rates = section.names(|figure| &figure.row);
    let mut head = vec![String::new()];
    head.extend(rates.iter().map(ToString::to_string));
    head.extend(["target", "note"].map(str::to_owned));
    let mut cells = vec![head];
    for who in whos(section) {
        let mut line = vec![who.to_owned()];
        line.extend(rates.iter().map(|rate| section.at(rate, who).map_or_else(|| "–".to_owned(), shown)));
        let verdict = who.starts_with("tollgate").then(|| judge(section, who));
        line.push(match &verdict {
            None => String::new(),
            Some(Verdict { is_met: true, .. }) => format!("≥ {} %, never over: met", 100.0 * SHARE),
            Some(_) => format!("≥ {} %, never over: **missed**", 100.0 * SHARE),
        });
        let why = verdict.filter(|verdict| !verdict.is_met).map_or("", |verdict| verdict.why);
        let skipped = section.figures.iter().filter(|figure| figure.who == who).filter_map(|figure| {
            let Value::Skipped { skipped } = &figure.value else { return None };
            Some(skipped.as_str())
        });
        line.push(
            [why].into_iter().chain(skipped).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; "),
        );
        cells.push(line);
    }
    cells
}

pub(super) fn verdicts(section: &Section<'_>) -> Vec<Verdict> {
    whos(section).iter().filter(|who| who.starts_with("tollgate")).map(|who| judge(section, who)).collect()
}

/// Ours first.
fn whos<'a>(section: &'a Section<'_>) -> Vec<&'a str> {
    let mut whos = section.names(|figure| &figure.who);
    whos.sort_by_key(|who| !who.starts_with("tollgate"));
    whos
}

fn shown(figure: &Figure) -> String {
    let Value::Quota { share, worst, limit } = figure.value else { return "–".to_owned() };
    let over = if worst > limit { ", **over**" } else { "" };
    format!("{:.2} %, {worst} of {limit}{over}", 100.0 * share)
}

/// One of ours, at all rates. To be over a limit is never excused.
fn judge(section: &Section<'_>, who: &str) -> Verdict {
    let (mut is_over, mut is_short) = (false, false);
    for figure in section.figures.iter().filter(|figure| figure.who == who) {
        if let Value::Quota { share, worst, limit } = figure.value {
            is_over |= worst > limit;
            is_short |= share < SHARE;
        }
    }
    let short = SHORT.iter().find(|(name, _)| *name == who).map_or("", |(_, why)| *why);
    let why = if is_over { "OVER THE LIMIT" } else { short };
    Verdict { row: format!("{}, {who}", section.title), is_met: !is_over && !is_short, why }
}

#[cfg(test)]
mod tests {
    use super::super::sections;
    use super::*;

    fn of(row: &str, who: &str, share: f64, worst: u64) -> Figure {
        let value = Value::Quota { share, worst, limit: 10 };
        Figure { value, ..Figure::amount("Quota, one thread", row, who, 0.0, "") }
    }

    #[test]
    fn a_line_for_each_limiter_with_a_column_for_each_rate() {
        let figures = [
            of("10/s", "tollgate window", 0.998, 10),
            of("100/s", "tollgate window", 1.0, 9),
            of("10/s", "peer", 0.5, 11),
        ];
        let cells = cells(&sections(&figures)[0]);
        assert_eq!(cells[0], ["", "10/s", "100/s", "target", "note"]);
        let ours =
            ["tollgate window", "99.80 %, 10 of 10", "100.00 %, 9 of 10", "≥ 99.5 %, never over: met", ""];
        assert_eq!(cells[1], ours);
        assert_eq!(cells[2], ["peer", "50.00 %, 11 of 10, **over**", "–", "", ""]);
    }

    #[test]
    fn ours_is_missed_when_it_is_over_or_short_at_any_rate() {
        let judged = |who, share, worst| {
            let figures = [of("1", who, 1.0, 10), of("2", who, share, worst)];
            verdicts(&sections(&figures)[0]).swap_remove(0)
        };
        assert!(judged("tollgate window", 0.995, 10).is_met);
        assert!(!judged("tollgate window", 0.994, 10).is_met);
        assert_eq!(judged("tollgate bucket 1", 1.0, 11).why, "OVER THE LIMIT");
        assert!(judged("tollgate bucket 1", 0.5, 10).why.starts_with("strict spacing"));
    }
}
