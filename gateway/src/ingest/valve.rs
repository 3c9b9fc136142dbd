//! Whether a source takes records at the moment.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Shut while a destination of the source has too much waiting. Looking costs one
/// atomic load.
#[derive(Debug, Clone, Default)]
pub struct Valve(Arc<AtomicBool>);

impl Valve {
    /// Opens or shuts it.
    pub(super) fn set(&self, is_shut: bool) {
        self.0.store(is_shut, Ordering::Relaxed);
    }

    /// Whether nothing gets through.
    pub(super) fn is_shut(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
