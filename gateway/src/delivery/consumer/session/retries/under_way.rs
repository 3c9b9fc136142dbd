//! Retries that are under way, and the room for others.

/// How many deliveries under way had failed before, alone or in a batch.
///
/// A frozen batch takes one slot, however many are in it, until it returns. Its
/// members end one by one: some may have been held back, or stay as they are.
#[derive(Debug, Default)]
pub(in super::super) struct UnderWay {
    deliveries: usize,
    frozen_batches: usize,
    /// How many of the deliveries are in frozen batches.
    in_frozen_batches: usize,
}

impl UnderWay {
    pub(in super::super) fn deliveries(&self) -> usize {
        self.deliveries
    }

    pub(in super::super) fn started(&mut self) {
        self.deliveries += 1;
    }

    pub(in super::super) fn batch_started(&mut self, members: usize) {
        self.deliveries += members;
        self.in_frozen_batches += members;
        self.frozen_batches += 1;
    }

    /// Notes that a frozen batch takes no slot any more.
    pub(in super::super) fn batch_returned(&mut self, members: usize) {
        self.frozen_batches -= 1;
        self.in_frozen_batches -= members;
    }

    /// Notes that deliveries ended, or came back as they were.
    pub(in super::super) fn ended(&mut self, deliveries: usize) {
        self.deliveries -= deliveries;
    }

    /// How many more may be started under a concurrency limit: half of the slots
    /// at most, so that old retries cannot starve first attempts.
    ///
    /// A retry that joins a batch needs no slot of its own, but room where it
    /// waits for company. Which kind the next one is shows only when it is read:
    /// without room for either, there is none.
    pub(super) fn room(&self, limit: usize, room_to_form: Option<usize>) -> usize {
        let slots = (limit / 2).max(1);
        let slots = slots.saturating_sub(self.frozen_batches);
        match room_to_form {
            None => slots.saturating_sub(self.deliveries - self.in_frozen_batches),
            Some(_) if slots == 0 => 0,
            Some(room) => room,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_take_half_of_the_slots_or_wait_for_company() {
        for (alone, batches, limit, room_to_form, room) in [
            (0, 0, 1, None, 1),
            (1, 0, 1, None, 0),
            (1, 0, 8, None, 3),
            (5, 0, 8, None, 0),
            // A frozen batch takes one slot, whatever it holds.
            (1, 2, 8, None, 1),
            (1, 2, 8, Some(50), 50),
            (9, 0, 8, Some(50), 50),
            (0, 4, 8, Some(50), 0),
            (0, 0, 8, Some(0), 0),
        ] {
            let mut under_way = UnderWay::default();
            (0..alone).for_each(|_| under_way.started());
            (0..batches).for_each(|_| under_way.batch_started(10));
            let case = (alone, batches, limit, room_to_form);
            assert_eq!(under_way.room(limit, room_to_form), room, "{case:?}");
        }
    }

    #[test]
    fn a_batch_gives_its_slot_back_before_its_members_end() {
        let mut under_way = UnderWay::default();
        under_way.started();
        under_way.batch_started(10);
        assert_eq!((under_way.deliveries(), under_way.room(4, None)), (11, 0));
        under_way.batch_returned(10);
        // They count for themselves now.
        assert_eq!((under_way.deliveries(), under_way.room(4, None)), (11, 0));
        under_way.ended(10);
        assert_eq!((under_way.deliveries(), under_way.room(4, None)), (1, 1));
    }
}
