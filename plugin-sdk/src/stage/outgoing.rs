//! HTTP to the hosts that the plugin was granted, through the gateway's own client.
//!
//! A call waits for the answer; that time does not count against its deadline. A
//! request is no part of the transaction: after a crash it is made again.

use std::time::Duration;

use crate::backend;

/// A request, made step by step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_age: Option<Duration>,
}

impl Request {
    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A POST of JSON text.
    pub fn post_json(url: impl Into<String>, json: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", url)
            .header("content-type", "application/json")
            .body(json)
    }

    /// A request of any method, without headers and body.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: None,
            timeout: None,
            max_age: None,
        }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// With less time than the gateway's config allows.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = Some(time);
        self
    }

    /// An answer to the same GET may be this old, if the gateway still has it.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Asks the host, and waits for its answer, whatever status that has.
    pub fn send(&self) -> Result<Response, FetchError> {
        backend::fetch(self)
    }
}

/// A host's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// Whether the status is a 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why there is no answer. No text repeats the URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The host was not granted.
    #[error("{0} is not granted to this plugin; name it in grant.hosts of its config")]
    NotGranted(String),
    /// It cannot be sent.
    #[error("the request cannot be sent: {0}")]
    BadRequest(String),
    /// No answer within so many milliseconds.
    #[error("no answer within {0} ms")]
    Timeout(u32),
    /// The answer's body is larger than this many bytes.
    #[error("the answer has more than {0} bytes")]
    TooLarge(u64),
    /// The call made as many requests as it may.
    #[error("a call makes at most {0} requests")]
    TooMany(u32),
    /// Connection, name, address or certificate.
    #[error("{reason}: {message}")]
    Failed {
        /// In short: `connect`, `dns`, `tls`, `address_refused` or `transport`.
        reason: String,
        /// In words.
        message: String,
    },
}
