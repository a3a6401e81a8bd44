//! API Gateway's side of an integration: the proxy event, the function's answer as a response, gateway responses.
//!
//! Pure. Follows the API Gateway Developer Guide, "Lambda proxy integrations in API Gateway" and "Gateway responses for
//! REST APIs in API Gateway". Never decides who may call.

use base64::Engine as _;
use gate::invoke::request;
use model::aws::{RestApi, Route};
use model::{App, Ask, Call, Grant, HttpRequest, HttpResponse, Node, Stop};
use serde_json::{Map, Value, json};

/// The event of a proxy integration. `None` when the call is no request to a stage that exists.
pub(super) fn event(app: &App, call: &Call, api: &RestApi, route: &Route, grant: &Grant) -> Option<Value> {
    let Ask::Invoke(invoke) = &call.ask else { return None };
    let stage = api.stages.iter().find(|stage| stage.name == invoke.stage)?;
    let http = forwarded(&invoke.request, call);
    let mut context = request::context(app, call, api, stage, route, &invoke.request);
    if let Some(authorizer) = &grant.authorizer {
        context.insert("authorizer".into(), Value::Object(authorizer.clone()));
    }
    let or_null = |map: Map<String, Value>| if map.is_empty() { Value::Null } else { Value::Object(map) };
    let path_parameters = grant.path_parameters.iter().map(|(k, v)| (k.clone(), Value::String(v.clone()))).collect();
    let variables = stage.variables.iter().map(|(k, v)| (k.clone(), Value::String(v.clone()))).collect();
    let (body, encoded) = match std::str::from_utf8(&http.body) {
        Ok("") => (Value::Null, false),
        Ok(text) => (json!(text), false),
        Err(_) => (json!(base64::engine::general_purpose::STANDARD.encode(&http.body)), true),
    };
    Some(json!({
        "resource": route.path,
        "path": http.path,
        "httpMethod": http.method,
        "headers": request::single(request::headers(&http)),
        "multiValueHeaders": request::multi(request::headers(&http)),
        "queryStringParameters": request::single(request::query(&http)),
        "multiValueQueryStringParameters": request::multi(request::query(&http)),
        "pathParameters": or_null(path_parameters),
        "stageVariables": or_null(variables),
        "requestContext": context,
        "body": body,
        "isBase64Encoded": encoded,
    }))
}

/// The request with what API Gateway adds on the way: the client's address and a trace id.
fn forwarded(http: &HttpRequest, call: &Call) -> HttpRequest {
    let mut http = http.clone();
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

/// `Root=1-5759e988-bd862e3fe1be46a994272793` (AWS X-Ray Developer Guide, "Tracing header").
fn trace_id(call: &Call) -> String {
    let unique: String = call.id.chars().filter(char::is_ascii_hexdigit).take(24).collect();
    format!("Root=1-{:08x}-{unique}", call.time.seconds())
}

/// The response that a function's answer stands for; `None` when it is malformed, which API Gateway answers with 502.
pub(super) fn answer(payload: &[u8]) -> Option<HttpResponse> {
    const MEMBERS: [&str; 5] = ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];
    let answer: Map<String, Value> = serde_json::from_slice(payload).ok()?;
    if answer.keys().any(|key| !MEMBERS.contains(&key.as_str())) {
        return None;
    }
    let status = match answer.get("statusCode") {
        None | Some(Value::Null) => 200,
        Some(Value::Number(number)) => u16::try_from(number.as_u64()?).ok()?,
        Some(Value::String(text)) => text.parse().ok()?,
        Some(_) => return None,
    };
    if !(100..=599).contains(&status) {
        return None;
    }
    let mut headers = Vec::new();
    for (name, values) in answer.get("multiValueHeaders").and_then(Value::as_object).into_iter().flatten() {
        headers.extend(values.as_array()?.iter().map(|value| Some((name.clone(), scalar(value)?))).collect::<Option<Vec<_>>>()?);
    }
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        // Where both name a header, the list wins.
        if !headers.iter().any(|(known, _): &(String, String)| known.eq_ignore_ascii_case(name)) {
            headers.push((name.clone(), scalar(value)?));
        }
    }
    if model::http::header(&headers, "content-type").is_none() {
        headers.push(("Content-Type".into(), "application/json".into()));
    }
    let body = match answer.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if answer.get("isBase64Encoded").and_then(Value::as_bool) == Some(true) => {
            base64::engine::general_purpose::STANDARD.decode(text).ok()?
        }
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(_) => return None,
    };
    Some(HttpResponse { status, headers, body })
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// The gateway response of a refusal, with what the API's own gateway responses change about it.
pub(super) fn error(api: &RestApi, stop: &Stop) -> HttpResponse {
    let default = if stop.status < 500 { "DEFAULT_4XX" } else { "DEFAULT_5XX" };
    let own = api.gateway_responses.get(&stop.code).or_else(|| api.gateway_responses.get(default));
    let status = own.and_then(|own| own.get("statusCode")).and_then(Node::integer).and_then(|status| u16::try_from(status).ok());
    let mut headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    headers.extend(error_type(stop).map(|name| ("x-amzn-ErrorType".to_owned(), name.to_owned())));
    for member in own.and_then(|own| own.get("responseParameters")).map(Node::members).unwrap_or_default() {
        let name = member.key.strip_prefix("gatewayresponse.header.");
        let constant = member.value.str().and_then(|value| value.strip_prefix('\'')?.strip_suffix('\''));
        if let (Some(name), Some(value)) = (name, constant) {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    let template = own.and_then(|own| own.at(&["responseTemplates", "application/json"])).and_then(Node::str);
    let message = if stop.message.is_empty() { Value::Null } else { json!(stop.message) };
    let body = match template {
        Some(template) => template
            .replace("$context.error.messageString", &message.to_string())
            .replace("$context.error.message", &stop.message)
            .replace("$context.error.responseType", &stop.code),
        // Refusals of policies are spelled with a capital letter.
        None if stop.code == "ACCESS_DENIED" => json!({ "Message": message }).to_string(),
        None => json!({ "message": message }).to_string(),
    };
    HttpResponse { status: status.unwrap_or(stop.status), headers, body: body.into_bytes() }
}

/// `x-amzn-ErrorType` of a gateway response.
fn error_type(stop: &Stop) -> Option<&'static str> {
    Some(match stop.code.as_str() {
        "ACCESS_DENIED" => "AccessDeniedException",
        "AUTHORIZER_CONFIGURATION_ERROR" | "AUTHORIZER_FAILURE" => "AuthorizerConfigurationException",
        "BAD_REQUEST_BODY" | "BAD_REQUEST_PARAMETERS" => "BadRequestException",
        "EXPIRED_TOKEN" => "ExpiredTokenException",
        "INVALID_API_KEY" | "WAF_FILTERED" | "FORBIDDEN" => "ForbiddenException",
        "INVALID_SIGNATURE" => "InvalidSignatureException",
        "MISSING_AUTHENTICATION_TOKEN" => "MissingAuthenticationTokenException",
        "QUOTA_EXCEEDED" => "LimitExceededException",
        "THROTTLED" => "TooManyRequestsException",
        "UNAUTHORIZED" => "UnauthorizedException",
        "UNSUPPORTED_MEDIA_TYPE" => "UnsupportedMediaTypeException",
        _ if stop.status >= 500 => "InternalServerErrorException",
        _ => return None,
    })
}

/// What API Gateway adds to every response.
pub(super) fn stamp(response: &mut HttpResponse, call: &Call) {
    response.headers.push(("x-amzn-RequestId".into(), call.id.clone()));
    response.headers.push(("x-amz-apigw-id".into(), request::extended_request_id(&call.id)));
    response.headers.push(("X-Amzn-Trace-Id".into(), trace_id(call)));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use model::Place;

    #[test]
    fn answers_of_functions() {
        let status = |text: &str| answer(text.as_bytes()).map(|response| response.status);
        for (payload, expected) in [
            (r#"{"statusCode":201,"body":"x"}"#, Some(201)),
            (r#"{"statusCode":"404"}"#, Some(404)),
            (r#"{"body":"x"}"#, Some(200)),
            (r#"{"statusCode":200,"body":{"no":"object"}}"#, None),
            (r#"{"statusCode":200,"extra":1}"#, None),
            (r#"{"statusCode":99}"#, None),
            ("null", None),
            ("\"text\"", None),
            ("not json", None),
        ] {
            assert_eq!(status(payload), expected, "{payload}");
        }
        let both =
            answer(br#"{"headers":{"a":"1","B":2},"multiValueHeaders":{"b":["3","4"]},"body":"aGk=","isBase64Encoded":true}"#).unwrap();
        assert_eq!(both.body, b"hi");
        let pairs: Vec<_> = both.headers.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(pairs, ["b=3", "b=4", "a=1", "Content-Type=application/json"]);
    }

    fn stop(status: u16, code: &str, message: &str) -> Stop {
        Stop { status, code: code.into(), message: message.into() }
    }

    fn body(response: &HttpResponse) -> &str {
        std::str::from_utf8(&response.body).unwrap()
    }

    #[test]
    fn gateway_responses_as_aws_words_them() {
        let place = Place::new("t", 1, 1);
        let declared = model::Resource {
            id: model::ResourceId::new("app", "Api"),
            kind: "AWS::ApiGateway::RestApi".into(),
            properties: Node::from_json(&json!({}), &place),
            place: place.clone(),
            physical_id: "abc".into(),
            arn: None,
            generated_from: None,
            condition: None,
            deletion_policy: None,
            metadata: None,
        };
        let mut api = App::new("123456789012", "us-east-1", [declared]).aws().rest_apis[0].clone();
        let denied = error(&api, &stop(403, "ACCESS_DENIED", "User is not authorized to access this resource"));
        assert_eq!(body(&denied), r#"{"Message":"User is not authorized to access this resource"}"#);
        assert_eq!(denied.header("x-amzn-errortype"), Some("AccessDeniedException"));
        assert_eq!(body(&error(&api, &stop(500, "AUTHORIZER_CONFIGURATION_ERROR", ""))), r#"{"message":null}"#);
        let own = json!({
            "responseParameters": { "gatewayresponse.header.Access-Control-Allow-Origin": "'*'" },
            "responseTemplates": { "application/json": "{\"why\":$context.error.messageString}" }
        });
        api.gateway_responses.insert("DEFAULT_4XX".into(), Node::from_json(&own, &place));
        let cors = error(&api, &stop(401, "UNAUTHORIZED", "Unauthorized"));
        assert_eq!((cors.status, body(&cors), cors.header("access-control-allow-origin")), (401, r#"{"why":"Unauthorized"}"#, Some("*")));
        assert_eq!(error(&api, &stop(502, "DEFAULT_5XX", "Internal server error")).header("access-control-allow-origin"), None);
    }
}
