//! A destination as a revision has it: compiled, ready to be delivered to.

use std::{sync::Arc, time::Duration};

use super::{
    breaker,
    file::{FileSettings, csv::Csv},
    http::HttpDriver,
    payload::Place,
    template,
};
use crate::{
    config::model::{Backlog, Batch, Concurrency, OrderBy, Rate, Retry},
    journal::Start,
    route::{Chain, guard::Contract},
};

/// A system that receives.
pub struct Destination {
    /// Its name in the config.
    pub name: Arc<str>,
    /// How it is reached.
    pub driver: Driver,
    /// Plugins after those of the route.
    pub chain: Arc<Chain>,
    /// Whether a route brings it to another destination with the same chain as well.
    pub is_chain_shared: bool,
    /// What it may hold.
    pub contract: Option<Contract>,
    /// Attempts at once.
    pub concurrency: Concurrency,
    /// Attempts in a time.
    pub rate: Option<Rate>,
    /// When its receiver is taken to be broken.
    pub breaker: breaker::Rules,
    /// What its deliveries go out one after the other by.
    pub order_by: Option<OrderBy>,
    /// Whether nothing is sent for now.
    pub paused: bool,
    /// What becomes of failed attempts.
    pub retry: Retry,
    /// Limits on what waits.
    pub backlog: Option<Backlog>,
    /// How long dead deliveries are kept; for ever where it is not said.
    pub keep_dead: Option<Duration>,
    /// How long suspended deliveries are kept; for ever where it is not said.
    pub keep_suspended: Option<Duration>,
    /// Where its range starts when it is new.
    pub start: Start,
}

impl Destination {
    /// The limits of its batches; none where each record goes alone.
    #[must_use]
    pub fn batch(&self) -> Option<&Batch> {
        match &self.driver {
            Driver::Http(http) => http.batch.as_ref(),
            Driver::File(_) => None,
        }
    }
}

/// How a destination is reached.
pub enum Driver {
    /// One request a record, or a batch of them.
    Http(Box<HttpDriver>),
    /// One line a record.
    File(FileSettings),
}

impl Driver {
    /// What the target of its payloads is.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Http(_) => Place::Url,
            Self::File(_) => Place::FileName,
        }
    }

    /// Renders the target for a record.
    #[must_use]
    pub fn target(&self, facts: &template::Facts<'_>) -> String {
        match self {
            Self::Http(http) => http.url.render(facts),
            Self::File(file) => file.path.render(facts).to_string_lossy().into_owned(),
        }
    }

    /// The columns that a record leaves as, where it does not leave as a document.
    #[must_use]
    pub fn columns(&self) -> Option<&Csv> {
        match self {
            Self::Http(_) => None,
            Self::File(file) => file.place.layout().format.csv(),
        }
    }

    /// Headers that the config sets.
    #[must_use]
    pub fn headers(&self) -> Vec<(&str, &str)> {
        match self {
            Self::Http(http) => http.plain_headers(),
            Self::File(_) => Vec::new(),
        }
    }

    /// Short name for the API.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::File(_) => "file",
        }
    }
}
