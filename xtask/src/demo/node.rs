//! Rows that are run by Node: scripts from examples/, which print the status of each answer.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::load::{Answers, Job};
use crate::repo::path;
use crate::{package, tools};

/// Builds what the scripts need: the npm package, and the app that shares its throttle.
pub(crate) fn prepare() -> Result<()> {
    package::build()?;
    package::glue("sharing", &path("examples/sharing"))?;
    tools::node::packages(&path("examples"))
}

/// Runs a script to its end, and counts what it prints.
pub(crate) async fn run(script: &str, job: Job) -> Result<Answers> {
    let mut command = tokio::process::Command::from(tools::command("node"));
    command.arg(path("examples").join(script)).arg(&job.url);
    command.args([job.requests.to_string(), job.capacity().to_string(), job.concurrency().to_string()]);
    let mut node = command.kill_on_drop(true).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(node.stdout.take().context("it was piped")?).lines();
    let mut answers = Answers::default();
    while let Some(line) = lines.next_line().await? {
        answers.count(line.parse().with_context(|| format!("{script} printed {line:?}")));
        job.progress.answered();
    }
    let output = node.wait_with_output().await?;
    if !output.status.success() {
        bail!("{script} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(answers)
}
