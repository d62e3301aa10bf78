//! Chromium or Chrome, and the program by which tests drive it.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{apt, first_file, on_path};

/// A browser and its driver.
#[derive(Debug)]
pub(crate) struct Chrome {
    pub(crate) browser: PathBuf,
    pub(crate) driver: PathBuf,
}

/// One of the two, and where it may be.
struct Program {
    /// Says where it is, before all else.
    variable: &'static str,
    names: &'static [&'static str],
    /// Where it is installed without being put on the PATH.
    places: &'static [&'static str],
}

const BROWSER: Program = Program {
    variable: "CHROME",
    names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"],
    places: &[
        "/usr/lib/chromium/chromium",
        "/snap/bin/chromium",
        "/opt/google/chrome/chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    ],
};

const DRIVER: Program = Program {
    variable: "CHROMEDRIVER",
    names: &["chromedriver", "chromium.chromedriver"],
    places: &[
        "/usr/lib/chromium/chromedriver",
        "/usr/lib/chromium-browser/chromedriver",
        "/snap/bin/chromium.chromedriver",
        "/opt/homebrew/bin/chromedriver",
        "/usr/local/bin/chromedriver",
    ],
};

impl Chrome {
    /// Finds both; as root on a system with apt, installs them when they are missing.
    pub(crate) fn find() -> Result<Self> {
        if let (Some(browser), Some(driver)) = (BROWSER.find()?, DRIVER.find()?) {
            return Ok(Self { browser, driver });
        }
        apt::install_if_root(&["chromium", "chromium-driver"])?;
        match (BROWSER.find()?, DRIVER.find()?) {
            (Some(browser), Some(driver)) => Ok(Self { browser, driver }),
            (None, _) => {
                bail!("no Chromium or Chrome; install one (Debian: chromium), or set CHROME to where it is")
            }
            (_, None) => bail!(
                "no chromedriver; install the one of your browser (Debian: chromium-driver), or set CHROMEDRIVER to \
                 where it is"
            ),
        }
    }
}

impl Program {
    fn find(&self) -> Result<Option<PathBuf>> {
        if let Some(given) = env::var_os(self.variable).filter(|given| !given.is_empty()) {
            return self.given(Path::new(&given)).map(Some);
        }
        Ok(on_path(self.names).or_else(|| first_file(self.places)))
    }

    /// A wrong place is an error: another browser than the one asked for would be a surprise.
    fn given(&self, place: &Path) -> Result<PathBuf> {
        if !place.is_file() {
            bail!("{} is {}, where there is no file", self.variable, place.display());
        }
        Ok(place.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_was_given_must_hold_a_file() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert_eq!(BROWSER.given(&here).unwrap(), here);
        let error = DRIVER.given(Path::new("no/such/file")).unwrap_err().to_string();
        assert_eq!(error, "CHROMEDRIVER is no/such/file, where there is no file");
    }
}
