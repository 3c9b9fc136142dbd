//! The journey of one arrival under one revision: its document, decision, chain
//! results and originals, each made at most once and shared by all destinations.
//!
//! Journeys are cached by position and correction, so that the destinations that follow the
//! tail do not repeat each other's work. The cache is bounded; a journey that
//! was evicted is made again, with the same result.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tokio::sync::OnceCell;

use super::{
    Chain, ChainOutcome, Decision, Made, Route, Routes,
    guard::{Contract, Originals},
};
use crate::{
    config::model::DEFAULT_REGION,
    ingest::dialect::Dialect,
    plugin::{Record, Workers},
    record::{Arrival, Document, Kind, NumberPlaces, Pattern, Seq},
};

/// Arrivals whose journey is kept, and the size of their bodies in bytes: what
/// the destinations that follow the tail may be apart from each other without
/// repeating work. Documents and chain results take some twenty times as much: eight
/// times as many journeys took a hundred MiB more, and no time off (`make bench`).
const CAPACITY: usize = 512;
const CAPACITY_BYTES: usize = 4 * 1024 * 1024;

/// One arrival on its way, under one revision.
pub struct Journey {
    /// The arrival.
    pub arrival: Arc<Arrival>,
    /// How its source speaks; none where this revision has no such source.
    origin: Option<Arc<Origin>>,
    document: OnceLock<Option<Document>>,
    decision: OnceLock<Decision>,
    originals: OnceLock<Originals>,
    made: Mutex<HashMap<Chains, Arc<OnceCell<Arc<Made>>>>>,
}

/// The own chain of a destination, and what its results are looked at with.
pub struct OwnChain<'a> {
    /// The plugins.
    pub chain: &'a Arc<Chain>,
    /// Whether another destination of the route has it too.
    pub is_shared: bool,
    /// Where it waits for a worker.
    pub lane: &'a Arc<str>,
    /// The contract that documents are held against; none where there is none, or
    /// where it is not the document that leaves.
    pub contract: Option<Contract>,
}

/// The chains that a record goes through: that of a route, and the own one of
/// destinations, by its address, which the revision keeps.
type Chains = (usize, Option<usize>);

/// What a revision knows of a source when it processes its arrivals.
pub struct Origin {
    /// Where numbers stand, by kind.
    number_places: HashMap<Kind, Arc<NumberPlaces>>,
    /// Region of numbers without a country code (ISO 3166-1 alpha-2).
    region: String,
}

impl Origin {
    /// What a dialect says, and the region of its numbers.
    #[must_use]
    pub fn new(dialect: &dyn Dialect, region: String) -> Self {
        let places = |kind| (kind, Arc::new(dialect.number_places(kind).iter().collect()));
        Self {
            number_places: Kind::ALL.into_iter().map(places).collect(),
            region,
        }
    }

    /// Places by kind, and the region of the numbers there.
    #[must_use]
    pub fn of_places(
        places: impl IntoIterator<Item = (Kind, Vec<Pattern>)>,
        region: String,
    ) -> Self {
        let places = places.into_iter();
        Self {
            number_places: places
                .map(|(kind, places)| (kind, Arc::new(places.iter().collect())))
                .collect(),
            region,
        }
    }

    /// The gateway itself, whose records hold no numbers. What a contract lets
    /// pass of them is inspected all the same.
    #[must_use]
    pub fn of_events() -> Self {
        Self {
            number_places: HashMap::new(),
            region: DEFAULT_REGION.to_owned(),
        }
    }
}

impl Journey {
    fn new(arrival: Arc<Arrival>, origin: Option<Arc<Origin>>) -> Self {
        Self {
            arrival,
            origin,
            document: OnceLock::new(),
            decision: OnceLock::new(),
            originals: OnceLock::new(),
            made: Mutex::new(HashMap::new()),
        }
    }

    /// The document as received, or as corrected; none where it is not JSON.
    pub fn document(&self) -> Option<&Document> {
        let parse = || Document::parse(self.arrival.record().clone()).ok();
        self.document.get_or_init(parse).as_ref()
    }

    /// Where the arrival goes.
    pub fn decision(&self, routes: &Routes) -> &Decision {
        self.decision.get_or_init(|| {
            let decision = routes.decide(&self.arrival, self.document());
            if decision.is_empty() {
                let source = self.arrival.source.to_string();
                metrics::counter!("cdr_gateway_unrouted_total", "source" => source).increment(1);
            }
            decision
        })
    }

    /// The record as the first plugin sees it; none where the body is not JSON.
    pub fn record(&self) -> Option<Record> {
        Some(Record {
            arrival: self.arrival.clone(),
            document: self.document()?.clone(),
            tags: self.arrival.tags.clone(),
            number_places: self.number_places(),
        })
    }

    fn number_places(&self) -> Arc<NumberPlaces> {
        let origin = self.origin.as_ref();
        let places = origin.and_then(|origin| origin.number_places.get(&self.arrival.kind));
        places.cloned().unwrap_or_default()
    }

    /// The numbers that a destination with an egress contract must not get: those
    /// of the body as received and of every correction. Costs a scan of all of
    /// them: not for the async runtime.
    pub fn originals(&self) -> &Originals {
        let region = self.origin.as_ref().map_or("", |origin| &origin.region);
        self.originals.get_or_init(|| match self.document() {
            Some(document) => {
                let before = self.arrival.before();
                Originals::gather(document, before, &self.number_places(), region)
            }
            None => Originals::default(),
        })
    }

    /// Whether [`Journey::originals`] costs nothing any more.
    pub fn knows_originals(&self) -> bool {
        self.originals.get().is_some()
    }

    /// What a route's chain, and then a destination's own, make of the record. A chain
    /// that several destinations have is run once for all of them, unless it fails;
    /// nobody else asks for what the others make, and it is not kept. None if the
    /// gateway itself failed, or the body is not JSON.
    ///
    /// A route's chain has a lane of its own, so that no destination's is in its
    /// way; an own chain runs in the lane of who asks first. What it makes is held
    /// against their contract where it is made, which spares another wait for a
    /// worker.
    pub async fn made(
        self: &Arc<Self>,
        routes: &Routes,
        index: usize,
        own: &OwnChain<'_>,
        workers: &Workers,
    ) -> Option<Arc<Made>> {
        let route = routes.get(index)?;
        let shared = route.is_shared().then_some((index, None));
        let by_route = self.once(shared, self.by_route(route, workers)).await?;
        let Some(record) = by_route.record().filter(|_| !own.chain.is_empty()) else {
            return Some(by_route);
        };
        let shared = own
            .is_shared
            .then(|| (index, Some(Arc::as_ptr(own.chain).addr())));
        let make = self.by_own_chain(route, own, record, workers);
        self.once(shared, make).await
    }

    async fn by_route(&self, route: &Route, workers: &Workers) -> Option<Arc<Made>> {
        let (chain, record) = (route.chain.clone(), self.record()?);
        if chain.is_empty() {
            return Some(Arc::new(Made::new(ChainOutcome::Kept(record), &[])));
        }
        let named = chain.clone();
        let made = chain.run(workers, &route.lane, record, move |outcome| {
            Arc::new(Made::new(outcome, &[&named]))
        });
        made.await.ok()
    }

    async fn by_own_chain(
        self: &Arc<Self>,
        route: &Route,
        own: &OwnChain<'_>,
        record: &Record,
        workers: &Workers,
    ) -> Option<Arc<Made>> {
        let (before, chain, contract) = (route.chain.clone(), own.chain.clone(), own.contract);
        let (journey, run) = (self.clone(), own.chain.clone());
        let made = run.run(workers, own.lane, record.clone(), move |outcome| {
            let made = Made::new(outcome, &[&before, &chain]);
            if let (Some(contract), Some(record)) = (contract, made.record()) {
                // What it finds is kept.
                let _ = made.inspect(&record.document, contract, journey.originals());
            }
            Arc::new(made)
        });
        made.await.ok()
    }

    /// Makes something, or waits for who makes it for all that share these chains.
    /// What failed is made anew for each who asks: a plugin may work by then.
    async fn once(
        &self,
        shared: Option<Chains>,
        run: impl Future<Output = Option<Arc<Made>>>,
    ) -> Option<Arc<Made>> {
        let Some(chains) = shared else {
            return run.await;
        };
        let cell = self.cell(chains);
        let kept = cell.get_or_try_init(async || match run.await {
            Some(made) if !made.has_failed() => Ok(made),
            failed => Err(failed),
        });
        kept.await
            .map_or_else(|failed| failed, |made| Some(made.clone()))
    }

    fn cell(&self, chains: Chains) -> Arc<OnceCell<Arc<Made>>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.entry(chains).or_default().clone()
    }
}

/// The journeys of one revision, bounded.
#[derive(Default)]
pub struct Journeys {
    kept: Mutex<Kept>,
}

/// A position, and the number of the newest correction that the journey is of:
/// an attempt that began before a correction goes on with what it began with.
type Key = (Seq, u32);

#[derive(Default)]
struct Kept {
    journeys: HashMap<Key, Arc<Journey>>,
    order: VecDeque<Key>,
    bytes: usize,
}

impl Journeys {
    /// The journey of an arrival, begun if it is not under way.
    pub fn of(
        &self,
        arrival: &Arc<Arrival>,
        origin: impl FnOnce() -> Option<Arc<Origin>>,
    ) -> Arc<Journey> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (arrival.seq, arrival.correction());
        if let Some(journey) = kept.journeys.get(&key) {
            return journey.clone();
        }
        let journey = Arc::new(Journey::new(arrival.clone(), origin()));
        kept.journeys.insert(key, journey.clone());
        kept.order.push_back(key);
        kept.bytes += arrival.size();
        kept.evict();
        journey
    }
}

impl Kept {
    /// Forgets the oldest until the bounds hold; one journey is always kept.
    fn evict(&mut self) {
        while self.order.len() > 1
            && (self.order.len() > CAPACITY || self.bytes > CAPACITY_BYTES)
            && let Some(oldest) = self.order.pop_front()
        {
            if let Some(journey) = self.journeys.remove(&oldest) {
                self.bytes -= journey.arrival.size();
            }
        }
    }
}
