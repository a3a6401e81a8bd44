//! Web ACL capacity units (WCU): what `CheckCapacity` counts.
//!
//! Pinned to the developer guide's pages as they are in 2026: "Using match rule statements in AWS WAF" (geographic, ASN and label
//! match 1; IP set 1, and 4 more for the position Any; regex 3; regex pattern set 25; size constraint 1; SQLi 20; per
//! inspection 10 for all query parameters, twice the base for the JSON body, 10 for each text transformation), "String match
//! rule statement" (2, or 10 for what a component contains), "Using rate-based rule statements in AWS WAF" (2, and 30 for each custom
//! aggregation key), "Web ACL capacity units (WCUs) in AWS WAF" (a rule group has at most 5,000). SQLi of high sensitivity (30), XSS
//! (40) and 1 for five labels are of its archived pages of June 2023, which gave regex 4, regex pattern set 40 and IP set 2 in
//! other places: the current pages settle those.
//!
//! `NONE` is no transformation and costs nothing. AWS "may be able to" apply one transformation for several rules and
//! charge it once; when it does is not documented, and each is charged here: AWS asks for no more than this.

use super::ast::{Field, Inspect, IpPosition, Position, RateKeys, Rule, RuleGroup, Statement, WebAcl};
use crate::transform::Transformation;

/// Most units of a rule group.
pub const MOST_OF_RULE_GROUP: u64 = 5000;
/// Most units of a web ACL.
pub const MOST_OF_WEB_ACL: u64 = 5000;

impl WebAcl {
    /// The units the web ACL uses.
    pub fn capacity(&self) -> u64 {
        of_rules(&self.rules)
    }
}

impl RuleGroup {
    /// The units the group's rules use; never more than its `Capacity`, which AWS checks.
    pub fn used_capacity(&self) -> u64 {
        of_rules(&self.rules)
    }
}

/// The units of rules: `CheckCapacity`.
pub fn of_rules(rules: &[Rule]) -> u64 {
    let labels: usize = rules.iter().map(|rule| rule.labels.len()).sum();
    // "1 WCU for every 5 labels that you define in your web ACL or rule group rules."
    rules.iter().map(|rule| of_statement(&rule.statement)).sum::<u64>() + labels as u64 / 5
}

fn of_statement(statement: &Statement) -> u64 {
    match statement {
        Statement::ByteMatch { position, on, .. } => {
            let base = if matches!(position, Position::Contains | Position::ContainsWord) { 10 } else { 2 };
            inspecting(base, on)
        }
        Statement::SqliMatch { high, on } => inspecting(if *high { 30 } else { 20 }, on),
        Statement::XssMatch { on } => inspecting(40, on),
        Statement::SizeConstraint { on, .. } => inspecting(1, on),
        Statement::RegexMatch { on, .. } => inspecting(3, on),
        Statement::RegexPatternSet { on, .. } => inspecting(25, on),
        Statement::GeoMatch { .. } | Statement::AsnMatch { .. } | Statement::LabelMatch { .. } => 1,
        Statement::IpSet { forwarded: Some((_, IpPosition::Any)), .. } => 5,
        Statement::IpSet { .. } => 1,
        Statement::RateBased(rate) => {
            let keys = if let RateKeys::Custom(keys) = &rate.keys { keys.len() as u64 * 30 } else { 0 };
            2 + keys + rate.scope_down.as_ref().map_or(0, of_statement)
        }
        Statement::Group(group) => {
            group.group.as_ref().map_or(0, |group| group.capacity) + group.scope_down.as_ref().map_or(0, of_statement)
        }
        Statement::And(all) | Statement::Or(all) => all.iter().map(of_statement).sum(),
        Statement::Not(inner) => of_statement(inner),
        Statement::HeaderAbsent(_) | Statement::NotSimulated => 0,
    }
}

fn inspecting(base: u64, on: &Inspect) -> u64 {
    let base = match on.field {
        Field::AllQueryArguments => base + 10,
        Field::JsonBody(_) => base * 2,
        _ => base,
    };
    let applied = on.transformations.iter().filter(|transformation| **transformation != Transformation::None).count();
    let pre_parse = on.pre_parse.iter().filter(|step| **step != super::ast::PreParse::None).count();
    base + (applied + pre_parse) as u64 * 10
}
