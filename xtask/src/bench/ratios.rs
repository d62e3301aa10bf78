//! How the medians of a run compare, beside what is wanted.
//!
//! Criterion has no interface for this, so its files are read: for each bench, its id and its estimates.

use std::env;
use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::repo;

/// One comparison; benches are named `group/function`.
struct Row {
    ours: &'static str,
    with: With,
    /// The ratio that is wanted, or less; without one, the ratio is only shown.
    target: Option<f64>,
}

enum With {
    /// The fastest of these.
    Fastest(&'static [&'static str]),
    /// So many nanoseconds.
    Nanos(f64),
}

use With::{Fastest, Nanos};

const fn row(ours: &'static str, with: With, target: Option<f64>) -> Row {
    Row { ours, with, target }
}

const STD_CLOCK: With = Fastest(&["clock/std"]);

const ROWS: &[Row] = &[
    row(
        "uncontended/tollgate",
        Fastest(&["uncontended/tokio", "uncontended/async-lock", "uncontended/asyncband"]),
        Some(0.6),
    ),
    row(
        "uncontended owned/tollgate",
        Fastest(&["uncontended owned/tokio", "uncontended owned/async-lock", "uncontended owned/asyncband"]),
        None,
    ),
    row(
        "uncontended try/tollgate",
        Fastest(&["uncontended try/tokio", "uncontended try/async-lock", "uncontended try/asyncband"]),
        None,
    ),
    row(
        "contended, one thread/tollgate",
        Fastest(&["contended, one thread/tokio", "contended, one thread/asyncband"]),
        Some(0.9),
    ),
    row(
        "contended, two threads/tollgate",
        Fastest(&["contended, two threads/tokio", "contended, two threads/asyncband"]),
        Some(0.9),
    ),
    row("clock/TokioTimer", STD_CLOCK, None),
    row("throttle/concurrency alone", STD_CLOCK, None),
    row("throttle/window, 1e9 per s", STD_CLOCK, Some(2.5)),
    row("throttle/window, 1e6 per s", STD_CLOCK, Some(2.5)),
    row("throttle/window, short log", STD_CLOCK, Some(2.5)),
    // Reads the clock twice.
    row("throttle/window, until answered", STD_CLOCK, None),
    row("throttle/bucket, 1e9 per s", STD_CLOCK, Some(2.5)),
    row("throttle/bucket, 1e6 per s", STD_CLOCK, Some(2.5)),
    row("throttle/smooth, 1e9 per s", STD_CLOCK, Some(2.5)),
    row("crowd/smooth, 1e6 per s", Nanos(300.0), Some(1.0)),
    row("crowd/window, 1e3 per ms", Nanos(300.0), Some(1.0)),
    row("crowd/bucket, 1e6 per s", Nanos(300.0), Some(1.0)),
    // What the tasks of the three above cost without a throttle.
    row("crowd/yield only", Nanos(300.0), None),
    row("crowd in one task/smooth, 1e6 per s", Nanos(300.0), Some(1.0)),
    row("crowd in one task/window, 1e3 per ms", Nanos(300.0), Some(1.0)),
    row("crowd in one task/bucket, 1e6 per s", Nanos(300.0), Some(1.0)),
];

/// The median of one bench.
struct Median {
    id: String,
    nanos: f64,
}

/// Where criterion is to keep its files.
pub(super) fn home() -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    if let Some(home) = env::var_os("CRITERION_HOME") {
        return Ok(home.into());
    }
    let mut command = repo::cargo();
    let output = command.args(["metadata", "--format-version", "1", "--no-deps"]).output()?;
    if !output.status.success() {
        bail!("`{}` failed: {}", repo::shown(&command), String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    Ok(metadata.target_directory.join("criterion"))
}

/// The table of all comparisons whose benches were all measured since then; empty if there are none.
pub(super) fn table(home: &Path, since: SystemTime) -> Result<String> {
    Ok(shown(ROWS, &medians(home, since)?))
}

/// Reads `<group>/<function>/new` of criterion's folder; what is older is of another run.
fn medians(home: &Path, since: SystemTime) -> Result<Vec<Median>> {
    #[derive(Deserialize)]
    struct Bench {
        full_id: String,
    }
    #[derive(Deserialize)]
    struct Estimates {
        median: Estimate,
    }
    #[derive(Deserialize)]
    struct Estimate {
        point_estimate: f64,
    }
    let mut found = vec![];
    for function in folders(home)?.iter().map(|group| folders(group)).collect::<Result<Vec<_>>>()?.concat() {
        let new = function.join("new");
        let path = new.join("estimates.json");
        if !path.metadata().and_then(|data| data.modified()).is_ok_and(|at| at >= since) {
            continue;
        }
        let Bench { full_id } = read(&new.join("benchmark.json"))?;
        let Estimates { median } = read(&path)?;
        found.push(Median { id: full_id, nanos: median.point_estimate });
    }
    Ok(found)
}

/// The folders in a folder; none if it does not exist.
fn folders(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.exists() {
        return Ok(vec![]);
    }
    let entries = path.read_dir()?.collect::<Result<Vec<_>, _>>()?;
    Ok(entries.iter().map(|entry| entry.path()).filter(|path| path.is_dir()).collect())
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    serde_json::from_reader(file).with_context(|| format!("{} is not as expected", path.display()))
}

fn shown(rows: &[Row], medians: &[Median]) -> String {
    let mut text = String::new();
    for (row, compared) in rows.iter().filter_map(|row| Some((row, compare(row, medians)?))) {
        if text.is_empty() {
            text += &format!("{:<36} {:>10}   {:<21} {:>6}  target\n", "", "ours", "best peer", "ratio");
        }
        let Compared { ours, with, best } = compared;
        let ratio = ours / best;
        let _ = write!(text, "{:<36} {ours:>7.1} ns   {with:<10} {best:>7.1} ns {ratio:>6.2}", row.ours);
        let _ = match row.target {
            None => writeln!(text),
            Some(target) if ratio <= target => writeln!(text, "  ≤ {target:.2}"),
            Some(target) => writeln!(text, "  ≤ {target:.2}  missed"),
        };
    }
    text
}

/// A row's medians, in nanoseconds.
struct Compared<'a> {
    ours: f64,
    with: &'a str,
    best: f64,
}

/// Looks up what a row compares; none if not all of it was measured. The best of some of the peers could make
/// ours look better than it is.
fn compare<'a>(row: &Row, medians: &'a [Median]) -> Option<Compared<'a>> {
    let median = |id: &str| medians.iter().find(|median| median.id == id);
    let ours = median(row.ours)?.nanos;
    match row.with {
        Nanos(nanos) => Some(Compared { ours, with: "wanted", best: nanos }),
        Fastest(ids) => {
            let peers = ids.iter().map(|id| median(id)).collect::<Option<Vec<_>>>()?;
            let best = peers.into_iter().min_by(|a, b| a.nanos.total_cmp(&b.nanos))?;
            let name = best.id.rsplit('/').next().unwrap_or_default();
            Some(Compared { ours, with: name, best: best.nanos })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    const COMPARED: &[Row] = &[
        row("g/ours", Fastest(&["g/slow", "g/fast"]), Some(0.6)),
        row("h/ours", Nanos(300.0), Some(1.0)),
        row("g/slow", Fastest(&["g/fast"]), None),
    ];

    fn median(id: &str, nanos: f64) -> Median {
        Median { id: id.into(), nanos }
    }

    fn words(table: &str) -> Vec<String> {
        table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn ours_is_shown_beside_the_fastest_peer_and_what_is_over_its_target_is_missed() {
        let medians =
            [median("g/slow", 20.0), median("g/fast", 10.0), median("g/ours", 6.0), median("h/ours", 330.0)];
        let lines = words(&shown(COMPARED, &medians));
        assert_eq!(
            lines,
            [
                "ours best peer ratio target",
                "g/ours 6.0 ns fast 10.0 ns 0.60 ≤ 0.60",
                "h/ours 330.0 ns wanted 300.0 ns 1.10 ≤ 1.00 missed",
                "g/slow 20.0 ns fast 10.0 ns 2.00",
            ]
        );
    }

    #[test]
    fn a_row_of_which_anything_was_not_measured_is_left_out() {
        assert_eq!(shown(COMPARED, &[median("g/ours", 6.0), median("g/slow", 20.0)]), "");
        assert_eq!(shown(COMPARED, &[median("g/fast", 6.0), median("g/slow", 20.0)]).lines().count(), 2);
    }

    #[test]
    fn medians_are_read_from_the_files_of_this_run_only() {
        let home = env::temp_dir().join(format!("ratios-{}", std::process::id()));
        let since = SystemTime::now() - Duration::from_secs(60);
        let write = |folder: &str, id: &str, age: u64| {
            let new = home.join(folder).join("new");
            fs::create_dir_all(&new).unwrap();
            fs::write(new.join("benchmark.json"), format!(r#"{{ "full_id": "{id}", "more": 1 }}"#)).unwrap();
            let estimates = r#"{ "mean": { "point_estimate": 9.0 }, "median": { "point_estimate": 7.5 } }"#;
            fs::write(new.join("estimates.json"), estimates).unwrap();
            let at = SystemTime::now() - Duration::from_secs(age);
            File::options().write(true).open(new.join("estimates.json")).unwrap().set_modified(at).unwrap();
        };
        write("g/a_b", "g/a:b", 0);
        write("g/old", "g/old", 120);
        // What criterion keeps of earlier runs is beside `new`.
        fs::create_dir_all(home.join("g/a_b/base")).unwrap();
        let found = medians(&home, since).unwrap();
        fs::remove_dir_all(&home).unwrap();
        let found: Vec<_> = found.iter().map(|median| (median.id.as_str(), median.nanos)).collect();
        assert_eq!(found, [("g/a:b", 7.5)]);
        assert!(medians(&home, since).unwrap().is_empty());
    }
}
