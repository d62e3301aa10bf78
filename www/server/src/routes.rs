//! All routes: the limited resource and what steers and observes it.

use std::collections::HashMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde_json::json;

use crate::api::Api;
use crate::arrival::Arrival;
use crate::config::Config;
use crate::error::ConfigError;
use crate::limited::limited;
use crate::stats::Stats;

/// The routes of an API, to be merged with or nested beside others.
///
/// | route | |
/// | --- | --- |
/// | any method on `/api`, `/api/{*rest}` | the limited resource: 200, 429 or 503 |
/// | `GET /limits` | the [`Config`] in force |
/// | `PUT /limits` | puts the fields given in force, leaves the others; 400 if one is invalid |
/// | `GET /stats` | the [`Stats`] |
/// | `GET /log`, `GET /log?since=N` | the [`Arrival`]s, or those with a number above N |
/// | `POST /reset` | as [`Api::reset`]; 204 |
/// | `POST /refuse?ms=N` | as [`Api::refuse_for`], up to an hour; 204 |
/// | `GET /health` | `{"ok":true}` |
///
/// Only `/api` is limited and delayed.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/api", any(limited))
        .route("/api/", any(limited))
        .route("/api/{*rest}", any(limited))
        .route("/limits", get(limits).put(put_limits))
        .route("/stats", get(stats))
        .route("/log", get(log))
        .route("/reset", post(reset))
        .route("/refuse", post(refuse))
        .route("/health", get(health))
        .with_state(api)
}

async fn limits(State(api): State<Api>) -> Json<Config> {
    Json(api.config())
}

/// Takes the body whatever its content type says: there is only JSON here.
async fn put_limits(State(api): State<Api>, body: Bytes) -> Result<Json<Config>, ConfigError> {
    api.patch_config(&body).map(Json)
}

async fn stats(State(api): State<Api>) -> Json<Stats> {
    Json(api.stats())
}

async fn log(
    State(api): State<Api>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Vec<Arrival>>, ConfigError> {
    let since = match query.get("since") {
        Some(text) => text.parse().map_err(|_| {
            let allowed = "a whole number, that of the last arrival already known";
            ConfigError::new("since", text.as_str(), allowed)
        })?,
        None => 0,
    };
    Ok(Json(api.log(since)))
}

async fn reset(State(api): State<Api>) -> StatusCode {
    api.reset();
    StatusCode::NO_CONTENT
}

async fn refuse(
    State(api): State<Api>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<StatusCode, ConfigError> {
    let given = query.get("ms").map_or("", String::as_str);
    let ms = given.parse().ok().filter(|ms| *ms <= Config::MAX_DELAY_MS).ok_or_else(|| {
        let allowed = "a whole number of milliseconds up to 3600000 (1 hour)";
        ConfigError::new("ms", given, allowed)
    })?;
    api.refuse_for(Duration::from_millis(ms));
    Ok(StatusCode::NO_CONTENT)
}

async fn health() -> Response {
    Json(json!({ "ok": true })).into_response()
}

impl IntoResponse for ConfigError {
    fn into_response(self) -> Response {
        let body = json!({
            "error": self.to_string(),
            "parameter": self.parameter,
            "value": self.value,
            "allowed": self.allowed,
        });
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    }
}
