use std::time::Duration;

use tokio::task::JoinHandle;

use super::{
    fake::{Act, FakeIntake},
    *,
};

const LIMITS: Limits = Limits {
    max_token_requests: 64,
    max_concurrency: 8,
    request_timeout: Duration::from_secs(10),
    dedup_window: Duration::from_hours(1),
    dedup_max_entries: 100,
};

const BUSY: JournalError = JournalError::Busy { queue: 1 };

async fn admission(intake: &FakeIntake) -> Arc<Admission> {
    let admission = Admission::open(intake.clone(), &LIMITS).await;
    Arc::new(admission.unwrap())
}

fn push(id: Option<&str>, body: &str) -> Push {
    Push {
        received: Timestamp::now(),
        source: Arc::from("tccc"),
        kind: Kind::Cdr,
        push_id: id.map(|id| Box::from(id.as_bytes())),
        session: None,
        tags: Tags::new(),
        defect: None,
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn first(position: usize) -> Receipt {
    Receipt {
        id: FakeIntake::id(position),
        duplicate: false,
    }
}

fn again(position: usize) -> Receipt {
    Receipt {
        duplicate: true,
        ..first(position)
    }
}

type Admitting = JoinHandle<Result<Receipt, JournalError>>;

fn admit(admission: &Arc<Admission>, push: Push) -> Admitting {
    let admission = admission.clone();
    tokio::spawn(async move { admission.admit(push).await })
}

/// Gives every other task its turn. (The tests run on one thread.)
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

fn conflict_tags(intake: &FakeIntake) -> Vec<Option<String>> {
    let tag = |arrival: &NewArrival| arrival.tags.get(TAG_CONFLICT).cloned();
    intake.stored().iter().map(tag).collect()
}

#[tokio::test]
async fn each_push_is_stored_once() {
    let intake = FakeIntake::new([]);
    let admission = admission(&intake).await;
    for (id, body, expected) in [
        (Some("a"), "1", first(0)),
        (Some("a"), "1", again(0)),
        (Some("b"), "1", first(1)),
        (None, "1", first(2)),
        (None, "1", again(2)),
        (None, "2", first(3)),
        // Another body under a known id is a record of its own, once.
        (Some("a"), "2", first(4)),
        (Some("a"), "2", again(4)),
        (Some("a"), "1", again(0)),
        (Some("a"), "3", first(5)),
    ] {
        assert_eq!(
            admission.admit(push(id, body)).await,
            Ok(expected),
            "{id:?} {body}"
        );
    }
    let earlier = Some(FakeIntake::id(0).to_string());
    assert_eq!(
        conflict_tags(&intake),
        [None, None, None, None, earlier.clone(), earlier]
    );
}

#[tokio::test]
async fn a_restart_remembers_what_the_journal_holds() {
    let intake = FakeIntake::new([]);
    let before = admission(&intake).await;
    for body in ["1", "2"] {
        before.admit(push(Some("a"), body)).await.unwrap();
    }
    let after = admission(&intake).await;
    assert_eq!(after.admit(push(Some("a"), "1")).await, Ok(again(0)));
    assert_eq!(after.admit(push(Some("a"), "2")).await, Ok(again(1)));
    assert_eq!(after.admit(push(Some("a"), "3")).await, Ok(first(2)));
}

#[tokio::test]
async fn repetitions_wait_for_the_first_commit_and_share_its_fate() {
    for (act, fates) in [
        (Act::Store, [Ok(first(0)), Ok(again(0)), Ok(again(0))]),
        (Act::Fail(BUSY), [Err(BUSY), Err(BUSY), Err(BUSY)]),
        (Act::Panic, [(); 3].map(|()| Err(JournalError::Closed))),
    ] {
        let intake = FakeIntake::new([Act::Held(Box::new(act))]);
        let admission = admission(&intake).await;
        let leader = admit(&admission, push(Some("a"), "1"));
        intake.begun().await;
        let second = admit(&admission, push(Some("a"), "1"));
        let third = admit(&admission, push(Some("a"), "1"));
        settle().await;
        let pushes = [leader, second, third];
        assert!(
            pushes.iter().all(|push| !push.is_finished()),
            "answered before the commit"
        );

        intake.let_go();
        for (push, fate) in pushes.into_iter().zip(fates) {
            assert_eq!(push.await.unwrap(), fate);
        }
    }
}

#[tokio::test]
async fn what_failed_may_be_tried_again() {
    for act in [Act::Fail(BUSY), Act::Panic] {
        let intake = FakeIntake::new([act]);
        let admission = admission(&intake).await;
        assert!(admission.admit(push(Some("a"), "1")).await.is_err());
        assert_eq!(admission.admit(push(Some("a"), "1")).await, Ok(first(0)));
    }
}

#[tokio::test]
async fn a_sender_that_leaves_takes_nothing_along() {
    let intake = FakeIntake::new([Act::Held(Box::new(Act::Store))]);
    let admission = admission(&intake).await;
    let leader = admit(&admission, push(Some("a"), "1"));
    intake.begun().await;
    let waiting = admit(&admission, push(Some("a"), "1"));
    let leaving = admit(&admission, push(Some("a"), "1"));
    settle().await;
    leader.abort();
    leaving.abort();
    settle().await;
    assert!(!waiting.is_finished());

    intake.let_go();
    assert_eq!(waiting.await.unwrap(), Ok(again(0)));
    assert_eq!(admission.admit(push(Some("a"), "1")).await, Ok(again(0)));
}

#[tokio::test]
async fn another_body_waits_for_the_id_to_be_decided() {
    for (act, tags) in [
        (Act::Store, vec![None, Some(FakeIntake::id(0).to_string())]),
        (Act::Fail(BUSY), vec![None]),
    ] {
        let intake = FakeIntake::new([Act::Held(Box::new(act))]);
        let admission = admission(&intake).await;
        let leader = admit(&admission, push(Some("a"), "1"));
        intake.begun().await;
        let other = admit(&admission, push(Some("a"), "2"));
        settle().await;
        assert!(!other.is_finished());

        intake.let_go();
        let _ = leader.await.unwrap();
        assert_eq!(other.await.unwrap(), Ok(first(tags.len() - 1)));
        assert_eq!(conflict_tags(&intake), tags);
    }
}

#[tokio::test]
async fn a_smaller_window_is_a_shorter_memory() {
    let intake = FakeIntake::new([]);
    let admission = admission(&intake).await;
    admission.admit(push(Some("a"), "1")).await.unwrap();
    admission.admit(push(Some("b"), "1")).await.unwrap();
    admission.resize(&Limits {
        dedup_max_entries: 1,
        ..LIMITS
    });
    assert_eq!(admission.admit(push(Some("b"), "1")).await, Ok(again(1)));
    assert_eq!(admission.admit(push(Some("a"), "1")).await, Ok(first(2)));
}
