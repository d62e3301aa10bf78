//! Targets that are other programs: each is started once, and asked to play one script after the other.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Target;
use crate::clock::stretch_for;
use crate::platform::Stopped;
use crate::protocol::{PROTOCOL, Ready, Reply, Request};
use crate::record::Record;
use crate::scenario::Script;

/// Long enough for a player that has nothing left to do.
const FAREWELL: Duration = Duration::from_secs(10);

/// A program that plays scripts, under the name of the target.
///
/// It is written `NAME=COMMAND`, the command either words with spaces between them or a list of words in JSON.
#[derive(Clone, Debug)]
pub struct Player {
    name: String,
    command: Vec<String>,
    /// With whom nothing is under way.
    idle: Arc<Mutex<Option<Dialog>>>,
    /// Whom to end if it takes too long.
    busy: Arc<Mutex<Option<Arc<Process>>>>,
}

impl FromStr for Player {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, command) = text.split_once('=').ok_or("it must be NAME=COMMAND")?;
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let command: Vec<String> = match command.trim_start() {
            list if list.starts_with('[') => serde_json::from_str(list).map_err(|error| error.to_string())?,
            plain => words(plain),
        };
        if name.is_empty() || command.is_empty() {
            return Err("neither its name nor its command may be empty".into());
        }
        Ok(Self { name: name.to_owned(), command, idle: Arc::default(), busy: Arc::default() })
    }
}

impl Target for Player {
    fn name(&self) -> &str {
        &self.name
    }

    fn prepare(&self) -> Result<(), String> {
        let dialog = self.start()?;
        *lock(&self.idle) = Some(dialog);
        Ok(())
    }

    fn play(&self, script: &Script) -> Result<Record, Stopped> {
        let (stretch, steps) = (stretch_for(script), script.in_order());
        let request = Request { script: Script { steps, ..script.clone() }, stretch };
        let request = request.to_line().map_err(|error| Stopped::Broken(error.to_string()))?;
        // Out of its place while it is busy: of a dialog that broke, nothing is left for the next case.
        let idle = lock(&self.idle).take();
        let mut dialog = idle.map_or_else(|| self.start(), Ok).map_err(Stopped::Broken)?;
        let reply = dialog.ask(&request).map_err(Stopped::Broken)?;
        *lock(&self.idle) = Some(dialog);
        reply.into()
    }

    fn give_up(&self) {
        if let Some(process) = lock(&self.busy).take() {
            process.end(Duration::ZERO);
        }
    }
}

impl Player {
    fn start(&self) -> Result<Dialog, String> {
        let [program, args @ ..] = self.command.as_slice() else { unreachable!("a command is never empty") };
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("cannot start {program}: {error}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both are piped")
        };
        let process = Arc::new(Process(Mutex::new(child)));
        *lock(&self.busy) = Some(process.clone());
        let mut dialog = Dialog { input: Some(input), output: BufReader::new(output), process };
        let line = dialog.listen()?;
        match serde_json::from_str(&line) {
            Ok(Ready { ready }) if ready == PROTOCOL => Ok(dialog),
            _ => Err(format!("it should say that it speaks {PROTOCOL}, and said {}", shortened(&line))),
        }
    }
}

/// A player that runs, and what is said to it and by it.
#[derive(Debug)]
struct Dialog {
    /// Closed to say that this is all.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    process: Arc<Process>,
}

impl Dialog {
    fn ask(&mut self, request: &str) -> Result<Reply, String> {
        let told = self.input.as_mut().map(|input| writeln!(input, "{request}").and_then(|()| input.flush()));
        // Why it does not listen is what counts, and is found out by listening to it.
        drop(told);
        let line = self.listen()?;
        let not_understood = |error| format!("its reply is not understood ({error}): {}", shortened(&line));
        serde_json::from_str(&line).map_err(not_understood)
    }

    fn listen(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(0) => Err(format!("the player ended: {}", self.process.end(FAREWELL))),
            Ok(_) => Ok(line),
            Err(error) => Err(format!("the player cannot be heard: {error}")),
        }
    }
}

impl Drop for Dialog {
    fn drop(&mut self) {
        self.input = None;
        self.process.end(FAREWELL);
    }
}

#[derive(Debug)]
struct Process(Mutex<Child>);

impl Process {
    /// Waits for its end, and sees to it when there was time enough; tells how it ended.
    fn end(&self, patience: Duration) -> String {
        let until = Instant::now() + patience;
        let mut child = lock(&self.0);
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return status.to_string(),
                Ok(None) if Instant::now() < until => sleep(Duration::from_millis(5)),
                Ok(None) => {
                    // It may have ended just now.
                    let _ = child.kill();
                    return child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                }
                Err(error) => return error.to_string(),
            }
        }
    }
}

fn shortened(line: &str) -> String {
    let line = line.trim_end();
    line.char_indices().nth(200).map_or_else(|| line.to_owned(), |(end, _)| format!("{}...", &line[..end]))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
