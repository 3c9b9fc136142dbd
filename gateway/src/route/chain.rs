//! The chain: plugins in order, each with what happens when it fails.
//!
//! Invariant: masking never fails open. What becomes of a record that a plugin
//! fails on is what that one use says (`on_error`): it is suspended, ends as
//! skipped, or has its destination stand still. Only `skip` lets it go on, as it
//! was before that plugin.

mod run;

use std::sync::Arc;

use crate::{
    config::model::OnError,
    plugin::{Failure, Instances, Plugin, Record, Verdict},
};

/// Plugins in order.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    /// The uses, first to last.
    pub uses: Vec<PluginUse>,
}

/// One use of a plugin in a chain.
#[derive(Debug, Clone)]
pub struct PluginUse {
    /// The plugin.
    pub plugin: Arc<Plugin>,
    /// What happens to a record that it fails on.
    pub on_error: OnError,
}

/// Ledger reason of a record that a plugin suspended on purpose.
pub const PLUGIN_SUSPENDED: &str = "plugin_suspended";

/// What a chain made of a record.
#[derive(Debug, Clone)]
pub enum ChainOutcome {
    /// The record as the last plugin left it.
    Kept(Record),
    /// It ends here as skipped, for this ledger reason.
    Dropped(String),
    /// A plugin suspended it, or failed.
    Suspended(Suspension),
    /// A plugin failed, and the destination stands still until it works.
    Halted(Suspension),
}

/// Why a delivery, or its whole destination, needs a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Stable short form for the ledger.
    pub reason: String,
    /// What to look at: the plugin's message, the expression's error, the field.
    pub detail: String,
}

impl Chain {
    /// Whether the chain leaves every record as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.uses.is_empty()
    }

    /// Name and digest of every plugin in the chain, and after it those of the
    /// tables that it looks up, as `table:NAME@DIGEST`: what a frozen payload was made
    /// with.
    #[must_use]
    pub fn digests(&self) -> Vec<String> {
        let mut digests = Vec::new();
        for PluginUse { plugin, .. } in &self.uses {
            digests.push(format!("{}@{}", plugin.name, plugin.digest));
            let tables = plugin.table_digests();
            digests.extend(tables.map(|(name, digest)| format!("table:{name}@{digest}")));
        }
        digests
    }
}

impl PluginUse {
    /// Calls the plugin with a record, and says what becomes of that. `lane` is where
    /// the chain runs.
    fn call(&self, lane: &Arc<str>, instances: &mut Instances, before: Record) -> ChainOutcome {
        let plugin = &self.plugin;
        let processed = match instances.process(plugin, &before) {
            Ok(processed) => processed,
            Err(failure) => {
                plugin.keep_failure(&failure, &before, lane);
                return self.heed(before, &failure);
            }
        };
        match processed.verdict {
            Verdict::Keep => ChainOutcome::Kept(processed.record),
            Verdict::Drop(reason) => ChainOutcome::Dropped(format!("{}: {reason}", plugin.name)),
            Verdict::Suspend(reason) => ChainOutcome::Suspended(Suspension {
                reason: PLUGIN_SUSPENDED.into(),
                detail: format!("plugin {} suspended the record: {reason}", plugin.name),
            }),
        }
    }

    fn heed(&self, before: Record, failure: &Failure) -> ChainOutcome {
        let plugin = &self.plugin;
        let reason = format!("plugin_{}", failure.reason());
        let suspension = |reason| Suspension {
            reason,
            detail: format!("plugin {} {failure}", plugin.name),
        };
        match self.on_error {
            OnError::Suspend => ChainOutcome::Suspended(suspension(reason)),
            OnError::Halt => ChainOutcome::Halted(suspension(reason)),
            OnError::Drop => ChainOutcome::Dropped(reason),
            OnError::Skip => {
                tracing::debug!(
                    plugin = plugin.name,
                    reason,
                    "plugin failed; the record goes on without it, as its use says"
                );
                ChainOutcome::Kept(before)
            }
        }
    }
}
