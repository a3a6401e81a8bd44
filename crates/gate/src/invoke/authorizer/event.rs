//! What a Lambda authorizer is invoked with (API Gateway Developer Guide, "Input to an API Gateway Lambda
//! authorizer").

use super::super::{Found, request};
use model::aws::AuthorizerKind;
use model::{App, Call};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The event for one request. `token` is the value of the token source.
pub(super) fn of(app: &App, call: &Call, found: &Found<'_>, kind: &AuthorizerKind, token: &str, path: &BTreeMap<String, String>) -> Value {
    let arn = found.method_arn(app);
    if !matches!(kind, AuthorizerKind::Request { .. }) {
        return json!({"type": "TOKEN", "methodArn": arn, "authorizationToken": token});
    }
    let http = &found.invoke.request;
    json!({
        "type": "REQUEST",
        "methodArn": arn,
        "resource": found.route.path,
        "path": http.path,
        "httpMethod": http.method,
        "headers": request::single(request::headers(http)),
        "multiValueHeaders": request::multi(request::headers(http)),
        "queryStringParameters": request::single(request::query(http)),
        "multiValueQueryStringParameters": request::multi(request::query(http)),
        "pathParameters": path,
        "stageVariables": found.stage.variables,
        "requestContext": request::context(app, call, found.api, found.stage, found.route, http),
    })
}
