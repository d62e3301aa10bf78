//! Writes a table of answers with what the rules make of each in Rust; `compare.mjs` asks the npm package the same.
//!
//! ```sh
//! cargo run -p tollgate-verdicts | node tests/verdicts/compare.mjs
//! ```
//!
//! `TOLLGATE_CASES` says how many rows; equal seeds (`TOLLGATE_SEED`) make equal tables. Each line is an array in JSON.
//! The first has the number of rows. A line that begins with "rules" makes new rules, by which the rows after it are
//! judged in their order: chance and the budget for retries go on from row to row.

mod fields;
mod rules;

use std::env;
use std::io::{self, BufWriter, Write};

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use rules::Rules;

/// How many rows there are unless told otherwise.
const CASES: u64 = 40_000;
/// So many rows by the same rules.
const ROWS: u64 = 100;

fn main() -> io::Result<()> {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.replace('_', "").parse().ok());
    let cases = number("TOLLGATE_CASES").unwrap_or(CASES);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(number("TOLLGATE_SEED").unwrap_or(1));
    let mut out = BufWriter::new(io::stdout().lock());
    writeln!(out, "{}", serde_json::json!(["cases", cases]))?;
    let mut rules = Rules::draw(&mut random);
    for row in 0..cases {
        if row % ROWS == 0 {
            if row > 0 {
                rules = Rules::draw(&mut random);
            }
            writeln!(out, "{}", rules.shown())?;
        }
        writeln!(out, "{}", rules.row(&mut random))?;
    }
    // Chance goes on as one sequence, so that the end tells of all of it.
    writeln!(out, "{}", serde_json::json!(["end", random.random::<u32>()]))?;
    out.flush()
}
