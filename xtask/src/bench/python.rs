//! The measurements of the seeds, in Python: what the project began with.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::figures;
use crate::repo::{path, shown, succeed};
use crate::tools;

const FOLDER: &str = "benches/python";

/// Without a Python that can make environments, says so in place of the figures.
pub(super) fn run(quick: bool, figures: &Path) -> Result<()> {
    let Some(python) = environment()? else {
        println!("skipped: there is no python3 with venv and pip");
        return fs::write(figures, skipped()).context("cannot write figures");
    };
    for script in ["speed.py", "quota.py"] {
        let mut bench = tools::command(&python);
        bench.arg(script).args(quick.then_some("--quick"));
        // Nothing compiled is left among the sources.
        bench.env("PYTHONDONTWRITEBYTECODE", "1").env(figures::VARIABLE, figures);
        succeed(bench.current_dir(path(FOLDER)))?;
    }
    Ok(())
}

fn skipped() -> String {
    let line = |table: &str| serde_json::json!({ "table": table, "row": "–", "who": "asyncio", "skipped": "there was no Python" });
    ["Python: acquire and release", "Python: quota"].map(|table| format!("{}\n", line(table))).concat()
}

/// The Python of an environment below `target/` that has what requirements.txt asks for; none if there is no Python.
fn environment() -> Result<Option<PathBuf>> {
    if tools::version("python3").is_none() {
        return Ok(None);
    }
    let home = path("target/bench/python");
    let python = home.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let (wanted, installed) = (path(FOLDER).join("requirements.txt"), home.join("requirements.txt"));
    let wanted_text = fs::read_to_string(&wanted).context("cannot read requirements.txt")?;
    if python.is_file() && fs::read_to_string(&installed).is_ok_and(|text| text == wanted_text) {
        return Ok(Some(python));
    }
    let mut make = tools::command("python3");
    make.args(["-m", "venv", "--clear"]).arg(&home);
    println!("{}", shown(&make));
    if succeed(&mut make).is_err() {
        return Ok(None);
    }
    let mut install = tools::command(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    succeed(install.arg(&wanted))?;
    fs::copy(&wanted, &installed)?;
    Ok(Some(python))
}

#[cfg(test)]
mod tests {
    use super::figures::{Figure, Value};
    use super::*;

    #[test]
    fn without_python_there_is_a_word_in_each_table() {
        let figures: Vec<Figure> =
            skipped().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(figures.len(), 2);
        assert!(figures.iter().all(|figure| matches!(figure.value, Value::Skipped { .. })));
    }
}
