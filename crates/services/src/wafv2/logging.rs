//! Logging configurations: where a web ACL's log goes. One to a web ACL, and that web ACL has the same ARN in both.

use super::entity::WEB_ACL;
use super::{Parameters, control, error, scope, text};
use crate::ServiceError;
use model::{App, Change, Node, Place, Resource, ResourceId};
use serde_json::{Value, json};

const KIND: &str = "AWS::WAFv2::LoggingConfiguration";
const FIELD: &str = "LOG_DESTINATION";

fn of<'a>(app: &'a App, web_acl: &str) -> Option<&'a Resource> {
    app.of_kind(KIND).find(|resource| resource.properties.get("ResourceArn").and_then(Node::str) == Some(web_acl))
}

fn described(resource: &Resource) -> Value {
    let mut body = resource.properties.json();
    if let Some(members) = body.as_object_mut() {
        members.retain(|_, value| !value.is_null());
        members.insert("ManagedByFirewallManager".into(), json!(false));
    }
    body
}

/// PutLoggingConfiguration.
pub(super) fn put(app: &App, p: &Parameters, changes: &mut Vec<Change>) -> Result<Value, ServiceError> {
    let Some(Value::Object(configuration)) = p.get("LoggingConfiguration") else { return Err(error::missing("LoggingConfiguration")) };
    let web_acl = WEB_ACL.by_arn(app, text(configuration, "ResourceArn")?)?;
    let Some(Value::Array(destinations)) = configuration.get("LogDestinationConfigs") else {
        return Err(error::missing("LogDestinationConfigs"));
    };
    let [Value::String(destination)] = destinations.as_slice() else {
        return Err(error::invalid("You have used none or multiple values for a field that requires exactly one value.", FIELD, ""));
    };
    // "Your log group names must start with aws-waf-logs-", and so do buckets and delivery streams.
    let name = destination.trim_end_matches(":*").rsplit([':', '/']).next().unwrap_or_default();
    if !destination.starts_with("arn:") || !(name.starts_with("aws-waf-logs-") || destination.contains(":::aws-waf-logs-")) {
        return Err(error::invalid(
            "The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes.",
            FIELD,
            destination,
        ));
    }
    let place = Place::new("PutLoggingConfiguration", 1, 1);
    let resource = Resource {
        id: of(app, web_acl.arn)
            .map_or_else(|| ResourceId::new("(none)", format!("wafv2/logging/{}", web_acl.arn)), |found| found.id.clone()),
        kind: KIND.into(),
        properties: Node::from_json(&Value::Object(configuration.clone()), &place),
        place,
        physical_id: web_acl.arn.to_owned(),
        arn: None,
        generated_from: None,
        condition: None,
        deletion_policy: None,
        metadata: None,
    };
    let body = json!({ "LoggingConfiguration": described(&resource) });
    changes.push(Change::Put(Box::new(resource)));
    Ok(body)
}

/// GetLoggingConfiguration.
pub(super) fn get(app: &App, p: &Parameters) -> Result<Value, ServiceError> {
    let found = of(app, text(p, "ResourceArn")?).ok_or_else(error::nonexistent)?;
    Ok(json!({ "LoggingConfiguration": described(found) }))
}

/// DeleteLoggingConfiguration.
pub(super) fn delete(app: &App, p: &Parameters, changes: &mut Vec<Change>) -> Result<Value, ServiceError> {
    let found = of(app, text(p, "ResourceArn")?).ok_or_else(error::nonexistent)?;
    changes.push(Change::Remove(found.id.clone()));
    Ok(json!({}))
}

/// ListLoggingConfigurations.
pub(super) fn list(app: &App, p: &Parameters) -> Result<Value, ServiceError> {
    let scope = scope(p)?;
    let mut all: Vec<_> = app.of_kind(KIND).filter(|own| own.physical_id.contains(":global/") == (scope == "CLOUDFRONT")).collect();
    all.sort_by(|a, b| a.physical_id.cmp(&b.physical_id));
    let (page, next) = control::page(p, all.iter().map(|own| (own.physical_id.as_str(), described(own))))?;
    let mut body = json!({ "LoggingConfigurations": page });
    if let Some(next) = next {
        body["NextMarker"] = json!(next);
    }
    Ok(body)
}
