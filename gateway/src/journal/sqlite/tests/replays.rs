//! Replays: portions reopened with the books, and nothing twice.

use super::fixture::{CRM, Fixture, at, delivered, frozen, outcome, parking, settlement};
use crate::{
    journal::{
        Journal, JournalError, JournalReader, Meant, NewReplay, Numbered, Parking, Payload,
        Portion, ReplayState, Retire, Settlement, State,
    },
    record::Seq,
};

fn replay(last: u64, fresh_ids: bool) -> NewReplay {
    NewReplay {
        at: at(200),
        meant: Meant {
            first: Seq(1),
            last: Seq(last),
            states: vec![State::Delivered, State::Dead],
            when: None,
            fresh_ids,
        },
        counted: [(CRM.to_owned(), 3)].into(),
    }
}

pub(super) fn portion(replay: u64, chosen: &[(u64, State)], through: u64) -> Portion {
    Portion {
        replay,
        chosen: chosen
            .iter()
            .map(|&(seq, state)| (Seq(seq), state))
            .collect(),
        through: Seq(through),
        at: at(300),
        revision: 5,
    }
}

#[tokio::test]
async fn a_portion_is_reopened_once_and_with_the_books() {
    let fixture = Fixture::new();
    fixture.append(6).await;
    let epoch = fixture.claim().await.epoch;
    let outcomes = [1, 2, 3].map(|seq| outcome(seq, State::Delivered));
    let parked = vec![parking(4, State::Dead), parking(5, State::Suspended)];
    fixture
        .settle(epoch, settlement(outcomes.to_vec(), parked))
        .await;
    let journal = &fixture.journal;
    let id = journal
        .start_replay(replay(6, false))
        .await
        .expect("a replay");
    // The fourth is something else than it was, the sixth has not passed.
    let chosen = [
        (1, State::Delivered),
        (3, State::Delivered),
        (4, State::Delivered),
        (5, State::Suspended),
        (6, State::Delivered),
    ];
    let chosen = portion(id, &chosen, 6);
    assert_eq!(journal.reopen(CRM, epoch, chosen.clone()).await, Ok(3));
    assert_eq!(
        journal.reopen(CRM, epoch, chosen.clone()).await,
        Ok(0),
        "twice"
    );
    let counted = [
        State::Delivered,
        State::Retrying,
        State::Dead,
        State::Suspended,
    ];
    let mut counts = Vec::new();
    for state in counted {
        counts.push(fixture.counted(state).await);
    }
    assert_eq!(counts, [1, 3, 1, 0]);
    assert_eq!(journal.replaying(CRM, Seq(0), Seq(6)).await, Ok(3));
    let waiting = journal.waiting(CRM, 1).await.expect("a read");
    let waiting: Vec<_> = waiting
        .iter()
        .map(|it| (it.seq.0, it.is_replayed))
        .collect();
    let expected = [(1, true), (3, true), (5, true), (6, false)];
    assert_eq!(waiting, expected, "whatever the limit");
    assert_eq!(journal.replaying(CRM, Seq(1), Seq(3)).await, Ok(1));
    let due = journal.due(CRM, at(300), 9).await.expect("a list");
    assert!(due.iter().all(|due| due.reason.as_str() == "replay"));
    assert_eq!(due.len(), 3);
    fixture.assert_clean().await;

    let fixture = fixture.reopened();
    let kept = fixture.journal.replays(None).await.expect("a list");
    let share = &kept[0].shares[0];
    assert_eq!(
        (share.position, share.reopened, share.left_alone),
        (Seq(6), 3, 2)
    );
    assert_eq!(
        (kept[0].state, kept[0].meant.states.len()),
        (ReplayState::Running, 2)
    );
    let epoch = fixture.claim().await.epoch;
    fixture.settle(epoch, delivered([1, 3, 5])).await;
    assert_eq!(fixture.counted(State::Delivered).await, 4);
    let stale = fixture.journal.reopen(CRM, epoch - 1, chosen).await;
    assert!(
        matches!(stale, Err(JournalError::Fenced { .. })),
        "{stale:?}"
    );
    fixture.assert_clean().await;
}

#[tokio::test]
async fn what_has_ended_or_is_gone_is_left_alone() {
    let fixture = Fixture::new();
    fixture.append(4).await;
    let epoch = fixture.claim().await.epoch;
    fixture.settle(epoch, delivered([1, 2, 3, 4])).await;
    let journal = &fixture.journal;
    assert_eq!(fixture.remove_before(at(2)).await, 2);
    let first = journal
        .start_replay(replay(4, false))
        .await
        .expect("a replay");
    let gone = portion(first, &[(1, State::Delivered), (3, State::Delivered)], 3);
    assert_eq!(journal.reopen(CRM, epoch, gone).await, Ok(1));
    assert_eq!(
        fixture.remove_before(at(1_000)).await,
        0,
        "it is needed again"
    );
    let ended = journal.end_replay(first, ReplayState::Cancelled, at(400));
    assert_eq!(ended.await, Ok(true));
    let again = journal.end_replay(first, ReplayState::Done, at(500));
    assert_eq!(again.await, Ok(false));
    let late = portion(first, &[(4, State::Delivered)], 4);
    assert_eq!(journal.reopen(CRM, epoch, late).await, Ok(0));
    let replays = journal.replays(None).await.expect("a list");
    assert_eq!(
        (replays[0].state, replays[0].ended),
        (ReplayState::Cancelled, Some(at(400)))
    );
    let mut unknown = replay(4, false);
    unknown.counted = [("unknown".to_owned(), 1)].into();
    let refused = journal.start_replay(unknown).await;
    assert!(
        matches!(refused, Err(JournalError::Refused { .. })),
        "{refused:?}"
    );
    assert_eq!(journal.replays(None).await.expect("a list").len(), 1);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_portion_is_no_wider_than_a_step_of_the_writer() {
    let fixture = Fixture::new();
    fixture.append(1).await;
    let epoch = fixture.claim().await.epoch;
    let journal = &fixture.journal;
    let id = journal
        .start_replay(replay(9_999, false))
        .await
        .expect("a replay");
    let wide = [
        (1, State::Delivered),
        (1 + Portion::MAX_SPAN, State::Delivered),
    ];
    let refused = journal.reopen(CRM, epoch, portion(id, &wide, 9_999)).await;
    assert!(
        matches!(refused, Err(JournalError::Refused { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn numbers_of_ids_outlive_the_deliveries_in_between() {
    let fixture = Fixture::new();
    fixture.append(5).await;
    let epoch = fixture.claim().await.epoch;
    let journal = &fixture.journal;
    let noted = |seq, number, revision, correction| Numbered {
        seq: Seq(seq),
        number,
        revision,
        correction,
    };
    let kept = Parking {
        payload: Payload::Freeze(Box::new(frozen())),
        ..parking(3, State::Dead)
    };
    let settled = Settlement {
        numbers: vec![noted(2, 4, 3, 1)],
        ..settlement(
            vec![
                outcome(1, State::Delivered),
                outcome(2, State::Delivered),
                outcome(4, State::Skipped),
            ],
            vec![kept],
        )
    };
    fixture.settle(epoch, settled).await;
    // What is noted: of the first that its revision is known, of the second that
    // it was noted before; the frozen payload of the third tells itself; the
    // fourth was never sent.
    let chosen = [
        (1, State::Delivered),
        (2, State::Delivered),
        (3, State::Dead),
        (4, State::Skipped),
    ];
    for (fresh_ids, expected) in [
        (
            false,
            [Some(noted(1, 1, 1, 0)), Some(noted(2, 4, 3, 1)), None, None],
        ),
        (
            true,
            [Some(noted(1, 1, 0, 0)), Some(noted(2, 4, 0, 1)), None, None],
        ),
    ] {
        let id = journal
            .start_replay(replay(4, fresh_ids))
            .await
            .expect("a replay");
        let reopened = journal.reopen(CRM, epoch, portion(id, &chosen, 4)).await;
        assert_eq!(reopened, Ok(4), "fresh: {fresh_ids}");
        for (seq, expected) in (1..).zip(expected) {
            assert_eq!(journal.numbered(CRM, Seq(seq)).await, Ok(expected), "{seq}");
        }
        assert!(
            journal
                .frozen(CRM, Seq(3))
                .await
                .expect("a read")
                .is_none_or(|it| it.superseded)
        );
        let outcomes = vec![
            outcome(1, State::Delivered),
            outcome(2, State::Delivered),
            outcome(4, State::Skipped),
        ];
        fixture
            .settle(epoch, settlement(outcomes, vec![parking(3, State::Dead)]))
            .await;
    }
    fixture.settle(epoch, delivered([3, 5])).await;
    fixture.remove_before(at(1_000)).await;
    assert_eq!(
        journal.numbered(CRM, Seq(2)).await,
        Ok(None),
        "gone with the arrival"
    );
    journal
        .retire(CRM, Retire::AsItStands)
        .await
        .expect("retired");
    fixture.assert_clean().await;
}

#[tokio::test]
async fn deliveries_are_found_by_their_states() {
    let fixture = Fixture::new();
    fixture.append(5).await;
    let epoch = fixture.claim().await.epoch;
    fixture
        .settle(
            epoch,
            settlement(
                vec![outcome(1, State::Delivered), outcome(3, State::Skipped)],
                vec![parking(2, State::Dead)],
            ),
        )
        .await;
    for (states, after, through, expected) in [
        (&[State::Delivered, State::Dead][..], 0, 9, (vec![1, 2], 9)),
        (&[State::Skipped], 0, 2, (vec![], 2)),
        (&[State::Dead, State::Skipped], 2, 3, (vec![3], 3)),
        (&[State::Pending], 0, 9, (vec![], 9)),
        (&[State::Delivered], 5, 9, (vec![], 9)),
    ] {
        let found = fixture
            .journal
            .standing(CRM, states, Seq(after), Seq(through))
            .await;
        let (found, looked) = found.expect("a list");
        let seqs: Vec<_> = found.iter().map(|found| found.seq.0).collect();
        assert_eq!((seqs, looked.0), expected, "{states:?} after {after}");
        assert!(found.iter().all(|found| found.settled == at(100)));
    }
}
