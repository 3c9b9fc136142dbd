//! One step: an edit of the record in place.

use std::fmt;

use cdr_expression::{Engine, Expression, Needs};
use cdr_plugin_sdk::{Cdr, ConfigErrors, Fault};

use crate::{
    config::StepConfig,
    pointer::{self, Pointer},
};

/// A step, ready for use.
#[derive(Debug)]
pub struct Step {
    action: Action,
    when: Option<Computed>,
    required: bool,
}

#[derive(Debug)]
enum Action {
    Rename { at: Pointer, name: String },
    Move { from: Pointer, to: Pointer },
    Copy { from: Pointer, to: Pointer },
    Drop(Pointer),
    Constant { at: Pointer, json: String },
    Compute { at: Pointer, value: Box<Computed> },
}

/// An expression with what it looks at.
#[derive(Debug)]
pub struct Computed {
    expression: Expression,
    needs: Needs,
}

impl Computed {
    /// Compiles an expression; what is wrong with it is added to the errors.
    pub fn new(source: &str, engine: &Engine, at: &str, errors: &mut ConfigErrors) -> Option<Self> {
        let expression = engine.compile(source, at, errors)?;
        let needs = Needs::of([&expression].into_iter());
        Some(Self { expression, needs })
    }

    /// What it gives for a record, as JSON text.
    pub fn json(&self, engine: &Engine, cdr: Cdr<'_>) -> Result<String, Fault> {
        let scope = engine.scope(&self.needs, cdr);
        Ok(self.expression.json(&scope)?.to_string())
    }

    fn holds(&self, engine: &Engine, cdr: Cdr<'_>) -> Result<bool, Fault> {
        let scope = engine.scope(&self.needs, cdr);
        Ok(self.expression.holds(&scope)?)
    }
}

impl Step {
    /// A step of the config. None where an error was added.
    pub fn new(
        config: &StepConfig,
        engine: &Engine,
        at: &str,
        errors: &mut ConfigErrors,
    ) -> Option<Self> {
        let when = config.when.as_ref();
        let when = when.map(|source| Computed::new(source, engine, &format!("{at}/when"), errors));
        let action = Action::new(config, engine, at, errors);
        Some(Self {
            action: action?,
            when: match when {
                Some(when) => Some(when?),
                None => None,
            },
            required: config.required,
        })
    }

    /// Does the step, where its condition holds.
    pub fn run(&self, engine: &Engine, cdr: Cdr<'_>) -> Result<(), Fault> {
        if let Some(when) = &self.when
            && !when.holds(engine, cdr)?
        {
            return Ok(());
        }
        if self.action.run(engine, cdr)? || !self.required {
            return Ok(());
        }
        Err(Fault::new("there is nothing at its place"))
    }
}

impl Action {
    fn new(
        config: &StepConfig,
        engine: &Engine,
        at: &str,
        errors: &mut ConfigErrors,
    ) -> Option<Self> {
        let said = [
            ("rename", &config.rename),
            ("move", &config.move_),
            ("copy", &config.copy),
            ("drop", &config.drop),
            ("set", &config.set),
        ];
        let mut said = said
            .into_iter()
            .filter_map(|(name, at)| Some((name, at.as_ref()?)));
        let (Some((action, place)), None) = (said.next(), said.next()) else {
            errors.push(
                at,
                "a step has exactly one of `rename`, `move`, `copy`, `drop` and `set`",
            );
            return None;
        };
        check_applies(config, action, at, errors);
        let may_have_every = action == "drop";
        let place = pointer::parse(place, may_have_every, &format!("{at}/{action}"), errors);
        match action {
            "drop" => Some(Self::Drop(place?)),
            "set" => Self::set(config, place, engine, at, errors),
            "rename" => {
                let name = config.to.clone();
                if name.is_none() {
                    errors.push(at, "`rename` needs a name: add `to`");
                }
                Some(Self::Rename {
                    at: place?,
                    name: name?,
                })
            }
            _ => {
                let Some(to) = &config.to else {
                    errors.push(at, format!("`{action}` needs a place: add `to`"));
                    return None;
                };
                let to = pointer::parse(to, false, &format!("{at}/to"), errors);
                let (from, to) = (place?, to?);
                Some(match action {
                    "move" => Self::Move { from, to },
                    _ => Self::Copy { from, to },
                })
            }
        }
    }

    fn set(
        config: &StepConfig,
        place: Option<Pointer>,
        engine: &Engine,
        at: &str,
        errors: &mut ConfigErrors,
    ) -> Option<Self> {
        match (&config.value, &config.cel) {
            (Some(value), None) => Some(Self::Constant {
                at: place?,
                json: value.to_string(),
            }),
            (None, Some(cel)) => {
                let value = Computed::new(cel, engine, &format!("{at}/cel"), errors);
                Some(Self::Compute {
                    at: place?,
                    value: Box::new(value?),
                })
            }
            _ => {
                errors.push(at, "`set` needs exactly one of `value` and `cel`");
                None
            }
        }
    }

    /// Whether there was something to do.
    fn run(&self, engine: &Engine, cdr: Cdr<'_>) -> Result<bool, Fault> {
        match self {
            Self::Rename { at, name } => return Ok(cdr.rename(at.text(), name)?),
            Self::Drop(at) => {
                // The last first: what is removed moves the elements behind it.
                let found = cdr.select(at.text());
                for found in found.iter().rev() {
                    cdr.remove(&found.pointer);
                }
                return Ok(!found.is_empty());
            }
            Self::Constant { at, json } => pointer::put(cdr, at, json)?,
            Self::Compute { at, value } => pointer::put(cdr, at, &value.json(engine, cdr)?)?,
            Self::Copy { from, to } => match cdr.json(from.text()) {
                Some(json) => pointer::put(cdr, to, &json)?,
                None => return Ok(false),
            },
            Self::Move { from, to } => match cdr.json(from.text()) {
                Some(json) => {
                    cdr.remove(from.text());
                    pointer::put(cdr, to, &json)?;
                }
                None => return Ok(false),
            },
        }
        Ok(true)
    }
}

/// Keys of another step than the one that is meant.
fn check_applies(config: &StepConfig, action: &str, at: &str, errors: &mut ConfigErrors) {
    let keys = [
        (
            "to",
            config.to.is_some(),
            matches!(action, "rename" | "move" | "copy"),
        ),
        ("value", config.value.is_some(), action == "set"),
        ("cel", config.cel.is_some(), action == "set"),
        ("required", config.required, action != "set"),
    ];
    for (key, is_set, applies) in keys {
        if is_set && !applies {
            errors.push(
                format!("{at}/{key}"),
                format!("does not apply to `{action}`"),
            );
        }
    }
}

impl fmt::Display for Step {
    /// What it does, without values: for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.action {
            Action::Rename { at, .. } => write!(f, "rename {}", at.text()),
            Action::Move { from, .. } => write!(f, "move {}", from.text()),
            Action::Copy { from, .. } => write!(f, "copy {}", from.text()),
            Action::Drop(at) => write!(f, "drop {}", at.text()),
            Action::Constant { at, .. } | Action::Compute { at, .. } => {
                write!(f, "set {}", at.text())
            }
        }
    }
}
