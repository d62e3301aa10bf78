//! The command line: what it prints, and how it exits.

use std::io::Write;
use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tollgate-conformance")).args(args).output().expect("it starts")
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("it prints text")
}

#[test]
fn what_passes_exits_with_0() {
    let output = run(&["--case", "SEM-01", "--case", "CLI-01", "--target", "virtual"]);
    assert_eq!(output.status.code(), Some(0));
    let expected = "PASS SEM-01 virtual\n\
                    PASS CLI-01 virtual\n\
                    \n         passed  failed  not applicable\n\
                    virtual       2       0               0\n";
    assert_eq!(printed(&output), expected);
}

#[test]
fn what_fails_exits_with_1_and_says_what_was_different() {
    let path = std::env::temp_dir().join(format!("tollgate-conformance-{}.json", std::process::id()));
    let wrong = r#"{"format": "throttle-scenarios/1", "scenarios": [{"id": "W", "subject": {"kind": "semaphore"},
        "steps": [{"at": 0, "do": "acquire", "who": "A"}], "expect": {"events": [[1, "A", "admitted"]]}}]}"#;
    std::fs::File::create(&path).and_then(|mut file| file.write_all(wrong.as_bytes())).expect("a file");
    let output = run(&["--quiet", "--target", "tokio", path.to_str().expect("a path")]);
    std::fs::remove_file(&path).expect("the file was there");
    assert_eq!(output.status.code(), Some(1));
    let printed = printed(&output);
    let first = "FAIL W tokio: expected nothing before [1, A, admitted], got [0, A, admitted]";
    assert_eq!(printed.lines().next(), Some(first), "{printed}");
}

#[test]
fn what_cannot_be_read_exits_with_2() {
    assert_eq!(run(&["/nowhere/at-all.json"]).status.code(), Some(2));
    assert_eq!(run(&["--case", "NO-SUCH-CASE", "--target", "virtual"]).status.code(), Some(2));
    assert_eq!(run(&["--target", "moon"]).status.code(), Some(2));
}

#[cfg(unix)]
#[test]
fn what_is_not_the_same_everywhere_is_shown_case_by_case() {
    let script = r#"echo '{"ready": "throttle-player/1"}'
        while read -r request; do echo '{"not_applicable": "no throttle"}'; done"#;
    let player = format!("other={}", serde_json::json!(["sh", "-c", script]));
    let cases = ["--case", "SEM-01", "--case", "CLI-01", "--quiet"];
    let output =
        run(&[&cases[..], &["--target", "virtual", "--target", "other", "--player", &player]].concat());
    assert_eq!(output.status.code(), Some(0));
    let expected = "\nnot the same everywhere:\n\
                    \u{20}       virtual  other\n\
                    SEM-01  ✓        –\n\
                    CLI-01  ✓        –\n\
                    \n         passed  failed  not applicable\n\
                    virtual       2       0               0\n\
                    other         0       0               2\n";
    assert_eq!(printed(&output), expected);
    let output = run(&[&cases[..], &["--target", "virtual", "--table"]].concat());
    assert!(
        printed(&output).starts_with("\n        virtual\nSEM-01  ✓\nCLI-01  ✓\n"),
        "{}",
        printed(&output)
    );
}
