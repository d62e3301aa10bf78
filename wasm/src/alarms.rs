//! The alarms of this thread, set with `setTimeout`.

use std::cell::{OnceCell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use slab::Slab;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(ring: &Closure<dyn Fn(u32)>, millis: i32, place: u32) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(handle: &JsValue);
}

thread_local! {
    static ALARMS: RefCell<Slab<Set>> = const { RefCell::new(Slab::new()) };
    /// What `setTimeout` calls: one function for all alarms, made for the first.
    static RING: OnceCell<Closure<dyn Fn(u32)>> = const { OnceCell::new() };
}

/// The number of the next alarm, of whichever thread.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// An alarm that is set.
struct Set {
    number: u64,
    waker: Waker,
    /// A number in browsers, an object in Node.
    handle: JsValue,
}

/// An alarm, cleared when dropped.
///
/// It belongs to the thread that set it. Dropped on another one, it is left to ring.
pub(crate) struct Alarm {
    place: usize,
    number: u64,
}

impl Alarm {
    /// Wakes `waker` in so many milliseconds.
    pub(crate) fn set(millis: i32, waker: Waker) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let place = ALARMS.with_borrow_mut(|alarms| {
            let place = alarms.vacant_key();
            let handle = RING
                .with(|ring| set_timeout(ring.get_or_init(|| Closure::new(ring_at)), millis, place as u32));
            alarms.insert(Set { number, waker, handle })
        });
        Self { place, number }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        // It may have rung, and its place be that of another one; or be that of another thread's.
        let ours = ALARMS.with_borrow_mut(|alarms| {
            let ours = alarms.get(self.place).is_some_and(|set| set.number == self.number);
            ours.then(|| alarms.remove(self.place))
        });
        if let Some(set) = ours {
            clear_timeout(&set.handle);
        }
    }
}

/// `setTimeout` calls.
fn ring_at(place: u32) {
    let rung = ALARMS.with_borrow_mut(|alarms| alarms.try_remove(place as usize));
    if let Some(set) = rung {
        set.waker.wake();
    }
}
