//! One token for all requests of a destination, fetched by one of them.
//!
//! Invariants:
//! - One fetch at a time. Who waited for it shares its outcome, a failure too,
//!   so that an endpoint that hangs costs each request its time once.
//! - A token that has expired is never handed out. One that is about to expire is
//!   while its successor cannot be had.
//! - A receiver that refuses whatever it is shown does not have the endpoint
//!   asked for each request: see [`TokenCache::refused`].

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::HeaderValue;
use tokio::{sync::Mutex, time::Instant};

use super::TokenError;

/// How long before its end a token is replaced; half its lifetime where that is
/// less.
const EARLY: Duration = Duration::from_mins(1);

/// How long after an early refresh failed the next one is tried.
const EARLY_AGAIN: Duration = Duration::from_secs(5);

/// What the endpoint granted.
pub(super) struct Grant {
    pub(super) value: HeaderValue,
    pub(super) lifetime: Duration,
}

/// A token in use.
#[derive(Clone)]
pub(in crate::delivery::http) struct Token(Arc<Shared>);

struct Shared {
    value: HeaderValue,
    accepted: AtomicBool,
    fetched: Instant,
}

impl Token {
    /// The value of `Authorization`.
    pub(in crate::delivery::http) fn value(&self) -> &HeaderValue {
        &self.0.value
    }

    /// The receiver took it.
    pub(in crate::delivery::http) fn accepted(&self) {
        self.0.accepted.store(true, Ordering::Relaxed);
    }
}

/// The token at hand.
#[derive(Default)]
pub(super) struct TokenCache {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    /// How the last fetch failed, and when.
    failed: Option<(Instant, TokenError)>,
}

struct Kept {
    token: Token,
    refresh: Instant,
    end: Instant,
}

impl TokenCache {
    /// The token at hand, or one that is fetched.
    pub(super) async fn get<F>(&self, fetch: impl FnOnce() -> F) -> Result<Token, TokenError>
    where
        F: Future<Output = Result<Grant, TokenError>>,
    {
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        let started = Instant::now();
        if let Some(kept) = state.kept.as_ref().filter(|kept| started < kept.refresh) {
            return Ok(kept.token.clone());
        }
        if let Some((at, error)) = state.failed.as_ref().filter(|(at, _)| *at >= asked) {
            debug_assert!(*at <= started);
            return Err(error.clone());
        }
        match fetch().await {
            Ok(grant) => Ok(state.keep(grant, started)),
            Err(error) => state.make_do(error),
        }
    }

    /// The receiver refused a token. It is dropped if it was accepted before, or
    /// is as old as one would be whose refresh is due; a new token that is
    /// refused is no better than the next. Returns whether another may be had.
    pub(super) async fn refused(&self, token: &Token) -> bool {
        let mut state = self.state.lock().await;
        let current = state.kept.as_ref();
        if !current.is_some_and(|kept| Arc::ptr_eq(&kept.token.0, &token.0)) {
            return true;
        }
        let shared = &token.0;
        let is_stale = shared.accepted.load(Ordering::Relaxed) || shared.fetched.elapsed() >= EARLY;
        if is_stale {
            state.kept = None;
        }
        is_stale
    }
}

impl State {
    fn keep(&mut self, grant: Grant, fetched: Instant) -> Token {
        let token = Token(Arc::new(Shared {
            value: grant.value,
            accepted: AtomicBool::new(false),
            fetched,
        }));
        let end = fetched + grant.lifetime;
        self.kept = Some(Kept {
            token: token.clone(),
            refresh: end - EARLY.min(grant.lifetime / 2),
            end,
        });
        self.failed = None;
        token
    }

    /// Goes on with a token that has not expired yet.
    fn make_do(&mut self, error: TokenError) -> Result<Token, TokenError> {
        let now = Instant::now();
        if let Some(kept) = self.kept.as_mut().filter(|kept| now < kept.end) {
            kept.refresh = kept.end.min(now + EARLY_AGAIN);
            return Ok(kept.token.clone());
        }
        self.failed = Some((now, error.clone()));
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// An endpoint that can be down and counts.
    #[derive(Default)]
    struct Endpoint {
        asked: AtomicUsize,
        down: AtomicBool,
    }

    impl Endpoint {
        async fn fetch(&self) -> Result<Grant, TokenError> {
            let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
            tokio::time::sleep(Duration::from_secs(1)).await;
            if self.down.load(Ordering::Relaxed) {
                return Err(TokenError::Timeout(1));
            }
            Ok(Grant {
                value: HeaderValue::from(number),
                lifetime: Duration::from_mins(10),
            })
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::Relaxed)
        }
    }

    async fn number(cache: &TokenCache, endpoint: &Endpoint) -> Option<String> {
        let token = cache.get(|| endpoint.fetch()).await.ok()?;
        Some(token.value().to_str().unwrap().to_owned())
    }

    async fn together(cache: &TokenCache, endpoint: &Endpoint) -> Vec<Option<String>> {
        let requests = (0..8).map(|_| number(cache, endpoint));
        futures_util::future::join_all(requests).await
    }

    #[tokio::test(start_paused = true)]
    async fn one_fetches_for_all() {
        let (cache, endpoint) = (TokenCache::default(), Endpoint::default());
        let tokens = together(&cache, &endpoint).await;
        assert_eq!(tokens, vec![Some("1".to_owned()); 8]);
        assert_eq!(endpoint.asked(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_shared_by_those_who_waited_and_no_others() {
        let (cache, endpoint) = (TokenCache::default(), Endpoint::default());
        endpoint.down.store(true, Ordering::Relaxed);
        assert_eq!(together(&cache, &endpoint).await, vec![None; 8]);
        assert_eq!(endpoint.asked(), 1);
        tokio::time::advance(Duration::from_millis(1)).await;
        endpoint.down.store(false, Ordering::Relaxed);
        assert_eq!(number(&cache, &endpoint).await.as_deref(), Some("2"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_replaced_a_minute_early_and_never_used_after_its_end() {
        let (cache, endpoint) = (TokenCache::default(), Endpoint::default());
        number(&cache, &endpoint).await;
        // The fetch took the first second of its lifetime.
        tokio::time::advance(Duration::from_secs(538)).await;
        assert_eq!(number(&cache, &endpoint).await.as_deref(), Some("1"));
        endpoint.down.store(true, Ordering::Relaxed);
        tokio::time::advance(Duration::from_secs(1)).await;
        for asked in [2, 2] {
            assert_eq!(number(&cache, &endpoint).await.as_deref(), Some("1"));
            assert_eq!(endpoint.asked(), asked, "not asked again at once");
        }
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(number(&cache, &endpoint).await, None);
        endpoint.down.store(false, Ordering::Relaxed);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(number(&cache, &endpoint).await.as_deref(), Some("4"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_dropped_once() {
        let (cache, endpoint) = (TokenCache::default(), Endpoint::default());
        let fetch = || cache.get(|| endpoint.fetch());
        let first = fetch().await.unwrap();
        assert!(!cache.refused(&first).await, "new and never accepted");
        first.accepted();
        assert!(cache.refused(&first).await);
        let second = fetch().await.unwrap();
        assert!(cache.refused(&first).await, "there is a newer one");
        assert!(!cache.refused(&second).await);
        assert_eq!(fetch().await.unwrap().value(), "2");
        tokio::time::advance(EARLY).await;
        assert!(cache.refused(&second).await, "old");
        assert_eq!(fetch().await.unwrap().value(), "3");
    }
}
