//! The scenarios of this repository, and those of the runner's own that show what else the format can say.

use std::path::Path;

use tollgate_conformance::{Options, default_file, run_file, target};

fn assert_all_pass(file: &Path) -> usize {
    let report = run_file(file, &target::all(), &Options::default()).expect("the file can be read");
    let failures: Vec<String> = report.failures().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    report.totals(None).passed
}

#[test]
fn the_library_conforms_on_every_target() {
    assert!(assert_all_pass(&default_file()) >= 2 * 91);
}

#[test]
fn the_steps_beyond_the_99_cases_work_on_every_target() {
    assert!(assert_all_pass(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/further.json")) > 0);
}

#[test]
fn a_file_of_another_format_is_not_read() {
    let cargo = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    assert!(run_file(&cargo, &target::all(), &Options::default()).is_err());
}
