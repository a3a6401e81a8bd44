//! Gateway responses: what API Gateway itself answers (API Gateway Developer Guide, "Gateway response types for API
//! Gateway", "Gateway responses for REST APIs in API Gateway").

use gate::invoke::request;
use model::aws::RestApi;
use model::{Call, HttpResponse, Node, Stop};
use serde_json::{Value, json};

/// Response types with what `x-amzn-ErrorType` calls them. Those with a status of 500 or more take after
/// `DEFAULT_5XX`, all others after `DEFAULT_4XX`.
const TYPES: [(&str, &str); 21] = [
    ("ACCESS_DENIED", "AccessDeniedException"),
    ("API_CONFIGURATION_ERROR", "ApiConfigurationException"),
    ("AUTHORIZER_CONFIGURATION_ERROR", "AuthorizerConfigurationException"),
    ("AUTHORIZER_FAILURE", "AuthorizerFailureException"),
    ("BAD_REQUEST_BODY", "BadRequestException"),
    ("BAD_REQUEST_PARAMETERS", "BadRequestException"),
    ("DEFAULT_4XX", "BadRequestException"),
    ("DEFAULT_5XX", "InternalServerErrorException"),
    ("EXPIRED_TOKEN", "ExpiredTokenException"),
    ("INTEGRATION_FAILURE", "InternalServerErrorException"),
    ("INTEGRATION_TIMEOUT", "InternalServerErrorException"),
    ("INVALID_API_KEY", "ForbiddenException"),
    ("INVALID_SIGNATURE", "InvalidSignatureException"),
    ("MISSING_AUTHENTICATION_TOKEN", "MissingAuthenticationTokenException"),
    ("QUOTA_EXCEEDED", "LimitExceededException"),
    ("REQUEST_TOO_LARGE", "RequestTooLargeException"),
    ("RESOURCE_NOT_FOUND", "ResourceNotFoundException"),
    ("THROTTLED", "TooManyRequestsException"),
    ("UNAUTHORIZED", "UnauthorizedException"),
    ("UNSUPPORTED_MEDIA_TYPE", "BadRequestException"),
    ("WAF_FILTERED", "ForbiddenException"),
];

/// What signature errors of IAM-authorized routes are called by their AWS error code.
const SIGNATURES: [&str; 5] = [
    "MissingAuthenticationTokenException",
    "IncompleteSignatureException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "ExpiredTokenException",
];

fn error_type(stop: &Stop) -> &str {
    match TYPES.iter().find(|(kind, _)| *kind == stop.code) {
        Some((_, name)) => name,
        None if SIGNATURES.contains(&stop.code.as_str()) => &stop.code,
        None if stop.status >= 500 => "InternalServerErrorException",
        None => "ForbiddenException",
    }
}

/// The response type of a refusal: an AWS error code of a signature stands for the type that covers it.
fn response_type(stop: &Stop) -> &str {
    match stop.code.as_str() {
        "MissingAuthenticationTokenException" => "MISSING_AUTHENTICATION_TOKEN",
        "IncompleteSignatureException" | "InvalidSignatureException" => "INVALID_SIGNATURE",
        "UnrecognizedClientException" => "ACCESS_DENIED",
        "ExpiredTokenException" => "EXPIRED_TOKEN",
        other => other,
    }
}

/// The gateway response of a refusal, with what the API's own gateway responses change about it: status, constant
/// headers, and a body template with the variables of `$context.error`. An empty message is `null`.
pub fn error(api: &RestApi, stop: &Stop) -> HttpResponse {
    // "The response specification for any individual web request comes either completely from AWS WAF or completely from the
    // protected resource" (AWS WAF Developer Guide, "Custom responses for Block actions").
    if let Some(own) = &stop.response {
        return (**own).clone();
    }
    let default = if stop.status < 500 { "DEFAULT_4XX" } else { "DEFAULT_5XX" };
    let kind = response_type(stop);
    let own = api.gateway_responses.get(kind).or_else(|| api.gateway_responses.get(default));
    let status = own.and_then(|own| own.get("statusCode")).and_then(Node::integer).and_then(|status| u16::try_from(status).ok());
    let mut headers =
        vec![("Content-Type".to_owned(), "application/json".to_owned()), ("x-amzn-ErrorType".to_owned(), error_type(stop).to_owned())];
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
            .replace("$context.error.responseType", kind),
        // Refusals of policies are spelled with a capital letter.
        None if stop.code == "ACCESS_DENIED" => json!({ "Message": message }).to_string(),
        None => json!({ "message": message }).to_string(),
    };
    HttpResponse { status: status.unwrap_or(stop.status), headers, body: body.into_bytes() }
}

/// What API Gateway adds to every response: its ids, and the trace id where an integration was reached.
pub fn stamp(response: &mut HttpResponse, call: &Call) {
    response.headers.push(("x-amzn-RequestId".into(), call.id.clone()));
    response.headers.push(("x-amz-apigw-id".into(), request::extended_request_id(&call.id)));
    if response.header("x-amzn-errortype").is_none() {
        response.headers.push(("X-Amzn-Trace-Id".into(), super::trace_id(call)));
    }
}
