//! The four proofs, and the ledger that `prove` prints.

use crate::place::Place;
use serde::{Deserialize, Serialize};

/// One cell of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// Shown.
    Yes,
    /// Tried, and not so.
    No,
    /// This risk cannot have this proof; the reason is of the closed list.
    NotApplicable,
    /// It could not be tried: something is missing.
    NotAssessed,
}

/// What proves a cell, or why it is not a yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `found`, `exploited`, `blocked`, `detected`.
    pub proof: String,
    /// One sentence.
    pub says: String,
    /// Where to look.
    pub places: Vec<Place>,
    /// The lines there, or the bytes that were brought back, made printable.
    pub snippet: Option<String>,
}

/// One risk at one resource, with its four proofs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Slug.
    pub risk: String,
    /// `stack/LogicalId`.
    pub resource: String,
    /// The risk stands in the template or the code.
    pub found: Proof,
    /// The running application falls to it.
    pub exploited: Proof,
    /// With the fix the same attack is stopped and normal traffic passes.
    pub blocked: Proof,
    /// The logs show it.
    pub detected: Proof,
    /// What proves each cell.
    pub evidence: Vec<Evidence>,
}

/// All rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// One row a risk and resource.
    pub ledger: Vec<Row>,
}
