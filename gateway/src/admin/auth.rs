//! Who may use the API.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};

use super::{Admin, problem::Problem};
use crate::ingest::Auth;

/// The bearer token of the API.
#[derive(Clone)]
pub(super) struct Token(Arc<Auth>);

impl Token {
    pub(super) fn new(token: &str) -> Self {
        Self(Arc::new(Auth::bearer(token)))
    }
}

/// Lets requests with the right token through; all where none is set.
pub(super) async fn check(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let permitted = match &admin.token {
        None => true,
        Some(Token(auth)) => auth.permits(request.headers(), ""),
    };
    if permitted {
        return next.run(request).await;
    }
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "the admin API needs its bearer token (admin.token)",
    );
    let mut response = problem.into_response();
    let challenge = HeaderValue::from_static(r#"Bearer realm="cdr-gateway admin""#);
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}
