//! What a route says about its requests: model, validator and parameters of a REST API, parameters and payload of an HTTP
//! API (AWS SAM Developer Guide, "RequestModel", "RequestParameters", "HttpApiFunctionRequest").

use super::body::{INTEGRATION, each_integrated, is_three};
use super::make::{Put as _, boolean, given, is_function, is_map, list, map, set, text};
use model::{Kind, Node, Place};

/// Brings `RequestModel` and `RequestParameters` of an event into its method; gives what is wrong with them.
pub(super) fn apply(body: &mut Node, path: &str, method: &str, event: &Node, api: &Node) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(wanted) = set(event, "RequestModel") {
        model(body, path, method, wanted, api, &mut found);
    }
    if let Some(wanted) = set(event, "RequestParameters") {
        let parameters: Vec<Parameter> = wanted.items().iter().filter_map(|item| parameter(item, &mut found)).collect();
        each_integrated(body, path, method, &mut |definition| {
            for parameter in &parameters {
                let place = &parameter.place;
                let written = map(
                    [
                        ("in", text(parameter.location, place)),
                        ("name", text(parameter.short.as_str(), place)),
                        ("required", parameter.required.clone()),
                        ("type", text("string", place)),
                    ],
                    place,
                );
                if let Some(known) = definition.items_mut("parameters") {
                    known.push(written);
                }
                if parameter.is_cached
                    && let Some(keys) = definition.entry(INTEGRATION).items_mut("cacheKeyParameters")
                {
                    keys.push(text(parameter.full.as_str(), place));
                }
            }
        });
    }
    found
}

fn model(body: &mut Node, path: &str, method: &str, wanted: &Node, api: &Node, found: &mut Vec<String>) {
    let place = &wanted.place;
    let Some(named) = set(wanted, "Model") else { return };
    let models = set(api, "Models");
    let is_known = match (named.str(), models) {
        (Some(name), Some(models)) => is_function(models) || set(models, name).is_some(),
        _ => false,
    };
    let Some(name) = named.str().filter(|_| is_known).map(str::to_lowercase) else {
        return found.push("RequestModel names no model of the API".to_owned());
    };
    let required = given(wanted, "Required");
    let is_swagger = body.get("swagger").is_some();
    let is_openapi = body.get("openapi").and_then(Node::scalar).is_some_and(|version| is_three(&version));
    each_integrated(body, path, method, &mut |definition| {
        let schema = |section: &str| map([("$ref", text(format!("#/{section}/{name}"), place))], place);
        if is_swagger {
            let mut parameter =
                map([("in", text("body", place)), ("name", text(name.as_str(), place)), ("schema", schema("definitions"))], place);
            parameter.put_some("required", required.cloned());
            if let Some(parameters) = definition.items_mut("parameters") {
                parameters.push(parameter);
            }
        } else if is_openapi {
            let json = map([("application/json", map([("schema", schema("components/schemas"))], place))], place);
            let mut request = map([("content", json)], place);
            request.put_some("required", required.cloned());
            definition.put("requestBody", request);
        }
    });
    validator(body, path, method, wanted, found);
}

fn validator(body: &mut Node, path: &str, method: &str, wanted: &Node, found: &mut Vec<String>) {
    let place = &wanted.place;
    let (of_body, of_parameters) = (given(wanted, "ValidateBody"), given(wanted, "ValidateParameters"));
    if of_body.is_none() && of_parameters.is_none() {
        return;
    }
    let flag = |node: Option<&Node>| match node.map(|node| &node.kind) {
        None => Some(false),
        Some(Kind::Bool(value)) => Some(*value),
        Some(_) => None,
    };
    let (Some(in_body), Some(in_parameters)) = (flag(of_body), flag(of_parameters)) else {
        return found.push("ValidateBody and ValidateParameters must be true or false".to_owned());
    };
    let name = match (in_body, in_parameters) {
        (true, true) => "body-and-params",
        (true, false) => "body-only",
        (false, true) => "params-only",
        (false, false) => "no-validation",
    };
    let validators = body.entry("x-amazon-apigateway-request-validators");
    if set(validators, name).is_none() {
        let rule = [("validateRequestBody", boolean(in_body, place)), ("validateRequestParameters", boolean(in_parameters, place))];
        validators.put(name, map(rule, place));
    }
    each_integrated(body, path, method, &mut |definition| {
        definition.put("x-amazon-apigateway-request-validator", text(name, place));
    });
}

struct Parameter {
    full: String,
    short: String,
    location: &'static str,
    required: Node,
    is_cached: bool,
    place: Place,
}

/// `method.request.header.Name`, or `{method.request.header.Name: {Required: …, Caching: …}}`.
fn parameter(item: &Node, found: &mut Vec<String>) -> Option<Parameter> {
    let place = &item.place;
    let (full, settings) = match (item.str(), item.members().first()) {
        (Some(name), _) => (name.to_owned(), map([], place)),
        (None, Some(member)) => (member.key.clone(), member.value.clone()),
        _ => {
            found.push("RequestParameters wants texts or mappings".to_owned());
            return None;
        }
    };
    if !is_map(&settings) || settings.members().iter().any(|setting| !matches!(setting.key.as_str(), "Required" | "Caching")) {
        found.push("the settings of a request parameter are Required and Caching".to_owned());
        return None;
    }
    let split = full.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'));
    let (location, short) = match split {
        Some(("querystring", name)) => ("query", name),
        Some(("path", name)) => ("path", name),
        Some(("header", name)) => ("header", name),
        _ => {
            found.push(format!("the request parameter {full} is not method.request.querystring, .path or .header with a name"));
            return None;
        }
    };
    let required = settings.get("Required").cloned().unwrap_or_else(|| boolean(false, place));
    let is_cached = set(&settings, "Caching").is_some();
    Some(Parameter { short: short.to_owned(), full: full.clone(), location, required, is_cached, place: place.clone() })
}

/// Timeout, path parameters and payload version of a route of an HTTP API.
pub(super) fn of_http(body: &mut Node, path: &str, method: &str, event: &Node) {
    let names: Vec<&str> = path.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect();
    each_integrated(body, path, method, &mut |definition| {
        if let Some(timeout) = set(event, "TimeoutInMillis") {
            definition.entry(INTEGRATION).put("timeoutInMillis", timeout.clone());
        }
        let place = definition.place.clone();
        for name in &names {
            let Some(parameters) = definition.items_mut("parameters") else { continue };
            match parameters.iter_mut().find(|known| known.get("name").and_then(Node::str) == Some(name)) {
                Some(known) => {
                    known.put("in", text("path", &place));
                    known.put("required", boolean(true, &place));
                }
                None => {
                    let all = [("name", text(*name, &place)), ("in", text("path", &place)), ("required", boolean(true, &place))];
                    parameters.push(map(all, &place));
                }
            }
        }
        if let Some(version) = set(event, "PayloadFormatVersion") {
            definition.entry(INTEGRATION).put("payloadFormatVersion", version.clone());
        }
    });
}

/// Models of an API, under names in lower case.
pub(super) fn models(body: &mut Node, models: &Node) {
    let definitions = body.entry("definitions");
    for model in models.members() {
        definitions.put(&model.key.to_lowercase(), model.value.clone());
    }
}

/// A list with the `~1` of media types as `/`.
pub(super) fn media_types(types: &Node) -> Node {
    match &types.kind {
        Kind::String(name) => text(name.replace("~1", "/"), &types.place),
        Kind::List(items) => list(items.iter().map(media_types).collect(), &types.place),
        Kind::Map(members) => {
            let each = members.iter().map(|member| model::Member {
                key: member.key.replace("~1", "/"),
                value: media_types(&member.value),
                ..member.clone()
            });
            Node::new(Kind::Map(each.collect()), types.place.clone())
        }
        _ => types.clone(),
    }
}
