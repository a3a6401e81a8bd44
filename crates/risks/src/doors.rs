//! Doors: everything by which a caller from outside reaches a function with a request of its own. REST APIs are judged by the gate;
//! the others by what their template says of authorization. Never takes an API key or a web ACL for an identity.

use crate::route::{self, FunctionRoute};
use model::aws::{AuthorizerKind, Function, Integration, RouteAuth};
use model::code::EventSource;
use model::{App, Node, Place, ResourceId, Step};

/// A door of one function.
pub struct Door<'a> {
    /// The function behind it.
    pub function: &'a Function,
    /// `GET`; `ANY` where every method comes through.
    pub method: String,
    /// `/orders/{id}`; empty where a door has no path.
    pub path: String,
    /// What a caller does: `may send GET /orders/{id}`.
    does: String,
    /// The API it belongs to, where it belongs to one.
    pub api: Option<&'a ResourceId>,
    place: Place,
    guard: Guard<'a>,
    /// Whether what the function returns goes back to the caller; of a WebSocket's messages only where a response is declared.
    pub answers: bool,
}

enum Guard<'a> {
    /// The gate is asked.
    Rest(FunctionRoute<'a>),
    /// Nobody is asked who they are.
    Open,
    /// Callers are asked.
    Closed,
    /// What is written is not understood.
    Unknown,
}

/// Who comes through a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Anyone on the internet.
    Anyone,
    /// Anyone with an AWS account.
    Stranger,
    /// Somebody whom the application knows.
    Caller,
    /// It is not known who.
    Unknown,
    /// Only an operator of the account.
    Operator,
}

impl Who {
    /// In words.
    pub fn says(self) -> &'static str {
        match self {
            Self::Anyone => "anyone on the internet",
            Self::Stranger => "anyone with an AWS account",
            Self::Caller => "a signed-in caller",
            Self::Unknown => "a caller whose authorization is not known",
            Self::Operator => "an operator of the account",
        }
    }
}

impl Door<'_> {
    /// Who comes through.
    pub fn who(&self, app: &App) -> Who {
        match &self.guard {
            Guard::Rest(found) if found.refuses_anyone(app) => Who::Caller,
            Guard::Rest(_) | Guard::Open => Who::Anyone,
            Guard::Closed => Who::Caller,
            Guard::Unknown => Who::Unknown,
        }
    }

    /// The route of a REST API, where it is one.
    pub fn rest(&self) -> Option<&FunctionRoute<'_>> {
        match &self.guard {
            Guard::Rest(found) => Some(found),
            _ => None,
        }
    }

    /// The first steps of a path: the door, what stands before it, and the function it leads to.
    pub fn steps(&self, app: &App) -> Vec<Step> {
        let opening = format!("{} {}", self.who(app).says(), self.does);
        match self.rest() {
            Some(found) => found.steps(opening),
            None => vec![
                Step { says: opening, place: self.place.clone() },
                Step { says: format!("it reaches {}", self.function.id.logical), place: self.function.place.clone() },
            ],
        }
    }

    /// Whether a request through it can carry the data that a flow begins with, when the handler looks for these methods.
    pub fn carries(&self, source: &EventSource, methods: &[String]) -> bool {
        let any = self.method == "ANY";
        let method_fits = methods.is_empty() || any || methods.contains(&self.method);
        let source_fits = match source {
            EventSource::PathParameter(name) => {
                self.path.is_empty()
                    || self.path.contains(&format!("{{{name}}}"))
                    || self.path.contains(&format!("{{{name}+}}"))
                    || (name.is_empty() && (self.path.contains('{') || self.path.contains('$')))
            }
            EventSource::Trigger(..) => false,
            EventSource::Body(_) => !matches!(self.method.as_str(), "GET" | "HEAD"),
            // A proxy event has no fields of an application's own.
            EventSource::Field(_) => false,
            _ => true,
        };
        method_fits && source_fits
    }
}

/// Every door, those of REST APIs first, in the order written.
pub fn all(app: &App) -> Vec<Door<'_>> {
    let mut doors: Vec<Door<'_>> = route::all(app)
        .map(|found| Door {
            function: found.function,
            method: found.route.method.clone(),
            path: found.route.path.clone(),
            does: format!("may send {}", found.name()),
            api: Some(&found.api.id),
            place: found.route.place.clone(),
            guard: Guard::Rest(found),
            answers: true,
        })
        .collect();
    for api in &app.aws().rest_apis {
        for authorizer in api.authorizers.values() {
            if let AuthorizerKind::Token { function_arn, .. } | AuthorizerKind::Request { function_arn, .. } = &authorizer.kind
                && let Some(function) = app.aws().function_by_arn(function_arn)
            {
                let does = format!("may send a token, about which {} is asked", authorizer.name);
                doors.push(plain(function, ("ANY", ""), does, &authorizer.place, Guard::Open));
            }
        }
    }
    http_apis(app, &mut doors);
    urls(app, &mut doors);
    others(app, &mut doors);
    doors
}

fn plain<'a>(function: &'a Function, (method, path): (&str, &str), does: String, place: &Place, guard: Guard<'a>) -> Door<'a> {
    let (method, path) = (method.to_uppercase(), path.to_owned());
    Door { function, method, path, does, api: None, place: place.clone(), guard, answers: true }
}

/// The function in the URI of an integration, or the function's own ARN.
fn function_in<'a>(app: &'a App, uri: &Node) -> Option<&'a Function> {
    let text = uri.str()?;
    let arn = text.split_once("/functions/").and_then(|(_, rest)| rest.strip_suffix("/invocations")).unwrap_or(text);
    named(app, arn)
}

/// A function by its ARN, its name or a part of its ARN.
pub fn named<'a>(app: &'a App, text: &str) -> Option<&'a Function> {
    app.aws().function_by_arn(text).or_else(|| {
        let bare = text.rsplit("function:").next().unwrap_or(text);
        let bare = bare.split(':').next().unwrap_or(bare);
        app.aws().functions.values().find(|function| function.name == bare)
    })
}

/// HTTP and WebSocket APIs: routes of their OpenAPI body, and `AWS::ApiGatewayV2::Route` (API Gateway Developer Guide, "Working with
/// routes for HTTP APIs" and "Control and manage access to WebSocket APIs").
fn http_apis<'a>(app: &'a App, doors: &mut Vec<Door<'a>>) {
    for api in app.of_kind("AWS::ApiGatewayV2::Api") {
        if let Some(function) = api.properties.get("Target").and_then(|target| function_in(app, target)) {
            let door = plain(function, ("ANY", "/{proxy+}"), format!("may call {}", api.id.logical), &api.place, Guard::Open);
            doors.push(Door { api: Some(&api.id), ..door });
        }
        let Some(body) = api.properties.get("Body") else { continue };
        for item in body.get("paths").map(Node::members).unwrap_or_default() {
            for operation in item.value.members() {
                let Some(uri) = operation.value.at(&["x-amazon-apigateway-integration", "uri"]) else { continue };
                let Some(function) = function_in(app, uri) else { continue };
                let method = if operation.key == "x-amazon-apigateway-any-method" { "ANY" } else { operation.key.as_str() };
                if method.eq_ignore_ascii_case("options") {
                    continue;
                }
                let security = operation.value.get("security").or_else(|| body.get("security"));
                let guard = match (operation.value.at(&["x-amazon-apigateway-auth", "type"]).and_then(Node::str), security) {
                    (Some("AWS_IAM"), _) => Guard::Closed,
                    (_, Some(node)) if node.unknown().is_some() => Guard::Unknown,
                    (_, Some(node)) if node.items().iter().any(|one| !one.members().is_empty()) => Guard::Closed,
                    _ => Guard::Open,
                };
                let does = format!("may send {} {}", method.to_uppercase(), item.key);
                doors.push(Door { api: Some(&api.id), ..plain(function, (method, &item.key), does, &operation.key_place, guard) });
            }
        }
    }
    for route in app.of_kind("AWS::ApiGatewayV2::Route") {
        let p = &route.properties;
        let target = p.get("Target").and_then(Node::scalar).unwrap_or_default();
        let id = target.rsplit('/').next().unwrap_or_default();
        let Some(integration) = app.by_physical("AWS::ApiGatewayV2::Integration", id) else { continue };
        let Some(function) = integration.properties.get("IntegrationUri").and_then(|uri| function_in(app, uri)) else { continue };
        let key = p.get("RouteKey").and_then(Node::scalar).unwrap_or_default();
        let (method, path) = key.split_once(' ').unwrap_or(("ANY", &key));
        // Only the connection of a WebSocket API is authorized; who has it sends what they like.
        let api = p.get("ApiId").and_then(Node::scalar).unwrap_or_default();
        let connect = |other: &&model::Resource| {
            other.properties.get("ApiId").and_then(Node::scalar).as_deref() == Some(&api)
                && other.properties.get("RouteKey").and_then(Node::str) == Some("$connect")
        };
        let decides = if key.starts_with('$') || !key.contains(' ') {
            app.of_kind("AWS::ApiGatewayV2::Route").find(connect).map_or(p, |connect| &connect.properties)
        } else {
            p
        };
        let guard = match decides.get("AuthorizationType") {
            None => Guard::Open,
            Some(node) if node.unknown().is_some() => Guard::Unknown,
            Some(node) if node.str() == Some("NONE") => Guard::Open,
            Some(_) => Guard::Closed,
        };
        let mut door = plain(function, (method, path), format!("may send {key}"), &route.place, guard);
        door.api = app.by_physical("AWS::ApiGatewayV2::Api", &api).map(|api| &api.id);
        door.answers = key.contains(' ') || p.get("RouteResponseSelectionExpression").is_some();
        doors.push(door);
    }
}

/// Function URLs and load balancers.
fn urls<'a>(app: &'a App, doors: &mut Vec<Door<'a>>) {
    for url in app.of_kind("AWS::Lambda::Url") {
        let p = &url.properties;
        let Some(function) = p.get("TargetFunctionArn").and_then(Node::scalar).and_then(|text| named(app, &text)) else { continue };
        let guard = match p.get("AuthType").and_then(Node::str) {
            Some("NONE") => Guard::Open,
            Some(_) => Guard::Closed,
            None => Guard::Unknown,
        };
        doors.push(plain(function, ("ANY", ""), "may call the function's URL".into(), &url.place, guard));
    }
    let internal = |lb: &model::Resource| lb.properties.get("Scheme").and_then(Node::str) == Some("internal");
    let balancers = || app.of_kind("AWS::ElasticLoadBalancingV2::LoadBalancer");
    for group in app.of_kind("AWS::ElasticLoadBalancingV2::TargetGroup") {
        for target in group.properties.get("Targets").map(Node::items).unwrap_or_default() {
            let Some(function) = target.get("Id").and_then(Node::scalar).and_then(|text| named(app, &text)) else { continue };
            let guard = if balancers().next().is_some() && balancers().all(internal) { Guard::Closed } else { Guard::Open };
            doors.push(plain(function, ("ANY", "/{proxy+}"), "may send a request to the load balancer".into(), &group.place, guard));
        }
    }
}

/// AppSync fields, CloudFront's functions at the edge.
fn others<'a>(app: &'a App, doors: &mut Vec<Door<'a>>) {
    for distribution in app.of_kind("AWS::CloudFront::Distribution") {
        let Some(config) = distribution.properties.get("DistributionConfig") else { continue };
        let behaviours =
            config.get("DefaultCacheBehavior").into_iter().chain(config.get("CacheBehaviors").map(Node::items).into_iter().flatten());
        for association in behaviours.flat_map(|b| b.get("LambdaFunctionAssociations").map(Node::items).unwrap_or_default()) {
            let Some(function) = association.get("LambdaFunctionARN").and_then(Node::scalar).and_then(|text| named(app, &text)) else {
                continue;
            };
            let does = format!("may send a request to {}", distribution.id.logical);
            doors.push(plain(function, ("ANY", ""), does, &association.place, Guard::Open));
        }
    }
}

/// Functions that Cognito or AppSync start with what a user gave: who gives it.
pub fn users(app: &App, function: &ResourceId) -> Option<(Who, Vec<Step>)> {
    let is = |node: &Node| node.scalar().and_then(|text| named(app, &text)).is_some_and(|found| found.id == *function);
    for pool in app.of_kind("AWS::Cognito::UserPool") {
        let triggers = pool.properties.get("LambdaConfig").map(Node::members).unwrap_or_default();
        let Some(trigger) = triggers.iter().find(|m| is(&m.value) || m.value.get("LambdaArn").is_some_and(is)) else { continue };
        let closed = pool.properties.at(&["AdminCreateUserConfig", "AllowAdminCreateUserOnly"]).and_then(Node::bool) == Some(true);
        let who = if closed { Who::Caller } else { Who::Anyone };
        let does = if closed { "changes its own attributes in" } else { "may sign up at" };
        let says = format!("{} {does} {}, which asks {}", who.says(), pool.id.logical, trigger.key);
        return Some((who, vec![Step { says, place: trigger.key_place.clone() }]));
    }
    for source in app.of_kind("AWS::AppSync::DataSource") {
        if !source.properties.at(&["LambdaConfig", "LambdaFunctionArn"]).is_some_and(is) {
            continue;
        }
        let api = source.properties.get("ApiId").and_then(Node::scalar).unwrap_or_default();
        let api = app
            .of_kind("AWS::AppSync::GraphQLApi")
            .find(|found| found.physical_id == api || found.properties.get("ApiId").and_then(Node::scalar).as_deref() == Some(&api));
        let keyed = api.is_none_or(|api| api.properties.get("AuthenticationType").and_then(Node::str) == Some("API_KEY"));
        let who = if keyed { Who::Anyone } else { Who::Caller };
        let says = format!("{} may ask a field of the GraphQL API that {} answers", who.says(), source.id.logical);
        return Some((who, vec![Step { says, place: source.place.clone() }]));
    }
    None
}

/// Ways by which API Gateway itself writes what a caller sends to a queue, a topic, a bus, a stream, a table or a bucket, without a
/// function between (API Gateway Developer Guide, "Choose an API Gateway API integration type").
pub fn direct<'n>(app: &App, arns: &[&'n str]) -> Vec<(&'n str, Who, Step)> {
    let mut ways = Vec::new();
    let mut add = |integration: &Node, who: Who, does: String, place: &Place| {
        let (mut texts, mut subtype) = (Vec::new(), String::new());
        strings(integration, &mut texts);
        for key in ["uri", "Uri", "integrationSubtype", "IntegrationSubtype"] {
            subtype.push_str(&integration.get(key).and_then(Node::scalar).unwrap_or_default().to_lowercase());
        }
        for arn in arns {
            let service = arn.split(':').nth(2).unwrap_or_default();
            let (about, name) = (if service == "events" { "event" } else { service }, arn.rsplit([':', '/']).next().unwrap_or(arn));
            let calls = subtype.contains(&format!(":{about}")) || subtype.starts_with(about);
            let names = texts.iter().any(|text| text.contains(arn) || text.split(['/', '"', '\'', '&', ' ']).any(|word| word == name));
            // The default bus needs no name.
            if calls && (names || arn.ends_with("event-bus/default")) {
                let says = format!("{} {does}, which API Gateway writes to {name} by itself", who.says());
                ways.push((*arn, who, Step { says, place: place.clone() }));
            }
        }
    };
    for api in &app.aws().rest_apis {
        let body = app.resource(&api.id).and_then(|resource| resource.properties.get("Body"));
        for route in api.routes.iter().filter(|route| matches!(route.integration, Integration::Unsupported(_))) {
            let written = body.and_then(|body| body.at(&["paths", &route.path])).and_then(|item| {
                let operation = item.members().iter().find(|m| m.key_place == route.place || m.key.eq_ignore_ascii_case(&route.method))?;
                operation.value.get("x-amazon-apigateway-integration")
            });
            let method = || app.of_kind("AWS::ApiGateway::Method").find(|r| r.place == route.place)?.properties.get("Integration");
            let who = match route.auth {
                RouteAuth::None => Who::Anyone,
                RouteAuth::Unknown { .. } => Who::Unknown,
                RouteAuth::Iam { .. } | RouteAuth::Authorizer { .. } => Who::Caller,
            };
            if let Some(written) = written.or_else(method) {
                add(written, who, format!("may send {} {}", route.method, route.path), &route.place);
            }
        }
    }
    for integration in app.of_kind("AWS::ApiGatewayV2::Integration") {
        let open = |route: &model::Resource| route.properties.get("AuthorizationType").is_none_or(|kind| kind.str() == Some("NONE"));
        let target = format!("integrations/{}", integration.physical_id);
        let mut routes = app.of_kind("AWS::ApiGatewayV2::Route");
        let Some(route) = routes.find(|r| r.properties.get("Target").and_then(Node::str) == Some(target.as_str())) else { continue };
        let who = if open(route) { Who::Anyone } else { Who::Caller };
        let key = route.properties.get("RouteKey").and_then(Node::scalar).unwrap_or_default();
        add(&integration.properties, who, format!("may send {key}"), &route.place);
    }
    ways
}

/// Every text below a node.
fn strings(node: &Node, out: &mut Vec<String>) {
    out.extend(node.str().map(str::to_owned));
    out.extend(node.unknown().and_then(|unknown| unknown.pattern.clone()));
    node.items().iter().for_each(|item| strings(item, out));
    node.members().iter().for_each(|member| strings(&member.value, out));
}
