//! A stage that does what the record's `/Uui` tells it, for the gateway's tests.
//!
//! | told | does |
//! | --- | --- |
//! | `fetch URL` | asks, and derives a record with the answer |
//! | `cached URL` | the same, content with an answer that is an hour old |
//! | `set KEY BYTES` | keeps a value of so many bytes |
//! | `emit NUMBER` | derives so many records |
//! | `timer MILLISECONDS` | derives a record when they have passed |
//! | `half MESSAGE` | keeps a value, derives a record, and fails |
//! | `late MILLISECONDS` | fails when they have passed |
//! | `ask` | asks for a value without end |
//! | `fail MESSAGE`, `panic MESSAGE`, `loop` | just that |
//!
//! What was refused becomes a record, too: its `/answer` says why.

use std::time::Duration;

use cdr_plugin_sdk::{
    Cdr, ConfigErrors, Fault, Kind, NoConfig, Outcome, Stage,
    stage::{Derived, EmitError, emit, outgoing::Request, state, timers},
};
use serde_json::json;

/// The stage.
#[derive(Debug)]
pub struct Obedient;

impl Stage for Obedient {
    type Config = NoConfig;

    fn configure(_: NoConfig) -> Result<Self, ConfigErrors> {
        Ok(Self)
    }

    fn process(&self, cdr: Cdr<'_>) -> Result<Outcome, Fault> {
        let told = cdr.tccc().call().uui().get()?.unwrap_or_default();
        let (what, rest) = told.split_once(' ').unwrap_or((&told, ""));
        match what {
            "fetch" => answer(&cdr.id(), &fetch(&Request::get(rest)))?,
            "cached" => {
                let request = Request::get(rest).max_age(Duration::from_hours(1));
                answer(&cdr.id(), &fetch(&request))?;
            }
            "set" => {
                let (key, bytes) = rest.split_once(' ').unwrap_or((rest, "1"));
                let value = vec![b'x'; bytes.parse()?];
                answer(&cdr.id(), &said(state::set(key, &value, None)))?;
            }
            "emit" => {
                for number in 0..rest.parse::<u32>()? {
                    answer(&format!("{}/{number}", cdr.id()), "made")?;
                }
            }
            "timer" | "late" => {
                let key = format!("{what} {}", cdr.id());
                if let Err(refused) = timers::set_after(&key, rest.parse()?) {
                    answer(&key, &refused.to_string())?;
                }
            }
            "half" => {
                state::set("half", b"done", None)?;
                answer(&cdr.id(), "half")?;
                return Err(Fault::new(rest));
            }
            "fail" => return Err(Fault::new(rest)),
            "panic" => panic!("{rest}"),
            "loop" => loop {
                std::hint::spin_loop();
            },
            "ask" => loop {
                state::get("nothing")?;
            },
            _ => return Ok(Outcome::ignored("told_nothing")),
        }
        Ok(Outcome::Done)
    }

    fn timer(&self, key: &str, _: u64) -> Result<Outcome, Fault> {
        if key.starts_with("late") {
            return Err(Fault::new("too late"));
        }
        answer(key, "fired")?;
        Ok(Outcome::Done)
    }
}

fn answer(key: &str, answer: &str) -> Result<(), EmitError> {
    let json = json!({ "SessionId": key, "answer": answer });
    emit(&Derived::new(Kind::Cdr, key, json.to_string()))
}

fn said<E: ToString>(result: Result<(), E>) -> String {
    result.map_or_else(|refused| refused.to_string(), |()| "kept".to_owned())
}

fn fetch(request: &Request) -> String {
    match request.send() {
        Ok(got) => format!("{} {}", got.status, String::from_utf8_lossy(&got.body)),
        Err(refused) => refused.to_string(),
    }
}

cdr_plugin_sdk::export_stage!(Obedient, name = "obedient");
