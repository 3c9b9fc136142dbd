//! What became of a record.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::{Case, Expect, ExpectedRefusal, Json};
use crate::{plugin::component::Refusal, record::Tags};

/// What a run of a case came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What became of the record.
    pub outcome: Outcome,
    /// What the plugin logged while it had the record, as `level: text`.
    pub log: Vec<String>,
    /// What it counted.
    pub counters: BTreeMap<String, u64>,
    /// What a second run on the same instance came to, where that was something
    /// else: then the plugin is not pure.
    pub second: Option<Outcome>,
    /// How long the plugin had the record.
    pub took: Duration,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Kept(Kept),
    /// It ends here, for a reason.
    Dropped(String),
    /// It is suspended, with a message.
    Suspended(String),
    /// The plugin failed.
    Failed {
        /// The stable short form of the failure.
        kind: &'static str,
        /// What happened.
        message: String,
    },
    /// The config was refused.
    Refused(Vec<Refusal>),
}

/// A record that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The document as it leaves.
    pub record: String,
    /// Whether that is byte for byte what came.
    pub is_unchanged: bool,
    /// The tags that it bears.
    pub tags: Tags,
}

impl fmt::Display for Outcome {
    /// The outcome without the record, in the words of [`Expect`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept(_) => f.write_str("keep"),
            Self::Dropped(reason) => write!(f, "drop: {reason}"),
            Self::Suspended(message) => write!(f, "suspend: {message}"),
            Self::Failed { kind, message } => write!(f, "failure {kind}: {message}"),
            Self::Refused(refusals) => {
                f.write_str("refused")?;
                refusals
                    .iter()
                    .try_for_each(|one| write!(f, "\n  {}: {}", one.pointer, one.message))
            }
        }
    }
}

impl Found {
    /// The expectations that this would meet. Of what is told only when somebody
    /// asks (tags, log lines, counters) only what there is, and what was asked
    /// for before.
    #[must_use]
    pub fn as_expected(&self, case: &Case) -> Expect {
        let before = case.expect.clone().unwrap_or_default();
        let mut expect = Expect {
            log: (before.log.is_some() || !self.log.is_empty()).then(|| self.log.clone()),
            counters: (before.counters.is_some() || !self.counters.is_empty())
                .then(|| self.counters.clone()),
            ..Expect::default()
        };
        match &self.outcome {
            Outcome::Kept(kept) => {
                let came_with = case.tags.clone().unwrap_or_default();
                if before.tags.is_some() || kept.tags != came_with {
                    expect.tags = Some(kept.tags.clone());
                }
                if kept.is_unchanged {
                    expect.unchanged = Some(true);
                } else {
                    expect.record = Some(Json::Text(kept.record.clone()));
                }
            }
            Outcome::Dropped(reason) => expect.drop = Some(reason.clone()),
            Outcome::Suspended(message) => expect.suspend = Some(message.clone()),
            Outcome::Failed { kind, message } => {
                expect.failure = Some((*kind).to_owned());
                expect.message = Some(message.clone());
            }
            Outcome::Refused(refusals) => {
                let expected = |refusal: &Refusal| ExpectedRefusal {
                    at: refusal.pointer.clone(),
                    message: refusal.message.clone(),
                };
                expect.refused = Some(refusals.iter().map(expected).collect());
            }
        }
        expect
    }
}
