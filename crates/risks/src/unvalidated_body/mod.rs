//! A route that hands its function any body at all, where the function puts it to dangerous use.

use crate::Risk;
use crate::route::{self, FunctionRoute};
use crate::setting::{self, Told};
use model::code::{EventSource, Flow, SinkKind};
use model::{App, Edit, Finding, Operation, Segment, Severity, Step};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The risk.
pub const RISK: Risk = setting::plain(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "unvalidated-body";

/// Methods whose requests have a body.
const METHODS: [&str; 4] = ["POST", "PUT", "PATCH", "ANY"];

fn check(app: &App) -> Vec<Finding> {
    route::all(app).filter(|found| METHODS.contains(&found.route.method.as_str())).filter_map(|found| finding(app, &found)).collect()
}

fn finding(app: &App, found: &FunctionRoute<'_>) -> Option<Finding> {
    let flows = dangerous(app, found);
    let flow = flows.first()?;
    let told = match &found.route.validator {
        Some(validator) => match &validator.unknown {
            Some(why) => Told::Open(why.clone(), validator.place.clone()),
            None if validator.body && !found.route.request_models.is_empty() => Told::Right,
            None => Told::Wrong(found.route.place.clone()),
        },
        None => Told::Wrong(found.route.place.clone()),
    };
    let known = matches!(told, Told::Wrong(_));
    let resource = app.resource(&found.api.id)?;
    let title = format!("{} of {} takes any body", found.name(), found.api.id.logical);
    let made = setting::finding(SLUG, Severity::Medium, resource, told, title)?;
    let mut path = found.steps(format!("{} has no model that its body must meet", found.name()));
    path.push(Step { says: format!("the body goes into {}", sink(flow.sink)), place: flow.built_at.clone() });
    Some(Finding { path, symbol: found.name(), fix: fix(app, found, &flows).filter(|_| known), ..made })
}

/// Flows of the function from the body, under the route's method, to what a body can break out of.
fn dangerous<'a>(app: &'a App, found: &FunctionRoute<'_>) -> Vec<&'a Flow> {
    let flows = app.code.handlers.get(&found.function.id).map(|handler| handler.flows.as_slice()).unwrap_or_default();
    let under = |flow: &&Flow| found.route.method == "ANY" || flow.methods.is_empty() || flow.methods.contains(&found.route.method);
    flows.iter().filter(under).filter(|flow| matches!(flow.source, EventSource::Body(_))).collect()
}

fn sink(kind: SinkKind) -> &'static str {
    match kind {
        SinkKind::Sql | SinkKind::PartiQl | SinkKind::NoSql => "a query",
        SinkKind::Shell => "a shell command",
        SinkKind::Eval | SinkKind::Template => "code that is run",
        SinkKind::File | SinkKind::S3Key | SinkKind::Presign | SinkKind::PostPolicy => "the name of a file",
        SinkKind::Url => "the address of a request",
        SinkKind::Deserialize | SinkKind::Xml => "a reader that makes objects of it",
        SinkKind::Html => "a page",
    }
}

/// A model of the members that the code is seen to use, and a validator, where the API has an OpenAPI body to hold them.
fn fix(app: &App, found: &FunctionRoute<'_>, flows: &[&Flow]) -> Option<model::Fix> {
    let resource = app.resource(&found.api.id)?;
    found.api.body_place.as_ref()?;
    let body = if resource.generated_from.is_some() { "DefinitionBody" } else { "Body" };
    let openapi = resource.properties.at(&["Body", "openapi"]).is_some();
    let file = found.route.place.file.clone();
    let set = |keys: &[&str], value: Value| {
        let home = ["Resources", &*found.api.id.logical, "Properties", body];
        let path = home.iter().chain(keys).map(|key| Segment::from(*key));
        Edit::document(file.clone(), path, Operation::Set(value))
    };
    let members: BTreeSet<&str> = flows
        .iter()
        .filter_map(|flow| match &flow.source {
            EventSource::Body(path) => path.first().map(String::as_str),
            _ => None,
        })
        .collect();
    // A body that is used whole has no members to name.
    if members.is_empty() {
        return None;
    }
    // What customers send in them is not known: a plain value, at least, and no object with operators or members of its own.
    let one = json!({"type": ["string", "number", "boolean", "null"]});
    let properties: Map<String, Value> = members.iter().map(|name| ((*name).to_owned(), one.clone())).collect();
    let model = json!({"type": "object", "properties": properties});
    let name: String = found.name().split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).map(capital).collect();
    let method = if found.route.method == "ANY" { "x-amazon-apigateway-any-method".to_owned() } else { found.route.method.to_lowercase() };
    let at = |key: &'static str| -> [String; 4] { ["paths".into(), found.route.path.clone(), method.clone(), key.into()] };
    let keyed = |keys: &[String; 4], value: Value| set(&keys.iter().map(String::as_str).collect::<Vec<_>>(), value);
    let mut edits = vec![
        set(&["x-amazon-apigateway-request-validators", "body"], json!({"validateRequestBody": true, "validateRequestParameters": false})),
        keyed(&at("x-amazon-apigateway-request-validator"), "body".into()),
    ];
    if openapi {
        edits.push(set(&["components", "schemas", &name], model));
        let schema = json!({"$ref": format!("#/components/schemas/{name}")});
        edits.push(keyed(&at("requestBody"), json!({"required": true, "content": {"application/json": {"schema": schema}}})));
    } else {
        edits.push(set(&["definitions", &name], model));
        let parameter = json!({"in": "body", "name": "body", "required": true, "schema": {"$ref": format!("#/definitions/{name}")}});
        edits.push(keyed(&at("parameters"), json!([parameter])));
    }
    let fix = setting::fix_then(
        &format!("check the body of {} against a model", found.name()),
        edits.into_iter().map(Some),
        "make the model say what your customers really send: each member, its type, its form",
    );
    // A route that has parameters of its own would lose them.
    fix.filter(|_| found.route.required_parameters.is_empty())
}

fn capital(part: &str) -> String {
    let mut letters = part.to_lowercase();
    if let Some(first) = letters.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    letters
}
