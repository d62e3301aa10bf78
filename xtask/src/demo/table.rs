//! The numbers.

use console::style;
use tollgate_server::Config;

use super::row::Row;
use super::seconds;

/// The width of the first column, here and in the plot.
pub(crate) const NAME_WIDTH: usize = 24;

/// Two lines of heading, and the width, of each column after the name.
const COLUMNS: [(&str, &str, usize); 8] = [
    ("", "200", 5),
    ("", "429", 5),
    ("", "503", 5),
    ("", "errors", 8),
    ("", "time", 7),
    ("worst", "window", 9),
    ("most", "at once", 8),
    ("quota", "used", 9),
];

/// How a cell is to be read.
enum Cell {
    Plain(String),
    Good(String),
    Bad(String),
    Nothing,
}

/// All rows, under headings. As wide as the narrowest terminal that is usual.
pub(crate) fn table(rows: &[Row], limits: &Config) -> String {
    let heading = |of: fn(&(&'static str, &'static str, usize)) -> &'static str| -> String {
        let cells = COLUMNS.iter().map(|column| format!("{:>1$}", of(column), column.2));
        style(format!("{:NAME_WIDTH$}{}", "", cells.collect::<String>())).dim().to_string()
    };
    let mut lines = vec![heading(|column| column.0), heading(|column| column.1)];
    for row in rows {
        let cells =
            cells(row, limits).into_iter().zip(COLUMNS).map(|(cell, (_, _, width))| cell.shown(width));
        lines.push(format!("{:NAME_WIDTH$}{}", row.contestant.name, cells.collect::<String>()));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn cells(row: &Row, limits: &Config) -> [Cell; 8] {
    let fine = row.answers.of(200);
    let refusals = |count: usize| if count > 0 { Cell::Bad(count.to_string()) } else { Cell::Nothing };
    let within = |seen: u64, limit: u32| {
        if seen > limit.into() { Cell::Bad(seen.to_string()) } else { Cell::Plain(seen.to_string()) }
    };
    [
        if fine == row.requests { Cell::Good(fine.to_string()) } else { Cell::Plain(fine.to_string()) },
        refusals(row.answers.of(429)),
        refusals(row.answers.of(503)),
        refusals(row.answers.errors),
        Cell::Plain(seconds(row.took)),
        within(row.seen.worst_window, limits.capacity),
        within(row.seen.peak_offered, limits.concurrency),
        match row.quota_used(limits) {
            Some(used) => Cell::Plain(format!("{:.1} %", 100.0 * used)),
            None => Cell::Nothing,
        },
    ]
}

impl Cell {
    /// Padded first, for the codes of a colour would count as width.
    fn shown(&self, width: usize) -> String {
        match self {
            Self::Plain(text) => format!("{text:>width$}"),
            Self::Good(text) => style(format!("{text:>width$}")).green().to_string(),
            Self::Bad(text) => style(format!("{text:>width$}")).red().to_string(),
            Self::Nothing => style(format!("{:>width$}", "–")).dim().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::contestants::CONTESTANTS;
    use crate::demo::row::tests::row;

    #[test]
    fn columns_are_aligned_and_fit_a_narrow_terminal() {
        console::set_colors_enabled(false);
        let limits = Config { capacity: 1, concurrency: 10, ..Config::default() };
        let mut greedy =
            Row { contestant: &CONTESTANTS[0], ..row(&[(0, 200), (1, 429), (1, 503), (2, 429)]) };
        (greedy.seen.worst_window, greedy.seen.peak_offered) = (4, 431);
        let mut calm = row(&[(0, 200), (1010, 200)]);
        (calm.seen.worst_window, calm.seen.peak_offered) = (1, 1);

        let expected = "
                                                          worst    most    quota
                          200  429  503  errors   time   window at once     used
no limit                    1    2    1       –  4.1 s        4     431        –
throttle, until answered    2    –    –       –  4.1 s        1       1   99.0 %
";
        let shown = table(&[greedy, calm], &limits);
        assert_eq!(format!("\n{shown}"), expected);
        assert!(shown.lines().all(|line| line.chars().count() <= 80));
    }
}
