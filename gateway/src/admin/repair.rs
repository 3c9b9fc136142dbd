//! Repair: exceptions are tried again or given up, by the consumer that owns
//! their destination. Those of a retired one have no owner: they can be given up
//! all the same.
//!
//! What is meant is found and repaired page by page. When a request fails half
//! way, what came before in the journal is repaired; the same request goes on
//! from there, since what is repaired is no longer meant, or repaired alike.

use std::collections::BTreeMap;

use axum::{Json, extract::State as Shared};
use jiff::Timestamp;

use super::{
    Admin,
    problem::Problem,
    select::{Selector, settled_before},
    view::{AsOf, DiscardView, RepairRequest, RetryView, Tally},
};
use crate::{
    delivery::{
        consumer::{Chosen, Repair},
        fleet::AskError,
    },
    journal::{Ledger, Outcome, Reason, Settlement, State},
    record::Seq,
};

/// Tries exceptions again now.
pub(super) async fn retry(
    Shared(admin): Shared<Admin>,
    Json(request): Json<RepairRequest>,
) -> Result<Json<RetryView>, Problem> {
    if request.because.is_some() {
        let why = "`because` is said of what is discarded; leave it out to try again";
        return Err(Problem::bad_request(why));
    }
    let how = if request.rerun {
        Repair::Rerun
    } else {
        Repair::Retry
    };
    let (retried, tally) = repair(&admin, &request, &how).await?;
    Ok(Json(RetryView { retried, tally }))
}

/// Gives exceptions up.
pub(super) async fn discard(
    Shared(admin): Shared<Admin>,
    Json(request): Json<RepairRequest>,
) -> Result<Json<DiscardView>, Problem> {
    if request.rerun {
        let why = "`rerun` is said of what is tried again; leave it out to discard";
        return Err(Problem::bad_request(why));
    }
    let how = Repair::Discard {
        because: because(request.because.as_deref())?,
    };
    let (discarded, tally) = repair(&admin, &request, &how).await?;
    Ok(Json(DiscardView { discarded, tally }))
}

/// A person's reason: one short line.
pub(super) fn because(text: Option<&str>) -> Result<Reason, Problem> {
    let text = text.unwrap_or_default().trim();
    let length = text.chars().count();
    if length == 0 || length > Reason::MAX_CHARS || text.chars().any(char::is_control) {
        return Err(Problem::bad_request(format!(
            "say why in `because`: one line of 1 to {} characters",
            Reason::MAX_CHARS
        )));
    }
    Ok(Reason::from(text))
}

async fn repair(
    admin: &Admin,
    request: &RepairRequest,
    how: &Repair,
) -> Result<(BTreeMap<String, usize>, Tally), Problem> {
    let selection = &request.selection;
    if selection.is_empty() || selection.state.is_some_and(|state| !state.is_exception()) {
        return Err(Problem::bad_request(
            "say which: `arrivals`, `destination`, `reason`, `since`, `until`, `when`, or a `state` that is retrying, suspended or dead",
        ));
    }
    let journal = &**admin.runtime.journal();
    let as_of = AsOf {
        through: journal.head().0,
        at: Timestamp::now(),
    };
    let wanted = selection.destination.as_deref();
    let mut names = Vec::new();
    if let Repair::Discard { .. } = how {
        names = retired(admin, wanted).await?;
    }
    if wanted.is_none() || names.is_empty() {
        names.extend(running(admin, wanted)?);
    }
    let mut selector = Selector::new(journal, selection).await?;
    if let Some(as_of) = request.as_of {
        selector.up_to(Seq(as_of.through));
    }
    let mut tally = Tally {
        dry_run: request.dry_run,
        as_of: request.dry_run.then_some(as_of),
        ..Tally::default()
    };
    let mut repaired = BTreeMap::new();
    for name in names {
        let at = At {
            admin,
            selector: &selector,
            destination: &name,
            as_of: request.as_of,
        };
        let count = at.repair(how, &mut tally).await?;
        if count > 0 {
            repaired.insert(name, count);
        }
    }
    if !request.dry_run {
        tracing::info!(?repaired, left_alone = tally.left_alone, "{}", done(how));
    }
    Ok((repaired, tally))
}

/// The destinations that are meant: exceptions are repaired by a consumer.
pub(super) fn running(admin: &Admin, wanted: Option<&str>) -> Result<Vec<String>, Problem> {
    let revision = admin.runtime.revision();
    match wanted {
        Some(name) if revision.destinations.contains_key(name) => Ok(vec![name.to_owned()]),
        Some(name) => Err(AskError::Unknown(name.to_owned()).into()),
        None => {
            let names = revision.destinations.keys();
            Ok(names.map(ToString::to_string).collect())
        }
    }
}

/// The destinations that are retired, of those that are meant.
async fn retired(admin: &Admin, wanted: Option<&str>) -> Result<Vec<String>, Problem> {
    let ledgers = admin.runtime.journal().ledgers().await?.into_iter();
    let meant = ledgers.filter(|ledger| {
        ledger.retired && wanted.is_none_or(|wanted| wanted == ledger.destination)
    });
    Ok(meant.map(|ledger| ledger.destination).collect())
}

/// A destination at which is repaired.
struct At<'a> {
    admin: &'a Admin,
    selector: &'a Selector,
    destination: &'a str,
    as_of: Option<AsOf>,
}

impl At<'_> {
    /// Repairs what is meant, or only counts it.
    async fn repair(&self, how: &Repair, tally: &mut Tally) -> Result<usize, Problem> {
        let journal = &**self.admin.runtime.journal();
        let mut count = 0;
        let mut next = Some(Seq(0));
        while let Some(after) = next {
            let page = self.selector.page(journal, self.destination, after).await?;
            next = page.next;
            tally.unclear += page.unclear;
            let mut chosen = page.chosen;
            if let Some(AsOf { at, .. }) = self.as_of {
                chosen = settled_before(journal, self.destination, chosen, at).await?;
            }
            let meant = chosen.len();
            if tally.dry_run || meant == 0 {
                count += meant;
                continue;
            }
            let repaired = self.act(chosen, how).await?;
            count += repaired;
            tally.left_alone += meant.saturating_sub(repaired);
        }
        Ok(count)
    }

    async fn act(&self, chosen: Vec<Chosen>, how: &Repair) -> Result<usize, Problem> {
        let ledger = self
            .admin
            .runtime
            .journal()
            .ledger(self.destination)
            .await?;
        if let Repair::Discard { because } = how
            && let Some(ledger) = ledger.filter(|ledger| ledger.retired)
        {
            return self.discard_without_owner(&ledger, chosen, because).await;
        }
        let fleet = self.admin.runtime.fleet();
        Ok(fleet.repair(self.destination, chosen, how).await?)
    }

    /// Settles for a retired destination, under the epoch of its retirement: whoever
    /// claims it in between makes this a stranger.
    async fn discard_without_owner(
        &self,
        ledger: &Ledger,
        chosen: Vec<Chosen>,
        because: &Reason,
    ) -> Result<usize, Problem> {
        let journal = self.admin.runtime.journal();
        let mut settlement = Settlement::new(Timestamp::now());
        for Chosen { seq, state } in chosen {
            let kept = journal.exception(self.destination, seq).await?;
            if kept.is_some_and(|kept| kept.state == state) {
                let revision = self.admin.runtime.revision().number;
                let (state, because) = (State::Discarded, because.clone());
                let outcome = Outcome::without_attempt(seq, state, because, revision);
                settlement.outcomes.push(outcome);
            }
        }
        let discarded = settlement.outcomes.len();
        journal
            .settle(self.destination, ledger.epoch, settlement)
            .await?;
        Ok(discarded)
    }
}

fn done(how: &Repair) -> &'static str {
    match how {
        Repair::Retry => "deliveries are tried again",
        Repair::Rerun => "deliveries are processed and tried again",
        Repair::Discard { .. } => "deliveries are discarded",
        Repair::Expire { .. } => "deliveries are expired",
    }
}
