//! Write plugins for the CDR gateway in Rust.
//!
//! A plugin is one `impl` of [`Plugin`] and one [`export!`]. It gets each call
//! detail record as a [`Cdr`], looks at it, edits it, and returns a
//! [`Verdict`]: the record goes on, ends here, or waits for a person.
//!
//! ```
//! use cdr_plugin_sdk::{Cdr, ConfigErrors, Fault, Plugin, Verdict};
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! /// Drops calls that were too short, and notes the others' length in a tag.
//! struct MinDuration {
//!     seconds: i64,
//! }
//!
//! /// The config. Its comments become the descriptions in the JSON Schema.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct MinDurationConfig {
//!     /// Calls shorter than this many seconds are dropped.
//!     seconds: i64,
//! }
//!
//! impl Plugin for MinDuration {
//!     type Config = MinDurationConfig;
//!
//!     fn configure(config: MinDurationConfig) -> Result<Self, ConfigErrors> {
//!         if config.seconds < 1 {
//!             return Err(ConfigErrors::at("/seconds", "must be at least 1"));
//!         }
//!         Ok(Self { seconds: config.seconds })
//!     }
//!
//!     fn process(&self, cdr: Cdr<'_>) -> Result<Verdict, Fault> {
//!         let Some(duration) = cdr.tccc().call().duration().get()? else {
//!             return Ok(Verdict::Keep); // a record of another kind
//!         };
//!         if duration < self.seconds {
//!             return Ok(Verdict::drop("short_call"));
//!         }
//!         cdr.set_tag("duration_s", &duration.to_string());
//!         Ok(Verdict::Keep)
//!     }
//! }
//!
//! cdr_plugin_sdk::export!(MinDuration);
//!
//! // A unit test, run by plain `cargo test`:
//! use cdr_plugin_sdk::mock;
//!
//! let plugin: MinDuration = mock::configure(r#"{ "seconds": 5 }"#).unwrap();
//! let short = mock::Record::call(r#"{ "Duration": 3 }"#);
//! assert_eq!(mock::process(&plugin, &short), Verdict::drop("short_call"));
//! let long = mock::Record::call(r#"{ "Duration": 60 }"#);
//! assert_eq!(mock::process(&plugin, &long), Verdict::Keep);
//! assert_eq!(long.cdr().tag("duration_s").as_deref(), Some("60"));
//! ```
//!
//! # Building
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib", "rlib"]
//!
//! [dependencies]
//! cdr-plugin-sdk = "0.1"
//! schemars = "1"
//! serde = { version = "1", features = ["derive"] }
//! ```
//!
//! `cargo build --release --target wasm32-wasip2` makes the component; there
//! is no further step.
//!
//! # What a plugin may rely on, and what it must keep to
//!
//! - It is **pure**: what it returns depends on the record, its config and the
//!   lookup tables only. The gateway runs it again at will, after a crash, for
//!   a replay or for a dry run. That is why [`Plugin::process`] takes `&self`.
//! - It has no files, sockets or environment, and limits on memory, time,
//!   output and log lines.
//! - What it does not touch leaves the gateway byte for byte as it came.
//! - Whatever goes wrong parks the record for a person, with the message: an
//!   error returned from `process`, a panic, a deadline overrun. A record is
//!   never passed on half-processed.
//! - Reasons, messages, log lines and counters must not hold personal data.
//!   The errors of this crate keep to that: they name places, never values.
//!
//! # Where to find things
//!
//! | to | see |
//! | --- | --- |
//! | read and edit by JSON Pointer | [`Cdr`] |
//! | read and edit the fields of Tencent Cloud Contact Center by name | [`tccc`] |
//! | look up keys and prefixes in tables | [`tables`] |
//! | log and count | [`log`], [`count`] |
//! | remember, wait, ask others, join records | [`stage`]: another kind of plugin, which is not pure |
//! | test without a gateway | `mock`, on every target but WASM |

mod cdr;
mod config;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod guest;
#[cfg(not(target_family = "wasm"))]
pub mod mock;
mod observe;
mod place;
mod plugin;
pub mod stage;
pub mod tables;
pub mod tccc;

#[cfg(target_family = "wasm")]
use guest as backend;
#[cfg(not(target_family = "wasm"))]
use mock::backend;

pub use cdr::{Cdr, EditError, FieldError, Kind, Match};
pub use config::{ConfigError, ConfigErrors, NoConfig};
pub use observe::{Level, count, log};
pub use place::{
    Direction, DirectionCode, Each, Integer, Located, Moment, Place, Shape, Text, Texts,
};
pub use plugin::{Fault, Plugin, Verdict};
pub use stage::{Outcome, Stage};

/// Makes a type that implements [`Plugin`] the plugin of this crate.
///
/// The plugin's name and version are those of its package. A name of its own
/// is given as `export!(Mask, name = "phone-mask")`.
#[macro_export]
macro_rules! export {
    ($plugin:ident) => {
        $crate::export!($plugin, name = ::core::env!("CARGO_PKG_NAME"));
    };
    ($plugin:ident, name = $name:expr) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            ::std::thread_local! {
                static INSTANCE: $crate::guest::Instance<$plugin> =
                    const { $crate::guest::Instance::unconfigured() };
            }

            struct Exports;

            impl $crate::guest::bindings::Guest for Exports {
                fn describe() -> $crate::guest::bindings::Description {
                    $crate::guest::describe::<$plugin>(
                        $name,
                        ::core::env!("CARGO_PKG_VERSION"),
                    )
                }

                fn configure(
                    config: ::std::string::String,
                ) -> ::core::result::Result<
                    (),
                    ::std::vec::Vec<$crate::guest::bindings::ConfigError>,
                > {
                    INSTANCE.with(|instance| instance.configure(&config))
                }

                fn process(
                    cdr: &$crate::guest::bindings::Cdr,
                ) -> $crate::guest::bindings::Verdict {
                    INSTANCE.with(|instance| instance.process(cdr))
                }
            }

            $crate::guest::bindings::export_transform!(
                Exports with_types_in $crate::guest::bindings
            );
        };

        #[cfg(not(target_family = "wasm"))]
        const _: () = {
            const fn is_a_plugin<P: $crate::Plugin>(_name: &str) {}
            is_a_plugin::<$plugin>($name);
        };
    };
}

/// Makes a type that implements [`Stage`] the stage of this crate, as
/// [`export!`] does of a [`Plugin`].
#[macro_export]
macro_rules! export_stage {
    ($stage:ident) => {
        $crate::export_stage!($stage, name = ::core::env!("CARGO_PKG_NAME"));
    };
    ($stage:ident, name = $name:expr) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            ::std::thread_local! {
                static INSTANCE: $crate::guest::stage::StageInstance<$stage> =
                    const { $crate::guest::stage::StageInstance::unconfigured() };
            }

            struct Exports;

            impl $crate::guest::stage::bindings::Guest for Exports {
                fn describe() -> $crate::guest::bindings::Description {
                    $crate::guest::stage::describe::<$stage>(
                        $name,
                        ::core::env!("CARGO_PKG_VERSION"),
                    )
                }

                fn configure(
                    config: ::std::string::String,
                ) -> ::core::result::Result<
                    (),
                    ::std::vec::Vec<$crate::guest::bindings::ConfigError>,
                > {
                    INSTANCE.with(|instance| instance.configure(&config))
                }

                fn process(
                    cdr: &$crate::guest::bindings::Cdr,
                ) -> $crate::guest::stage::bindings::Outcome {
                    INSTANCE.with(|instance| instance.process(cdr))
                }

                fn timer(
                    key: ::std::string::String,
                    due_ms: u64,
                ) -> $crate::guest::stage::bindings::Outcome {
                    INSTANCE.with(|instance| instance.timer(&key, due_ms))
                }
            }

            $crate::guest::stage::bindings::export_stage_world!(
                Exports with_types_in $crate::guest::stage::bindings
            );
        };

        #[cfg(not(target_family = "wasm"))]
        const _: () = {
            const fn is_a_stage<S: $crate::Stage>(_name: &str) {}
            is_a_stage::<$stage>($name);
        };
    };
}
