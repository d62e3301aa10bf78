//! Runs scenario files, prints what came of each case, and a table at the end.

#[cfg(not(target_family = "wasm"))]
mod command;

#[cfg(not(target_family = "wasm"))]
fn main() -> std::process::ExitCode {
    command::run()
}

/// On wasm there is no command line: the library is all there is.
#[cfg(target_family = "wasm")]
fn main() {}
