//! Health for orchestrators.

use axum::extract::State;
use http::StatusCode;

use super::Admin;

/// The process answers.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// Records can be accepted: the gateway is not stopping and commits succeed.
pub(super) async fn ready(State(admin): State<Admin>) -> (StatusCode, String) {
    if admin.runtime.is_stopping() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".into());
    }
    match admin.runtime.journal().probe().await {
        Ok(()) => (StatusCode::OK, "ready\n".into()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
    }
}
