//! What a guest can call: the record, its lookup tables, its log and counters.

use wasmtime::component::Resource;

use super::{
    bindings::cdr::plugin::{
        host::{self, Level},
        record::{self, EditError as WitEditError, HostCdr, Match},
        tables::{self, PrefixMatch, TableError},
        types,
    },
    guest::{Cdr, Guest, Hosted},
    told::MAX_MESSAGE_BYTES,
};
use crate::record::{
    Pattern, Pointer,
    document::{self, EditError},
};

/// Longest tag name and value, in bytes, and how many tags a record may have.
const MAX_TAG_BYTES: usize = 4096;
const MAX_TAGS: usize = 64;

impl From<EditError> for WitEditError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::BadJson(error) => Self::BadJson(error.to_string()),
            EditError::NoParent => Self::NoParent,
            EditError::TooLarge(limit) => Self::TooLarge(limit as u64),
            EditError::NameTaken => Self::NameTaken,
        }
    }
}

impl From<document::Match<'_>> for Match {
    fn from(found: document::Match<'_>) -> Self {
        Self {
            pointer: found.pointer,
            json: found.json.into_owned(),
        }
    }
}

fn owned(found: Vec<document::Match<'_>>) -> Vec<Match> {
    found.into_iter().map(Match::from).collect()
}

impl record::Host for Guest {}

impl HostCdr for Guest {
    fn get(&mut self, cdr: Resource<Cdr>, pointer: String) -> Hosted<Option<String>> {
        let record = self.cdr(&cdr)?;
        let Ok(pointer) = Pointer::parse(&pointer) else {
            return Ok(None);
        };
        Ok(record
            .document
            .get(&pointer)
            .map(std::borrow::Cow::into_owned))
    }

    fn select(&mut self, cdr: Resource<Cdr>, pattern: String) -> Hosted<Vec<Match>> {
        let record = self.cdr(&cdr)?;
        Ok(match Pattern::parse(&pattern) {
            Ok(pattern) => owned(record.document.select(&pattern)),
            Err(_) => Vec::new(),
        })
    }

    fn numbers(&mut self, cdr: Resource<Cdr>) -> Hosted<Vec<Match>> {
        let record = self.cdr(&cdr)?;
        let mut found = Vec::new();
        record
            .document
            .look(record.number_places.tree(), |place, json, ()| {
                let pointer = place.pointer();
                found.push(document::Match { pointer, json }.into());
            });
        Ok(found)
    }

    fn texts(&mut self, cdr: Resource<Cdr>, min_digits: u32) -> Hosted<Vec<Match>> {
        let record = self.cdr(&cdr)?;
        let min_digits = usize::try_from(min_digits).unwrap_or(usize::MAX);
        Ok(owned(
            record.document.texts(min_digits, &record.number_places),
        ))
    }

    fn names(&mut self, cdr: Resource<Cdr>, min_digits: u32) -> Hosted<Vec<Match>> {
        let min_digits = usize::try_from(min_digits).unwrap_or(usize::MAX);
        Ok(owned(self.cdr(&cdr)?.document.names(min_digits)))
    }

    fn set(
        &mut self,
        cdr: Resource<Cdr>,
        pointer: String,
        json: String,
    ) -> Hosted<Result<(), WitEditError>> {
        let pointer = match Pointer::parse(&pointer) {
            Ok(pointer) => pointer,
            Err(error) => return Ok(Err(WitEditError::BadPointer(error.to_string()))),
        };
        if pointer.tokens().is_empty() {
            return self.replace(cdr, json);
        }
        let limit = self.limits.max_output_bytes;
        let result = self.cdr_mut(&cdr)?.document.set(&pointer, &json, limit);
        Ok(self.edited(result))
    }

    fn remove(&mut self, cdr: Resource<Cdr>, pointer: String) -> Hosted<bool> {
        let document = &mut self.cdr_mut(&cdr)?.document;
        Ok(Pointer::parse(&pointer).is_ok_and(|pointer| document.remove(&pointer)))
    }

    fn rename(
        &mut self,
        cdr: Resource<Cdr>,
        pointer: String,
        name: String,
    ) -> Hosted<Result<bool, WitEditError>> {
        let pointer = match Pointer::parse(&pointer) {
            Ok(pointer) => pointer,
            Err(error) => return Ok(Err(WitEditError::BadPointer(error.to_string()))),
        };
        let limit = self.limits.max_output_bytes;
        let result = self.cdr_mut(&cdr)?.document.rename(&pointer, &name, limit);
        Ok(self.edited(result))
    }

    fn text(&mut self, cdr: Resource<Cdr>) -> Hosted<String> {
        let bytes = self.cdr(&cdr)?.document.bytes();
        Ok(String::from_utf8(bytes.to_vec())?)
    }

    fn replace(&mut self, cdr: Resource<Cdr>, json: String) -> Hosted<Result<(), WitEditError>> {
        if !json.trim_start().starts_with('{') {
            let message = "a record is a JSON object".to_owned();
            return Ok(Err(WitEditError::BadJson(message)));
        }
        let limit = self.limits.max_output_bytes;
        let result = self.cdr_mut(&cdr)?.document.replace(&json, limit);
        Ok(self.edited(result))
    }

    fn tag(&mut self, cdr: Resource<Cdr>, name: String) -> Hosted<Option<String>> {
        Ok(self.cdr(&cdr)?.tags.get(&name).cloned())
    }

    fn tags(&mut self, cdr: Resource<Cdr>) -> Hosted<Vec<(String, String)>> {
        let tags = self.cdr(&cdr)?.tags.iter();
        let tags = tags.map(|(name, value)| (name.clone(), value.clone()));
        Ok(tags.collect())
    }

    fn set_tag(&mut self, cdr: Resource<Cdr>, name: String, value: String) -> Hosted<()> {
        let tags = &mut self.cdr_mut(&cdr)?.tags;
        let known = tags.contains_key(&name);
        wasmtime::ensure!(
            known || tags.len() < MAX_TAGS,
            "a record may have {MAX_TAGS} tags"
        );
        wasmtime::ensure!(
            name.len() <= MAX_TAG_BYTES && value.len() <= MAX_TAG_BYTES,
            "a tag may have {MAX_TAG_BYTES} bytes"
        );
        tags.insert(name, value);
        Ok(())
    }

    fn remove_tag(&mut self, cdr: Resource<Cdr>, name: String) -> Hosted<bool> {
        Ok(self.cdr_mut(&cdr)?.tags.remove(&name).is_some())
    }

    fn id(&mut self, cdr: Resource<Cdr>) -> Hosted<String> {
        Ok(self.cdr(&cdr)?.arrival.id.to_string())
    }

    fn kind(&mut self, cdr: Resource<Cdr>) -> Hosted<String> {
        Ok(self.cdr(&cdr)?.arrival.kind.to_string())
    }

    fn source(&mut self, cdr: Resource<Cdr>) -> Hosted<String> {
        Ok(self.cdr(&cdr)?.arrival.source.to_string())
    }

    fn received_ms(&mut self, cdr: Resource<Cdr>) -> Hosted<u64> {
        let milliseconds = self.cdr(&cdr)?.arrival.received.as_millisecond();
        Ok(u64::try_from(milliseconds).unwrap_or_default())
    }

    fn drop(&mut self, _cdr: Resource<Cdr>) -> Hosted<()> {
        // The host owns the record; a guest only ever borrows it.
        Ok(())
    }
}

impl tables::Host for Guest {
    fn lookup(&mut self, table: String, key: String) -> Hosted<Result<Option<String>, TableError>> {
        Ok(self.ask(&table, |table| table.lookup(&key).map(str::to_owned)))
    }

    fn lookup_prefix(
        &mut self,
        table: String,
        key: String,
    ) -> Hosted<Result<Option<PrefixMatch>, TableError>> {
        Ok(self.ask(&table, |table| {
            let found = table.lookup_prefix(&key);
            found.map(|(prefix, value)| PrefixMatch {
                prefix: prefix.to_owned(),
                value: value.to_owned(),
            })
        }))
    }
}

impl host::Host for Guest {
    fn log(&mut self, level: Level, message: String) -> Hosted<()> {
        if !self.may_log() {
            self.suppressed = self.suppressed.saturating_add(1);
            return Ok(());
        }
        let message = self.said(message, MAX_MESSAGE_BYTES);
        let (plugin, version) = (self.plugin.as_str(), self.tally.version());
        let arrival = self.arrival.map(tracing::field::display);
        match level {
            Level::Error => {
                tracing::error!(target: "plugin", plugin, version, arrival, "{message}");
            }
            Level::Warn => tracing::warn!(target: "plugin", plugin, version, arrival, "{message}"),
            Level::Info => tracing::info!(target: "plugin", plugin, version, arrival, "{message}"),
            Level::Debug => {
                tracing::debug!(target: "plugin", plugin, version, arrival, "{message}");
            }
        }
        Ok(())
    }

    fn count(&mut self, counter: String, delta: u64) -> Hosted<()> {
        Self::count(self, counter, delta);
        Ok(())
    }

    fn panicked(&mut self, message: String) -> Hosted<()> {
        self.panic = Some(self.said(message, MAX_MESSAGE_BYTES));
        Ok(())
    }
}

impl types::Host for Guest {}
