//! Day keys in memory, and snapshots that can open what is sealed.

use std::{
    collections::HashMap,
    ops::Deref,
    sync::{Arc, PoisonError, RwLock},
};

use rusqlite::Connection;

use super::{keys, trouble::Trouble};
use crate::journal::{
    JournalError,
    seal::{Day, DayKey, Masters, PartKey, Place},
};

/// The keys of a journal, for all of its connections. Day keys are unwrapped
/// when they are first needed, and kept.
///
/// A key is here only once it is committed, and never again once it is dropped:
/// the writer uses a new one from its own memory until then.
#[derive(Debug, Default)]
pub(super) struct Keyring {
    masters: RwLock<Masters>,
    /// `None` for a day whose key was dropped.
    days: RwLock<HashMap<Day, Option<Arc<DayKey>>>>,
}

/// What became of sealed bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// What they were made of.
    Plain(Vec<u8>),
    /// They cannot be opened any more: the key was dropped.
    KeyDropped,
    /// They are not what was sealed for this place.
    Damaged,
}

impl Keyring {
    /// A keyring with these master keys.
    pub(super) fn new(masters: Masters) -> Self {
        Self {
            masters: RwLock::new(masters),
            days: RwLock::default(),
        }
    }

    /// The master keys.
    pub(super) fn masters(&self) -> Masters {
        let masters = self.masters.read();
        masters.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes other master keys.
    pub(super) fn set_masters(&self, masters: Masters) {
        *self.masters.write().unwrap_or_else(PoisonError::into_inner) = masters;
    }

    /// The key of a day, as a snapshot knows it; `None` when it was dropped.
    pub(super) fn day(
        &self,
        connection: &Connection,
        day: Day,
    ) -> Result<Option<Arc<DayKey>>, Trouble> {
        let kept = self.days.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = kept.get(&day) {
            return Ok(key.clone());
        }
        drop(kept);
        let key = keys::load(connection, day, &self.masters())?.map(Arc::new);
        let mut kept = self.days.write().unwrap_or_else(PoisonError::into_inner);
        // Dropped since the snapshot began: what is here counts.
        Ok(kept.entry(day).or_insert(key).clone())
    }

    /// Forgets days that the journal knows nothing of any more.
    pub(super) fn forget(&self, days: &[Day]) {
        let mut kept = self.days.write().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|day, _| !days.contains(day));
    }

    /// Forgets the key of a day for good.
    pub(super) fn drop_day(&self, day: Day) {
        let mut kept = self.days.write().unwrap_or_else(PoisonError::into_inner);
        kept.insert(day, None);
    }
}

/// A connection within a transaction, with the keys to what it reads.
pub(super) struct Snapshot<'a> {
    connection: &'a Connection,
    keyring: &'a Keyring,
}

impl<'a> Snapshot<'a> {
    pub(super) fn new(connection: &'a Connection, keyring: &'a Keyring) -> Self {
        Self {
            connection,
            keyring,
        }
    }

    /// The key of the parts of a day; `None` when it was dropped.
    pub(super) fn part_key(&self, day: Day) -> Result<Option<PartKey>, Trouble> {
        let key = self.keyring.day(self.connection, day)?;
        Ok(key.map(PartKey::new))
    }

    /// Opens what is kept in a place: as it is where no day sealed it.
    pub(super) fn open(
        &self,
        day: Option<i64>,
        place: Place,
        bytes: Vec<u8>,
    ) -> Result<Opened, Trouble> {
        let Some(number) = day else {
            return Ok(Opened::Plain(bytes));
        };
        let Some(key) = self.keyring.day(self.connection, keys::day(number)?)? else {
            return Ok(Opened::KeyDropped);
        };
        Ok(key
            .open(place, bytes)
            .map_or(Opened::Damaged, Opened::Plain))
    }
}

impl Deref for Snapshot<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl Opened {
    /// What may be gone with its day, but not be damaged.
    pub(super) fn unless_dropped(self, place: Place) -> Result<Option<Vec<u8>>, Trouble> {
        match self {
            Self::Plain(bytes) => Ok(Some(bytes)),
            Self::KeyDropped => Ok(None),
            Self::Damaged => Err(Trouble::Malformed(format!(
                "{place} is not what was sealed there"
            ))),
        }
    }
}

/// A master key that is not given.
pub(super) fn missing(day: Day, master: &str) -> Trouble {
    Trouble::Refused(JournalError::KeyMissing {
        day,
        master: master.to_owned(),
    })
}
