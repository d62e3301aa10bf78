//! A million callers queue, and leave in every way there is: what that takes in memory, and that it all
//! comes back. Nothing is timed here; `benches/scale.rs` is for that. But would one of them take time in
//! proportion to the others, these tests would take 10^12 steps, and not end.
//!
//! What is counted as memory of the queue is all that the heap gives out while the crowd comes: the futures
//! themselves are in a place of their own. The figures are printed (`-- --nocapture`).

mod common;

#[path = "scale/crowd.rs"]
mod crowd;
#[path = "scale/heap.rs"]
mod heap;
#[path = "scale/work.rs"]
mod work;

use std::sync::Arc;
use std::time::Duration;

use crowd::{CROWD, Crowd, ORDERS, Order, refused, take};
use tollgate_core::time::ManualTimer;
use tollgate_core::{BoundedSemaphore, Keyed, Rate, Semaphore, Settings, Throttle};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// The most that the queue may take for each waiter, in bytes.
const PER_WAITER: f64 = 64.0;

mod semaphore {
    use super::*;

    fn crowd<'a>(semaphore: &'a Semaphore, name: &str) -> Crowd<impl Future<Output = Granted<'a>> + Unpin> {
        let crowd = Crowd::queue(&format!("Semaphore, {name}"), || semaphore.acquire());
        assert_eq!(semaphore.waiting(), CROWD);
        assert!(crowd.most_per_waiter() <= PER_WAITER, "{} bytes per waiter", crowd.most_per_waiter());
        crowd
    }

    type Granted<'a> = Result<tollgate_core::SemaphorePermit<'a>, tollgate_core::AcquireError>;

    #[test]
    fn a_crowd_is_granted_one_by_one() {
        let semaphore = Semaphore::new(0);
        crowd(&semaphore, "granted one by one").leave(|waiters| {
            // One permit goes through all hands.
            semaphore.add_permits(1);
            take(waiters);
        });
        assert_eq!(semaphore.available_permits(), 1);
    }

    #[test]
    fn a_crowd_is_granted_at_once() {
        let semaphore = Semaphore::new(0);
        crowd(&semaphore, "granted at once").leave(|waiters| {
            semaphore.add_permits(CROWD);
            assert_eq!(semaphore.waiting(), 0);
            take(waiters);
        });
        assert_eq!(semaphore.available_permits(), CROWD);
    }

    #[test]
    fn a_crowd_is_granted_and_never_polled_again() {
        let semaphore = Semaphore::new(0);
        crowd(&semaphore, "granted and dropped").leave(|waiters| {
            semaphore.add_permits(CROWD);
            Order::OldestFirst.cancel(waiters);
        });
        assert_eq!(semaphore.available_permits(), CROWD);
    }

    #[test]
    fn a_crowd_is_cancelled_in_any_order() {
        for order in ORDERS {
            let semaphore = Semaphore::new(0);
            crowd(&semaphore, &format!("cancelled {order:?}")).leave_in(order);
            assert_eq!((semaphore.waiting(), semaphore.available_permits()), (0, 0));
        }
    }

    #[test]
    fn a_crowd_is_turned_away() {
        let semaphore = Semaphore::new(0);
        crowd(&semaphore, "turned away").leave(|waiters| {
            semaphore.close();
            refused(waiters);
        });
    }

    #[test]
    fn a_place_takes_no_more_for_many_permits_or_an_owned_one() {
        let semaphore = Arc::new(Semaphore::new(0));
        let owned = || semaphore.clone().acquire_many_owned(7);
        let crowd = Crowd::queue("Semaphore, seven owned permits each", owned);
        assert!(crowd.most_per_waiter() <= PER_WAITER, "{} bytes per waiter", crowd.most_per_waiter());
        crowd.leave_in(Order::Shuffled);
    }

    #[test]
    fn a_bounded_one_is_the_same() {
        let semaphore = BoundedSemaphore::new(1);
        semaphore.try_acquire().expect("it is free").forget();
        let crowd = Crowd::queue("BoundedSemaphore, granted one by one", || semaphore.acquire());
        assert!(crowd.most_per_waiter() <= PER_WAITER, "{} bytes per waiter", crowd.most_per_waiter());
        crowd.leave(|waiters| {
            semaphore.release(1).expect("one was taken out");
            take(waiters);
        });
    }
}

mod throttle {
    use super::*;

    /// A throttle that lets nobody in before a second has passed.
    fn full(limits: Settings) -> (ManualTimer, Throttle<ManualTimer>) {
        let timer = ManualTimer::new();
        let throttle = Throttle::builder_on(timer.clone()).settings(limits).build().expect("sound");
        throttle.pause(Duration::from_secs(1));
        (timer, throttle)
    }

    fn crowd_sized() -> Settings {
        Settings::new().rate(Rate::per_second(CROWD as f64))
    }

    #[test]
    fn a_crowd_takes_no_more_than_it_may() {
        let (_timer, throttle) = full(crowd_sized());
        let crowd = Crowd::queue("Throttle", || throttle.acquire());
        let most = crowd.most_per_waiter();
        crowd.leave_in(Order::NewestFirst);
        assert!(most <= PER_WAITER, "{most} bytes per waiter");
    }

    #[test]
    fn a_crowd_is_let_in_one_by_one() {
        let (timer, throttle) = full(crowd_sized().concurrency(1));
        let crowd = Crowd::queue("Throttle, let in one by one", || throttle.acquire());
        crowd.leave(|waiters| {
            timer.advance(Duration::from_secs(1));
            take(waiters);
        });
    }

    #[test]
    fn a_crowd_is_let_in_at_once() {
        let (timer, throttle) = full(crowd_sized());
        let crowd = Crowd::queue("Throttle, let in at once", || throttle.acquire());
        crowd.leave(|waiters| {
            timer.advance(Duration::from_secs(1));
            assert_eq!((throttle.waiting(), timer.armed_ever()), (0, 1));
            take(waiters);
        });
    }

    #[test]
    fn a_crowd_is_cancelled_in_any_order() {
        for order in ORDERS {
            let (timer, throttle) = full(crowd_sized());
            Crowd::queue(&format!("Throttle, cancelled {order:?}"), || throttle.acquire()).leave_in(order);
            assert_eq!((throttle.waiting(), timer.armed(), throttle.available()), (0, 0, CROWD as f64));
        }
    }

    #[test]
    fn a_crowd_with_time_limits_runs_out_of_time() {
        let (timer, throttle) = full(crowd_sized());
        let limit = Duration::from_millis(500);
        let limited = || throttle.acquire().timeout(limit);
        Crowd::queue("Throttle with time limits, timed out", limited).leave(|waiters| {
            timer.advance(limit);
            refused(waiters);
        });
    }

    #[test]
    fn a_crowd_with_time_limits_is_cancelled() {
        let (_timer, throttle) = full(crowd_sized());
        let limited = || throttle.acquire().timeout(Duration::from_millis(500));
        Crowd::queue("Throttle with time limits, cancelled", limited).leave_in(Order::Shuffled);
    }

    #[test]
    fn a_crowd_waits_for_one_key() {
        let hosts = Keyed::builder_on(ManualTimer::new()).per_key(Settings::new().concurrency(1));
        let hosts = hosts.build().expect("sound");
        let inside = hosts.try_acquire(7).expect("it is free");
        let crowd = Crowd::queue("Keyed, one key, let in one by one", || hosts.acquire(7));
        let most = crowd.most_per_waiter();
        crowd.leave(|waiters| {
            drop(inside);
            take(waiters);
        });
        assert!(most <= PER_WAITER, "{most} bytes per waiter");
    }
}

/// The futures are part of whatever waits, so they are small as well.
mod futures_are_small {
    use super::*;

    const MOST: usize = 32;

    #[test]
    fn of_a_semaphore() {
        let semaphore = Arc::new(Semaphore::new(1));
        assert!(size_of_val(&semaphore.acquire()) <= MOST);
        assert!(size_of_val(&semaphore.acquire_many(7)) <= MOST);
        assert!(size_of_val(&semaphore.clone().acquire_owned()) <= MOST);
        assert!(size_of_val(&semaphore.clone().acquire_many_owned(7)) <= MOST);
        assert!(size_of_val(&BoundedSemaphore::new(1).acquire()) <= MOST);
    }

    #[test]
    fn of_a_throttle() {
        let throttle = Throttle::builder_on(ManualTimer::new()).build().expect("sound");
        assert!(size_of_val(&throttle.acquire()) <= MOST);
        assert!(size_of_val(&throttle.acquire_cost(7.0)) <= MOST);
        assert!(size_of_val(&throttle.acquire_owned()) <= MOST);
        assert!(size_of_val(&throttle.acquire().timeout(Duration::from_secs(1))) <= MOST);
    }
}
