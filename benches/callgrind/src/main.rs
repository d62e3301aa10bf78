//! Hot paths, one after the other so many times: `tollgate-callgrind PATH TIMES`; without arguments, their names.
//!
//! `cargo xtask bench callgrind` runs each under valgrind twice, `TIMES` and twice as often; the difference is what the
//! path takes, without start and warm-up. Everything is on one thread and on a clock that is moved by hand, so
//! that the counts are the same each time; reading a real clock is not in them.

mod paths;

use std::process::ExitCode;

use paths::PATHS;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match &args[..] {
        [] => PATHS.iter().for_each(|(name, _)| println!("{name}")),
        [wanted, times] => {
            let path = PATHS.iter().find(|(name, _)| name == wanted);
            let (Some((_, run)), Ok(times)) = (path, times.parse()) else {
                eprintln!("there is no path {wanted:?}, or {times:?} is no number");
                return ExitCode::FAILURE;
            };
            run(times);
        }
        _ => {
            eprintln!("a path and how many times, or nothing");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
