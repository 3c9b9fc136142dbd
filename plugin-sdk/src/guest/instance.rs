//! The one configured plugin of an instance.

use std::{cell::OnceCell, panic};

use super::{
    Handle,
    bindings::{self, Description, cdr::plugin::host},
};
use crate::{Cdr, Plugin, Verdict, config, plugin};

/// Holds the plugin between the host's calls.
pub struct Instance<P>(OnceCell<P>);

impl<P: Plugin> Instance<P> {
    /// An instance that is not configured yet.
    pub const fn unconfigured() -> Self {
        Self(OnceCell::new())
    }

    /// Configures the plugin. The contract has the host call this once.
    pub fn configure(&self, json: &str) -> Result<(), Vec<bindings::ConfigError>> {
        report_panics();
        let plugin = config::configure::<P>(json).map_err(|errors| {
            errors
                .into_iter()
                .map(|error| bindings::ConfigError {
                    pointer: error.pointer,
                    message: error.message,
                })
                .collect::<Vec<_>>()
        })?;
        assert!(self.0.set(plugin).is_ok(), "the plugin is configured twice");
        Ok(())
    }

    /// Processes one record.
    pub fn process(&self, cdr: &bindings::Cdr) -> bindings::Verdict {
        let Some(plugin) = self.0.get() else {
            return bindings::Verdict::Suspend("the plugin was never configured".to_owned());
        };
        match plugin::run(plugin, Cdr::new(Handle::new(cdr))) {
            Verdict::Keep => bindings::Verdict::Keep,
            Verdict::Drop(reason) => bindings::Verdict::Drop(reason),
            Verdict::Suspend(reason) => bindings::Verdict::Suspend(reason),
        }
    }
}

/// Says what the plugin is.
pub fn describe<P: Plugin>(name: &str, version: &str) -> Description {
    report_panics();
    Description {
        name: name.to_owned(),
        version: version.to_owned(),
        config_schema: config::schema::<P>(),
    }
}

/// A trap has no message of its own, so the host is told before it.
pub(super) fn report_panics() {
    panic::set_hook(Box::new(|panic| {
        let message = panic
            .payload_as_str()
            .unwrap_or("a panic without a message");
        let place = panic.location().map(|place| format!(" ({place})"));
        host::panicked(&format!("{message}{}", place.unwrap_or_default()));
    }));
}
