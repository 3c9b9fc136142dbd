//! Which destinations an arrival goes to, and through which route.

use std::{collections::HashMap, sync::Arc};

use super::{
    Chain,
    when::{View, When},
};
use crate::record::{Arrival, Document};

/// A compiled route.
#[derive(Debug)]
pub struct Route {
    /// Its name in the config.
    pub name: String,
    /// The sources that it takes from.
    pub from: Vec<Arc<str>>,
    /// Which of their records; all where none is said.
    pub when: Option<When>,
    /// Plugins before those of each destination.
    pub chain: Arc<Chain>,
    /// Where its chain queues for a worker.
    pub lane: Arc<str>,
    /// The destinations.
    pub to: Vec<Arc<str>>,
}

impl Route {
    /// Whether several destinations get what its chain makes.
    pub(super) fn is_shared(&self) -> bool {
        self.to.len() > 1
    }
}

/// The routes of a revision in file order.
#[derive(Debug, Default)]
pub struct Routes {
    routes: Vec<Route>,
    by_source: HashMap<Arc<str>, Vec<usize>>,
}

/// What was decided for one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It gets the arrival through the route of this index.
    Through(usize),
    /// It would get the arrival, but a person has to look at it first.
    Suspended {
        /// Stable short form for the ledger.
        reason: &'static str,
        /// What is wrong.
        detail: String,
    },
}

/// What was decided for an arrival.
#[derive(Debug, Default)]
pub struct Decision {
    by_destination: HashMap<Arc<str>, Decided>,
}

/// Ledger reason of an arrival that other destinations get, but not this one.
pub const NOT_ROUTED_HERE: &str = "not_routed_here";

/// Ledger reason of an arrival that no route matched.
pub const UNROUTED: &str = "unrouted";

impl Decision {
    /// What was decided for a destination; none if it gets nothing.
    #[must_use]
    pub fn of(&self, destination: &str) -> Option<&Decided> {
        self.by_destination.get(destination)
    }

    /// Whether no destination gets the arrival.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_destination.is_empty()
    }

    /// Why a destination gets nothing.
    #[must_use]
    pub fn why_not(&self) -> &'static str {
        if self.is_empty() {
            UNROUTED
        } else {
            NOT_ROUTED_HERE
        }
    }

    fn add(&mut self, route: &Route, decided: &Decided) {
        for destination in &route.to {
            if !self.by_destination.contains_key(destination) {
                self.by_destination
                    .insert(destination.clone(), decided.clone());
            }
        }
    }
}

impl Routes {
    /// Indexes routes by source.
    #[must_use]
    pub fn new(routes: Vec<Route>) -> Self {
        let mut by_source: HashMap<_, Vec<_>> = HashMap::new();
        for (index, route) in routes.iter().enumerate() {
            for source in &route.from {
                by_source.entry(source.clone()).or_default().push(index);
            }
        }
        Self { routes, by_source }
    }

    /// The route of an index that a [`Decision`] gave.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Route> {
        self.routes.get(index)
    }

    /// Every route in file order.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }

    /// Decides once for an arrival. `document` is missing where the body cannot
    /// be read; the arrival then has a defect.
    #[must_use]
    pub fn decide(&self, arrival: &Arrival, document: Option<&Document>) -> Decision {
        let mut decision = Decision::default();
        let candidates = self.by_source.get(&arrival.source);
        for &index in candidates.into_iter().flatten() {
            if let Some(route) = self.routes.get(index)
                && let Some(decided) = consider(route, index, arrival, document)
            {
                decision.add(route, &decided);
            }
        }
        decision
    }
}

/// A defective arrival is suspended wherever a route could have sent it: which
/// one would have is not known until it is repaired.
fn consider(
    route: &Route,
    index: usize,
    arrival: &Arrival,
    document: Option<&Document>,
) -> Option<Decided> {
    if let Some(defect) = arrival.defect {
        return Some(Decided::Suspended {
            reason: defect.as_str(),
            detail: defect.explanation().into(),
        });
    }
    let Some(document) = document else {
        return Some(Decided::Suspended {
            reason: crate::record::Defect::Unreadable.as_str(),
            detail: crate::record::Defect::Unreadable.explanation().into(),
        });
    };
    let Some(when) = &route.when else {
        return Some(Decided::Through(index));
    };
    let view = View {
        kind: arrival.kind,
        source: &arrival.source,
        tags: &arrival.tags,
        cdr: document,
    };
    match when.matches(&view) {
        Ok(true) => Some(Decided::Through(index)),
        Ok(false) => None,
        Err(error) => Some(Decided::Suspended {
            reason: "route_error",
            detail: format!("when of route {}: {error}", route.name),
        }),
    }
}
