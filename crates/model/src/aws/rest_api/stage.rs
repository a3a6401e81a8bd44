//! Stages: `AWS::ApiGateway::Stage`, and `AWS::ApiGateway::Deployment` with a `StageName`; with the web ACLs
//! associated with them.

use super::parts::names;
use super::{RestApi, Stage};
use crate::app::{Resource, ResourceId};
use crate::node::Node;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Adds the stages to the API.
pub(super) fn read(api: &mut RestApi, all: &BTreeMap<ResourceId, Arc<Resource>>) {
    for resource in all.values().map(|resource| &**resource) {
        let stage = matches!(resource.kind.as_str(), "AWS::ApiGateway::Stage" | "AWS::ApiGateway::Deployment");
        if !stage || !names(resource, "RestApiId", api) {
            continue;
        }
        let p = &resource.properties;
        let name = match (p.get("StageName"), resource.kind.as_str()) {
            (Some(name), _) => name.scalar().unwrap_or_else(|| resource.physical_id.clone()),
            (None, "AWS::ApiGateway::Stage") => resource.physical_id.clone(),
            // A deployment without a stage name makes no stage.
            (None, _) => continue,
        };
        if api.stages.iter().any(|stage| stage.name == name) {
            continue;
        }
        let variables = p.get("Variables").map(Node::members).unwrap_or_default();
        api.stages.push(Stage {
            web_acl: web_acl(&api.api_id, &name, all),
            name,
            place: resource.place.clone(),
            tracing: p.get("TracingEnabled").and_then(Node::bool) == Some(true),
            access_log_format: p.at(&["AccessLogSetting", "Format"]).and_then(Node::scalar),
            variables: variables.iter().filter_map(|m| Some((m.key.clone(), m.value.scalar()?))).collect(),
        });
    }
}

/// The web ACL of a stage. An association whose resource is not known may be with any stage, so it counts where no other
/// is known to be with this one: a stage has one web ACL.
fn web_acl(api_id: &str, stage: &str, all: &BTreeMap<ResourceId, Arc<Resource>>) -> Option<String> {
    let suffix = format!("/restapis/{api_id}/stages/{stage}");
    let kinds = ["AWS::WAFv2::WebACLAssociation", "AWS::WAFRegional::WebACLAssociation"];
    let associations = || all.values().map(|resource| &**resource).filter(|r| kinds.contains(&r.kind.as_str()));
    let with = |r: &&Resource, is: &dyn Fn(&Node) -> bool| r.properties.get("ResourceArn").is_some_and(is);
    let known = associations().find(|r| with(r, &|arn| arn.str().is_some_and(|arn| arn.ends_with(&suffix))));
    let r = known.or_else(|| associations().find(|r| with(r, &|arn| arn.unknown().is_some())))?;
    let acl = r.properties.get("WebACLArn").or_else(|| r.properties.get("WebACLId"));
    Some(acl.and_then(Node::scalar).unwrap_or_else(|| r.id.to_string()))
}
