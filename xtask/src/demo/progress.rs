//! How far a row is: a bar on a terminal, a line when done elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::seconds;
use super::table::NAME_WIDTH;

/// Clones are one and the same.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    name: &'static str,
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn start(name: &'static str, requests: usize) -> Self {
        // Hidden by itself when stderr is no terminal.
        let bar = ProgressBar::new(requests as u64);
        let look = "{prefix}  {bar:30.green/dim} {pos:>5} of {len} answered {msg}";
        let look = ProgressStyle::with_template(look).expect("the template is sound");
        bar.set_style(look.progress_chars("━━─"));
        bar.set_prefix(format!("{name:NAME_WIDTH$}"));
        bar.tick();
        Self { name, bar }
    }

    /// One more request was answered, or has failed.
    pub(crate) fn answered(&self) {
        self.bar.inc(1);
    }

    pub(crate) fn finish(&self, took: Duration) {
        if self.bar.is_hidden() {
            let Self { name, bar } = self;
            eprintln!("{name:NAME_WIDTH$}  {} answered in {}", bar.position(), seconds(took));
        } else {
            self.bar.finish_with_message(format!("in {}", seconds(took)));
        }
    }
}
