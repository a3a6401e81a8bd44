//! An OpenAPI body (2.0 or 3.x) with API Gateway's extensions (API Gateway Developer Guide, "OpenAPI extensions
//! for API Gateway"). It never guesses: what is not understood becomes an unknown that the gate stops at.

use super::{RestApi, Route, Validator, integration, security};
use crate::node::{Kind, Node};
use crate::place::Place;
use std::collections::BTreeMap;

/// Methods of a path item; `x-amazon-apigateway-any-method` stands for all others.
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];
const ANY: &str = "x-amazon-apigateway-any-method";

/// Adds what the body declares to the API.
pub(super) fn read(api: &mut RestApi, body: &Node) {
    if let Some(unknown) = body.unknown() {
        api.unknown = Some((unknown.why.clone(), body.place.clone()));
        return;
    }
    security::authorizers(api, body);
    let schemas = body.get("definitions").or_else(|| body.at(&["components", "schemas"]));
    for member in schemas.map(Node::members).unwrap_or_default() {
        api.models.insert(member.key.clone(), member.value.clone());
    }
    for member in body.get("x-amazon-apigateway-gateway-responses").map(Node::members).unwrap_or_default() {
        api.gateway_responses.insert(member.key.clone(), member.value.clone());
    }
    api.api_key_from_authorizer = body.get("x-amazon-apigateway-api-key-source").and_then(Node::str) == Some("AUTHORIZER");
    let binary = body.get("x-amazon-apigateway-binary-media-types").map(Node::items).unwrap_or_default();
    api.binary_media_types.extend(binary.iter().filter_map(Node::scalar));
    if api.resource_policy.is_none() {
        api.resource_policy = body.get("x-amazon-apigateway-policy").cloned();
    }
    let Some(paths) = body.get("paths") else { return };
    if let Some(unknown) = paths.unknown() {
        api.unknown = Some((unknown.why.clone(), paths.place.clone()));
    }
    for path in paths.members() {
        if let Some(unknown) = path.value.unknown() {
            api.unknown = Some((unknown.why.clone(), path.value.place.clone()));
        }
        for method in path.value.members() {
            let name = method.key.to_ascii_lowercase();
            if name == ANY || METHODS.contains(&name.as_str()) {
                let written = Written { body, path: &path.key, item: &path.value, operation: &method.value, place: &method.key_place };
                let name = if name == ANY { "ANY".to_owned() } else { name.to_ascii_uppercase() };
                written.route(api, name);
            }
        }
    }
}

/// One operation with what surrounds it.
struct Written<'a> {
    body: &'a Node,
    path: &'a str,
    item: &'a Node,
    operation: &'a Node,
    place: &'a Place,
}

impl Written<'_> {
    fn route(&self, api: &mut RestApi, method: String) {
        let secured = security::of(api, self.body, self.operation);
        let written = self.operation.get("x-amazon-apigateway-integration");
        let (request_models, inline) = self.models(&method);
        api.models.extend(inline);
        api.routes.push(Route {
            method,
            path: self.path.to_owned(),
            place: self.place.clone(),
            auth: secured.auth,
            api_key_required: secured.api_key,
            validator: self.validator(),
            request_models,
            required_parameters: self.required(),
            integration: integration::of(written),
            integration_place: written.map_or_else(|| self.place.clone(), |node| node.place.clone()),
        });
    }

    /// `x-amazon-apigateway-request-validator` of the operation, or else of the API.
    fn validator(&self) -> Option<Validator> {
        let key = "x-amazon-apigateway-request-validator";
        let named = self.operation.get(key).or_else(|| self.body.get(key))?;
        let name = named.str().unwrap_or_default();
        let declared = self.body.get("x-amazon-apigateway-request-validators").and_then(|all| all.get(name));
        Some(Validator::of(declared, ["validateRequestBody", "validateRequestParameters"], named))
    }

    /// Parameters of the path item and of the operation, references followed.
    fn parameters(&self) -> Vec<&Node> {
        let all = [self.item, self.operation].into_iter().flat_map(|node| node.get("parameters").map(Node::items).unwrap_or_default());
        all.filter_map(|node| resolve(self.body, node)).collect()
    }

    fn required(&self) -> Vec<(String, String)> {
        let mut required = Vec::new();
        for parameter in self.parameters() {
            let kind = match parameter.get("in").and_then(Node::str) {
                Some("query") => "querystring",
                Some("header") => "header",
                Some("path") => "path",
                _ => continue,
            };
            if let Some(name) = parameter.get("name").and_then(Node::str)
                && parameter.get("required").and_then(Node::bool) == Some(true)
            {
                required.push((kind.to_owned(), name.to_owned()));
            }
        }
        required
    }

    /// Model names by content type, and the schemas that are written in place, under a name of their own.
    fn models(&self, method: &str) -> (BTreeMap<String, String>, BTreeMap<String, Node>) {
        let (mut by_type, mut inline) = (BTreeMap::new(), BTreeMap::new());
        let mut add = |content_type: String, schema: &Node| {
            let name = schema.get("$ref").and_then(Node::str).and_then(|r| r.rsplit('/').next()).map(str::to_owned).unwrap_or_else(|| {
                let name = format!("{method} {} {content_type}", self.path);
                inline.insert(name.clone(), schema.clone());
                name
            });
            by_type.insert(content_type, name);
        };
        for schema in self.parameters().iter().filter(|p| p.get("in").and_then(Node::str) == Some("body")).filter_map(|p| p.get("schema")) {
            let consumes = self.operation.get("consumes").or_else(|| self.body.get("consumes"));
            let types: Vec<_> = consumes.map(Node::items).unwrap_or_default().iter().filter_map(Node::scalar).collect();
            let types = if types.is_empty() { vec!["application/json".to_owned()] } else { types };
            types.into_iter().for_each(|content_type| add(content_type, schema));
        }
        let request = self.operation.get("requestBody").and_then(|node| resolve(self.body, node));
        for media in request.and_then(|r| r.get("content")).map(Node::members).unwrap_or_default() {
            if let Some(schema) = media.value.get("schema") {
                add(media.key.clone(), schema);
            }
        }
        (by_type, inline)
    }
}

/// Follows one `$ref` inside the body.
fn resolve<'a>(body: &'a Node, node: &'a Node) -> Option<&'a Node> {
    match node.get("$ref") {
        Some(Node { kind: Kind::String(reference), .. }) => {
            let keys: Vec<&str> = reference.strip_prefix("#/")?.split('/').collect();
            body.at(&keys)
        }
        _ => Some(node),
    }
}
