//! What is wanted: the tables in the order in which they are shown, and the targets of some of their rows.

/// A table, by its title.
pub(super) struct Text {
    pub(super) table: &'static str,
    /// How it is measured, in a sentence or two.
    pub(super) about: &'static str,
}

/// What a row of ours is to reach.
pub(super) struct Target {
    pub(super) table: &'static str,
    /// The row's name, or its beginning and a star.
    pub(super) row: &'static str,
    pub(super) most: Most,
    /// Why it may be missed, or a peer ahead.
    pub(super) why: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Most {
    /// So many times the best peer's.
    OfBest(f64),
    /// So many times that peer's.
    Of(&'static str, f64),
    /// So much.
    Amount(f64),
    /// No more than can be had: where a peer is ahead, it has a reason.
    Any,
}

/// The part of the quota that ours must use.
pub(super) const SHARE: f64 = 0.995;

/// Those of ours that cannot use that much, and why.
pub(super) const SHORT: &[(&str, &str)] = &[
    (
        "tollgate bucket 1",
        "strict spacing never catches up what the timer is late; `smooth` does, and keeps the limit too",
    ),
    (
        "tollgate window",
        "a late wake is lost once per period, and Node's one thread is late now and then; `smooth` catches up",
    ),
];

const fn text(table: &'static str, about: &'static str) -> Text {
    Text { table, about }
}

const fn target(table: &'static str, row: &'static str, most: Most, why: &'static str) -> Target {
    Target { table, row, most, why }
}

pub(super) const TABLES: &[Text] = &[
    text(
        "Semaphore",
        "Acquire and release with nobody else about; and 1,000 tasks on 10 permits that yield while they hold one, each \
         acquire (by turns, the median). async-lock lets newcomers overtake, so under contention it is shown and not compared.",
    ),
    text(
        "Throttle, nobody in the way",
        "`acquire().await` and drop, with concurrency and one rate, beside one reading of the clock, which no rate can \
         do without.",
    ),
    text(
        "Crowd of 100,000 tasks",
        "100,000 tasks wait for 1,000,000 per second; the processor's time for each, its task included.",
    ),
    text("Crowd of 100,000 in one task", "The same as futures of one task: the throttle's own part."),
    text("Quota, two threads", QUOTA),
    text("Quota, one thread", QUOTA),
    text(
        "Wake-up lateness",
        "One caller, a call every 7.3 ms; how much later than due each goes on. tokio's timer has ticks of 1 ms, and \
         governor a timer of its own on a thread of its own.",
    ),
    text(
        "CPU while 10,000 wait",
        "The processor's time of all threads, per second, once all have come. leaky-bucket and ours have one timer for \
         all; with governor everybody sleeps and tries again.",
    ),
    text("Queue", "Waiters that come, one after the other: each one's first poll."),
    text("Let in", "All at once: each is polled and gives its permit back."),
    text("Cancel newest first", "Each is dropped while it waits; freeing its box is included."),
    text("Cancel oldest first", ""),
    text("Cancel shuffled", ""),
    text("Memory of a waiter", "Its boxed future, and what the queue takes for it."),
    text(
        "Instructions",
        "Counted by callgrind, on one thread and a clock that is moved by hand. `cargo xtask test` compares ours with \
         benches/callgrind.json.",
    ),
    text(
        "Node: one call",
        "Each call in turn with nobody else about; and 300,000 at once, ten let in at a time. async-sema hands out no \
         permit that could tell whether it was given back.",
    ),
    text("Node: backlog", "So many `run` at once, one at a time let in; each."),
    text("Node: memory of a waiter", "What the heap, and the wasm, have grown by for each of the backlog."),
    text(
        "Node: cancel",
        "10,000 wait and are aborted by a signal each, in that order; those that can be cancelled.",
    ),
    text("Node: a crossing", "A number read through the border of JavaScript and wasm, and one that is not."),
    text(
        "Node: quota",
        "How much of its quota each limiter used, and the most calls that it let begin in any window of one period, by \
         `performance.now` in the call. Evenly spaced ones are measured against even spacing.",
    ),
    text(
        "Node: size",
        "Bundled and minified by esbuild, and gzipped. tollgate has its wasm in it; tollgate/slim is given it besides.",
    ),
    text("Python: acquire and release", "With nobody else about; the seeds of this project. CPython."),
    text("Python: quota", "At 100 per second, by 20 callers that always want more."),
];

const QUOTA: &str = "Callers that always want more: the share of the quota that was used, and the most calls in any \
                     window of one period of those that the setting allows. A bucket allows its burst besides what comes \
                     in. For ours it is the time of its decision, for peers that at which the caller goes on.";

const CLOCK: Most = Most::OfBest(2.5);
const LOCKS: &str = "besides the clock it is a lock to get in and one to get out";
const CROSSING: &str = "most of it is the lock that goes to and fro between two processors, and the wake-ups that cross; \
                        FIFO peers have both as well";

const SLAB: &str = "waiters are in a slab that is grown and checked in safe code; tokio's are inside their futures, pinned, and \
                    linked by pointers";

const CROWD: &str = "why is not known for sure; from run to run it is 0.7 to 1.6 times what is wanted";

pub(super) const TARGETS: &[Target] = &[
    target("Semaphore", "uncontended", Most::OfBest(0.6), ""),
    target("Semaphore", "contended, one thread", Most::OfBest(0.9), ""),
    target("Semaphore", "contended, two threads", Most::OfBest(0.9), CROSSING),
    target("Throttle, nobody in the way", "window, 1e*", CLOCK, LOCKS),
    target("Throttle, nobody in the way", "window, short log", CLOCK, LOCKS),
    target("Throttle, nobody in the way", "bucket*", CLOCK, LOCKS),
    target("Throttle, nobody in the way", "smooth*", CLOCK, LOCKS),
    target("Throttle, nobody in the way", "*", Most::Any, LOCKS),
    target(
        "Crowd of 100,000 tasks",
        "*",
        Most::Amount(300.0),
        "the tasks are most of it: see the floor beside it",
    ),
    target("Crowd of 100,000 in one task", "*", Most::Amount(300.0), CROWD),
    target(
        "Wake-up lateness",
        "*",
        Most::Any,
        "ours waits on tokio's timer, whose ticks are 1 ms; governor on a thread of its own",
    ),
    target("CPU while 10,000 wait", "*", Most::Any, "as little as the runtime's own threads do meanwhile"),
    target("Queue", "*", Most::Any, SLAB),
    target("Let in", "*", Most::Any, SLAB),
    target("Cancel newest first", "*", Most::Any, SLAB),
    target("Cancel oldest first", "*", Most::Any, SLAB),
    target("Cancel shuffled", "*", Most::Any, SLAB),
    target("Instructions", "*", Most::Any, SLAB),
    target(
        "Node: one call",
        "acquire + release",
        Most::Of("async-sema", 1.2),
        "async-sema hands out no permit: who gives back twice, or too much, is not told",
    ),
    target("Node: one call", "run(fn)", Most::Of("p-limit", 0.5), ""),
    target(
        "Node: one call",
        "backlog of 300,000",
        Most::Of("p-limit", 1.0),
        "async-sema is handed no function to run, and gives no permit",
    ),
    target(
        "Node: backlog",
        "*",
        Most::Any,
        "async-sema has a ring of resolve functions and nothing else: no cancelling, no permit",
    ),
    target("Node: cancel", "*", Most::Any, "most of it is AbortController's own, as it is for p-queue"),
    target(
        "Node: size",
        "*",
        Most::Any,
        "one engine for everything, rates, pauses, keys and fetch, with its wasm",
    ),
];

/// The target of a row, if it has one.
pub(super) fn of(table: &str, row: &str) -> Option<&'static Target> {
    let is_of =
        |name: &str| name == row || name.strip_suffix('*').is_some_and(|start| row.starts_with(start));
    TARGETS.iter().find(|target| target.table == table && is_of(target.row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_target_that_its_name_begins_with() {
        assert_eq!(of("Semaphore", "contended, one thread").unwrap().most, Most::OfBest(0.9));
        assert_eq!(of("Crowd of 100,000 tasks", "smooth, 1e6 per s").unwrap().most, Most::Amount(300.0));
        assert!(of("Semaphore", "uncontended").is_some() && of("Semaphore", "uncontended owned").is_none());
        assert_eq!(of("Throttle, nobody in the way", "window, short log").unwrap().most, CLOCK);
        assert_eq!(of("Throttle, nobody in the way", "window, until answered").unwrap().most, Most::Any);
        assert!(of("Memory of a waiter", "1e3").is_none());
    }

    #[test]
    fn targets_are_of_tables_that_there_are() {
        for target in TARGETS {
            assert!(TABLES.iter().any(|text| text.table == target.table), "{}", target.table);
        }
    }
}
