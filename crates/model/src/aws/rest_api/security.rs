//! `securityDefinitions` / `components.securitySchemes`, `security`, and what API Gateway makes of them
//! (API Gateway Developer Guide, "x-amazon-apigateway-authorizer", "x-amazon-apigateway-authtype").

use super::{Authorizer, AuthorizerKind, RestApi, RouteAuth, authorizer};
use crate::node::Node;
use crate::place::Place;

/// What `security` asks for.
pub(super) struct Secured {
    pub auth: RouteAuth,
    pub api_key: bool,
}

fn schemes(body: &Node) -> Option<&Node> {
    body.get("securityDefinitions").or_else(|| body.at(&["components", "securitySchemes"]))
}

/// Adds the authorizers among the security schemes.
pub(super) fn authorizers(api: &mut RestApi, body: &Node) {
    for member in schemes(body).map(Node::members).unwrap_or_default() {
        let Some(written) = member.value.get("x-amazon-apigateway-authorizer") else { continue };
        let header = member.value.get("name").and_then(Node::scalar);
        let (kind, ttl) = authorizer::from_openapi(written, header);
        let declared = Authorizer { name: member.key.clone(), place: member.key_place.clone(), kind, ttl };
        api.authorizers.insert(member.key.clone(), declared);
    }
}

/// How callers of an operation are authorised: its own `security`, or the API's when it has none.
pub(super) fn of(api: &RestApi, body: &Node, operation: &Node) -> Secured {
    let mut secured = Secured { auth: RouteAuth::None, api_key: false };
    if let Some(auth) = operation.get("x-amazon-apigateway-auth") {
        secured.auth = explicit(auth);
    }
    let Some(security) = operation.get("security").or_else(|| body.get("security")) else { return secured };
    if let Some((node, unknown)) = security.first_unknown() {
        secured.auth = RouteAuth::Unknown { why: unknown.why.clone(), place: node.place.clone() };
        return secured;
    }
    for requirement in security.items().iter().flat_map(Node::members) {
        let scopes = requirement.value.items().iter().filter_map(Node::scalar).collect();
        match scheme(api, body, &requirement.key, scopes, &requirement.key_place) {
            Scheme::ApiKey => secured.api_key = true,
            Scheme::Auth(RouteAuth::None) => {}
            // A method has one authorizer; API Gateway refuses an import with two.
            Scheme::Auth(_) if secured.auth != RouteAuth::None => {
                let why = format!("`security` names more than one authorizer, the second is {}", requirement.key);
                secured.auth = RouteAuth::Unknown { why, place: requirement.key_place.clone() };
            }
            Scheme::Auth(auth) => secured.auth = auth,
        }
    }
    secured
}

enum Scheme {
    ApiKey,
    Auth(RouteAuth),
}

fn scheme(api: &RestApi, body: &Node, name: &str, scopes: Vec<String>, place: &Place) -> Scheme {
    let unknown = |why: String| Scheme::Auth(RouteAuth::Unknown { why, place: place.clone() });
    let Some(declared) = schemes(body).and_then(|all| all.get(name)) else {
        // SAM's word for "no authorizer".
        return if name == "NONE" { Scheme::Auth(RouteAuth::None) } else { unknown(format!("security scheme {name} is not declared")) };
    };
    let text = |key: &str| declared.get(key).and_then(Node::str).unwrap_or_default();
    if api.authorizers.contains_key(name) {
        return Scheme::Auth(RouteAuth::Authorizer { name: name.to_owned(), scopes, place: place.clone() });
    }
    match text("x-amazon-apigateway-authtype").to_ascii_lowercase().as_str() {
        "awssigv4" => return Scheme::Auth(RouteAuth::Iam { place: place.clone() }),
        "" => {}
        other => return unknown(format!("security scheme {name} is of type {other} and has no authorizer")),
    }
    if text("type").eq_ignore_ascii_case("apiKey") && text("name").eq_ignore_ascii_case("x-api-key") {
        return Scheme::ApiKey;
    }
    unknown(format!("security scheme {name} has no authorizer"))
}

/// `x-amazon-apigateway-auth: {type: AWS_IAM}`.
fn explicit(auth: &Node) -> RouteAuth {
    let place = auth.place.clone();
    match auth.get("type").and_then(Node::str) {
        Some("AWS_IAM") => RouteAuth::Iam { place },
        Some("NONE") => RouteAuth::None,
        _ => RouteAuth::Unknown { why: "x-amazon-apigateway-auth has an unknown type".into(), place },
    }
}

impl AuthorizerKind {
    /// ARN of the function of a Lambda authorizer.
    pub fn function_arn(&self) -> Option<&str> {
        match self {
            Self::Token { function_arn, .. } | Self::Request { function_arn, .. } => Some(function_arn),
            Self::Cognito { .. } | Self::Unknown(_) => None,
        }
    }
}
