//! Whatever is settled in whatever order, the books agree with a plain model.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{
    corrections::correction,
    fixture::{CRM, Fixture, at, outcome, parking, settlement},
    replays::portion,
};
use crate::{
    journal::{Hours, Journal, JournalReader, Meant, NewCorrection, NewReplay, State},
    record::{Correction, Seq},
};

#[derive(Debug, Clone)]
enum Act {
    Append(usize),
    /// Arrivals (modulo the head, plus a little) and the state they get.
    Settle(Vec<(u64, State)>),
    /// Reopens arrivals that are thought to be in these states.
    Reopen(BTreeMap<u64, State>),
    /// Corrects an arrival, and resumes what is dead as well.
    Correct(u64, bool),
    /// Removes what was received before this millisecond.
    Retain(i64),
    Claim,
    Restart,
    PowerCut,
}

fn act() -> impl Strategy<Value = Act> {
    let state = prop::sample::select(State::ALL.to_vec());
    let settled = [
        State::Delivered,
        State::Skipped,
        State::Suspended,
        State::Dead,
    ];
    let settled = prop::sample::select(settled.to_vec());
    prop_oneof![
        4 => (1_usize..12).prop_map(Act::Append),
        8 => prop::collection::vec((0_u64..1000, state), 1..10).prop_map(Act::Settle),
        4 => prop::collection::btree_map(0_u64..60, settled, 1..12).prop_map(Act::Reopen),
        2 => (0_u64..60, any::<bool>()).prop_map(|(seq, dead)| Act::Correct(seq, dead)),
        3 => (0_i64..14).prop_map(Act::Retain),
        1 => Just(Act::Claim),
        1 => Just(Act::Restart),
        1 => Just(Act::PowerCut),
    ]
}

/// What the model thinks of a settlement: fine, and then its new states. Nothing
/// that is settled here was made of a correction.
fn settle(
    model: &BTreeMap<u64, State>,
    corrected: &BTreeSet<u64>,
    parts: &[(u64, State)],
) -> Option<BTreeMap<u64, State>> {
    let mut next = model.clone();
    for (at, &(seq, state)) in parts.iter().enumerate() {
        let twice = parts[..at].iter().any(|&(other, _)| other == seq);
        let finished = next.get(&seq).is_none_or(|before| before.is_final());
        if twice || finished || state == State::Pending {
            return None;
        }
        let overtaken = state == State::Suspended && corrected.contains(&seq);
        next.insert(seq, if overtaken { State::Retrying } else { state });
    }
    Some(next)
}

async fn run(acts: Vec<Act>) {
    let mut fixture = Fixture::new();
    let mut model: BTreeMap<u64, State> = BTreeMap::new();
    let mut kept: BTreeMap<u64, i64> = BTreeMap::new();
    let mut sizes: BTreeMap<u64, u64> = BTreeMap::new();
    let mut corrected = BTreeSet::new();
    let mut replayed = BTreeSet::new();
    let mut epoch = fixture.claim().await.epoch;
    for act in acts {
        match act {
            Act::Append(count) => {
                for arrival in fixture.append(count).await {
                    model.insert(arrival.seq.0, State::Pending);
                    sizes.insert(arrival.seq.0, arrival.body.len() as u64);
                    let age = arrival.received.duration_since(at(0)).as_millis();
                    kept.insert(arrival.seq.0, i64::try_from(age).expect("small"));
                }
            }
            Act::Settle(parts) => {
                let head = model.len() as u64;
                let parts: Vec<_> = parts
                    .into_iter()
                    .map(|(seq, state)| (seq % (head + 2), state))
                    .collect();
                let (parked, finished): (Vec<_>, Vec<_>) = parts
                    .iter()
                    .copied()
                    .partition(|(_, state)| state.is_exception());
                let settled = settlement(
                    finished
                        .into_iter()
                        .map(|(seq, state)| outcome(seq, state))
                        .collect(),
                    parked
                        .into_iter()
                        .map(|(seq, state)| parking(seq, state))
                        .collect(),
                );
                let result = fixture.journal.settle(CRM, epoch, settled).await;
                let expected = settle(&model, &corrected, &parts);
                assert_eq!(result.is_ok(), expected.is_some(), "{parts:?}: {result:?}");
                if let Some(next) = expected {
                    model = next;
                    replayed.retain(|seq| parts.iter().all(|(settled, _)| settled != seq));
                }
            }
            Act::Reopen(chosen) => {
                let replay = fixture.journal.start_replay(everything()).await;
                let parts: Vec<_> = chosen.into_iter().collect();
                let portion = portion(replay.expect("a replay"), &parts, u64::MAX >> 1);
                let reopened = fixture.journal.reopen(CRM, epoch, portion).await;
                let mut expected = 0;
                for (seq, state) in parts {
                    if kept.contains_key(&seq) && model.get(&seq) == Some(&state) {
                        model.insert(seq, State::Retrying);
                        replayed.insert(seq);
                        expected += 1;
                    }
                }
                assert_eq!(reopened, Ok(expected));
            }
            Act::Correct(seq, dead) => {
                let before = fixture.journal.get(Seq(seq)).await.expect("a read");
                let after = before.as_ref().map_or(0, |arrival| arrival.correction());
                let correction = NewCorrection {
                    dead,
                    ..correction(after, "{}")
                };
                let result = fixture.journal.correct(Seq(seq), correction).await;
                let may = kept.contains_key(&seq) && after < Correction::MAX;
                assert_eq!(result.is_ok(), may, "{seq}: {result:?}");
                let resumes = match model.get(&seq) {
                    Some(State::Suspended) => may,
                    Some(State::Dead) => may && dead,
                    _ => false,
                };
                if resumes {
                    model.insert(seq, State::Retrying);
                }
                corrected.extend(may.then_some(seq));
            }
            Act::Retain(cutoff) => {
                let gone = removable(&model, &kept, cutoff);
                let removed = fixture.remove_before(at(cutoff)).await;
                assert_eq!(removed, gone.len() as u64, "before {cutoff}: {gone:?}");
                kept.retain(|seq, _| !gone.contains(seq));
            }
            Act::Claim => epoch = fixture.claim().await.epoch,
            Act::Restart => fixture = fixture.reopened(),
            Act::PowerCut => fixture = fixture.after_power_cut(),
        }
    }
    compare_backlog(&fixture, &model, &replayed, &sizes).await;
    compare_hours(&fixture, &model).await;
    compare(&fixture, &model, &kept).await;
}

/// The books by hour hold everything, also of what is gone.
async fn compare_hours(fixture: &Fixture, model: &BTreeMap<u64, State>) {
    let hourly = fixture.journal.by_hour(CRM, Hours::default()).await;
    let hourly = hourly.expect("a read").expect("a destination");
    assert_eq!(hourly.sums(), hourly.ledger.counts);
    for state in State::ALL {
        let of_state = hourly.entries.iter().filter(|entry| entry.state == state);
        let told: u64 = of_state.map(|entry| entry.deliveries).sum();
        let expected = model.values().filter(|&&other| other == state).count();
        assert_eq!(told, expected as u64, "{state}");
    }
}

/// What waits is what the model says is pending or retrying.
async fn compare_backlog(
    fixture: &Fixture,
    model: &BTreeMap<u64, State>,
    replayed: &BTreeSet<u64>,
    sizes: &BTreeMap<u64, u64>,
) {
    let waits = |state: State| matches!(state, State::Pending | State::Retrying);
    let waiting = model.iter().filter(|&(_, &state)| waits(state));
    let waiting: Vec<_> = waiting.map(|(&seq, &state)| (seq, state)).collect();
    let backlog = fixture.journal.backlog(CRM).await.expect("a read");
    let backlog = backlog.expect("a destination");
    assert_eq!(backlog.deliveries, waiting.len() as u64);
    let bytes: u64 = waiting.iter().map(|(seq, _)| sizes[seq]).sum();
    assert_eq!(backlog.bytes, bytes);
    let listed = fixture.journal.waiting(CRM, 5).await.expect("a read");
    assert_eq!(backlog.oldest, listed.first().map(|first| first.received));
    assert!(
        listed
            .iter()
            .all(|one| one.is_replayed == replayed.contains(&one.seq.0))
    );
    let listed: Vec<_> = listed.iter().map(|one| (one.seq.0, one.state)).collect();
    let mut room = 5;
    let expected = waiting.iter().filter(|(seq, _)| {
        let is_replayed = replayed.contains(seq);
        let is_listed = is_replayed || room > 0;
        room -= usize::from(is_listed && !is_replayed);
        is_listed
    });
    assert!(listed.iter().eq(expected), "{listed:?}");
}

fn everything() -> NewReplay {
    NewReplay {
        at: at(200),
        meant: Meant {
            first: Seq(1),
            last: Seq(u64::MAX >> 1),
            states: State::ALL.to_vec(),
            when: None,
            fresh_ids: false,
        },
        counted: [(CRM.to_owned(), 0)].into(),
    }
}

/// What the model thinks retention may remove: what is finished, up to the first
/// arrival that is too young, and never the newest.
fn removable(
    model: &BTreeMap<u64, State>,
    kept: &BTreeMap<u64, i64>,
    cutoff: i64,
) -> BTreeSet<u64> {
    kept.iter()
        .take_while(|&(_, &received)| received < cutoff)
        .map(|(&seq, _)| seq)
        .filter(|seq| model[seq].is_final() && *seq < model.len() as u64)
        .collect()
}

async fn compare(fixture: &Fixture, model: &BTreeMap<u64, State>, kept: &BTreeMap<u64, i64>) {
    let audit = fixture.assert_clean().await;
    for state in State::ALL {
        let expected = model.values().filter(|&&other| other == state).count() as u64;
        assert_eq!(
            audit.destinations[0].ledger.counts.of(state),
            expected,
            "{state}"
        );
    }
    let fates = fixture
        .journal
        .deliveries(CRM, None, Seq(0), usize::MAX)
        .await;
    let fates: BTreeMap<_, _> = fates
        .expect("fates")
        .iter()
        .map(|fate| (fate.seq.0, fate.state))
        .collect();
    let mut told = model.clone();
    told.retain(|seq, _| kept.contains_key(seq));
    assert_eq!(fates, told);
    assert!(fixture.kept().await.iter().eq(kept.keys()));
    let ledger = &audit.destinations[0].ledger;
    assert_eq!(ledger.removed, (model.len() - kept.len()) as u64);
    let passed = model
        .values()
        .take_while(|&&state| state != State::Pending)
        .count() as u64;
    assert_eq!(fixture.claim().await.cursor, Seq(passed));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn the_books_agree_with_a_plain_model(acts in prop::collection::vec(act(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(run(acts));
    }
}
