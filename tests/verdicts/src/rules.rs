//! Rules drawn by chance, and rows judged by them.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus as Random;
use serde_json::{Value, json};
use tollgate_core::http::{Answer, Fields, Request, Retries, RetryPolicy};
use tollgate_core::time::Tick;

use crate::fields;

/// Bits of what is on, as JavaScript has them.
const JITTER: u32 = 1;
const FORBIDDEN_MAY_MEAN_LATER: u32 = 2;
const HEED_RATE_LIMIT_FIELDS: u32 = 4;

/// Rules, as JavaScript makes them; what is none is as ever.
pub(crate) struct Rules {
    retries: Option<u32>,
    /// In milliseconds.
    max_retry_after: Option<u64>,
    flags: u32,
    seed: f64,
    statuses: Vec<u16>,
    judge: Retries,
    /// Milliseconds between two rows, at most: little makes the budget run dry.
    pace: u64,
    /// Milliseconds of the clock that never goes back.
    now: u64,
    /// Milliseconds since 1970.
    wall: u64,
}

/// What may come back; 0 is no answer.
const STATUSES: [u16; 16] = [429, 429, 429, 503, 503, 0, 0, 200, 204, 304, 403, 404, 404, 500, 500, 502];

impl Rules {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let retries = pick(random, &[None, None, Some(0), Some(1), Some(3), Some(1_000), Some(1_000_000)]);
        let longest = [0, 999, 5_000, 120_000, 600_000, 1_000_000_000_000].map(Some);
        let max_retry_after = if random.random_bool(0.3) { None } else { pick(random, &longest) };
        let flags = random.random_range(0..8);
        // Below 1, and with few digits.
        let seed = f64::from(random.random_range(0..1 << 20)) / f64::from(1 << 20);
        let statuses =
            (0..random.random_range(0..4)).map(|_| pick(random, &[404, 500, 502, 429, 200])).collect();
        let mut rules = Self {
            retries,
            max_retry_after,
            flags,
            seed,
            statuses,
            judge: Retries::new(RetryPolicy::new(), 0),
            pace: pick(random, &[0, 20, 500, 5_000, 50_000]),
            now: random.random_range(0..100_000_000),
            // From 1970 to 2400.
            wall: pick(random, &[0, 1_000_000, 1_767_225_600_000, 13_569_465_600_000])
                + random.random_range(0..1_000_000),
        };
        rules.judge = rules.judge();
        rules
    }

    fn judge(&self) -> Retries {
        let has = |flag: u32| self.flags & flag != 0;
        let mut policy = RetryPolicy::new()
            .retry_on(self.statuses.clone())
            .jitter(has(JITTER))
            .forbidden_may_mean_later(has(FORBIDDEN_MAY_MEAN_LATER))
            .heed_rate_limit_fields(has(HEED_RATE_LIMIT_FIELDS));
        if let Some(retries) = self.retries {
            policy = policy.retries(retries);
        }
        if let Some(longest) = self.max_retry_after {
            policy = policy.max_retry_after(Duration::from_millis(longest));
        }
        Retries::new(policy, (self.seed * u64::MAX as f64) as u64)
    }

    pub(crate) fn shown(&self) -> Value {
        json!(["rules", self.retries, self.max_retry_after, self.flags, self.seed, self.statuses])
    }

    /// A request and its answer, and then in nanoseconds when it is sent again and for how long all hold off, and how many
    /// units remain; -1 is none of it.
    pub(crate) fn row(&mut self, random: &mut Random) -> Value {
        self.now += random.random_range(0..=self.pace);
        self.wall += random.random_range(0..3_000);
        let may_repeat = random.random_bool(0.8);
        let again = pick(random, &[0, 0, 0, 1, 2, 3, 31, 32, 1_000_000]);
        let status = pick(random, &STATUSES);
        let backoff = pick(random, &[-1, -1, 0, 1, 250, 119_999, 120_001, 1_000_000_000]);
        let texts = fields::draw(random, self.wall / 1_000);

        let mut request = Request::new(if may_repeat { "GET" } else { "POST" });
        request.idempotency_key = may_repeat && again % 2 == 1;
        let now = Tick::from_nanos(self.now * 1_000_000);
        let mut attempts =
            if again == 0 { self.judge.begin(now, &request) } else { self.judge.after(again, &request) };
        if let Ok(wait) = u64::try_from(backoff) {
            attempts.set_backoff(Duration::from_millis(wait));
        }
        let verdict = if status == 0 {
            self.judge.failed(&mut attempts, now)
        } else {
            let field = |name: &str| {
                let place = Fields::NAMES.iter().position(|known| *known == name)?;
                texts[place].as_deref()
            };
            let wall = Duration::from_millis(self.wall);
            self.judge.answered(&mut attempts, &Answer::new(status, Fields::read(field), now, wall))
        };
        let nanos = |wait: Option<Duration>| wait.map_or(json!(-1), |wait| json!(wait.as_nanos() as u64));
        // A byte is a character, as in JavaScript's `Headers`.
        let shown = |text: &Option<Vec<u8>>| {
            text.as_ref().map(|text| text.iter().map(|&byte| char::from(byte)).collect::<String>())
        };
        let texts: Vec<Option<String>> = texts.iter().map(shown).collect();
        let (retry, hold_off) = (nanos(verdict.retry), nanos(verdict.hold_off));
        let remaining = verdict.remaining.unwrap_or(-1.0);
        json!([may_repeat, again, status, self.wall, self.now, backoff, texts, retry, hold_off, remaining])
    }
}

fn pick<T: Copy>(random: &mut Random, all: &[T]) -> T {
    all[random.random_range(0..all.len())]
}
