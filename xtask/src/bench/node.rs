//! The measurements of the npm package, beside its peers, in Node.

use anyhow::Result;

use crate::repo::{path, succeed};
use crate::{package, tools};

pub(crate) fn run() -> Result<()> {
    package::build()?;
    let folder = path("benches/js");
    tools::node::packages(&folder)?;
    for script in ["quota.mjs", "speed.mjs"] {
        println!("bench {script}");
        let mut bench = tools::command("node");
        succeed(bench.args(["--expose-gc", script]).current_dir(&folder))?;
    }
    Ok(())
}
