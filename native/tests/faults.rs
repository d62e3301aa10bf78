//! Servers that fail, and many callers of each: nothing hangs, nothing leaks, and every slot is there afterwards.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use futures::StreamExt;
use futures::future::join_all;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Error};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tollgate_core::http::{Backoff, RetryPolicy};
use tollgate_native::Throttle;
use tollgate_native::reqwest::ThrottleMiddleware;

const SLOTS: usize = 3;
/// More than there are slots, so that some wait in line.
const CALLERS: usize = 12;
/// Whatever takes longer hangs.
const LIMIT: Duration = Duration::from_secs(30);

/// A server that does with the connection of each request as told, by its number.
async fn server<F: Future<Output = ()> + Send>(
    talk: impl Fn(usize, TcpStream) -> F + Clone + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for number in 1.. {
            let (mut socket, _) = listener.accept().await.unwrap();
            let talk = talk.clone();
            tokio::spawn(async move {
                // A client that has left closes it.
                if socket.read(&mut [0; 4096]).await.is_ok_and(|length| length > 0) {
                    talk(number, socket).await;
                }
            });
        }
    });
    url
}

/// Says something, and closes the connection.
async fn say(mut socket: TcpStream, text: impl AsRef<[u8]>) {
    if socket.write_all(text.as_ref()).await.is_ok() {
        let _ = socket.shutdown().await;
    }
}

fn refused(fields: &str) -> String {
    format!("HTTP/1.1 429 Later\r\nconnection: close\r\n{fields}content-length: 5\r\n\r\nlater")
}

fn setup() -> (Throttle, ClientWithMiddleware) {
    let throttle = Throttle::builder().concurrency(SLOTS).build().unwrap();
    let policy = RetryPolicy::new().backoff(Backoff::Fixed(Duration::from_millis(5)));
    let middleware = ThrottleMiddleware::new(throttle.clone()).policy(policy);
    (throttle, ClientBuilder::new(reqwest::Client::new()).with(middleware).build())
}

/// What many callers get: a status and its text, or an error.
async fn many(
    client: &ClientWithMiddleware,
    url: &str,
    callers: usize,
    time_out: Duration,
) -> Vec<Result<(u16, String), Error>> {
    let one = async || {
        let response = client.get(url).timeout(time_out).send().await?;
        Ok((response.status().as_u16(), response.text().await.map_err(Error::Reqwest)?))
    };
    tokio::time::timeout(LIMIT, join_all((0..callers).map(|_| one()))).await.expect("it hangs")
}

/// That nobody is inside, nobody waits, and just so many can be let in at once.
fn all_free(throttle: &Throttle, what: &str) {
    assert_eq!((throttle.in_flight(), throttle.waiting()), (0, 0), "{what}");
    let permits: Vec<_> = (0..SLOTS).map(|_| throttle.try_acquire().expect("a slot is lost")).collect();
    assert!(throttle.try_acquire().is_err(), "{what}: a slot too many");
    drop(permits);
}

#[tokio::test]
async fn a_server_that_is_killed_leaves_every_slot() {
    for (name, text) in [
        ("before it answers", ""),
        ("in the middle of a field", "HTTP/1.1 429 Later\r\nretry-aft"),
        ("in the middle of the body", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"),
        ("in the middle of a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nhalf"),
    ] {
        let (throttle, client) = setup();
        let url = server(move |_, socket| say(socket, text)).await;
        let got = many(&client, &url, CALLERS, LIMIT).await;
        assert!(got.iter().all(Result::is_err), "{name}: {got:?}");
        all_free(&throttle, name);
    }
}

#[tokio::test]
async fn a_body_that_is_dropped_or_given_up_half_way_leaves_every_slot() {
    let url = server(async |_, mut socket| {
        let chunk = [b'x'; 64 * 1024];
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 52428800\r\n\r\n";
        if socket.write_all(head).await.is_ok() {
            while socket.write_all(&chunk).await.is_ok() {}
        }
    })
    .await;
    let (throttle, client) = setup();
    let half = async |number: usize| {
        let mut body = client.get(&url).send().await.unwrap().bytes_stream();
        let mut length = 0;
        while length < 25 << 20 {
            length += body.next().await.unwrap().unwrap().len();
        }
        if number.is_multiple_of(2) {
            drop(body);
        } else {
            let reads = tokio::spawn(async move {
                tokio::time::sleep(LIMIT).await;
                drop(body);
            });
            reads.abort();
            assert!(reads.await.unwrap_err().is_cancelled());
        }
    };
    tokio::time::timeout(LIMIT, join_all((0..CALLERS).map(half))).await.expect("it hangs");
    all_free(&throttle, "half read");
}

#[tokio::test]
async fn a_body_that_has_failed_or_ended_holds_no_slot_though_it_is_kept() {
    for (name, announced) in [("failed", 100), ("ended", 4)] {
        let text = format!("HTTP/1.1 200 OK\r\ncontent-length: {announced}\r\n\r\nhalf");
        let url = server(move |_, socket| say(socket, text.clone())).await;
        let (throttle, client) = setup();
        let mut kept = Vec::new();
        for _ in 0..CALLERS {
            let response = tokio::time::timeout(LIMIT, client.get(&url).send()).await.expect("it hangs");
            let mut body = response.unwrap().bytes_stream();
            while body.next().await.is_some_and(|chunk| chunk.is_ok()) {}
            kept.push(body);
        }
        all_free(&throttle, name);
    }
}

#[tokio::test]
async fn where_nobody_listens_every_caller_gets_the_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let (throttle, client) = setup();
    for error in many(&client, &url, CALLERS, LIMIT).await {
        assert!(matches!(error, Err(Error::Reqwest(error)) if error.is_connect()));
    }
    all_free(&throttle, "nobody listens");
}

#[tokio::test]
async fn a_server_that_never_answers_is_ended_by_the_clients_time_out() {
    let url = server(async |_, socket| {
        tokio::time::sleep(LIMIT).await;
        drop(socket);
    })
    .await;
    let (throttle, client) = setup();
    let got = many(&client, &url, CALLERS, Duration::from_millis(100)).await;
    assert!(got.iter().all(|one| matches!(one, Err(Error::Reqwest(error)) if error.is_timeout())), "{got:?}");
    all_free(&throttle, "timed out");
    // A caller with a time-out of its own, round all of it: in line, under way, and between two attempts.
    let all = (0..CALLERS).map(|_| tokio::time::timeout(Duration::from_millis(100), client.get(&url).send()));
    assert!(join_all(all).await.iter().all(Result::is_err));
    all_free(&throttle, "given up");
}

#[tokio::test]
async fn a_server_that_refuses_for_ever_is_asked_by_few_again() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let url = server(async |_, socket| {
        ASKED.fetch_add(1, Ordering::SeqCst);
        say(socket, refused("retry-after: 0\r\n")).await;
    })
    .await;
    let (throttle, client) = setup();
    for got in many(&client, &url, 50, LIMIT).await {
        assert_eq!(got.unwrap(), (429, "later".to_owned()));
    }
    let asked = ASKED.load(Ordering::SeqCst);
    assert!(asked > 50 && asked <= 50 + 50 / 5 + 10, "{asked} requests");
    throttle.resume();
    all_free(&throttle, "refused");
}

#[tokio::test]
async fn a_wait_of_a_century_is_told_to_the_caller_and_the_others_may_give_up() {
    const CENTURY: u64 = 100 * 365 * 86_400;
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(CENTURY));
    for wait in [CENTURY.to_string(), "9".repeat(400), date] {
        let text = refused(&format!("retry-after: {wait}\r\n"));
        let fine = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
        let answer = move |number| if number == 1 { text.clone() } else { fine.to_owned() };
        let url = server(move |number, socket| say(socket, answer(number))).await;
        let (throttle, client) = setup();
        let first = many(&client, &url, 1, LIMIT).await.remove(0);
        assert_eq!(first.unwrap(), (429, "later".to_owned()), "{wait}");
        assert!(throttle.is_paused(), "{wait}");
        let moment = Duration::from_millis(50);
        let others = (0..CALLERS).map(|_| tokio::time::timeout(moment, client.get(&url).send()));
        assert!(join_all(others).await.iter().all(Result::is_err), "{wait}");
        throttle.resume();
        all_free(&throttle, &wait);
        let next = many(&client, &url, 1, LIMIT).await.remove(0);
        assert_eq!(next.unwrap(), (200, "ok".to_owned()), "{wait}");
        all_free(&throttle, &wait);
    }
}

#[tokio::test]
async fn fields_that_make_no_sense_are_as_none() {
    let strange = [
        "",
        "soon",
        "-1",
        "+1",
        "1.5",
        "1e3",
        "0x10",
        "1,2",
        "NaN",
        "Thu, 32 Jan 2026 00:00:00 GMT",
        ";;;",
        "\u{e4}\u{b2}",
        "Xyz, 01 Jan 2026",
    ];
    for value in strange {
        let fields: String =
            ["retry-after", "date", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset"]
                .map(|name| format!("{name}: {value}\r\n"))
                .concat();
        let text = refused(&fields);
        let url = server(move |_, socket| say(socket, text.clone())).await;
        let (throttle, client) = setup();
        let got = many(&client, &url, 1, LIMIT).await.remove(0);
        assert_eq!(got.unwrap(), (429, "later".to_owned()), "{value:?}");
        // Five milliseconds, as there is nothing said; any number in there would have been a second at least.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!throttle.is_paused(), "{value:?}");
        all_free(&throttle, value);
    }
}

#[tokio::test]
async fn what_is_no_http_is_an_error() {
    for text in [
        "HTTP/1.1 4290 Later\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 429 Later\r\nretry after : 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        "\0\u{1}\u{2} what is this?\r\n\r\n",
    ] {
        let url = server(move |_, socket| say(socket, text)).await;
        let (throttle, client) = setup();
        let got = many(&client, &url, CALLERS, LIMIT).await;
        assert!(got.iter().all(Result::is_err), "{text:?}: {got:?}");
        all_free(&throttle, text);
    }
}
