//! What is known of a plugin beyond its calls: what each of its versions did
//! ([`tally`]), its last failures ([`failures`]), what it may still log
//! ([`allowance`]), and what it takes of the workers' time.
//!
//! It is kept by the plugin's name in the config for as long as a revision has such a
//! plugin, so that a reload loses nothing of it. In memory only.

pub mod allowance;
pub mod failures;
pub mod tally;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use self::{allowance::Allowance, failures::Failures, tally::Tally};
use super::budget::Usage;

/// The accounts of all plugins of a host, by name.
#[derive(Default)]
pub struct Accounts(Mutex<BTreeMap<String, Weak<Account>>>);

/// What is known of the plugin of one name.
#[derive(Default)]
pub struct Account {
    /// Log lines that it may still write.
    pub(super) log: Allowance,
    /// What it takes of the workers' time.
    pub(super) usage: Usage,
    /// What it failed on last.
    pub failures: Failures,
    tallies: Mutex<Vec<Weak<Tally>>>,
}

impl Accounts {
    /// The account of a plugin, begun where it has none.
    pub(super) fn of(&self, plugin: &str) -> Arc<Account> {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|_, account| account.strong_count() > 0);
        let known = accounts.get(plugin).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let begun = Arc::new(Account::default());
            accounts.insert(plugin.to_owned(), Arc::downgrade(&begun));
            begun
        })
    }
}

impl Account {
    /// The tally of a version: of what calls itself so and has this digest.
    pub(super) fn tally(&self, plugin: &str, version: &str, digest: &str) -> Arc<Tally> {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.retain(|tally| tally.strong_count() > 0);
        let known = tallies.iter().filter_map(Weak::upgrade);
        let known = { known }.find(|tally| tally.is_of(version, digest));
        known.unwrap_or_else(|| {
            let begun = Arc::new(Tally::new(plugin, version, digest));
            tallies.push(Arc::downgrade(&begun));
            begun
        })
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{
        config::model::PluginHost,
        plugin::{
            Compiled, Grants, Host, Limits, Plugin, Secrets, Tables, budget::Share, builtin,
            component,
        },
    };

    #[test]
    fn a_reload_goes_on_with_what_was_taken() {
        let host = Host::new(None).expect("a host");
        let wasm = builtin::plugin("phone-mask").expect("a plugin").wasm;
        let compiled = Compiled::new(&host, wasm).expect("a component");
        let load = |percent| {
            let mut limits = Limits::from(&PluginHost::default());
            limits.share = Share {
                workers: 2,
                percent,
            };
            let source = component::Source {
                name: "slow",
                component: &compiled,
                config: "{}".to_owned(),
                secrets: Secrets::default(),
                limits,
                tables: Tables::default(),
                grants: Grants::default(),
            };
            Plugin::load(source).expect("a plugin")
        };
        let (before, now) = (load(50), Instant::now());
        let slot = before.budget.take(now);
        assert!(slot.is_some());
        let (same, more) = (load(50), load(100));
        assert!(same.budget.take(now).is_none(), "its one worker is taken");
        assert!(more.budget.take(now).is_some(), "it has another one now");
        drop(slot);
        assert!(same.budget.take(now).is_some());
    }

    #[test]
    fn a_reload_goes_on_with_what_was_counted() {
        let accounts = Accounts::default();
        let (digest, other) = ("a".repeat(64), "b".repeat(64));
        let before = accounts.of("mask");
        let tally = before.tally("mask", "0.1.0", &digest);
        tally.retired("calls");
        let after = accounts.of("mask");
        assert!(Arc::ptr_eq(&before, &after));
        let same = after.tally("mask", "0.1.0", &digest);
        assert_eq!(same.counts().retired.get("calls"), Some(&1));
        for (version, digest) in [("0.1.0", &other), ("0.2.0", &digest)] {
            let another = after.tally("mask", version, digest);
            assert!(another.counts().retired.is_empty(), "{version}");
        }
        drop((before, after));
        assert_eq!(Arc::strong_count(&accounts.of("mask")), 1, "begun anew");
    }
}
