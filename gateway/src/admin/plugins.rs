//! Plugins: what runs, what each did, and what it failed on.

use axum::{
    Json,
    extract::{Path, State},
};

use serde::Serialize;

use super::{
    Admin,
    problem::Problem,
    view::{
        ChainOf, FailedRecordView, FailureView, PluginCountsView, PluginLimitsView, PluginView,
        RecordView, UseView,
    },
};
use crate::{
    config::{
        builtin,
        model::{self, Config, DialectName},
        revision::Revision,
    },
    journal::JournalError,
    plugin::{
        Limits, Plugin, Record,
        account::{
            Account,
            failures::KeptFailure,
            tally::{Counts, Tally},
        },
        component::Description,
        origin::shown,
        stage::StagePlugin,
    },
};

pub(super) async fn list(State(admin): State<Admin>) -> Json<Vec<PluginView>> {
    let revision = admin.runtime.revision();
    let names = revision.config.plugin.keys();
    let known = names.filter_map(|name| Known::named(&revision, name));
    Json(known.map(|one| one.view(&revision.config)).collect())
}

pub(super) async fn show(
    State(admin): State<Admin>,
    Path(name): Path<String>,
) -> Result<Json<PluginView>, Problem> {
    let revision = admin.runtime.revision();
    let known = Known::named(&revision, &name).ok_or_else(|| unknown(&name))?;
    Ok(Json(known.view(&revision.config)))
}

/// The last failures, with the records as the plugin got them.
pub(super) async fn failures(
    State(admin): State<Admin>,
    Path(name): Path<String>,
) -> Result<Json<Vec<FailedRecordView>>, Problem> {
    let revision = admin.runtime.revision();
    let known = Known::named(&revision, &name).ok_or_else(|| unknown(&name))?;
    let mut views = Vec::new();
    for kept in known.account.failures.all() {
        let record = match &kept.record {
            Some(record) if is_readable(&admin, &known, &kept).await? => {
                Some(known.record(&revision.config, record))
            }
            _ => None,
        };
        views.push(FailedRecordView {
            failure: FailureView::from(&kept),
            record,
        });
    }
    Ok(Json(views))
}

/// Whether the journal still has the arrival. What retention removed, or a dropped
/// key made unreadable, is forgotten here as well.
async fn is_readable(
    admin: &Admin,
    known: &Known<'_>,
    kept: &KeptFailure,
) -> Result<bool, JournalError> {
    let arrival = admin.runtime.journal().get(kept.seq).await?;
    let is_readable = arrival.is_some_and(|arrival| !arrival.is_gone());
    if !is_readable {
        known.account.failures.forget(kept.seq);
    }
    Ok(is_readable)
}

fn unknown(name: &str) -> Problem {
    Problem::not_found(format!("no plugin {name}"))
}

/// What is told of a plugin, be it in chains or a stage.
struct Known<'a> {
    name: &'a str,
    description: &'a Description,
    digest: &'a str,
    tables: Vec<String>,
    limits: &'a Limits,
    /// Whether it runs on the workers, of which it has its share.
    on_workers: bool,
    account: &'a Account,
    tally: &'a Tally,
}

impl<'a> Known<'a> {
    fn named(revision: &'a Revision, name: &str) -> Option<Self> {
        if let Some(plugin) = revision.plugins.get(name) {
            return Some(Self::of(plugin));
        }
        let mut stages = revision.stages.values();
        let stage = stages.find(|stage| stage.plugin.name == name)?;
        Some(Self::of_stage(&stage.plugin))
    }

    fn of(plugin: &'a Plugin) -> Self {
        Self {
            name: &plugin.name,
            description: &plugin.description,
            digest: &plugin.digest,
            tables: names(plugin.table_digests()),
            limits: plugin.limits(),
            on_workers: true,
            account: &plugin.account,
            tally: &plugin.tally,
        }
    }

    fn of_stage(plugin: &'a StagePlugin) -> Self {
        Self {
            name: &plugin.name,
            description: &plugin.description,
            digest: &plugin.digest,
            tables: names(plugin.table_digests()),
            limits: plugin.limits(),
            on_workers: false,
            account: &plugin.account,
            tally: &plugin.tally,
        }
    }

    fn limits_view(&self) -> PluginLimitsView {
        let limits = self.limits;
        PluginLimitsView {
            deadline_ms: u64::try_from(limits.deadline.as_millis()).unwrap_or(u64::MAX),
            max_memory_bytes: limits.max_memory_bytes,
            max_output_bytes: limits.max_output_bytes,
            cpu_budget_percent: self.on_workers.then_some(limits.share.percent),
        }
    }

    fn view(&self, config: &Config) -> PluginView {
        let said = config.plugin.get(self.name);
        let failures = self.account.failures.all();
        PluginView {
            plugin: self.name.to_owned(),
            wasm: said.map(|said| shown(&said.wasm)).unwrap_or_default(),
            name: self.description.name.clone(),
            version: self.description.version.clone(),
            digest: self.digest.to_owned(),
            tables: self.tables.clone(),
            used_by: used_by(config, self.name),
            limits: self.limits_view(),
            counts: self.tally.counts().into(),
            failures: failures.iter().map(FailureView::from).collect(),
        }
    }
}

/// A record with what the plugin has beside it, so that a case can be made of both.
impl Known<'_> {
    fn record(&self, config: &Config, record: &Record) -> RecordView {
        let arrival = &record.arrival;
        let source: Option<&model::Source> = config.source.get(&*arrival.source);
        let dialect = source.map(|source| source.dialect);
        let places = record
            .number_places
            .patterns()
            .iter()
            .map(ToString::to_string);
        let said = config.plugin.get(self.name).cloned();
        let (config_of_it, secrets, tables, grant) = said.map_or_else(Default::default, |said| {
            let granted = said.tables.into_iter();
            let tables = granted.filter_map(|name| {
                let table = config.table.get(&name)?.clone();
                Some((name, anywhere(table)))
            });
            let secrets = said.secrets.into_keys().collect();
            (said.config, secrets, tables.collect(), said.grant)
        });
        RecordView {
            source: arrival.source.to_string(),
            dialect,
            numbers_in: (dialect != Some(DialectName::Tccc)).then(|| places.collect()),
            kind: arrival.kind,
            received: arrival.received,
            tags: record.tags.clone(),
            body: String::from_utf8_lossy(&record.document.bytes()).into_owned(),
            config: config_of_it,
            secrets,
            tables,
            grant,
            limits: self.limits_view(),
        }
    }
}

/// A table that is found from any working directory.
fn anywhere(mut table: model::Table) -> model::Table {
    if builtin::name(&table.file).is_none()
        && let Ok(absolute) = std::path::absolute(&table.file)
    {
        table.file = absolute.to_string_lossy().into_owned();
    }
    table
}

fn names<'a>(tables: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    tables.map(|(name, _)| name.to_owned()).collect()
}

impl From<Counts> for PluginCountsView {
    fn from(counts: Counts) -> Self {
        let named = |counts: std::collections::BTreeMap<&'static str, u64>| {
            let owned = counts.into_iter();
            owned
                .map(|(name, count)| (name.to_owned(), count))
                .collect()
        };
        Self {
            calls: named(counts.calls),
            call_seconds: counts.total.as_secs_f64(),
            longest_call_seconds: counts.longest.as_secs_f64(),
            instances: counts.instances,
            memory_bytes: counts.memory_bytes,
            retired: named(counts.retired),
            log_lines_suppressed: counts.log_lines_suppressed,
        }
    }
}

/// The chains that a plugin is used in: those of routes in file order, then those of
/// destinations; or the stages that it is.
fn used_by(config: &Config, plugin: &str) -> Vec<UseView> {
    let routes = config.route.iter();
    let routes = routes.map(|route| (ChainOf::Route(route.name.clone()), &route.chain));
    let destinations = config.destination.iter();
    let destinations =
        destinations.map(|(name, it)| (ChainOf::Destination(name.clone()), &it.chain));
    let uses = routes.chain(destinations).flat_map(|(chain, uses)| {
        let of_it = uses.iter().filter(|one| one.plugin == plugin);
        of_it.map(move |one| UseView {
            chain: chain.clone(),
            on_error: word(one.on_error),
        })
    });
    let stages = config.stage.iter().filter(|(_, it)| it.plugin == plugin);
    let stages = stages.map(|(name, it)| UseView {
        chain: ChainOf::Stage(name.clone()),
        on_error: word(it.on_error),
    });
    uses.chain(stages).collect()
}

/// A choice as the configuration writes it.
fn word(choice: impl Serialize) -> String {
    let value = serde_json::to_value(choice).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
