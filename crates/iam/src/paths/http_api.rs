//! Routes of HTTP and WebSocket APIs (API Gateway Developer Guide, "API Gateway HTTP APIs"), from their resources or from
//! their OpenAPI body: which lead to a function, and whether anyone passes. An authorizer that is not known is no protection.

use super::build::Builder;
use super::events::function;
use super::node::NodeKind;
use super::reach::Evidence;
use super::surface::{signs_up, written};
use model::aws::Function;
use model::{App, Node, Place, Resource};

/// How a route asks who calls.
enum Door<'a> {
    /// It does not ask.
    Open,
    /// Tokens of this issuer.
    Tokens(String),
    /// A signature, or a function of the application's: no outsider passes by the template alone.
    Closed,
    /// What it asks cannot be read.
    Unknown(&'a Node),
}

struct Route<'a> {
    key: String,
    place: &'a Place,
    door: Door<'a>,
    function: &'a Function,
}

impl Builder<'_> {
    pub(super) fn http_apis(&mut self, app: &App) {
        for api in app.of_kind("AWS::ApiGatewayV2::Api") {
            let routes = declared(app, api).into_iter().chain(of_body(app, api)).chain(quick(app, api));
            for route in routes {
                let open = written(&api.id.logical, route.place.clone());
                let (primitive, found) = match &route.door {
                    Door::Open => ("api-open", open),
                    Door::Unknown(node) => ("api-open", Evidence { sure: false, ..written(&api.id.logical, node.place.clone()) }),
                    Door::Tokens(issuer) => {
                        let pool = app.of_kind("AWS::Cognito::UserPool").find(|pool| issuer.ends_with(&format!("/{}", pool.physical_id)));
                        let Some(users) = pool.filter(|pool| signs_up(app, pool)) else { continue };
                        ("cognito-sign-up", written(&users.id.logical, users.place.clone()))
                    }
                    Door::Closed => continue,
                };
                let id = &api.physical_id;
                let arn = format!("arn:{}:execute-api:{}:{}:{id}/*/{}", app.partition, app.region, app.account, route.key);
                let (internet, at) = (self.internet(), self.node(&arn, NodeKind::Route, route.place));
                let to = self.node(&route.function.arn, NodeKind::Function, &route.function.place);
                self.link(internet, at, primitive, found);
                self.link(at, to, "api-integration", written(&api.id.logical, route.place.clone()));
            }
        }
    }
}

/// `GET /rides` as `GET/rides`, as the ARN writes it.
fn key(text: &str) -> String {
    text.replacen(' ', "", 1)
}

fn text(resource: &Resource, name: &str) -> Option<String> {
    resource.properties.get(name).and_then(Node::scalar)
}

/// Routes that are resources of their own.
fn declared<'a>(app: &'a App, api: &'a Resource) -> Vec<Route<'a>> {
    let of_api = |resource: &&Resource| text(resource, "ApiId").as_deref() == Some(api.physical_id.as_str());
    let routes = app.of_kind("AWS::ApiGatewayV2::Route").filter(of_api);
    let read = |route: &'a Resource| {
        let target = text(route, "Target")?;
        let integration =
            app.of_kind("AWS::ApiGatewayV2::Integration").find(|i| target.strip_prefix("integrations/") == Some(&i.physical_id))?;
        let function = function(app, &text(integration, "IntegrationUri")?)?;
        let route_key = text(route, "RouteKey")?;
        // Of a WebSocket API only the connection is authorised.
        let socket = text(api, "ProtocolType").as_deref() == Some("WEBSOCKET");
        let connect =
            || app.of_kind("AWS::ApiGatewayV2::Route").filter(of_api).find(|r| text(r, "RouteKey").as_deref() == Some("$connect"));
        let asks = if socket { connect().unwrap_or(route) } else { route };
        Some(Route { key: key(&route_key), place: &route.place, door: door(app, asks), function })
    };
    routes.filter_map(read).collect()
}

fn door<'a>(app: &'a App, route: &'a Resource) -> Door<'a> {
    let Some(kind) = route.properties.get("AuthorizationType") else { return Door::Open };
    match kind.str() {
        Some("NONE") => Door::Open,
        Some("AWS_IAM" | "CUSTOM") => Door::Closed,
        Some("JWT") => {
            let id = text(route, "AuthorizerId");
            let authorizer = app.of_kind("AWS::ApiGatewayV2::Authorizer").find(|own| Some(&own.physical_id) == id.as_ref());
            match authorizer.and_then(|own| own.properties.at(&["JwtConfiguration", "Issuer"])).and_then(Node::scalar) {
                Some(issuer) => Door::Tokens(issuer),
                None => Door::Unknown(kind),
            }
        }
        _ => Door::Unknown(kind),
    }
}

/// An API that is made with a target alone: one open route.
fn quick<'a>(app: &'a App, api: &'a Resource) -> Option<Route<'a>> {
    let target = api.properties.get("Target")?;
    let function = function(app, &target.scalar()?)?;
    let key = text(api, "RouteKey").map_or_else(|| "$default".to_owned(), |text| key(&text));
    Some(Route { key, place: &target.place, door: Door::Open, function })
}

/// Routes of an OpenAPI body with API Gateway's extensions.
fn of_body<'a>(app: &'a App, api: &'a Resource) -> Vec<Route<'a>> {
    let Some(body) = api.properties.get("Body") else { return Vec::new() };
    let mut out = Vec::new();
    for path in body.get("paths").map(Node::members).unwrap_or_default() {
        for method in path.value.members() {
            let uri = method.value.at(&["x-amazon-apigateway-integration", "uri"]).and_then(Node::scalar);
            let Some(function) = uri.and_then(|uri| function(app, &uri)) else { continue };
            let verb = match method.key.as_str() {
                "x-amazon-apigateway-any-method" => "ANY".to_owned(),
                verb => verb.to_uppercase(),
            };
            let route_key = if path.key == "/$default" { "$default".to_owned() } else { format!("{verb}{}", path.key) };
            let security = method.value.get("security").or_else(|| body.get("security"));
            out.push(Route { key: route_key, place: &method.key_place, door: schemes(body, security), function });
        }
    }
    out
}

/// The first scheme that a route asks for.
fn schemes<'a>(body: &'a Node, security: Option<&'a Node>) -> Door<'a> {
    let Some(first) = security.and_then(|security| security.items().first()) else { return Door::Open };
    let Some(scheme) = first.members().first() else { return Door::Open };
    let Some(definition) = body.at(&["components", "securitySchemes", &scheme.key]) else { return Door::Unknown(first) };
    if definition.get("x-amazon-apigateway-authtype").is_some() {
        return Door::Closed;
    }
    let Some(authorizer) = definition.get("x-amazon-apigateway-authorizer") else { return Door::Unknown(definition) };
    match authorizer.get("type").and_then(Node::str) {
        Some("jwt") => match authorizer.at(&["jwtConfiguration", "issuer"]).and_then(Node::scalar) {
            Some(issuer) => Door::Tokens(issuer),
            None => Door::Unknown(authorizer),
        },
        Some("request") => Door::Closed,
        _ => Door::Unknown(authorizer),
    }
}
