//! Destinations that are held, and retries that are not wanted before a time.

use super::fixture::{CRM, Fixture, at, exception, parking, settlement};
use crate::{
    journal::{
        Hold, HoldChange, HoldKind, Journal, JournalReader, Reason, Settlement, Start, State,
    },
    record::Seq,
};

fn hold(kind: HoldKind) -> Hold {
    Hold {
        kind,
        because: Reason::from("410"),
        since: at(7),
    }
}

fn change(hold: HoldChange) -> Settlement {
    Settlement {
        hold,
        ..settlement(Vec::new(), Vec::new())
    }
}

#[tokio::test]
async fn a_hold_is_there_with_each_claim_until_it_ends() {
    let fixture = Fixture::new();
    let claim = fixture.claim().await;
    assert_eq!(claim.hold, None);
    for kind in [HoldKind::Paused, HoldKind::Stopped] {
        let begin = change(HoldChange::Begin(hold(kind)));
        let epoch = fixture.claim().await.epoch;
        fixture.settle(epoch, begin).await;
        assert_eq!(fixture.claim().await.hold, Some(hold(kind)));
    }
    let fixture = fixture.reopened();
    let renamed = fixture.journal.rename(CRM, "new").await;
    assert_eq!(renamed, Ok(true));
    let claim = fixture.journal.claim("new", Start::Now).await;
    let claim = claim.expect("a claim");
    assert_eq!(claim.hold, Some(hold(HoldKind::Stopped)), "carried along");
    let ended = fixture
        .journal
        .settle("new", claim.epoch, change(HoldChange::End));
    ended.await.expect("settled");
    let claim = fixture.journal.claim("new", Start::Now).await;
    assert_eq!(claim.expect("a claim").hold, None);
}

#[tokio::test]
async fn what_the_receiver_wants_later_is_told_again() {
    let fixture = Fixture::new();
    fixture.append(1).await;
    let epoch = fixture.claim().await.epoch;
    let parked = settlement(Vec::new(), vec![parking(1, State::Retrying)]);
    fixture.settle(epoch, parked).await;
    let kept = fixture.journal.exception(CRM, Seq(1)).await;
    assert_eq!(kept, Ok(Some(exception(1, State::Retrying))));
}
