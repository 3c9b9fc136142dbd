//! Answers that are kept for a while. Bounded; the oldest go first.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::HeaderMap;
use sha2::{Digest, Sha256};
use url::Url;

use crate::stage::ask::Answer;

/// What an answer takes besides its body and headers, in bytes.
const OVERHEAD: usize = 256;

/// What a request is known by: URL and headers, hashed, so that no number lies
/// about in memory for longer than it has to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn of(url: &Url, headers: &HeaderMap) -> Self {
        let mut hash = Sha256::new();
        let mut add = |text: &[u8]| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        add(url.as_str().as_bytes());
        for (name, value) in headers {
            add(name.as_str().as_bytes());
            add(value.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

/// The kept answers.
#[derive(Debug)]
pub(super) struct Cache {
    max_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    answers: HashMap<Key, (Instant, Answer)>,
    order: VecDeque<(Key, Instant)>,
    bytes: usize,
}

impl Cache {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            kept: Mutex::default(),
        }
    }

    /// An answer that is no older than so.
    pub(super) fn get(&self, key: &Key, max_age: Duration) -> Option<Answer> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, answer) = kept.answers.get(key)?;
        (since.elapsed() <= max_age).then(|| answer.clone())
    }

    pub(super) fn keep(&self, key: Key, answer: Answer) {
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += size(&answer);
        if let Some((_, before)) = kept.answers.insert(key, (now, answer)) {
            kept.bytes -= size(&before);
        }
        kept.order.push_back((key, now));
        kept.evict(self.max_bytes);
    }
}

impl Kept {
    fn evict(&mut self, max_bytes: usize) {
        // An answer that took the place of another is in the order twice.
        if self.order.len() > 2 * self.answers.len() {
            let answers = &self.answers;
            let is_newest = |(key, since): &(Key, Instant)| {
                answers.get(key).is_some_and(|kept| kept.0 == *since)
            };
            self.order.retain(is_newest);
        }
        while self.bytes > max_bytes
            && let Some((key, since)) = self.order.pop_front()
        {
            if self.answers.get(&key).is_some_and(|kept| kept.0 == since)
                && let Some((_, answer)) = self.answers.remove(&key)
            {
                self.bytes -= size(&answer);
            }
        }
    }
}

fn size(answer: &Answer) -> usize {
    let headers = answer.headers.iter();
    let headers: usize = headers.map(|(name, value)| name.len() + value.len()).sum();
    OVERHEAD + headers + answer.body.len()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn key(path: &str) -> Key {
        let url = Url::parse("https://crm.example").unwrap().join(path);
        Key::of(&url.unwrap(), &HeaderMap::new())
    }

    fn answer(bytes: usize) -> Answer {
        Answer {
            status: 200,
            headers: Vec::new().into(),
            body: Bytes::from(vec![b'x'; bytes]),
        }
    }

    #[test]
    fn the_oldest_go_first_and_an_answer_takes_its_predecessors_place() {
        let cache = Cache::new(3 * (OVERHEAD + 10));
        for path in ["a", "b", "b", "b", "c"] {
            cache.keep(key(path), answer(10));
        }
        let forever = Duration::MAX;
        for path in ["a", "b", "c"] {
            assert!(cache.get(&key(path), forever).is_some(), "{path}");
        }
        cache.keep(key("d"), answer(10));
        assert!(cache.get(&key("a"), forever).is_none());
        assert!(cache.get(&key("d"), forever).is_some());
        cache.keep(key("e"), answer(10_000));
        assert!(cache.get(&key("e"), forever).is_none(), "too large");
    }
}
