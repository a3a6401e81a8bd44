//! Managed rule groups: ListAvailableManagedRuleGroups and DescribeManagedRuleGroup, of those that are known here.

use super::{Parameters, control, error, scope, text};
use crate::ServiceError;
use gate::web_acl::{ManagedGroup, managed_groups};
use serde_json::{Map, Value, json};

/// ListAvailableManagedRuleGroups.
pub(super) fn list(p: &Parameters) -> Result<Value, ServiceError> {
    scope(p)?;
    let mut groups = managed_groups();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    let summary = |group: &ManagedGroup| json!({ "VendorName": group.vendor, "Name": group.name, "VersioningSupported": false });
    let (page, next) = control::page(p, groups.iter().map(|group| (group.name.as_str(), summary(group))))?;
    let mut body = json!({ "ManagedRuleGroups": page });
    if let Some(next) = next {
        body["NextMarker"] = json!(next);
    }
    Ok(body)
}

/// DescribeManagedRuleGroup.
pub(super) fn describe(p: &Parameters) -> Result<Value, ServiceError> {
    scope(p)?;
    let (vendor, name) = (text(p, "VendorName")?, text(p, "Name")?);
    let found = managed_groups().into_iter().find(|group| group.vendor == vendor && group.name == name);
    let group = found.ok_or_else(error::nonexistent)?;
    let mut labels: Vec<_> = group.rules.iter().flat_map(|rule| rule.labels.clone()).collect();
    labels.sort();
    labels.dedup();
    let rules: Vec<_> = group
        .rules
        .iter()
        .map(|rule| {
            let action: Map<String, Value> = [(rule.action.to_owned(), json!({}))].into_iter().collect();
            json!({ "Name": rule.name, "Action": action })
        })
        .collect();
    Ok(json!({
        "Capacity": group.capacity,
        "Rules": rules,
        "LabelNamespace": group.label_namespace,
        "AvailableLabels": labels.iter().map(|label| json!({ "Name": label })).collect::<Vec<_>>(),
    }))
}
