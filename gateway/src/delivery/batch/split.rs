//! Halving: a batch that is refused is split until the guilty record is alone.

use http::StatusCode;

/// Whether a refusal may be for the sake of a record in the batch. One that is
/// about who asks, or where, is the same for every record: halving would only
/// repeat the question.
#[must_use]
pub fn is_about_records(status: u16) -> bool {
    let about_the_request = [
        StatusCode::UNAUTHORIZED,
        StatusCode::NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED,
        StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        StatusCode::GONE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        StatusCode::NOT_IMPLEMENTED,
    ];
    StatusCode::from_u16(status).is_ok_and(|status| {
        let is_error = status.is_client_error() || status.is_server_error();
        is_error && !about_the_request.contains(&status)
    })
}

/// Both halves in order, the first no smaller; none of a single member.
#[must_use]
pub fn halves<T>(members: &[T]) -> Option<[&[T]; 2]> {
    let (first, second) = members.split_at(members.len().div_ceil(2));
    (!second.is_empty()).then_some([first, second])
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use proptest::{collection::btree_set, prelude::*};

    use super::*;
    use crate::{delivery::batch::BatchId, journal::BatchFormat};

    #[test]
    fn only_what_may_be_about_a_record_is_halved() {
        for status in [400, 403, 409, 413, 422, 500, 503] {
            assert!(is_about_records(status), "{status}");
        }
        for status in [0, 200, 301, 401, 404, 405, 407, 410, 415, 501] {
            assert!(!is_about_records(status), "{status}");
        }
    }

    proptest! {
        /// A receiver that refuses any batch with a guilty record: every record
        /// ends once, the guilty dead and the others delivered, within
        /// log2 of the size attempts; no id stands for two memberships.
        #[test]
        fn every_member_ends_exactly_once(
            size in 1_usize..300,
            guilty in btree_set(0_usize..300, 0..6),
        ) {
            let members: Vec<_> = (0..size).collect();
            let names: Vec<_> = members.iter().map(|member| format!("{member}_crm")).collect();
            let (mut waiting, mut ends) = (vec![members.clone()], Vec::new());
            let (mut attempts, mut ids) = (HashMap::new(), HashSet::new());
            while let Some(batch) = waiting.pop() {
                for member in &batch {
                    *attempts.entry(*member).or_insert(0) += 1;
                }
                let named = batch.iter().map(|member| names[*member].as_str());
                prop_assert!(ids.insert(BatchId::of(BatchFormat::Ndjson, named)));
                let is_refused = batch.iter().any(|member| guilty.contains(member));
                match halves(&batch) {
                    Some(halves) if is_refused => waiting.extend(halves.map(<[_]>::to_vec)),
                    _ => ends.extend(batch.iter().map(|member| (*member, is_refused))),
                }
            }
            ends.sort_unstable();
            let expected: Vec<_> = members.iter().map(|it| (*it, guilty.contains(it))).collect();
            prop_assert_eq!(ends, expected);
            let levels = size.next_power_of_two().ilog2() + 1;
            prop_assert!(attempts.values().all(|count| *count <= levels));
        }
    }
}
