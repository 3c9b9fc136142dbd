//! What happens when the journal, the sender or the load is not as it should be.

use super::*;

#[tokio::test]
async fn what_is_not_on_disk_is_not_acknowledged() {
    let path = || "journal.db".into();
    let corrupt = JournalError::Corrupt {
        path: path(),
        problem: "x".into(),
    };
    for (error, code, wait) in [
        (JournalError::Busy { queue: 1 }, 50302, "1"),
        (JournalError::Full { path: path() }, 50303, "30"),
        (JournalError::Closed, 50304, "5"),
        (corrupt, 50304, "5"),
    ] {
        let intake = FakeIntake::new([Act::Fail(error)]);
        let ingest = ingest(&intake, &LIMITS).await;
        let answer = send(&ingest, post(CDR, &[BASIC], SEED)).await;
        assert_eq!(answer.code(), (503, &json!(code)));
        assert_eq!(answer.headers[header::RETRY_AFTER], wait);

        let answer = send(&ingest, post(CDR, &[BASIC], SEED)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(intake.stored().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_takes_longer_than_it_may() {
    let intake = FakeIntake::new([Act::Held(Box::new(Act::Store))]);
    let ingest = ingest(&intake, &LIMITS).await;
    for (body, status, code) in [(endless(), 408, 40801), (Body::from(SEED), 503, 50304)] {
        let began = Instant::now();
        let answer = send(&ingest, post(CDR, &[BASIC], body)).await;
        assert_eq!(answer.code(), (status, &json!(code)));
        assert_eq!(began.elapsed().as_secs(), LIMITS.request_timeout.as_secs());
    }
    // The commit went on all the same: what the sender repeats is known.
    intake.let_go();
    let answer = send(&ingest, post(CDR, &[BASIC], SEED)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(intake.stored().len(), 1);
}

#[tokio::test]
async fn too_many_at_once_are_shed() {
    let intake = FakeIntake::new([Act::Held(Box::new(Act::Store))]);
    let one = Limits {
        max_concurrency: 1,
        ..LIMITS
    };
    let ingest = ingest(&intake, &one).await;
    let first = tokio::spawn({
        let ingest = ingest.clone();
        async move { send(&ingest, post(CDR, &[BASIC], SEED)).await.status }
    });
    intake.begun().await;
    // A reload that leaves the limit alone forgets nobody who is inside.
    ingest.reload(sources(), &one);
    let answer = send(&ingest, post(CDR, &[BASIC], "{}")).await;
    assert_eq!(answer.code(), (503, &json!(50301)));
    assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    let answer = send(&ingest, post(CDR, &[], endless())).await;
    assert_eq!(answer.status, 401);

    intake.let_go();
    assert_eq!(first.await.unwrap(), 200);
    let answer = send(&ingest, post(CDR, &[BASIC], "{}")).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_reload_swaps_all_sources_at_once() {
    let ingest = ingest(&FakeIntake::new([]), &LIMITS).await;
    let moved = Sources::new([source("moved", Auth::None, false, Tccc)]).unwrap();
    ingest.reload(moved, &LIMITS);
    for (target, status) in [(CDR, 404), ("/moved?action=cdr&version=1", 200)] {
        let answer = send(&ingest, post(target, &[BASIC], SEED)).await;
        assert_eq!(answer.status, status, "{target}");
    }
}
