//! The URLs to fetch, read line by line on a thread of their own, a few lines ahead.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use reqwest::Url;
use tokio::sync::mpsc;

/// How many lines may be read before their turn.
const READ_AHEAD: usize = 64;

/// The longest line in bytes. The rest of a longer one is skipped, so that memory stays bounded.
const LONGEST: u64 = 16 * 1024;

/// A line that is neither blank nor a comment.
pub(crate) struct Line {
    /// The number of the line in the input, from 1.
    pub(crate) number: u64,
    /// What it says.
    pub(crate) text: String,
    /// The URL, or why it is none.
    pub(crate) url: Result<Url, String>,
    /// When it was read.
    pub(crate) read_at: Instant,
}

/// Opens a file, or standard input for `-`.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(Box::new(BufReader::new(file)))
}

/// Reads on a thread: a read of standard input cannot be cancelled, and the end of the program must not
/// wait for it. The thread's result is the end of the input, or why it could not be read any further.
pub(crate) fn read_ahead(
    input: impl BufRead + Send + 'static,
) -> (mpsc::Receiver<Line>, JoinHandle<io::Result<()>>) {
    let (sender, lines) = mpsc::channel(READ_AHEAD);
    let reader = thread::spawn(move || {
        for line in Lines::new(input) {
            if sender.blocking_send(line?).is_err() {
                break; // nobody wants more
            }
        }
        Ok(())
    });
    (lines, reader)
}

/// The lines of an input, without blank ones and comments.
pub(crate) struct Lines<R> {
    input: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, number: 0 }
    }

    /// The next line, and whether it had to be cut off; `None` at the end.
    fn next_raw(&mut self) -> io::Result<Option<(Vec<u8>, bool)>> {
        let mut bytes = Vec::new();
        if self.input.by_ref().take(LONGEST).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        let full = bytes.len() as u64 == LONGEST && !bytes.ends_with(b"\n");
        let cut_off = full && self.input.skip_until(b'\n')? > 0;
        Ok(Some((bytes, cut_off)))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (bytes, cut_off) = match self.next_raw().transpose()? {
                Ok(raw) => raw,
                Err(error) => return Some(Err(error)),
            };
            self.number += 1;
            let text = String::from_utf8_lossy(&bytes);
            let text = text.trim_start_matches('\u{feff}').trim();
            if text.starts_with('#') || (text.is_empty() && !cut_off) {
                continue;
            }
            let url = match std::str::from_utf8(&bytes) {
                _ if cut_off => Err(format!("longer than {LONGEST} bytes")),
                Err(_) => Err("not UTF-8".to_owned()),
                Ok(_) => parse_url(text),
            };
            let url = url.map_err(|error| format!("line {}: {error}", self.number));
            return Some(Ok(Line {
                number: self.number,
                text: text.to_owned(),
                url,
                read_at: Instant::now(),
            }));
        }
    }
}

fn parse_url(text: &str) -> Result<Url, String> {
    let expected = "must be a URL that starts with http:// or https://";
    let url = Url::parse(text).map_err(|error| format!("{error}; {expected}"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme => Err(format!("the scheme is {scheme}; {expected}")),
    }
}
