//! Who is to be looked at, and how JavaScript learns of it.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::{Wake, Waker};

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// A function of JavaScript's that takes nothing.
    #[wasm_bindgen(js_name = Function, typescript_type = "Function")]
    pub type Notify;

    #[wasm_bindgen(method)]
    fn call(this: &Notify, receiver: &JsValue);
}

thread_local! {
    static RUNG: RefCell<Rung> = const { RefCell::new(Rung { waiters: Vec::new(), taken: 0 }) };
    static NOTIFY: RefCell<Option<Notify>> = const { RefCell::new(None) };
    /// A call of JavaScript's is under way, which will say by itself that somebody is to be looked at.
    static CALLED: Cell<bool> = const { Cell::new(false) };
}

/// The list. It is taken from until it is empty, and then it begins anew.
struct Rung {
    waiters: Vec<u32>,
    /// How many of them have been taken.
    taken: usize,
}

/// Wakes a waiter: puts its number on the list, and calls JavaScript if that is not calling us.
pub(crate) struct Bell {
    waiter: u32,
}

impl Bell {
    pub(crate) fn waker(waiter: u32) -> Waker {
        Waker::from(Arc::new(Self { waiter }))
    }

    pub(crate) fn connect(notify: Notify) {
        let before = NOTIFY.replace(Some(notify));
        drop(before);
    }

    /// Runs a call of JavaScript's.
    pub(crate) fn during<R>(call: impl FnOnce() -> R) -> R {
        let outer = CALLED.replace(true);
        let result = call();
        CALLED.set(outer);
        result
    }

    /// How many are on the list.
    pub(crate) fn count() -> usize {
        RUNG.with_borrow(|rung| rung.waiters.len() - rung.taken)
    }

    /// Takes the first from the list.
    pub(crate) fn next() -> Option<u32> {
        RUNG.with_borrow_mut(|rung| {
            let next = rung.waiters.get(rung.taken).copied();
            rung.taken += 1;
            if rung.taken >= rung.waiters.len() {
                rung.waiters.clear();
                rung.taken = 0;
            }
            next
        })
    }
}

impl Bell {
    /// Calls JavaScript, if there are any on the list, and nobody else will tell.
    pub(crate) fn ring() {
        if CALLED.get() || Self::count() == 0 {
            return;
        }
        // It only asks for a microtask: it has nothing to fail at, and does not come back to us.
        NOTIFY.with_borrow(|notify| {
            if let Some(notify) = notify {
                notify.call(&JsValue::UNDEFINED);
            }
        });
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        RUNG.with_borrow_mut(|rung| rung.waiters.push(self.waiter));
        // The first has called JavaScript already.
        if Self::count() == 1 {
            Self::ring();
        }
    }
}
