//! What criterion measured, as figures.
//!
//! Criterion has no interface for this, so its files are read: for each bench, its id (`group/function`) and its
//! estimates.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::figures::Figure;

/// The median of one bench.
#[derive(Debug, PartialEq)]
struct Median {
    group: String,
    function: String,
    nanos: f64,
}

/// All that was measured since then.
pub(super) fn figures(home: &Path, since: SystemTime) -> Result<Vec<Figure>> {
    Ok(placed(&medians(home, since)?))
}

/// Groups in which functions are who does the same: a row each.
const SEMAPHORE: &str = "Semaphore";
const THROTTLE: &str = "Throttle, nobody in the way";

fn placed(medians: &[Median]) -> Vec<Figure> {
    let mut figures = vec![];
    let mut add = |table: &str, row: &str, who: &str, median: &Median| {
        figures.push(Figure::amount(table, row, who, median.nanos, "ns"));
    };
    // What stands beside every row of a group.
    let beside = |group: &str, function: &str| {
        medians.iter().find(|median| median.group == group && median.function == function)
    };
    for median in medians {
        let Median { group, function, .. } = median;
        match group.as_str() {
            "clock" if function == "std" => {}
            "crowd" if ours_in_crowd(function).is_none() => {}
            "clock" | "throttle" => {
                let row = if group == "clock" { "its clock alone" } else { function };
                add(THROTTLE, row, "tollgate", median);
                if let Some(clock) = beside("clock", "std") {
                    add(THROTTLE, row, "Instant::now", clock);
                }
            }
            "crowd" => {
                add("Crowd of 100,000 tasks", function, "tollgate", median);
                for (other, who) in [("tokio's semaphore, fed", "tokio's semaphore, fed"), YIELD] {
                    if let Some(other) = beside("crowd", other) {
                        add("Crowd of 100,000 tasks", function, who, other);
                    }
                }
            }
            "crowd in one task" => add("Crowd of 100,000 in one task", function, "tollgate", median),
            _ => add(SEMAPHORE, group, function, median),
        }
    }
    figures
}

/// The floor, which nobody is compared with.
const YIELD: (&str, &str) = ("yield only", "yield only (no gate)");

fn ours_in_crowd(function: &str) -> Option<&str> {
    ["smooth", "window", "bucket"].into_iter().find(|pacing| function.starts_with(pacing))
}

/// Reads `<group>/<function>/new` of criterion's folder, in the order of the measurements; what is older is of
/// another run.
fn medians(home: &Path, since: SystemTime) -> Result<Vec<Median>> {
    #[derive(Deserialize)]
    struct Bench {
        group_id: String,
        function_id: String,
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
        let Ok(at) = path.metadata().and_then(|data| data.modified()) else { continue };
        if at < since {
            continue;
        }
        let Bench { group_id, function_id } = read(&new.join("benchmark.json"))?;
        let Estimates { median } = read(&path)?;
        found.push((at, Median { group: group_id, function: function_id, nanos: median.point_estimate }));
    }
    found.sort_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, median)| median).collect())
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

#[cfg(test)]
mod tests {
    use std::time::Duration;
    use std::{env, fs};

    use super::*;

    fn median(group: &str, function: &str, nanos: f64) -> Median {
        Median { group: group.into(), function: function.into(), nanos }
    }

    #[test]
    fn functions_are_beside_each_other_in_the_row_of_their_group() {
        let medians = [median("uncontended", "tollgate", 5.0), median("uncontended", "tokio", 9.0)];
        let expected = [
            Figure::amount(SEMAPHORE, "uncontended", "tollgate", 5.0, "ns"),
            Figure::amount(SEMAPHORE, "uncontended", "tokio", 9.0, "ns"),
        ];
        assert_eq!(placed(&medians), expected);
        let medians = [median("crowd", "smooth", 5.0), median("crowd", "yield only", 2.0)];
        let expected = [
            Figure::amount("Crowd of 100,000 tasks", "smooth", "tollgate", 5.0, "ns"),
            Figure::amount("Crowd of 100,000 tasks", "smooth", "yield only (no gate)", 2.0, "ns"),
        ];
        assert_eq!(placed(&medians), expected);
    }

    #[test]
    fn reading_the_clock_is_beside_every_throttle() {
        let medians =
            [median("clock", "std", 30.0), median("throttle", "a", 60.0), median("throttle", "b", 70.0)];
        let expected = [
            Figure::amount(THROTTLE, "a", "tollgate", 60.0, "ns"),
            Figure::amount(THROTTLE, "a", "Instant::now", 30.0, "ns"),
            Figure::amount(THROTTLE, "b", "tollgate", 70.0, "ns"),
            Figure::amount(THROTTLE, "b", "Instant::now", 30.0, "ns"),
        ];
        assert_eq!(placed(&medians), expected);
    }

    #[test]
    fn medians_are_read_from_the_files_of_this_run_only() {
        let home = env::temp_dir().join(format!("criterion-{}", std::process::id()));
        let since = SystemTime::now() - Duration::from_secs(60);
        let write = |folder: &str, function: &str, age: u64| {
            let new = home.join(folder).join("new");
            fs::create_dir_all(&new).unwrap();
            let bench = format!(r#"{{ "group_id": "g", "function_id": "{function}", "more": 1 }}"#);
            fs::write(new.join("benchmark.json"), bench).unwrap();
            let estimates = r#"{ "mean": { "point_estimate": 9.0 }, "median": { "point_estimate": 7.5 } }"#;
            fs::write(new.join("estimates.json"), estimates).unwrap();
            let at = SystemTime::now() - Duration::from_secs(age);
            File::options().write(true).open(new.join("estimates.json")).unwrap().set_modified(at).unwrap();
        };
        write("g/a_b", "a:b", 0);
        write("g/z", "first", 30);
        write("g/old", "old", 120);
        // What criterion keeps of earlier runs is beside `new`.
        fs::create_dir_all(home.join("g/a_b/base")).unwrap();
        let found = medians(&home, since).unwrap();
        fs::remove_dir_all(&home).unwrap();
        assert_eq!(found, [median("g", "first", 7.5), median("g", "a:b", 7.5)]);
        assert!(medians(&home, since).unwrap().is_empty());
    }
}
