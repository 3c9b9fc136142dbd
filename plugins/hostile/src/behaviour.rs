//! The ways to misbehave.

use std::{
    hash::{BuildHasher as _, RandomState},
    hint::black_box,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cdr_plugin_sdk::{Cdr, Fault, Level, Verdict, count, log};

/// Larger than any sensible limit on output, smaller than the memory.
const GIANT_BYTES: usize = 8 << 20;

/// More than any sensible limit on lines, tags or counters.
const FLOOD: usize = 10_000;

/// A way to misbehave, written as in the table:
///
/// | word | what happens |
/// | --- | --- |
/// | `trap` | an `unreachable` without a panic |
/// | `panic:MESSAGE` | a panic |
/// | `loop` | never returns |
/// | `alloc` | allocates for ever |
/// | `leak:BYTES` | allocates so much, never to give it back, and keeps |
/// | `recursion` | calls itself for ever |
/// | `bad-json` | sets what is not JSON, and reports the refusal |
/// | `not-object` | replaces the document with a number, and keeps it |
/// | `giant` | sets a 8 MiB value, and reports the refusal if it is one |
/// | `giant-ignored` | the same, and keeps the record whatever happened |
/// | `giant-reason` | drops for a reason of 8 MiB |
/// | `log-flood` | writes 10,000 log lines, and keeps |
/// | `count-flood` | counts on 10,000 counters, and keeps |
/// | `tag-flood` | sets 10,000 tags, and keeps |
/// | `clock` | sets the time that it sees, in seconds, and keeps |
/// | `random` | sets a random number, and keeps |
/// | `sleep` | sleeps for a year |
/// | `drop:MESSAGE` | drops for that reason |
/// | `suspend:MESSAGE` | suspends for that reason |
/// | anything else | keeps |
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table above says it")]
pub enum Behaviour {
    Keep,
    Trap,
    Panic(String),
    Loop,
    Alloc,
    Leak(usize),
    Recursion,
    BadJson,
    NotObject,
    Giant,
    GiantIgnored,
    GiantReason,
    LogFlood,
    CountFlood,
    TagFlood,
    Clock,
    Random,
    Sleep,
    Drop(String),
    Suspend(String),
}

impl Behaviour {
    /// The behaviour that a word asks for.
    pub fn parse(word: &str) -> Self {
        if let Some((word, message)) = word.split_once(':') {
            let message = message.to_owned();
            return match word {
                "panic" => Self::Panic(message),
                "leak" => message.parse().map_or(Self::Keep, Self::Leak),
                "drop" => Self::Drop(message),
                "suspend" => Self::Suspend(message),
                _ => Self::Keep,
            };
        }
        match word {
            "trap" => Self::Trap,
            "loop" => Self::Loop,
            "alloc" => Self::Alloc,
            "recursion" => Self::Recursion,
            "bad-json" => Self::BadJson,
            "not-object" => Self::NotObject,
            "giant" => Self::Giant,
            "giant-ignored" => Self::GiantIgnored,
            "giant-reason" => Self::GiantReason,
            "log-flood" => Self::LogFlood,
            "count-flood" => Self::CountFlood,
            "tag-flood" => Self::TagFlood,
            "clock" => Self::Clock,
            "random" => Self::Random,
            "sleep" => Self::Sleep,
            _ => Self::Keep,
        }
    }

    /// Misbehaves with a record.
    pub fn act_on(&self, cdr: Cdr<'_>) -> Result<Verdict, Fault> {
        match self {
            Self::BadJson => cdr.set_json("/Rubbish", "{\"open\":")?,
            Self::NotObject => cdr.replace("42")?,
            Self::Giant => cdr.set("/Giant", &"x".repeat(GIANT_BYTES))?,
            // To ignore the refusal is the point.
            Self::GiantIgnored => drop(cdr.set("/Giant", &"x".repeat(GIANT_BYTES))),
            Self::TagFlood => {
                for tag in 0..FLOOD {
                    cdr.set_tag(&format!("flood_{tag}"), "x");
                }
            }
            Self::Clock => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
                cdr.set("/Seconds", &now.as_secs())?;
            }
            Self::Random => cdr.set("/Random", &RandomState::new().hash_one(0_u8))?,
            other => return Ok(other.act()),
        }
        Ok(Verdict::Keep)
    }

    /// Misbehaves without a record, as far as that can be done.
    ///
    /// # Panics
    ///
    /// Where it is told to.
    pub fn act(&self) -> Verdict {
        match self {
            Self::Trap => trap(),
            Self::Panic(message) => panic!("{message}"),
            Self::Loop => loop {
                black_box(());
            },
            Self::Alloc => alloc(),
            Self::Leak(bytes) => {
                black_box(vec![1u8; *bytes]).leak();
            }
            Self::Recursion => {
                black_box(recurse(1));
            }
            Self::LogFlood => {
                for line in 0..FLOOD {
                    log(Level::Info, &format!("line {line} of a flood"));
                }
            }
            Self::CountFlood => {
                for counter in 0..FLOOD {
                    count(&format!("flood_{counter}"), 1);
                }
            }
            Self::Sleep => sleep(),
            Self::GiantReason => return Verdict::Drop("x".repeat(GIANT_BYTES)),
            Self::Drop(reason) => return Verdict::drop(reason),
            Self::Suspend(reason) => return Verdict::suspend(reason),
            Self::Keep
            | Self::BadJson
            | Self::NotObject
            | Self::Giant
            | Self::GiantIgnored
            | Self::TagFlood
            | Self::Clock
            | Self::Random => {}
        }
        Verdict::Keep
    }
}

/// For a year.
#[allow(clippy::disallowed_methods, reason = "that is the misbehaviour")]
fn sleep() {
    std::thread::sleep(Duration::from_hours(365 * 24));
}

fn trap() -> ! {
    #[cfg(target_family = "wasm")]
    std::arch::wasm32::unreachable();
    #[cfg(not(target_family = "wasm"))]
    std::process::abort();
}

fn alloc() -> ! {
    let mut held = Vec::new();
    loop {
        held.push(black_box(vec![1u8; 1 << 20]));
    }
}

/// Not a tail call, so that every call keeps its frame.
#[allow(unconditional_recursion, reason = "that is the misbehaviour")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    frame[0] + recurse(black_box(depth + 1))
}
