//! What is attached to an API by resources of their own: methods, models, authorizers, gateway responses
//! (CloudFormation `AWS::ApiGateway::*`).

use super::{Authorizer, RestApi, Route, RouteAuth, Validator, authorizer, integration};
use crate::app::{Resource, ResourceId};
use crate::node::{Kind, Member, Node};
use std::collections::BTreeMap;
use std::sync::Arc;

type All = BTreeMap<ResourceId, Arc<Resource>>;

/// Whether a property of a resource names this API.
pub(super) fn names(resource: &Resource, property: &str, api: &RestApi) -> bool {
    resource.properties.get(property).and_then(Node::str) == Some(api.api_id.as_str())
}

fn of<'a>(api: &RestApi, all: &'a All, kind: &'static str) -> Vec<&'a Resource> {
    all.values().map(|resource| &**resource).filter(|r| r.kind == kind && names(r, "RestApiId", api)).collect()
}

/// Adds what resources declare to the API.
pub(super) fn read(api: &mut RestApi, all: &All) {
    let mut by_id = BTreeMap::new();
    for resource in of(api, all, "AWS::ApiGateway::Authorizer") {
        let name = resource.properties.get("Name").and_then(Node::scalar).unwrap_or_else(|| resource.id.logical.to_string());
        let (kind, ttl) = authorizer::from_resource(resource);
        by_id.insert(resource.physical_id.clone(), name.clone());
        api.authorizers.insert(name.clone(), Authorizer { name, place: resource.place.clone(), kind, ttl });
    }
    for resource in of(api, all, "AWS::ApiGateway::Model") {
        let p = &resource.properties;
        let name = p.get("Name").and_then(Node::scalar).unwrap_or_else(|| resource.physical_id.clone());
        if let Some(schema) = p.get("Schema") {
            api.models.insert(name, schema.clone());
        }
    }
    for resource in of(api, all, "AWS::ApiGateway::GatewayResponse") {
        if let Some(kind) = resource.properties.get("ResponseType").and_then(Node::scalar) {
            api.gateway_responses.insert(kind, gateway_response(&resource.properties));
        }
    }
    for resource in of(api, all, "AWS::ApiGateway::Method") {
        let route = method(resource, all, &by_id);
        api.routes.push(route);
    }
    let unknown = all
        .values()
        .map(|resource| &**resource)
        .filter(|r| r.kind == "AWS::ApiGateway::Method")
        .find_map(|r| r.properties.get("RestApiId")?.unknown().map(|u| (r, u)));
    if let Some((resource, unknown)) = unknown {
        api.unknown.get_or_insert_with(|| (unknown.why.clone(), resource.place.clone()));
    }
}

/// In OpenAPI's spelling, so that readers know one only.
fn gateway_response(p: &Node) -> Node {
    let spelling = [("StatusCode", "statusCode"), ("ResponseParameters", "responseParameters"), ("ResponseTemplates", "responseTemplates")];
    let members = spelling.iter().filter_map(|(from, to)| {
        let value = p.get(from)?.clone();
        Some(Member { key: (*to).to_owned(), key_place: value.place.clone(), value })
    });
    Node::new(Kind::Map(members.collect()), p.place.clone())
}

fn method(resource: &Resource, all: &All, authorizers: &BTreeMap<String, String>) -> Route {
    let p = &resource.properties;
    let written = p.get("Integration");
    let models = p.get("RequestModels").map(Node::members).unwrap_or_default();
    Route {
        method: p.get("HttpMethod").and_then(Node::scalar).unwrap_or_else(|| "ANY".into()).to_ascii_uppercase(),
        path: path(p.get("ResourceId").and_then(Node::str).unwrap_or_default(), all, 0),
        place: resource.place.clone(),
        auth: auth(resource, authorizers),
        api_key_required: p.get("ApiKeyRequired").and_then(Node::bool) == Some(true),
        validator: p.get("RequestValidatorId").map(|named| validator(named, all)),
        request_models: models.iter().map(|m| (m.key.clone(), m.value.scalar().unwrap_or_default())).collect(),
        required_parameters: required(p.get("RequestParameters")),
        integration: integration::of_method(written),
        integration_place: written.map_or_else(|| resource.place.clone(), |node| node.place.clone()),
    }
}

/// The path of an `AWS::ApiGateway::Resource`; anything that is not one is the API's root.
fn path(id: &str, all: &All, depth: usize) -> String {
    let parent = all.values().map(|resource| &**resource).find(|r| r.kind == "AWS::ApiGateway::Resource" && r.physical_id == id);
    match parent {
        // A chain of parents that never ends is not a path that anything could be found by.
        Some(resource) if depth < 64 => {
            let part = resource.properties.get("PathPart").and_then(Node::scalar).unwrap_or_default();
            let above = path(resource.properties.get("ParentId").and_then(Node::str).unwrap_or_default(), all, depth + 1);
            format!("{}/{part}", above.trim_end_matches('/'))
        }
        _ => "/".into(),
    }
}

fn auth(resource: &Resource, authorizers: &BTreeMap<String, String>) -> RouteAuth {
    let p = &resource.properties;
    let place = p.get("AuthorizationType").map_or_else(|| resource.place.clone(), |node| node.place.clone());
    let unknown = |why: String| RouteAuth::Unknown { why, place: place.clone() };
    let Some(kind) = p.get("AuthorizationType") else { return RouteAuth::None };
    match kind.str() {
        Some("NONE") => RouteAuth::None,
        Some("AWS_IAM") => RouteAuth::Iam { place },
        Some("CUSTOM" | "COGNITO_USER_POOLS") => match p.get("AuthorizerId").and_then(Node::str).and_then(|id| authorizers.get(id)) {
            Some(name) => {
                let scopes = p.get("AuthorizationScopes").map(Node::items).unwrap_or_default().iter().filter_map(Node::scalar).collect();
                RouteAuth::Authorizer { name: name.clone(), scopes, place }
            }
            None => unknown("its authorizer is not known".into()),
        },
        _ => unknown("its AuthorizationType is not understood".into()),
    }
}

fn validator(named: &Node, all: &All) -> Validator {
    let declared = all
        .values()
        .map(|resource| &**resource)
        .find(|r| r.kind == "AWS::ApiGateway::RequestValidator" && Some(r.physical_id.as_str()) == named.str());
    Validator::of(declared.map(|r| &r.properties), ["ValidateRequestBody", "ValidateRequestParameters"], named)
}

/// `method.request.querystring.page: true`.
fn required(parameters: Option<&Node>) -> Vec<(String, String)> {
    let members = parameters.map(Node::members).unwrap_or_default();
    let required = members.iter().filter(|m| m.value.bool() == Some(true) || m.value.get("Required").and_then(Node::bool) == Some(true));
    required
        .filter_map(|m| m.key.strip_prefix("method.request.")?.split_once('.'))
        .map(|(kind, name)| (kind.to_owned(), name.to_owned()))
        .collect()
}
