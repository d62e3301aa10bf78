//! The rules carried out, on virtual time.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Waker};

use tollgate_core::http::{Backoff, Courier, Gate, OfKey, Reply, Request, RetryPolicy};
use tollgate_core::throttle::AdmitError;
use tollgate_core::time::{ManualTimer, Timer};
use tollgate_core::{Keyed, Rate, Settings};

use crate::common::{SECOND, build, ms, ready, waiting};

/// An answer with these fields, in their order.
struct Page(u16, Vec<(&'static str, &'static str)>);

impl Reply for Page {
    fn status(&self) -> u16 {
        self.0
    }

    fn field(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.1.iter().filter(move |field| field.0 == name).map(|field| field.1.as_bytes())
    }
}

fn page(status: u16, fields: &[(&'static str, &'static str)]) -> io::Result<Page> {
    Ok(Page(status, fields.to_vec()))
}

fn courier(timer: &ManualTimer) -> Courier<ManualTimer> {
    let policy = RetryPolicy::new().jitter(false).backoff(Backoff::Fixed(SECOND));
    Courier::new(timer.clone(), policy, 3, || SECOND)
}

fn is_pending<F: Future>(future: F) -> bool {
    pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

#[test]
fn the_lines_of_a_field_are_one_list() {
    let (timer, gate) = build(Settings::new().concurrency(1));
    let courier = courier(&timer);
    for (fields, paused) in [
        (&[("ratelimit", r#""minute";r=5;t=60"#), ("ratelimit", r#""second";r=0;t=3"#)][..], ms(3_000)),
        (&[("ratelimit", r#""second";r=0;t=3"#), ("ratelimit", r#""minute";r=0;t=60"#)], ms(60_000)),
        // No list: it says nothing, as where a client joins the lines before anybody sees them.
        (&[("retry-after", "5"), ("retry-after", "9")], ms(1_000)),
    ] {
        let mut errand = courier.errand(&gate, 1.0, Request::new("GET"));
        ready(Box::pin(errand.enter())).unwrap();
        assert!(errand.judge(&page(429, fields)).is_none());
        timer.advance(paused - ms(1));
        assert!(gate.is_paused(), "{fields:?}");
        timer.advance(ms(1));
        assert!(!gate.is_paused(), "{fields:?}");
    }
}

#[test]
fn a_deadline_ends_the_wait_in_line_for_the_first_time_and_again() {
    let (timer, gate) = build(Settings::new().concurrency(1));
    let courier = courier(&timer);
    let mut request = Request::new("GET");
    request.deadline = Some(timer.now() + 3 * SECOND);
    let inside = gate.try_acquire().unwrap();
    let mut errand = courier.errand(&gate, 1.0, request);
    let mut entering = waiting(Box::pin(errand.enter()));
    timer.advance(ms(2_999));
    assert!(is_pending(&mut entering));
    timer.advance(ms(1));
    assert_eq!(ready(entering), Err(AdmitError::TimedOut));
    drop(inside);

    request.deadline = Some(timer.now() + 3 * SECOND);
    let mut errand = courier.errand(&gate, 1.0, request);
    ready(Box::pin(errand.enter())).unwrap();
    assert!(errand.judge(&page(429, &[("retry-after", "2")])).is_none());
    timer.advance(2 * SECOND);
    let inside = gate.try_acquire().unwrap();
    let mut entering = waiting(Box::pin(errand.enter()));
    timer.advance(ms(999));
    assert!(is_pending(&mut entering));
    timer.advance(ms(1));
    assert_eq!(ready(entering), Err(AdmitError::TimedOut));
    assert_eq!(gate.waiting(), 0);
    drop(inside);
}

#[test]
fn an_attempt_of_a_key_counts_from_when_it_is_sent() {
    let timer = ManualTimer::new();
    let per_key = Settings::new().rate(Rate::per_second(1.0));
    let keyed = Keyed::builder_on(timer.clone()).per_key(per_key).build().unwrap();
    let gate = OfKey { keyed: &keyed, key: "a" };
    drop(ready(Box::pin(gate.enter(1.0, SECOND))).unwrap());
    let next = waiting(Box::pin(gate.enter(1.0, 5 * SECOND)));
    // It is let in, and something keeps its task from running.
    timer.advance(ms(1_900));
    drop(ready(next).unwrap());
    timer.advance(ms(999));
    assert!(keyed.try_acquire("a").is_err());
    timer.advance(ms(1));
    assert!(keyed.try_acquire("a").is_ok());
}

#[test]
fn a_backoff_of_ones_own_may_use_the_rules_itself() {
    use std::sync::{Arc, OnceLock};
    use tollgate_core::http::{Retries, Verdict};
    use tollgate_core::time::Tick;

    let shared: Arc<OnceLock<Retries>> = Arc::default();
    let inner = shared.clone();
    let policy = RetryPolicy::new().backoff(Backoff::Custom(Arc::new(move |retries| {
        let rules = inner.get().expect("it is set before anything is asked");
        rules.begin(Tick::ZERO, &Request::new("GET"));
        ms(7) * (retries + 1)
    })));
    let rules = shared.get_or_init(|| Retries::new(policy, 3));
    let mut attempts = rules.begin(Tick::ZERO, &Request::new("GET"));
    let Verdict { retry, .. } = rules.failed(&mut attempts, Tick::ZERO);
    assert_eq!(retry, Some(ms(7)));
}
