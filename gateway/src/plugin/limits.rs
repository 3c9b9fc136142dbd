//! What a guest may use, and the limiter that holds it to its memory.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use super::{budget::Share, workers};
use crate::config::model::PluginHost;

/// Limits of one plugin. Each has a default in the embedded configuration
/// (`[plugin_host]`) and can be set per plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Wall time of one call of `process`.
    pub deadline: Duration,
    /// Wall time of instantiation and one call of `configure`.
    pub configure_deadline: Duration,
    /// Linear memory of one instance, in bytes.
    pub max_memory_bytes: usize,
    /// Size of the finished document, and of all that a guest hands over in one
    /// call, in bytes.
    pub max_output_bytes: usize,
    /// Log lines of one call. Further lines are counted.
    pub max_log_lines: u32,
    /// Log lines of a second, over all instances. Further lines are counted.
    pub max_log_lines_per_s: u32,
    /// Failures that are kept, with the records.
    pub keep_failures: usize,
    /// Calls after which an instance is retired.
    pub max_calls: u64,
    /// Its share of the workers' time.
    pub share: Share,
}

impl From<&PluginHost> for Limits {
    fn from(host: &PluginHost) -> Self {
        Self {
            deadline: Duration::from_millis(host.deadline_ms),
            configure_deadline: Duration::from_millis(host.configure_deadline_ms),
            max_memory_bytes: saturating(host.max_memory_bytes),
            max_output_bytes: saturating(host.max_output_bytes),
            max_log_lines: host.max_log_lines,
            max_log_lines_per_s: host.max_log_lines_per_s,
            keep_failures: host.keep_failures,
            max_calls: host.max_calls,
            share: Share {
                workers: workers::count(host.workers),
                percent: host.cpu_budget_percent,
            },
        }
    }
}

/// A number of bytes, as far as this machine can address them.
pub(crate) fn saturating(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Entries of a guest's tables (function pointers). Toolchains seen here need a
/// few thousand.
const MAX_TABLE_ELEMENTS: usize = 100_000;

/// Core instances, tables and memories of one component. Components made by
/// componentize-py have about thirty modules.
const MAX_ENTITIES: usize = 100;

/// Holds a store to its memory limit and remembers that it was hit, since the
/// guest itself only reports an abort.
#[derive(Debug)]
pub(super) struct MemoryLimiter {
    max_bytes: usize,
    used: usize,
    pub(super) exceeded: bool,
}

impl MemoryLimiter {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            used: 0,
            exceeded: false,
        }
    }

    /// Linear memory in use, in bytes.
    pub(super) fn used(&self) -> usize {
        self.used
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // The limit is on the sum over the memories of all modules.
        let wanted = self.used.saturating_add(desired - current);
        if wanted > self.max_bytes {
            self.exceeded = true;
            return Ok(false);
        }
        self.used = wanted;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        MAX_ENTITIES
    }

    fn tables(&self) -> usize {
        MAX_ENTITIES
    }

    fn memories(&self) -> usize {
        MAX_ENTITIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_summed_over_all_memories_and_the_limit_is_remembered() {
        let mut limiter = MemoryLimiter::new(100);
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert!(!limiter.exceeded);
        assert!(!limiter.memory_growing(60, 61, None).unwrap());
        assert!(limiter.exceeded);
        assert_eq!(limiter.used(), 100);
    }
}
