//! Gives records another shape.
//!
//! ```toml
//! [plugin.crm-shape]
//! wasm = "builtin:map"
//!
//! [[plugin.crm-shape.config.steps]]
//! rename = "/SessionId"
//! to = "call_id"
//!
//! [[plugin.crm-shape.config.steps]]
//! set = "/minutes"
//! cel = "(cdr.Duration + 59) / 60"
//! when = "has(cdr.Duration)"
//!
//! [plugin.crm-shape.config.template]
//! id = { "$at" = "/call_id" }
//! agent = { name = { "$at" = "/SeatUser/Name", "$else" = "" } }
//! version = 1
//! ```
//!
//! Steps edit the record in place, one after the other: what they do not name
//! leaves byte for byte as it came. A template makes another document of it.
//!
//! A step or an expression that cannot be done suspends the record. Messages
//! name the step and the place, never a value of the record.

mod config;
mod pointer;
mod step;
mod template;

use cdr_expression::Engine;
use cdr_plugin_sdk::{Cdr, ConfigErrors, Fault, Plugin, Verdict};

use self::{config::MapConfig, step::Step, template::Template};

/// The configured map.
#[derive(Debug)]
pub struct Map {
    steps: Vec<Step>,
    template: Option<Template>,
    engine: Engine,
}

impl Plugin for Map {
    type Config = MapConfig;

    fn configure(config: MapConfig) -> Result<Self, ConfigErrors> {
        let engine = Engine::new();
        let mut errors = ConfigErrors::new();
        if config.steps.is_empty() && config.template.is_none() {
            errors.push("", "there is nothing to do; add `steps` or a `template`");
        }
        let steps = config.steps.iter().enumerate();
        let steps = steps
            .filter_map(|(index, step)| {
                Step::new(step, &engine, &format!("/steps/{index}"), &mut errors)
            })
            .collect();
        let template = config.template.as_ref();
        let template = template.and_then(|template| Template::new(template, &engine, &mut errors));
        errors.or_else_make(|| Self {
            steps,
            template,
            engine,
        })
    }

    fn process(&self, cdr: Cdr<'_>) -> Result<Verdict, Fault> {
        for (index, step) in self.steps.iter().enumerate() {
            step.run(&self.engine, cdr)
                .map_err(|why| Fault::new(format!("step {} ({step}): {why}", index + 1)))?;
        }
        if let Some(template) = &self.template {
            let filled = template.fill(&self.engine, cdr);
            let document = filled.map_err(|why| Fault::new(format!("template: {why}")))?;
            cdr.replace(&document)?;
        }
        Ok(Verdict::Keep)
    }
}

cdr_plugin_sdk::export!(Map, name = "map");

#[cfg(test)]
mod tests;
