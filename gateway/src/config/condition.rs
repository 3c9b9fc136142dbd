//! What can be said of a `when` without a record.
//!
//! Used for warnings only: an expression is followed as far as it compares
//! `kind`, `source` and fields with literals; all else may be true or false.

use std::collections::BTreeMap;

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, LiteralValue, operators},
    parser::Parser,
};

use crate::{alert, record::Kind};

/// A `when`, or its absence, which always holds.
pub(super) struct Condition {
    expression: Option<IdedExpr>,
}

impl Condition {
    /// None where the text is not an expression.
    pub(super) fn parse(when: Option<&str>) -> Option<Self> {
        let expression = match when {
            Some(text) => Some(Parser::new().parse(text).ok()?),
            None => None,
        };
        Some(Self { expression })
    }

    /// Whether it can hold for a kind of record of a source.
    pub(super) fn can_hold(&self, kind: Kind, source: &str) -> bool {
        let known = Known { kind, source };
        self.expression
            .as_ref()
            .is_none_or(|expression| known.truth(&expression.expr) != Some(false))
    }

    /// Whether both can hold for one record of a source.
    pub(super) fn can_meet(&self, other: &Self, source: &str) -> bool {
        let kinds: &[_] = match source {
            alert::SOURCE => &[Kind::Event],
            _ => &Kind::PUSHED,
        };
        let meet = |&kind: &Kind| self.can_hold(kind, source) && other.can_hold(kind, source);
        kinds.iter().any(meet) && !self.contradicts(other)
    }

    /// Whether both demand different values of one field.
    fn contradicts(&self, other: &Self) -> bool {
        let demands = self.demands();
        other
            .demands()
            .iter()
            .any(|(field, value)| demands.get(field).is_some_and(|demand| demand != value))
    }

    /// The fields that must equal a literal for this to hold.
    fn demands(&self) -> BTreeMap<String, &LiteralValue> {
        let mut demands = BTreeMap::new();
        let mut open: Vec<_> = self.expression.iter().collect();
        while let Some(expression) = open.pop() {
            let Expr::Call(call) = &expression.expr else {
                continue;
            };
            if call.func_name == operators::LOGICAL_AND {
                open.extend(&call.args);
            } else if let Some((field, value)) = equation(call) {
                demands.insert(field, value);
            }
        }
        demands
    }
}

/// The field and the literal of `field == literal`, either way round.
fn equation(call: &CallExpr) -> Option<(String, &LiteralValue)> {
    if call.func_name != operators::EQUALS {
        return None;
    }
    match call.args.as_slice() {
        [
            field,
            IdedExpr {
                expr: Expr::Literal(value),
                ..
            },
        ]
        | [
            IdedExpr {
                expr: Expr::Literal(value),
                ..
            },
            field,
        ] => Some((path(&field.expr)?, value)),
        _ => None,
    }
}

/// `a.b.c` of a chain of selections.
fn path(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => {
            Some(format!("{}.{}", path(&select.operand.expr)?, select.field))
        }
        _ => None,
    }
}

/// What is known of a record beforehand.
struct Known<'a> {
    kind: Kind,
    source: &'a str,
}

impl Known<'_> {
    /// Whether an expression holds; none where that depends on the record.
    fn truth(&self, expression: &Expr) -> Option<bool> {
        let call = match expression {
            Expr::Call(call) => call,
            Expr::Literal(LiteralValue::Boolean(value)) => return Some(*value.inner()),
            _ => return None,
        };
        let args: Vec<_> = call.args.iter().map(|arg| &arg.expr).collect();
        match (call.func_name.as_str(), args.as_slice()) {
            (operators::LOGICAL_AND, [one, other]) => {
                decided_by(false, self.truth(one), self.truth(other))
            }
            (operators::LOGICAL_OR, [one, other]) => {
                decided_by(true, self.truth(one), self.truth(other))
            }
            (operators::LOGICAL_NOT, [one]) => self.truth(one).map(|truth| !truth),
            (operators::EQUALS, [one, other]) => self.same(one, other),
            (operators::NOT_EQUALS, [one, other]) => self.same(one, other).map(|same| !same),
            (operators::IN, [one, Expr::List(list)]) => list
                .elements
                .iter()
                .map(|element| self.same(one, &element.expr))
                .reduce(|one, other| decided_by(true, one, other))
                .unwrap_or(Some(false)),
            _ => None,
        }
    }

    fn same(&self, one: &Expr, other: &Expr) -> Option<bool> {
        Some(self.text(one)? == self.text(other)?)
    }

    fn text<'e>(&'e self, expression: &'e Expr) -> Option<&'e str> {
        match expression {
            Expr::Ident(name) if name == "kind" => Some(self.kind.as_str()),
            Expr::Ident(name) if name == "source" => Some(self.source),
            Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
            _ => None,
        }
    }
}

/// A conjunction is decided by a false part, a disjunction by a true one.
fn decided_by(decisive: bool, one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(truth), _) | (_, Some(truth)) if truth == decisive => Some(decisive),
        (Some(_), Some(_)) => Some(!decisive),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_that_exclude_each_other_are_told_apart() {
        let cases = [
            (None, None, true),
            (Some(r#"kind == "cdr""#), None, true),
            (Some(r#"kind == "cdr""#), Some(r#"kind == "record""#), false),
            (
                Some(r#"kind == "cdr""#),
                Some(r#"kind in ["record", "voicemail"]"#),
                false,
            ),
            (
                Some(r#"kind in ["cdr", "record"]"#),
                Some(r#""record" == kind"#),
                true,
            ),
            (
                Some(r#"kind == "cdr" && cdr.A > 1"#),
                Some(r#"kind != "cdr" || cdr.B"#),
                true,
            ),
            (
                Some(r#"kind == "cdr""#),
                Some(r#"!(kind == "cdr" || false)"#),
                false,
            ),
            (
                Some(r#"source == "tccc""#),
                Some(r#"source == "other""#),
                false,
            ),
            (
                Some("cdr.Direction == 0"),
                Some("1 == cdr.Direction && cdr.x"),
                false,
            ),
            (Some("cdr.Direction == 0"), Some("cdr.Direction == 0"), true),
            (Some("cdr.Direction == 0"), Some("cdr.Other == 1"), true),
            (Some("kind in []"), None, false),
        ];
        for (one, other, expected) in cases {
            let left = Condition::parse(one).expect("parses");
            let right = Condition::parse(other).expect("parses");
            assert_eq!(left.can_meet(&right, "tccc"), expected, "{one:?} {other:?}");
            assert_eq!(right.can_meet(&left, "tccc"), expected, "{other:?} {one:?}");
        }
    }

    #[test]
    fn events_come_from_their_own_source_and_nothing_else_does() {
        let all = Condition::parse(None).expect("parses");
        for (when, source, expected) in [
            (r#"kind == "event""#, "event", true),
            (r#"kind == "event""#, "tccc", false),
            (r#"kind == "cdr""#, "event", false),
            (r#"kind == "cdr""#, "tccc", true),
        ] {
            let one = Condition::parse(Some(when)).expect("parses");
            assert_eq!(one.can_meet(&all, source), expected, "{when} {source}");
        }
    }
}
