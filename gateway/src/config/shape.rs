//! Validation of the tree against the model's JSON Schema.
//!
//! serde stops at the first error and knows no places. So the tree is walked
//! along the schema that schemars generates from the model: one description of
//! every key, its type, range and format serves serde, editors and this walk
//! alike, and none of them can drift from the others.
//!
//! The walk reports everything that is wrong and returns what is left without
//! it, so that names and relations can still be checked in the rest. What is
//! returned deserialises into the model, unless something that is needed was
//! wrong at the very top.

mod schema;
mod secret;
mod table;

use serde_json::Value as Json;

use self::schema::{Form, Schema};
use super::{
    diagnostic::Code,
    format,
    report::{Finding, Mark, Report},
    suggest,
    tree::{Node, Origin, Value},
};

pub(super) use secret::SecretReader;

/// The walk.
pub(super) struct Shape<'a, 'f> {
    schema: Schema<'a>,
    secrets: SecretReader<'a>,
    report: &'a mut Report<'f>,
    path: Vec<String>,
    /// Whether a secret may stand in what is being looked at.
    hidden: bool,
}

impl<'a, 'f> Shape<'a, 'f> {
    pub(super) fn new(
        schema: &'a Json,
        secrets: SecretReader<'a>,
        report: &'a mut Report<'f>,
    ) -> Self {
        Self {
            schema: Schema::new(schema),
            secrets,
            report,
            path: Vec::new(),
            hidden: false,
        }
    }

    /// What is left of a node without what is wrong; none where nothing is.
    pub(super) fn walk(&mut self, node: &Node, schema: &'a Json) -> Option<Node> {
        match (self.schema.form(schema), &node.value) {
            (Form::Any, _) => {
                self.free(node);
                Some(node.clone())
            }
            (Form::Secret { lines }, _) => self.secret(node, schema, lines),
            (Form::Choice(choices), Value::Text(text)) => self.choice(node, text, &choices),
            (Form::Table(form), Value::Table(table)) => self.table(node, table, &form),
            (Form::List { items, min_items }, Value::List(list)) => {
                self.list(node, list, items, min_items)
            }
            (Form::Text { format, min_length }, Value::Text(text)) => {
                self.text(node, text, format, min_length)
            }
            (Form::Integer { min, max }, Value::Integer(integer)) => {
                self.integer(node, *integer, min, max)
            }
            (Form::Integer { min, max }, Value::Text(text)) if outside_files(node) => {
                match text.trim().parse() {
                    Ok(integer) => self.integer(node, integer, min, max),
                    Err(_) => self.wrong_type(node, "an integer"),
                }
            }
            (Form::Boolean { only }, Value::Boolean(boolean)) => self.boolean(node, *boolean, only),
            (Form::Boolean { only }, Value::Text(text)) if outside_files(node) => {
                match text.trim().parse() {
                    Ok(boolean) => self.boolean(node, boolean, only),
                    Err(_) => self.wrong_type(node, "true or false"),
                }
            }
            (Form::Either(schemas), value) => self.either(node, value, &schemas),
            (form, _) => self.wrong_type(node, what(&form)),
        }
    }

    /// A value of any form, as long as JSON can say it.
    fn free(&mut self, node: &Node) {
        let sayable = match &node.value {
            Value::Integer(integer) => {
                (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(integer)
            }
            Value::Float(float) => float.is_finite(),
            Value::List(list) => {
                for (index, item) in list.iter().enumerate() {
                    self.inside(&index.to_string(), |walk| walk.free(item));
                }
                true
            }
            Value::Table(table) => {
                for (key, value) in table {
                    self.inside(key, |walk| walk.free(value));
                }
                true
            }
            _ => true,
        };
        if !sayable {
            let finding = Finding::error(Code::OutOfRange, "the number is out of range");
            self.add(
                node,
                Mark::Value,
                finding.help("write a finite number of at most 64 bits"),
            );
        }
    }

    fn either(&mut self, node: &Node, value: &Value, schemas: &[&'a Json]) -> Option<Node> {
        let is_number = |text: &str| outside_files(node) && text.trim().parse::<i128>().is_ok();
        let fits = |form: &Form<'_>| {
            matches!((form, value), (Form::Integer { .. }, Value::Text(text)) if is_number(text))
                || matches!(
                    (form, value),
                    (Form::Integer { .. }, Value::Integer(_))
                        | (Form::Text { .. } | Form::Choice(_), Value::Text(_))
                        | (Form::Table(_), Value::Table(_))
                        | (Form::List { .. }, Value::List(_))
                )
        };
        let forms: Vec<_> = schemas.iter().map(|one| self.schema.form(one)).collect();
        if let Some(at) = forms.iter().position(fits) {
            return self.walk(node, schemas[at]);
        }
        let names: Vec<_> = forms.iter().map(what).collect();
        self.wrong_type(node, &names.join(" or "))
    }

    fn choice(&mut self, node: &Node, text: &str, choices: &[&str]) -> Option<Node> {
        if choices.contains(&text) {
            return Some(node.clone());
        }
        let help = suggest::nearest(text, choices.iter().copied()).map_or_else(
            || format!("write one of {}", quoted(choices)),
            |near| format!("did you mean \"{near}\"? known are {}", quoted(choices)),
        );
        let finding = Finding::error(Code::UnknownValue, format!("unknown value {text:?}"));
        self.add(node, Mark::Value, finding.help(help));
        None
    }

    fn list(
        &mut self,
        node: &Node,
        list: &[Node],
        items: &'a Json,
        min_items: usize,
    ) -> Option<Node> {
        if list.len() < min_items {
            let finding = Finding::error(Code::OutOfRange, "the array is empty");
            self.add(node, Mark::Value, finding.help("name at least one"));
            return None;
        }
        let mut kept = Vec::with_capacity(list.len());
        for (index, item) in list.iter().enumerate() {
            kept.extend(self.inside(&index.to_string(), |walk| walk.walk(item, items)));
        }
        Some(Node {
            value: Value::List(kept),
            origin: node.origin.clone(),
        })
    }

    fn text(
        &mut self,
        node: &Node,
        text: &str,
        format: Option<&str>,
        min_length: usize,
    ) -> Option<Node> {
        if text.chars().count() < min_length {
            let finding = Finding::error(Code::OutOfRange, "the string is empty");
            self.add(
                node,
                Mark::Value,
                finding.help("write a value, or leave the key out"),
            );
            return None;
        }
        if let Err(problem) = format::check(format.unwrap_or_default(), text) {
            let finding = Finding::error(problem.code, problem.message).help(problem.remedy);
            let mark = if problem.secret {
                Mark::Hidden
            } else {
                Mark::Within(problem.offset)
            };
            self.add(node, mark, finding);
            return None;
        }
        Some(node.clone())
    }

    fn integer(&mut self, node: &Node, integer: i128, min: i128, max: i128) -> Option<Node> {
        if !(min..=max).contains(&integer) {
            let finding = Finding::error(Code::OutOfRange, "the number is out of range")
                .help(format!("write a number from {min} to {max}"));
            self.add(node, Mark::Value, finding);
            return None;
        }
        Some(Node {
            value: Value::Integer(integer),
            origin: node.origin.clone(),
        })
    }

    fn boolean(&mut self, node: &Node, boolean: bool, only: Option<bool>) -> Option<Node> {
        if let Some(only) = only.filter(|only| *only != boolean) {
            let finding = Finding::error(Code::UnknownValue, format!("unknown value {boolean}"));
            self.add(
                node,
                Mark::Value,
                finding.help(format!("only {only} has a meaning here")),
            );
            return None;
        }
        Some(Node {
            value: Value::Boolean(boolean),
            origin: node.origin.clone(),
        })
    }

    fn wrong_type(&mut self, node: &Node, expected: &str) -> Option<Node> {
        let message = format!("expected {expected}, found {}", node.value.what());
        let finding = Finding::error(Code::WrongType, message);
        let help = match (outside_files(node), &node.value) {
            (true, _) => "tables and arrays are set in a file; here, write a single value".into(),
            (_, Value::Text(text)) if expected == "an integer" && text.parse::<i64>().is_ok() => {
                format!("write {text} without quotes")
            }
            _ => format!("write {expected}"),
        };
        self.add(node, Mark::Value, finding.help(help));
        None
    }

    fn inside<T>(&mut self, step: &str, look: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step.to_owned());
        let result = look(self);
        self.path.pop();
        result
    }

    fn add(&mut self, node: &Node, mark: Mark, finding: Finding) {
        let key = self.path.join(".");
        let mark = if self.hidden { Mark::Hidden } else { mark };
        self.report.add(node, &key, mark, finding);
    }
}

/// Whether a value comes from where everything is text.
fn outside_files(node: &Node) -> bool {
    matches!(node.origin, Origin::Environment(_) | Origin::Flag(_))
}

fn what(form: &Form<'_>) -> &'static str {
    match form {
        Form::Secret { .. } | Form::Table(_) => "a table",
        Form::Choice(_) | Form::Text { .. } => "a string",
        Form::List { .. } => "an array",
        Form::Integer { .. } => "an integer",
        Form::Boolean { .. } => "true or false",
        Form::Either(_) | Form::Any => "a value",
    }
}

fn quoted(choices: &[&str]) -> String {
    let quoted: Vec<_> = choices
        .iter()
        .map(|choice| format!("\"{choice}\""))
        .collect();
    quoted.join(", ")
}
