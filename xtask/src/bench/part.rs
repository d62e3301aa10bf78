//! The parts of the measurements, and how each is run.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Result, bail};

use super::figures::{self, Figure};
use super::{callgrind, criterion, node, python};
use crate::repo::{self, Target};

/// What can be run by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A bench of cargo's, by criterion or not.
    Cargo(Target),
    Callgrind,
    Node,
    Python,
}

/// In the order in which they run.
pub(super) fn all() -> Result<Vec<Part>> {
    let benches = repo::targets("bench")?.into_iter().map(Part::Cargo);
    Ok([Part::Callgrind].into_iter().chain(benches).chain([Part::Node, Part::Python]).collect())
}

/// Those with these names, or all.
pub(super) fn chosen(parts: Vec<Part>, names: &[String]) -> Result<Vec<Part>> {
    let known = parts.iter().map(Part::name).collect::<Vec<_>>();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no bench {name:?}; there is {}", known.join(", "));
    }
    let is_chosen = |part: &Part| names.is_empty() || names.iter().any(|name| name == part.name());
    Ok(parts.iter().filter(|part| is_chosen(part)).cloned().collect())
}

impl Part {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Cargo(target) => &target.name,
            Self::Callgrind => "callgrind",
            Self::Node => "node",
            Self::Python => "python",
        }
    }

    /// Measures; what was found is there even if something went wrong.
    pub(super) fn run(&self, quick: bool) -> (Vec<Figure>, Result<()>) {
        match self.measure(quick) {
            Ok((found, outcome)) => (found, outcome),
            Err(error) => (vec![], Err(error)),
        }
    }

    fn measure(&self, quick: bool) -> Result<(Vec<Figure>, Result<()>)> {
        if let Self::Callgrind = self {
            return Ok((callgrind::run()?, Ok(())));
        }
        let file = figures::file(self.name())?;
        let outcome = match self {
            Self::Cargo(target) => return cargo(target, quick, file),
            Self::Node => node::run(quick, &file),
            Self::Python => python::run(quick, &file),
            Self::Callgrind => unreachable!("it was run above"),
        };
        Ok((figures::read(&file)?, outcome))
    }
}

fn cargo(bench: &Target, quick: bool, file: PathBuf) -> Result<(Vec<Figure>, Result<()>)> {
    let (home, start) = (repo::path("target/bench/criterion"), SystemTime::now());
    let mut command = repo::cargo();
    command.args(["bench", "--package", &bench.package, "--bench", &bench.name, "--"]);
    command.args(quick.then_some("--quick")).env("CRITERION_HOME", &home).env(figures::VARIABLE, &file);
    let outcome = repo::succeed(&mut command);
    let mut found = criterion::figures(&home, start)?;
    found.extend(figures::read(&file)?);
    Ok((found, outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_or_all_in_their_own_order_and_an_unknown_one_is_an_error() {
        let bench = |name: &str| Part::Cargo(Target { name: name.into(), kind: vec![], package: "p".into() });
        let parts = || vec![bench("a"), bench("b"), Part::Node];
        let chosen = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            super::chosen(parts(), &names)
        };
        assert_eq!(chosen(&[]).unwrap(), parts());
        assert_eq!(chosen(&["node", "b"]).unwrap(), [bench("b"), Part::Node]);
        let error = chosen(&["a", "c"]).unwrap_err();
        assert_eq!(error.to_string(), r#"there is no bench "c"; there is a, b, node"#);
    }

    #[test]
    fn names_are_unique() {
        let parts = all().unwrap();
        for (index, part) in parts.iter().enumerate() {
            assert!(parts[..index].iter().all(|other| other.name() != part.name()), "{}", part.name());
        }
    }
}
