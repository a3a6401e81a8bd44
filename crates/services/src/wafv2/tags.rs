//! Tags of web ACLs, rule groups, IP sets and regex pattern sets.

use super::entity::KINDS;
use super::{Parameters, error, text};
use crate::ServiceError;
use model::{App, Change, Node, Place, Resource};
use serde_json::{Value, json};

fn resource<'a>(app: &'a App, p: &Parameters) -> Result<&'a Resource, ServiceError> {
    let found = app.by_arn(text(p, "ResourceARN")?);
    found.filter(|found| KINDS.iter().any(|kind| kind.cloudformation == found.kind)).ok_or_else(error::nonexistent)
}

fn tags(resource: &Resource) -> Vec<Value> {
    resource.properties.get("Tags").map(|tags| tags.items().iter().map(Node::json).collect()).unwrap_or_default()
}

/// ListTagsForResource.
pub(super) fn list(app: &App, p: &Parameters) -> Result<Value, ServiceError> {
    let found = resource(app, p)?;
    Ok(json!({ "TagInfoForResource": { "ResourceARN": found.arn, "TagList": tags(found) } }))
}

/// TagResource.
pub(super) fn tag(app: &App, p: &Parameters, changes: &mut Vec<Change>) -> Result<Value, ServiceError> {
    let found = resource(app, p)?;
    let Some(Value::Array(new)) = p.get("Tags") else { return Err(error::missing("Tags")) };
    let mut all = tags(found);
    all.retain(|tag| !new.iter().any(|new| new.get("Key") == tag.get("Key")));
    all.extend(new.iter().cloned());
    changes.push(set(found, all, "TagResource"));
    Ok(json!({}))
}

/// UntagResource.
pub(super) fn untag(app: &App, p: &Parameters, changes: &mut Vec<Change>) -> Result<Value, ServiceError> {
    let found = resource(app, p)?;
    let Some(Value::Array(keys)) = p.get("TagKeys") else { return Err(error::missing("TagKeys")) };
    let mut all = tags(found);
    all.retain(|tag| !keys.iter().any(|key| tag.get("Key") == Some(key)));
    changes.push(set(found, all, "UntagResource"));
    Ok(json!({}))
}

fn set(resource: &Resource, tags: Vec<Value>, operation: &str) -> Change {
    let value = Node::from_json(&Value::Array(tags), &Place::new(operation, 1, 1));
    Change::Set { resource: resource.id.clone(), path: vec!["Tags".into()], value }
}
