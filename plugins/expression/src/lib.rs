//! CEL expressions over `kind`, `source`, `cdr` and `tags`.
//!
//! What an expression looks at is known before any record comes ([`Needs`]), so
//! only those places are fetched from the gateway. The standard environment is
//! built once per instance, not per record.
//!
//! An expression that has no answer for a record fails with an [`EvaluationError`],
//! which names what was missing and never a value of the record.

mod error;
mod names;
mod needs;
mod value;

use std::{fmt, sync::Arc};

use cdr_plugin_sdk::{Cdr, ConfigErrors};
use cel::{Env, Program, Value};

pub use cel::Context;

use self::names::Names;
pub use self::{error::EvaluationError, needs::Needs};

/// Compiles expressions and evaluates them.
pub struct Engine {
    env: Arc<Env>,
    root: Context<'static, 'static>,
}

impl Engine {
    /// An engine with the standard functions of CEL.
    #[must_use]
    pub fn new() -> Self {
        let env = Arc::new(Env::stdlib());
        let root = Context::with_env(Arc::clone(&env));
        Self { env, root }
    }

    /// Compiles an expression; what is wrong with it is added to the errors.
    pub fn compile(&self, source: &str, at: &str, errors: &mut ConfigErrors) -> Option<Expression> {
        let program = match self.env.compile(source) {
            Ok(program) => program,
            Err(wrong) => {
                for error in wrong.errors {
                    let (line, column) = error.pos;
                    errors.push(at, format!("line {line}, column {column}: {}", error.msg));
                }
                return None;
            }
        };
        let names = Names::of(program.expression());
        let complaints = self.complaints(&names);
        if complaints.is_empty() {
            return Some(Expression {
                source: source.to_owned(),
                program,
                names,
            });
        }
        for complaint in complaints {
            errors.push(at, complaint);
        }
        None
    }

    /// What the parser does not know is wrong.
    fn complaints(&self, names: &Names) -> Vec<String> {
        let mut complaints = Vec::new();
        for name in &names.others {
            if self.env.types().find_type(name).is_none() {
                complaints.push(format!(
                    "unknown name `{name}`; known are kind, source, cdr and tags"
                ));
            }
        }
        for function in &names.functions {
            if !self.knows_function(function) {
                complaints.push(format!("unknown function `{function}`"));
            }
        }
        complaints
    }

    /// cel tells an unknown function from a wrong call only when it runs.
    fn knows_function(&self, name: &str) -> bool {
        let probes = [format!("{name}(0)"), format!("(0).{name}()")];
        probes.iter().any(|probe| match self.env.compile(probe) {
            Ok(program) => !matches!(
                program.execute(&self.root),
                Err(cel::ExecutionError::UndeclaredReference(_))
            ),
            Err(_) => true,
        })
    }

    /// The variables of one record.
    pub fn scope(&self, needs: &Needs, cdr: Cdr<'_>) -> Context<'_, 'static> {
        let mut scope = self.root.new_inner_scope();
        for (name, value) in needs.fetch(cdr) {
            scope.add_variable_from_value(name, value);
        }
        scope
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    source: String,
    program: Program,
    names: Names,
}

impl Expression {
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// Whether the expression is true for the record of a scope.
    pub fn holds(&self, scope: &Context<'_, '_>) -> Result<bool, EvaluationError> {
        match self.program.execute(scope) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(other) => Err(EvaluationError::NotBool(other.type_of().to_string())),
            Err(error) => Err(EvaluationError::of(&error, &self.source)),
        }
    }

    /// What the expression gives for the record of a scope, as JSON.
    pub fn json(&self, scope: &Context<'_, '_>) -> Result<serde_json::Value, EvaluationError> {
        match self.program.execute(scope) {
            Ok(value) => value::to_json(&value)
                .ok_or_else(|| EvaluationError::NotJson(value.type_of().to_string())),
            Err(error) => Err(EvaluationError::of(&error, &self.source)),
        }
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}
