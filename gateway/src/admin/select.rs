//! Finds the deliveries that a request means, page by page, so that memory is
//! bounded whatever it means.
//!
//! Times become positions before the search begins. `when` is evaluated on the
//! record as it is processed, with its corrections, last, since it is what costs most; where it has no
//! answer the delivery is not meant, and counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Bound, Range},
    sync::Arc,
};

use jiff::Timestamp;

use super::{problem::Problem, view::Selection};
use crate::{
    delivery::{consumer::Chosen, fleet::REPAIR_CHUNK},
    journal::{Exception, JournalError, JournalReader, Reason, State},
    record::{Arrival, ArrivalId, Document, Seq},
    route::when::{View, When},
};

/// Arrivals of one session that are looked at.
pub(super) const MAX_SESSION_ARRIVALS: usize = 1000;

/// The states of an exception.
const EXCEPTIONS: [State; 3] = [State::Retrying, State::Suspended, State::Dead];

/// Arrivals that one request may name.
const MAX_NAMED: usize = 1000;

/// A selection, ready to be held against deliveries.
pub(super) struct Selector {
    /// The arrivals that are named; any where none is.
    named: Option<BTreeSet<Seq>>,
    state: Option<State>,
    reason: Option<String>,
    range: Range<Seq>,
    when: Option<When>,
}

/// Whether a delivery is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Meant,
    NotMeant,
    /// The expression has no answer.
    Unclear,
}

/// Exceptions of a destination.
pub(super) struct Page {
    /// Those that are meant.
    pub(super) chosen: Vec<Chosen>,
    /// How many are unclear.
    pub(super) unclear: usize,
    /// After which position to go on; `None` when there are no more.
    pub(super) next: Option<Seq>,
}

impl Selector {
    pub(super) async fn new(
        journal: &dyn JournalReader,
        selection: &Selection,
    ) -> Result<Self, Problem> {
        let when = selection.when.as_deref().map(compile).transpose()?;
        let now = Timestamp::now();
        let first = match selection.since {
            Some(since) => journal.first_since(since.resolve(now)).await?,
            None => Seq(0),
        };
        let end = match selection.until {
            Some(until) => journal.first_since(until.resolve(now)).await?,
            None => Seq(u64::MAX),
        };
        let named = match selection.arrivals.as_slice() {
            [] => None,
            ids => Some(positions(journal, ids).await?),
        };
        Ok(Self {
            named,
            state: selection.state,
            reason: selection.reason.clone(),
            range: first..end,
            when,
        })
    }

    /// Leaves out what arrives after a position.
    pub(super) fn up_to(&mut self, through: Seq) {
        self.range.end = self.range.end.min(Seq(through.0.saturating_add(1)));
    }

    /// The positions that are named, if any are.
    pub(super) fn named(&self) -> Option<&BTreeSet<Seq>> {
        self.named.as_ref()
    }

    /// The state that is meant, if one is said.
    pub(super) fn state(&self) -> Option<State> {
        self.state
    }

    /// The position after which to look.
    pub(super) fn start(&self) -> Seq {
        Seq(self.range.start.0.saturating_sub(1))
    }

    /// Whether nothing from a position on is meant.
    pub(super) fn is_past(&self, seq: Seq) -> bool {
        seq >= self.range.end
    }

    /// Whether a delivery of an arrival is meant.
    pub(super) async fn judge(
        &self,
        journal: &dyn JournalReader,
        seq: Seq,
        state: State,
        reason: &Reason,
    ) -> Result<Verdict, JournalError> {
        let named = self.named.as_ref();
        let wanted = self.reason.as_deref();
        if !self.range.contains(&seq)
            || named.is_some_and(|named| !named.contains(&seq))
            || self.state.is_some_and(|wanted| wanted != state)
            || wanted.is_some_and(|wanted| wanted != reason.as_str())
        {
            return Ok(Verdict::NotMeant);
        }
        let Some(when) = &self.when else {
            return Ok(Verdict::Meant);
        };
        let arrival = journal.get(seq).await?;
        Ok(arrival.map_or(Verdict::Unclear, |arrival| decide(when, &arrival)))
    }

    /// The next exceptions of a destination after a position.
    pub(super) async fn page(
        &self,
        journal: &dyn JournalReader,
        destination: &str,
        after: Seq,
    ) -> Result<Page, JournalError> {
        let (exceptions, next) = match &self.named {
            Some(named) => named_exceptions(journal, destination, named, after).await?,
            None => self.any_exceptions(journal, destination, after).await?,
        };
        let mut page = Page {
            chosen: Vec::new(),
            unclear: 0,
            next: next.filter(|&last| !self.is_past(last)),
        };
        for kept in exceptions {
            let Exception { seq, state, .. } = kept;
            match self.judge(journal, seq, state, &kept.reason).await? {
                Verdict::Meant => page.chosen.push(Chosen { seq, state }),
                Verdict::NotMeant => {}
                Verdict::Unclear => page.unclear += 1,
            }
        }
        Ok(page)
    }

    /// The next exceptions of a destination, and where to go on.
    async fn any_exceptions(
        &self,
        journal: &dyn JournalReader,
        destination: &str,
        after: Seq,
    ) -> Result<(Vec<Exception>, Option<Seq>), JournalError> {
        let after = after.max(self.start());
        let page = journal
            .exceptions(destination, self.state, after, REPAIR_CHUNK)
            .await?;
        let next = page.last().map(|last| last.seq);
        Ok((page, next))
    }
}

/// Those of the chosen exceptions that have stood as they do since before a time.
pub(super) async fn settled_before(
    journal: &dyn JournalReader,
    destination: &str,
    chosen: Vec<Chosen>,
    time: Timestamp,
) -> Result<Vec<Chosen>, JournalError> {
    let mut kept = Vec::with_capacity(chosen.len());
    let mut known: BTreeMap<Seq, Timestamp> = BTreeMap::new();
    let mut looked = Seq(0);
    let last = chosen.last().map_or(Seq(0), |last| last.seq);
    for chosen in chosen {
        if chosen.seq > looked {
            let after = Seq(chosen.seq.0.saturating_sub(1));
            let (found, through) = journal
                .standing(destination, &EXCEPTIONS, after, last)
                .await?;
            known = found.iter().map(|it| (it.seq, it.settled)).collect();
            looked = through;
        }
        if known
            .get(&chosen.seq)
            .is_some_and(|&settled| settled < time)
        {
            kept.push(chosen);
        }
    }
    Ok(kept)
}

/// The next named arrivals that are exceptions at a destination, and where to go
/// on.
async fn named_exceptions(
    journal: &dyn JournalReader,
    destination: &str,
    named: &BTreeSet<Seq>,
    after: Seq,
) -> Result<(Vec<Exception>, Option<Seq>), JournalError> {
    let mut found = Vec::new();
    let mut last = None;
    let beyond = (Bound::Excluded(after), Bound::Unbounded);
    for &seq in named.range(beyond).take(REPAIR_CHUNK) {
        found.extend(journal.exception(destination, seq).await?);
        last = Some(seq);
    }
    Ok((found, last))
}

fn decide(when: &When, arrival: &Arrival) -> Verdict {
    let Ok(cdr) = Document::parse(arrival.record().clone()) else {
        return Verdict::Unclear;
    };
    let view = View {
        kind: arrival.kind,
        source: &arrival.source,
        tags: &arrival.tags,
        cdr: &cdr,
    };
    match when.matches(&view) {
        Ok(true) => Verdict::Meant,
        Ok(false) => Verdict::NotMeant,
        Err(_) => Verdict::Unclear,
    }
}

/// An expression, or what is wrong with it.
pub(super) fn compile(text: &str) -> Result<When, Problem> {
    When::compile(text).map_err(|error| {
        let place = error.at.map_or_else(String::new, |at| {
            format!(" at line {}, column {}", at.line, at.column)
        });
        Problem::bad_request(format!("`when`{place}: {error}"))
    })
}

async fn positions(journal: &dyn JournalReader, ids: &[String]) -> Result<BTreeSet<Seq>, Problem> {
    if ids.len() > MAX_NAMED {
        return Err(Problem::bad_request(format!(
            "{} arrivals are named; name at most {MAX_NAMED} in one request",
            ids.len()
        )));
    }
    let mut positions = BTreeSet::new();
    for id in ids {
        match arrival(journal, id).await? {
            Some(arrival) => positions.insert(arrival.seq),
            None => return Err(Problem::not_found(format!("no arrival {id}"))),
        };
    }
    Ok(positions)
}

/// The arrival of an id as people write it.
pub(super) async fn arrival(
    journal: &dyn JournalReader,
    id: &str,
) -> Result<Option<Arc<Arrival>>, JournalError> {
    match id.parse::<ArrivalId>() {
        Ok(id) => journal.find(id).await,
        Err(_) => Ok(None),
    }
}
