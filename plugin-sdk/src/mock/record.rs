//! A record in memory.

use std::{cell::RefCell, collections::BTreeMap};

use super::{node::Node, pattern::tokens};
use crate::{Cdr, EditError, Kind, Match};

/// Where the `tccc` dialect says that numbers stand, over all kinds.
const TCCC_NUMBERS: [&str; 8] = [
    "/Caller",
    "/Callee",
    "/SeatUser/Phone",
    "/ServeParticipants/*/Phone",
    "/ServeParticipants/*/TransferFrom",
    "/ServeParticipants/*/TransferTo",
    "/TelLocation/TelNumber",
    "/EndpointUser",
];

/// A record for unit tests.
///
/// The constructors panic where a test gives them what is not JSON.
#[derive(Debug)]
pub struct Record {
    document: RefCell<Node>,
    tags: RefCell<BTreeMap<String, String>>,
    numbers: Vec<String>,
    id: String,
    kind: Kind,
    source: String,
    received_ms: u64,
    max_bytes: Option<u64>,
}

impl Record {
    /// A record of a kind, from a source named `tccc`.
    ///
    /// # Panics
    ///
    /// Where the text is not JSON.
    pub fn new(kind: Kind, json: &str) -> Self {
        let document = Node::parse(json)
            .unwrap_or_else(|error| panic!("the test's record is not json: {error}"));
        Self {
            document: RefCell::new(document),
            tags: RefCell::default(),
            numbers: TCCC_NUMBERS.map(str::to_owned).into(),
            id: "01933f2e-0000-7000-8000-000000000001".to_owned(),
            kind,
            source: "tccc".to_owned(),
            received_ms: 1_732_241_030_000,
            max_bytes: None,
        }
    }

    /// A phone session, which is what most tests are about.
    ///
    /// # Panics
    ///
    /// Where the text is not JSON.
    pub fn call(json: &str) -> Self {
        Self::new(Kind::Cdr, json)
    }

    /// From another source.
    #[must_use]
    pub fn with_source(mut self, name: &str) -> Self {
        name.clone_into(&mut self.source);
        self
    }

    /// With another arrival id.
    #[must_use]
    pub fn with_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    /// Committed at another time: Unix time in milliseconds.
    #[must_use]
    pub fn with_received_ms(mut self, received_ms: u64) -> Self {
        self.received_ms = received_ms;
        self
    }

    /// With a tag.
    #[must_use]
    pub fn with_tag(self, name: &str, value: &str) -> Self {
        self.set_tag(name, value);
        self
    }

    /// With numbers at other places: patterns, instead of the `tccc` dialect's.
    #[must_use]
    pub fn with_numbers_at(mut self, patterns: &[&str]) -> Self {
        self.numbers = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        self
    }

    /// With a limit on the document's size, in bytes.
    #[must_use]
    pub fn with_max_bytes(mut self, limit: u64) -> Self {
        self.max_bytes = Some(limit);
        self
    }

    /// The record as a plugin gets it.
    pub fn cdr(&self) -> Cdr<'_> {
        Cdr::new(self)
    }

    /// Every tag, as a test wants to compare them.
    pub fn tags(&self) -> BTreeMap<String, String> {
        self.tags.borrow().clone()
    }

    pub(crate) fn all_tags(&self) -> Vec<(String, String)> {
        self.tags().into_iter().collect()
    }

    /// The whole document as JSON text.
    pub fn text(&self) -> String {
        self.document.borrow().to_string()
    }

    pub(crate) fn get(&self, pointer: &str) -> Option<String> {
        let tokens = tokens(pointer).ok()?;
        self.document.borrow().at(&tokens).map(Node::to_string)
    }

    pub(crate) fn select(&self, pattern: &str) -> Vec<Match> {
        let mut found = Vec::new();
        if let Ok(tokens) = tokens(pattern) {
            self.document.borrow().select(&tokens, "", &mut found);
        }
        found
    }

    pub(crate) fn numbers(&self) -> Vec<Match> {
        let patterns = self.numbers.iter();
        patterns.flat_map(|pattern| self.select(pattern)).collect()
    }

    pub(crate) fn texts(&self, min_digits: u32) -> Vec<Match> {
        let numbers = self.numbers();
        let mut found = Vec::new();
        self.document
            .borrow()
            .texts("", &mut |pointer, json, text| {
                let at_number = numbers.iter().any(|number| number.pointer == pointer);
                if !at_number && digits(text) >= min_digits as usize {
                    found.push(Match {
                        pointer: pointer.to_owned(),
                        json: json.to_owned(),
                    });
                }
            });
        found
    }

    pub(crate) fn names(&self, min_digits: u32) -> Vec<Match> {
        let mut found = Vec::new();
        self.document.borrow().names("", &mut |pointer, name| {
            if digits(name) >= min_digits as usize {
                found.push(Match {
                    pointer: pointer.to_owned(),
                    json: serde_json::Value::from(name).to_string(),
                });
            }
        });
        found
    }

    pub(crate) fn set(&self, pointer: &str, json: &str) -> Result<(), EditError> {
        let mut edited = self.document.borrow().clone();
        edited.set(pointer, json)?;
        self.adopt(edited)
    }

    pub(crate) fn remove(&self, pointer: &str) -> bool {
        self.document.borrow_mut().remove(pointer)
    }

    pub(crate) fn rename(&self, pointer: &str, name: &str) -> Result<bool, EditError> {
        let mut edited = self.document.borrow().clone();
        let renamed = edited.rename(pointer, name)?;
        self.adopt(edited)?;
        Ok(renamed)
    }

    pub(crate) fn replace(&self, json: &str) -> Result<(), EditError> {
        let document = Node::parse(json).map_err(|error| EditError::BadJson(error.to_string()))?;
        self.adopt(document)
    }

    fn adopt(&self, document: Node) -> Result<(), EditError> {
        if let Some(limit) = self.max_bytes
            && document.to_string().len() as u64 > limit
        {
            return Err(EditError::TooLarge(limit));
        }
        self.document.replace(document);
        Ok(())
    }

    pub(crate) fn tag(&self, name: &str) -> Option<String> {
        self.tags.borrow().get(name).cloned()
    }

    pub(crate) fn set_tag(&self, name: &str, value: &str) {
        self.tags
            .borrow_mut()
            .insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn remove_tag(&self, name: &str) -> bool {
        self.tags.borrow_mut().remove(name).is_some()
    }

    pub(crate) fn id(&self) -> String {
        self.id.clone()
    }

    pub(crate) fn kind(&self) -> String {
        self.kind.as_str().to_owned()
    }

    pub(crate) fn source(&self) -> String {
        self.source.clone()
    }

    pub(crate) fn received_ms(&self) -> u64 {
        self.received_ms
    }
}

/// How many digits a text holds, full-width ones included.
fn digits(text: &str) -> usize {
    let is_digit = |c: &char| matches!(c, '0'..='9' | '０'..='９');
    text.chars().filter(is_digit).count()
}
