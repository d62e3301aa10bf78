// Making a semaphore, its limits, and what it prints.

use std::error::Error;
use std::sync::{Arc, LazyLock, OnceLock};

use crate::{at_once, panics};

static UPLOADS: Semaphore = Semaphore::const_new(3);
static DOWNLOADS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(2)));
static CHOSEN: OnceLock<Semaphore> = OnceLock::new();

#[test]
fn a_new_semaphore_has_the_permits_it_was_made_with_and_is_open() {
    for permits in [0, 1, 7, 1_000_000, Semaphore::MAX_PERMITS] {
        let semaphore = Semaphore::new(permits);
        assert_eq!(semaphore.available_permits(), permits);
        assert!(!semaphore.is_closed());
        assert_eq!(Semaphore::const_new(permits).available_permits(), permits);
    }
}

#[test]
fn a_semaphore_can_live_in_a_static_and_lend_permits_for_ever() {
    let permit: SemaphorePermit<'static> = UPLOADS.try_acquire().unwrap();
    let joined = std::thread::spawn(move || permit.num_permits()).join();
    assert_eq!(joined.unwrap(), 1);
    assert_eq!(UPLOADS.available_permits(), 3);
    let owned: OwnedSemaphorePermit = DOWNLOADS.clone().try_acquire_owned().unwrap();
    assert_eq!((DOWNLOADS.available_permits(), owned.num_permits()), (1, 1));
    let chosen = CHOSEN.get_or_init(|| Semaphore::new(5));
    assert_eq!(chosen.available_permits(), 5);
}

#[test]
fn there_are_as_many_permits_as_an_eighth_of_a_word_can_count() {
    const MAX: usize = Semaphore::MAX_PERMITS;
    assert_eq!(MAX, usize::MAX >> 3);
}

#[test]
fn more_permits_than_there_can_be_make_a_panic() {
    assert!(panics(|| _ = Semaphore::new(Semaphore::MAX_PERMITS + 1)));
    assert!(panics(|| _ = Semaphore::new(usize::MAX)));
    assert!(panics(|| _ = Semaphore::const_new(Semaphore::MAX_PERMITS + 1)));
}

#[test]
fn adding_up_to_the_most_is_fine_and_one_more_makes_a_panic() {
    let semaphore = Semaphore::new(0);
    semaphore.add_permits(Semaphore::MAX_PERMITS);
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
    assert!(panics(|| semaphore.add_permits(1)));

    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS - 1);
    semaphore.add_permits(0);
    semaphore.add_permits(1);
    assert!(panics(|| semaphore.add_permits(1)));

    let semaphore = Semaphore::new(1);
    assert!(panics(|| semaphore.add_permits(Semaphore::MAX_PERMITS)));
    assert!(panics(|| semaphore.add_permits(usize::MAX)));
}

#[test]
fn a_gate_is_opened_for_everybody_by_adding_all_permits_there_can_be() {
    let gate = Semaphore::new(0);
    let mut line: Vec<_> = (0..3).map(|_| crate::waiting(gate.acquire())).collect();
    gate.add_permits(Semaphore::MAX_PERMITS);
    for visitor in &mut line {
        drop(crate::now(visitor).unwrap());
    }
    drop(at_once(gate.acquire_many(u32::MAX)).unwrap());
    assert_eq!(gate.available_permits(), Semaphore::MAX_PERMITS);
    assert_eq!(gate.forget_permits(usize::MAX), Semaphore::MAX_PERMITS);
    assert!(gate.try_acquire().is_err());
}

#[test]
fn everything_can_be_printed() {
    let semaphore = Arc::new(Semaphore::new(2));
    let _line = crate::waiting(semaphore.acquire_many(9));
    let shown = format!("{semaphore:?} {semaphore:#?}");
    assert!(shown.starts_with("Semaphore {") && shown.contains("permits: 0"), "{shown}");
    drop(_line);
    assert!(format!("{semaphore:?}").contains("permits: 2"));
    let borrowed = format!("{:?}", semaphore.try_acquire().unwrap());
    assert!(borrowed.contains("Permit") && borrowed.contains("permits: 1"), "{borrowed}");
    let owned = format!("{:?}", semaphore.clone().try_acquire_many_owned(2).unwrap());
    assert!(owned.contains("Permit") && owned.contains("permits: 2"), "{owned}");
    semaphore.close();
    assert!(!format!("{semaphore:?}").is_empty());
}

#[test]
fn the_errors_say_what_is_wrong_and_can_be_told_apart() {
    let semaphore = Semaphore::new(0);
    let none = semaphore.try_acquire().unwrap_err();
    semaphore.close();
    let closed = semaphore.try_acquire().unwrap_err();
    let while_waiting: AcquireError = at_once(semaphore.acquire()).unwrap_err();

    assert_eq!(
        (none.to_string(), closed.to_string()),
        ("no permits available".into(), "semaphore closed".into())
    );
    assert_eq!(while_waiting.to_string(), "semaphore closed");
    assert_eq!(format!("{none:?} {closed:?} {while_waiting:?}"), "NoPermits Closed AcquireError(())");
    assert!(none == TryAcquireError::NoPermits && closed == TryAcquireError::Closed && none != closed);
    assert!(while_waiting.source().is_none() && none.source().is_none());
    for error in [none, closed] {
        // Without an arm for others: the program must go on compiling.
        let again = match error {
            TryAcquireError::NoPermits => true,
            TryAcquireError::Closed => false,
        };
        assert_eq!(again, error == TryAcquireError::NoPermits);
    }
}

#[test]
fn the_errors_pass_through_a_question_mark() {
    fn try_one(semaphore: &Semaphore) -> Result<usize, Box<dyn Error + Send + Sync>> {
        Ok(semaphore.try_acquire()?.num_permits())
    }
    async fn wait_for_one(semaphore: &Semaphore) -> Result<usize, Box<dyn Error + Send + Sync + 'static>> {
        Ok(semaphore.acquire().await?.num_permits())
    }
    let semaphore = Semaphore::new(1);
    assert_eq!((try_one(&semaphore).unwrap(), at_once(wait_for_one(&semaphore)).unwrap()), (1, 1));
    semaphore.close();
    assert!(try_one(&semaphore).unwrap_err().is::<TryAcquireError>());
    assert!(at_once(wait_for_one(&semaphore)).unwrap_err().is::<AcquireError>());
}
