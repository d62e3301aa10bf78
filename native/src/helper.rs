//! A thread whose runtime is always there.

use std::sync::LazyLock;
use std::thread;

use tokio::runtime::{Builder, Handle};

/// The runtime of the helper thread; started at the first call, and never stopped.
pub(crate) fn helper() -> &'static Handle {
    static HELPER: LazyLock<Handle> = LazyLock::new(|| {
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("the system provides what a runtime with timers needs");
        let handle = runtime.handle().clone();
        thread::Builder::new()
            .name("tollgate-timer".into())
            .spawn(move || runtime.block_on(std::future::pending::<()>()))
            .expect("the system can start a thread");
        handle
    });
    &HELPER
}
