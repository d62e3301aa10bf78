//! Wakers collected under a lock, to be woken once it has been let go.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// Wakers in the order in which their tasks were granted something.
///
/// Waking runs foreign code, which may come straight back to us; so nothing is woken, and no waker
/// is dropped, while one of our locks is held. The usual case is one waker, for which nothing is
/// allocated.
#[derive(Default)]
#[must_use = "whoever was granted something sleeps on until `wake` is called"]
pub(crate) struct Wakers {
    first: Option<Waker>,
    rest: Vec<Waker>,
}

/// What came of waking: the first panic, if a waker panicked.
#[derive(Default)]
#[must_use = "a panic is to be passed on"]
pub(crate) struct Woken(Option<Box<dyn Any + Send>>);

impl Wakers {
    pub(crate) fn push(&mut self, waker: Option<Waker>) {
        let Some(waker) = waker else { return };
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.rest.push(waker);
        }
    }

    /// Wakes all of them, also when one panics.
    #[inline]
    pub(crate) fn wake(self) -> Woken {
        let woken = self.first.map_or_else(Woken::default, wake);
        if self.rest.is_empty() {
            woken
        } else {
            self.rest.into_iter().fold(woken, |woken, waker| woken.and(wake(waker)))
        }
    }
}

#[inline]
fn wake(waker: Waker) -> Woken {
    Woken(catch_unwind(AssertUnwindSafe(|| waker.wake())).err())
}

impl Woken {
    /// The first of two panics.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }

    /// Goes on panicking, when everything is in order for the others.
    pub(crate) fn pass_on(self) {
        if let Some(payload) = self.0 {
            resume_unwind(payload);
        }
    }
}
