//! A stage, as operators see it.

use serde::{Deserialize, Serialize};

use crate::{
    journal::{StageHeld, StageStanding},
    record::Seq,
    stage::{Stage, StageStatus},
};

/// A stage.
#[derive(Debug, Serialize, Deserialize)]
pub struct StageView {
    /// Its name.
    pub stage: String,
    /// `running` or `halted`.
    pub state: String,
    /// The plugin that it runs.
    pub plugin: Option<String>,
    /// The sources that it sees.
    pub from: Vec<String>,
    /// Positions in the journal: every arrival up to here is done with.
    pub cursor: u64,
    /// The newest arrival.
    pub head: u64,
    /// Arrivals of any source that it has not come to yet.
    pub lag: u64,
    /// What it remembers and waits for.
    pub held: StageHeld,
    /// How much of it may be; nothing where none is granted.
    pub granted: Option<StageHeld>,
    /// Records that it made, ever.
    pub derived: u64,
    /// Records that it made again, and that were left out.
    pub repeated: u64,
    /// Calls that failed, and that it went on without.
    pub failed: u64,
    /// How its task stands; none where it has none.
    pub status: Option<StageStatus>,
}

impl StageView {
    /// Of a stage, as the journal has it and as the revision has it.
    pub(in crate::admin) fn new<'s>(
        standing: StageStanding,
        mut stages: impl Iterator<Item = &'s Stage>,
        status: Option<StageStatus>,
        head: Seq,
    ) -> Self {
        let stage = stages.find(|stage| *stage.name == *standing.stage);
        let granted = stage.and_then(|stage| stage.plugin.grants.state);
        let is_halted = status.as_ref().is_some_and(|status| status.halt.is_some());
        Self {
            state: if is_halted { "halted" } else { "running" }.to_owned(),
            plugin: stage.map(|stage| stage.plugin.name.clone()),
            from: stage.map_or_else(Vec::new, |stage| {
                stage.from.iter().map(ToString::to_string).collect()
            }),
            cursor: standing.cursor.0,
            head: head.0,
            lag: head.0.saturating_sub(standing.cursor.0),
            held: standing.held,
            granted: granted.map(|grant| StageHeld {
                state_bytes: grant.max_bytes,
                state_keys: grant.max_keys,
                timers: grant.max_timers,
            }),
            derived: standing.derived,
            repeated: standing.repeated,
            failed: standing.failed,
            stage: standing.stage,
            status,
        }
    }
}
