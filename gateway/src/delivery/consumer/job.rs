//! One delivery under way: made and sent, in a task of its own.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    config::revision::Revision,
    delivery::{
        Destination, Driver, Payload,
        file::Line,
        http::{Attempted, Envelope},
        payload::{Before, JSON, MadeOf},
        policy::Policy,
        prepare::{self, Prepared},
    },
    journal::{BatchFormat, Exception, Frozen, Numbered},
    plugin::Workers,
    record::Arrival,
    route::{Journey, Suspension},
};

/// What a task needs to deliver one arrival.
pub(super) struct Job {
    pub(super) arrival: Arc<Arrival>,
    pub(super) revision: Arc<Revision>,
    pub(super) destination: Arc<Destination>,
    pub(super) basis: Basis,
    pub(super) policy: Arc<Policy>,
    /// Cancelled when what has not been sent yet has to come back.
    pub(super) recall: CancellationToken,
    /// The delivery as it is kept, when this is not its first attempt.
    pub(super) exception: Option<Exception>,
    /// Its payload, if one was frozen; superseded, it is only compared with.
    pub(super) frozen: Option<Frozen>,
    /// The last number in its ids, where that is noted.
    pub(super) numbered: Option<Numbered>,
    /// Whether the breaker sent it to see if the destination is back.
    pub(super) probe: bool,
    /// How long the destination was broken before this attempt: time that does
    /// not count against the record.
    pub(super) outage: Duration,
}

/// A job that ended, not settled yet.
pub(super) struct Done {
    pub(super) arrival: Arc<Arrival>,
    pub(super) exception: Option<Exception>,
    pub(super) probe: bool,
    pub(super) outage: Duration,
    pub(super) revision: u32,
    /// Whether its chains were run. What was frozen does not meet them again.
    pub(super) met_plugins: bool,
    pub(super) ended: JobEnd,
}

/// How a job ended.
pub(super) enum JobEnd {
    Skipped(String),
    Suspended(Suspension),
    /// A plugin failed that the destination stands still for: the delivery stands
    /// as it did before.
    Halted(Suspension),
    Sent(Box<Sent>),
    Line(Line),
    /// It was called back before anything was sent: it stands as it did before.
    Recalled,
    /// It is ready, and sent with others.
    Made(Box<Made>),
}

/// What was sent, and how it went.
pub(super) struct Sent {
    pub(super) attempted: Attempted,
    /// The payload in its frozen form, where it was not frozen before.
    pub(super) to_freeze: Option<Frozen>,
}

/// A payload that is ready to be sent with others.
pub(super) struct Made {
    pub(super) payload: Payload,
    pub(super) webhook_id: String,
    /// The format that it is frozen in, if it is.
    pub(super) frozen: Option<BatchFormat>,
    pub(super) basis: Basis,
}

/// What a payload is made on. Until it is sent it is made anew when this changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Basis {
    /// The number of the revision.
    pub(super) revision: u32,
    /// How many corrections had been heeded.
    pub(super) corrections: u64,
}

impl Job {
    pub(super) async fn run(self, workers: Arc<Workers>) -> Done {
        let journey = self.revision.journey(&self.arrival);
        let ended = self.deliver(&journey, &workers).await;
        // What was frozen stays what the revision of its first attempt made.
        let (revision, met_plugins) = match (self.to_repeat(), &self.exception) {
            (Some(_), Some(kept)) => (kept.revision, false),
            (repeated, _) => (self.revision.number, repeated.is_none()),
        };
        Done {
            arrival: self.arrival,
            exception: self.exception,
            probe: self.probe,
            outage: self.outage,
            revision,
            met_plugins,
            ended,
        }
    }

    /// The payload that is sent as it was frozen, if there is one.
    fn to_repeat(&self) -> Option<&Frozen> {
        self.frozen.as_ref().filter(|frozen| !frozen.superseded)
    }

    async fn deliver(&self, journey: &Arc<Journey>, workers: &Workers) -> JobEnd {
        match self.to_repeat() {
            Some(frozen) => self.deliver_frozen(journey, workers, frozen).await,
            None => self.deliver_fresh(journey, workers).await,
        }
    }

    async fn deliver_fresh(&self, journey: &Arc<Journey>, workers: &Workers) -> JobEnd {
        let routes = &self.revision.routes;
        match prepare::prepare(journey, routes, &self.destination, workers).await {
            Prepared::Skipped(reason) => JobEnd::Skipped(reason),
            Prepared::Suspended(suspension) => JobEnd::Suspended(suspension),
            Prepared::Halted(failure) => JobEnd::Halted(failure),
            Prepared::Ready(payload) => {
                let id = self.fresh_id(&payload);
                self.transmit(payload, &id, None).await
            }
        }
    }

    /// The id of a payload that was made just now.
    fn fresh_id(&self, payload: &Payload) -> String {
        let before = Before {
            frozen: self.frozen.as_ref(),
            numbered: self.numbered,
        };
        let made = MadeOf {
            body: &payload.body,
            revision: self.revision.number,
            correction: self.arrival.correction(),
        };
        before.next_id(self.arrival.id, &self.destination.name, made)
    }

    /// The same bytes again.
    async fn deliver_frozen(
        &self,
        journey: &Arc<Journey>,
        workers: &Workers,
        frozen: &Frozen,
    ) -> JobEnd {
        match prepare::thaw(journey, &self.destination, frozen.clone(), workers).await {
            Prepared::Ready(payload) => {
                let id = &frozen.webhook_id;
                self.transmit(payload, id, Some(frozen)).await
            }
            Prepared::Suspended(suspension) => JobEnd::Suspended(suspension),
            Prepared::Halted(failure) => JobEnd::Halted(failure),
            Prepared::Skipped(reason) => JobEnd::Skipped(reason),
        }
    }

    /// Sends a payload, or hands it over to what sends it with others. What was
    /// frozen to be sent alone goes alone.
    async fn transmit(
        &self,
        payload: Payload,
        webhook_id: &str,
        frozen: Option<&Frozen>,
    ) -> JobEnd {
        let is_single = frozen.is_some_and(|frozen| frozen.batch_format.is_none());
        if self.destination.batch().is_some() && !is_single {
            return JobEnd::Made(Box::new(Made {
                payload,
                webhook_id: webhook_id.to_owned(),
                frozen: frozen.and_then(|frozen| frozen.batch_format),
                basis: self.basis,
            }));
        }
        match &self.destination.driver {
            Driver::File(file) => JobEnd::Line(Line {
                seq: self.arrival.seq,
                id: self.arrival.id,
                path: payload.target,
                place: file.place.clone(),
                body: payload.body,
            }),
            Driver::Http(http) => {
                let envelope = Envelope {
                    url: &payload.target,
                    body: payload.body.clone(),
                    media_type: JSON,
                    webhook_id,
                    trace: self.arrival.id.0.as_u128(),
                };
                let (policy, recall) = (&self.policy, &self.recall);
                let Some(attempted) = http.send(envelope, policy, recall).await else {
                    return JobEnd::Recalled;
                };
                let to_freeze = (!is_single).then(|| {
                    payload.freeze(webhook_id.to_owned(), None, self.arrival.correction())
                });
                JobEnd::Sent(Box::new(Sent {
                    attempted,
                    to_freeze,
                }))
            }
        }
    }
}
