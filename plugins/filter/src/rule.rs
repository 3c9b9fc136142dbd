//! A rule: a decision and the conditions that must all hold for it.

use cdr_expression::{Context, Engine, EvaluationError, Expression};
use cdr_plugin_sdk::{Cdr, ConfigErrors};

use crate::{
    config::{FilterConfig, RuleConfig},
    membership::{Membership, MembershipError},
    sample::{Sample, SampleError},
};

/// Longest name of a rule, in characters: names are labels of the ledger.
const MAX_NAME_CHARS: usize = 64;

/// What a rule decides, and the name it decides under.
#[derive(Debug)]
pub enum Decision {
    Keep(String),
    Drop(String),
}

/// A compiled rule.
#[derive(Debug)]
pub struct Rule {
    decision: Decision,
    when: Option<Expression>,
    table: Option<Membership>,
    sample: Option<Sample>,
}

/// Why it cannot be said whether a rule holds.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    #[error(transparent)]
    When(#[from] EvaluationError),
    #[error(transparent)]
    Table(#[from] MembershipError),
    #[error(transparent)]
    Sample(#[from] SampleError),
}

impl Rule {
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    pub fn name(&self) -> &str {
        match &self.decision {
            Decision::Keep(name) | Decision::Drop(name) => name,
        }
    }

    pub fn expression(&self) -> Option<&Expression> {
        self.when.as_ref()
    }

    /// Whether every condition holds. They are tried in this order, so that
    /// `when` can guard the others, and the first that does not hold ends it.
    pub fn holds(&self, cdr: Cdr<'_>, scope: &Context<'_, '_>) -> Result<bool, RuleError> {
        if let Some(when) = &self.when
            && !when.holds(scope)?
        {
            return Ok(false);
        }
        if let Some(table) = &self.table
            && !table.holds(cdr)?
        {
            return Ok(false);
        }
        match &self.sample {
            Some(sample) => Ok(sample.holds(cdr)?),
            None => Ok(true),
        }
    }
}

/// Compiles every rule, so that the operator sees all errors at once. The rules
/// are complete where no error was added.
pub fn compile_all(config: &FilterConfig, engine: &Engine, errors: &mut ConfigErrors) -> Vec<Rule> {
    if config.rules.is_empty() && config.drop_rest.is_none() {
        errors.push(
            "/rules",
            "there is no rule; add one, or take the filter out",
        );
    }
    if let Some(reason) = &config.drop_rest {
        check_name(reason, "/drop_rest", errors);
    }
    let rules = config.rules.iter().enumerate();
    rules
        .filter_map(|(index, rule)| compile(rule, &format!("/rules/{index}"), engine, errors))
        .collect()
}

fn compile(
    config: &RuleConfig,
    at: &str,
    engine: &Engine,
    errors: &mut ConfigErrors,
) -> Option<Rule> {
    let decision = decision(config, at, errors);
    if config.when.is_none() && config.table.is_none() && config.sample.is_none() {
        errors.push(
            at,
            "the rule has no condition; add `when`, `table` or `sample`",
        );
    }
    let table = config.table.as_ref();
    let table = table.map(|table| Membership::new(table, &format!("{at}/table"), errors));
    let sample = config.sample.as_ref();
    let sample = sample.map(|sample| Sample::new(sample, &format!("{at}/sample"), errors));
    let when = match &config.when {
        Some(source) => Some(engine.compile(source, &format!("{at}/when"), errors)?),
        None => None,
    };
    Some(Rule {
        decision: decision?,
        when,
        table,
        sample,
    })
}

fn decision(config: &RuleConfig, at: &str, errors: &mut ConfigErrors) -> Option<Decision> {
    match (&config.drop, &config.keep) {
        (Some(reason), None) => {
            check_name(reason, &format!("{at}/drop"), errors);
            Some(Decision::Drop(reason.clone()))
        }
        (None, Some(name)) => {
            check_name(name, &format!("{at}/keep"), errors);
            Some(Decision::Keep(name.clone()))
        }
        (Some(_), Some(_)) => {
            errors.push(at, "the rule has both `drop` and `keep`; make it two rules");
            None
        }
        (None, None) => {
            errors.push(
                at,
                "the rule decides nothing; add `drop = \"reason\"` or `keep = \"name\"`",
            );
            None
        }
    }
}

fn check_name(name: &str, at: &str, errors: &mut ConfigErrors) {
    let chars = name.chars().count();
    if name.trim().is_empty() || chars > MAX_NAME_CHARS {
        errors.push(at, format!("must be 1 to {MAX_NAME_CHARS} characters long"));
    }
}
