//! What reqwest is made of where it opens connections itself.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use reqwest::{Body, Response};

use crate::held::Held;

/// What a response can hold.
pub(super) trait Keep: Send + Sync + 'static {}

impl<P: Send + Sync + 'static> Keep for P {}

/// The time since 1970.
pub(super) fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO)
}

/// Another number in each process, and each time.
pub(super) fn seed() -> u64 {
    RandomState::new().hash_one(0)
}

/// The same response, which holds the permit until its body has ended.
pub(super) fn hold<P: Keep>(response: Response, permit: P) -> Response {
    let url = response.url().clone();
    let response: http::Response<Body> = response.into();
    let (parts, body) = response.into_parts();
    let with_url = reqwest::ResponseBuilderExt::url(http::Response::builder(), url).body(());
    let mut response = http::Response::from_parts(parts, Body::wrap(Held::new(body, permit)));
    if let Ok(with_url) = with_url {
        response.extensions_mut().extend(with_url.into_parts().0.extensions);
    }
    response.into()
}
