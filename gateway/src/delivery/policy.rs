//! What stands between a delivery and its receiver: tower layers around the HTTP
//! client, put together in one place ([`Policy::around`]).
//!
//! Invariants:
//! - Waiting is no part of an attempt. Slot and token are waited for in
//!   `poll_ready`; the timeout, and what is measured, begin with `call`.
//! - What waits has sent nothing, and can be called back without loss.
//! - A reload keeps what was learnt: the limit that adapts, the tokens that are
//!   spent.
//!
//! How it fails: never by itself. Errors are those of the client, and the
//! timeout's.

mod concurrency;
mod rate;

use std::{sync::Arc, time::Duration};

use tower::{ServiceBuilder, timeout::Timeout};

use self::{
    concurrency::{ConcurrencyLimit, ConcurrencyLimitLayer, Slots},
    rate::{Bucket, RateLimit, RateLimitLayer},
};
use crate::config::model::{Concurrency, Rate};

/// How many attempts a destination gets at once, and in a time.
#[derive(Debug)]
pub struct Policy {
    slots: Arc<Slots>,
    bucket: Option<Arc<Bucket>>,
}

/// A client behind all layers.
pub type Paced<S> = ConcurrencyLimit<RateLimit<Timeout<S>>>;

impl Policy {
    /// A policy that knows nothing of its receiver yet.
    #[must_use]
    pub fn new(concurrency: Concurrency, rate: Option<Rate>) -> Self {
        let (min, max) = concurrency.bounds();
        Self {
            slots: Arc::new(Slots::new(min, max)),
            bucket: rate.map(|rate| Arc::new(Bucket::new(rate))),
        }
    }

    /// The same under other settings.
    #[must_use]
    pub fn changed_to(&self, concurrency: Concurrency, rate: Option<Rate>) -> Self {
        let (min, max) = concurrency.bounds();
        self.slots.turn_to(min, max);
        let kept = self.bucket.as_ref();
        let kept = kept.filter(|bucket| Some(bucket.rate()) == rate);
        Self {
            slots: self.slots.clone(),
            bucket: kept
                .cloned()
                .or_else(|| Self::new(concurrency, rate).bucket),
        }
    }

    /// Attempts at once, as of now.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.slots.limit()
    }

    /// A client behind this policy. From the outside:
    ///
    /// 1. *Concurrency*: a slot first, so that a token is not taken by what cannot
    ///    go yet. What waits for a token keeps its slot, which costs the receiver
    ///    nothing, and is not counted as an attempt under way.
    /// 2. *Rate*: a token last, so that it is spent at the moment of sending.
    /// 3. *Timeout*: innermost, so that it counts the attempt and nothing else.
    ///
    /// The breaker is no layer: while it is open nothing may even be prepared, so
    /// it stands before the work, in the consumer.
    pub fn around<S>(&self, client: S, timeout: Duration) -> Paced<S> {
        ServiceBuilder::new()
            .layer(ConcurrencyLimitLayer::new(self.slots.clone()))
            .layer(RateLimitLayer::new(self.bucket.clone()))
            .timeout(timeout)
            .service(client)
    }
}
