//! What reqwest is made of where it sends with `fetch`.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use reqwest::Response;

use super::SLOT;

/// What a response can hold. One thread is all that reqwest's have here; the value of a field may go anywhere.
pub(super) trait Keep: Send + 'static {}

impl<P: Send + 'static> Keep for P {}

/// The time since 1970, of which the standard library knows nothing here.
pub(super) fn since_1970() -> Duration {
    Duration::try_from_secs_f64(js_sys::Date::now() / 1_000.0).unwrap_or(Duration::ZERO)
}

/// Another number in each page, and each time. Here the standard library's are always the same.
pub(super) fn seed() -> u64 {
    js_sys::Math::random().to_bits()
}

/// The same response, which holds the permit until it is dropped, as it is when its body has been read.
///
/// Its body belongs to the browser and cannot be wrapped, and it has no place for anything of ours; but its fields
/// are ours to add to, and the value of one may own what it likes.
pub(super) fn hold<P: Keep>(mut response: Response, permit: P) -> Response {
    let fields = response.headers_mut();
    // Of another middleware, which this one is around.
    let inner = fields.remove(SLOT);
    let value = HeaderValue::from_maybe_shared(Bytes::from_owner(Slot { _permit: permit, _inner: inner }));
    if let Ok(value) = value {
        fields.insert(SLOT, value);
    }
    response
}

/// A permit that passes for text.
struct Slot<P> {
    _permit: P,
    _inner: Option<HeaderValue>,
}

impl<P> AsRef<[u8]> for Slot<P> {
    fn as_ref(&self) -> &[u8] {
        b"held"
    }
}
