//! The concurrency limit: a layer that lets an attempt go when it has a slot.
//!
//! tower's own limit cannot move; this one follows [`Pace`], which watches how
//! the attempts end. Where floor and ceiling are the same it never moves.
//!
//! Invariant: slots that are taken away while they are held go when they are
//! given back, before anyone who waits gets them.

mod pace;

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use http::StatusCode;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tokio_util::sync::PollSemaphore;
use tower::{BoxError, Layer, Service};

use self::pace::{Pace, Sign};

/// The slots of one destination.
#[derive(Debug)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    /// Slots that exist: free, or held.
    count: usize,
    /// Attempts that were sent and have not ended.
    under_way: usize,
}

impl Slots {
    pub(super) fn new(min: usize, max: usize) -> Self {
        let pace = Pace::new(min, max);
        let count = pace.limit();
        Self {
            free: Arc::new(Semaphore::new(count)),
            state: Mutex::new(State {
                pace,
                count,
                under_way: 0,
            }),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.state().pace.limit()
    }

    /// Goes on between another floor and another ceiling.
    pub(super) fn turn_to(&self, min: usize, max: usize) {
        let mut state = self.state();
        state.pace.turn_to(min, max);
        self.follow(&mut state);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the number of slots to the limit, as far as they are free.
    fn follow(&self, state: &mut State) {
        let limit = state.pace.limit();
        if limit > state.count {
            self.free.add_permits(limit - state.count);
            state.count = limit;
        } else {
            state.count -= self.free.forget_permits(state.count - limit);
        }
    }

    fn sent(&self) {
        self.state().under_way += 1;
    }

    fn ended(&self, started: Instant, sign: Sign) {
        let now = Instant::now();
        let mut state = self.state();
        let under_way = state.under_way;
        state.pace.ended(now, now - started, sign, under_way);
        self.follow(&mut state);
    }

    fn give_back(&self, permit: OwnedSemaphorePermit, was_sent: bool) {
        let mut state = self.state();
        state.under_way -= usize::from(was_sent);
        if state.count > state.pace.limit() {
            state.count -= 1;
            permit.forget();
        }
    }
}

/// A slot that is held; given back when dropped.
struct Slot {
    slots: Arc<Slots>,
    permit: Option<OwnedSemaphorePermit>,
    was_sent: bool,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.slots.give_back(permit, self.was_sent);
        }
    }
}

/// Makes a [`ConcurrencyLimit`] of a service.
pub struct ConcurrencyLimitLayer(Arc<Slots>);

impl ConcurrencyLimitLayer {
    pub(super) fn new(slots: Arc<Slots>) -> Self {
        Self(slots)
    }
}

impl<S> Layer<S> for ConcurrencyLimitLayer {
    type Service = ConcurrencyLimit<S>;

    fn layer(&self, inner: S) -> ConcurrencyLimit<S> {
        ConcurrencyLimit {
            inner,
            free: PollSemaphore::new(self.0.free.clone()),
            slots: self.0.clone(),
            slot: None,
        }
    }
}

/// A service that waits for a slot before it is ready.
pub struct ConcurrencyLimit<S> {
    inner: S,
    slots: Arc<Slots>,
    free: PollSemaphore,
    slot: Option<Slot>,
}

impl<S, R> Service<R> for ConcurrencyLimit<S>
where
    S: Service<R, Response = reqwest::Response, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = reqwest::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<reqwest::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.slot.is_none() {
            self.slot = Some(Slot {
                permit: ready!(self.free.poll_acquire(context)),
                slots: self.slots.clone(),
                was_sent: false,
            });
        }
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let mut slot = self.slot.take();
        if let Some(slot) = &mut slot {
            slot.was_sent = true;
            self.slots.sent();
        }
        let slots = self.slots.clone();
        let attempt = self.inner.call(request);
        Box::pin(async move {
            let started = Instant::now();
            let result = attempt.await;
            slots.ended(started, sign(&result));
            drop(slot);
            result
        })
    }
}

/// What the end of an attempt says about the load of the receiver. Other failures
/// are quick and say nothing about it.
fn sign(result: &Result<reqwest::Response, BoxError>) -> Sign {
    match result.as_ref().map(reqwest::Response::status) {
        Ok(status) if status.is_success() => Sign::Answered,
        Ok(
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT,
        )
        | Err(_) => Sign::Overloaded,
        Ok(_) => Sign::Neither,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use tokio::task::JoinSet;
    use tower::{ServiceExt, service_fn};

    use super::*;

    /// Attempts at a receiver that takes its time and answers 503 beyond a number
    /// at once. Returns the most that were there at once, and the limit at the end.
    async fn attempts(slots: &Arc<Slots>, count: usize, bears: usize) -> (usize, usize) {
        let there = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let (there, most) = (there.clone(), most.clone());
            let receiver = service_fn(move |()| {
                let (there, most) = (there.clone(), most.clone());
                async move {
                    let now = there.fetch_add(1, Ordering::Relaxed) + 1;
                    most.fetch_max(now, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    there.fetch_sub(1, Ordering::Relaxed);
                    let status = if now > bears { 503 } else { 200 };
                    let answer = http::Response::builder().status(status).body("");
                    Ok::<_, BoxError>(reqwest::Response::from(answer?))
                }
            });
            let mut limited = ConcurrencyLimitLayer::new(slots.clone()).layer(receiver);
            tasks.spawn(async move { limited.ready().await?.call(()).await });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap().unwrap();
        }
        (most.load(Ordering::Relaxed), slots.limit())
    }

    #[tokio::test(start_paused = true)]
    async fn a_fixed_limit_is_reached_and_never_exceeded() {
        let slots = Arc::new(Slots::new(4, 4));
        assert_eq!(attempts(&slots, 100, 1000).await, (4, 4));
        assert_eq!(attempts(&slots, 100, 0).await, (4, 4), "nor left");
    }

    #[tokio::test(start_paused = true)]
    async fn it_rises_to_what_the_receiver_bears() {
        let slots = Arc::new(Slots::new(1, 64));
        let (most, limit) = attempts(&slots, 4000, 1000).await;
        assert_eq!((most, limit), (64, 64), "up to the ceiling");

        let slots = Arc::new(Slots::new(1, 64));
        let (most, limit) = attempts(&slots, 4000, 10).await;
        assert!((10..=16).contains(&most), "most at once: {most}");
        assert!((4..=11).contains(&limit), "at the end: {limit}");
    }

    #[tokio::test(start_paused = true)]
    async fn another_ceiling_holds_once_what_is_under_way_has_ended() {
        let slots = Arc::new(Slots::new(8, 8));
        slots.turn_to(2, 2);
        assert_eq!(attempts(&slots, 20, 1000).await, (2, 2));
        slots.turn_to(5, 5);
        assert_eq!(attempts(&slots, 20, 1000).await, (5, 5));

        let held: Vec<_> = (0..5)
            .map(|_| Slot {
                permit: slots.free.clone().try_acquire_owned().ok(),
                slots: slots.clone(),
                was_sent: false,
            })
            .collect();
        slots.turn_to(1, 1);
        drop(held);
        assert_eq!(slots.free.available_permits(), 1);
    }
}
