//! The cut: the fewest edits after which no path from outside leads to data or privilege.

use crate::finding::Finding;
use crate::fix::Fix;
use serde::Serialize;

/// The edits to make, and what they leave.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Cut<'a> {
    /// How many paths stand open.
    pub paths: usize,
    /// The edits, the one that closes most first.
    pub edits: Vec<Closing<'a>>,
    /// Paths that no edit closes.
    pub left: Vec<&'a Finding>,
    /// No smaller set of the edits closes as much. Not known when there are too many to try all sets.
    pub smallest: bool,
    /// A scan with all edits made together found none of the closed paths. False when they cannot be made together.
    pub together: bool,
    /// Fixes that were not tried because there are too many.
    pub untried: usize,
}

/// An edit and the paths it closes.
#[derive(Clone, Debug, Serialize)]
pub struct Closing<'a> {
    /// The finding whose fix it is.
    pub of: &'a Finding,
    /// The fix.
    pub fix: &'a Fix,
    /// The paths that end with it.
    pub closes: Vec<&'a Finding>,
}
