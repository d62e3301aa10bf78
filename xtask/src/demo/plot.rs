//! The picture: requests over time as the server saw them, one lane per row on a common axis.
//!
//! A column is a short time, and a line of text so many requests: accepted ones stand at the bottom as solid blocks,
//! refused ones above them, shaded. All lanes have the same scale, and a lane is as high as it needs to be.

use std::time::Duration;

use console::style;

use super::table::NAME_WIDTH;

/// What arrived in one row: when, and whether it was accepted.
#[derive(Debug)]
pub(crate) struct Lane<'a> {
    pub(crate) name: &'a str,
    pub(crate) arrivals: Vec<(Duration, bool)>,
}

/// Between the names and the columns.
const GAP: usize = 2;
/// Even the narrowest terminal gets so many columns; it may wrap them.
const LEAST_COLUMNS: usize = 20;
/// A label of the time axis needs so many columns.
const LABEL_COLUMNS: u32 = 8;
/// No lane is higher than this.
const MOST_LINES: usize = 6;
/// The finest columns, in milliseconds.
const FINEST: u32 = 50;

const SOLID: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const SHADED: char = '░';

/// Requests that arrived within one column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Column {
    accepted: usize,
    refused: usize,
}

/// What a single place in the picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Nothing,
    /// Filled by so many eighths.
    Accepted(usize),
    Refused,
}

/// Draws the lanes for a terminal `width` columns wide, a line of text as high as `unit` requests if that suits them.
pub(crate) fn plot(lanes: &[Lane], unit: usize, width: usize) -> String {
    let columns = width.saturating_sub(NAME_WIDTH + GAP).max(LEAST_COLUMNS);
    let span = lanes.iter().map(span).max().unwrap_or_default();
    let step = column_time(span, columns);
    let counted: Vec<_> = lanes.iter().map(|lane| count(lane, step)).collect();
    let unit = line_height(counted.iter().flatten(), unit);
    let used = span.as_millis() as usize / step as usize + 1;

    let (refused, rounded) = if counted.iter().flatten().any(|column| column.refused > 0) {
        (format!("   {} refused", style(SHADED).red()), "; refusals are rounded up")
    } else {
        (String::new(), "")
    };
    let mut lines = vec![
        format!("What the server saw:   {} accepted{refused}", style(SOLID[8]).green()),
        style(format!("a column is {}, a full block {unit} requests{rounded}", time(step))).dim().to_string(),
        String::new(),
    ];
    for (lane, columns) in lanes.iter().zip(&counted) {
        lines.extend(draw(lane.name, columns, unit));
        lines.push(String::new());
    }
    lines.extend(axis(used, step));
    lines.push(String::new());
    lines.join("\n")
}

/// From the first arrival of a lane to the last.
fn span(lane: &Lane) -> Duration {
    match (lane.arrivals.first(), lane.arrivals.last()) {
        (Some((first, _)), Some((last, _))) => *last - *first,
        _ => Duration::ZERO,
    }
}

/// 1, 2, 5, 10, 20, 50, ...
fn round_numbers() -> impl Iterator<Item = u32> {
    (0..9).map(|power| 10_u32.pow(power)).flat_map(|ten| [1, 2, 5].map(|factor| ten.saturating_mul(factor)))
}

/// The milliseconds of a column: the finest round number with which the span fits in.
fn column_time(span: Duration, columns: usize) -> u32 {
    let fits = |step: &u32| span.as_millis() / u128::from(*step) < columns as u128;
    round_numbers().filter(|step| *step >= FINEST).find(fits).unwrap_or(u32::MAX)
}

/// How many requests a line of text stands for: `unit`, less if all columns are lower than that, or more if a lane
/// would be too high.
fn line_height<'a>(columns: impl Iterator<Item = &'a Column> + Clone, unit: usize) -> usize {
    let numbers = || round_numbers().map(|number| number as usize);
    let most = columns.clone().map(|column| column.accepted.max(column.refused)).max().unwrap_or(0);
    let unit = numbers().find(|number| *number >= most).map_or(unit, |enough| unit.min(enough));
    let fits = |unit: &usize| columns.clone().all(|column| column.lines(*unit) <= MOST_LINES);
    let larger = numbers().filter(|number| *number > unit);
    [unit].into_iter().chain(larger).find(fits).unwrap_or(usize::MAX)
}

/// Counts the arrivals of a lane by column; time starts with the first.
fn count(lane: &Lane, step: u32) -> Vec<Column> {
    let start = lane.arrivals.first().map_or(Duration::ZERO, |first| first.0);
    let mut columns = vec![];
    for &(at, accepted) in &lane.arrivals {
        let index = ((at - start).as_millis() / u128::from(step)) as usize;
        if columns.len() <= index {
            columns.resize(index + 1, Column::default());
        }
        let Column { accepted: fine, refused } = &mut columns[index];
        *(if accepted { fine } else { refused }) += 1;
    }
    columns
}

impl Column {
    fn lines(self, unit: usize) -> usize {
        self.accepted.div_ceil(unit) + self.refused.div_ceil(unit)
    }

    /// What it shows on a line, counted from the bottom. Anything there is shows, be it only one refusal.
    fn mark(self, line: usize, unit: usize) -> Mark {
        let below = line * unit;
        if self.accepted > below {
            Mark::Accepted(((self.accepted - below) * 8).div_ceil(unit).min(8))
        } else if line < self.lines(unit) {
            Mark::Refused
        } else {
            Mark::Nothing
        }
    }
}

impl Mark {
    fn char(self) -> char {
        match self {
            Self::Nothing => ' ',
            Self::Accepted(eighths) => SOLID[eighths],
            Self::Refused => SHADED,
        }
    }

    fn same_colour(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Nothing, Self::Nothing)
                | (Self::Accepted(_), Self::Accepted(_))
                | (Self::Refused, Self::Refused)
        )
    }
}

/// The lines of a lane from the top to the bottom, the name on the last.
fn draw(name: &str, columns: &[Column], unit: usize) -> Vec<String> {
    let height = columns.iter().map(|column| column.lines(unit)).max().unwrap_or(0).max(1);
    let lines = (0..height).rev().map(|line| {
        let marks: Vec<_> = columns.iter().map(|column| column.mark(line, unit)).collect();
        let name = if line == 0 { name } else { "" };
        format!("{name:NAME_WIDTH$}{:GAP$}{}", "", painted(&marks)).trim_end().to_owned()
    });
    lines.collect()
}

/// A line of marks, one colour code per run of the same kind.
fn painted(marks: &[Mark]) -> String {
    let runs = marks.chunk_by(Mark::same_colour).map(|run| {
        let text: String = run.iter().map(|mark| mark.char()).collect();
        match run[0] {
            Mark::Nothing => text,
            Mark::Accepted(_) => style(text).green().to_string(),
            Mark::Refused => style(text).red().to_string(),
        }
    });
    runs.collect()
}

/// The time axis: a rule with ticks, and their labels.
fn axis(columns: usize, step: u32) -> Vec<String> {
    let apart = |tick: &u32| tick.is_multiple_of(step) && tick / step >= LABEL_COLUMNS;
    let tick = round_numbers().find(apart).unwrap_or(u32::MAX);
    let every = (tick / step) as usize;
    let rule: String = (0..columns).map(|column| if column % every == 0 { '┴' } else { '─' }).collect();
    let mut labels = String::new();
    for column in (0..columns).step_by(every) {
        labels = format!("{labels:column$}{}", time(column as u32 * step));
    }
    let indented = |text: String| style(format!("{:1$}{text}", "", NAME_WIDTH + GAP)).dim().to_string();
    vec![indented(rule), indented(labels)]
}

/// Milliseconds as people say them: 50 ms, 1.5 s, 2 s.
fn time(ms: u32) -> String {
    match ms {
        1..1000 => format!("{ms} ms"),
        _ => format!("{} s", f64::from(ms) / 1e3),
    }
}

#[cfg(test)]
mod tests;
