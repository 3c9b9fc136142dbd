//! Runs cases in the plugin host.
//!
//! A component is loaded once for each config, set of tables and set of limits
//! that its cases name. Every case gets an instance of its own, so that none can
//! depend on another, and its record twice, since a transform is pure. With the
//! clock or randomness it need not be, and gets the record once.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{
    Case, Found, Outcome,
    found::Kept,
    heard::{Ear, Heard},
};
use crate::{
    config::{
        builtin,
        model::{self, DialectName, PluginHost},
    },
    ingest::dialect::{Dialect, Json, Tccc},
    plugin::{
        self, Compiled, Failure, Grants, Limits, LoadError, Plugin, Processed, Record, Secrets,
        Table, Tables, Verdict, component::Source, instance::DEADLINE_TRIES, limits::saturating,
        probe::Probe,
    },
    record::{Arrival, ArrivalId, Document, Kind, Pattern, Seq},
};

/// The component that cases are about.
pub struct Component<'a> {
    /// The name that it logs under.
    pub name: &'a str,
    /// The component itself.
    pub compiled: &'a Compiled,
    /// The tables that it has without being granted any.
    pub tables: Tables,
}

/// What keeps a case from being run; nothing that the plugin is to blame for.
#[derive(Debug, thiserror::Error)]
pub enum CannotRun {
    /// The component is not a plugin.
    #[error("{0}")]
    NotAPlugin(String),
    /// A table cannot be loaded.
    #[error("table {name}: {error}")]
    Table {
        /// The name that it is granted under.
        name: String,
        /// What is wrong with it.
        error: plugin::table::TableError,
    },
    /// The record is not what the reading of the case lets pass.
    #[error("the record cannot be read: {0}")]
    Record(String),
}

/// A loaded plugin, or what became of loading it.
type Loaded = Result<Arc<Plugin>, Outcome>;

/// Runs the cases of one component.
pub struct Runner<'a> {
    component: Component<'a>,
    ear: Ear,
    loaded: HashMap<String, Loaded>,
}

impl<'a> Runner<'a> {
    /// A runner that has loaded nothing yet.
    #[must_use]
    pub fn new(component: Component<'a>) -> Self {
        Self {
            component,
            ear: Ear::new(),
            loaded: HashMap::new(),
        }
    }

    /// Runs a case.
    ///
    /// # Errors
    /// When it cannot be run at all; a plugin that fails is [`Found`] to do so.
    pub fn run(&mut self, case: &Case) -> Result<Found, CannotRun> {
        let plugin = match self.plugin(case)? {
            Ok(plugin) => plugin,
            Err(outcome) => return Ok(self.found(outcome, None, Duration::ZERO)),
        };
        // A case about the config only, which was not refused.
        let Some(record) = record(case)? else {
            return Ok(self.found(kept_nothing(), None, Duration::ZERO));
        };
        let (probe, first, took) = match self.first(&plugin, &record) {
            Ok(first) => first,
            Err(failure) => return Ok(self.found(Outcome::from(failure), None, Duration::ZERO)),
        };
        let mut found = self.found(outcome(&record, first), None, took);
        if grants(case) == Grants::default() {
            let second = second(probe, &record);
            // It counted on with the counters of before.
            self.ear.heard();
            found.second = (second != found.outcome).then_some(second);
        }
        Ok(found)
    }

    /// Gives a new instance the record. What it says while it is configured is not
    /// of the record's making, so nobody listens then.
    fn first(
        &self,
        plugin: &Arc<Plugin>,
        record: &Record,
    ) -> Result<(Probe, Processed, Duration), Failure> {
        let mut tried = 1;
        loop {
            let mut probe = Probe::start(plugin)?;
            let called = self.ear.listen(|| probe.call(record.clone()));
            match called {
                Ok((processed, took)) => return Ok((probe, processed, took)),
                // As in the gateway: a single overrun may be the machine's fault.
                Err(Failure::Deadline(_)) if tried < DEADLINE_TRIES => {
                    tried += 1;
                    self.ear.heard();
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    fn found(&self, outcome: Outcome, second: Option<Outcome>, took: Duration) -> Found {
        let Heard { log, counters } = self.ear.heard();
        Found {
            outcome,
            log,
            counters,
            second,
            took,
        }
    }

    /// The plugin with what the case configures, loaded at most once.
    ///
    /// # Errors
    /// When the component is none, or a table cannot be loaded.
    pub fn plugin(&mut self, case: &Case) -> Result<Result<Arc<Plugin>, Outcome>, CannotRun> {
        let key = setup(case);
        if let Some(loaded) = self.loaded.get(&key) {
            return Ok(loaded.clone());
        }
        let mut tables = self.component.tables.clone();
        for (name, table) in granted(case) {
            let table = table.map_err(|error| CannotRun::Table {
                name: name.clone(),
                error,
            })?;
            tables.insert(name, Arc::new(table));
        }
        let source = Source {
            name: self.component.name,
            component: self.component.compiled,
            config: Value::Object(case.config.clone().unwrap_or_default()).to_string(),
            secrets: Secrets::default(),
            limits: limits(case),
            tables,
            grants: grants(case),
        };
        let loaded = match Plugin::load(source) {
            Ok(plugin) => Ok(Arc::new(plugin)),
            Err(LoadError::Refused(refusals)) => Err(Outcome::Refused(refusals)),
            Err(LoadError::Failed { step, failure }) => Err(Outcome::Failed {
                kind: failure.reason(),
                message: format!("{step} {failure}"),
            }),
            Err(error) => return Err(CannotRun::NotAPlugin(error.to_string())),
        };
        self.loaded.insert(key, loaded.clone());
        Ok(loaded)
    }
}

/// What distinguishes one loaded plugin from another.
fn setup(case: &Case) -> String {
    let Case {
        config,
        table,
        rows,
        grant,
        ..
    } = case;
    serde_json::json!([config, table, rows, grant, format!("{:?}", limits(case))]).to_string()
}

fn grants(case: &Case) -> Grants {
    case.grant
        .as_ref()
        .map_or_else(Grants::default, Grants::from)
}

fn limits(case: &Case) -> Limits {
    let usual = Limits::from(&PluginHost::default());
    let bytes = |own: Option<u64>, usual| own.map_or(usual, saturating);
    Limits {
        deadline: case
            .deadline_ms
            .map_or(usual.deadline, Duration::from_millis),
        max_memory_bytes: bytes(case.max_memory_bytes, usual.max_memory_bytes),
        max_output_bytes: bytes(case.max_output_bytes, usual.max_output_bytes),
        ..usual
    }
}

type LoadedTable = Result<Table, plugin::table::TableError>;

fn granted(case: &Case) -> impl Iterator<Item = (String, LoadedTable)> {
    let files = case.table.iter().flatten();
    let files = files.map(|(name, table)| (name.clone(), load(table)));
    let rows = case.rows.iter().flatten();
    let rows = rows.map(|(name, rows)| (name.clone(), written_out(name, rows)));
    files.chain(rows)
}

fn load(table: &model::Table) -> LoadedTable {
    match builtin::name(&table.file).and_then(plugin::builtin::table) {
        Some(bytes) => Table::parse(&table.file, bytes, table.key.as_deref(), &table.value),
        None => Table::load(table),
    }
}

fn written_out(name: &str, rows: &serde_json::Map<String, Value>) -> LoadedTable {
    let mut text = csv::Writer::from_writer(Vec::new());
    let header = std::iter::once(("key", "value".to_owned()));
    let rows = rows.iter().map(|(key, value)| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (key.as_str(), text)
    });
    for (key, value) in header.chain(rows) {
        // Writing to memory, in two columns always.
        let _ = text.write_record([key, value.as_str()]);
    }
    let text = text.into_inner().unwrap_or_default();
    Table::parse(name, &text, None, &[])
}

/// The record as the plugin gets it; none where the case has none.
///
/// # Errors
/// When it is no JSON, or a pattern of `numbers_in` is none.
pub fn record(case: &Case) -> Result<Option<Record>, CannotRun> {
    let Some(text) = case.record.as_ref().and_then(super::Json::text) else {
        return Ok(None);
    };
    let unreadable = |error: String| CannotRun::Record(error);
    let body = Bytes::copy_from_slice(text.as_bytes());
    let document = Document::parse(body.clone()).map_err(|error| unreadable(error.to_string()))?;
    let kind = case.kind.unwrap_or(Kind::Cdr);
    let dialect = dialect(case, kind).map_err(unreadable)?;
    let tags = case.tags.clone().unwrap_or_default();
    let source = case.source.as_deref().unwrap_or_else(|| dialect.name());
    let arrival = Arrival {
        seq: Seq(1),
        id: ArrivalId(Uuid::from_u128(ID)),
        received: case.received.unwrap_or(RECEIVED),
        source: source.into(),
        kind,
        session: None,
        tags: tags.clone(),
        defect: None,
        body,
        corrections: Vec::new(),
    };
    Ok(Some(Record {
        arrival: Arc::new(arrival),
        document,
        tags,
        number_places: Arc::new(dialect.number_places(kind).iter().collect()),
    }))
}

/// The id of every case's arrival, a UUIDv7 of [`RECEIVED`].
const ID: u128 = 0x019b_7685_8000_7000_8000_0000_0000_0001;

/// When a record was received whose case does not say it: 2026-01-01T00:00:00Z.
const RECEIVED: Timestamp = Timestamp::constant(1_767_225_600, 0);

fn dialect(case: &Case, kind: Kind) -> Result<Box<dyn Dialect>, String> {
    let of_numbers = case.numbers_in.as_ref().map(|_| DialectName::Json);
    match case.dialect.or(of_numbers).unwrap_or(DialectName::Tccc) {
        DialectName::Tccc => Ok(Box::new(Tccc)),
        DialectName::Json => {
            let places = case.numbers_in.iter().flatten();
            let places: Result<Vec<_>, _> = places.map(|place| Pattern::parse(place)).collect();
            let places = places.map_err(|error| error.to_string())?;
            Ok(Box::new(Json::new(kind, None, places)))
        }
    }
}

fn outcome(record: &Record, processed: Processed) -> Outcome {
    match processed.verdict {
        Verdict::Keep => Outcome::Kept(kept(record, &processed.record)),
        Verdict::Drop(reason) => Outcome::Dropped(reason),
        Verdict::Suspend(message) => Outcome::Suspended(message),
    }
}

/// What the same instance makes of the record the second time.
fn second(mut probe: Probe, record: &Record) -> Outcome {
    match probe.call(record.clone()) {
        Ok((processed, _)) => outcome(record, processed),
        Err(failure) => failure.into(),
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self::Failed {
            kind: failure.reason(),
            message: failure.to_string(),
        }
    }
}

fn kept(before: &Record, after: &Record) -> Kept {
    let bytes = after.document.bytes();
    Kept {
        is_unchanged: bytes == before.arrival.body,
        record: String::from_utf8_lossy(&bytes).into_owned(),
        tags: after.tags.clone(),
    }
}

fn kept_nothing() -> Outcome {
    Outcome::Kept(Kept {
        record: "{}".to_owned(),
        is_unchanged: true,
        tags: BTreeMap::new(),
    })
}
