//! The event of a Lambda proxy integration, format 1.0 (API Gateway Developer Guide, "Lambda proxy integrations in API
//! Gateway", "Input format of a Lambda function for proxy integration").

use super::{binary, trace_id};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate::invoke::request;
use model::aws::{RestApi, Route};
use model::{App, Ask, Call, Grant, HttpRequest};
use serde_json::{Map, Value, json};

/// The event of a request that passed. `requestContext` has `authorizer` only when the route has one. `None` when the
/// call is no request to a stage that exists.
pub fn event(app: &App, call: &Call, api: &RestApi, route: &Route, grant: &Grant) -> Option<Value> {
    let Ask::Invoke(invoke) = &call.ask else { return None };
    let stage = api.stages.iter().find(|stage| stage.name == invoke.stage)?;
    let sent = request::inserted(&invoke.request, &grant.inserted_headers);
    let http = forwarded(&sent, call);
    let mut context = request::context(app, call, api, stage, route, &invoke.request);
    if let Some(authorizer) = &grant.authorizer {
        context.insert("authorizer".into(), Value::Object(authorizer.clone()));
    }
    if let (Some(id), Some(Value::Object(identity))) = (&grant.api_key_id, context.get_mut("identity")) {
        identity.insert("apiKey".into(), json!(http.header("x-api-key")));
        identity.insert("apiKeyId".into(), json!(id));
    }
    let or_null = |map: Map<String, Value>| if map.is_empty() { Value::Null } else { Value::Object(map) };
    let texts = |pairs: &std::collections::BTreeMap<String, String>| or_null(pairs.iter().map(|(k, v)| (k.clone(), json!(v))).collect());
    let (body, encoded) = match std::str::from_utf8(&sent.body) {
        Ok("") => (Value::Null, false),
        Ok(text) if !binary(api, http.header("content-type")) => (json!(text), false),
        _ => (json!(STANDARD.encode(&sent.body)), true),
    };
    Some(json!({
        "resource": route.path,
        "path": http.path,
        "httpMethod": http.method,
        "headers": request::single(request::headers(&http)),
        "multiValueHeaders": request::multi(request::headers(&http)),
        "queryStringParameters": request::single(request::query(&http)),
        "multiValueQueryStringParameters": request::multi(request::query(&http)),
        "pathParameters": texts(&grant.path_parameters),
        "stageVariables": texts(&stage.variables),
        "requestContext": context,
        "body": body,
        "isBase64Encoded": encoded,
    }))
}

/// The request without its body, with what API Gateway adds on the way: the client's address and a trace id.
fn forwarded(http: &HttpRequest, call: &Call) -> HttpRequest {
    let mut http = HttpRequest {
        method: http.method.clone(),
        path: http.path.clone(),
        query: http.query.clone(),
        headers: http.headers.clone(),
        body: Vec::new(),
    };
    let before = http.header("x-forwarded-for").map(|value| format!("{value}, ")).unwrap_or_default();
    let own = ["x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-amzn-trace-id"];
    http.headers.retain(|(name, _)| !own.iter().any(|own| name.eq_ignore_ascii_case(own)));
    http.headers.push(("X-Forwarded-For".into(), format!("{before}{}", call.source_ip)));
    // The public endpoint of API Gateway is HTTPS, whichever way a client reaches this process.
    http.headers.push(("X-Forwarded-Port".into(), "443".into()));
    http.headers.push(("X-Forwarded-Proto".into(), "https".into()));
    http.headers.push(("X-Amzn-Trace-Id".into(), trace_id(call)));
    http
}
