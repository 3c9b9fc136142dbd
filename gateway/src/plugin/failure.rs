//! Why a call of a guest failed.

use std::time::Duration;

use wasmtime::Trap;

/// A failed call. Its text is shown to operators and authors; it never holds
/// anything of the record, unless the author's own message does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The guest panicked, and its SDK said why.
    #[error("panicked: {0}")]
    Panic(String),
    /// The guest trapped.
    #[error("trapped: {0}")]
    Trap(String),
    /// The deadline passed.
    #[error("exceeded its deadline of {} ms", .0.as_millis())]
    Deadline(Duration),
    /// The memory limit was hit.
    #[error("exceeded its memory limit of {0} bytes")]
    Memory(usize),
    /// The guest handed over more than it may.
    #[error("exceeded its output limit of {0} bytes")]
    Output(usize),
    /// A new instance could not be made or configured.
    #[error("could not start: {0}")]
    Start(String),
}

impl Failure {
    /// Stable short form for the ledger and metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Panic(_) => "panic",
            Self::Trap(_) => "trap",
            Self::Deadline(_) => "deadline",
            Self::Memory(_) => "memory",
            Self::Output(_) => "output",
            Self::Start(_) => "start",
        }
    }
}

/// What the store knew when the error came out of it.
pub(super) struct Circumstances {
    pub(super) panic: Option<String>,
    pub(super) memory_exceeded: Option<usize>,
    pub(super) output_exceeded: Option<usize>,
    pub(super) deadline: Duration,
}

/// Tells the kinds of failure apart. The order matters: a guest out of memory
/// aborts with the same trap as a panic.
pub(super) fn classify(error: &wasmtime::Error, seen: Circumstances) -> Failure {
    let trap = error.downcast_ref::<Trap>();
    if trap == Some(&Trap::Interrupt) {
        return Failure::Deadline(seen.deadline);
    }
    if let Some(limit) = seen.memory_exceeded {
        return Failure::Memory(limit);
    }
    if let Some(limit) = seen.output_exceeded {
        return Failure::Output(limit);
    }
    if let Some(message) = seen.panic {
        return Failure::Panic(message);
    }
    Failure::Trap(match trap {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    })
}
