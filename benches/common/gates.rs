//! What a crowd can wait for, ours and peers'.

use std::future::Future;
use std::time::Duration;

use tollgate::Rate;
use tollgate::generic::Throttle;
use tollgate::time::ManualTimer;

/// What a crowd waits for.
pub(crate) trait Gate {
    const NAME: &'static str;

    /// One that lets nobody in yet, and then all of a crowd.
    fn shut(crowd: usize) -> Self;

    fn acquire(&self) -> impl Future<Output: Sized>;

    fn open(&self, crowd: usize);
}

impl Gate for tollgate::Semaphore {
    const NAME: &'static str = "tollgate";

    fn shut(_crowd: usize) -> Self {
        Self::new(0)
    }

    fn acquire(&self) -> impl Future<Output: Sized> {
        self.acquire()
    }

    fn open(&self, crowd: usize) {
        self.add_permits(crowd);
    }
}

impl Gate for tokio::sync::Semaphore {
    const NAME: &'static str = "tokio";

    fn shut(_crowd: usize) -> Self {
        Self::new(0)
    }

    fn acquire(&self) -> impl Future<Output: Sized> {
        self.acquire()
    }

    fn open(&self, crowd: usize) {
        self.add_permits(crowd);
    }
}

impl Gate for async_lock::Semaphore {
    const NAME: &'static str = "async-lock (unfair)";

    fn shut(_crowd: usize) -> Self {
        Self::new(0)
    }

    fn acquire(&self) -> impl Future<Output: Sized> {
        self.acquire()
    }

    fn open(&self, crowd: usize) {
        self.add_permits(crowd);
    }
}

impl Gate for asyncband::semaphore::Semaphore {
    const NAME: &'static str = "asyncband";

    fn shut(_crowd: usize) -> Self {
        Self::new(0)
    }

    fn acquire(&self) -> impl Future<Output: Sized> {
        self.acquire(1)
    }

    fn open(&self, crowd: usize) {
        self.release(crowd);
    }
}

/// A throttle whose quota is used up until a second has passed.
pub(crate) struct ThrottleOnTime {
    timer: ManualTimer,
    throttle: Throttle<ManualTimer>,
}

const PERIOD: Duration = Duration::from_secs(1);

impl Gate for ThrottleOnTime {
    const NAME: &'static str = "tollgate's Throttle";

    fn shut(crowd: usize) -> Self {
        let timer = ManualTimer::new();
        let rate = Rate::new(crowd as f64, PERIOD);
        let throttle = Throttle::builder_on(timer.clone()).rate(rate).build().expect("a sound rate");
        drop(throttle.try_acquire_cost(crowd as f64).expect("nobody is inside"));
        Self { timer, throttle }
    }

    fn acquire(&self) -> impl Future<Output: Sized> {
        self.throttle.acquire()
    }

    fn open(&self, _crowd: usize) {
        self.timer.advance(PERIOD);
    }
}
