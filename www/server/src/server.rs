//! A running server.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::api::Api;
use crate::arrival::Arrival;
use crate::config::Config;
use crate::error::ConfigError;
use crate::playground::Playground;
use crate::routes::router;
use crate::stats::Stats;

/// How long a shutdown waits for requests that are inside.
const GRACE: Duration = Duration::from_secs(5);

/// A server on its own task of the current tokio runtime. Dropping it stops it as well, only
/// without waiting for that.
///
/// ```
/// use tollgate_server::{Config, Server};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::start(Config { capacity: 1, ..Config::default() }).await?;
/// let api = format!("{}/api", server.url());
/// assert_eq!(reqwest::get(&api).await?.status(), 200);
/// assert_eq!(reqwest::get(&api).await?.status(), 429);
/// assert_eq!(server.stats().worst_window, 2);
/// server.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    api: Api,
    listening: Vec<Listening>,
}

/// A task that serves one address.
#[derive(Debug)]
struct Listening {
    /// Dropping this is the signal to stop.
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// An invalid configuration is an error of kind [`io::ErrorKind::InvalidInput`] that holds a
    /// [`ConfigError`].
    pub async fn start(config: Config) -> io::Result<Self> {
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), config).await
    }

    /// Starts a server on an address; port 0 takes a free one.
    pub async fn start_on(addr: SocketAddr, config: Config) -> io::Result<Self> {
        let api = Api::new(config)?;
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let listening = vec![Listening::start(listener, router(api.clone()))];
        Ok(Self { addr, api, listening })
    }

    /// Starts a server that serves a page as well: the files of a folder, at `/`.
    ///
    /// For the page there are, besides the routes of this server's own API, those of more APIs with limits of
    /// their own below `/left`, `/right`, `/left-2` and `/right-2`. All of it is served on some more ports too, which
    /// `GET /lines` tells: a browser keeps no more than six connections to one port.
    pub async fn start_with_page(addr: SocketAddr, config: Config, folder: &Path) -> io::Result<Self> {
        let api = Api::new(config)?;
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let mut lines = vec![];
        for _ in 0..Playground::LINES {
            lines.push(TcpListener::bind((addr.ip(), 0)).await?);
        }
        let ports = lines.iter().map(TcpListener::local_addr).collect::<io::Result<Vec<_>>>()?;
        let routes = Playground { addr, lines: ports, folder }.router(api.clone())?;
        let listeners = [listener].into_iter().chain(lines);
        let listening = listeners.map(|listener| Listening::start(listener, routes.clone())).collect();
        Ok(Self { addr, api, listening })
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL, `http://` and the address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The state that is served.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The limits in force.
    pub fn config(&self) -> Config {
        self.api.config()
    }

    /// Puts other limits in force; see [`Api::set_config`].
    pub fn set_config(&self, config: Config) -> Result<(), ConfigError> {
        self.api.set_config(config)
    }

    /// What has happened so far.
    pub fn stats(&self) -> Stats {
        self.api.stats()
    }

    /// All arrivals so far, at most the last [`LOG_LIMIT`](crate::LOG_LIMIT).
    pub fn log(&self) -> Vec<Arrival> {
        self.api.log(0)
    }

    /// Clears statistics, log and limiter; see [`Api::reset`].
    pub fn reset(&self) {
        self.api.reset();
    }

    /// Accepts no more connections, closes the idle ones, and waits for requests that are
    /// inside, for at most 5 s.
    pub async fn shutdown(self) {
        let (stops, tasks): (Vec<_>, Vec<_>) =
            self.listening.into_iter().map(|one| (one.stop, one.task)).unzip();
        drop(stops);
        let all_ended = async {
            for task in tasks {
                let _ = task.await;
            }
        };
        let _ = timeout(GRACE, all_ended).await;
    }
}

impl Listening {
    fn start(listener: TcpListener, routes: Router) -> Self {
        // Responses are small: Nagle's algorithm would hold them back for nothing. Should it
        // fail, the connection is gone anyway.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let (stop, stopped) = oneshot::channel::<()>();
        let served = axum::serve(listener, routes).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let task = tokio::spawn(async {
            // Errors of accepting are retried inside; serving ends only with the signal.
            let _ = served.await;
        });
        Self { stop, task }
    }
}
