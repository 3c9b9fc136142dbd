//! What can be known of an expression before any record: its names, the
//! members that it reads, its patterns.

use std::collections::BTreeSet;

use cel::{
    Program,
    common::ast::{
        CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators,
    },
};
use regex::Regex;

use super::{Position, WhenError, matcher};

/// The variables of every expression.
const VARIABLES: [&str; 4] = ["kind", "source", "cdr", "tags"];

/// The variable whose members are told.
const CDR: &str = "cdr";

/// The functions of every expression, beside operators.
const FUNCTIONS: [&str; 13] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    matcher::NAME,
    "type",
    "dyn",
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "bytes",
];

/// What was found.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) fields: Vec<Vec<String>>,
    pub(super) patterns: matcher::Patterns,
}

/// Checks an expression.
pub(super) fn check(program: &Program) -> Result<Checked, WhenError> {
    let mut check = Check {
        program,
        locals: Vec::new(),
        fields: BTreeSet::new(),
        patterns: matcher::Patterns::new(),
    };
    check.expression(program.expression())?;
    Ok(Checked {
        fields: check.fields.into_iter().collect(),
        patterns: check.patterns,
    })
}

struct Check<'a> {
    program: &'a Program,
    /// Variables of the comprehensions around the current place.
    locals: Vec<&'a str>,
    fields: BTreeSet<Vec<String>>,
    patterns: matcher::Patterns,
}

impl<'a> Check<'a> {
    fn expression(&mut self, at: &'a IdedExpr) -> Result<(), WhenError> {
        match &at.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.variable(at, name),
            Expr::Select(select) => {
                self.field(select);
                self.expression(&select.operand)
            }
            Expr::Call(call) => self.call(at, call),
            Expr::List(list) => list.elements.iter().try_for_each(|at| self.expression(at)),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            // Equality asks its left side, and a literal map does not know how
            // to compare itself with an object of a record.
            Expr::Map(_) | Expr::Struct(_) => {
                Err(self.error(at, "a map cannot be written out here; compare its members"))
            }
        }
    }

    fn variable(&self, at: &IdedExpr, name: &str) -> Result<(), WhenError> {
        let is_type = FUNCTIONS.contains(&name) || matches!(name, "list" | "map" | "null_type");
        if VARIABLES.contains(&name) || self.locals.contains(&name) || is_type {
            return Ok(());
        }
        let known = VARIABLES.join(", ");
        Err(self.error(at, format!("'{name}' is not declared; known are {known}")))
    }

    fn call(&mut self, at: &'a IdedExpr, call: &'a CallExpr) -> Result<(), WhenError> {
        let name = call.func_name.as_str();
        let is_word = name.starts_with(|first: char| first.is_ascii_alphabetic());
        if is_word && !FUNCTIONS.contains(&name) {
            return Err(self.error(at, format!("there is no function '{name}'")));
        }
        if name == matcher::NAME {
            self.pattern(at, call)?;
        }
        if let [object, index] = call.args.as_slice()
            && name == operators::INDEX
            && let Expr::Literal(LiteralValue::String(member)) = &index.expr
        {
            self.add_field(object, member.inner());
        }
        call.target
            .iter()
            .map(AsRef::as_ref)
            .chain(&call.args)
            .try_for_each(|at| self.expression(at))
    }

    fn pattern(&mut self, at: &IdedExpr, call: &CallExpr) -> Result<(), WhenError> {
        let Some(Expr::Literal(LiteralValue::String(pattern))) =
            call.args.last().map(|pattern| &pattern.expr)
        else {
            return Err(self.error(at, "the pattern of 'matches' must be a string literal"));
        };
        let regex = Regex::new(pattern.inner()).map_err(|error| {
            // The last line says what is wrong; those before it draw where.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            self.error(at, format!("not a regular expression: {reason}"))
        })?;
        self.patterns.insert(pattern.inner().to_owned(), regex);
        Ok(())
    }

    fn comprehension(&mut self, at: &'a ComprehensionExpr) -> Result<(), WhenError> {
        self.expression(&at.iter_range)?;
        self.expression(&at.accu_init)?;
        let depth = self.locals.len();
        self.locals.push(&at.iter_var);
        self.locals.push(&at.accu_var);
        self.locals.extend(at.iter_var2.as_deref());
        for part in [&at.loop_cond, &at.loop_step, &at.result] {
            self.expression(part)?;
        }
        self.locals.truncate(depth);
        Ok(())
    }

    fn field(&mut self, select: &SelectExpr) {
        self.add_field(&select.operand, &select.field);
    }

    /// Notes a member, in place of the shorter path that leads to it.
    fn add_field(&mut self, object: &IdedExpr, member: &str) {
        let Some(mut path) = self.path(object) else {
            return;
        };
        let longer = |known: &Vec<String>, path: &[String]| {
            known.len() > path.len() && known.starts_with(path)
        };
        path.push(member.to_owned());
        if !self.fields.iter().any(|known| longer(known, &path)) {
            self.fields.insert(path);
        }
    }

    /// The path below `cdr` that an expression spells out.
    fn path(&self, at: &IdedExpr) -> Option<Vec<String>> {
        let (object, member) = match &at.expr {
            Expr::Ident(name) => {
                let is_cdr = name == CDR && !self.locals.contains(&CDR);
                return is_cdr.then(Vec::new);
            }
            Expr::Select(select) => (select.operand.as_ref(), select.field.as_str()),
            Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
                [object, index] => match &index.expr {
                    Expr::Literal(LiteralValue::String(member)) => (object, member.inner()),
                    _ => return None,
                },
                _ => return None,
            },
            _ => return None,
        };
        let mut path = self.path(object)?;
        path.push(member.to_owned());
        Some(path)
    }

    fn error(&self, at: &IdedExpr, message: impl Into<String>) -> WhenError {
        let info = self.program.source_info();
        // Offsets count bytes of the text.
        let position = info
            .offset_for(at.id)
            .and_then(|(start, _)| info.source.get(..start as usize))
            .map(|before| {
                let line_start = before.rfind('\n').map_or(0, |at| at + 1);
                Position {
                    line: before.matches('\n').count() + 1,
                    column: before[line_start..].chars().count() + 1,
                }
            });
        WhenError {
            message: message.into(),
            at: position,
        }
    }
}
