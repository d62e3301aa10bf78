//! What core is known to do otherwise than it says, so that scripts stay clear of it.

/// Units that a refund took from a call come back once more out of a stepped bucket if that call is then taken
/// back. To become `false` with the change that mends it, and then to go.
pub(crate) const REFUNDED_TWICE: bool = true;
