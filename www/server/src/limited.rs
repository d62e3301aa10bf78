//! The handler of the limited resource.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::api::{Api, Visit};
use crate::fields::fields;

/// The body of every response of the limited resource.
#[derive(Serialize)]
struct Body {
    ok: bool,
    n: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

/// Waits, has the limiter decide, waits, answers.
///
/// When the client disconnects, the server drops this future wherever it waits, and with it the
/// [`Visit`]. When all goes well the visit ends just before the response is sent: were it a
/// moment later, a client that asks again as soon as it has the response could be refused for
/// its own last request.
pub(crate) async fn limited(State(api): State<Api>, uri: Uri) -> Response {
    let (before, after) = api.draw_delays();
    wait(before).await;
    let visit = api.arrive(uri.path());
    wait(after).await;
    respond(visit)
}

fn respond(visit: Visit) -> Response {
    let verdict = &visit.verdict;
    let (status, error) = match verdict.status {
        429 => (StatusCode::TOO_MANY_REQUESTS, Some("over the rate limit")),
        503 => (StatusCode::SERVICE_UNAVAILABLE, Some("over the concurrency cap")),
        _ => (StatusCode::OK, None),
    };
    let body = Body { ok: error.is_none(), n: verdict.number, error };
    (status, fields(verdict, SystemTime::now()), Json(body)).into_response()
}

async fn wait(delay: Duration) {
    // Even a sleep of zero may take a timer tick.
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}
