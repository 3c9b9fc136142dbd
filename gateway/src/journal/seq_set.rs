//! A small set of positions, kept as ranges.
//!
//! Made for what a consumer has passed beyond its cursor: nearly contiguous, so
//! a handful of ranges however many positions they hold.

use std::ops::RangeInclusive;

use super::varint;
use crate::record::Seq;

/// A set of positions as ascending ranges that neither overlap nor touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeqSet {
    ranges: Vec<(u64, u64)>,
}

impl SeqSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a position. `false` when it was there. Logarithmic in the number of
    /// ranges, and cheapest at the end.
    pub fn insert(&mut self, seq: Seq) -> bool {
        let at = self.ranges.partition_point(|&(_, last)| last < seq.0);
        if self
            .ranges
            .get(at)
            .is_some_and(|&(first, _)| first <= seq.0)
        {
            return false;
        }
        let joins_before = at > 0 && self.ranges[at - 1].1.checked_add(1) == Some(seq.0);
        let joins_after = self
            .ranges
            .get(at)
            .is_some_and(|&(first, _)| seq.0.checked_add(1) == Some(first));
        match (joins_before, joins_after) {
            (true, true) => {
                self.ranges[at - 1].1 = self.ranges[at].1;
                self.ranges.remove(at);
            }
            (true, false) => self.ranges[at - 1].1 = seq.0,
            (false, true) => self.ranges[at].0 = seq.0,
            (false, false) => self.ranges.insert(at, (seq.0, seq.0)),
        }
        true
    }

    /// Adds every position of a range; an empty one adds none.
    pub fn insert_range(&mut self, range: RangeInclusive<u64>) {
        if range.is_empty() {
            return;
        }
        let (mut first, mut last) = range.into_inner();
        let from = self
            .ranges
            .partition_point(|&(_, end)| end.saturating_add(1) < first);
        let to = self
            .ranges
            .partition_point(|&(start, _)| start <= last.saturating_add(1));
        if let Some(touched) = self.ranges.get(from..to)
            && let (Some(low), Some(high)) = (touched.first(), touched.last())
        {
            first = first.min(low.0);
            last = last.max(high.1);
        }
        self.ranges.splice(from..to, [(first, last)]);
    }

    /// How many positions of a range are in the set.
    pub fn count_within(&self, range: &RangeInclusive<u64>) -> u64 {
        let within = |&(first, last): &(u64, u64)| {
            let (low, high) = (first.max(*range.start()), last.min(*range.end()));
            (high + 1).saturating_sub(low)
        };
        self.ranges.iter().map(within).sum()
    }

    /// Whether a position is in the set.
    pub fn contains(&self, seq: Seq) -> bool {
        let at = self.ranges.partition_point(|&(_, last)| last < seq.0);
        self.ranges
            .get(at)
            .is_some_and(|&(first, _)| first <= seq.0)
    }

    /// Moves a cursor over every position that follows it without a gap, and
    /// forgets those and all before. Returns the new cursor.
    pub fn advance(&mut self, cursor: Seq) -> Seq {
        let mut cursor = cursor.0;
        let mut passed = 0;
        for &(first, last) in &self.ranges {
            if first > cursor.saturating_add(1) {
                break;
            }
            cursor = cursor.max(last);
            passed += 1;
        }
        self.ranges.drain(..passed);
        Seq(cursor)
    }

    /// How many positions are in the set.
    pub fn len(&self) -> u64 {
        self.ranges
            .iter()
            .map(|(first, last)| last - first + 1)
            .sum()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The greatest position.
    pub fn last(&self) -> Option<Seq> {
        self.ranges.last().map(|&(_, last)| Seq(last))
    }

    /// The positions, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Seq> {
        self.ranges().flatten().map(Seq)
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> impl Iterator<Item = RangeInclusive<u64>> {
        self.ranges.iter().map(|&(first, last)| first..=last)
    }

    /// The set as bytes: per range two unsigned LEB128 numbers, how far its
    /// first position is beyond the last of the range before (beyond 0 for the
    /// first range), and how many positions follow the first.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.ranges.len() * 3);
        let mut before = 0;
        for &(first, last) in &self.ranges {
            varint::push(&mut bytes, first - before);
            varint::push(&mut bytes, last - first);
            before = last;
        }
        bytes
    }

    /// The set that [`SeqSet::encode`] made the bytes from.
    pub fn decode(mut bytes: &[u8]) -> Result<Self, MalformedSeqSet> {
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        while !bytes.is_empty() {
            let gap = varint::pop(&mut bytes).ok_or(MalformedSeqSet)?;
            let more = varint::pop(&mut bytes).ok_or(MalformedSeqSet)?;
            let before = ranges.last().map_or(0, |&(_, last)| last);
            let first = before.checked_add(gap).ok_or(MalformedSeqSet)?;
            let last = first.checked_add(more).ok_or(MalformedSeqSet)?;
            if !ranges.is_empty() && gap < 2 {
                return Err(MalformedSeqSet);
            }
            ranges.push((first, last));
        }
        Ok(Self { ranges })
    }
}

impl FromIterator<Seq> for SeqSet {
    fn from_iter<T: IntoIterator<Item = Seq>>(seqs: T) -> Self {
        let mut set = Self::new();
        for seq in seqs {
            set.insert(seq);
        }
        set
    }
}

/// The bytes are not an encoded set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an encoded set of positions")]
pub struct MalformedSeqSet;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_melt_into_one_range() {
        let set: SeqSet = [5, 3, 9, 4, 8].map(Seq).into_iter().collect();
        assert_eq!(set.ranges().collect::<Vec<_>>(), [3..=5, 8..=9]);
        assert_eq!(set.len(), 5);
        assert_eq!(set.last(), Some(Seq(9)));
    }

    #[test]
    fn a_cursor_moves_to_the_first_gap() {
        for (cursor, moved, left) in [
            (1, 1, 5),
            (2, 5, 2),
            (4, 5, 2),
            (6, 6, 2),
            (7, 9, 0),
            (20, 20, 0),
        ] {
            let mut set: SeqSet = [3, 4, 5, 8, 9].map(Seq).into_iter().collect();
            assert_eq!(set.advance(Seq(cursor)), Seq(moved), "from {cursor}");
            assert_eq!(set.len(), left, "from {cursor}");
        }
    }

    #[test]
    fn damaged_bytes_are_refused() {
        for bytes in [&[1][..], &[1, 0, 1, 0], &[0xff; 11], &[0x80]] {
            assert!(SeqSet::decode(bytes).is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_set(
            seqs in prop::collection::vec(1_u64..80, 0..120),
            added in (1_u64..80, 0_u64..20),
            cursor in 0_u64..80,
        ) {
            let mut plain = BTreeSet::new();
            let mut set = SeqSet::new();
            for seq in seqs {
                prop_assert_eq!(set.insert(Seq(seq)), plain.insert(seq));
            }
            for seq in 0..=81 {
                prop_assert_eq!(set.contains(Seq(seq)), plain.contains(&seq));
            }
            prop_assert_eq!(SeqSet::decode(&set.encode()), Ok(set.clone()));
            let added = added.0..=added.0 + added.1;
            let within = plain.range(added.clone()).count() as u64;
            prop_assert_eq!(set.count_within(&added), within);
            set.insert_range(added.clone());
            plain.extend(added);
            prop_assert_eq!(&set, &plain.iter().copied().map(Seq).collect());
            let mut expected = cursor;
            while plain.contains(&(expected + 1)) {
                expected += 1;
            }
            prop_assert_eq!(set.advance(Seq(cursor)), Seq(expected));
            plain.retain(|&seq| seq > expected);
            prop_assert_eq!(set, plain.into_iter().map(Seq).collect());
        }
    }
}
