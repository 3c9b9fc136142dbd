//! Keeps or drops records by ordered rules.
//!
//! ```toml
//! [plugin.worth-a-look]
//! wasm = "builtin:filter"
//! tables = ["test_numbers"]
//!
//! [[plugin.worth-a-look.config.rules]]
//! drop = "test_call"
//! table = { name = "test_numbers", at = "/Callee", match = "prefix" }
//!
//! [[plugin.worth-a-look.config.rules]]
//! keep = "complaints"
//! when = 'cdr.QueuedSkillGroupName == "投诉"'
//!
//! [[plugin.worth-a-look.config.rules]]
//! drop = "short"
//! when = 'kind == "cdr" && cdr.Duration < 5'
//!
//! [[plugin.worth-a-look.config.rules]]
//! keep = "sampled"
//! sample = { share = 0.1 }
//!
//! [plugin.worth-a-look.config]
//! drop_rest = "not_sampled"
//! ```
//!
//! The first rule whose conditions all hold decides. Where none does, the
//! record is kept, or dropped if `drop_rest` says so.
//!
//! A rule that cannot be evaluated suspends the record and never drops it: what
//! is dropped by mistake is not missed by anyone. Messages name the rule and
//! what it lacked, never a value of the record.

mod config;
mod membership;
mod rule;
mod sample;

use cdr_expression::{Engine, Needs};
use cdr_plugin_sdk::{Cdr, ConfigErrors, Fault, Plugin, Verdict, count};

pub use self::config::{FilterConfig, MatchMode, RuleConfig, SampleConfig, TableConfig};
use self::rule::{Decision, Rule};

/// The configured filter.
#[derive(Debug)]
pub struct Filter {
    rules: Vec<Rule>,
    drop_rest: Option<String>,
    engine: Engine,
    /// What the expressions of all rules look at, fetched once per record.
    needs: Needs,
}

impl Plugin for Filter {
    type Config = FilterConfig;

    fn configure(config: FilterConfig) -> Result<Self, ConfigErrors> {
        let engine = Engine::new();
        let mut errors = ConfigErrors::new();
        let rules = rule::compile_all(&config, &engine, &mut errors);
        let needs = Needs::of(rules.iter().filter_map(Rule::expression));
        errors.or_else_make(|| Self {
            rules,
            drop_rest: config.drop_rest,
            engine,
            needs,
        })
    }

    fn process(&self, cdr: Cdr<'_>) -> Result<Verdict, Fault> {
        let scope = self.engine.scope(&self.needs, cdr);
        for rule in &self.rules {
            let holds = rule
                .holds(cdr, &scope)
                .map_err(|why| Fault::new(format!("rule {}: {why}", rule.name())))?;
            if holds {
                return Ok(match rule.decision() {
                    Decision::Drop(reason) => Verdict::drop(reason),
                    Decision::Keep(name) => {
                        count(&format!("kept.{name}"), 1);
                        Verdict::Keep
                    }
                });
            }
        }
        Ok(match &self.drop_rest {
            Some(reason) => Verdict::drop(reason),
            None => Verdict::Keep,
        })
    }
}

cdr_plugin_sdk::export!(Filter, name = "filter");

#[cfg(test)]
mod tests;
