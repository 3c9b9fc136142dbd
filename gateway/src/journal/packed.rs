//! Outcomes packed into a few bytes each.
//!
//! A run of steps of one destination, ascending by position, becomes a blob of
//! entries one after another. All numbers are unsigned LEB128. An entry is:
//!
//! | field | bytes | meaning |
//! | --- | --- | --- |
//! | gap | number | positions left out since the entry before (0 for the first) |
//! | tag | one byte | bits 0 to 2: state (0 pending, 1 delivered, 2 skipped, 3 retrying, 4 suspended, 5 dead, 6 discarded, 7 expired); bit 3: same reason, status and revision as the entry before; bit 4: a run |
//! | more | number | only in a run: how many positions follow the first one with the same fate |
//! | reason, status, revision | three numbers | only without bit 3: number of the reason (0 none), HTTP status (0 none), revision |
//! | duration | number | milliseconds |
//!
//! The first position stands beside the blob. Usual cost: three or four bytes a
//! delivery, and as many for a whole run that is skipped.

use super::{SeqSet, State, varint};

const STATE_BITS: u8 = 0b0000_0111;
const SAME: u8 = 0b0000_1000;
const RUN: u8 = 0b0001_0000;

/// How many positions one blob covers at most, so that a position is found in
/// the blobs that start at most this far before it.
pub(super) const MAX_SPAN: u64 = 4096;

/// What became of one or several neighbouring positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// The first position.
    pub first: u64,
    /// How many positions follow it with the same fate.
    pub more: u64,
    /// The state.
    pub state: State,
    /// Number of the reason; 0 for none.
    pub reason: u32,
    /// HTTP status; 0 for none.
    pub status: u16,
    /// Revision.
    pub revision: u32,
    /// Milliseconds.
    pub duration_ms: u32,
}

impl Step {
    fn last(&self) -> u64 {
        self.first + self.more
    }

    fn shared(&self) -> (u32, u16, u32) {
        (self.reason, self.status, self.revision)
    }

    fn continues(&self, before: &Self) -> bool {
        self.first == before.last() + 1
            && self.state == before.state
            && self.shared() == before.shared()
            && self.duration_ms == before.duration_ms
    }
}

/// A blob and the positions that it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packed {
    /// The first position.
    pub first: u64,
    /// The last position.
    pub last: u64,
    /// The entries.
    pub entries: Vec<u8>,
}

/// Packs steps of single positions, which must ascend.
pub(super) fn pack(steps: &[Step]) -> Vec<Packed> {
    let mut blobs = Vec::new();
    let mut rest = steps;
    while let Some(start) = rest.first() {
        let taken = rest.partition_point(|step| step.last() - start.first < MAX_SPAN);
        let (blob, after) = rest.split_at(taken);
        blobs.push(pack_span(start.first, blob));
        rest = after;
    }
    blobs
}

fn pack_span(first: u64, steps: &[Step]) -> Packed {
    let mut runs: Vec<Step> = Vec::with_capacity(steps.len());
    for step in steps {
        match runs.last_mut() {
            Some(run) if step.continues(run) => run.more += 1 + step.more,
            _ => runs.push(*step),
        }
    }
    let mut entries = Vec::with_capacity(runs.len() * 4);
    let mut next = first;
    let mut before = None;
    for run in &runs {
        push(
            &mut entries,
            run,
            run.first - next,
            before == Some(run.shared()),
        );
        next = run.last() + 1;
        before = Some(run.shared());
    }
    Packed {
        first,
        last: next - 1,
        entries,
    }
}

fn push(entries: &mut Vec<u8>, run: &Step, gap: u64, same: bool) {
    varint::push(entries, gap);
    let same_bit = if same { SAME } else { 0 };
    let run_bit = if run.more > 0 { RUN } else { 0 };
    entries.push(run.state.code() | same_bit | run_bit);
    if run.more > 0 {
        varint::push(entries, run.more);
    }
    if !same {
        varint::push(entries, run.reason.into());
        varint::push(entries, run.status.into());
        varint::push(entries, run.revision.into());
    }
    varint::push(entries, run.duration_ms.into());
}

/// The steps of a blob; `None` when it is not one that [`pack`] made for the
/// positions `first` to `last`.
pub(super) fn unpack(first: u64, last: u64, mut entries: &[u8]) -> Option<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    let mut next = first;
    while !entries.is_empty() {
        let step = pop(&mut entries, next, steps.last())?;
        next = step.first.checked_add(step.more)?.checked_add(1)?;
        steps.push(step);
    }
    (next.checked_sub(1)? == last).then_some(steps)
}

/// The steps without certain positions.
pub(super) fn without(steps: &[Step], positions: &SeqSet) -> Vec<Step> {
    let mut left = Vec::with_capacity(steps.len());
    for step in steps {
        let mut next = step.first;
        for range in positions.ranges() {
            let (first, last) = (*range.start(), *range.end());
            if last < next {
                continue;
            }
            if first > step.last() {
                break;
            }
            left.extend(part(step, next, first));
            next = last + 1;
        }
        left.extend(part(step, next, step.last() + 1));
    }
    left
}

/// The positions of a step from one up to, but without, another.
fn part(step: &Step, first: u64, end: u64) -> Option<Step> {
    (first < end).then(|| Step {
        first,
        more: end - first - 1,
        ..*step
    })
}

/// Holds any bytes against what must be true of them: they are no blob, or what
/// they say is said again by the blob that [`pack`] makes of it.
#[cfg(any(test, fuzzing))]
pub(crate) fn reads_or_refuses(first: u64, last: u64, entries: &[u8]) {
    if last.checked_sub(first).is_none_or(|more| more >= MAX_SPAN) {
        return;
    }
    let Some(steps) = unpack(first, last, entries) else {
        return;
    };
    let again = pack(&steps);
    let again = again
        .iter()
        .flat_map(|blob| unpack(blob.first, blob.last, &blob.entries).unwrap_or_default());
    let one_by_one = |step: Step| {
        (step.first..=step.last()).map(move |first| Step {
            first,
            more: 0,
            ..step
        })
    };
    let again: Vec<_> = again.flat_map(one_by_one).collect();
    let steps: Vec<_> = steps.into_iter().flat_map(one_by_one).collect();
    assert_eq!(steps, again);
}

fn pop(entries: &mut &[u8], next: u64, before: Option<&Step>) -> Option<Step> {
    let first = next.checked_add(varint::pop(entries)?)?;
    let (&tag, rest) = entries.split_first()?;
    *entries = rest;
    let state = State::from_code(tag & STATE_BITS)?;
    let more = if tag & RUN == 0 {
        0
    } else {
        varint::pop(entries)?
    };
    let (reason, status, revision) = if tag & SAME == 0 {
        (
            varint::pop(entries)?.try_into().ok()?,
            varint::pop(entries)?.try_into().ok()?,
            varint::pop(entries)?.try_into().ok()?,
        )
    } else {
        before?.shared()
    };
    let duration_ms = varint::pop(entries)?.try_into().ok()?;
    Some(Step {
        first,
        more,
        state,
        reason,
        status,
        revision,
        duration_ms,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step(first: u64, state: State, duration_ms: u32) -> Step {
        Step {
            first,
            more: 0,
            state,
            reason: 0,
            status: 200,
            revision: 3,
            duration_ms,
        }
    }

    #[test]
    fn the_documented_bytes() {
        let steps = [
            step(10, State::Delivered, 12),
            step(11, State::Delivered, 300),
            step(13, State::Skipped, 0),
            step(14, State::Skipped, 0),
        ];
        let packed = pack(&steps);
        let expected = [
            0, 1, 0, 0xc8, 1, 3, 12, // first: delivered, no reason, 200, revision 3, 12 ms
            0, 0b1001, 0xac, 2, // the same, 300 ms
            1, 0b1_1010, 1, 0, // one left out, a run of two skipped
        ];
        assert_eq!(packed.len(), 1);
        assert_eq!((packed[0].first, packed[0].last), (10, 14));
        assert_eq!(packed[0].entries, expected);
    }

    #[test]
    fn a_wide_settlement_is_split() {
        let steps = [1, MAX_SPAN, MAX_SPAN + 1, 9 * MAX_SPAN].map(|at| step(at, State::Dead, 1));
        let spans: Vec<_> = pack(&steps).iter().map(|p| (p.first, p.last)).collect();
        assert_eq!(
            spans,
            [
                (1, MAX_SPAN),
                (MAX_SPAN + 1, MAX_SPAN + 1),
                (9 * MAX_SPAN, 9 * MAX_SPAN)
            ]
        );
    }

    #[test]
    fn runs_are_taken_apart() {
        let run = Step {
            more: 9,
            ..step(10, State::Skipped, 0)
        };
        let after = step(20, State::Delivered, 1);
        for (gone, left) in [
            (vec![], vec![(10, 19), (20, 20)]),
            (vec![9, 21], vec![(10, 19), (20, 20)]),
            (vec![10, 20], vec![(11, 19)]),
            (vec![12, 13, 19], vec![(10, 11), (14, 18), (20, 20)]),
            ((10..=20).collect(), vec![]),
            ((5..=15).collect(), vec![(16, 19), (20, 20)]),
        ] {
            let positions = gone.iter().copied().map(crate::record::Seq).collect();
            let steps = without(&[run, after], &positions);
            let spans: Vec<_> = steps.iter().map(|step| (step.first, step.last())).collect();
            assert_eq!(spans, left, "without {gone:?}");
        }
    }

    #[test]
    fn damaged_blobs_are_refused() {
        let good = pack(&[step(5, State::Delivered, 7)]).remove(0).entries;
        assert!(unpack(5, 5, &good).is_some());
        assert!(unpack(5, 6, &good).is_none(), "wrong end");
        assert!(unpack(5, 5, &good[..good.len() - 1]).is_none(), "cut");
        assert!(
            unpack(5, 5, &[0, 0b1001, 7]).is_none(),
            "nothing to be the same as"
        );
        assert!(unpack(u64::MAX, u64::MAX, &good).is_none(), "overflow");
    }

    proptest! {
        #[test]
        fn steps_come_back(
            parts in prop::collection::vec((0_u64..3000, 1_u8..8, 0_u32..3, 0_u32..2), 1..200)
        ) {
            let mut at = 0;
            let mut steps = Vec::new();
            for (gap, code, reason, duration) in parts {
                at += 1 + gap / 1000 * gap;
                let state = State::from_code(code).expect("a code below 8");
                steps.push(Step { reason, ..step(at, state, duration) });
            }
            let mut back = Vec::new();
            for packed in pack(&steps) {
                prop_assert!(packed.last - packed.first < MAX_SPAN);
                let unpacked = unpack(packed.first, packed.last, &packed.entries);
                for run in unpacked.expect("a blob that was packed") {
                    back.extend((run.first..=run.last()).map(|first| Step { first, more: 0, ..run }));
                }
            }
            prop_assert_eq!(back, steps);
        }
    }
}
