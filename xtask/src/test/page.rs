//! The step of the playground page: built as the demo builds it, and used by a browser.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use tollgate_server::{Config, Server};

use crate::page;
use crate::repo::succeed;
use crate::tools::Chrome;

pub(crate) fn check() -> Result<()> {
    let Chrome { browser, .. } = Chrome::find()?;
    let built = page::build()?;
    succeed(&mut page::npm(&["run", "--silent", "check"]))?;
    // It serves on threads of the runtime's while the tests go on.
    let runtime = tokio::runtime::Runtime::new()?;
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    // One for each of the two files of tests: each sets its servers as it likes.
    let start = || runtime.block_on(Server::start_with_page(addr, Config::default(), &built));
    let servers = [start()?, start()?];
    let mut test = page::npm(&["run", "--silent", "test:at-once"]);
    succeed(test.env("CHROME", browser).env("PAGE", servers.each_ref().map(Server::url).join(" ")))
}
