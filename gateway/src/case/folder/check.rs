//! What a schema cannot say of a case: files that exist, JSON that is JSON,
//! expectations that do not contradict each other.

use std::{fs, path::Path};

use bytes::Bytes;

use super::super::{Case, Expect, Json};
use crate::{
    config::{Code, Diagnostic, Diagnostics, SourceMap, builtin, model::DialectName},
    record::{Document, Pointer},
};

/// What was found so far, with the places to report it at.
pub(super) struct Checks<'a> {
    places: &'a SourceMap,
    found: Diagnostics,
}

impl<'a> Checks<'a> {
    pub(super) fn new(places: &'a SourceMap) -> Self {
        Self {
            places,
            found: Diagnostics::default(),
        }
    }

    pub(super) fn finish(self) -> Result<(), Diagnostics> {
        if self.found.has_errors() {
            Err(self.found)
        } else {
            Ok(())
        }
    }

    fn add(&mut self, path: &[&str], code: Code, message: impl Into<String>, remedy: &str) {
        let location = self.places.nearest(path);
        let key = path.join(".");
        let found = Diagnostic::error(code, location, key, message, remedy);
        self.found.push(found);
    }

    /// What a file beside the case says must not be said in it.
    pub(super) fn said_twice(&mut self, is_said: bool, path: &[&str], beside: &Path) {
        if is_said {
            let message = format!("{} stands beside the case, too", beside.display());
            self.add(path, Code::Duplicate, message, "keep one of the two");
        }
    }

    /// Reads the files that the case names, and makes paths start where the
    /// gateway does.
    pub(super) fn resolve(&mut self, case: &mut Case, folder: &Path) {
        for (name, table) in case.table.iter_mut().flatten() {
            if builtin::name(&table.file).is_some() {
                continue;
            }
            let path = folder.join(&table.file);
            if !path.is_file() {
                let message = format!("there is no file {}", path.display());
                let remedy = "correct the path; it is relative to the case";
                self.add(&["table", name, "file"], Code::MissingFile, message, remedy);
            }
            table.file = path.to_string_lossy().into_owned();
        }
        if let Some(record) = &mut case.record {
            self.read(record, &["record"], folder);
        }
        if let Some(record) = case.expect.as_mut().and_then(|it| it.record.as_mut()) {
            self.read(record, &["expect", "record"], folder);
        }
    }

    fn read(&mut self, json: &mut Json, path: &[&str], folder: &Path) {
        if let Json::File(named) = json {
            let file = folder.join(&named.file);
            match fs::read_to_string(&file) {
                Ok(mut text) => {
                    // Editors end the last line, which is no part of the record.
                    if text.ends_with('\n') {
                        text.pop();
                    }
                    *json = Json::Text(text);
                }
                Err(error) => {
                    let message = format!("cannot read {}: {error}", file.display());
                    let remedy =
                        "name a file that exists, in UTF-8; its path is relative to the case";
                    self.add(path, Code::MissingFile, message, remedy);
                    return;
                }
            }
        }
        let text = json.text().unwrap_or_default();
        if let Err(error) = Document::parse(Bytes::copy_from_slice(text.as_bytes())) {
            let remedy = "write the record as JSON, in quotes of the kind ''' … '''";
            self.add(path, Code::Malformed, error.to_string(), remedy);
        } else if !text.trim_start().starts_with('{') {
            let remedy = "write an object: { … }";
            self.add(path, Code::Malformed, "a record is a JSON object", remedy);
        }
    }

    pub(super) fn defaults(&mut self, case: &Case) {
        if case.expect.is_some() {
            let message = "what is expected differs from case to case";
            let remedy = "move it to the cases";
            self.add(&["expect"], Code::NotHere, message, remedy);
        }
    }

    /// Checks the case with everything that its defaults say.
    pub(super) fn case(&mut self, case: &Case) {
        if case.record.is_none() && !expects_refusal(case) {
            let remedy = "add record = '{ … }', or put NAME.in.json beside the case";
            self.add(&["record"], Code::MissingKey, "there is no record", remedy);
        }
        if case.dialect == Some(DialectName::Tccc) && case.numbers_in.is_some() {
            let message = "the dialect tccc knows where numbers stand";
            let remedy = "leave `numbers_in` out, or set dialect = \"json\"";
            self.add(&["numbers_in"], Code::DoesNotApply, message, remedy);
        }
        let grant = case.grant.iter();
        if grant.clone().any(|grant| grant.state.is_some()) {
            let message = "only stages remember and wait";
            let remedy = "leave `state` out";
            self.add(&["grant", "state"], Code::DoesNotApply, message, remedy);
        }
        if grant.clone().any(|grant| !grant.hosts.is_empty()) {
            let message = "only stages ask hosts";
            let remedy = "leave `hosts` out";
            self.add(&["grant", "hosts"], Code::DoesNotApply, message, remedy);
        }
        if let Some(expect) = &case.expect {
            self.expect(expect);
        }
    }

    fn expect(&mut self, expect: &Expect) {
        let verdicts: Vec<_> = expect.verdicts().collect();
        if let [first, second, ..] = verdicts.as_slice() {
            let message = format!("`{first}` and `{second}` exclude each other");
            let remedy = "a record has one fate: keep one of them";
            self.add(&["expect", second], Code::ExactlyOne, message, remedy);
        }
        let ended = verdicts.iter().find(|verdict| **verdict != "keep");
        if let Some(ended) = ended {
            for key in expect.of_the_record() {
                let message = format!("with `{ended}` there is no record out");
                let remedy = "leave this out; only a record that is kept leaves";
                self.add(&["expect", key], Code::DoesNotApply, message, remedy);
            }
        }
        if expect.message.is_some() && expect.failure.is_none() {
            let remedy = "`suspend` and `refused` hold their own text; set `failure` beside it";
            let message = "`message` is about a failure";
            self.add(&["expect", "message"], Code::DoesNotApply, message, remedy);
        }
        if expect.unchanged.is_some() && expect.record.is_some() {
            let message = "an unchanged record is known already";
            self.add(
                &["expect", "record"],
                Code::DoesNotApply,
                message,
                "keep one of `unchanged` and `record`",
            );
        }
        for pointer in expect.members.iter().flatten().map(|(pointer, _)| pointer) {
            if let Err(error) = Pointer::parse(pointer) {
                let remedy = "write a JSON Pointer, such as \"/Caller\"";
                let path = ["expect", "members", pointer];
                self.add(&path, Code::Malformed, error.to_string(), remedy);
            }
        }
    }
}

/// Whether the case is about the config only.
fn expects_refusal(case: &Case) -> bool {
    let expect = case.expect.as_ref();
    expect.is_some_and(|expect| expect.refused.is_some())
}
