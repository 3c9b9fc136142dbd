//! Deliveries from pending to their end, and what is refused on the way.

use super::fixture::{
    CRM, Fixture, at, delivered, exception, frozen, outcome, parking, settlement,
};
use crate::{
    journal::{
        Attempt, AttemptedBatch, BatchFormat, Exception, Excerpt, FilePart, Journal, JournalError,
        JournalReader, Parking, PartStage, Payload, Reason, SeqSet, Settlement, State,
    },
    record::Seq,
};

#[tokio::test]
async fn a_delivery_goes_from_retry_to_success() {
    let fixture = Fixture::new();
    fixture.append(3).await;
    let epoch = fixture.claim().await.epoch;
    let attempt = Attempt {
        seq: Seq(2),
        number: 1,
        at: at(9),
        outcome: Reason::from("failed"),
        status: 503,
        duration_ms: 12,
        error: "the receiver answered 503".to_owned(),
        response: Excerpt::new(&b"busy \xff\0"[..]),
        revision: 1,
        batch: Some(AttemptedBatch {
            id: "batch_07".into(),
            records: 2,
        }),
    };
    let parked = Parking {
        exception: exception(2, State::Retrying),
        payload: Payload::Freeze(Box::new(frozen())),
    };
    let first = Settlement {
        attempts: vec![attempt.clone()],
        ..settlement(
            vec![outcome(1, State::Delivered), outcome(3, State::Skipped)],
            vec![parked],
        )
    };
    fixture.settle(epoch, first).await;

    let fixture = fixture.reopened();
    let journal = &fixture.journal;
    let kept = journal.exception(CRM, Seq(2)).await.expect("a read");
    assert_eq!(kept, Some(exception(2, State::Retrying)));
    assert_eq!(
        journal.frozen(CRM, Seq(2)).await.expect("a read"),
        Some(frozen())
    );
    assert_eq!(
        journal.attempts(CRM, Seq(2)).await.expect("a read"),
        [attempt]
    );
    assert_eq!(journal.next_due(CRM).await.expect("a read"), Some(at(20)));
    assert!(
        journal
            .due(CRM, at(19), 9)
            .await
            .expect("a read")
            .is_empty()
    );
    assert_eq!(journal.due(CRM, at(20), 9).await.expect("a read").len(), 1);
    let fates = journal.fates(Seq(2)).await.expect("a read");
    assert_eq!((fates[0].state, fates[0].status), (State::Retrying, 503));
    assert_eq!(fates[0].reason.as_str(), "status");
    assert_eq!(fates[0].settled, Some(at(100)));

    let claim = fixture.claim().await;
    assert_eq!((claim.cursor, claim.ahead), (Seq(3), SeqSet::new()));
    fixture.settle(claim.epoch, delivered([2])).await;
    assert_eq!(
        fixture
            .journal
            .exception(CRM, Seq(2))
            .await
            .expect("a read"),
        None
    );
    assert_eq!(
        fixture.journal.frozen(CRM, Seq(2)).await.expect("a read"),
        None
    );
    assert_eq!(
        fixture
            .journal
            .attempts(CRM, Seq(2))
            .await
            .expect("a read")
            .len(),
        1
    );
    assert_eq!(fixture.counted(State::Delivered).await, 2);
    assert_eq!(fixture.counted(State::Retrying).await, 0);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn an_attempt_that_takes_a_number_replaces_the_answer_too() {
    let fixture = Fixture::new();
    fixture.append(1).await;
    let epoch = fixture.claim().await.epoch;
    for response in ["first", "", "", "last"].map(Excerpt::new) {
        let attempt = Attempt {
            seq: Seq(1),
            number: 1,
            at: at(9),
            outcome: Reason::from("failed"),
            status: 503,
            duration_ms: 12,
            error: String::new(),
            response,
            revision: 1,
            batch: None,
        };
        let probed = Settlement {
            attempts: vec![attempt.clone()],
            ..settlement(Vec::new(), vec![parking(1, State::Retrying)])
        };
        fixture.settle(epoch, probed).await;
        let attempts = fixture.journal.attempts(CRM, Seq(1)).await;
        assert_eq!(attempts.expect("a read"), [attempt]);
    }
}

#[tokio::test]
async fn the_cursor_waits_for_gaps() {
    let fixture = Fixture::new();
    fixture.append(6).await;
    let epoch = fixture.claim().await.epoch;
    fixture.settle(epoch, delivered([2, 3, 6])).await;
    let ledger = fixture
        .journal
        .ledger(CRM)
        .await
        .expect("a read")
        .expect("a ledger");
    assert_eq!(
        (ledger.cursor, ledger.ahead, ledger.counts.pending),
        (Seq(0), 3, 3)
    );
    fixture.settle(epoch, delivered([1])).await;
    let claim = fixture.claim().await;
    assert_eq!(claim.cursor, Seq(3));
    assert_eq!(claim.ahead, [Seq(6)].into_iter().collect());
    fixture.assert_clean().await;
}

#[tokio::test]
async fn nonsense_is_refused_whole() {
    let fixture = Fixture::new();
    fixture.append(5).await;
    let epoch = fixture.claim().await.epoch;
    fixture
        .settle(
            epoch,
            settlement(
                vec![outcome(1, State::Delivered)],
                vec![parking(2, State::Dead)],
            ),
        )
        .await;
    let before = fixture.assert_clean().await;
    let fine = outcome(3, State::Delivered);
    let also = |state| settlement(vec![fine.clone(), outcome(4, state)], vec![]);
    for (nonsense, words) in [
        (also(State::Pending), "not final"),
        (also(State::Retrying), "not final"),
        (
            settlement(vec![fine.clone()], vec![parking(4, State::Delivered)]),
            "no exception",
        ),
        (delivered([3, 0]), "outside its range"),
        (delivered([3, 6]), "outside its range"),
        (delivered([3, 4, 4]), "named twice"),
        (
            settlement(vec![fine.clone()], vec![parking(3, State::Dead)]),
            "named twice",
        ),
        (delivered([3, 1]), "finished already"),
        (
            settlement(vec![fine.clone()], vec![parking(1, State::Retrying)]),
            "finished already",
        ),
    ] {
        let refused = fixture.journal.settle(CRM, epoch, nonsense).await;
        let error = refused.expect_err("nonsense");
        assert!(matches!(error, JournalError::Refused { .. }), "{error:?}");
        assert!(
            error.to_string().contains(words),
            "{error} does not say {words}"
        );
        assert_eq!(fixture.assert_clean().await, before, "{words}");
    }
    fixture.settle(epoch, delivered([3, 2])).await;
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_refused_neighbour_does_not_spoil_the_group() {
    let fixture = Fixture::new();
    fixture.append(9).await;
    let epoch = fixture.claim().await.epoch;
    fixture.settle(epoch, delivered([9])).await;
    let journal = &fixture.journal;
    let named = |seqs: &[u64]| {
        let mut settlement = delivered(seqs.iter().copied());
        settlement.outcomes[0].reason = Reason::from("never seen");
        journal.settle(CRM, epoch, settlement)
    };
    let settle = |seq| journal.settle(CRM, epoch, delivered([seq]));
    // Refused at 9, after 8 with its new reason has been worked through.
    let (first, refused, second, twice) =
        tokio::join!(settle(1), named(&[8, 9]), settle(2), settle(1));
    assert!(first.is_ok() && second.is_ok());
    assert!(refused.is_err() && twice.is_err());
    assert_eq!(named(&[3]).await, Ok(()));
    let fates = journal.fates(Seq(3)).await.expect("fates");
    assert_eq!(fates[0].reason.as_str(), "never seen");
    assert_eq!(fixture.counted(State::Delivered).await, 4);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn payloads_are_kept_replaced_and_superseded() {
    let fixture = Fixture::new();
    fixture.append(1).await;
    let epoch = fixture.claim().await.epoch;
    let mut other = frozen();
    other.body = bytes::Bytes::from_static(b"{}");
    other.batch_format = Some(BatchFormat::Ndjson);
    let mut superseded = other.clone();
    superseded.superseded = true;
    for (payload, expected) in [
        (Payload::Keep, None),
        (Payload::Supersede, None),
        (Payload::Freeze(Box::new(frozen())), Some(frozen())),
        (Payload::Keep, Some(frozen())),
        (
            Payload::Freeze(Box::new(other.clone())),
            Some(other.clone()),
        ),
        (Payload::Supersede, Some(superseded.clone())),
        (Payload::Keep, Some(superseded)),
        (Payload::Freeze(Box::new(other.clone())), Some(other)),
    ] {
        let exception = exception(1, State::Retrying);
        let parked = Parking { exception, payload };
        fixture
            .settle(epoch, settlement(vec![], vec![parked]))
            .await;
        assert_eq!(
            fixture.journal.frozen(CRM, Seq(1)).await.expect("a read"),
            expected
        );
    }
    assert_eq!(fixture.counted(State::Retrying).await, 1);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_frozen_batch_is_read_whole_in_order_of_arrival() {
    let fixture = Fixture::new();
    let arrivals = fixture.append(4).await;
    let epoch = fixture.claim().await.epoch;
    let member = |seq, batch: Option<&str>| Parking {
        exception: Exception {
            batch: batch.map(Into::into),
            splits: 2,
            ..exception(seq, State::Retrying)
        },
        payload: Payload::Freeze(Box::new(frozen())),
    };
    let parked = [(4, Some("a")), (2, Some("b")), (1, Some("a")), (3, None)];
    let parked = parked.map(|(seq, batch)| member(seq, batch)).into();
    fixture.settle(epoch, settlement(vec![], parked)).await;

    let fixture = fixture.reopened();
    let members = |id| fixture.journal.batch(CRM, id);
    let read = members("a").await.expect("a read");
    let expected = [1, 4].map(|seq| member(seq, Some("a")).exception);
    let kept: Vec<_> = read.iter().map(|member| member.exception.clone()).collect();
    assert_eq!(kept, expected);
    assert_eq!(read[1].arrival.id, arrivals[3].id);
    assert_eq!(read[0].frozen, frozen());

    // One that is repaired is taken out; one that is finished is gone.
    let epoch = fixture.claim().await.epoch;
    let gone = outcome(4, State::Delivered);
    let settled = settlement(vec![gone], vec![member(1, None)]);
    fixture.settle(epoch, settled).await;
    assert!(members("a").await.expect("a read").is_empty());
    assert_eq!(members("b").await.expect("a read").len(), 1);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn deliveries_are_listed_by_state() {
    let fixture = Fixture::new();
    fixture.append(8).await;
    let epoch = fixture.claim().await.epoch;
    let parked = vec![parking(2, State::Suspended), parking(5, State::Suspended)];
    let outcomes = [1, 3, 7].map(|seq| outcome(seq, State::Skipped)).to_vec();
    fixture.settle(epoch, settlement(outcomes, parked)).await;
    let journal = &fixture.journal;
    for (state, after, limit, expected) in [
        (Some(State::Skipped), 0, 9, vec![1, 3, 7]),
        (Some(State::Skipped), 1, 1, vec![3]),
        (Some(State::Suspended), 2, 9, vec![5]),
        (Some(State::Pending), 0, 9, vec![4, 6, 8]),
        (Some(State::Dead), 0, 9, vec![]),
        (None, 5, 9, vec![6, 7, 8]),
        (None, 8, 9, vec![]),
    ] {
        let listed = journal
            .deliveries(CRM, state, Seq(after), limit)
            .await
            .expect("a list");
        let seqs: Vec<_> = listed.iter().map(|fate| fate.seq.0).collect();
        assert_eq!(seqs, expected, "{state:?} after {after}");
        assert!(
            listed
                .iter()
                .all(|fate| state.is_none_or(|state| state == fate.state))
        );
    }
    let listed = journal
        .exceptions(CRM, None, Seq(0), 1)
        .await
        .expect("a list");
    assert_eq!(listed, [exception(2, State::Suspended)]);
    assert!(
        journal
            .deliveries("unknown", None, Seq(0), 9)
            .await
            .expect("a list")
            .is_empty()
    );
}

#[tokio::test]
async fn long_details_are_cut() {
    let fixture = Fixture::new();
    fixture.append(1).await;
    let epoch = fixture.claim().await.epoch;
    let mut parked = parking(1, State::Dead);
    parked.exception.detail = "é".repeat(Exception::MAX_DETAIL_CHARS + 5);
    fixture
        .settle(epoch, settlement(vec![], vec![parked]))
        .await;
    let kept = fixture
        .journal
        .exception(CRM, Seq(1))
        .await
        .expect("a read")
        .expect("one");
    assert_eq!(kept.detail.chars().count(), Exception::MAX_DETAIL_CHARS);
}

#[tokio::test]
async fn file_parts_come_back_until_they_are_finished() {
    let fixture = Fixture::new();
    let arrivals = fixture.append(2).await;
    let epoch = fixture.claim().await.epoch;
    let mut part = FilePart {
        path: "archive/a.ndjson".to_owned(),
        part: 1,
        length: 100,
        records: 1,
        first: arrivals[0].id,
        last: arrivals[0].id,
        opened: at(1),
        base_dir: "files".to_owned(),
        layout: "{}".to_owned(),
        key_day: None,
        stage: PartStage::Open,
    };
    let with = |part: &FilePart, seq| Settlement {
        files: vec![part.clone()],
        ..delivered([seq])
    };
    fixture.settle(epoch, with(&part, 1)).await;
    (part.length, part.records, part.last) = (200, 2, arrivals[1].id);
    fixture.settle(epoch, with(&part, 2)).await;
    let claim = fixture.claim().await;
    assert_eq!(claim.files, [part.clone()]);
    part.stage = PartStage::Waiting;
    let waiting = Settlement {
        files: vec![part.clone()],
        ..Settlement::new(at(200))
    };
    fixture.settle(claim.epoch, waiting).await;
    assert_eq!(fixture.claim().await.files, [part.clone()]);
    for (stage, count) in [
        (Some(PartStage::Open), 0),
        (Some(PartStage::Waiting), 1),
        (Some(PartStage::Finished), 0),
        (None, 1),
    ] {
        let parts = fixture.journal.file_parts(CRM, stage, 9).await;
        assert_eq!(parts.expect("a read").len(), count, "{stage:?}");
    }
    let claim = fixture.claim().await;
    part.stage = PartStage::Finished;
    let finish = Settlement {
        files: vec![part.clone()],
        ..Settlement::new(at(200))
    };
    fixture.settle(claim.epoch, finish).await;
    assert!(fixture.claim().await.files.is_empty());
    let last = fixture
        .journal
        .last_part(CRM, &part.path)
        .await
        .expect("a read");
    assert_eq!(last, Some(part));
}
