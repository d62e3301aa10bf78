//! The suite in Node: `wasm-pack test --node wasm`.

#![cfg(target_arch = "wasm32")]

mod suite;

use wasm_bindgen::prelude::wasm_bindgen;

/// Without this, a test that waits for what never comes would end the process as if all had gone well; a page has a
/// time limit for that.
#[wasm_bindgen(start)]
fn fail_when_stuck() {
    let script = r#"
        const stuck = () => {
            console.error("the suite is stuck: see which test has not ended");
            process.exit(1);
        };
        process.once("beforeExit", stuck);
        setTimeout(stuck, 120_000).unref();
    "#;
    js_sys::eval(script).expect("the script is sound");
}
