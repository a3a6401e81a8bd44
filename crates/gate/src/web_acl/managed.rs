//! AWS's managed rule groups as they are known here, for `DescribeManagedRuleGroup` and `ListAvailableManagedRuleGroups`.

use std::sync::Arc;
use waf::wafv2::ast::RuleAction;
use waf::wafv2::{Action, Rule, RuleGroup};

/// A managed rule group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedGroup {
    /// `AWS`.
    pub vendor: String,
    /// `AWSManagedRulesCommonRuleSet`.
    pub name: String,
    /// Its capacity units.
    pub capacity: u64,
    /// `awswaf:managed:aws:core-rule-set:`.
    pub label_namespace: String,
    /// Its rules.
    pub rules: Vec<ManagedRule>,
}

/// A rule of a managed rule group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedRule {
    /// `NoUserAgent_HEADER`.
    pub name: String,
    /// `Block`.
    pub action: &'static str,
    /// Its labels in full.
    pub labels: Vec<String>,
}

/// The managed rule groups that are known.
pub fn managed_groups() -> Vec<ManagedGroup> {
    let of = |((vendor, name), group): ((String, String), Arc<RuleGroup>)| ManagedGroup {
        vendor,
        name,
        capacity: group.capacity,
        label_namespace: group.label_prefix.clone(),
        rules: group.rules.iter().map(|rule| managed(&group, rule)).collect(),
    };
    waf::managed::groups(None).into_iter().map(of).collect()
}

fn managed(group: &RuleGroup, rule: &Rule) -> ManagedRule {
    let action = match &rule.action {
        RuleAction::Act(Action::Allow(_)) => "Allow",
        RuleAction::Act(Action::Count(_)) => "Count",
        RuleAction::Act(Action::Captcha(_)) => "Captcha",
        RuleAction::Act(Action::Challenge(_)) => "Challenge",
        RuleAction::Act(Action::Block(_) | Action::Monetize) | RuleAction::Group { .. } => "Block",
    };
    let labels = rule.labels.iter().map(|label| format!("{}{label}", group.label_prefix)).collect();
    ManagedRule { name: rule.name.clone(), action, labels }
}
