//! Takes out of a wasm module what only a panic reaches.
//!
//! The engine cannot panic on anything that JavaScript can hand it, and if it does all the same, it traps and the package
//! rejects everybody who waits. What a panic would have said nobody could read; the code that words it is a third of
//! the module. It cannot be left out by the compiler, because the standard library is compiled already.

use std::fs;
use std::path::Path;

use super::blank::blank;
use anyhow::{Context, Result, bail};
use rustc_demangle::demangle;
use walrus::{FunctionBuilder, FunctionId, FunctionKind, Module};

/// Parts of the names of functions that panic, or that word what a panic says: nothing else in the engine formats.
const PARTS: [&str; 17] = [
    "PanicPayload",
    "core::fmt::",
    "core::option::expect_failed",
    "core::option::unwrap_failed",
    "core::panicking",
    "core::result::unwrap_failed",
    "fmt::Debug",
    "fmt::Display",
    "fmt::Formatter",
    "handle_alloc_error",
    "panic_",
    "raw_vec::capacity_overflow",
    "raw_vec::handle_error",
    "rust_begin_unwind",
    "slice_error_fail",
    "slice_index_fail",
    "std::panicking",
];

/// Ends of such names.
const ENDS: [&str; 5] = [
    "__rust_start_panic",
    "rust_panic",
    "std::alloc::rust_oom",
    "wasm_bindgen::__rt::throw_null",
    "wasm_bindgen::throw_str",
];

/// Replaces the bodies of all functions that only a panic reaches by a trap.
pub(crate) fn snip(from: &Path, to: &Path) -> Result<()> {
    let wasm = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    fs::write(to, snipped(&wasm)?).with_context(|| format!("cannot write {}", to.display()))
}

fn snipped(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut module = Module::from_buffer(wasm)?;
    let goes =
        |name: Option<&String>| name.is_some_and(|name| is_of_panics(&format!("{:#}", demangle(name))));
    let functions: Vec<FunctionId> = module
        .funcs
        .iter_local()
        .filter(|(id, _)| goes(module.funcs.get(*id).name.as_ref()))
        .map(|(id, _)| id)
        .collect();
    if functions.is_empty() {
        bail!("the module has no names, or nothing that panics");
    }
    for id in functions {
        let kind = module.types.get(module.funcs.get(id).ty());
        let (params, results) = (kind.params().to_vec(), kind.results().to_vec());
        let args = params.iter().map(|&param| module.locals.add(param)).collect();
        let mut body = FunctionBuilder::new(&mut module.types, &params, &results);
        body.func_body().unreachable();
        module.funcs.get_mut(id).kind = FunctionKind::Local(body.local_func(args));
    }
    blank(&mut module);
    Ok(module.emit_wasm())
}

fn is_of_panics(name: &str) -> bool {
    PARTS.iter().any(|part| name.contains(part)) || ENDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_panics_goes_and_what_works_stays() {
        for name in ["core::panicking::panic_fmt", "<u32 as core::fmt::Display>::fmt", "__rustc::rust_panic"]
        {
            assert!(is_of_panics(name), "{name}");
        }
        for name in
            ["tollgate_core::engine::Engine<B,T>::drive", "dlmalloc::Dlmalloc<A>::malloc", "tollgate_acquire"]
        {
            assert!(!is_of_panics(name), "{name}");
        }
    }

    #[test]
    fn what_is_no_module_is_an_error() {
        assert!(snipped(b"no wasm").is_err());
    }
}
