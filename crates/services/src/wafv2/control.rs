//! Create, Get, Update, Delete and List of web ACLs, rule groups, IP sets and regex pattern sets. An Update replaces the
//! whole; the lock token says what it was made from.

use super::entity::{Entity, KINDS, Kind, WEB_ACL, references, to_cloudformation};
use super::{Parameters, association, error, scope, text};
use crate::{ServiceError, draw};
use model::{App, Change, Node, Place, Resource, ResourceId, World};
use serde_json::{Map, Value, json};

/// The stack of resources that were made by API calls and stand in no template.
const NO_STACK: &str = "(none)";
/// Items in a page of a list, at most and when nothing is asked for.
const PAGE: usize = 100;

/// CreateWebACL, CreateRuleGroup, CreateIPSet, CreateRegexPatternSet.
pub(super) fn create(
    kind: &'static Kind,
    app: &App,
    p: &Parameters,
    world: &dyn World,
    changes: &mut Vec<Change>,
) -> Result<Value, ServiceError> {
    let (name, scope) = (entity_name(p)?, scope(p)?);
    if kind.all(app, scope).iter().any(|entity| entity.name == name) {
        return Err(error::duplicate());
    }
    let id = draw::uuid(world);
    let mut properties = members(kind, p, kind.required)?;
    properties.insert("Name".into(), json!(name));
    properties.insert("Scope".into(), json!(scope));
    if let Some(tags) = p.get("Tags") {
        properties.insert("Tags".into(), tags.clone());
    }
    let place = Place::new(format!("Create{}", kind.name), 1, 1);
    let resource = Resource {
        id: ResourceId::new(NO_STACK, format!("wafv2/{}/{name}/{id}", kind.path)),
        kind: kind.cloudformation.into(),
        properties: Node::from_json(&Value::Object(properties), &place),
        place,
        physical_id: format!("{name}|{id}|{scope}"),
        arn: Some(kind.arn(app, scope, name, &id)),
        generated_from: None,
        condition: None,
        deletion_policy: None,
        metadata: None,
    };
    put(kind, app, resource.clone(), changes)?;
    Ok(json!({ "Summary": Entity::of(&resource).map(|entity| entity.summary()) }))
}

/// GetWebACL, GetRuleGroup, GetIPSet, GetRegexPatternSet.
pub(super) fn get(kind: &'static Kind, app: &App, p: &Parameters) -> Result<Value, ServiceError> {
    let entity = found(kind, app, p)?;
    Ok(json!({ kind.name: described(kind, app, &entity), "LockToken": entity.lock_token() }))
}

/// A web ACL or rule group with what is computed about it.
pub(super) fn described(kind: &'static Kind, app: &App, entity: &Entity<'_>) -> Map<String, Value> {
    let mut body = entity.described(kind);
    let namespace = |what: &str| json!(format!("awswaf:{}:{what}:{}:", app.account, entity.name));
    match kind.name {
        "WebACL" => {
            body.insert("LabelNamespace".into(), namespace("webacl"));
            body.insert("ManagedByFirewallManager".into(), json!(false));
            // A web ACL of a template may hold what is not known; it has no capacity then, and judges no request.
            if let Ok(capacity) = gate::web_acl::capacity(app, entity.resource) {
                body.insert("Capacity".into(), json!(capacity));
            }
        }
        "RuleGroup" => {
            body.insert("LabelNamespace".into(), namespace("rulegroup"));
        }
        _ => {}
    }
    body
}

/// UpdateWebACL, UpdateRuleGroup, UpdateIPSet, UpdateRegexPatternSet.
pub(super) fn update(kind: &'static Kind, app: &App, p: &Parameters, changes: &mut Vec<Change>) -> Result<Value, ServiceError> {
    let entity = locked(kind, app, p)?;
    let required: Vec<_> = kind.required.iter().filter(|key| !kind.fixed.contains(key)).copied().collect();
    let mut properties = members(kind, p, &required)?;
    let before = entity.resource.properties.json();
    for kept in ["Name", "Scope", "Tags"].iter().chain(kind.fixed) {
        if let Some(value) = before.get(*kept) {
            properties.insert((*kept).to_owned(), value.clone());
        }
    }
    let place = Place::new(format!("Update{}", kind.name), 1, 1);
    let resource = Resource { properties: Node::from_json(&Value::Object(properties), &place), ..entity.resource.clone() };
    put(kind, app, resource.clone(), changes)?;
    Ok(json!({ "NextLockToken": Entity::of(&resource).map(|entity| entity.lock_token()) }))
}

/// DeleteWebACL, DeleteRuleGroup, DeleteIPSet, DeleteRegexPatternSet.
pub(super) fn delete(kind: &'static Kind, app: &App, p: &Parameters, changes: &mut Vec<Change>) -> Result<Value, ServiceError> {
    let entity = locked(kind, app, p)?;
    let in_use = if kind == WEB_ACL {
        association::with(app, entity.arn).next().is_some()
    } else {
        KINDS.iter().flat_map(|kind| app.of_kind(kind.cloudformation)).any(|resource| {
            let mut arns = Vec::new();
            references(&resource.properties.json(), &mut arns);
            arns.iter().any(|arn| arn == entity.arn)
        })
    };
    if in_use {
        return Err(error::associated());
    }
    changes.push(Change::Remove(entity.resource.id.clone()));
    Ok(json!({}))
}

/// ListWebACLs, ListRuleGroups, ListIPSets, ListRegexPatternSets.
pub(super) fn list(kind: &'static Kind, app: &App, p: &Parameters) -> Result<Value, ServiceError> {
    let all = kind.all(app, scope(p)?);
    let (page, next) = page(p, all.iter().map(|entity| (entity.name.as_str(), entity.summary())))?;
    let mut body = json!({ format!("{}s", kind.name): page });
    if let Some(next) = next {
        body["NextMarker"] = json!(next);
    }
    Ok(body)
}

/// The items after `NextMarker`, `Limit` of them, and the marker of the next page.
pub(super) fn page<'a>(
    p: &Parameters,
    items: impl Iterator<Item = (&'a str, Value)>,
) -> Result<(Vec<Value>, Option<String>), ServiceError> {
    let limit = match p.get("Limit").filter(|limit| !limit.is_null()) {
        None => PAGE,
        Some(limit) => match limit.as_u64().and_then(|limit| usize::try_from(limit).ok()) {
            Some(limit @ 1..=PAGE) => limit,
            _ => return Err(error::pattern("Limit", &limit.to_string(), "Member must be between 1 and 100")),
        },
    };
    let after = p.get("NextMarker").and_then(Value::as_str);
    let mut rest = items.skip_while(|(name, _)| after.is_some_and(|after| *name <= after));
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let next = if rest.next().is_some() { page.last().map(|(name, _)| (*name).to_owned()) } else { None };
    Ok((page.into_iter().map(|(_, item)| item).collect(), next))
}

/// The entity that is meant: by name, scope and id, or by ARN where the operation takes one.
pub(super) fn found<'a>(kind: &'static Kind, app: &'a App, p: &Parameters) -> Result<Entity<'a>, ServiceError> {
    match p.get("ARN").and_then(Value::as_str) {
        Some(arn) => kind.by_arn(app, arn),
        None => kind.named(app, scope(p)?, text(p, "Name")?, text(p, "Id")?),
    }
}

fn locked<'a>(kind: &'static Kind, app: &'a App, p: &Parameters) -> Result<Entity<'a>, ServiceError> {
    let entity = found(kind, app, p)?;
    if text(p, "LockToken")? == entity.lock_token() { Ok(entity) } else { Err(error::optimistic_lock()) }
}

/// The members of a request that make up the entity, in CloudFormation's shape.
fn members(kind: &Kind, p: &Parameters, required: &[&str]) -> Result<Map<String, Value>, ServiceError> {
    let given = |key: &str| p.get(key).filter(|value| !value.is_null()).cloned();
    let mut out = Map::new();
    for key in required {
        out.insert((*key).to_owned(), given(key).ok_or_else(|| error::missing(key))?);
    }
    for key in kind.optional {
        if let Some(value) = given(key) {
            out.insert((*key).to_owned(), value);
        }
    }
    match to_cloudformation(Value::Object(out)) {
        Value::Object(members) => Ok(members),
        _ => Ok(Map::new()),
    }
}

/// Puts an entity into the App, when it and every web ACL stay ones that can be judged.
fn put(kind: &Kind, app: &App, resource: Resource, changes: &mut Vec<Change>) -> Result<(), ServiceError> {
    let mut arns = Vec::new();
    references(&resource.properties.json(), &mut arns);
    there(app, &arns)?;
    let change = Change::Put(Box::new(resource.clone()));
    let next = app.apply(&change).map_err(|_| error::nonexistent())?;
    gate::web_acl::check(&next, &resource).map_err(|refused| super::refused(&refused, kind))?;
    changes.push(change);
    Ok(())
}

/// Whether everything that rules refer to is there.
pub(super) fn there(app: &App, arns: &[String]) -> Result<(), ServiceError> {
    let is_there = |arn: &String| app.by_arn(arn).is_some_and(|found| KINDS.iter().any(|kind| kind.cloudformation == found.kind));
    if arns.iter().all(is_there) { Ok(()) } else { Err(error::nonexistent()) }
}

fn entity_name(p: &Parameters) -> Result<&str, ServiceError> {
    let name = text(p, "Name")?;
    if name.len() <= 128 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return Ok(name);
    }
    Err(error::pattern("Name", name, "Member must satisfy regular expression pattern: ^[\\w\\-]+$"))
}
