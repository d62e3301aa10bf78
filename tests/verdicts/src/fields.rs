//! Fields of answers: good ones, ones that are nearly good, and noise.

use std::time::{Duration, SystemTime};

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus as Random;
use tollgate_core::http::Fields;

/// Pieces of which lists are made, well or badly.
const PIECES: [&str; 42] = [
    "\"a\"",
    "\"b\"",
    "tok*en",
    "*",
    ";r=0",
    ";r=0",
    ";r=7",
    ";t=30",
    ";t=130",
    "; t=1",
    ";r",
    ";r=-0",
    ";r=1.5",
    ";q=\"x\"",
    ";r=0;t=9",
    ", ",
    ", ",
    ",",
    " ,\t",
    "(",
    ")",
    " ",
    "?1",
    "?0",
    "@12",
    ":YQ==:",
    ":YQ:",
    "%\"%c3%a4\"",
    "%\"%ff\"",
    "\"\\\"\"",
    "\"\\x\"",
    "12",
    "-1.25",
    "999999999999999",
    "1234567890123456",
    "123456789012.5",
    "1.",
    "-",
    "=",
    ";",
    "\"",
    "\u{e4}",
];

/// The last second that a date of four digits can tell.
const LAST: u64 = 253_402_300_799;

/// A value for each of [`Fields::NAMES`], or none. `wall` is the local clock in seconds.
///
/// Without white space around: no client shows that.
pub(crate) fn draw(random: &mut Random, wall: u64) -> [Option<Vec<u8>>; 5] {
    let mut field = |good: fn(&mut Random, u64) -> Vec<u8>, often: f64| {
        let mut text = random.random_bool(often).then(|| good(random, wall))?;
        if random.random_bool(0.25) {
            spoil(random, &mut text);
        }
        // No client lets these through.
        text.retain(|byte| !matches!(byte, b'\0' | b'\r' | b'\n'));
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let start = text.iter().position(|byte| !blank(byte)).unwrap_or(text.len());
        let end = text.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
        // The package takes an empty one for none.
        Some(text[start..end].to_vec()).filter(|text| !text.is_empty())
    };
    debug_assert_eq!(Fields::NAMES[2], "ratelimit");
    [field(later, 0.6), field(date, 0.5), field(list, 0.4), field(remaining, 0.4), field(reset, 0.4)]
}

/// Retry-After: seconds, a date, or something else.
fn later(random: &mut Random, wall: u64) -> Vec<u8> {
    match random.random_range(0..10) {
        0..4 => seconds(random),
        4..9 => date(random, wall),
        _ => noise(random),
    }
}

fn seconds(random: &mut Random) -> Vec<u8> {
    let most = 10_u64.pow(random.random_range(0..20));
    let digits = random.random_range(0..=most).to_string();
    // More digits than there are numbers for, now and then.
    if random.random_bool(0.05) { digits.repeat(random.random_range(2..30)) } else { digits }.into_bytes()
}

/// Any of the three forms; near the local clock most of the time.
fn date(random: &mut Random, wall: u64) -> Vec<u8> {
    let seconds = if random.random_bool(0.8) {
        (wall + random.random_range(0..400)).saturating_sub(200)
    } else {
        random.random_range(0..=LAST)
    };
    let fixed = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(LAST)));
    // "Sun, 06 Nov 1994 08:49:37 GMT" by its parts.
    let (weekday, day, month, year, clock) =
        (&fixed[..3], &fixed[5..7], &fixed[8..11], &fixed[12..16], &fixed[17..25]);
    let names = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    let long = names.iter().find(|name| name.starts_with(weekday)).unwrap_or(&"Sunday");
    let text = match random.random_range(0..4) {
        0 => format!("{long}, {day}-{month}-{} {clock} GMT", &year[2..]),
        1 => format!("{weekday} {month} {:>2} {clock} {year}", day.trim_start_matches('0')),
        _ => fixed,
    };
    text.into_bytes()
}

fn list(random: &mut Random, _wall: u64) -> Vec<u8> {
    if random.random_bool(0.5) {
        let member = |random: &mut Random| {
            format!("\"a\";r={};t={}", random.random_range(0..2), random.random_range(0..200))
        };
        let members: Vec<String> = (0..random.random_range(1..4)).map(|_| member(random)).collect();
        return members.join(", ").into_bytes();
    }
    let pieces = (0..random.random_range(0..9)).map(|_| PIECES[random.random_range(0..PIECES.len())]);
    pieces.collect::<String>().chars().map(|character| character as u32 as u8).collect()
}

fn remaining(random: &mut Random, _wall: u64) -> Vec<u8> {
    if random.random_bool(0.7) { b"0".to_vec() } else { seconds(random) }
}

fn reset(random: &mut Random, wall: u64) -> Vec<u8> {
    if random.random_bool(0.8) {
        (wall + random.random_range(0..300)).saturating_sub(100).to_string().into_bytes()
    } else {
        seconds(random)
    }
}

fn noise(random: &mut Random) -> Vec<u8> {
    (0..random.random_range(0..40)).map(|_| random.random()).collect()
}

/// Changes, drops or adds a byte, or cuts the end off.
fn spoil(random: &mut Random, text: &mut Vec<u8>) {
    let place = random.random_range(0..=text.len());
    let byte = if random.random_bool(0.8) { random.random_range(b' '..=b'~') } else { random.random() };
    match random.random_range(0..4) {
        0 => text.insert(place, byte),
        1 => text.truncate(place),
        _ if place == text.len() => text.push(byte),
        2 => drop(text.remove(place)),
        _ => text[place] = byte,
    }
}
