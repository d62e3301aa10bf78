//! Results on standard output, progress on standard error.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::input::{self, Lines};
use crate::request::Record;

/// Prints records as they come, with a progress bar if standard error is a terminal.
#[derive(Clone)]
pub(crate) struct Output {
    /// Hidden where there is no terminal: then all that is done to it has no effect.
    bar: ProgressBar,
    /// Whether records and bar share a terminal.
    shared: bool,
}

impl Output {
    /// The bar learns how many lines there are from `path`, if that is a file.
    pub(crate) fn new(path: &Path) -> anyhow::Result<Self> {
        let bar = ProgressBar::no_length();
        bar.set_style(ProgressStyle::with_template("{spinner} {pos} done, {per_sec:1}, {elapsed}")?);
        bar.enable_steady_tick(Duration::from_millis(200));
        if !bar.is_hidden() && path.is_file() {
            let with_length =
                ProgressStyle::with_template("{wide_bar} {pos}/{len}, {per_sec:1}, {eta} left")?;
            let (bar, path) = (bar.clone(), path.to_owned());
            thread::spawn(move || {
                let Ok(input) = input::open(&path) else { return };
                bar.set_length(Lines::new(input).count() as u64);
                bar.set_style(with_length);
            });
        }
        Ok(Self { bar, shared: io::stdout().is_terminal() })
    }

    /// Prints a record, all of it at once.
    pub(crate) fn record(&self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let print = || {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&line)?;
            stdout.flush()
        };
        if self.shared {
            self.bar.suspend(print)?
        } else {
            print()?
        }
        self.bar.inc(1);
        Ok(())
    }

    /// Tells whoever watches the bar.
    pub(crate) fn note(&self, message: &str) {
        if self.bar.is_hidden() {
            // Without a terminal there is no bar, and standard error may be gone as well.
            let _ = writeln!(io::stderr(), "{message}");
        } else {
            self.bar.println(message);
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
