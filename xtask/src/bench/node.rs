//! The measurements of the npm package, beside its peers, in Node.

use std::path::Path;

use anyhow::Result;

use super::figures;
use crate::repo::{path, succeed};
use crate::{package, tools};

pub(super) fn run(quick: bool, figures: &Path) -> Result<()> {
    package::build()?;
    let folder = path("benches/js");
    tools::node::packages(&folder)?;
    for script in ["size.mjs", "quota.mjs", "speed.mjs", "crowd.mjs"] {
        let mut bench = tools::command("node");
        bench.args(["--expose-gc", script]).args(quick.then_some("--quick"));
        succeed(bench.current_dir(&folder).env(figures::VARIABLE, figures))?;
    }
    Ok(())
}
