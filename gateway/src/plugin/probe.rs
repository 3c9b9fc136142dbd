//! One instance of a plugin, driven by hand, to measure what it costs. Nothing
//! here is retired or tried again: that is what is being measured for.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Failure, Limits, Plugin, Processed, Record, instance::Instance};

/// A configured instance.
pub struct Probe {
    plugin: Arc<Plugin>,
    instance: Instance,
    /// How long it took to make the instance.
    pub start: Duration,
    /// How long it took to configure it.
    pub configure: Duration,
}

impl Probe {
    /// Starts and configures an instance.
    ///
    /// # Errors
    /// With [`Failure::Start`], also where the config is refused now and was not
    /// when the plugin was loaded.
    pub fn start(plugin: &Arc<Plugin>) -> Result<Self, Failure> {
        let failed = |failure: Failure| Failure::Start(failure.to_string());
        let begun = Instant::now();
        let mut instance = Instance::start(plugin).map_err(failed)?;
        let start = begun.elapsed();
        let begun = Instant::now();
        let configured = instance.configure(plugin).map_err(failed)?;
        configured.map_err(|refusals| {
            let first = refusals.into_iter().next();
            Failure::Start(first.map_or_else(String::new, |refusal| refusal.message))
        })?;
        Ok(Self {
            plugin: plugin.clone(),
            instance,
            start,
            configure: begun.elapsed(),
        })
    }

    /// Gives it a record, and returns what it made of it and how long that took.
    ///
    /// # Errors
    /// When it fails; then the instance is of no more use.
    pub fn call(&mut self, record: Record) -> Result<(Processed, Duration), Failure> {
        let begun = Instant::now();
        let processed = self.instance.process(&self.plugin, record)?;
        Ok((processed, begun.elapsed()))
    }

    /// Linear memory of the instance, in bytes. It never becomes less.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.instance.memory_bytes()
    }

    /// What it may use.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.plugin.limits
    }
}
