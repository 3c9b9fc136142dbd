//! The admin listener: health, metrics, and the API that operators and the
//! command line use.
//!
//! Invariants:
//! - Payloads are seen through this API only, by someone who has the token.
//! - Without a token it listens on loopback addresses only; the configuration
//!   refuses anything else.
//! - Errors are problem documents (RFC 9457).

mod api;
mod auth;
mod correct;
mod deliveries;
mod destinations;
mod files;
mod health;
mod keys;
mod meter;
mod periods;
mod plugins;
mod problem;
mod repair;
mod replay;
mod select;
mod stages;
mod tables;
pub mod view;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::runtime::Runtime;

/// What handlers share.
#[derive(Clone)]
struct Admin {
    runtime: Arc<Runtime>,
    metrics: PrometheusHandle,
    token: Option<auth::Token>,
}

/// The router of the admin listener.
pub fn router(runtime: Arc<Runtime>, metrics: PrometheusHandle) -> Router {
    let token = runtime.revision().config.admin.token.clone();
    let admin = Admin {
        runtime,
        metrics,
        token: token.map(|token| auth::Token::new(token.expose())),
    };
    let api = Router::new()
        .route("/revision", get(api::revision))
        .route("/reload", post(api::reload))
        .route("/destinations", get(destinations::list))
        .route("/destinations/{name}", get(destinations::show))
        .route("/destinations/{name}/pause", post(destinations::pause))
        .route("/destinations/{name}/resume", post(destinations::resume))
        .route("/stages", get(stages::list))
        .route("/stages/{name}", get(stages::show))
        .route("/plugins", get(plugins::list))
        .route("/plugins/{name}", get(plugins::show))
        .route("/plugins/{name}/failures", get(plugins::failures))
        .route("/balance", get(api::balance))
        .route("/arrivals/{id}", get(deliveries::arrival))
        .route(
            "/arrivals/{id}/corrections",
            post(correct::correct).layer(DefaultBodyLimit::max(correct::MAX_REQUEST_BYTES)),
        )
        .route("/replays", get(replay::list).post(replay::start))
        .route("/replays/{id}", get(replay::show))
        .route("/replays/{id}/cancel", post(replay::cancel))
        .route("/deliveries", get(deliveries::list))
        .route("/tables", get(tables::list))
        .route("/keys", get(keys::list))
        .route("/keys/drop", post(keys::drop))
        .route("/deliveries/retry", post(repair::retry))
        .route("/deliveries/discard", post(repair::discard))
        .route("/files", get(files::list))
        .route("/files/rotate", post(files::rotate))
        .layer(middleware::from_fn_with_state(admin.clone(), auth::check));
    Router::new()
        .nest("/api/v1", api)
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(meter::metrics))
        .with_state(admin)
}

pub(crate) use api::books;
pub use meter::describe_metrics;
pub(crate) use periods::periods;
