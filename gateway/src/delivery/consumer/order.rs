//! Order per key: deliveries of one key go out one after the other, in order of
//! arrival; those of other keys pass.
//!
//! While a delivery is under way, later ones of its key wait in the window, which
//! it holds up for as long as one attempt takes. When it has to be retried, which
//! may take a day, they are parked behind it instead: retrying, without a payload
//! and without a time of their own. Whoever is first in its line is next.
//!
//! Invariants:
//! - Of one key at most one delivery is under way, and it is the first of those
//!   that are neither settled nor suspended or dead.
//! - A line moves on when a settlement is committed, not before: after a crash the
//!   one that is sent again is still the first.
//! - Nothing here is stored. It follows from the exceptions, and is made again
//!   from them with each claim.
//!
//! Of a key only a hash is kept. Two keys that share one wait for each other
//! needlessly, and harm nobody.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasher, RandomState},
};

use crate::{
    config::model::OrderBy,
    journal::State,
    record::{Seq, string},
    route::Journey,
};

/// Deliveries that may wait behind earlier ones, about 100 bytes each. Beyond,
/// the whole destination waits.
const MAX_KEPT: usize = 65_536;

/// When a first attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Now.
    Now,
    /// When an earlier one has ended, which is soon: it waits in the window.
    Soon,
    /// When an earlier one is through, which may take long: it is to be parked.
    Later,
    /// No more can wait.
    Never,
}

/// Hash of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key(u64);

/// The lines of a destination.
#[derive(Debug)]
pub(super) struct Order {
    by: OrderBy,
    hasher: RandomState,
    lines: HashMap<Key, Line>,
    key_of: HashMap<Seq, Key>,
    /// First in their lines, with nobody under way.
    ready: BTreeSet<Seq>,
    /// Waited in the window, and have to be parked.
    overtaken: BTreeSet<Seq>,
    kept: usize,
}

/// Deliveries of one key.
#[derive(Debug, Default)]
struct Line {
    under_way: Option<Seq>,
    /// Exceptions that are retrying, or parked behind one.
    kept: BTreeSet<Seq>,
    /// In the window, and not started yet.
    held: BTreeSet<Seq>,
}

impl Line {
    fn first(&self) -> Option<Seq> {
        let firsts = [self.kept.first(), self.held.first()];
        firsts.into_iter().flatten().min().copied()
    }

    fn is_empty(&self) -> bool {
        self.under_way.is_none() && self.kept.is_empty() && self.held.is_empty()
    }
}

impl Order {
    pub(super) fn new(by: OrderBy) -> Self {
        Self {
            by,
            hasher: RandomState::new(),
            lines: HashMap::new(),
            key_of: HashMap::new(),
            ready: BTreeSet::new(),
            overtaken: BTreeSet::new(),
            kept: 0,
        }
    }

    /// The key of an arrival; one without a key waits for nobody.
    pub(super) fn key(&self, journey: &Journey) -> Option<Key> {
        let hash = |text: &str| Key(self.hasher.hash_one(text));
        match &self.by {
            OrderBy::Session => journey.arrival.session.as_deref().map(hash),
            OrderBy::Pointer(pointer) => {
                let value = journey.document()?.get(pointer)?;
                (value != "null").then(|| hash(&string::decode(&value)))
            }
        }
    }

    /// Whether a first attempt may be made. One that may not is in line from now
    /// on, unless no more can wait.
    pub(super) fn queue(&mut self, seq: Seq, key: Key) -> Turn {
        let line = self.lines.entry(key).or_default();
        let is_behind = |others: &BTreeSet<Seq>| others.first().is_some_and(|&first| first < seq);
        let turn = if is_behind(&line.kept) {
            if self.kept >= MAX_KEPT {
                return Turn::Never;
            }
            line.held.remove(&seq);
            self.kept += usize::from(line.kept.insert(seq));
            Turn::Later
        } else if line.under_way.is_some() || is_behind(&line.held) {
            line.held.insert(seq);
            Turn::Soon
        } else {
            Turn::Now
        };
        self.key_of.insert(seq, key);
        turn
    }

    /// Puts an exception that is retrying into its line.
    pub(super) fn keep(&mut self, seq: Seq, key: Key) {
        self.key_of.insert(seq, key);
        let line = self.lines.entry(key).or_default();
        self.kept += usize::from(line.kept.insert(seq));
        self.refresh(key);
    }

    /// Whether a delivery has a place in a line.
    pub(super) fn knows(&self, seq: Seq) -> bool {
        self.key_of.contains_key(&seq)
    }

    /// Whether it is a delivery's turn.
    pub(super) fn may_start(&self, seq: Seq) -> bool {
        let line = self.key_of.get(&seq).and_then(|key| self.lines.get(key));
        line.is_none_or(|line| {
            line.under_way.is_none() && line.first().is_none_or(|first| first >= seq)
        })
    }

    /// Notes that a delivery is under way.
    pub(super) fn started(&mut self, seq: Seq) {
        self.ready.remove(&seq);
        let Some(key) = self.key_of.get(&seq) else {
            return;
        };
        let line = self.lines.entry(*key).or_default();
        self.kept -= usize::from(line.kept.remove(&seq));
        line.held.remove(&seq);
        line.under_way = Some(seq);
    }

    /// Notes that a delivery came back as it was.
    pub(super) fn put_back(&mut self, seq: Seq, is_exception: bool) {
        let Some(&key) = self.key_of.get(&seq) else {
            return;
        };
        let line = self.lines.entry(key).or_default();
        line.under_way.take_if(|under_way| *under_way == seq);
        if is_exception {
            self.kept += usize::from(line.kept.insert(seq));
        } else {
            line.held.insert(seq);
        }
        self.refresh(key);
    }

    /// Notes what was committed of a delivery. Suspended and dead ones leave their
    /// line: a person may take days.
    pub(super) fn settled(&mut self, seq: Seq, state: State) {
        let Some(&key) = self.key_of.get(&seq) else {
            return;
        };
        let line = self.lines.entry(key).or_default();
        let ended = line.under_way.take_if(|under_way| *under_way == seq);
        line.held.remove(&seq);
        if state == State::Retrying {
            self.kept += usize::from(line.kept.insert(seq));
        } else {
            self.kept -= usize::from(line.kept.remove(&seq));
            self.key_of.remove(&seq);
        }
        self.refresh(key);
        if ended.is_some() && state == State::Retrying {
            // It has a time of its own now.
            self.ready.remove(&seq);
        }
    }

    fn refresh(&mut self, key: Key) {
        let Some(line) = self.lines.get_mut(&key) else {
            return;
        };
        if let Some(&first) = line.kept.first() {
            let overtaken = line.held.split_off(&first);
            self.kept += overtaken.len();
            line.kept.extend(&overtaken);
            self.overtaken.extend(overtaken);
        }
        if line.is_empty() {
            self.lines.remove(&key);
        } else if line.under_way.is_none() {
            self.ready.extend(line.first());
        }
    }

    /// A delivery that is first in its line; asked for once.
    pub(super) fn next_ready(&mut self) -> Option<Seq> {
        while let Some(seq) = self.ready.pop_first() {
            if self.knows(seq) && self.may_start(seq) {
                return Some(seq);
            }
        }
        None
    }

    /// Deliveries that waited in the window and have to be parked.
    pub(super) fn take_overtaken(&mut self) -> BTreeSet<Seq> {
        std::mem::take(&mut self.overtaken)
    }

    /// Deliveries in line: under way, retrying, or waiting.
    pub(super) fn len(&self) -> usize {
        self.key_of.len()
    }
}

#[cfg(test)]
mod tests;
