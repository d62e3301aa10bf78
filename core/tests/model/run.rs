//! How scripts are made from bytes and played: by proptest, and in one long run from a seed.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};

use proptest::array::uniform3;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};

/// One kind of scripts.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// How many bytes make the set-up.
    pub(crate) setup: usize,
    /// The script that some bytes make, to be read.
    pub(crate) tell: fn(&[u8]) -> String,
    /// Plays it, saying at which operation it is; panics if something is wrong.
    pub(crate) play: fn(&[u8], &dyn Fn(usize)),
}

/// Bytes that make one operation.
pub(crate) const OP: usize = 3;

impl Kind {
    /// Plays; if something is wrong, tells what, and where, and the script.
    fn played(self, bytes: &[u8]) -> Result<(), String> {
        keep_quiet();
        let watch = Watch::start(self, bytes);
        let at = Cell::new(0);
        PANICS.set(0);
        PLAYING.set(true);
        let played = catch_unwind(AssertUnwindSafe(|| (self.play)(bytes, &|index| at.set(index))));
        PLAYING.set(false);
        drop(watch);
        played.map_err(|payload| {
            let message = payload.downcast_ref::<String>().cloned();
            let message = message.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            let message = message.unwrap_or_else(|| "a panic without a message".to_owned());
            let place = LAST.take().unwrap_or_default();
            format!("at operation {}, {place}: {message}\n{}", at.get(), (self.tell)(bytes))
        })
    }
}

thread_local! {
    static PLAYING: Cell<bool> = const { Cell::new(false) };
    /// How often this script has panicked, and where first.
    static PANICS: Cell<usize> = const { Cell::new(0) };
    static LAST: Cell<Option<String>> = const { Cell::new(None) };
}

/// Panics while playing are told once, by who plays; not on the way, and not each time while a script is
/// made shorter.
fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if PLAYING.get() && PANICS.replace(PANICS.get() + 1) == 0 {
                LAST.set(panic.location().map(ToString::to_string));
                return;
            }
            report(panic);
            if PLAYING.get() {
                // A second one, on the way out of the first, aborts the process.
                let first = LAST.take();
                UNDER_WAY
                    .lock()
                    .unwrap()
                    .values()
                    .for_each(|script| script.tell(&format!("after {first:?}")));
            }
        }));
    });
}

/// A script under way. One that does not end is told, and ends the test, by a thread that looks now and then.
struct Watch(u64);

struct UnderWay {
    since: Instant,
    kind: Kind,
    bytes: Vec<u8>,
}

impl UnderWay {
    fn tell(&self, what: &str) {
        eprintln!("a script under way, {what}:\n{}", (self.kind.tell)(&self.bytes));
    }
}

static UNDER_WAY: Mutex<BTreeMap<u64, UnderWay>> = Mutex::new(BTreeMap::new());

/// Far longer than any script takes, on any machine.
const TOO_LONG: Duration = Duration::from_secs(60);

impl Watch {
    fn start(kind: Kind, bytes: &[u8]) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        UNDER_WAY
            .lock()
            .unwrap()
            .insert(number, UnderWay { since: Instant::now(), kind, bytes: bytes.to_vec() });
        if number == 0 {
            std::thread::spawn(|| {
                loop {
                    std::thread::sleep(TOO_LONG / 10);
                    for script in UNDER_WAY.lock().unwrap().values() {
                        if script.since.elapsed() > TOO_LONG {
                            script.tell("does not end");
                            std::process::exit(101);
                        }
                    }
                }
            });
        }
        Self(number)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        UNDER_WAY.lock().unwrap().remove(&self.0);
    }
}

/// Plays so many random scripts of up to `ops` operations; `TOLLGATE_CASES` says how many instead.
///
/// A script that fails is made as short as possible, and printed.
pub(crate) fn cases(kind: Kind, count: u32, ops: usize) {
    let count = number("TOLLGATE_CASES").map_or(count, |count| u32::try_from(count).expect("at most 2^32"));
    let config = ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() };
    let scripts = (vec(any::<u8>(), kind.setup), vec(uniform3(any::<u8>()), 1..ops));
    let played = TestRunner::new(config).run(&scripts, |(setup, ops)| {
        let bytes: Vec<u8> = setup.into_iter().chain(ops.into_iter().flatten()).collect();
        kind.played(&bytes).map_err(TestCaseError::fail)
    });
    match played {
        Ok(()) => {}
        Err(TestError::Fail(reason, (setup, ops))) => panic!("{reason}\nbytes: {setup:?}, {ops:?}"),
        Err(other) => panic!("{other}"),
    }
}

/// Plays scripts of these kinds in turn, until they have had `TOLLGATE_STEPS` operations together; from
/// `TOLLGATE_SEED`.
pub(crate) fn long(kinds: &[Kind], ops: usize) {
    let steps = number("TOLLGATE_STEPS").unwrap_or(20_000);
    let seed = number("TOLLGATE_SEED").unwrap_or(0x7011_6a7e);
    println!("{steps} steps from TOLLGATE_SEED={seed}");
    let mut random = Random(seed);
    let mut taken = 0;
    for (round, &kind) in kinds.iter().cycle().enumerate() {
        let count = 1 + usize::from(random.next()) % ops;
        let bytes: Vec<u8> = (0..kind.setup + OP * count).map(|_| random.next()).collect();
        if kind.played(&bytes).is_err() {
            let message = shortened(bytes, kind);
            panic!("script {round} from TOLLGATE_SEED={seed}\n{message}");
        }
        taken += count as u64;
        if taken >= steps {
            return;
        }
    }
}

/// What is wrong with the script, without all operations that it fails without.
fn shortened(mut bytes: Vec<u8>, kind: Kind) -> String {
    let mut at = bytes.len();
    while at > kind.setup {
        at -= OP;
        let mut shorter = bytes.clone();
        shorter.drain(at..at + OP);
        if kind.played(&shorter).is_err() {
            bytes = shorter;
        }
    }
    kind.played(&bytes).expect_err("it fails")
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.replace('_', "").parse().unwrap_or_else(|_| panic!("{name} is {text}, but must be a number")))
}

/// SplitMix64: small, and good enough for scripts.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u8 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 56) as u8
    }
}
