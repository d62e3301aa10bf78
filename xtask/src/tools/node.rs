//! Node, and packages from npm.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Result, bail};

use super::{command, version};
use crate::repo::{shown, succeed};

/// The oldest Node that will do, by its first number.
const OLDEST: u32 = 20;

/// npm; on Windows it is a script, which starts only by its whole name.
pub(crate) const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Makes sure that there is a Node, and one that is young enough.
pub(crate) fn check() -> Result<()> {
    check_version(version("node").as_deref())
}

/// Makes sure that a folder's npm packages are there, as its lock file has them.
pub(crate) fn packages(folder: &Path) -> Result<()> {
    let changed = |file: &str| fs::metadata(folder.join(file)).and_then(|data| data.modified()).ok();
    // npm writes its own copy of the lock file when everything else is there.
    let installed = changed("node_modules/.package-lock.json");
    if is_up_to_date(changed("package-lock.json"), installed) {
        return Ok(());
    }
    check()?;
    if version(NPM).is_none() {
        bail!("npm is missing; install it, as it comes with Node (https://nodejs.org)");
    }
    let mut install = command(NPM);
    install.args(["ci", "--no-audit", "--no-fund"]).current_dir(folder);
    println!("{}", shown(&install));
    succeed(&mut install)
}

fn check_version(version: Option<&str>) -> Result<()> {
    let Some(version) = version else {
        bail!("Node is missing; install Node {OLDEST} or later (https://nodejs.org)");
    };
    let first = version.split('.').next().and_then(|number| number.parse::<u32>().ok());
    if first.is_none_or(|first| first < OLDEST) {
        bail!("Node {version} is too old; install Node {OLDEST} or later (https://nodejs.org)");
    }
    Ok(())
}

/// Not when the times are equal: some file systems tell them apart by the second only.
fn is_up_to_date(lock: Option<SystemTime>, installed: Option<SystemTime>) -> bool {
    installed.is_some() && installed > lock
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn node_must_be_there_and_young_enough() {
        for fine in ["20.0.0", "22.3.1", "101.0.0-pre"] {
            check_version(Some(fine)).unwrap();
        }
        let error = |version| check_version(version).unwrap_err().to_string();
        assert_eq!(error(None), "Node is missing; install Node 20 or later (https://nodejs.org)");
        assert_eq!(
            error(Some("18.20.4")),
            "Node 18.20.4 is too old; install Node 20 or later (https://nodejs.org)"
        );
        assert!(error(Some("what.ever")).contains("what.ever"));
    }

    #[test]
    fn packages_are_installed_when_missing_or_older_than_the_lock_file() {
        let earlier = SystemTime::UNIX_EPOCH;
        let later = earlier + Duration::from_secs(1);
        assert!(is_up_to_date(Some(earlier), Some(later)));
        assert!(!is_up_to_date(Some(later), Some(earlier)));
        assert!(!is_up_to_date(Some(earlier), Some(earlier)));
        assert!(!is_up_to_date(Some(earlier), None));
    }
}
