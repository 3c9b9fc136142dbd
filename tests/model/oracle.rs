//! The model: where every delivery stands.

use std::collections::BTreeMap;

use cdr_gateway::journal::State;

use super::plan::{At, Class, Parked};

/// What the revision that runs does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Variant {
    /// The filter keeps what it dropped before.
    pub keeps_unwanted: bool,
    /// The mask looks at free text, too.
    pub masks_text: bool,
}

impl Variant {
    pub fn next(self) -> Self {
        Self {
            keeps_unwanted: !self.keeps_unwanted,
            masks_text: self.masks_text != self.keeps_unwanted,
        }
    }
}

/// What the model knows.
#[derive(Debug, Default)]
pub struct Oracle {
    pub variant: Variant,
    soft: BTreeMap<At, bool>,
    /// By position, from 1 on.
    records: Vec<Record>,
}

#[derive(Debug)]
struct Record {
    class: Class,
    states: BTreeMap<At, State>,
}

impl Oracle {
    /// How many records were accepted.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    pub fn is_soft(&self, at: At) -> bool {
        self.soft.get(&at).copied().unwrap_or_default()
    }

    /// A record was accepted.
    pub fn pushed(&mut self, class: Class) {
        let states = At::ALL.map(|at| (at, self.fate(class, at)));
        self.records.push(Record {
            class,
            states: states.into(),
        });
    }

    pub fn softened(&mut self, at: At) {
        *self.soft.entry(at).or_default() ^= true;
    }

    /// Exceptions were tried again: what is dead with the bytes that were sent,
    /// what is suspended through the chain of today.
    pub fn tried_again(&mut self, at: At, parked: Parked) {
        for index in self.meant(at, parked) {
            let class = self.records[index].class;
            let state = match parked {
                Parked::Dead => self.answer(class, at),
                Parked::Suspended => self.fate(class, at),
            };
            self.records[index].states.insert(at, state);
        }
    }

    /// Exceptions went through the chain of today.
    pub fn run_again(&mut self, at: At, parked: Parked) {
        for index in self.meant(at, parked) {
            let state = self.fate(self.records[index].class, at);
            self.records[index].states.insert(at, state);
        }
    }

    pub fn discarded(&mut self, at: At, parked: Parked) {
        for index in self.meant(at, parked) {
            self.records[index].states.insert(at, State::Discarded);
        }
    }

    /// A replay ran what was delivered through the chain of today.
    pub fn replayed(&mut self, at: At) {
        for index in self.those(at, State::Delivered) {
            let state = self.fate(self.records[index].class, at);
            self.records[index].states.insert(at, state);
        }
    }

    /// The first record that is suspended anywhere.
    pub fn suspended(&self) -> Option<usize> {
        let anywhere = |record: &Record| record.states.values().any(|it| *it == State::Suspended);
        self.records.iter().position(anywhere)
    }

    /// Of the newest records, which are plain, those at these positions were given up.
    pub fn expired(&mut self, at: At, indices: impl Iterator<Item = usize>) {
        for index in indices {
            self.records[index].states.insert(at, State::Expired);
        }
    }

    /// A record was corrected to a plain one, and goes on where it was suspended.
    pub fn corrected(&mut self, index: usize) {
        let fates = At::ALL.map(|at| (at, self.fate(Class::Plain, at)));
        let record = &mut self.records[index];
        record.class = Class::Plain;
        for (at, fate) in fates {
            if record.states[&at] == State::Suspended {
                record.states.insert(at, fate);
            }
        }
    }

    /// Where every record stands at a destination, in order of arrival.
    pub fn states(&self, at: At) -> Vec<State> {
        let states = self.records.iter().map(|record| record.states[&at]);
        states.collect()
    }

    fn meant(&self, at: At, parked: Parked) -> Vec<usize> {
        let state = match parked {
            Parked::Suspended => State::Suspended,
            Parked::Dead => State::Dead,
        };
        self.those(at, state)
    }

    fn those(&self, at: At, state: State) -> Vec<usize> {
        let records = self.records.iter().enumerate();
        let meant = records.filter(|(_, record)| record.states[&at] == state);
        meant.map(|(index, _)| index).collect()
    }

    fn fate(&self, class: Class, at: At) -> State {
        match (class, at) {
            (Class::Unreadable, _) => State::Suspended,
            (Class::Unrouted, _) | (Class::CrmOnly, At::Bi | At::Archive) => State::Skipped,
            (Class::Unwanted, _) if !self.variant.keeps_unwanted => State::Skipped,
            (Class::Leak, At::Bi) if !self.variant.masks_text => State::Suspended,
            _ => self.answer(class, at),
        }
    }

    /// What becomes of a payload that is sent.
    fn answer(&self, class: Class, at: At) -> State {
        match class {
            Class::Refused if at != At::Archive && !self.is_soft(at) => State::Dead,
            _ => State::Delivered,
        }
    }
}
