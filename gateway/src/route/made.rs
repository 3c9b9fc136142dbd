//! What chains made of a record, and what the egress guard found in it: once for
//! all destinations that have the same chains.
//!
//! Plugins are pure, so the record, its bytes and what stands in them depend on
//! the arrival, the revision and the chains alone. Only the target differs from
//! destination to destination.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::{
    Chain, ChainOutcome,
    guard::{self, Contract, Originals, PayloadBody, Violation},
};
use crate::{plugin::Record, record::Document};

/// A record as chains left it.
#[derive(Debug)]
pub struct Made {
    outcome: ChainOutcome,
    digests: Arc<str>,
    body: OnceLock<Bytes>,
    masked: OnceLock<Result<(), Violation>>,
    none: OnceLock<Result<(), Violation>>,
}

impl Made {
    /// What came of running these chains, one after the other.
    pub(super) fn new(outcome: ChainOutcome, chains: &[&Chain]) -> Self {
        let digests: Vec<_> = chains.iter().flat_map(|chain| chain.digests()).collect();
        Self {
            outcome,
            digests: digests.join(" ").into(),
            body: OnceLock::new(),
            masked: OnceLock::new(),
            none: OnceLock::new(),
        }
    }

    /// How it ended.
    pub fn outcome(&self) -> &ChainOutcome {
        &self.outcome
    }

    /// Whether it waits for a person or a plugin, so that it is to be made anew
    /// when it is asked for again: not every failure is the record's.
    pub(super) fn has_failed(&self) -> bool {
        matches!(
            self.outcome,
            ChainOutcome::Halted(_) | ChainOutcome::Suspended(_)
        )
    }

    /// The record, if the chains kept it.
    pub(super) fn record(&self) -> Option<&Record> {
        match &self.outcome {
            ChainOutcome::Kept(record) => Some(record),
            _ => None,
        }
    }

    /// Names and digests of the plugins, separated by spaces.
    pub fn digests(&self) -> Arc<str> {
        self.digests.clone()
    }

    /// A kept record as JSON, written once.
    pub fn body(&self, document: &Document) -> Bytes {
        self.body.get_or_init(|| document.bytes()).clone()
    }

    /// Whether [`Made::inspect`] knows its answer already.
    pub fn is_inspected(&self, contract: Contract) -> bool {
        self.inspected(contract).get().is_some()
    }

    /// Checks a kept record against a contract. The first time costs a search of
    /// the whole document.
    ///
    /// # Errors
    /// With the field that must not leave.
    pub fn inspect(
        &self,
        document: &Document,
        contract: Contract,
        originals: &Originals,
    ) -> Result<(), Violation> {
        let inspect = || guard::inspect_body(contract, originals, PayloadBody::Json(document));
        self.inspected(contract).get_or_init(inspect).clone()
    }

    fn inspected(&self, contract: Contract) -> &OnceLock<Result<(), Violation>> {
        match contract {
            Contract::Masked => &self.masked,
            Contract::None => &self.none,
        }
    }
}
