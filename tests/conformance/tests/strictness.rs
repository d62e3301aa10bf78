//! A runner that lets anything pass proves nothing: what it must refuse.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tollgate_conformance::platform::Stopped;
use tollgate_conformance::record::Record;
use tollgate_conformance::scenario::{Found, Scenario, Script};
use tollgate_conformance::target::{Target, TokioTime, VirtualTime};
use tollgate_conformance::{Options, Outcome, default_file, run_case, run_cases};

fn cases() -> Vec<Value> {
    let text = std::fs::read_to_string(default_file()).expect("the file is there");
    let mut file: Value = serde_json::from_str(&text).expect("the file is JSON");
    let Value::Array(cases) = file["scenarios"].take() else { panic!("there are scenarios") };
    cases
}

fn run_on(case: Value, target: Arc<dyn Target>) -> Outcome {
    let found = Found { id: "case".into(), scenario: Scenario::read(case) };
    let report = run_cases(vec![found], &[target], &Options::default());
    report.lines()[0].outcome.clone()
}

fn run(case: Value) -> Outcome {
    run_on(case, Arc::new(VirtualTime))
}

fn failure(case: Value) -> String {
    match run(case) {
        Outcome::Fail(message) => message,
        other => panic!("it should have failed: {other:?}"),
    }
}

/// The paths of everything within a value, itself included.
fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| paths(item, &format!("{path}/{i}"), found));
        }
        Value::Object(items) => {
            items
                .iter()
                .for_each(|(key, item)| paths(item, &format!("{path}/{}", key.replace('/', "~1")), found));
        }
        _ => {}
    }
}

/// Everything that an expectation could be instead, one change at a time.
fn wrong_expectations(expect: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    paths(expect, "", &mut all);
    let mut wrong = Vec::new();
    for path in &all {
        let mut change = |with: &dyn Fn(&mut Value)| {
            let mut changed = expect.clone();
            with(changed.pointer_mut(path).expect("the path is of this value"));
            wrong.push(changed);
        };
        match expect.pointer(path).expect("the path is of this value") {
            Value::Number(number) => {
                let number = number.as_f64().expect("a number");
                change(&|value| *value = json!(number + 3e-6));
                change(&|value| *value = json!(number - 3e-6));
                change(&|value| *value = json!(number + 1.0));
                if number.fract() == 0.0 {
                    change(&|value| *value = json!(number as i64 + 1));
                    change(&|value| *value = json!(number as i64 - 1));
                }
            }
            Value::String(text) => change(&|value| *value = json!(format!("{text}x"))),
            Value::Bool(truth) => change(&|value| *value = json!(!truth)),
            Value::Array(items) => {
                for index in 0..items.len() {
                    change(&|value| drop(value.as_array_mut().expect("a list").remove(index)));
                }
                if let [first, second, ..] = items.as_slice()
                    && first != second
                {
                    change(&|value| value.as_array_mut().expect("a list").swap(0, 1));
                }
            }
            _ => {}
        }
    }
    wrong
}

/// Those that say the same in other words: outcomes of one instant have no order among themselves unless
/// they are admissions.
fn means_the_same(right: &Value, wrong: &Value) -> bool {
    let sorted = |expect: &Value| {
        let mut events = expect["events"].as_array().cloned().unwrap_or_default();
        let key = |event: &Value| (event[0].as_f64().map(f64::to_bits), event[2] != "admitted");
        events.sort_by_key(|event| {
            let (at, other) = key(event);
            (at, other, other.then(|| event.to_string()))
        });
        let mut expect = expect.clone();
        expect["events"] = Value::Array(events);
        expect
    };
    sorted(right) == sorted(wrong)
}

#[test]
fn every_wrong_expectation_fails() {
    let (mut tried, mut passed) = (0, Vec::new());
    for case in cases().into_iter().filter(|case| case.get("server").is_none()) {
        for expect in wrong_expectations(&case["expect"]) {
            if means_the_same(&case["expect"], &expect) {
                continue;
            }
            let mut wrong = case.clone();
            wrong["expect"] = expect;
            tried += 1;
            if let Outcome::Pass = run(wrong.clone()) {
                passed.push(format!("{}: {} for {}", case["id"], wrong["expect"], case["expect"]));
            }
        }
    }
    assert!(passed.is_empty(), "{} of {tried} passed:\n{}", passed.len(), passed.join("\n"));
    assert!(tried > 2_000, "only {tried} were tried");
}

#[test]
fn wrong_expectations_fail_on_tokio_too() {
    for case in cases().into_iter().filter(|case| case.get("server").is_none()) {
        let wrong = wrong_expectations(&case["expect"]);
        for expect in wrong.iter().filter(|wrong| !means_the_same(&case["expect"], wrong)).step_by(11) {
            let mut wrong = case.clone();
            wrong["expect"] = expect.clone();
            let outcome = run_on(wrong, Arc::new(TokioTime));
            assert!(matches!(outcome, Outcome::Fail(_)), "{}: {expect}: {outcome:?}", case["id"]);
        }
    }
}

/// A case that passes, to be spoilt.
fn sound() -> Value {
    json!({
        "id": "case",
        "subject": {"kind": "semaphore", "value": 1},
        "steps": [{"at": 0, "do": "acquire", "who": "A", "hold": 1}, {"at": 2, "do": "probe", "what": "value"}],
        "expect": {"events": [[0, "A", "admitted"]], "probes": [[2, "value", 1]]}
    })
}

#[test]
fn what_is_not_known_fails() {
    assert_eq!(run(sound()), Outcome::Pass);
    let spoil = |path: &str, value: Value| {
        let mut case = sound();
        let (parent, key) = path.rsplit_once('/').expect("a path");
        let parent = case.pointer_mut(parent).expect("a path of the case");
        match parent {
            Value::Array(items) => items[key.parse::<usize>().expect("an index")] = value,
            _ => parent[key] = value,
        }
        failure(case)
    };
    let unknown = [
        ("/subject/kind", json!("sluice"), "sluice"),
        ("/subject/size", json!(3), "size"),
        ("/subject", json!({"kind": "throttle", "capacity": 1, "pacing": "leaky"}), "leaky"),
        ("/subject", json!({"kind": "stack", "layers": [{"kind": "pool", "hosts": 1}]}), "hosts"),
        ("/steps/0/do", json!("push"), "push"),
        ("/steps/0/speed", json!(1), "speed"),
        ("/steps/0/form", json!("round"), "round"),
        ("/steps/0/who", Value::Null, "who"),
        ("/steps/1/what", json!("mood"), "mood"),
        ("/steps/1/where", json!("here"), "where"),
        ("/steps/0/at", json!(3), "order of time"),
        ("/steps/1/at", json!(-1), "from 0 on"),
        ("/steps/1", json!({"at": 2, "do": "cancel", "who": "Z"}), "no task is named Z"),
        ("/steps/1", json!({"at": 2, "do": "pause", "seconds": 1}), "cannot pause"),
        ("/steps/1", json!({"at": 2, "do": "acquire", "who": "A"}), "two tasks are named A"),
        ("/steps/1", json!({"at": 2, "do": "acquire", "who": "B", "via": "consume"}), "consumed"),
        ("/steps/1", json!({"at": 2, "do": "get", "url": "/"}), "client"),
        ("/expect/mood", json!("fine"), "mood"),
        ("/expect/total_in_[0,1]", json!(1), "total_in_"),
        ("/expect/probes/0/1", json!("mood"), "mood"),
        ("/expect", json!({}), "nothing is expected"),
        ("/expect/events/0/2", json!("let_in"), "got [\"A\"]"),
        ("/weather", json!("rain"), "weather"),
        ("/items", json!([1]), "items"),
    ];
    for (path, value, told) in unknown {
        let message = spoil(path, value.clone());
        assert!(message.contains(told), "{path} {value}: {message}");
    }
}

#[test]
fn what_nobody_expects_fails() {
    let mut waits = sound();
    waits["subject"]["value"] = json!(0);
    waits["expect"] = json!({"probes": [[2, "value", 0]]});
    assert!(failure(waits).contains("pending: expected nobody"));

    let mut error = sound();
    error["steps"][0]["cost"] = json!(-1);
    error["expect"] = json!({"histogram": [], "probes": [[2, "value", 1]]});
    assert!(failure(error).contains("expected no error"));

    let mut unsupported = sound();
    unsupported["steps"][1]["what"] = json!("level");
    unsupported["expect"]["probes"] = json!([[2, "level", 1]]);
    assert!(failure(unsupported).contains("unsupported"));
}

/// A target that does not do its work.
struct Broken(fn());

impl Target for Broken {
    fn name(&self) -> &str {
        "broken"
    }

    fn play(&self, _: &Script) -> Result<Record, Stopped> {
        (self.0)();
        Ok(Record::default())
    }
}

fn run_broken(play: fn(), limit: Duration) -> String {
    let scenario = Arc::new(Scenario::read(sound()).expect("it is sound"));
    let target: Arc<dyn Target> = Arc::new(Broken(play));
    match run_case(&scenario, &target, limit) {
        Outcome::Fail(message) => message,
        other => panic!("it should have failed: {other:?}"),
    }
}

#[test]
fn a_hang_fails() {
    let message = run_broken(|| std::thread::sleep(Duration::from_secs(3_600)), Duration::from_millis(200));
    assert!(message.contains("hangs"), "{message}");
}

#[test]
fn a_panic_fails() {
    assert_eq!(run_broken(|| panic!("out of order"), Duration::from_secs(60)), "panicked: out of order");
}
