//! Request validation (API Gateway Developer Guide, "Request validation for REST APIs in API Gateway"): required
//! parameters, then the body against the model of its content type. A content type without a model is not validated,
//! as in AWS; the reason says so.

use super::{Found, request};
use crate::walk::{Said, Walk, stop};
use model::aws::Validator;
use model::{HttpRequest, Node};
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Judges parameters and body.
pub(crate) fn judge(walk: &mut Walk<'_>) -> Said {
    let Some(found) = walk.invoke else { return Said::lost() };
    let Some(validator) = &found.route.validator else {
        return Said::on(format!("{} has no request validator", found.name()), Some(found.route.place.clone()));
    };
    let place = Some(validator.place.clone());
    if validator.parameters {
        let missing = missing(&found, &walk.grant.path_parameters);
        if !missing.is_empty() {
            let message = format!("Missing required request parameters: [{}]", missing.join(", "));
            return Said::stop(
                stop(400, "BAD_REQUEST_PARAMETERS", message),
                format!("{} requires {}", found.name(), missing.join(", ")),
                place,
            );
        }
    }
    if validator.body { body(&found, validator) } else { Said::on(format!("{} does not validate its body", found.name()), place) }
}

/// Names of required parameters that the request lacks, in the order of `header`, `path`, `querystring`.
fn missing(found: &Found<'_>, path: &BTreeMap<String, String>) -> Vec<String> {
    let http = &found.invoke.request;
    let mut required: Vec<_> = found.route.required_parameters.iter().collect();
    required.sort();
    let there = |(kind, name): &(String, String)| match kind.as_str() {
        "header" => http.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)),
        "path" => path.contains_key(name),
        _ => request::query(http).any(|(own, _)| own == *name),
    };
    required.into_iter().filter(|parameter| !there(parameter)).map(|(_, name)| name.clone()).collect()
}

fn body(found: &Found<'_>, validator: &Validator) -> Said {
    let place = Some(validator.place.clone());
    let route = found.route;
    let content_type = content_type(&found.invoke.request);
    let models = &route.request_models;
    let named = models.iter().find(|(own, _)| own.eq_ignore_ascii_case(&content_type)).map(|(_, name)| name);
    let Some(model) = named.or_else(|| models.get("$default")) else {
        return Said::on(format!("{} has no model for {content_type}: its body is not validated", found.name()), place);
    };
    let Some(schema) = found.api.models.get(model) else {
        // Every API has these two models without declaring them.
        return match model.as_str() {
            "Empty" => Said::on(format!("{} has the model Empty", found.name()), place),
            _ => Said::depends(format!("model {model} of {} is not known", found.name()), place),
        };
    };
    let place = Some(schema.place.clone());
    if let Some((node, unknown)) = schema.first_unknown() {
        return Said::depends(format!("model {model} is not known: {}", unknown.why), Some(node.place.clone()));
    }
    let refused = || stop(400, "BAD_REQUEST_BODY", "Invalid request body");
    let bytes = &found.invoke.request.body;
    // An empty body is judged as an empty object.
    let instance = if bytes.is_empty() { Ok(json!({})) } else { serde_json::from_slice::<Value>(bytes) };
    let Ok(instance) = instance else { return Said::stop(refused(), format!("the body is no JSON; model {model}"), place) };
    match compiled(bundle(found, schema)) {
        None => Said::depends(format!("model {model} is no schema that can be understood"), place),
        Some(validator) => match validator.validate(&instance) {
            Ok(()) => Said::on(format!("the body fits model {model}"), place),
            Err(error) => {
                Said::stop(refused(), format!("the body does not fit model {model} at {}", at(&error.instance_path().to_string())), place)
            }
        },
    }
}

fn at(pointer: &str) -> &str {
    if pointer.is_empty() { "its root" } else { pointer }
}

/// The media type without parameters; `application/json` when there is none.
fn content_type(request: &HttpRequest) -> String {
    let header = request.header("content-type").and_then(|value| value.split(';').next()).map(str::trim);
    header.filter(|value| !value.is_empty()).unwrap_or("application/json").to_owned()
}

/// The schema with all models of the API below `definitions`, and every reference made to point there.
fn bundle(found: &Found<'_>, schema: &Node) -> Value {
    let root = model(schema);
    let mut definitions = Map::new();
    let mut wanted = references(&root);
    while let Some(name) = wanted.pop() {
        if let Some(node) = found.api.models.get(&name).filter(|_| !definitions.contains_key(&name)) {
            let value = model(node);
            wanted.extend(references(&value));
            definitions.insert(name, local(value));
        }
    }
    let mut root = local(root);
    if let Value::Object(members) = &mut root {
        members.insert("$schema".into(), json!("http://json-schema.org/draft-04/schema#"));
        let own = members.remove("definitions");
        if let Some(Value::Object(own)) = own {
            definitions.extend(own);
        }
        members.insert("definitions".into(), Value::Object(definitions));
    }
    root
}

/// A model's schema; a model resource may give it as text.
fn model(node: &Node) -> Value {
    match node.str().map(serde_json::from_str) {
        Some(Ok(value)) => value,
        _ => node.json(),
    }
}

fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).and_then(|r| r.rsplit('/').next()).map(str::to_owned);
            own.into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// `#/definitions/X`, `#/components/schemas/X` and `https://apigateway.amazonaws.com/restapis/A/models/X` all name X.
fn local(schema: Value) -> Value {
    match schema {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(key, value)| match (key.as_str(), value.as_str().and_then(|r| r.rsplit('/').next())) {
                    ("$ref", Some(name)) if name != "#" => (key, Value::String(format!("#/definitions/{name}"))),
                    _ => (key, local(value)),
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(local).collect()),
        other => other,
    }
}

/// Compiled schemas by their text: the same models judge every request. Forgotten all at once when too many.
const KEPT: usize = 64;

thread_local! {
    static COMPILED: RefCell<BTreeMap<String, Rc<jsonschema::Validator>>> = const { RefCell::new(BTreeMap::new()) };
}

fn compiled(schema: Value) -> Option<Rc<jsonschema::Validator>> {
    COMPILED.with_borrow_mut(|kept| {
        let text = schema.to_string();
        if let Some(known) = kept.get(&text) {
            return Some(Rc::clone(known));
        }
        let validator = Rc::new(jsonschema::options().with_draft(jsonschema::Draft::Draft4).build(&schema).ok()?);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(text, Rc::clone(&validator));
        Some(validator)
    })
}
