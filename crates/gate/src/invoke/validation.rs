//! Request validation (API Gateway Developer Guide, "Request validation for REST APIs in API Gateway"): required
//! parameters, then the body against the model of its content type. A content type without a model is not validated,
//! as in AWS; the reason says so.

use super::schema::{self, Fit};
use super::{Found, request};
use crate::walk::{Said, Walk, stop};
use model::HttpRequest;
use model::aws::Validator;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Judges parameters and body.
pub(crate) fn judge(walk: &mut Walk<'_>) -> Said {
    let Some(found) = walk.invoke else { return Said::lost() };
    let Some(validator) = &found.route.validator else {
        return Said::on(format!("{} has no request validator", found.name()), Some(found.route.place.clone()));
    };
    let place = Some(validator.place.clone());
    if let Some(why) = &validator.unknown {
        return Said::depends(format!("the request validator of {} is not known: {why}", found.name()), place);
    }
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
    let refused = || stop(400, "BAD_REQUEST_BODY", "Invalid request body");
    let bytes = &found.invoke.request.body;
    // An empty body is judged as an empty object.
    let instance = if bytes.is_empty() { Ok(json!({})) } else { serde_json::from_slice::<Value>(bytes) };
    let Ok(instance) = instance else { return Said::stop(refused(), format!("the body is no JSON; model {model}"), place) };
    match schema::judge(found.api, schema, &instance) {
        Fit::Yes => Said::on(format!("the body fits model {model}"), place),
        Fit::No(pointer) => Said::stop(refused(), format!("the body does not fit model {model} at {}", at(&pointer)), place),
        Fit::Unknown(why) => Said::depends(format!("model {model} is not understood: {why}"), place),
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
