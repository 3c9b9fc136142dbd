//! The config as operators write it.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// Gives records another shape: steps that edit them in place, one after the
/// other, and a template for a document of another shape.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapConfig {
    /// The steps. Each sees what the one before it left.
    #[serde(default)]
    pub steps: Vec<StepConfig>,
    /// The document that leaves instead of the record, made after the steps. In
    /// it `{ "$at" = "/Pointer" }` is the value at a place of the record,
    /// `{ "$cel" = "expression" }` what an expression gives, and
    /// `{ "$each" = "/Pointer", "$as" = … }` an array with a template for each
    /// element, in which `$at` counts from the element. A member whose `$at` is
    /// not there is left out, unless `$else` says what stands for it. Everything
    /// else stands for itself.
    pub template: Option<serde_json::Map<String, Value>>,
}

/// One step: exactly one of `rename`, `move`, `copy`, `drop` and `set`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["rename", "to"] }, { "required": ["move", "to"] },
    { "required": ["copy", "to"] }, { "required": ["drop"] }, { "required": ["set"] }
]))]
pub struct StepConfig {
    /// Gives the member at this JSON Pointer the name `to`. It stays where it is.
    pub rename: Option<String>,
    /// Takes the value at this JSON Pointer to the place `to`.
    #[serde(rename = "move")]
    pub move_: Option<String>,
    /// Puts the value at this JSON Pointer at the place `to`, too.
    pub copy: Option<String>,
    /// With `rename` a name, with `move` and `copy` a JSON Pointer. The objects
    /// that it leads through are made where they are missing.
    pub to: Option<String>,
    /// Removes what stands at a JSON Pointer. With `*` for every element of an
    /// array, in each of them.
    pub drop: Option<String>,
    /// Puts `value`, or what the expression `cel` gives, at this JSON Pointer.
    pub set: Option<String>,
    /// A constant: any value.
    pub value: Option<Value>,
    /// A CEL expression over `kind`, `source`, `cdr` and `tags`, such as
    /// `cdr.Duration / 60`. A missing field suspends the record; test it with
    /// `has(cdr.Field)`.
    pub cel: Option<String>,
    /// Do this step only where this CEL expression is true.
    pub when: Option<String>,
    /// Suspend the record where there is nothing to rename, move, copy or drop.
    /// Else the step does nothing then.
    #[serde(default)]
    pub required: bool,
}
