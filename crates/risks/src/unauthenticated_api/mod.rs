//! An HTTP, WebSocket or GraphQL API that anyone may call.

use crate::Risk;
use crate::setting::{self, Told};
use crate::{Proved, Reason};
use model::{App, Finding, Node, Place, Profile, Resource, Severity, Step};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err("up runs REST APIs; HTTP, WebSocket and GraphQL APIs it does not run yet"),
    detections: &[],
    // One call without a principal cannot be told from a customer's by what an access log of these APIs says.
    without: &[(Proved::Blocked, Reason::AdviceOnly), (Proved::Detected, Reason::NoLog)],
};

const SLUG: &str = "unauthenticated-api";

fn check(app: &App) -> Vec<Finding> {
    let mut findings: Vec<Finding> = app.of_kind("AWS::ApiGatewayV2::Api").flat_map(|api| http(app, api)).collect();
    findings.extend(app.of_kind("AWS::ApiGatewayV2::Route").filter_map(|route| apart(app, route)));
    findings.extend(app.of_kind("AWS::AppSync::GraphQLApi").flat_map(graphql));
    findings
}

/// Routes of an HTTP API's OpenAPI body.
fn http(app: &App, api: &Resource) -> Vec<Finding> {
    let Some(body) = api.properties.get("Body") else { return Vec::new() };
    let mut findings = Vec::new();
    for path in body.get("paths").map(Node::members).unwrap_or_default() {
        for method in path.value.members() {
            let name = method.key.to_lowercase();
            if !matches!(name.as_str(), "get" | "put" | "post" | "delete" | "patch" | "head" | "x-amazon-apigateway-any-method") {
                continue;
            }
            let shown = if name.starts_with('x') { "ANY".to_owned() } else { name.to_uppercase() };
            // SAM writes the routes of events into the body at one place; the event itself stands where the integration says.
            let event = method.value.get("x-amazon-apigateway-integration").filter(|_| method.key_place == path.key_place);
            let place = event.map_or(&method.key_place, |integration| &integration.place);
            let security = method.value.get("security").or_else(|| body.get("security"));
            let told = match security {
                Some(node) => match node.first_unknown() {
                    Some((at, unknown)) => Told::Open(unknown.why.clone(), at.place.clone()),
                    // An empty requirement among others makes them all optional (OpenAPI Specification, "Security Requirement").
                    None if node.items().is_empty() || node.items().iter().any(|item| item.members().is_empty()) => {
                        Told::Wrong(place.clone())
                    }
                    None => Told::Right,
                },
                None => Told::Wrong(place.clone()),
            };
            findings.extend(finding(app, api, told, &format!("{shown} {}", path.key), integration(app, &method.value)));
        }
    }
    findings
}

/// What the integration's address names, when it is a function of the application.
fn integration<'a>(app: &'a App, operation: &Node) -> Option<&'a Resource> {
    let uri = operation.at(&["x-amazon-apigateway-integration", "uri"])?.scalar()?;
    app.of_kind("AWS::Lambda::Function").find(|function| function.arn.as_ref().is_some_and(|arn| uri.contains(arn.as_str())))
}

/// A route that is a resource of its own. Of a WebSocket API only `$connect` is asked who is calling.
fn apart(app: &App, route: &Resource) -> Option<Finding> {
    let key = route.properties.get("RouteKey")?.scalar()?;
    let api = route.properties.get("ApiId")?;
    let api = app.of_kind("AWS::ApiGatewayV2::Api").find(|resource| setting::names(api, resource));
    let websocket = api.is_some_and(|api| api.properties.get("ProtocolType").and_then(Node::str) == Some("WEBSOCKET"));
    if (websocket || key.starts_with('$')) && !matches!(key.as_str(), "$connect" | "$default")
        || websocket && key == "$default"
        || key.starts_with("OPTIONS ")
    {
        return None;
    }
    let told = setting::told(route, &["AuthorizationType"], |kind| kind.str().is_some_and(|kind| kind != "NONE"));
    let target = route.properties.get("Target").and_then(Node::scalar).unwrap_or_default();
    let integration = app.of_kind("AWS::ApiGatewayV2::Integration").find(|i| target.ends_with(&format!("/{}", i.physical_id)));
    let uri = integration.and_then(|i| i.properties.get("IntegrationUri")?.scalar()).unwrap_or_default();
    let function = app.of_kind("AWS::Lambda::Function").find(|f| f.arn.as_ref().is_some_and(|arn| uri.contains(arn.as_str())));
    finding(app, api.unwrap_or(route), told, &key, function)
}

fn finding(app: &App, api: &Resource, told: Told, symbol: &str, function: Option<&Resource>) -> Option<Finding> {
    let title = format!("{symbol} of {} has no authorizer", api.id.logical);
    let reaches = function.and_then(|function| data(app, function));
    let severity = if reaches.is_some() { Severity::High } else { Severity::Medium };
    let found = setting::finding(SLUG, severity, api, told, title)?;
    let mut path = vec![Step { says: format!("anyone on the internet may call {symbol}"), place: found.place.clone() }];
    path.extend(function.map(|function| Step { says: format!("it is handed to {}", function.id.logical), place: function.place.clone() }));
    path.extend(reaches);
    Some(Finding { path, symbol: symbol.to_owned(), ..found })
}

/// What the function behind it reaches: data of AWS by its code.
fn data(app: &App, function: &Resource) -> Option<Step> {
    let call = app.code.handlers.get(&function.id)?.aws_calls.first()?;
    let operation = call.operation.as_deref().unwrap_or("operations chosen at run time");
    Some(Step { says: format!("{} calls {} {operation}", function.id.logical, call.service), place: call.place.clone() })
}

/// An AppSync API whose default, or one of whose further ways in, is a key that every client carries.
fn graphql(api: &Resource) -> Vec<Finding> {
    let of = |node: &Node| {
        node.get("AuthenticationType").map(|kind| (kind.str() == Some("API_KEY"), kind.unknown().cloned(), kind.place.clone()))
    };
    let further = api.properties.get("AdditionalAuthenticationProviders").map(Node::items).unwrap_or_default();
    let ways = std::iter::once(&api.properties).chain(further).filter_map(of);
    let found = ways.filter_map(|(key, unknown, place): (bool, _, Place)| {
        let told = match unknown {
            Some(unknown) => Told::Open(unknown.why, place.clone()),
            None if key => Told::Wrong(place.clone()),
            None => Told::Right,
        };
        let title = format!("{} takes an API key for an identity", api.id.logical);
        let found = setting::finding(SLUG, Severity::Medium, api, told, title)?;
        let path = vec![Step { says: "the key is in every client, so anyone has it".into(), place }];
        Some(Finding { path, symbol: "API_KEY".into(), ..found })
    });
    found.take(1).collect()
}
