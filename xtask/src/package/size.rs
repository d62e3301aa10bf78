//! How much a page downloads for the package.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::tools;

/// What the whole package may have, minified and gzipped, wasm included: a little more than it has.
const MOST: usize = 44_200;

/// As measured by build/size.mjs, in bytes.
#[derive(Debug, Deserialize)]
struct Sizes {
    /// Everything, bundled as a user's build would.
    bundle: usize,
    /// The same, gzipped.
    gzipped: usize,
    /// The wasm alone.
    wasm: usize,
    wasm_gzipped: usize,
    /// `tollgate/slim`, gzipped.
    slim_gzipped: usize,
}

/// Prints the sizes; whether the package is as small as it must be.
pub(crate) fn check(package: &Path) -> Result<bool> {
    let mut measure = tools::command("node");
    let output = measure.arg("build/size.mjs").current_dir(package).output()?;
    if !output.status.success() {
        bail!("cannot measure the package: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let sizes: Sizes = serde_json::from_slice(&output.stdout).context("the sizes are not as expected")?;
    print!("{}", sizes.table());
    if sizes.gzipped > MOST {
        eprintln!("tollgate has {} bytes gzipped, but must have at most {MOST}", sizes.gzipped);
    }
    Ok(sizes.gzipped <= MOST)
}

impl Sizes {
    fn table(&self) -> String {
        let line = |name, plain: usize, gzipped: usize| {
            format!("{name:16} {:8.1} KB {:8.1} KB gzipped\n", plain as f64 / 1000.0, gzipped as f64 / 1000.0)
        };
        let slim = format!(
            "{:16} {:11} {:8.1} KB gzipped\n",
            "tollgate/slim",
            "",
            self.slim_gzipped as f64 / 1000.0
        );
        line("tollgate", self.bundle, self.gzipped)
            + &line("the wasm alone", self.wasm, self.wasm_gzipped)
            + &slim
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_in_kilobytes() {
        let sizes = Sizes {
            bundle: 41_230,
            gzipped: 14_960,
            wasm: 30_000,
            wasm_gzipped: 11_000,
            slim_gzipped: 4_000,
        };
        let expected = "
tollgate             41.2 KB     15.0 KB gzipped
the wasm alone       30.0 KB     11.0 KB gzipped
tollgate/slim                     4.0 KB gzipped
";
        assert_eq!(format!("\n{}", sizes.table()), expected);
    }
}
