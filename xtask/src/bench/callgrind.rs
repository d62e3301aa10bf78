//! Instructions of the hot paths, counted by valgrind: a regression shows on a noisy machine as well.

mod committed;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use self::committed::Committed;
use super::figures::{Figure, Value};
use crate::repo::{self, cargo, path, shown};
use crate::tools;

/// Counts by the names of their paths, as `benches/callgrind` has them.
type Counts = BTreeMap<String, f64>;

const TABLE: &str = "Instructions";

/// How often a path is gone along; then twice as often.
const TIMES: u64 = 5_000;

/// Ours, and peers' beside them.
pub(super) fn run() -> Result<Vec<Figure>> {
    tools::valgrind()?;
    let program = build()?;
    let figure = |(name, count): (String, f64)| {
        println!("{name:<44} {count:>8.1}");
        let (row, who) = row_and_who(&name);
        Figure::amount(TABLE, row, who, count, "instructions")
    };
    paths(&program)?.into_iter().map(|name| Ok(figure((name.clone(), count(&program, &name)?)))).collect()
}

/// The step of `cargo xtask test`: nothing of ours takes more than it did when its counts were committed.
///
/// Counts are of one compiler and one kind of machine; on others, more is only told.
pub(crate) fn check() -> Result<()> {
    if !cfg!(target_os = "linux") {
        println!("not compared: valgrind counts on Linux only");
        return Ok(());
    }
    let committed = Committed::read()?;
    let more = committed.more(&of_ours(&run()?))?;
    if more.is_empty() {
        return Ok(());
    }
    let more = more.join("\n");
    let accept = "If that is as it should be: cargo xtask bench callgrind --accept";
    let here = committed::Compiler::here()?;
    if here != committed.compiler {
        println!("{more}\nonly told: the counts are of {}, this is {here}", committed.compiler);
        return Ok(());
    }
    bail!("more instructions than committed in {}:\n{more}\n{accept}", committed::FILE)
}

/// Commits to what was counted.
pub(super) fn accept(found: &[Figure]) -> Result<()> {
    let counts = of_ours(found);
    if counts.is_empty() {
        bail!("nothing was counted; --accept goes with `callgrind`");
    }
    Committed { compiler: committed::Compiler::here()?, instructions: counts }.write()
}

fn of_ours(found: &[Figure]) -> Counts {
    let of_ours = found.iter().filter(|figure| figure.table == TABLE && figure.is_ours());
    let count = |figure: &Figure| match figure.value {
        Value::Amount { value, .. } => Some((figure.row.clone(), value)),
        _ => None,
    };
    of_ours.filter_map(count).collect()
}

/// A peer's name is behind a comma.
fn row_and_who(name: &str) -> (&str, &str) {
    for peer in ["tokio", "async-lock", "asyncband"] {
        if let Some(row) = name.strip_suffix(peer).and_then(|row| row.strip_suffix(", ")) {
            return (row, peer);
        }
    }
    (name, "tollgate")
}

/// Builds the program that has the paths; answers where it is.
fn build() -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
    }
    let mut build = cargo();
    build.args(["build", "--package", "tollgate-callgrind", "--profile", "callgrind"]);
    repo::succeed(&mut build)?;
    // Again, for what it has to say: now nothing is left to be compiled.
    let output = build.args(["--quiet", "--message-format", "json"]).output()?;
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let executable = |line| serde_json::from_str::<Message>(line).ok()?.executable;
    messages.lines().find_map(executable).context("cargo did not say where the program is")
}

fn paths(program: &Path) -> Result<Vec<String>> {
    let output = Command::new(program).output()?;
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}

/// Instructions of going along a path once.
fn count(program: &Path, name: &str) -> Result<f64> {
    let (once, twice) = (collected(program, name, TIMES)?, collected(program, name, 2 * TIMES)?);
    let each = twice.saturating_sub(once) as f64 / TIMES as f64;
    // Tenths are left of what happens rarely.
    Ok((each * 10.0).round() / 10.0)
}

fn collected(program: &Path, name: &str, times: u64) -> Result<u64> {
    let folder = path("target/bench");
    fs::create_dir_all(&folder)?;
    let mut out = std::ffi::OsString::from("--callgrind-out-file=");
    out.push(folder.join("callgrind.out"));
    let mut valgrind = tools::command("valgrind");
    valgrind.arg("--tool=callgrind").arg(out).arg(program).arg(name).arg(times.to_string());
    let output = valgrind.output().context("cannot run valgrind")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("`{}` failed: {}", shown(&valgrind), said.trim());
    }
    parse(&said).with_context(|| format!("valgrind did not say what it collected: {}", said.trim()))
}

/// The number behind `Collected :`.
fn parse(said: &str) -> Option<u64> {
    let (_, behind) = said.split_once("Collected :")?;
    behind.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_collected_is_read() {
        let said = "==7== Events    : Ir\n==7== Collected : 1234567\n==7== \n";
        assert_eq!(parse(said), Some(1_234_567));
        assert_eq!(parse("==7== Events    : Ir"), None);
    }

    #[test]
    fn peers_are_beside_ours() {
        assert_eq!(row_and_who("semaphore: acquire, release"), ("semaphore: acquire, release", "tollgate"));
        let peer = row_and_who("semaphore: acquire, release, async-lock");
        assert_eq!(peer, ("semaphore: acquire, release", "async-lock"));
    }

    #[test]
    fn only_ours_are_committed() {
        let found = [
            Figure::amount(TABLE, "a", "tollgate", 5.0, "instructions"),
            Figure::amount(TABLE, "a", "tokio", 6.0, "instructions"),
            Figure::amount("Queue", "b", "tollgate", 7.0, "ns"),
        ];
        assert_eq!(of_ours(&found), Counts::from([("a".to_owned(), 5.0)]));
        assert!(accept(&found[1..]).is_err());
    }
}
