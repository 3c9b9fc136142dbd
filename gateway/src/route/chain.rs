//! The chain: plugins in order, each with what happens when it fails.
//!
//! Invariant: masking never fails open. What becomes of a record that a plugin
//! fails on is what that one use says (`on_error`): it is suspended, ends as
//! skipped, or has its destination stand still. Only `skip` lets it go on, as it
//! was before that plugin.

use std::sync::Arc;

use crate::{
    config::model::OnError,
    plugin::{Failure, Instances, Plugin, Processed, Record, Verdict},
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

    /// Runs a record through the chain, on a worker thread with its instances.
    #[must_use]
    pub fn run(&self, instances: &mut Instances, mut record: Record) -> ChainOutcome {
        for step in &self.uses {
            match instances.process(&step.plugin, &record) {
                Ok(processed) => match settle(&step.plugin, processed) {
                    ChainOutcome::Kept(next) => record = next,
                    ended => return ended,
                },
                Err(failure) => match step.on_error {
                    OnError::Skip => skipped(&step.plugin, &failure),
                    OnError::Suspend => {
                        return ChainOutcome::Suspended(failed(&step.plugin, &failure));
                    }
                    OnError::Drop => return ChainOutcome::Dropped(ledger_reason(&failure)),
                    OnError::Halt => {
                        return ChainOutcome::Halted(failed(&step.plugin, &failure));
                    }
                },
            }
        }
        ChainOutcome::Kept(record)
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

fn settle(plugin: &Plugin, processed: Processed) -> ChainOutcome {
    match processed.verdict {
        Verdict::Keep => ChainOutcome::Kept(processed.record),
        Verdict::Drop(reason) => ChainOutcome::Dropped(format!("{}: {reason}", plugin.name)),
        Verdict::Suspend(reason) => ChainOutcome::Suspended(Suspension {
            reason: PLUGIN_SUSPENDED.into(),
            detail: format!("plugin {} suspended the record: {reason}", plugin.name),
        }),
    }
}

fn failed(plugin: &Plugin, failure: &Failure) -> Suspension {
    Suspension {
        reason: ledger_reason(failure),
        detail: format!("plugin {} {failure}", plugin.name),
    }
}

fn ledger_reason(failure: &Failure) -> String {
    format!("plugin_{}", failure.reason())
}

fn skipped(plugin: &Plugin, failure: &Failure) {
    tracing::warn!(
        plugin = plugin.name,
        reason = failure.reason(),
        "plugin failed; the record goes on without it, as its use says"
    );
}
