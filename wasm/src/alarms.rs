//! The alarms of this thread, set with `setTimeout`.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use slab::Slab;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(ring: &JsValue, millis: i32, place: u32) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(handle: &JsValue);

    /// `WebAssembly.Table`, in which our functions are functions of JavaScript's too.
    type Table;

    #[wasm_bindgen(method)]
    fn get(this: &Table, function: usize) -> JsValue;
}

thread_local! {
    static ALARMS: RefCell<Slab<Set>> = const { RefCell::new(Slab::new()) };
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
        // One function for all alarms, and no closure for each, which JavaScript would have to collect.
        let table: Table = wasm_bindgen::function_table().unchecked_into();
        let ring = table.get(ring_at as extern "C" fn(u32) as usize);
        let place = ALARMS.with_borrow_mut(|alarms| {
            let handle = set_timeout(&ring, millis, alarms.vacant_key() as u32);
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

/// What `setTimeout` calls.
extern "C" fn ring_at(place: u32) {
    let rung = ALARMS.with_borrow_mut(|alarms| alarms.try_remove(place as usize));
    if let Some(set) = rung {
        set.waker.wake();
    }
}
