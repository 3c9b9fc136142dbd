//! Settles a batch: one answer for many deliveries.

use super::{Case, Sequel, Sign, judge, next_attempt, sign_of};
use crate::{
    config::model::Retry,
    delivery::{
        batch::{BatchId, halves, is_about_records},
        consumer::batches::{Member, SentBatch},
        http::Failed,
        payload::to_note,
    },
    journal::{AttemptedBatch, BatchFormat, Excerpt, Numbered, Payload, Settlement},
};

/// What became of a batch as a whole.
pub(in crate::delivery::consumer) struct SettledBatch {
    /// What the answer says about the destination: one answer, whatever it
    /// carried.
    pub(in crate::delivery::consumer) sign: Sign,
    pub(in crate::delivery::consumer) was_halved: bool,
}

/// Adds a batch that was sent. One that failed is frozen as it is, or in halves
/// where a single record may be the cause and the batch would be given up.
pub(in crate::delivery::consumer) fn settle_batch(
    settlement: &mut Settlement,
    members: &[Member],
    mut sent: SentBatch,
    probe: bool,
    policy: &Retry,
) -> SettledBatch {
    let stops = judge(&mut sent.attempted, policy);
    let sign = sign_of(&sent.attempted, stops);
    let cases = cases(settlement, members, probe);
    settlement.numbers.extend(members.iter().filter_map(note));
    let batch = AttemptedBatch {
        id: sent.id.to_string().into(),
        records: u32::try_from(members.len()).unwrap_or(u32::MAX),
    };
    let Some(failed) = sent.attempted.failed.clone() else {
        for case in &cases {
            case.succeed(settlement, &sent.attempted, Some(&batch));
        }
        let was_halved = false;
        return SettledBatch { sign, was_halved };
    };
    let sequels = sequels(&cases, members, &sent, &failed, sign, policy);
    let was_halved = matches!(sequels.first(), Some(Sequel::Half(_)));
    for ((case, member), sequel) in cases.iter().zip(members).zip(sequels) {
        let payload = frozen(member, sent.format);
        let attempted = &sent.attempted;
        case.fail(
            settlement,
            attempted,
            &failed,
            Some(&batch),
            sequel,
            payload,
        );
        // How the answer begins is kept once for all.
        sent.attempted.response = Excerpt::default();
    }
    SettledBatch { sign, was_halved }
}

fn cases(settlement: &Settlement, members: &[Member], probe: bool) -> Vec<Case> {
    let case = |member: &Member| Case {
        seq: member.seq(),
        correction: member.arrival.correction(),
        exception: member.exception.clone(),
        revision: member.revision,
        now: settlement.at,
        probe,
        outage: member.outage,
    };
    members.iter().map(case).collect()
}

/// What follows for each member. All share one next attempt, and the budget of
/// the one that failed first.
fn sequels(
    cases: &[Case],
    members: &[Member],
    sent: &SentBatch,
    failed: &Failed,
    sign: Sign,
    policy: &Retry,
) -> Vec<Sequel> {
    let longest = cases.iter().max_by_key(|case| case.failures());
    let oldest = cases.iter().min_by_key(|case| case.first_failed());
    let next = longest.zip(oldest).and_then(|(longest, oldest)| {
        next_attempt(longest, oldest.first_failed(), failed, sign, policy)
    });
    let may_be_one_record = !failed.for_good || is_about_records(sent.attempted.status);
    let parts = halves(members).filter(|_| next.is_none() && may_be_one_record);
    match (next, parts) {
        (Some(at), _) => {
            let id = id_of(sent.format, members);
            vec![Sequel::Retry(at, Some(id)); members.len()]
        }
        (None, None) => vec![Sequel::Death; members.len()],
        (None, Some(parts)) => parts
            .into_iter()
            .flat_map(|part| vec![Sequel::Half(id_of(sent.format, part)); part.len()])
            .collect(),
    }
}

fn id_of(format: BatchFormat, members: &[Member]) -> std::sync::Arc<str> {
    let ids = members.iter().map(|member| member.webhook_id.as_str());
    BatchId::of(format, ids).to_string().into()
}

/// What is frozen was noted when it was sent first.
fn note(member: &Member) -> Option<Numbered> {
    let (seq, correction) = (member.seq(), member.arrival.correction());
    let fresh = member.frozen.is_none();
    let noted = to_note(seq, &member.webhook_id, member.revision, correction);
    noted.filter(|_| fresh)
}

fn frozen(member: &Member, format: BatchFormat) -> Payload {
    if member.frozen == Some(format) {
        return Payload::Keep;
    }
    let (id, correction) = (member.webhook_id.clone(), member.arrival.correction());
    let frozen = member.payload.freeze(id, Some(format), correction);
    Payload::Freeze(Box::new(frozen))
}
