//! The rate limit: a layer that lets an attempt go when the bucket has a token.
//!
//! The bucket fills steadily and holds few tokens, so that no receiver ever sees
//! more attempts in a period than it was promised, wherever the period begins.
//! Who waits for a token holds the bucket's lock meanwhile: they go in the order
//! in which they came, and one that is called back has taken nothing.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};
use tower::{Layer, Service};

use crate::config::model::{Per, Rate};

/// Tokens for the attempts of one destination.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: Rate,
    filling: Mutex<Filling>,
}

/// How full a bucket is, as the time at which it is full again.
#[derive(Debug)]
struct Filling {
    /// Time for one token.
    interval: Duration,
    /// Time for all of them but one.
    spare: Duration,
    full_at: Instant,
}

impl Bucket {
    pub(super) fn new(rate: Rate) -> Self {
        let period = match rate.per {
            Per::Second => Duration::from_secs(1),
            Per::Minute => Duration::from_mins(1),
            Per::Hour => Duration::from_hours(1),
        };
        // A full bucket, and what flows in over a period, are together no more
        // than the attempts of a period.
        let burst = (rate.attempts / 20).max(1);
        let interval = period / (rate.attempts.saturating_sub(burst) + 1);
        Self {
            rate,
            filling: Mutex::new(Filling {
                interval,
                spare: interval * (burst - 1),
                full_at: Instant::now(),
            }),
        }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// Waits for a token, and takes it.
    async fn take(self: Arc<Self>) {
        let mut filling = self.filling.lock().await;
        sleep_until(filling.free_at()).await;
        filling.take(Instant::now());
    }

    /// Takes a token if there is one, and nobody waits for it.
    fn try_take(&self) -> bool {
        let now = Instant::now();
        match self.filling.try_lock() {
            Ok(mut filling) if filling.free_at() <= now => {
                filling.take(now);
                true
            }
            _ => false,
        }
    }
}

impl Filling {
    fn free_at(&self) -> Instant {
        self.full_at.checked_sub(self.spare).unwrap_or(self.full_at)
    }

    fn take(&mut self, now: Instant) {
        self.full_at = self.full_at.max(now) + self.interval;
    }
}

/// Makes a [`RateLimit`] of a service.
pub struct RateLimitLayer(Option<Arc<Bucket>>);

impl RateLimitLayer {
    /// Without a bucket everything goes at once.
    pub(super) fn new(bucket: Option<Arc<Bucket>>) -> Self {
        Self(bucket)
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> RateLimit<S> {
        RateLimit {
            inner,
            bucket: self.0.clone(),
            waiting: None,
            has_token: false,
        }
    }
}

/// A service that waits for a token before it is ready.
pub struct RateLimit<S> {
    inner: S,
    bucket: Option<Arc<Bucket>>,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    has_token: bool,
}

impl<S> RateLimit<S> {
    fn poll_token(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(bucket) = &self.bucket else {
            return Poll::Ready(());
        };
        if self.has_token || (self.waiting.is_none() && bucket.try_take()) {
            self.has_token = true;
            return Poll::Ready(());
        }
        let bucket = bucket.clone();
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(bucket.take()));
        ready!(waiting.as_mut().poll(context));
        self.waiting = None;
        self.has_token = true;
        Poll::Ready(())
    }
}

impl<S: Service<R>, R> Service<R> for RateLimit<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        ready!(self.inner.poll_ready(context))?;
        self.poll_token(context).map(Ok)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.has_token = false;
        self.inner.call(request)
    }
}

#[cfg(test)]
mod tests {
    use tower::{ServiceExt, service_fn};

    use super::*;

    fn limited(attempts: u32, per: Per) -> Arc<Bucket> {
        Arc::new(Bucket::new(Rate { attempts, per }))
    }

    /// When so many attempts went, in order, all wanting to go at once.
    async fn times(bucket: &Arc<Bucket>, attempts: usize) -> Vec<Duration> {
        let start = Instant::now();
        let service = service_fn(async |()| Ok::<_, std::convert::Infallible>(()));
        let mut went = Vec::new();
        for _ in 0..attempts {
            let layer = RateLimitLayer::new(Some(bucket.clone()));
            layer
                .layer(service)
                .ready()
                .await
                .unwrap()
                .call(())
                .await
                .unwrap();
            went.push(start.elapsed());
        }
        went
    }

    #[tokio::test(start_paused = true)]
    async fn no_period_sees_more_than_its_attempts() {
        for (attempts, per, seconds) in [
            (1, Per::Second, 1),
            (7, Per::Minute, 60),
            (40, Per::Second, 1),
            (1000, Per::Second, 1),
            (3600, Per::Hour, 3600),
        ] {
            let most = usize::try_from(attempts).unwrap();
            let went = times(&limited(attempts, per), most * 3 + 1).await;
            let period = Duration::from_secs(seconds);
            for (index, first) in went.iter().enumerate() {
                if let Some(beyond) = went.get(index + most) {
                    let within = beyond.saturating_sub(*first);
                    // Timers have a granularity of a millisecond.
                    assert!(
                        within + Duration::from_millis(1) >= period,
                        "{attempts}: {within:?}"
                    );
                }
            }
            let all = *went.last().unwrap();
            assert!(all < period * 4, "{attempts} {per:?}: {all:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_called_back_has_taken_nothing() {
        let bucket = limited(1, Per::Hour);
        assert_eq!(times(&bucket, 1).await, [Duration::ZERO]);
        let start = Instant::now();
        for _ in 0..5 {
            let waiting = bucket.clone().take();
            assert!(
                tokio::time::timeout(Duration::from_mins(5), waiting)
                    .await
                    .is_err()
            );
        }
        bucket.take().await;
        assert_eq!(start.elapsed().as_secs(), 3600);
    }

    #[tokio::test(start_paused = true)]
    async fn they_go_in_the_order_in_which_they_came() {
        let bucket = limited(1, Per::Second);
        let (report, mut went) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..5 {
            let (bucket, report) = (bucket.clone(), report.clone());
            tokio::spawn(async move {
                bucket.take().await;
                report.send(number)
            });
            tokio::task::yield_now().await;
        }
        drop(report);
        for expected in 0..5 {
            assert_eq!(went.recv().await, Some(expected));
        }
    }
}
