//! The virtual target as a player in wasm: a line in, a line out.

use std::panic;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::protocol::answer;
use crate::target::VirtualTime;

/// Plays what a request asks for and answers the reply, both as JSON.
///
/// Nothing can be caught here: a panic is thrown as an `Error` with its message, and the instance is lost.
#[wasm_bindgen]
#[must_use]
pub fn play(request: &str) -> String {
    panic::set_hook(Box::new(|info| wasm_bindgen::throw_str(&info.to_string().replace('\n', " "))));
    answer(request, &VirtualTime)
}
