//! Findings, outcomes, alerts and the ledger to a terminal, to JSON, SARIF, JUnit, Markdown, OCSF, HTML. Writes to a `Write` that it is
//! given; reads no file, decides no severity, and lets nothing through that a terminal would obey.

mod escape;
pub mod html;
pub mod json;
pub mod junit;
mod lines;
pub mod markdown;
mod mask;
pub mod ocsf;
pub mod sarif;
mod snippet;
mod style;
pub mod terminal;

pub use escape::{escape, escape_lines};
pub use style::{Links, Style};

use model::attack::Outcome;
use model::{Source, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The texts that findings point into.
pub type Sources = BTreeMap<Arc<str>, Source>;

/// An attack and whether it got through: what was planted came back, or what it wrote was found.
#[derive(Clone, Copy, Debug)]
pub struct Attacked<'a> {
    /// What it did.
    pub outcome: &'a Outcome,
    /// Whether it got through.
    pub exploited: bool,
}

/// What an investigation looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Events by the name of their log.
    pub events: Vec<(String, u64)>,
    /// Rules that were run.
    pub rules: usize,
    /// Files that were read.
    pub files: usize,
    /// Time of the first event.
    pub first: Option<Time>,
    /// Time of the last event.
    pub last: Option<Time>,
}
