//! Where tollgate differs from tokio on purpose. Each difference is to the good of a program that was
//! written for tokio, or does not touch it.

use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::{panics, waiting};

#[test]
fn an_addition_that_is_refused_adds_nothing() {
    // tokio has added by the time it panics, and is then beyond its own limit.
    let theirs = tokio::sync::Semaphore::new(tokio::sync::Semaphore::MAX_PERMITS);
    assert!(panics(|| theirs.add_permits(1)));
    let ours = tollgate::Semaphore::new(tollgate::Semaphore::MAX_PERMITS);
    assert!(panics(|| ours.add_permits(1)));
    assert_eq!(ours.available_permits(), tollgate::Semaphore::MAX_PERMITS);
    drop(ours.try_acquire().unwrap());
}

#[test]
fn permits_that_are_held_count_toward_the_most_there_can_be() {
    // tokio lets this pass, and panics later, in the drop of the permit. The earlier panic shows the culprit.
    let theirs = tokio::sync::Semaphore::new(1);
    let held = theirs.try_acquire().unwrap();
    theirs.add_permits(tokio::sync::Semaphore::MAX_PERMITS);
    assert!(panics(|| drop(held)));

    let ours = tollgate::Semaphore::new(1);
    let held = ours.try_acquire().unwrap();
    assert!(panics(|| ours.add_permits(tollgate::Semaphore::MAX_PERMITS)));
    drop(held);
    assert_eq!(ours.available_permits(), 1);
    // Permits that are forgotten no longer count, so that a gate can be opened after them.
    ours.try_acquire().unwrap().forget();
    ours.add_permits(tollgate::Semaphore::MAX_PERMITS);
}

#[test]
fn what_was_kept_for_a_large_request_is_free_as_soon_as_the_semaphore_closes() {
    // In tokio it is free when the future that waited is dropped.
    let theirs = tokio::sync::Semaphore::new(1);
    let line = waiting(theirs.acquire_many(2));
    theirs.close();
    assert_eq!(theirs.available_permits(), 0);
    drop(line);
    assert_eq!(theirs.available_permits(), 1);

    let ours = tollgate::Semaphore::new(1);
    let line = waiting(ours.acquire_many(2));
    ours.close();
    assert_eq!(ours.available_permits(), 1);
    drop(line);
    assert_eq!(ours.available_permits(), 1);
}

#[test]
fn a_panic_may_pass_a_semaphore_by() {
    // tokio's semaphore is `UnwindSafe` or not as its features are chosen; ours always is.
    fn crosses_panics<T: UnwindSafe + RefUnwindSafe>() {}
    crosses_panics::<tollgate::Semaphore>();
    crosses_panics::<tollgate::SemaphorePermit<'_>>();
    crosses_panics::<tollgate::OwnedSemaphorePermit>();
    let semaphore = tollgate::Semaphore::new(1);
    let caught = catch_unwind(|| {
        let _permit = semaphore.try_acquire().unwrap();
        panic!("as planned");
    });
    assert!(caught.is_err());
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn futures_need_not_be_pinned_and_errors_can_be_copied_and_compared() {
    fn moves<T: Unpin + UnwindSafe + RefUnwindSafe>(_: &T) {}
    let semaphore = Arc::new(tollgate::Semaphore::new(1));
    moves(&semaphore.acquire());
    moves(&semaphore.clone().acquire_owned());
    fn copies<T: Copy + Eq>() {}
    copies::<tollgate::AcquireError>();
    copies::<tollgate::TryAcquireError>();
}
