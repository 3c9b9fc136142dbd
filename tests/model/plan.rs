//! What a seed makes happen.

use fastrand::Rng;

/// What a record is like, and therefore what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Delivered everywhere.
    Plain,
    /// Delivered after receivers have failed on it a few times.
    Flaky,
    /// Refused for good by every receiver that has not been softened.
    Refused,
    /// Dropped by the filter, while that has its rule.
    Unwanted,
    /// Taken by a route of its own that leads to the CRM only.
    CrmOnly,
    /// Taken by no route.
    Unrouted,
    /// Holds a number where the mask looks only once it is told to.
    Leak,
    /// No JSON.
    Unreadable,
}

impl Class {
    const ALL: [Self; 8] = [
        Self::Plain,
        Self::Flaky,
        Self::Refused,
        Self::Unwanted,
        Self::CrmOnly,
        Self::Unrouted,
        Self::Leak,
        Self::Unreadable,
    ];

    /// The word for it in a record.
    pub fn word(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// A destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum At {
    Crm,
    Bi,
    Archive,
}

impl At {
    pub const ALL: [Self; 3] = [Self::Crm, Self::Bi, Self::Archive];
    /// Those that are receivers.
    pub const HTTP: [Self; 2] = [Self::Crm, Self::Bi];

    pub fn name(self) -> &'static str {
        match self {
            Self::Crm => "crm",
            Self::Bi => "bi",
            Self::Archive => "archive",
        }
    }
}

/// Exceptions that a repair is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parked {
    Suspended,
    Dead,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// New records.
    Push(usize),
    /// A record that was sent before.
    Repeat,
    /// The process is gone without a word, and starts again.
    Crash,
    /// It is asked to stop, and starts again.
    Restart,
    /// A receiver answers 503 from now on.
    Down(At),
    /// All receivers answer as the records deserve again.
    AllUp,
    /// Waits until nothing moves any more, and compares.
    Rest,
    /// Another revision: with or without the filter's rule and the mask's look at
    /// free text.
    Reload,
    /// A receiver takes from now on what it refused before, or no longer.
    Soften(At),
    Retry(At, Parked),
    Rerun(At, Parked),
    Discard(At, Parked),
    /// A record that is suspended somewhere is corrected: from then on it is a
    /// plain one.
    Correct,
    /// What a receiver was delivered is sent again, through the chain of today.
    Replay(At),
    /// Large records come until a receiver that is down has more waiting than its
    /// quota allows. Nothing where there is none.
    Overflow(At),
}

/// A plan of so many steps. Repairs and reloads come after a rest, so that
/// the model knows what they meet.
pub fn plan(random: &mut Rng, steps: usize) -> Vec<Step> {
    let mut plan = Vec::new();
    for _ in 0..steps {
        let at = At::HTTP[random.usize(..2)];
        let parked = if random.bool() {
            Parked::Suspended
        } else {
            Parked::Dead
        };
        let anywhere = At::ALL[random.usize(..3)];
        match random.usize(..15) {
            0..=3 => plan.push(Step::Push(1 + random.usize(..6))),
            4 => plan.extend([Step::Push(2), Step::Repeat]),
            5 => plan.extend([Step::Push(5), Step::Crash]),
            6 => plan.push(Step::Restart),
            7 => plan.extend([Step::Down(at), Step::Push(8), Step::Crash, Step::AllUp]),
            8 => plan.extend([Step::Rest, Step::Reload]),
            9 => plan.extend([Step::Rest, Step::Soften(at)]),
            10 => plan.extend([
                Step::Rest,
                if random.bool() {
                    Step::Retry(anywhere, parked)
                } else {
                    Step::Rerun(anywhere, parked)
                },
            ]),
            11 => plan.extend([Step::Rest, Step::Correct]),
            12 => plan.extend([Step::Rest, Step::Replay(at)]),
            13 => plan.extend([
                Step::Rest,
                Step::Down(at),
                Step::Overflow(at),
                Step::AllUp,
                Step::Rest,
            ]),
            _ => plan.extend([Step::Rest, Step::Discard(anywhere, parked)]),
        }
    }
    plan.extend([Step::AllUp, Step::Rest]);
    plan
}

/// The class of the next record.
pub fn class(random: &mut Rng) -> Class {
    Class::ALL[random.usize(..Class::ALL.len())]
}
