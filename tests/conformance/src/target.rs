//! Where the library can run: each target plays a script and tells what happened.

#[cfg(not(target_family = "wasm"))]
mod player;
#[cfg(not(target_family = "wasm"))]
mod tokio_time;
mod virtual_time;

#[cfg(not(target_family = "wasm"))]
pub use player::Player;
#[cfg(not(target_family = "wasm"))]
pub use tokio_time::TokioTime;
pub use virtual_time::VirtualTime;

use crate::platform::Stopped;
use crate::record::Record;
use crate::scenario::Script;

/// Something that scripts can be played on.
pub trait Target: Send + Sync {
    /// Its name in reports and on the command line.
    fn name(&self) -> &str;

    /// Gets ready to play.
    ///
    /// # Errors
    /// Why it cannot.
    fn prepare(&self) -> Result<(), String> {
        Ok(())
    }

    /// Plays a script from beginning to end.
    ///
    /// # Errors
    /// If it cannot be played here, or something broke.
    fn play(&self, script: &Script) -> Result<Record, Stopped>;

    /// Nobody waits any more for what is being played or prepared.
    fn give_up(&self) {}
}

/// The targets that run in this process.
#[cfg(not(target_family = "wasm"))]
#[must_use]
pub fn all() -> Vec<std::sync::Arc<dyn Target>> {
    vec![std::sync::Arc::new(VirtualTime), std::sync::Arc::new(TokioTime)]
}
