//! Reading files under one root, through one opener that never leaves it.

use crate::trouble::Trouble;

/// Files below the root that the user named. Paths are relative, with `/`.
pub trait Files {
    /// The bytes of a file; refuses what leads outside the root (`..`, symbolic links) or is too large.
    fn read(&self, path: &str) -> Result<Vec<u8>, Trouble>;

    /// The files below a folder, sorted, ignoring what version control and package managers keep
    /// (`.git`, `node_modules`, `.aws-sam`, `.sekisho`).
    fn list(&self, folder: &str) -> Result<Vec<String>, Trouble>;
}
