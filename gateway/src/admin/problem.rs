//! Errors of the API as problem documents (RFC 9457).

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::periods::PeriodsError;
use crate::{delivery::fleet::AskError, journal::JournalError, runtime::ReloadError};

/// An error of the API.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    /// Further members, such as the diagnostics of a reload.
    more: Option<(&'static str, Value)>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            more: None,
        }
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "status": self.status.as_u16(),
            "title": self.status.canonical_reason(),
            "detail": self.detail,
        });
        if let Some((name, value)) = self.more {
            body[name] = value;
        }
        let mut response = (self.status, Json(body)).into_response();
        let media_type = HeaderValue::from_static("application/problem+json");
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, media_type);
        response
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        let status = match error {
            JournalError::Outdated { .. } | JournalError::Refused { .. } => StatusCode::CONFLICT,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error.to_string())
    }
}

impl From<PeriodsError> for Problem {
    fn from(error: PeriodsError) -> Self {
        match error {
            PeriodsError::Zone(error) => Self::bad_request(error.to_string()),
            PeriodsError::Destination(_) => Self::not_found(error.to_string()),
            PeriodsError::Journal(error @ JournalError::Refused { .. }) => {
                Self::bad_request(error.to_string())
            }
            PeriodsError::Journal(error) => error.into(),
        }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        let status = match error {
            AskError::Unknown(_) => StatusCode::NOT_FOUND,
            AskError::Away(_) | AskError::Journal(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error.to_string())
    }
}

impl From<ReloadError> for Problem {
    fn from(error: ReloadError) -> Self {
        let status = match error {
            ReloadError::Journal(JournalError::KeyMissing { .. }) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            ReloadError::Journal(_) | ReloadError::NotCarriedOver(_) | ReloadError::Lost => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let more = match &error {
            ReloadError::Config(found) => Some(("diagnostics", found.to_json())),
            _ => None,
        };
        Self {
            status,
            detail: error.to_string(),
            more,
        }
    }
}
