//! Stages that a new configuration does not have any more, and those that it adds.

use crate::{
    config::model::Config,
    journal::{Journal, JournalError, StageHeld},
};

/// A stage is missing from the configuration, but not from the journal.
#[derive(Debug, thiserror::Error)]
#[error(
    "stage {stage} is not in the configuration, but remembers {} keys and waits for {} timers; put it back, or say `retired = true` to have that forgotten", .held.state_keys, .held.timers
)]
pub struct StageRemoval {
    /// The stage.
    pub stage: String,
    /// What it holds.
    pub held: StageHeld,
}

/// Why stages cannot go.
#[derive(Debug, thiserror::Error)]
pub(super) enum StageRemovalError {
    /// The journal cannot be asked.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// One holds something.
    #[error(transparent)]
    Removal(#[from] StageRemoval),
}

impl From<StageRemovalError> for super::ReloadError {
    fn from(error: StageRemovalError) -> Self {
        match error {
            StageRemovalError::Journal(error) => Self::Journal(error),
            StageRemovalError::Removal(removal) => Self::StageRemoval(removal),
        }
    }
}

impl From<StageRemovalError> for super::StartError {
    fn from(error: StageRemovalError) -> Self {
        match error {
            StageRemovalError::Journal(error) => Self::Journal(error),
            StageRemovalError::Removal(removal) => Self::StageRemoval(removal),
        }
    }
}

/// Refuses a configuration that lacks a stage which holds something.
pub(super) async fn check(journal: &dyn Journal, config: &Config) -> Result<(), StageRemovalError> {
    for standing in journal.stages().await? {
        if !config.stage.contains_key(&standing.stage) && !standing.held.is_nothing() {
            return Err(StageRemovalError::Removal(StageRemoval {
                stage: standing.stage,
                held: standing.held,
            }));
        }
    }
    Ok(())
}

/// Forgets the stages that are gone or retired, and fixes where new ones start: now,
/// and not when their tasks come to claim them, or what arrives until then would be
/// seen by none.
pub(super) async fn carry_over(journal: &dyn Journal, config: &Config) -> Result<(), JournalError> {
    let known = journal.stages().await?;
    for standing in &known {
        let configured = config.stage.get(&standing.stage);
        if configured.is_none_or(|stage| stage.retired) {
            let held = journal.forget_stage(&standing.stage).await?;
            let (stage, keys, timers) = (&standing.stage, held.state_keys, held.timers);
            let unseen = journal.head().0.saturating_sub(standing.cursor.0);
            if unseen == 0 {
                tracing::info!(%stage, keys, timers, "a stage is forgotten");
            } else {
                tracing::warn!(%stage, keys, timers, unseen, "a stage is forgotten that has not seen all arrivals");
            }
        }
    }
    for (name, stage) in config.stage.iter().filter(|(_, stage)| !stage.retired) {
        if !known.iter().any(|known| known.stage == *name) {
            journal.claim_stage(name, stage.start.into()).await?;
        }
    }
    Ok(())
}
