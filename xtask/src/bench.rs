//! `cargo xtask bench`: measurements.

mod node;
mod ratios;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Result, bail};

use crate::repo::{self, Target};

/// Run the measurements of benches/, in release mode.
///
/// Then compares the medians of what was measured, ours beside the best peer's, with the ratios that are wanted.
/// A target that is missed does not make this fail: that may be the machine's fault.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The bench to run, by the name of its file, or `node` for those of the npm package; without it, all of them.
    name: Option<String>,

    /// Handed on to the bench.
    #[arg(last = true, value_name = "ARG")]
    args: Vec<OsString>,
}

/// The name of the measurements that Node runs.
const NODE: &str = "node";

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    if args.name.as_deref() == Some(NODE) {
        node::run()?;
        return Ok(ExitCode::SUCCESS);
    }
    let (home, start) = (ratios::home()?, SystemTime::now());
    for bench in chosen(repo::targets("bench")?, args.name.as_deref())? {
        println!("bench {}", bench.name);
        let mut command = repo::cargo();
        command.args(["bench", "--package", &bench.package, "--bench", &bench.name, "--"]);
        repo::succeed(command.args(&args.args).env("CRITERION_HOME", &home))?;
    }
    print!("{}", ratios::table(&home, start)?);
    if args.name.is_none() {
        node::run()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn chosen(benches: Vec<Target>, name: Option<&str>) -> Result<Vec<Target>> {
    let known = benches.iter().map(|bench| bench.name.as_str()).collect::<Vec<_>>().join(", ");
    let is_chosen = |bench: &Target| name.is_none_or(|name| bench.name == name);
    let chosen: Vec<_> = benches.iter().filter(|bench| is_chosen(bench)).cloned().collect();
    match name {
        _ if benches.is_empty() => bail!("the workspace has no benches"),
        Some(name) if chosen.is_empty() => bail!("there is no bench {name:?}; there is {known}, {NODE}"),
        _ => Ok(chosen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bench_or_all_and_an_unknown_one_is_an_error() {
        let bench = |name: &str| Target { name: name.into(), kind: vec![], package: "p".into() };
        let both = vec![bench("a"), bench("b")];
        assert_eq!(chosen(both.clone(), None).unwrap(), both);
        assert_eq!(chosen(both.clone(), Some("b")).unwrap(), [bench("b")]);
        let error = chosen(both, Some("c")).unwrap_err();
        assert_eq!(error.to_string(), r#"there is no bench "c"; there is a, b, node"#);
        assert!(chosen(vec![], None).is_err());
    }
}
