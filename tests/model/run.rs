//! Runs a plan, and compares.

use std::collections::BTreeSet;

use cdr_gateway::journal::State;
use fastrand::Rng;
use serde_json::json;

use super::{
    gateway::Gateway,
    line::number,
    oracle::Oracle,
    plan::{At, Class, Parked, Step, class, plan},
    receiver::{NUMBER, Receivers},
    shape::{LARGE_BYTES, QUOTA_BYTES, Shape},
};
use crate::harness::until;

const STEPS: usize = 12;

/// Runs the plan of a seed.
pub fn run(seed: u64) {
    let mut random = Rng::with_seed(seed);
    let plan = plan(&mut random, STEPS);
    let shape = Shape::random(&mut random);
    let receivers = Receivers::start(shape);
    let oracle = Oracle::default();
    let mut run = Run {
        gateway: Gateway::start(&receivers.url, oracle.variant, shape),
        shape,
        receivers,
        oracle,
        random,
        sent: Vec::new(),
        delivered: At::ALL.map(|_| BTreeSet::new()),
    };
    for (number, step) in plan.iter().enumerate() {
        run.step(*step)
            .unwrap_or_else(|wrong| panic!("step {number} of {plan:?}, {shape:?}: {wrong}"));
    }
}

struct Run {
    gateway: Gateway,
    shape: Shape,
    receivers: Receivers,
    oracle: Oracle,
    random: Rng,
    /// Ids and bodies, in order of arrival.
    sent: Vec<(String, String)>,
    /// What each destination was delivered at any time, by position in
    /// [`At::ALL`].
    delivered: [BTreeSet<String>; 3],
}

impl Run {
    fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Push(count) => (0..count).for_each(|_| self.push()),
            Step::Repeat => self.repeat(),
            Step::Crash => self.gateway.crash(),
            Step::Restart => self.gateway.restart(),
            Step::Down(at) => self.receivers.down(at),
            Step::AllUp => self.receivers.all_up(),
            Step::Rest => return self.rest(),
            Step::Reload => {
                self.oracle.variant = self.oracle.variant.next();
                self.gateway.reload(self.oracle.variant);
            }
            Step::Soften(at) => {
                self.oracle.softened(at);
                self.receivers.soften(at, self.oracle.is_soft(at));
            }
            Step::Retry(at, parked) => {
                self.repair("retry", at, parked, &json!({}));
                self.oracle.tried_again(at, parked);
            }
            Step::Rerun(at, parked) => {
                self.repair("retry", at, parked, &json!({ "rerun": true }));
                self.oracle.run_again(at, parked);
            }
            Step::Discard(at, parked) => {
                self.repair("discard", at, parked, &json!({ "because": "the plan" }));
                self.oracle.discarded(at, parked);
            }
            Step::Correct => self.correct(),
            Step::Replay(at) => {
                self.replay(at);
                self.oracle.replayed(at);
            }
            Step::Overflow(at) => self.overflow(at),
        }
        // What was asked for ends before anything else happens to it.
        match step {
            Step::Retry(..)
            | Step::Rerun(..)
            | Step::Discard(..)
            | Step::Correct
            | Step::Replay(_) => self.rest(),
            _ => Ok(()),
        }
    }

    fn correct(&mut self) {
        let Some(index) = self.oracle.suspended() else {
            return;
        };
        let arrival = self.gateway.arrival(index + 1);
        let id = &self.sent[index].0;
        let body = record(id, Class::Plain).to_string();
        let request = json!({ "after": 0, "body": body, "because": "the plan" });
        let what = format!("arrivals/{arrival}/corrections");
        self.gateway.admin(&what, &request);
        self.oracle.corrected(index);
    }

    fn replay(&self, at: At) {
        let started = self
            .gateway
            .admin("replays", &json!({ "destinations": [at.name()] }));
        // Nothing to be sent again is no replay.
        if let Some(replay) = started["replay"].as_u64() {
            until("the replay to end", || {
                let replay = self.gateway.look(&format!("replays/{replay}"));
                (replay["state"] == "done").then_some(())
            });
        }
    }

    fn push(&mut self) {
        let class = class(&mut self.random);
        let id = self.next_id();
        let body = if class == Class::Unreadable {
            format!("{{ {id}")
        } else {
            record(&id, class).to_string()
        };
        self.gateway.push(&id, &body);
        self.accepted(id, class, body);
    }

    fn next_id(&self) -> String {
        format!("r{}", self.sent.len() + 1)
    }

    fn accepted(&mut self, id: String, class: Class, body: String) {
        self.oracle.pushed(class);
        self.sent.push((id, body));
    }

    fn repeat(&self) {
        if let Some((id, body)) = self.sent.last() {
            self.gateway.push(id, body);
        }
    }

    /// Large plain records, until more wait than a quota allows for a receiver
    /// that is down, and for which nothing waited before.
    fn overflow(&mut self, at: At) {
        match at {
            _ if !self.shape.quotas => {}
            At::Bi => self.see_the_source_shut(),
            _ => self.see_the_oldest_given_up(at),
        }
    }

    fn see_the_source_shut(&mut self) {
        let mut is_shut = false;
        for (id, body) in self.large_records() {
            if is_shut || !self.gateway.offer(&id, &body) {
                is_shut = true;
                self.receivers.all_up();
                self.gateway.push(&id, &body);
            }
            self.accepted(id, Class::Plain, body);
        }
        if let (false, Some((id, body))) = (is_shut, self.sent.last()) {
            until("the source to be shut", || {
                (!self.gateway.offer(id, body)).then_some(())
            });
        }
    }

    fn see_the_oldest_given_up(&mut self, at: At) {
        let first = self.sent.len();
        // What is given up makes way for others.
        self.receivers.hold_line(at, false, &[]);
        for (id, body) in self.large_records() {
            self.gateway.push(&id, &body);
            self.accepted(id, Class::Plain, body);
        }
        let given_up = first..self.sent.len() - QUOTA_BYTES / LARGE_BYTES;
        self.oracle.expired(at, given_up.clone());
        let states = self.oracle.states(at).into_iter();
        let expired = states.filter(|state| *state == State::Expired).count();
        until("the oldest to be given up", || {
            let ledgers = self.gateway.ledgers();
            let ledger = ledgers.iter().find(|it| it.destination == at.name())?;
            (ledger.counts.expired == expired as u64).then_some(())
        });
        let is_ordered = self.shape.is_ordered();
        self.receivers
            .hold_line(at, is_ordered, &self.sent[given_up]);
    }

    /// Twice as much as a quota allows. All of one size: what is under way is not given
    /// up just then, and of others it would depend on that which ones are.
    fn large_records(&self) -> Vec<(String, String)> {
        let count = 2 * QUOTA_BYTES / LARGE_BYTES;
        let records = (1..=count).map(|number| {
            let id = format!("r{}", self.sent.len() + number);
            let mut large = record(&id, Class::Plain);
            large["filler"] = "".into();
            let filler = LARGE_BYTES - large.to_string().len();
            large["filler"] = "x".repeat(filler).into();
            (id, large.to_string())
        });
        records.collect()
    }

    fn repair(&self, what: &str, at: At, parked: Parked, request: &serde_json::Value) {
        let mut request = request.clone();
        request["destination"] = at.name().into();
        request["state"] = match parked {
            Parked::Suspended => "suspended",
            Parked::Dead => "dead",
        }
        .into();
        self.gateway.admin(&format!("deliveries/{what}"), &request);
    }

    /// Waits until nothing moves, and compares everything.
    fn rest(&mut self) -> Result<(), String> {
        self.receivers.all_up();
        let pushed = self.oracle.len() as u64;
        until("everything to come to rest", || {
            let ledgers = self.gateway.ledgers();
            let rests = ledgers.iter().all(|ledger| {
                ledger.end.0 == pushed && ledger.counts.pending + ledger.counts.retrying == 0
            });
            (rests && ledgers.len() == At::ALL.len()).then_some(())
        });
        let audit = self.gateway.verify();
        if !audit.is_clean() {
            return Err(format!("the books do not balance: {audit:?}"));
        }
        let wrong = self.receivers.wrong();
        if !wrong.is_empty() {
            return Err(wrong.join("; "));
        }
        for (index, at) in At::ALL.into_iter().enumerate() {
            self.compare_states(at)?;
            self.compare_received(index, at)?;
        }
        Ok(())
    }

    fn compare_states(&self, at: At) -> Result<(), String> {
        let found = self.gateway.deliveries(at.name(), self.sent.len() + 1);
        let found: Vec<State> = found.iter().map(|fate| fate.state).collect();
        let expected = self.oracle.states(at);
        if found == expected {
            return Ok(());
        }
        let pairs = found.iter().zip(&expected).enumerate();
        let other = pairs.filter(|(_, (found, expected))| found != expected);
        let other: Vec<_> = other
            .map(|(index, (found, expected))| {
                let body = &self.sent[index].1;
                format!("{body} is {found}, expected {expected}")
            })
            .collect();
        let count = (found.len(), expected.len());
        Err(format!("{} {count:?}: {}", at.name(), other.join("; ")))
    }

    /// A receiver holds what was delivered to it at any time, and a file holds
    /// it once.
    fn compare_received(&mut self, index: usize, at: At) -> Result<(), String> {
        let states = self.oracle.states(at);
        let records = self.sent.iter().zip(states);
        let delivered = records.filter(|(_, state)| *state == State::Delivered);
        self.delivered[index].extend(delivered.map(|((id, _), _)| id.clone()));
        let expected: Vec<&String> = self.delivered[index].iter().collect();
        let mut found = match at {
            At::Archive => ids(&self.gateway.lines()),
            _ => self.receivers.accepted(at),
        };
        found.sort();
        if found.iter().eq(expected.iter().copied()) {
            return Ok(());
        }
        Err(format!(
            "{} holds {found:?}, expected {expected:?}",
            at.name()
        ))
    }
}

fn record(id: &str, class: Class) -> serde_json::Value {
    let note = if class == Class::Leak { NUMBER } else { "" };
    let class = class.word();
    // One of three.
    let key = format!("k{}", number(id) % 3);
    json!({ "id": id, "key": key, "class": class, "caller": "008613800138000", "note": note })
}

fn ids(lines: &[String]) -> Vec<String> {
    let id = |line: &String| {
        let record: serde_json::Value = serde_json::from_str(line).expect("a whole line");
        record["id"].as_str().expect("an id").to_owned()
    };
    lines.iter().map(id).collect()
}
