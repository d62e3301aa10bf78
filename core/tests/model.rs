//! Random scripts of operations, played by core and by a slow and obvious model of it, which must agree.
//!
//! The model keeps lists of calls and charges, and works everything out from these each time, from what the
//! documentation says. Both are told the same operations, on a virtual clock whose alarms ring on time, early,
//! late or not at all; after each operation all that can be seen from outside is compared:
//!
//! - who was let in, and when, who was turned away and why, who was woken, and how often;
//! - how many wait and are inside, what is available, what `check` says;
//! - the alarm: one, for exactly when somebody may go; none if nobody waits on time.
//!
//! Besides, whatever the model says: in no window too much; nobody waits who could go; in the end all are
//! served, and nothing is missing.
//!
//! Scripts are decoded from bytes (`bytes.rs`), whoever makes these. One that fails is made short and printed.
//!
//! ```text
//! cargo test -p tollgate-core --test model                        # 10,000 scripts of each kind
//! TOLLGATE_CASES=100000 cargo test -p tollgate-core --test model  # as many as you like
//! TOLLGATE_STEPS=10000000 TOLLGATE_SEED=1 cargo test --release -p tollgate-core --test model long_run
//! ```

mod common;

#[path = "model/alarm.rs"]
mod alarm;
#[path = "model/bell.rs"]
mod bell;
#[path = "model/bytes.rs"]
mod bytes;
#[path = "model/callers.rs"]
mod callers;
#[path = "model/coming.rs"]
mod coming;
#[path = "model/judge.rs"]
mod judge;
#[path = "model/keyed.rs"]
mod keyed;
#[path = "model/keyed_script.rs"]
mod keyed_script;
#[path = "model/keyed_world.rs"]
mod keyed_world;
#[path = "model/known.rs"]
mod known;
#[path = "model/laws.rs"]
mod laws;
#[path = "model/limits.rs"]
mod limits;
#[path = "model/next.rs"]
mod next;
#[path = "model/paces.rs"]
mod paces;
#[path = "model/rate.rs"]
mod rate;
#[path = "model/run.rs"]
mod run;
#[path = "model/script.rs"]
mod script;
#[path = "model/semaphore.rs"]
mod semaphore;
#[path = "model/semaphore_script.rs"]
mod semaphore_script;
#[path = "model/throttle.rs"]
mod throttle;
#[path = "model/unmade.rs"]
mod unmade;
#[path = "model/world.rs"]
mod world;

use tollgate_core::{BoundedSemaphore, Semaphore};

use run::Kind;
use script::{Flavour, Script};

const PLAIN: Kind = Kind {
    setup: script::SETUP,
    tell: |bytes| format!("{:?}", Script::decode(bytes, Flavour::Plain)),
    play: |bytes, say| world::play(&Script::decode(bytes, Flavour::Plain), say),
};

const CHANGES: Kind = Kind {
    setup: script::SETUP,
    tell: |bytes| format!("{:?}", Script::decode(bytes, Flavour::Changes)),
    play: |bytes, say| world::play(&Script::decode(bytes, Flavour::Changes), say),
};

const UNMADE: Kind =
    Kind { play: |bytes, say| unmade::play(&Script::decode(bytes, Flavour::Changes), say), ..CHANGES };

const SEMAPHORE: Kind = Kind {
    setup: semaphore_script::SETUP,
    tell: |bytes| format!("{:?}", semaphore_script::Script::decode(bytes)),
    play: |bytes, say| semaphore::play::<Semaphore>(&semaphore_script::Script::decode(bytes), say),
};

const BOUNDED: Kind = Kind {
    play: |bytes, say| semaphore::play::<BoundedSemaphore>(&semaphore_script::Script::decode(bytes), say),
    ..SEMAPHORE
};

const KEYED: Kind = Kind {
    setup: keyed_script::SETUP,
    tell: |bytes| format!("{:?}", keyed_script::Script::decode(bytes)),
    play: |bytes, say| keyed_world::play(&keyed_script::Script::decode(bytes), say),
};

#[test]
fn a_throttle_lets_in_whom_the_model_lets_in() {
    run::cases(PLAIN, 10_000, 100);
}

#[test]
fn a_throttle_whose_settings_change_lets_in_whom_the_model_lets_in() {
    run::cases(CHANGES, 10_000, 100);
}

#[test]
fn calls_taken_back_after_a_change_of_settings_let_nobody_in_too_many() {
    run::cases(UNMADE, 10_000, 60);
}

#[test]
fn a_semaphore_grants_what_the_model_grants() {
    run::cases(SEMAPHORE, 10_000, 60);
}

#[test]
fn a_bounded_semaphore_grants_what_the_model_grants() {
    run::cases(BOUNDED, 10_000, 60);
}

#[test]
fn keyed_limits_let_in_whom_the_model_lets_in() {
    run::cases(KEYED, 10_000, 60);
}

#[test]
fn a_long_run_of_random_steps_agrees_with_the_models() {
    run::long(&[PLAIN, CHANGES, UNMADE, KEYED, PLAIN, CHANGES, SEMAPHORE, BOUNDED], 120);
}
