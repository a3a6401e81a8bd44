//! What a Lambda authorizer is invoked with (API Gateway Developer Guide, "Input to an API Gateway Lambda
//! authorizer").

use super::super::{Found, request};
use model::aws::AuthorizerKind;
use model::{App, Call, Grant};
use serde_json::{Value, json};

/// The event for one request. `token` is the value of the token source, `grant` what the phases before found out.
pub(super) fn of(app: &App, call: &Call, found: &Found<'_>, kind: &AuthorizerKind, token: &str, grant: &Grant) -> Value {
    let arn = found.method_arn(app);
    if !matches!(kind, AuthorizerKind::Request { .. }) {
        return json!({"type": "TOKEN", "methodArn": arn, "authorizationToken": token});
    }
    let http = &*request::inserted(&found.invoke.request, &grant.inserted_headers);
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
        "pathParameters": grant.path_parameters,
        "stageVariables": found.stage.variables,
        "requestContext": request::context(app, call, found.api, found.stage, found.route, http),
    })
}
