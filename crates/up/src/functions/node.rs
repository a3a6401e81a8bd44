//! The installed Node.js and npm: found once, run from where they are.

use crate::error::UpError;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Node.js on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The real executable, no shim.
    pub program: PathBuf,
    /// `20.20.2`.
    pub version: String,
    /// 20.
    pub major: u32,
}

/// The Debian command that brings both.
pub(crate) const INSTALL: &str = "sudo apt install nodejs npm";

impl Node {
    /// Finds `node` on the PATH.
    ///
    /// # Errors
    /// [`UpError::Missing`] with the command that installs it.
    pub fn find() -> Result<Self, UpError> {
        let missing = || UpError::Missing { component: "node".to_owned(), command: INSTALL.to_owned() };
        // A version manager's shim answers for the real one.
        let output =
            Command::new("node").args(["-p", "process.execPath + '\\n' + process.versions.node"]).output().map_err(|_| missing())?;
        let text = String::from_utf8(output.stdout).map_err(|_| missing())?;
        let mut lines = text.lines();
        let (Some(program), Some(version), true) = (lines.next(), lines.next(), output.status.success()) else { return Err(missing()) };
        let major = version.split('.').next().and_then(|major| major.parse().ok()).ok_or_else(missing)?;
        let program = Path::new(program).canonicalize().map_err(|_| missing())?;
        Ok(Self { program, version: version.to_owned(), major })
    }
}

/// Finds npm's script (`npm-cli.js`) on the PATH.
///
/// # Errors
/// [`UpError::Missing`] with the command that installs it.
pub(crate) fn npm() -> Result<PathBuf, UpError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("npm")).find_map(|npm| npm.canonicalize().ok());
    found.ok_or_else(|| UpError::Missing { component: "npm".to_owned(), command: INSTALL.to_owned() })
}
