//! The HTTP driver: one request a record or a batch, signed as Standard Webhooks.
//!
//! Addresses are vetted ([`address`]), redirects are never followed, no proxy is
//! taken from the environment, and of an answer only a little is read
//! ([`answer`]). Concurrency, rate and timeout are layers around the client
//! ([`super::policy`]).
//!
//! A request is made in [`request`]; what it shows its receiver stands in [`auth`],
//! the signatures in [`sign`], content coding in [`compress`]. The client is set up
//! in [`client`](mod@client), TLS in [`tls`]. A receiver that answers 401 to an
//! access token is shown another one within the same attempt, once.
//!
//! How it fails: with a [`Failed`] that says whether a later attempt may
//! succeed. Its text never holds anything of the record or the answer; how the
//! answer begins is kept apart, as an [`Excerpt`].

pub mod address;
mod answer;
mod auth;
pub(crate) mod client;
mod compress;
pub(crate) mod failure;
mod oauth2;
mod request;
mod setup;
mod sign;
mod tls;

use std::time::{Duration, Instant};

use http::StatusCode;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tower::{BoxError, Service, ServiceExt};

use self::{address::AddressPolicy, answer::Answer, auth::Auth, client::client, request::Requests};
pub use self::{
    answer::Wish,
    failure::Failed,
    request::Envelope,
    setup::{HttpProblem, HttpSetupError},
    sign::BadSecret,
};
use super::{
    policy::{Paced, Policy},
    template::UrlTemplate,
};
use crate::{
    config::model::{self, Batch},
    journal::Excerpt,
};

type Client = Paced<reqwest::Client>;

/// An HTTP receiver.
pub struct HttpDriver {
    /// Where to.
    pub url: UrlTemplate,
    /// Whether and how records share a request.
    pub batch: Option<Batch>,
    requests: Requests,
    auth: Auth,
    timeout: Duration,
    keep_response_bytes: usize,
    client: reqwest::Client,
}

/// One attempt, as it ended.
#[derive(Debug, Clone)]
pub struct Attempted {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// The answer's status; 0 without an answer.
    pub status: u16,
    /// The failure, if it was one.
    pub failed: Option<Failed>,
    /// How the answer began, if it was a failure.
    pub response: Excerpt,
    /// What else the receiver asked for.
    pub wish: Option<Wish>,
}

impl HttpDriver {
    /// Sets up the client of a destination.
    ///
    /// # Errors
    /// With every setting that cannot be used.
    pub fn new(
        config: &model::HttpDriver,
        addresses: &AddressPolicy,
    ) -> Result<Self, Vec<HttpSetupError>> {
        let timeout = Duration::from_millis(config.timeout_ms);
        let mut problems = Vec::new();
        let mut keep = |found: Vec<HttpSetupError>| problems.extend(found);
        let host = config.url.base().host_str().unwrap_or_default();
        if let Err(refused) = addresses.judge_host(host) {
            keep(vec![HttpProblem::from(refused).at("url")]);
        }
        let requests = Requests::new(config).map_err(&mut keep).ok();
        let reached = client(config, addresses).and_then(|client| {
            let auth = Auth::new(config.auth.as_ref(), &client, timeout, addresses);
            auth.map(|auth| (client, auth)).map_err(|one| vec![one])
        });
        let reached = reached.map_err(&mut keep).ok();
        match (requests, reached) {
            (Some(requests), Some((client, auth))) if problems.is_empty() => Ok(Self {
                url: config.url.clone(),
                batch: config.batch.clone(),
                requests,
                auth,
                timeout,
                keep_response_bytes: config.keep_response_bytes,
                client,
            }),
            _ => Err(problems),
        }
    }

    /// The headers that the config sets, in the clear.
    #[must_use]
    pub fn plain_headers(&self) -> Vec<(&str, &str)> {
        let headers = self.requests.headers().iter();
        headers
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect()
    }

    /// Sends a body once, as soon as the policy has room for it. None if it was
    /// called back before: nothing was sent.
    pub async fn send(
        &self,
        envelope: Envelope<'_>,
        policy: &Policy,
        recall: &CancellationToken,
    ) -> Option<Attempted> {
        let envelope = self.requests.encode(envelope).await;
        let mut client = policy.around(self.client.clone(), self.timeout);
        // Waiting for room is no part of the attempt, and must not age its
        // timestamp.
        let room = recall.run_until_cancelled(client.ready()).await?.map(drop);
        let at = Timestamp::now();
        let started = Instant::now();
        let ended = match (envelope, room) {
            (Ok(envelope), Ok(())) => self.attempt(client, &envelope).await,
            (Err(failed), _) => Err(failed),
            (_, Err(error)) => Err(self.broken(&error)),
        };
        let answer = match ended {
            Ok(response) => Answer::read(response, self.keep_response_bytes, self.timeout).await,
            Err(failed) => Answer::missing(failed),
        };
        Some(Attempted {
            at,
            took: started.elapsed(),
            status: answer.status,
            failed: answer.failed,
            response: answer.excerpt,
            wish: answer.wish,
        })
    }

    /// Sends a body by a client that is ready, and again if its token was
    /// refused and there may be another.
    async fn attempt(
        &self,
        mut client: Client,
        envelope: &Envelope<'_>,
    ) -> Result<reqwest::Response, Failed> {
        let mut is_second = false;
        loop {
            let credential = self.auth.credential().await;
            let credential = credential
                .map_err(|error| Failed::for_now("auth_unavailable", error.to_string()))?;
            let request = self.requests.make(envelope, &credential)?;
            let response = client.call(request).await;
            let response = response.map_err(|error| self.broken(&error))?;
            if response.status().is_success() {
                credential.accepted();
            }
            let refused = response.status() == StatusCode::UNAUTHORIZED;
            if is_second || !refused || !self.auth.refused(&credential).await {
                return Ok(response);
            }
            is_second = true;
            answer::drain(response, 0, self.timeout).await;
            let room = client.ready().await.map(drop);
            room.map_err(|error| self.broken(&error))?;
        }
    }

    fn broken(&self, error: &BoxError) -> Failed {
        Failed::of_exchange(error, self.timeout)
    }
}
