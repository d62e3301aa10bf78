// What can be done with a permit in the hand.

use std::sync::Arc;

use crate::{now, panic_file, poll, waiting};

#[test]
fn merged_permits_come_back_together() {
    let semaphore = Semaphore::new(6);
    let mut all = semaphore.try_acquire().unwrap();
    all.merge(semaphore.try_acquire_many(2).unwrap());
    all.merge(semaphore.try_acquire_many(0).unwrap());
    for _ in 0..3 {
        all.merge(semaphore.try_acquire().unwrap());
    }
    assert_eq!((all.num_permits(), semaphore.available_permits()), (6, 0));
    drop(all);
    assert_eq!(semaphore.available_permits(), 6);
}

#[test]
fn merged_owned_permits_come_back_together() {
    let semaphore = Arc::new(Semaphore::new(3));
    let mut all = semaphore.clone().try_acquire_owned().unwrap();
    all.merge(semaphore.clone().try_acquire_many_owned(2).unwrap());
    assert_eq!((all.num_permits(), semaphore.available_permits()), (3, 0));
    assert_eq!(Arc::strong_count(&semaphore), 2, "what was merged holds the semaphore no more");
    drop(all);
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn merging_permits_of_two_semaphores_panics_where_it_was_tried_and_loses_none() {
    let (one, other) = (Semaphore::new(2), Semaphore::new(2));
    let mut mine = one.try_acquire().unwrap();
    let theirs = other.try_acquire().unwrap();
    assert_eq!(panic_file(|| mine.merge(theirs)).as_deref(), Some(file!()));
    assert_eq!((mine.num_permits(), one.available_permits(), other.available_permits()), (1, 1, 2));

    let (one, other) = (Arc::new(Semaphore::new(2)), Arc::new(Semaphore::new(2)));
    let mut mine = one.clone().try_acquire_owned().unwrap();
    let theirs = other.clone().try_acquire_owned().unwrap();
    assert_eq!(panic_file(|| mine.merge(theirs)).as_deref(), Some(file!()));
    assert_eq!((mine.num_permits(), other.available_permits()), (1, 2));
}

#[test]
fn a_permit_is_split_into_parts_that_come_back_one_by_one() {
    let semaphore = Semaphore::new(5);
    let mut rest = semaphore.try_acquire_many(5).unwrap();
    let two = rest.split(2).unwrap();
    let none = rest.split(0).unwrap();
    assert_eq!((rest.num_permits(), two.num_permits(), none.num_permits()), (3, 2, 0));
    assert!(rest.split(4).is_none() && rest.split(usize::MAX).is_none());
    assert_eq!(rest.num_permits(), 3, "a refused split takes nothing");
    drop(none);
    assert_eq!(semaphore.available_permits(), 0);
    drop(two);
    assert_eq!(semaphore.available_permits(), 2);
    let all = rest.split(3).unwrap();
    drop(rest);
    assert_eq!(semaphore.available_permits(), 2, "nothing was left in it");
    drop(all);
    assert_eq!(semaphore.available_permits(), 5);
}

#[test]
fn an_owned_permit_is_split_for_several_tasks() {
    let semaphore = Arc::new(Semaphore::new(3));
    let mut rest = semaphore.clone().try_acquire_many_owned(3).unwrap();
    let parts: Vec<OwnedSemaphorePermit> = std::iter::from_fn(|| rest.split(1)).take(3).collect();
    assert_eq!((parts.len(), rest.num_permits()), (3, 0));
    assert!(rest.split(1).is_none());
    drop(rest);
    for (back, part) in parts.into_iter().enumerate() {
        assert_eq!(semaphore.available_permits(), back);
        std::thread::spawn(move || drop(part)).join().unwrap();
    }
    assert_eq!(Arc::strong_count(&semaphore), 1);
}

#[test]
fn part_of_a_permit_lets_in_who_waits_for_so_much() {
    let semaphore = Semaphore::new(4);
    let mut held = semaphore.try_acquire_many(4).unwrap();
    let mut line = waiting(semaphore.acquire_many(2));
    drop(held.split(1));
    assert!(poll(&mut line).is_pending());
    drop(held.split(1));
    assert_eq!(now(&mut line).unwrap().num_permits(), 2);
}

#[test]
fn splitting_and_merging_undo_each_other() {
    let semaphore = Semaphore::new(4);
    let mut whole = semaphore.try_acquire_many(4).unwrap();
    for n in 0..=4 {
        let part = whole.split(n).unwrap();
        whole.merge(part);
        assert_eq!((whole.num_permits(), semaphore.available_permits()), (4, 0));
    }
    whole.split(1).unwrap().forget();
    drop(whole);
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn a_borrowed_permit_knows_its_semaphore() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.try_acquire().unwrap();
    let of: &Semaphore = permit.semaphore();
    assert!(std::ptr::eq(permit.semaphore(), &semaphore));
    assert_eq!(of.available_permits(), 0);
    assert_eq!(SemaphorePermit::semaphore(&permit).available_permits(), 0);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn more_permits_than_one_call_can_ask_for_are_merged_into_one_and_split_again() {
    const HALF: usize = 3_000_000_000;
    let semaphore = Arc::new(Semaphore::new(2 * HALF));
    let mut all = semaphore.try_acquire_many(HALF as u32).unwrap();
    all.merge(semaphore.try_acquire_many(HALF as u32).unwrap());
    assert_eq!((all.num_permits(), semaphore.available_permits()), (2 * HALF, 0));
    drop(all.split(HALF + HALF / 2).unwrap());
    assert_eq!((all.num_permits(), semaphore.available_permits()), (HALF / 2, HALF + HALF / 2));
    all.forget();
    assert_eq!(semaphore.forget_permits(HALF), HALF);

    let semaphore = Arc::new(Semaphore::new(2 * HALF));
    let mut all = semaphore.clone().try_acquire_many_owned(HALF as u32).unwrap();
    all.merge(semaphore.clone().try_acquire_many_owned(HALF as u32).unwrap());
    assert_eq!(all.num_permits(), 2 * HALF);
    drop(all);
    assert_eq!(semaphore.available_permits(), 2 * HALF);
}

#[test]
fn an_owned_permit_knows_its_semaphore() {
    let semaphore = Arc::new(Semaphore::new(1));
    let permit = semaphore.clone().try_acquire_owned().unwrap();
    let of: &Arc<Semaphore> = permit.semaphore();
    assert!(Arc::ptr_eq(of, &semaphore));
    assert!(of.clone().try_acquire_owned().is_err());
}

#[test]
fn the_methods_can_be_named_by_their_types() {
    let semaphore = Arc::new(Semaphore::new(4));
    let mut plain: SemaphorePermit<'_> = Semaphore::try_acquire_many(&semaphore, 2).unwrap();
    SemaphorePermit::forget(SemaphorePermit::split(&mut plain, 1).unwrap());
    let owned = Semaphore::try_acquire_owned(semaphore.clone());
    owned.map(OwnedSemaphorePermit::forget).unwrap();
    assert_eq!((SemaphorePermit::num_permits(&plain), Semaphore::available_permits(&semaphore)), (1, 1));
}
