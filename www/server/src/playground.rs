//! What the playground page needs besides the API: its files, APIs to compare, and lines to reach them on.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use axum::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use axum::routing::get;
use axum::{Json, Router};
use tower_http::cors::CorsLayer;
use tower_http::services::ServeDir;

use crate::api::Api;
use crate::fields::{RATELIMIT, RATELIMIT_POLICY};
use crate::routes::router;

/// The APIs that are compared, each with limits of its own; two for each side, so that it can have two hosts.
const SIDES: [&str; 4] = ["left", "right", "left-2", "right-2"];

/// Fields that a page may read from an answer that came on another port than its own.
const EXPOSED: [HeaderName; 3] = [RETRY_AFTER, RATELIMIT, RATELIMIT_POLICY];

/// Where all of it is.
#[derive(Debug)]
pub(crate) struct Playground<'a> {
    pub(crate) addr: SocketAddr,
    /// The other addresses at which the same is served.
    pub(crate) lines: Vec<SocketAddr>,
    /// The files of the page.
    pub(crate) folder: &'a Path,
}

impl Playground<'_> {
    /// How many ports there are for the page's requests: four for each side. With the six connections that browsers keep
    /// to each, it is the server and the client that set the pace, not the browser.
    pub(crate) const LINES: usize = 8;

    /// All routes: of the API itself, of those that are compared, and the page's files.
    pub(crate) fn router(&self, api: Api) -> io::Result<Router> {
        let lines: Vec<_> = self.lines.iter().map(|line| format!("http://{}", reachable(*line))).collect();
        let mut routes = router(api.clone()).route("/lines", get(async move || Json(lines)));
        for side in SIDES {
            routes = routes.nest(&format!("/{side}"), router(Api::new(api.config())?));
        }
        let files = ServeDir::new(self.folder);
        Ok(routes.fallback_service(files).layer(self.readable_by_the_page()))
    }

    /// Lets the page, and no other, read what is answered on other ports than its own.
    fn readable_by_the_page(&self) -> CorsLayer {
        let names = [reachable(self.addr).to_string(), format!("localhost:{}", self.addr.port())];
        let origins = names.map(|name| {
            HeaderValue::try_from(format!("http://{name}")).expect("an address is visible ASCII")
        });
        CorsLayer::new().allow_origin(origins).expose_headers(EXPOSED)
    }
}

/// One who listens on every address is reached on loopback.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = if addr.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { addr.ip() };
    SocketAddr::new(ip, addr.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_listens_everywhere_is_reached_on_loopback() {
        assert_eq!(reachable("0.0.0.0:80".parse().unwrap()).to_string(), "127.0.0.1:80");
        assert_eq!(reachable("10.0.0.1:80".parse().unwrap()).to_string(), "10.0.0.1:80");
    }
}
