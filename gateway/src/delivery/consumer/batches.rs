//! A batch under way: several deliveries in one request, in a task of its own.
//!
//! It is formed of deliveries that their jobs made ready, or it was frozen and is
//! sent again. Its id and bytes follow from the members that are sent: one that
//! its contract holds back, or whose URL is another by now, makes another batch
//! of the rest.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::job::{Done, JobEnd};
use crate::{
    config::revision::Revision,
    delivery::{
        Destination, Driver, Payload,
        batch::{BatchId, join, media_type},
        http::{Attempted, Envelope},
        policy::Policy,
        prepare::{self, Prepared},
    },
    journal::{BatchFormat, Exception, FrozenMember},
    plugin::Workers,
    record::{Arrival, Seq},
};

/// A delivery that is ready to be sent with others.
pub(super) struct Member {
    pub(super) arrival: Arc<Arrival>,
    /// The delivery as it is kept, when this is not its first attempt.
    pub(super) exception: Option<Exception>,
    pub(super) payload: Payload,
    /// Its own id, of which that of the batch is made.
    pub(super) webhook_id: String,
    /// The format that its payload is frozen in, if it is.
    pub(super) frozen: Option<BatchFormat>,
    /// The revision that made its payload.
    pub(super) revision: u32,
    /// Time that does not count against it.
    pub(super) outage: Duration,
}

impl Member {
    pub(super) fn seq(&self) -> Seq {
        self.arrival.seq
    }
}

/// What a task needs to send one batch.
pub(super) struct BatchJob {
    pub(super) revision: Arc<Revision>,
    pub(super) destination: Arc<Destination>,
    pub(super) policy: Arc<Policy>,
    /// Cancelled when what has not been sent yet has to come back.
    pub(super) recall: CancellationToken,
    pub(super) format: BatchFormat,
    pub(super) members: Members,
    /// Whether the breaker sent it to see if the destination is back.
    pub(super) probe: bool,
    /// How long the destination was broken before.
    pub(super) outage: Duration,
}

/// Where the members of a batch come from.
pub(super) enum Members {
    /// They were made ready.
    Formed(Vec<Member>),
    /// They failed together before.
    Frozen(Vec<FrozenMember>),
}

/// A batch that ended, not settled yet.
pub(super) struct BatchDone {
    /// Those that were to be sent, in order of arrival.
    pub(super) members: Vec<Member>,
    /// How it went; none if nothing was sent: nothing was left, or it was called
    /// back.
    pub(super) sent: Option<SentBatch>,
    /// Those that are suspended.
    pub(super) held_back: Vec<Done>,
    /// Those that stay as they are, since their URL is another one by now.
    pub(super) left: Vec<Member>,
    pub(super) probe: bool,
    /// How many members it had, where it was frozen before.
    pub(super) was_frozen: Option<usize>,
}

/// What a task of a consumer brings back.
pub(super) enum Returned {
    One(Done),
    Batch(BatchDone),
}

/// What was sent, and how it went.
pub(super) struct SentBatch {
    pub(super) format: BatchFormat,
    pub(super) id: BatchId,
    pub(super) attempted: Attempted,
}

impl BatchJob {
    pub(super) async fn run(mut self, workers: Arc<Workers>) -> BatchDone {
        let mut held_back = Vec::new();
        let members = std::mem::replace(&mut self.members, Members::Formed(Vec::new()));
        let was_frozen = match &members {
            Members::Formed(_) => None,
            Members::Frozen(kept) => Some(kept.len()),
        };
        let mut members = match members {
            Members::Formed(members) => members,
            Members::Frozen(kept) => self.thaw(kept, &workers, &mut held_back).await,
        };
        members.sort_by_key(Member::seq);
        let left = elsewhere(&mut members);
        BatchDone {
            sent: self.send(&members).await,
            members,
            held_back,
            left,
            probe: self.probe,
            was_frozen,
        }
    }

    /// The members whose payloads may still be sent.
    async fn thaw(
        &self,
        kept: Vec<FrozenMember>,
        workers: &Workers,
        held_back: &mut Vec<Done>,
    ) -> Vec<Member> {
        let mut members = Vec::with_capacity(kept.len());
        for FrozenMember {
            arrival,
            exception,
            frozen,
        } in kept
        {
            let journey = self.revision.journey(&arrival);
            let (webhook_id, format) = (frozen.webhook_id.clone(), frozen.batch_format);
            let prepared = prepare::thaw(&journey, &self.destination, frozen, workers).await;
            let revision = exception.revision;
            let exception = Some(exception);
            let ended = match prepared {
                Prepared::Ready(payload) => {
                    members.push(Member {
                        arrival,
                        exception,
                        payload,
                        webhook_id,
                        frozen: format,
                        revision,
                        outage: self.outage,
                    });
                    continue;
                }
                Prepared::Suspended(suspension) => JobEnd::Suspended(suspension),
                Prepared::Halted(failure) => JobEnd::Halted(failure),
                Prepared::Skipped(reason) => JobEnd::Skipped(reason),
            };
            held_back.push(Done {
                arrival,
                exception,
                probe: false,
                outage: self.outage,
                revision,
                met_plugins: false,
                ended,
            });
        }
        members
    }

    async fn send(&self, members: &[Member]) -> Option<SentBatch> {
        let first = members.first()?;
        let Driver::Http(http) = &self.destination.driver else {
            return None;
        };
        let id = BatchId::of(self.format, members.iter().map(|it| it.webhook_id.as_str()));
        let bodies: Vec<_> = members.iter().map(|it| it.payload.body.as_ref()).collect();
        let envelope = Envelope {
            url: &first.payload.target,
            body: join(self.format, &bodies),
            media_type: media_type(self.format),
            webhook_id: &id.to_string(),
            trace: id.trace(),
        };
        let (policy, recall) = (&self.policy, &self.recall);
        Some(SentBatch {
            format: self.format,
            id,
            attempted: http.send(envelope, policy, recall).await?,
        })
    }
}

/// Takes out those that go to another URL than the first. A batch is formed only
/// where the URL is constant, but may have been frozen before it was changed.
fn elsewhere(members: &mut Vec<Member>) -> Vec<Member> {
    let Some(first) = members.first().map(|first| first.payload.target.clone()) else {
        return Vec::new();
    };
    let is_elsewhere = |member: &mut Member| member.payload.target != first;
    members.extract_if(.., is_elsewhere).collect()
}
