//! Builds all examples of the workspace and runs each; and those for Node.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::join;
use tokio::process::Command;
use tokio::time::timeout;
use tollgate_server::{Config, Server};

use crate::repo::{cargo, path, root, shown, succeed, targets};
use crate::{package, tools};

/// An example that takes longer has got stuck: they wait for a few periods of a second each.
const LIMIT: Duration = Duration::from_secs(60);

/// How many URLs `fetch` gets.
const URLS: usize = 20;

/// What an example is given: most want nothing.
#[derive(Debug, Default)]
struct Given {
    arguments: &'static [&'static str],
    input: String,
}

/// A message of cargo about something that it has built.
#[derive(Deserialize)]
struct Built {
    target: Option<BuiltTarget>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct BuiltTarget {
    name: String,
    kind: Vec<String>,
}

pub(crate) fn check() -> Result<()> {
    let expected = targets("example")?;
    if expected.is_empty() {
        bail!("the workspace has no examples");
    }
    let programs = build()?;
    if let Some(missing) = expected.iter().find(|it| programs.iter().all(|(name, _)| *name != it.name)) {
        bail!("cargo did not build example {}", missing.name);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let server = runtime.block_on(Server::start(Config::default()))?;
    for (name, program) in programs {
        let start = Instant::now();
        let given = given(&name, &server.url());
        runtime.block_on(run(Command::new(program), given)).with_context(|| format!("example {name}"))?;
        println!("      {name:20} {:4.1} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Runs the scripts for Node, which use the npm package. Those that get no URL start a server of their own.
pub(crate) fn in_node() -> Result<()> {
    package::build()?;
    tools::node::packages(&path("examples"))?;
    // Else the one that starts it would have to wait for that.
    succeed(cargo().args(["build", "--package", "tollgate-server"]))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let server = runtime.block_on(Server::start(Config::default()))?;
    for (script, url) in [("fetch.mjs", Some(server.url() + "/api")), ("client.mjs", None)] {
        let start = Instant::now();
        let mut node = tools::command("node");
        node.arg(path("examples/node").join(script)).args(url).env("CARGO", cargo().get_program());
        runtime.block_on(run(node.into(), Given::default())).with_context(|| format!("example {script}"))?;
        println!("      {script:20} {:4.1} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Builds all examples; their names and programs.
fn build() -> Result<Vec<(String, PathBuf)>> {
    let mut command = cargo();
    command.args(["build", "--workspace", "--examples", "--message-format", "json-render-diagnostics"]);
    // What cargo says to people goes to stderr, and that to the terminal.
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("`{}` failed ({})", shown(&command), output.status);
    }
    let mut programs = programs(&String::from_utf8_lossy(&output.stdout));
    programs.sort();
    Ok(programs)
}

/// The examples in cargo's messages, one of which is on each line.
fn programs(messages: &str) -> Vec<(String, PathBuf)> {
    let built = messages.lines().filter_map(|line| serde_json::from_str::<Built>(line).ok());
    let examples = built.filter_map(|built| {
        let target = built.target.filter(|target| target.kind.iter().any(|kind| kind == "example"))?;
        Some((target.name, built.executable?))
    });
    examples.collect()
}

fn given(name: &str, api: &str) -> Given {
    match name {
        "fetch" => Given {
            arguments: &["--rate", "100/s", "--concurrency", "10"],
            input: (0..URLS).map(|n| format!("{api}/api/{n}\n")).collect(),
        },
        _ => Given::default(),
    }
}

/// Runs one to its end; what it said is only shown if it failed.
async fn run(mut command: Command, given: Given) -> Result<()> {
    command.args(given.arguments).current_dir(root()).kill_on_drop(true);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().context("the input was piped")?;
    let feed = async move {
        // Who ends without having read everything says more by how it ended.
        let _ = input.write_all(given.input.as_bytes()).await;
    };
    let Ok((output, ())) = timeout(LIMIT, async { join!(child.wait_with_output(), feed) }).await else {
        bail!("still running after {} s", LIMIT.as_secs());
    };
    let output = output?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{}; it said:\n{}", output.status, String::from_utf8_lossy(&said).trim_end());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_found_among_all_that_cargo_says() {
        let messages = r#"
            {"reason":"compiler-artifact","target":{"name":"a","kind":["lib"]},"executable":null}
            {"reason":"compiler-artifact","target":{"name":"b","kind":["example"]},"executable":"/t/b"}
            {"reason":"build-script-executed","package_id":"c"}
            {"reason":"compiler-artifact","target":{"name":"d","kind":["bin"]},"executable":"/t/d"}
            {"reason":"build-finished","success":true}
        "#;
        assert_eq!(programs(messages), [("b".to_owned(), PathBuf::from("/t/b"))]);
    }

    #[tokio::test]
    async fn a_failure_is_told_with_what_was_said() {
        // cargo is there wherever this runs.
        let mut command = Command::new(cargo().get_program());
        command.arg("no-such-command");
        let error = run(command, Given::default()).await.unwrap_err().to_string();
        assert!(error.contains("no-such-command"), "{error}");
    }
}
