//! Where the library can run: each target plays a scenario and tells what happened.

mod tokio_time;
mod virtual_time;

pub use tokio_time::TokioTime;
pub use virtual_time::VirtualTime;

use crate::platform::Stopped;
use crate::record::Record;
use crate::scenario::Scenario;

/// Something that scenarios can be played on.
pub trait Target: Send + Sync {
    /// Its name in reports and on the command line.
    fn name(&self) -> &'static str;

    /// Plays a scenario from beginning to end.
    ///
    /// # Errors
    /// If it cannot be played here, or something broke.
    fn play(&self, scenario: &Scenario) -> Result<Record, Stopped>;
}

/// All targets of this crate.
#[must_use]
pub fn all() -> Vec<std::sync::Arc<dyn Target>> {
    vec![std::sync::Arc::new(VirtualTime), std::sync::Arc::new(TokioTime)]
}
