//! What the measurements ran on.

use std::env::consts;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::SystemTime;
use std::{fmt::Write as _, fs};

use crate::tools;

/// As lines of Markdown, without anything that names the machine.
pub(super) fn lines() -> String {
    let cores = available_parallelism().map_or(0, Into::into);
    let mut text = String::new();
    let none = || "none".to_owned();
    let mut line =
        |name: &str, value: String| writeln!(text, "- {name}: {value}").expect("a string has room");
    line("date", humantime::format_rfc3339_seconds(SystemTime::now()).to_string()[..10].to_owned());
    line("processor", format!("{}, {cores} cores", processor().unwrap_or_else(|| consts::ARCH.to_owned())));
    line("system", system());
    line("rustc", rustc().unwrap_or_else(none));
    line("Node", tools::version("node").unwrap_or_else(none));
    line("Python", tools::version("python3").unwrap_or_else(none));
    text
}

fn processor() -> Option<String> {
    let on_linux = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| value(&text, "model name", ':'));
    on_linux.or_else(|| said(Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"])))
}

fn system() -> String {
    let release = fs::read_to_string("/etc/os-release").ok();
    release.and_then(|text| value(&text, "PRETTY_NAME", '=')).unwrap_or_else(|| consts::OS.to_owned())
}

/// The compiler's version; what is compiled depends on it.
pub(super) fn rustc() -> Option<String> {
    tools::version("rustc")
}

/// The value of a line `key SIGN value`, without quotes.
fn value(text: &str, key: &str, sign: char) -> Option<String> {
    let of_key = |line: &str| {
        let (name, value) = line.split_once(sign)?;
        (name.trim() == key).then(|| value.trim().trim_matches('"').to_owned())
    };
    text.lines().find_map(of_key).filter(|value| !value.is_empty())
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let said = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!said.is_empty()).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_key_and_without_quotes() {
        let text = "NAME=x\nPRETTY_NAME=\"A system 12\"\nmodel name\t: A processor: fast\nempty=\n";
        assert_eq!(value(text, "PRETTY_NAME", '=').unwrap(), "A system 12");
        assert_eq!(value(text, "model name", ':').unwrap(), "A processor: fast");
        assert_eq!(value(text, "empty", '='), None);
        assert_eq!(value(text, "VERSION", '='), None);
    }

    #[test]
    fn the_date_has_no_time_and_nothing_is_left_out() {
        let lines = lines();
        assert_eq!(lines.lines().count(), 6);
        assert_eq!(lines.lines().next().unwrap().len(), "- date: 2000-01-01".len());
    }
}
