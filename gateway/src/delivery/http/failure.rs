//! A failed attempt: what it is called in the ledger, and what is said of it.
//!
//! The names tell whose business it is: the network's (`connect`, `dns`), the
//! receiver's (`timeout`, `transport`), that of certificates (`tls`), or the
//! operator's own (`address_refused`).

use std::{error::Error, io, iter::successors, time::Duration};

use tower::BoxError;

use super::address::NoneAllowed;

/// A failed attempt.
#[derive(Debug, Clone)]
pub struct Failed {
    /// Whether the receiver's word is final.
    pub for_good: bool,
    /// Stable short form for the ledger.
    pub reason: String,
    /// In words.
    pub error: String,
    /// When the receiver asks to be tried again.
    pub retry_after: Option<Duration>,
}

impl Failed {
    /// One that a later attempt may not meet.
    pub(super) fn for_now(reason: &str, error: impl Into<String>) -> Self {
        Self {
            for_good: false,
            reason: reason.to_owned(),
            error: error.into(),
            retry_after: None,
        }
    }

    /// An exchange that a client could not make.
    pub(crate) fn of_client(error: reqwest::Error, timeout: Duration) -> Self {
        Self::of_exchange(&error.into(), timeout)
    }

    /// An exchange that ended without an answer, or that had not ended in time.
    pub(super) fn of_exchange(error: &BoxError, timeout: Duration) -> Self {
        if error.is::<tower::timeout::error::Elapsed>() {
            let limit = timeout.as_millis();
            return Self::for_now("timeout", format!("no answer within {limit} ms"));
        }
        match error.downcast_ref::<reqwest::Error>() {
            Some(error) => Self::for_now(reason(error), root_cause(error)),
            None => Self::for_now("transport", "the exchange failed"),
        }
    }
}

type Cause<'a> = &'a (dyn Error + 'static);

/// The stable short form for the ledger.
fn reason(error: &reqwest::Error) -> &'static str {
    if causes(error).any(<dyn Error>::is::<NoneAllowed>) {
        "address_refused"
    } else if causes(error).any(is_of_tls) {
        "tls"
    } else if error.is_dns() {
        "dns"
    } else if error.is_connect() {
        "connect"
    } else {
        "transport"
    }
}

/// The innermost cause: the texts above it name the URL, with whatever of the
/// record it holds.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    match causes(error).last() {
        Some(root) => root.to_string(),
        None => "the exchange failed".to_owned(),
    }
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = Cause<'_>> {
    successors(error.source(), |&cause| cause.source())
}

/// An I/O error hides what it wraps from those who ask for its source.
fn is_of_tls(cause: Cause<'_>) -> bool {
    let mut wrapped = successors(Some(cause), |&cause| {
        let inner = cause.downcast_ref::<io::Error>()?.get_ref()?;
        Some(inner as Cause<'_>)
    });
    wrapped.any(<dyn Error>::is::<rustls::Error>)
}
