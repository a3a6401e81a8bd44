//! SecLang: the rule language of ModSecurity and the OWASP Core Rule Set.
//!
//! ```text
//! files (name, bytes) ──load──▶ RuleSet ──Program::new──▶ Program ──Transaction──▶ what matched, what is to be done
//! ```
//!
//! The subset is what CRS 3.3 and CRS 4 use, and what ModSecurity's recommended configuration does. A directive, operator,
//! variable, action or transformation that is not known is a [`Problem`] with its place; nothing is skipped in silence.
//! Behaviour follows Coraza 3 and ModSecurity 3, and where the two differ Coraza, whose reading CRS's own tests pass with.

mod action;
mod body;
mod directive;
pub mod ftw;
mod lex;
mod operator;
mod place;
mod program;
mod rule;
mod run;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
mod text;
mod variable;

pub use action::{Allow, Disruptive, EngineMode};
pub use directive::load;
pub(crate) use operator::Operator;
pub use place::{Place, Problem};
pub use program::Program;
pub use rule::{Rule, RuleSet, Settings};
pub use run::{Facts, Interruption, Matched, Outcome, Request, Response, Scratch, Stored, Transaction};
pub use variable::{Selector, Target, Variable};

use std::collections::BTreeMap;

/// What every rule set rests on: bodies are read, and one that cannot be is refused (ids 200000 to 200003, as in
/// ModSecurity's recommended configuration). Goes before a folder's files; its settings can be set otherwise after it.
pub const BASE: &str = include_str!("base.conf");

/// Rule files by name, data files among them.
#[derive(Clone, Default, Debug)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Adds a file.
    pub fn insert(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.insert(name.into(), bytes.into());
    }

    /// A file's bytes.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// Every file, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// The rule files in the order a rule set's folder means: the setup first, then `*.conf` by name.
    pub fn order(&self) -> Vec<&str> {
        let base = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
        let mut setup: Vec<&str> = self.0.keys().map(String::as_str).filter(|name| base(name).starts_with("crs-setup.conf")).collect();
        // An edited setup stands beside the example it was made from.
        setup.sort_by_key(|name| base(name).len());
        setup.truncate(1);
        let mut rules: Vec<&str> =
            self.0.keys().map(String::as_str).filter(|name| name.ends_with(".conf") && !base(name).starts_with("crs-setup")).collect();
        rules.sort_by_key(|name| base(name));
        setup.into_iter().chain(rules).collect()
    }
}
