//! What is kept of an answer: its status, what it says of the attempt, what the
//! receiver asks for, and how it begins.

use std::time::Duration;

use bytes::BytesMut;
use http::{HeaderMap, header};
use jiff::Timestamp;

use super::failure::Failed;
use crate::{delivery::retry, journal::Excerpt};

/// How much of an answer is read, so that its connection can be used again.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// How long an answer is read whose status has been said. Keeping its connection
/// is not worth more.
const MAX_ANSWER_TIME: Duration = Duration::from_secs(1);

/// What a receiver asks for in the header `webhook-delivery`, as Svix reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// `abort-message`: this delivery is not to be tried again.
    Abort,
    /// `disable`: it wants no more deliveries at all.
    Disable,
}

impl Wish {
    const HEADER: &str = "webhook-delivery";

    fn of(headers: &HeaderMap) -> Option<Self> {
        match headers.get(Self::HEADER)?.to_str().ok()?.trim() {
            "abort-message" => Some(Self::Abort),
            "disable" => Some(Self::Disable),
            _ => None,
        }
    }
}

/// An answer, or that there was none.
pub(super) struct Answer {
    /// 0 without an answer.
    pub(super) status: u16,
    pub(super) failed: Option<Failed>,
    pub(super) wish: Option<Wish>,
    /// How it began, if it was a failure.
    pub(super) excerpt: Excerpt,
}

impl Answer {
    /// Judges an answer. How it begins is kept, up to so many bytes, if it is a
    /// failure.
    pub(super) async fn read(
        response: reqwest::Response,
        keep_bytes: usize,
        timeout: Duration,
    ) -> Self {
        let failed = judge(&response);
        let keep_bytes = failed.as_ref().map_or(0, |_| keep_bytes);
        Self {
            status: response.status().as_u16(),
            failed,
            wish: Wish::of(response.headers()),
            excerpt: drain(response, keep_bytes, timeout).await,
        }
    }

    /// There was none.
    pub(super) fn missing(failed: Failed) -> Self {
        Self {
            status: 0,
            failed: Some(failed),
            wish: None,
            excerpt: Excerpt::default(),
        }
    }
}

fn judge(response: &reqwest::Response) -> Option<Failed> {
    let status = response.status();
    if status.is_success() {
        return None;
    }
    let hint = response.headers().get(header::RETRY_AFTER);
    let hint = hint.and_then(|hint| retry::retry_after(hint.to_str().ok()?, Timestamp::now()));
    Some(Failed {
        retry_after: hint,
        // Which statuses are worth another attempt is the destination's policy.
        ..Failed::for_now(
            &format!("http_{}", status.as_u16()),
            format!("the receiver answered {status}"),
        )
    })
}

/// Reads a little of the body, so that the connection can be used again, and
/// keeps how it begins.
pub(super) async fn drain(
    mut response: reqwest::Response,
    keep_bytes: usize,
    timeout: Duration,
) -> Excerpt {
    let mut kept = BytesMut::new();
    let reading = async {
        let mut read = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            read += chunk.len();
            let missing = (keep_bytes - kept.len()).min(chunk.len());
            kept.extend_from_slice(&chunk[..missing]);
            if read > MAX_ANSWER_BYTES {
                break;
            }
        }
    };
    // What the receiver says after its status changes nothing.
    let _ = tokio::time::timeout(MAX_ANSWER_TIME.min(timeout), reading).await;
    Excerpt::new(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, header: (&str, &str), body: &'static str) -> reqwest::Response {
        let response = http::Response::builder().status(status);
        let response = response.header(header.0, header.1).body(body);
        response.unwrap().into()
    }

    #[tokio::test]
    async fn only_failures_are_kept_and_no_more_of_them_than_is_asked_for() {
        for (status, header, reason, retry_after_s, wish, excerpt) in [
            (204, ("x", ""), None, None, None, ""),
            (503, ("x", ""), Some("http_503"), None, None, "hold"),
            (
                429,
                ("retry-after", "7"),
                Some("http_429"),
                Some(7),
                None,
                "hold",
            ),
            (
                429,
                ("retry-after", "soon"),
                Some("http_429"),
                None,
                None,
                "hold",
            ),
            (
                200,
                ("webhook-delivery", " disable "),
                None,
                None,
                Some(Wish::Disable),
                "",
            ),
            (
                400,
                ("webhook-delivery", "abort-message"),
                Some("http_400"),
                None,
                Some(Wish::Abort),
                "hold",
            ),
            (200, ("webhook-delivery", "please"), None, None, None, ""),
        ] {
            let response = response(status, header, "hold the line");
            let answer = Answer::read(response, 4, Duration::MAX).await;
            let failed = answer.failed.as_ref();
            assert_eq!(failed.map(|failed| failed.reason.as_str()), reason);
            let hint = failed.and_then(|failed| failed.retry_after);
            assert_eq!(hint, retry_after_s.map(Duration::from_secs), "{status}");
            assert_eq!((answer.status, answer.wish), (status, wish));
            assert_eq!(answer.excerpt.expose(), excerpt.as_bytes());
        }
    }
}
