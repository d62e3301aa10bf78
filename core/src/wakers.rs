//! Wakers collected under a lock, to be woken once it has been let go.

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

impl Wakers {
    pub(crate) fn push(&mut self, waker: Option<Waker>) {
        let Some(waker) = waker else { return };
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.rest.push(waker);
        }
    }

    pub(crate) fn wake(self) {
        if let Some(waker) = self.first {
            waker.wake();
        }
        for waker in self.rest {
            waker.wake();
        }
    }
}
