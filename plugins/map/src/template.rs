//! A document of another shape, from a template.
//!
//! What `$at` takes over keeps its tokens: numbers and strings stand in the new
//! document as the sender wrote them. Members stand in the order of their names.

use cdr_expression::Engine;
use cdr_plugin_sdk::{Cdr, ConfigErrors, Fault};
use serde_json::{Map, Value};

use crate::{
    pointer::{self, Pointer},
    step::Computed,
};

/// How deep a template may be: beyond, it is a mistake.
const DEEPEST: usize = 32;

/// A part of a template.
#[derive(Debug)]
pub enum Template {
    Constant(String),
    Object(Vec<(String, Template)>),
    Array(Vec<Template>),
    At {
        place: Place,
        fallback: Option<String>,
    },
    Compute(Box<Computed>),
    Each {
        place: Place,
        element: Box<Template>,
    },
}

/// Where a value stands: from the root of the record, or from an element.
#[derive(Debug)]
pub enum Place {
    Root,
    Below(Pointer),
}

/// What is wrong is reported at these.
struct Reading<'a> {
    engine: &'a Engine,
    errors: &'a mut ConfigErrors,
    depth: usize,
    in_each: bool,
}

impl Template {
    /// Reads the template of the config. None where an error was added.
    pub fn new(
        template: &Map<String, Value>,
        engine: &Engine,
        errors: &mut ConfigErrors,
    ) -> Option<Self> {
        let mut reading = Reading {
            engine,
            errors,
            depth: 0,
            in_each: false,
        };
        let read = reading.members(template, "/template")?;
        if matches!(read, Self::Object(_)) {
            return Some(read);
        }
        errors.push(
            "/template",
            "must be an object with members: a record is one",
        );
        None
    }

    /// The new document for a record.
    pub fn fill(&self, engine: &Engine, cdr: Cdr<'_>) -> Result<String, Fault> {
        let mut out = String::new();
        self.write(engine, cdr, "", &mut out)?;
        Ok(out)
    }

    /// Whether there was something to write. `base` is the pointer that places
    /// count from.
    fn write(
        &self,
        engine: &Engine,
        cdr: Cdr<'_>,
        base: &str,
        out: &mut String,
    ) -> Result<bool, Fault> {
        match self {
            Self::Constant(json) => out.push_str(json),
            Self::Compute(value) => out.push_str(&value.json(engine, cdr)?),
            Self::At { place, fallback } => {
                let found = cdr.json(&place.from(base));
                let Some(json) = found.as_ref().or(fallback.as_ref()) else {
                    return Ok(false);
                };
                out.push_str(json);
            }
            Self::Object(members) => {
                out.push('{');
                for (key, member) in members {
                    let before = out.len();
                    if !out.ends_with('{') {
                        out.push(',');
                    }
                    out.push_str(&Value::from(key.as_str()).to_string());
                    out.push(':');
                    if !member.write(engine, cdr, base, out)? {
                        out.truncate(before);
                    }
                }
                out.push('}');
            }
            Self::Array(elements) => {
                list(elements.iter(), out, |element, out| {
                    element.write(engine, cdr, base, out)
                })?;
            }
            Self::Each { place, element } => {
                let found = cdr.select(&format!("{}/*", place.from(base)));
                list(found.iter(), out, |found, out| {
                    element.write(engine, cdr, &found.pointer, out)
                })?;
            }
        }
        Ok(true)
    }
}

/// Writes an array; an element that has nothing to write is `null`, so that the
/// others keep their places.
fn list<T>(
    elements: impl Iterator<Item = T>,
    out: &mut String,
    mut write: impl FnMut(T, &mut String) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    out.push('[');
    for (index, element) in elements.enumerate() {
        if index > 0 {
            out.push(',');
        }
        if !write(element, out)? {
            out.push_str("null");
        }
    }
    out.push(']');
    Ok(())
}

impl Place {
    fn from(&self, base: &str) -> String {
        match self {
            Self::Root => base.to_owned(),
            Self::Below(pointer) => format!("{base}{}", pointer.text()),
        }
    }
}

impl Reading<'_> {
    fn value(&mut self, value: &Value, at: &str) -> Option<Template> {
        if self.depth == DEEPEST {
            self.errors
                .push(at, format!("is nested deeper than {DEEPEST} levels"));
            return None;
        }
        self.depth += 1;
        let read = match value {
            Value::Object(members) => self.members(members, at),
            Value::Array(elements) => {
                let read: Vec<_> = elements
                    .iter()
                    .enumerate()
                    .map(|(index, element)| self.value(element, &format!("{at}/{index}")))
                    .collect();
                read.into_iter().collect::<Option<_>>().map(Template::Array)
            }
            scalar => Some(Template::Constant(scalar.to_string())),
        };
        self.depth -= 1;
        read
    }

    fn members(&mut self, members: &Map<String, Value>, at: &str) -> Option<Template> {
        if members.keys().any(|key| key.starts_with('$')) {
            return self.directive(members, at);
        }
        let read: Vec<_> = members
            .iter()
            .map(|(key, member)| {
                let token = key.replace('~', "~0").replace('/', "~1");
                Some((key.clone(), self.value(member, &format!("{at}/{token}"))?))
            })
            .collect();
        read.into_iter()
            .collect::<Option<_>>()
            .map(Template::Object)
    }

    fn directive(&mut self, members: &Map<String, Value>, at: &str) -> Option<Template> {
        let has = |keys: &[&str]| {
            members.len() == keys.len() && keys.iter().all(|key| members.contains_key(*key))
        };
        if has(&["$at"]) || has(&["$at", "$else"]) {
            let fallback = members.get("$else").map(Value::to_string);
            let place = self.place(members.get("$at")?, &format!("{at}/$at"))?;
            return Some(Template::At { place, fallback });
        }
        if has(&["$cel"]) {
            return self.compute(members.get("$cel")?, &format!("{at}/$cel"));
        }
        if has(&["$each", "$as"]) {
            let place = self.place(members.get("$each")?, &format!("{at}/$each"));
            let outer = std::mem::replace(&mut self.in_each, true);
            let element = self.value(members.get("$as")?, &format!("{at}/$as"));
            self.in_each = outer;
            return Some(Template::Each {
                place: place?,
                element: Box::new(element?),
            });
        }
        self.errors.push(
            at,
            "must be `{ $at }`, `{ $at, $else }`, `{ $cel }` or `{ $each, $as }`, and nothing beside",
        );
        None
    }

    fn place(&mut self, value: &Value, at: &str) -> Option<Place> {
        match value {
            Value::String(text) if text.is_empty() => Some(Place::Root),
            Value::String(text) => pointer::parse(text, false, at, self.errors).map(Place::Below),
            _ => {
                self.errors
                    .push(at, "must be a JSON pointer, such as `/SeatUser/Name`");
                None
            }
        }
    }

    fn compute(&mut self, value: &Value, at: &str) -> Option<Template> {
        let Value::String(source) = value else {
            self.errors.push(at, "must be a CEL expression");
            return None;
        };
        if self.in_each {
            self.errors.push(
                at,
                "an expression sees the whole record, not an element; use `$at` within `$as`",
            );
            return None;
        }
        Computed::new(source, self.engine, at, self.errors)
            .map(Box::new)
            .map(Template::Compute)
    }
}
