//! Web ACLs and the resources they protect. A resource has one web ACL; associating it with another replaces it. Of the
//! resource types only stages of REST APIs are known here: HTTP APIs cannot have a web ACL (AWS WAF Developer Guide,
//! "Associating or disassociating a web ACL with an AWS resource").

use super::entity::WEB_ACL;
use super::{Parameters, control, error, text};
use crate::ServiceError;
use model::{App, Change, Node, Place, Resource, ResourceId};
use serde_json::{Value, json};

const KIND: &str = "AWS::WAFv2::WebACLAssociation";

fn property<'a>(resource: &'a Resource, key: &str) -> Option<&'a str> {
    resource.properties.get(key).and_then(Node::str)
}

/// The associations of a web ACL.
pub(super) fn with<'a>(app: &'a App, web_acl: &'a str) -> impl Iterator<Item = &'a Resource> {
    app.of_kind(KIND).filter(move |resource| property(resource, "WebACLArn") == Some(web_acl))
}

fn of<'a>(app: &'a App, resource_arn: &str) -> Option<&'a Resource> {
    app.of_kind(KIND).find(|resource| property(resource, "ResourceArn") == Some(resource_arn))
}

/// ARN of the web ACL that protects a resource.
pub(super) fn web_acl_of<'a>(app: &'a App, resource_arn: &str) -> Option<&'a str> {
    of(app, resource_arn).and_then(|association| property(association, "WebACLArn"))
}

/// The stage with this ARN: `arn:aws:apigateway:us-east-1::/restapis/API/stages/STAGE`.
fn stage(app: &App, arn: &str) -> Result<(), ServiceError> {
    let prefix = format!("arn:{}:apigateway:{}::/restapis/", app.partition, app.region);
    let Some((api, stage)) = arn.strip_prefix(&prefix).and_then(|rest| rest.split_once("/stages/")) else {
        return Err(error::invalid(
            "The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes.",
            "RESOURCE_ARN",
            arn,
        ));
    };
    let found = app.aws().rest_apis.iter().find(|own| own.api_id == api);
    if found.is_some_and(|api| api.stages.iter().any(|own| own.name == stage)) { Ok(()) } else { Err(error::nonexistent()) }
}

/// AssociateWebACL.
pub(super) fn associate(app: &App, p: &Parameters, changes: &mut Vec<Change>) -> Result<Value, ServiceError> {
    let (web_acl, resource_arn) = (text(p, "WebACLArn")?, text(p, "ResourceArn")?);
    stage(app, resource_arn)?;
    let web_acl = WEB_ACL.by_arn(app, web_acl)?;
    if web_acl.scope != "REGIONAL" {
        return Err(error::invalid("The scope is not valid.", "SCOPE_VALUE", web_acl.arn));
    }
    let place = Place::new("AssociateWebACL", 1, 1);
    changes.push(match of(app, resource_arn) {
        Some(association) => {
            let value = Node::string(web_acl.arn, place);
            Change::Set { resource: association.id.clone(), path: vec!["WebACLArn".into()], value }
        }
        None => Change::Put(Box::new(Resource {
            id: ResourceId::new("(none)", format!("wafv2/association/{resource_arn}")),
            kind: KIND.into(),
            properties: Node::from_json(&json!({ "ResourceArn": resource_arn, "WebACLArn": web_acl.arn }), &place),
            place,
            physical_id: format!("{}|{resource_arn}", web_acl.arn),
            arn: None,
            generated_from: None,
            condition: None,
            deletion_policy: None,
            metadata: None,
        })),
    });
    Ok(json!({}))
}

/// DisassociateWebACL: "if it has one".
pub(super) fn disassociate(app: &App, p: &Parameters, changes: &mut Vec<Change>) -> Result<Value, ServiceError> {
    let resource_arn = text(p, "ResourceArn")?;
    stage(app, resource_arn)?;
    changes.extend(of(app, resource_arn).map(|association| Change::Remove(association.id.clone())));
    Ok(json!({}))
}

/// GetWebACLForResource: the web ACL, or nothing.
pub(super) fn for_resource(app: &App, p: &Parameters) -> Result<Value, ServiceError> {
    let resource_arn = text(p, "ResourceArn")?;
    stage(app, resource_arn)?;
    let Some(arn) = web_acl_of(app, resource_arn) else { return Ok(json!({})) };
    let web_acl = WEB_ACL.by_arn(app, arn)?;
    Ok(json!({ "WebACL": control::described(WEB_ACL, app, &web_acl) }))
}

/// ListResourcesForWebACL. Without a type AWS lists load balancers.
pub(super) fn resources(app: &App, p: &Parameters) -> Result<Value, ServiceError> {
    let web_acl = WEB_ACL.by_arn(app, text(p, "WebACLArn")?)?;
    let arns: Vec<_> = match p.get("ResourceType").and_then(Value::as_str) {
        Some("API_GATEWAY") => with(app, web_acl.arn).filter_map(|association| property(association, "ResourceArn")).collect(),
        _ => Vec::new(),
    };
    Ok(json!({ "ResourceArns": arns }))
}
