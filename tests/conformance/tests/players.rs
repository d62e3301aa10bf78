//! Targets that are programs of their own, good ones and bad ones.

use std::path::Path;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tollgate_conformance::target::{Player, Target};
use tollgate_conformance::{Options, Outcome, Report, default_file, prepare, run_file};

fn player(command: &[&str]) -> Arc<dyn Target> {
    Arc::new(format!("other={}", json!(command)).parse::<Player>().expect("it is one"))
}

fn run(target: &Arc<dyn Target>, file: &Path, cases: &[&str], patience: Duration) -> Report {
    let cases = cases.iter().map(ToString::to_string).collect();
    run_file(file, slice::from_ref(target), &Options { cases, patience }).expect("the file can be read")
}

/// The runner itself as a player: whatever is lost on the way, in either direction, makes a case fail.
#[test]
fn nothing_is_lost_between_runner_and_player() {
    let further = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/further.json");
    for (file, at_least) in [(default_file(), 91), (further, 31)] {
        let target = player(&[env!("CARGO_BIN_EXE_tollgate-conformance"), "--play"]);
        let report = run(&target, &file, &[], Options::default().patience);
        let failures: Vec<String> = report.failures().map(ToString::to_string).collect();
        assert!(failures.is_empty(), "{}", failures.join("\n"));
        assert!(report.totals(None).passed >= at_least);
    }
}

#[test]
fn a_player_is_written_as_words_or_as_a_list_of_words() {
    for written in ["x=node a.mjs", r#"x=["node","a.mjs"]"#] {
        assert_eq!(written.parse::<Player>().expect("it is one").name(), "x");
    }
    for wrong in ["node a.mjs", "=node", "x=", "x= ", "x=[]", "x=[1]", "x=[\"node\""] {
        assert!(wrong.parse::<Player>().is_err(), "{wrong}");
    }
}

#[test]
fn a_program_that_is_not_there_cannot_run() {
    let target = player(&["tollgate-no-such-program"]);
    let error = prepare(&target, Duration::from_secs(60)).expect_err("it is not there").to_string();
    assert!(error.starts_with("other cannot run: cannot start tollgate-no-such-program"), "{error}");
}

/// What the shell can do as a player.
#[cfg(unix)]
mod of_a_shell {
    use super::*;

    const READY: &str = r#"echo '{"ready": "throttle-player/1"}'; "#;

    fn shell(script: &str) -> Arc<dyn Target> {
        player(&["sh", "-c", script])
    }

    /// What came of two cases.
    fn outcomes(script: &str, patience: Duration) -> [Outcome; 2] {
        let target = shell(&format!("{READY}{script}"));
        let report = run(&target, &default_file(), &["SEM-01", "SEM-02"], patience);
        [report.lines()[0].outcome.clone(), report.lines()[1].outcome.clone()]
    }

    fn both_fail(script: &str, patience: Duration, told: &str) {
        for outcome in outcomes(script, patience) {
            assert!(matches!(&outcome, Outcome::Fail(text) if text.contains(told)), "{outcome:?}");
        }
    }

    #[test]
    fn what_does_not_say_that_it_is_ready_cannot_run() {
        let fault = |script| prepare(&shell(script), Duration::from_millis(500)).expect_err("no").to_string();
        assert!(fault("exit 3").contains("ended: exit status: 3"), "{}", fault("exit 3"));
        assert!(fault("echo hello").contains("said hello"), "{}", fault("echo hello"));
        assert!(fault("exec sleep 60").contains("hangs"), "{}", fault("exec sleep 60"));
    }

    #[test]
    fn what_it_answers_is_judged() {
        let reply = r#"while read -r request; do echo '{"not_applicable": "no throttle here"}'; done"#;
        let [one, two] = outcomes(reply, Duration::from_secs(60));
        assert_eq!(one, Outcome::NotApplicable("no throttle here".into()));
        assert_eq!(one, two);
        let long = Duration::from_secs(60);
        both_fail(r#"while read -r request; do echo '{"broken": "alas"}'; done"#, long, "alas");
        both_fail(r#"while read -r request; do echo '{"record": {}}'; done"#, long, "got");
        both_fail("while read -r request; do echo no JSON; done", long, "not understood");
    }

    /// Each case gets a player that works, whatever became of the one before it.
    #[test]
    fn a_player_that_ends_or_hangs_is_started_anew() {
        both_fail("read -r request; exit 7", Duration::from_secs(60), "exit status: 7");
        both_fail("read -r request; exec sleep 60", Duration::from_millis(500), "hangs");
    }
}
