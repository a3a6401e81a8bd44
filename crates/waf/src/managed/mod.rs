//! AWS's managed rule groups: documented names, labels, thresholds and capacities; rule content of our own, each rule with
//! its tier.
//!
//! AWS withholds the patterns of its managed rules. So a rule is exact (E), a built-in statement that the documentation
//! names (B), our approximation or the Core Rule Set's (C), the documented example patterns (P), or not simulated (X); the
//! tier is printed wherever the rule is named, and what a rule of tier C or P answers is never said to be what AWS answers.
//! The content is data: `groups.txt` and `patterns.txt`.

mod crs;
mod patterns;
mod read;
#[cfg(test)]
mod run;
#[cfg(test)]
mod tests;

pub use crs::{Backing, RuleSource};

use crate::wafv2::ast::RuleGroup;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The vendor of all groups here.
pub const VENDOR: &str = "AWS";

/// A managed rule group by AWS's name: `AWSManagedRulesCommonRuleSet`.
///
/// With a Core Rule Set, the rules of tier C that have counterparts in it use its patterns beside ours, on AWS's component, each
/// blocking alone and without anomaly scores. `None` for a name that AWS's documentation does not have; a group that is
/// not simulated has rules that never match and say so.
pub fn group(name: &str, crs: Option<&dyn RuleSource>) -> Option<Arc<RuleGroup>> {
    let spec = read::groups().iter().find(|group| group.name == name)?;
    Some(Arc::new(spec.build(crs)))
}

/// All groups by vendor and name, as references in a web ACL name them.
pub fn groups(crs: Option<&dyn RuleSource>) -> BTreeMap<(String, String), Arc<RuleGroup>> {
    let built = |spec: &read::Group| ((VENDOR.to_owned(), spec.name.to_owned()), Arc::new(spec.build(crs)));
    read::groups().iter().map(built).collect()
}

/// Whether a list of our patterns finds something in a value that is still as a request carries it.
pub(crate) fn finds(list: &str, value: &[u8]) -> bool {
    let Some(list) = patterns::lists().0.get(list) else { return false };
    let value = crate::transform::apply_all(&list.transformations, value);
    list.set.patterns.iter().any(|pattern| pattern.is_match(&value))
}

/// What one rule of a group is, without running it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The rule's name, which overrides and logs use.
    pub rule: &'static str,
    /// Its full label.
    pub label: &'static str,
    /// The letter of its tier.
    pub tier: char,
}

/// The rules of a group, for listings.
pub fn entries(name: &str) -> Vec<Entry> {
    let of = |rule: &read::Rule| Entry { rule: rule.name, label: rule.label, tier: rule.tier.letter() };
    read::groups().iter().filter(|group| group.name == name).flat_map(|group| group.rules.iter().map(of)).collect()
}
