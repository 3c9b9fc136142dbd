//! The whole gateway against a simple model of journal and ledger.
//!
//! A seed makes a plan: records of several classes, repetitions, receivers that
//! go down and come back, more waiting than a quota allows, kills, stops, reloads and
//! repairs. It says as well whether what is kept is sealed, deliveries are ordered by
//! key, go out in batches, and are held to quotas. The gateway runs it
//! in this process, with its own listeners, journal, plugins and files; the model
//! runs it in its head. Whenever everything has come to rest, every delivery must
//! stand where the model says, the books must balance, and receivers and files
//! must hold what was delivered and nothing besides.
//!
//! Plan and answers follow from the seed alone, so that a seed that fails fails
//! again: `CDR_GATEWAY_SEED=N`. What a receiver answers depends on the record and
//! on how often it was asked about it, never on time.

mod gateway;
mod line;
mod oracle;
mod plan;
mod receiver;
mod run;
mod shape;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

const SEED: &str = "CDR_GATEWAY_SEED";
const SEEDS: &str = "CDR_GATEWAY_SEEDS";

#[test]
fn a_few_plans_end_as_the_model_says() {
    run_seeds(12);
}

#[test]
#[ignore = "takes minutes: make soak"]
fn thousands_of_plans_end_as_the_model_says() {
    run_seeds(number(SEEDS).unwrap_or(2000));
}

fn run_seeds(count: u64) {
    if let Some(seed) = number(SEED) {
        return run::run(seed);
    }
    let first = fastrand::u64(..u64::MAX / 2);
    for seed in first..first + count {
        let ended = catch_unwind(AssertUnwindSafe(|| run::run(seed)));
        if let Err(panic) = ended {
            eprintln!("to repeat it: {SEED}={seed}");
            resume_unwind(panic);
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}
