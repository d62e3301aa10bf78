//! The example `fetch` as a program, against the strict server and against servers that misbehave.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use tollgate_server::{Algorithm, Config, Server};

/// No test comes near it, unless something hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run has left behind.
struct Run {
    code: Option<i32>,
    records: Vec<Value>,
    stderr: String,
}

impl Run {
    /// The record of a line of the input.
    fn line(&self, number: u64) -> &Value {
        self.records.iter().find(|record| record["line"] == number).expect("a record of that line")
    }

    /// The numbers of the lines, sorted.
    fn lines(&self) -> Vec<u64> {
        let mut lines: Vec<_> = self.records.iter().filter_map(|record| record["line"].as_u64()).collect();
        lines.sort_unstable();
        lines
    }

    fn statuses(&self) -> BTreeMap<u64, usize> {
        let mut counts = BTreeMap::new();
        for status in self.records.iter().filter_map(|record| record["status"].as_u64()) {
            *counts.entry(status).or_default() += 1;
        }
        counts
    }
}

/// The example, which `cargo test` builds beside the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples").join("fetch");
    let program = program.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(program.exists(), "{} is missing: cargo build --example fetch", program.display());
    program
}

fn start(args: &[&str]) -> Child {
    let mut command = Command::new(program());
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY"] {
        command.env_remove(proxy);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.args(args).kill_on_drop(true).spawn().unwrap()
}

/// Runs it to its end on this input.
async fn fetch(args: &[&str], input: &str) -> Run {
    let mut child = start(args);
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // Whether all of it is read is up to the program.
    tokio::spawn(async move { drop(stdin.write_all(input.as_bytes()).await) });
    finish(child).await
}

async fn finish(child: Child) -> Run {
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it ends").unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let records = stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    Run { code: output.status.code(), records, stderr: String::from_utf8(output.stderr).unwrap() }
}

async fn wait(child: &mut Child) -> ExitStatus {
    timeout(PATIENCE, child.wait()).await.expect("it ends").unwrap()
}

fn urls(server: &Server, count: usize) -> String {
    (1..=count).map(|n| format!("{}/api/{n}\n", server.url())).collect()
}

/// Waits until something is so.
async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < PATIENCE, "never {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// A server that answers every connection with these bytes and then says no more, but keeps it open.
async fn then_silence(answer: impl Into<String>) -> String {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read(&mut [0; 4096]).await;
            let _ = connection.write_all(answer.as_bytes()).await;
            open.push(connection);
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_limits_are_kept_and_used() {
    let limits = Config {
        capacity: 20,
        period_ms: 250,
        concurrency: 5,
        before_ms: [0, 10].into(),
        after_ms: [0, 10].into(),
        ..Config::default()
    };
    let server = Server::start(limits).await.unwrap();
    let run = fetch(&["--rate", "20/250ms", "--concurrency", "5"], &urls(&server, 60)).await;
    assert_eq!(run.statuses(), [(200, 60)].into(), "{:?}", server.stats());
    assert_eq!(run.lines(), Vec::from_iter(1..=60));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let record = run.line(60);
    assert!(record["bytes"].as_u64() > Some(0) && record["ms"].as_f64() > Some(0.0), "{record}");
    assert!(record["waited_ms"].as_f64() > Some(300.0), "{record}");
    assert_eq!(record["url"], format!("{}/api/60", server.url()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_rates_hold_together() {
    for rates in [["--rate=5/500ms", "--rate=1000/s"], ["--rate=1000/s", "--rate=5/500ms"]] {
        let server =
            Server::start(Config { capacity: 5, period_ms: 500, ..Config::default() }).await.unwrap();
        let run = fetch(&rates, &urls(&server, 15)).await;
        assert_eq!((run.statuses(), run.code), ([(200, 15)].into(), Some(0)), "{:?}", server.stats());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smooth_spaces_requests() {
    let server = Server::start(Config { algorithm: Algorithm::None, ..Config::default() }).await.unwrap();
    let run = fetch(&["--rate", "20/s", "--smooth"], &urls(&server, 11)).await;
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let took = server.stats().elapsed_ms;
    assert!(took > 200.0, "ten times 50 ms went by in {took} ms");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_is_answered_once() {
    let server = Server::start(Config { capacity: 10, ..Config::default() }).await.unwrap();
    let good = format!("{}/api", server.url());
    let long = "x".repeat(100_000);
    let input = format!(
        "\u{feff}{good}\r\n\n  # a comment\nexample.com\nftp://127.0.0.1/file\n#{long}\n{good}{long}\n   {good}\t\n\
         http://\n{good}/nope\n{good}"
    );
    // What is no URL takes nothing from the rate: it is just enough for the others.
    let run = fetch(&["--rate", "4/h"], &input).await;
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(run.lines(), [1, 4, 5, 7, 8, 9, 10, 11]);
    for (line, why) in [(4, "relative URL"), (5, "scheme is ftp"), (7, "longer than"), (9, "empty host")] {
        let error = run.line(line)["error"].as_str().expect("an error");
        assert!(error.starts_with(&format!("line {line}: ")) && error.contains(why), "{error}");
    }
    assert_eq!(run.statuses(), [(200, 4)].into());
    assert_eq!(server.stats().arrivals, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_a_failure() {
    let server = Server::start(Config { capacity: 3, period_ms: 60_000, ..Config::default() }).await.unwrap();
    let run = fetch(&["--concurrency", "2"], &urls(&server, 9)).await;
    assert_eq!((run.statuses(), run.code), ([(200, 3), (429, 6)].into(), Some(1)));
    assert_eq!(run.lines(), Vec::from_iter(1..=9));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_is_sent_again_if_told_so() {
    let server = Server::start(Config { capacity: 10, ..Config::default() }).await.unwrap();
    let run = fetch(&["--concurrency", "4", "--retries", "5"], &urls(&server, 25)).await;
    assert_eq!((run.statuses(), run.code), ([(200, 25)].into(), Some(0)), "{:?}", server.stats());
    let attempts: Vec<_> = run.records.iter().filter_map(|record| record["attempts"].as_u64()).collect();
    assert_eq!((attempts.len(), attempts.iter().sum()), (25, server.stats().arrivals));
    assert!(attempts.iter().any(|&attempts| attempts > 1) && attempts.contains(&1), "{attempts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_again_unless_told_so() {
    let server = Server::start(Config { capacity: 1, period_ms: 60_000, ..Config::default() }).await.unwrap();
    let run = fetch(&["--concurrency", "1"], &format!("{}no URL\n", urls(&server, 3))).await;
    assert_eq!((run.statuses(), run.code), ([(200, 1), (429, 2)].into(), Some(1)));
    let attempts = [1, 2, 3, 4].map(|line| run.line(line)["attempts"].as_u64());
    assert_eq!(attempts, [Some(1), Some(1), Some(1), Some(0)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_would_wait_for_too_long_gives_up() {
    let server = Server::start(Config { capacity: 1, period_ms: 60_000, ..Config::default() }).await.unwrap();
    let args = ["--concurrency", "1", "--retries", "3", "--max-wait", "1s"];
    let run = fetch(&args, &urls(&server, 3)).await;
    assert_eq!((run.statuses(), run.code), ([(200, 1), (429, 2)].into(), Some(1)));
    assert_eq!(server.stats().arrivals, 3);
    let waited = run.line(3)["waited_ms"].as_f64();
    assert!(waited > Some(900.0), "the second one's refusal holds up the third: {waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_got_no_answer_asks_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"] {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 4096]).await;
            let _ = connection.write_all(answer.as_bytes()).await;
        }
    });
    let run = fetch(&["--retries", "1"], &url).await;
    assert_eq!((run.statuses(), run.code), ([(200, 1)].into(), Some(0)), "{:?}", run.records);
    assert_eq!((&run.line(1)["attempts"], &run.line(1)["bytes"]), (&Value::from(2), &Value::from(4)));
}

#[tokio::test]
async fn a_file_is_read_like_standard_input() {
    let server = Server::start(Config::default()).await.unwrap();
    let mut file = std::env::temp_dir();
    file.push(format!("tollgate-fetch-{}.txt", std::process::id()));
    std::fs::File::create(&file).unwrap().write_all(urls(&server, 3).as_bytes()).unwrap();
    let run = fetch(&[file.to_str().unwrap()], "").await;
    std::fs::remove_file(&file).unwrap();
    assert_eq!((run.lines(), run.code), (vec![1, 2, 3], Some(0)), "{}", run.stderr);
}

#[tokio::test]
async fn nothing_to_fetch_is_no_failure() {
    let run = fetch(&[], "# nothing\n\n").await;
    assert_eq!((run.records.len(), run.code, run.stderr.as_str()), (0, Some(0), ""));
}

#[tokio::test]
async fn bad_usage_says_what_is_allowed() {
    let cases: [(&[&str], &str); 11] = [
        (&["--rate", "100"], "100/s, 500/min, 10/250ms or 1000/h"),
        (&["--rate", "x/s"], "100/s, 500/min, 10/250ms or 1000/h"),
        (&["--rate", "5/lightyear"], "100/s, 500/min, 10/250ms or 1000/h"),
        (&["--rate", "-5/s"], "capacity is -5, but must be a number above 0"),
        (&["--rate", "5/0s"], "period is 0ns, but must be at least a nanosecond"),
        (&["--concurrency", "0"], "1..=10000"),
        (&["--timeout", "10"], "10s, 500ms or 1m 30s"),
        (&["--timeout", "0s"], "above zero"),
        (&["--max-wait", "10"], "10s, 500ms or 1m 30s"),
        (&["--retries", "few"], "invalid digit"),
        (&["no/such/file"], "cannot read no/such/file"),
    ];
    for (args, says) in cases {
        let run = fetch(args, "").await;
        assert_eq!((run.code, run.records.len()), (Some(2), 0), "{args:?}");
        assert!(run.stderr.contains(says), "{args:?}: {}", run.stderr);
    }
}

#[tokio::test]
async fn who_does_not_answer_is_given_up() {
    let silent = then_silence("").await;
    let halfway = then_silence("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await;
    let run = fetch(&["--timeout", "1s"], &format!("{silent}\n{halfway}\n")).await;
    assert_eq!(run.code, Some(1));
    for line in [1, 2] {
        let record = run.line(line);
        assert_eq!(record["error"], "timed out after 1s");
        assert!(record["ms"].as_f64() > Some(990.0), "{record}");
    }
    assert_eq!((&run.line(1)["status"], &run.line(1)["bytes"]), (&Value::Null, &Value::from(0)));
    assert_eq!((&run.line(2)["status"], &run.line(2)["bytes"]), (&Value::from(200), &Value::from(4)));
}

#[tokio::test]
async fn no_connection_is_an_error_of_that_line() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let plain = then_silence("HTTP/1.1 400 Bad Request\r\n\r\n").await.replace("http:", "https:");
    let run = fetch(&[], &format!("http://{nobody}/\n{plain}/\n")).await;
    assert_eq!((run.lines(), run.code), (vec![1, 2], Some(1)));
    for record in &run.records {
        let error = record["error"].as_str().expect("an error");
        assert!(error.starts_with("cannot connect: "), "{error}");
    }
}

#[tokio::test]
async fn redirects_are_followed() {
    let server = Server::start(Config::default()).await.unwrap();
    let old = then_silence(format!(
        "HTTP/1.1 302 Found\r\nLocation: {}/api/new\r\nContent-Length: 0\r\n\r\n",
        server.url()
    ))
    .await;
    let run = fetch(&[], &old).await;
    assert_eq!((run.statuses(), run.code), ([(200, 1)].into(), Some(0)));
    assert_eq!(run.line(1)["url"], old);
    assert_eq!(server.log()[0].path, "/api/new");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_result_comes_before_the_input_ends() {
    let server = Server::start(Config::default()).await.unwrap();
    let mut child = start(&[]);
    let mut stdin = child.stdin.take().unwrap();
    let mut results = BufReader::new(child.stdout.take().unwrap()).lines();
    for n in 1..=3 {
        stdin.write_all(format!("{}/api/{n}\n", server.url()).as_bytes()).await.unwrap();
        let result = timeout(PATIENCE, results.next_line()).await.expect("a result").unwrap().unwrap();
        assert!(result.contains(&format!("/api/{n}\"")), "{result}");
    }
    drop(stdin);
    assert_eq!(wait(&mut child).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn input_is_read_a_few_lines_ahead_only() {
    let silent = then_silence("").await;
    let mut child = start(&["--rate", "1/h"]);
    let mut stdin = child.stdin.take().unwrap();
    let megabytes = format!("{silent}/a/path/to/something\n").repeat(100_000);
    let writing = timeout(Duration::from_secs(2), stdin.write_all(megabytes.as_bytes())).await;
    assert!(writing.is_err(), "all of the input was taken in: {writing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_quietly_when_nobody_reads_on() {
    let server = Server::start(Config { algorithm: Algorithm::None, ..Config::default() }).await.unwrap();
    let mut child = start(&["--rate", "50/s"]);
    let mut stdin = child.stdin.take().unwrap();
    let input = urls(&server, 10_000);
    tokio::spawn(async move { drop(stdin.write_all(input.as_bytes()).await) });
    let mut results = BufReader::new(child.stdout.take().unwrap()).lines();
    timeout(PATIENCE, results.next_line()).await.expect("a result").unwrap().unwrap();
    drop(results);
    let run = finish(child).await;
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(server.stats().arrivals < 9_000, "{:?}", server.stats());
}

#[cfg(unix)]
mod ctrl_c {
    use super::*;

    /// What the terminal does at Ctrl-C.
    async fn interrupt(child: &Child) {
        let kill = format!("kill -INT {}", child.id().expect("it runs"));
        assert!(Command::new("sh").args(["-c", &kill]).status().await.unwrap().success());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_under_way_finishes_and_the_rest_is_counted() {
        let slow = Config { algorithm: Algorithm::None, after_ms: [1500, 1500].into(), ..Config::default() };
        let server = Server::start(slow).await.unwrap();
        let mut child = start(&["--concurrency", "2"]);
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(format!("{}no URL\n# nothing\n", urls(&server, 200)).as_bytes()).await.unwrap();
        drop(stdin);
        until("two requests", || server.stats().in_flight == 2).await;
        interrupt(&child).await;
        let run = finish(child).await;
        assert_eq!((run.statuses(), run.code), ([(200, 2)].into(), Some(130)));
        assert_eq!(server.stats().arrivals, 2);
        let told: Vec<_> = run.stderr.lines().collect();
        assert_eq!(told[0], "2 under way will finish, Ctrl-C again quits at once");
        assert_eq!(told[1..], ["interrupted: 2 fetched, 199 not fetched"]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_waits_to_be_sent_again_is_not_fetched() {
        let server =
            Server::start(Config { capacity: 1, period_ms: 60_000, ..Config::default() }).await.unwrap();
        let mut child = start(&["--concurrency", "1", "--retries", "2"]);
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(urls(&server, 5).as_bytes()).await.unwrap();
        drop(stdin);
        until("refused", || server.stats().statuses.contains_key(&429)).await;
        interrupt(&child).await;
        let run = finish(child).await;
        assert_eq!((run.lines(), run.code), (vec![1], Some(130)));
        assert_eq!(run.stderr.lines().last(), Some("interrupted: 1 fetched, 4 not fetched"));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn it_does_not_wait_for_the_input_to_end() {
        let server = Server::start(Config::default()).await.unwrap();
        let mut child = start(&[]);
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(urls(&server, 1).as_bytes()).await.unwrap();
        until("answered", || server.stats().statuses.contains_key(&200)).await;
        interrupt(&child).await;
        // `stdin` is still open.
        let run = finish(child).await;
        assert_eq!((run.lines(), run.code), (vec![1], Some(130)));
        let rest = "interrupted: 1 fetched, 0 not fetched, and the input was not read to its end\n";
        assert_eq!(run.stderr, rest);
        drop(stdin);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_endless_input_ends_it_as_well() {
        let server = Server::start(Config::default()).await.unwrap();
        let mut child = start(&["--rate", "1/h"]);
        let mut stdin = child.stdin.take().unwrap();
        let some = urls(&server, 100);
        tokio::spawn(async move { while stdin.write_all(some.as_bytes()).await.is_ok() {} });
        until("answered", || server.stats().statuses.contains_key(&200)).await;
        interrupt(&child).await;
        let run = finish(child).await;
        assert_eq!((run.lines(), run.code), (vec![1], Some(130)));
        assert!(run.stderr.ends_with("the input was not read to its end\n"), "{}", run.stderr);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_second_one_quits_at_once() {
        let silent = then_silence("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n").await;
        let server = Server::start(Config::default()).await.unwrap();
        let mut child = start(&["--timeout", "1h"]);
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(format!("{silent}\n{}", urls(&server, 1)).as_bytes()).await.unwrap();
        until("answered", || server.stats().statuses.contains_key(&200)).await;
        interrupt(&child).await;
        sleep(Duration::from_millis(500)).await;
        assert_eq!(child.try_wait().unwrap(), None, "the first request is under way");
        interrupt(&child).await;
        assert_eq!(wait(&mut child).await.code(), Some(130));
    }
}
