//! `when`: which records a route takes, in CEL over `kind`, `source`, `tags`
//! and `cdr`.
//!
//! An expression is compiled once, with everything that can be wrong about it
//! found then. It is evaluated on the document itself: only the path to what it
//! asks for is opened, and nothing is converted that it does not ask for.
//!
//! How values read: objects are maps, arrays lists; an integer is an `int`, a
//! `uint` where it is beyond 63 bits and a `double` beyond 64; every other number
//! is a `double`. Of a duplicated key the last counts.
//!
//! How it fails: a member that is not there is an error unless asked for by
//! `has(…)`, and so is a result that is not a `bool`. The texts of errors name
//! types and members of the expression, never what a record holds.

mod check;
mod failure;
mod matcher;
mod value;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, LazyLock},
};

use cel::{
    Context, Env, Program, Value,
    common::{
        types::{CelBool, CelString},
        value::CowVal,
    },
    context::VariableResolver,
};

use crate::record::{Document, Kind, Tags};

/// The standard library of CEL. Making it costs more than most evaluations.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A compiled expression.
pub struct When {
    program: Program,
    root: Context<'static, 'static>,
    fields: Vec<Vec<String>>,
}

/// What an expression sees of a record.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What the record reports; a `string` in CEL.
    pub kind: Kind,
    /// Name of the source that accepted it.
    pub source: &'a str,
    /// The record's tags; a map of strings.
    pub tags: &'a Tags,
    /// The record.
    pub cdr: &'a Document,
}

/// Why an expression cannot be compiled, or has no result for a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WhenError {
    /// What is wrong.
    pub message: String,
    /// Where, in the text of the expression. Only compilation knows it.
    pub at: Option<Position>,
}

/// A place in the text of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line from 1.
    pub line: usize,
    /// Column in characters from 1.
    pub column: usize,
}

impl When {
    /// Compiles an expression.
    pub fn compile(text: &str) -> Result<Self, WhenError> {
        let compiled = guarded(|| ENV.compile(text))?;
        let program = compiled.map_err(|errors| failure::of_compiling(&errors))?;
        let checked = check::check(&program)?;
        let mut root = Context::with_env(Arc::clone(&ENV));
        matcher::declare(&mut root, checked.patterns)?;
        Ok(Self {
            fields: checked.fields,
            program,
            root,
        })
    }

    /// Whether the record matches.
    pub fn matches(&self, view: &View<'_>) -> Result<bool, WhenError> {
        guarded(|| {
            let mut scope = self.scope();
            scope.set_variable_resolver(view);
            let result = Value::resolve_val(self.program.expression(), &scope)
                .map_err(|error| failure::of_evaluating(&error))?;
            match result.downcast_ref::<CelBool>() {
                Some(result) => Ok(*result.inner()),
                None => Err(WhenError::new(format!(
                    "the result is not true or false but a {}",
                    result.get_type().name()
                ))),
            }
        })?
    }

    /// The members of `cdr` that the expression names, each as the path to it
    /// as far as it is written out: `cdr.SeatUser.Mail` is
    /// `["SeatUser", "Mail"]`, and so is `has(cdr.SeatUser.Mail)`.
    pub fn fields(&self) -> &[Vec<String>] {
        &self.fields
    }

    /// A scope for one evaluation. The root is shortened to the life of what
    /// the scope will borrow.
    fn scope<'a>(&'a self) -> Context<'a, 'a> {
        let root: &'a Context<'a, 'a> = &self.root;
        root.new_inner_scope()
    }
}

impl fmt::Debug for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("When")
            .field("text", &self.program.source_info().source)
            .finish_non_exhaustive()
    }
}

impl WhenError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            at: None,
        }
    }
}

impl VariableResolver for View<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        match variable {
            "kind" => Some(CowVal::owned(CelString::from(self.kind.as_str()))),
            "source" => Some(CowVal::owned(CelString::from(self.source))),
            "tags" => Some(CowVal::owned(value::tags(self.tags))),
            "cdr" => Some(value::of(self.cdr.peek()).into()),
            _ => None,
        }
    }
}

/// The CEL library is code of others that sees what operators and senders
/// write: a panic in it is an error of the expression, not of the gateway.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, WhenError> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| WhenError::new("the expression cannot be evaluated: CEL panicked"))
}

#[cfg(test)]
mod tests;
