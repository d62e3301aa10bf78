//! The semaphore: what runs at once with a release, an acquire, a cancel.

use std::mem;
use std::sync::Arc;

use futures::future::{join, join_all};
use loom::future::block_on;
use loom::thread;
use tollgate_core::Semaphore;

use crate::{poll, waiting};

fn semaphore(permits: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(permits))
}

/// Runs something on a thread of its own.
fn meanwhile(
    semaphore: &Arc<Semaphore>,
    run: impl FnOnce(&Arc<Semaphore>) + 'static,
) -> thread::JoinHandle<()> {
    let semaphore = semaphore.clone();
    thread::spawn(move || run(&semaphore))
}

#[test]
fn a_batch_reaches_all_whom_it_suffices_for() {
    loom::model(|| {
        let semaphore = semaphore(0);
        let one = meanwhile(&semaphore, |it| mem::forget(block_on(it.acquire()).unwrap()));
        let two = meanwhile(&semaphore, |it| mem::forget(block_on(it.acquire_many(2)).unwrap()));
        // Kept without a word to the semaphore, which might be an occasion to serve the other.
        semaphore.add_permits(3);
        one.join().unwrap();
        two.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.waiting()), (0, 0));
    });
}

#[test]
fn a_release_during_an_acquire_is_not_missed() {
    loom::model(|| {
        let semaphore = semaphore(1);
        let permit = semaphore.clone().try_acquire_owned().unwrap();
        let release = meanwhile(&semaphore, |_| drop(permit));
        let permit = block_on(semaphore.acquire()).unwrap();
        release.join().unwrap();
        assert_eq!(semaphore.available_permits(), 0);
        drop(permit);
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn two_releases_reach_two_waiters_in_their_order() {
    loom::model(|| {
        let semaphore = semaphore(2);
        let permits = [(); 2].map(|()| semaphore.clone().try_acquire_owned().unwrap());
        let mut first = waiting(semaphore.acquire());
        let mut second = waiting(semaphore.acquire());
        let releases = permits.map(|permit| meanwhile(&semaphore, |_| drop(permit)));
        if let std::task::Poll::Ready(permit) = poll(&mut second) {
            drop((permit, block_on(first).unwrap()));
        } else {
            drop(block_on(join(&mut first, second)));
        }
        for release in releases {
            release.join().unwrap();
        }
        assert_eq!(semaphore.available_permits(), 2);
    });
}

#[test]
fn two_releases_during_an_acquire_of_both_are_not_missed() {
    loom::model(|| {
        let semaphore = semaphore(2);
        let permits = [(); 2].map(|()| semaphore.clone().try_acquire_owned().unwrap());
        let releases = permits.map(|permit| meanwhile(&semaphore, |_| drop(permit)));
        drop(block_on(semaphore.acquire_many(2)).unwrap());
        for release in releases {
            release.join().unwrap();
        }
        assert_eq!(semaphore.available_permits(), 2);
    });
}

#[test]
fn the_second_waiter_is_never_served_first() {
    loom::model(|| {
        let semaphore = semaphore(1);
        let permit = semaphore.clone().try_acquire_owned().unwrap();
        let mut first = waiting(semaphore.acquire());
        let mut second = waiting(semaphore.acquire());
        let release = meanwhile(&semaphore, |_| drop(permit));
        assert!(poll(&mut second).is_pending(), "there is one permit, and the first has not let go of it");
        release.join().unwrap();
        assert!(poll(&mut first).is_ready());
        assert!(poll(&mut second).is_ready());
    });
}

#[test]
fn nobody_slips_past_one_who_waits() {
    loom::model(|| {
        let semaphore = semaphore(1);
        let permit = semaphore.clone().try_acquire_owned().unwrap();
        let first = waiting(semaphore.acquire());
        let release = meanwhile(&semaphore, |_| drop(permit));
        let newcomer = meanwhile(&semaphore, |it| assert!(it.try_acquire().is_err()));
        newcomer.join().unwrap();
        release.join().unwrap();
        drop(block_on(first).unwrap());
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn nobody_slips_past_one_who_comes_while_a_permit_does() {
    loom::model(|| {
        let semaphore = semaphore(1);
        let permit = semaphore.clone().try_acquire_owned().unwrap();
        let release = meanwhile(&semaphore, |_| drop(permit));
        let newcomer = meanwhile(&semaphore, |it| {
            if it.waiting() > 0 {
                assert!(it.try_acquire().is_err(), "the only permit is for the one who waits");
            }
        });
        let mut first = semaphore.acquire();
        let at_once = poll(&mut first);
        newcomer.join().unwrap();
        release.join().unwrap();
        if at_once.is_pending() {
            drop(block_on(first).unwrap());
        }
        drop(at_once);
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn two_who_try_do_not_both_get_the_only_permit() {
    loom::model(|| {
        let semaphore = semaphore(1);
        let other = meanwhile(&semaphore, |it| {
            if let Ok(permit) = it.try_acquire() {
                permit.forget();
            }
        });
        let mine = semaphore.try_acquire();
        let got_it = mine.is_ok();
        if let Ok(permit) = mine {
            permit.forget();
        }
        other.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.capacity()), (0, 0), "mine: {got_it}");
    });
}

#[test]
fn a_permit_granted_to_one_who_leaves_goes_to_the_next() {
    loom::model(|| {
        let semaphore = semaphore(1);
        let permit = semaphore.clone().try_acquire_owned().unwrap();
        let leaver = waiting(semaphore.clone().acquire_owned());
        let next = waiting(semaphore.acquire());
        let release = meanwhile(&semaphore, |_| drop(permit));
        let leave = meanwhile(&semaphore, |_| drop(leaver));
        drop(block_on(next).unwrap());
        release.join().unwrap();
        leave.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.waiting()), (1, 0));
    });
}

#[test]
fn a_large_request_that_leaves_lets_a_small_one_through() {
    loom::model(|| {
        let semaphore = semaphore(1);
        let large = waiting(semaphore.clone().acquire_many_owned(2));
        let leave = meanwhile(&semaphore, |_| drop(large));
        drop(block_on(semaphore.acquire()).unwrap());
        leave.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.waiting()), (1, 0));
    });
}

#[test]
fn a_close_ends_an_acquire_and_loses_no_permit() {
    loom::model(|| {
        let semaphore = semaphore(1);
        let permit = semaphore.clone().try_acquire_owned().unwrap();
        let release = meanwhile(&semaphore, |_| drop(permit));
        let close = meanwhile(&semaphore, |it| it.close());
        drop(block_on(semaphore.acquire()));
        release.join().unwrap();
        close.join().unwrap();
        assert!(semaphore.try_acquire().is_err());
        assert_eq!((semaphore.available_permits(), semaphore.waiting()), (1, 0));
    });
}

#[test]
fn one_who_waits_when_it_closes_is_told() {
    loom::model(|| {
        let semaphore = semaphore(0);
        let close = meanwhile(&semaphore, |it| it.close());
        assert!(block_on(semaphore.acquire()).is_err());
        close.join().unwrap();
    });
}

#[test]
fn a_close_between_grant_and_cancel_loses_no_permit() {
    loom::model(|| {
        let semaphore = semaphore(1);
        let permit = semaphore.clone().try_acquire_owned().unwrap();
        let waits = waiting(semaphore.acquire());
        let release = meanwhile(&semaphore, |_| drop(permit));
        let close = meanwhile(&semaphore, |it| it.close());
        drop(waits);
        release.join().unwrap();
        close.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.waiting()), (1, 0));
    });
}

#[test]
fn a_close_after_a_grant_does_not_hide_it_from_one_who_leaves() {
    loom::model(|| {
        let semaphore = semaphore(1);
        let permit = semaphore.clone().try_acquire_owned().unwrap();
        let granted = waiting(semaphore.acquire());
        let next = waiting(semaphore.acquire());
        let release = meanwhile(&semaphore, |_| drop(permit));
        let close = meanwhile(&semaphore, |it| it.close());
        drop(granted);
        release.join().unwrap();
        close.join().unwrap();
        drop(next);
        assert_eq!((semaphore.available_permits(), semaphore.waiting()), (1, 0));
    });
}

#[test]
fn a_shrink_during_a_release_takes_the_permit_once() {
    loom::model(|| {
        let semaphore = semaphore(2);
        let permit = semaphore.clone().try_acquire_many_owned(2).unwrap();
        let release = meanwhile(&semaphore, |_| drop(permit));
        semaphore.resize(1).unwrap();
        release.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.capacity()), (1, 1));
    });
}

#[test]
fn a_shrink_during_two_releases_takes_one_permit() {
    loom::model(|| {
        let semaphore = semaphore(2);
        let permits = [(); 2].map(|()| semaphore.clone().try_acquire_owned().unwrap());
        let releases = permits.map(|permit| meanwhile(&semaphore, |_| drop(permit)));
        semaphore.resize(1).unwrap();
        for release in releases {
            release.join().unwrap();
        }
        assert_eq!((semaphore.available_permits(), semaphore.capacity()), (1, 1));
    });
}

#[test]
fn a_shrink_during_an_acquire_lets_in_no_more_than_are_left() {
    loom::model(|| {
        let semaphore = semaphore(2);
        let acquire = meanwhile(&semaphore, |it| drop(block_on(it.acquire()).unwrap()));
        semaphore.resize(1).unwrap();
        drop(block_on(semaphore.acquire()).unwrap());
        acquire.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.capacity()), (1, 1));
    });
}

#[test]
fn a_growth_reaches_one_who_waits_while_a_permit_comes_back() {
    loom::model(|| {
        let semaphore = semaphore(1);
        let permit = semaphore.clone().try_acquire_owned().unwrap();
        let grow = meanwhile(&semaphore, |it| it.resize(2).unwrap());
        let release = meanwhile(&semaphore, |_| drop(permit));
        drop(block_on(join_all([semaphore.acquire(), semaphore.acquire()])));
        grow.join().unwrap();
        release.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.capacity()), (2, 2));
    });
}
