//! Lines, step by step and at random.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const A: Key = Key(1);
const B: Key = Key(2);

fn order() -> Order {
    Order::new(OrderBy::Session)
}

/// Queues first attempts and starts those whose turn it is.
fn arrive(order: &mut Order, arrivals: &[(u64, Key)]) -> Vec<Turn> {
    let one = |&(seq, key): &(u64, Key)| {
        let turn = order.queue(Seq(seq), key);
        if turn == Turn::Now {
            order.started(Seq(seq));
        }
        turn
    };
    arrivals.iter().map(one).collect()
}

fn ready(order: &mut Order) -> Vec<u64> {
    std::iter::from_fn(|| order.next_ready())
        .map(|seq| seq.0)
        .collect()
}

#[test]
fn one_of_a_key_is_under_way_and_other_keys_pass() {
    let mut order = order();
    let turns = arrive(&mut order, &[(1, A), (2, A), (3, B), (4, A)]);
    assert_eq!(turns, [Turn::Now, Turn::Soon, Turn::Now, Turn::Soon]);
    assert!(ready(&mut order).is_empty());
    order.settled(Seq(1), State::Delivered);
    assert_eq!(ready(&mut order), [2]);
    order.started(Seq(2));
    order.settled(Seq(2), State::Skipped);
    assert_eq!(ready(&mut order), [4]);
}

#[test]
fn what_is_behind_a_retry_is_parked_and_goes_when_it_is_through() {
    let mut order = order();
    arrive(&mut order, &[(1, A), (2, A), (3, B)]);
    order.settled(Seq(1), State::Retrying);
    assert_eq!(order.take_overtaken(), BTreeSet::from([Seq(2)]));
    assert!(ready(&mut order).is_empty(), "the first has its own time");
    assert_eq!(arrive(&mut order, &[(4, A)]), [Turn::Later]);
    assert!(order.may_start(Seq(1)) && !order.may_start(Seq(2)));

    order.started(Seq(1));
    assert!(!order.may_start(Seq(2)));
    order.settled(Seq(1), State::Delivered);
    assert_eq!(ready(&mut order), [2]);
}

#[test]
fn suspended_and_dead_ones_leave_their_line_and_may_come_back() {
    for state in [State::Suspended, State::Dead, State::Discarded] {
        let mut order = order();
        arrive(&mut order, &[(1, A), (2, A), (3, A)]);
        order.settled(Seq(1), state);
        assert_eq!(ready(&mut order), [2], "{state}");
        order.started(Seq(2));
        // A person has the first one tried again: before those that wait.
        order.keep(Seq(1), A);
        assert!(!order.may_start(Seq(1)), "{state}");
        assert_eq!(order.take_overtaken(), BTreeSet::from([Seq(3)]));
        order.settled(Seq(2), State::Delivered);
        assert_eq!(ready(&mut order), [1], "{state}");
    }
}

#[test]
fn what_came_back_is_first_again() {
    let mut order = order();
    arrive(&mut order, &[(1, A), (2, A)]);
    order.put_back(Seq(1), false);
    assert_eq!(order.queue(Seq(2), A), Turn::Soon);
    assert_eq!(order.queue(Seq(1), A), Turn::Now);
    // It is no longer meant for this destination.
    order.settled(Seq(1), State::Skipped);
    assert_eq!(ready(&mut order), [2]);
}

#[test]
fn what_waits_is_bounded() {
    let mut order = order();
    arrive(&mut order, &[(1, A)]);
    order.settled(Seq(1), State::Retrying);
    for seq in 2..=MAX_KEPT as u64 {
        assert_eq!(order.queue(Seq(seq), A), Turn::Later);
    }
    let beyond = Seq(MAX_KEPT as u64 + 1);
    assert_eq!(order.queue(beyond, A), Turn::Never);
    assert_eq!(order.queue(beyond, B), Turn::Now, "another key");
}

/// A consumer that does at random what a real one does, and forgets everything
/// but the exceptions now and then.
struct Consumer {
    random: fastrand::Rng,
    order: Order,
    key_of: BTreeMap<Seq, Key>,
    under_way: BTreeSet<Seq>,
    /// Exceptions, with whether they have a time of their own.
    retrying: BTreeMap<Seq, bool>,
    /// In the window, and not started.
    held: BTreeSet<Seq>,
    /// Those that were delivered, or died, in order.
    ended: Vec<(Seq, State)>,
}

impl Consumer {
    fn arrive(&mut self, seq: Seq, key: Key) {
        self.key_of.insert(seq, key);
        match self.order.queue(seq, key) {
            Turn::Now => self.start(seq),
            Turn::Soon => drop(self.held.insert(seq)),
            Turn::Later => self.settle(seq, State::Retrying, false),
            Turn::Never => panic!("there is room"),
        }
    }

    fn start(&mut self, seq: Seq) {
        assert!(self.order.may_start(seq), "{seq}");
        let key = self.key_of[&seq];
        let same = |other: &&Seq| self.key_of[*other] == key;
        assert_eq!(self.under_way.iter().find(same), None, "with {seq}");
        self.held.remove(&seq);
        self.under_way.insert(seq);
        self.order.started(seq);
    }

    fn settle(&mut self, seq: Seq, state: State, has_time: bool) {
        self.under_way.remove(&seq);
        if state == State::Retrying {
            self.retrying.insert(seq, has_time);
        } else {
            self.retrying.remove(&seq);
            self.ended.push((seq, state));
        }
        self.order.settled(seq, state);
        for overtaken in self.order.take_overtaken() {
            assert!(self.held.remove(&overtaken), "{overtaken}");
            self.retrying.insert(overtaken, false);
            self.order.settled(overtaken, State::Retrying);
        }
        while let Some(ready) = self.order.next_ready() {
            if self.retrying.get(&ready) != Some(&true) {
                self.start(ready);
            }
        }
    }

    fn pick(&mut self, from: &BTreeSet<Seq>) -> Option<Seq> {
        let index = self.random.usize(0..from.len().max(1));
        from.iter().nth(index).copied()
    }

    fn end_one(&mut self) {
        let under_way = self.under_way.clone();
        if let Some(seq) = self.pick(&under_way) {
            match self.random.u8(0..6) {
                0 | 1 => self.settle(seq, State::Retrying, true),
                2 => self.settle(seq, State::Dead, false),
                _ => self.settle(seq, State::Delivered, false),
            }
        }
    }

    fn retry_one(&mut self) {
        let mine = |seq: &Seq| self.under_way.contains(seq);
        let due = self
            .retrying
            .iter()
            .filter(|(seq, has_time)| **has_time && !mine(seq));
        let due: BTreeSet<_> = due.map(|(seq, _)| *seq).collect();
        if let Some(seq) = self.pick(&due).filter(|seq| self.order.may_start(*seq)) {
            self.start(seq);
        }
    }

    fn call_back_one(&mut self) {
        let under_way = self.under_way.clone();
        if let Some(seq) = self.pick(&under_way) {
            self.under_way.remove(&seq);
            let is_exception = self.retrying.contains_key(&seq);
            if !is_exception {
                self.held.insert(seq);
            }
            self.order.put_back(seq, is_exception);
            assert_eq!(self.order.next_ready(), Some(seq));
            self.start(seq);
        }
    }

    /// Killed and started again: what was under way or in the window is pending.
    fn restart(&mut self) {
        let mut pending: BTreeSet<Seq> = &self.under_way | &self.held;
        pending.retain(|seq| !self.retrying.contains_key(seq));
        self.under_way.clear();
        self.held.clear();
        self.order = order();
        for &seq in self.retrying.keys() {
            self.order.keep(seq, self.key_of[&seq]);
        }
        while let Some(ready) = self.order.next_ready() {
            if self.retrying.get(&ready) == Some(&false) {
                self.start(ready);
            }
        }
        for seq in pending {
            self.arrive(seq, self.key_of[&seq]);
        }
    }
}

#[test]
fn at_random_each_key_is_delivered_in_order_and_nothing_is_forgotten() {
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let arrivals = random.u64(1..120);
        let mut consumer = Consumer {
            random,
            order: order(),
            key_of: BTreeMap::new(),
            under_way: BTreeSet::new(),
            retrying: BTreeMap::new(),
            held: BTreeSet::new(),
            ended: Vec::new(),
        };
        let mut next = 1;
        while consumer.ended.len() < usize::try_from(arrivals).unwrap() {
            match consumer.random.u8(0..12) {
                0..4 if next <= arrivals => {
                    let key = Key(consumer.random.u64(0..4));
                    consumer.arrive(Seq(next), key);
                    next += 1;
                }
                4..8 => consumer.end_one(),
                8 | 9 => consumer.retry_one(),
                10 => consumer.call_back_one(),
                11 if consumer.random.u8(0..10) == 0 => consumer.restart(),
                _ => {}
            }
        }
        let mut last: BTreeMap<u64, Seq> = BTreeMap::new();
        for (seq, state) in &consumer.ended {
            if *state == State::Delivered {
                let before = last.insert(consumer.key_of[seq].0, *seq);
                assert!(before < Some(*seq), "seed {seed}: {before:?} before {seq}");
            }
        }
        assert_eq!(consumer.order.len(), 0, "seed {seed}");
    }
}
