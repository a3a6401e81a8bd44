//! API Gateway's side of a request: event, answer, gateway responses.
#![allow(clippy::unwrap_used)]

use model::aws::RestApi;
use model::{App, Ask, Call, Credential, Grant, HttpRequest, Invoke, Node, Place, Resource, ResourceId, Stop, Time};
use sekisho_services::apigateway::{answer, error, event, stamp};
use serde_json::{Value, json};

fn resource(logical: &str, kind: &str, physical: &str, properties: Value) -> Resource {
    Resource {
        id: ResourceId::new("app", logical),
        kind: format!("AWS::ApiGateway::{kind}"),
        properties: Node::from_json(&properties, &Place::new("t", 1, 1)),
        place: Place::new("t", 1, 1),
        physical_id: physical.into(),
        arn: None,
        generated_from: None,
        condition: None,
        deletion_policy: None,
        metadata: None,
    }
}

fn app(extra: Value) -> App {
    let mut body = json!({"paths": {"/rides/{id}": {"post": {}}}});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let stage = json!({"RestApiId": "api1234567", "StageName": "dev"});
    let api = resource("Api", "RestApi", "api1234567", json!({"Body": body}));
    App::new("123456789012", "us-east-1", [api, resource("Stage", "Stage", "dev", stage)])
}

fn api(app: &App) -> &RestApi {
    app.aws().rest_apis.first().unwrap()
}

fn call(headers: &[(&str, &str)], body: &[u8]) -> Call {
    let request = HttpRequest {
        method: "POST".into(),
        path: "/rides/7".into(),
        query: "a=1&a=2%20x&b".into(),
        headers: headers.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        body: body.to_vec(),
    };
    Call {
        id: "5f4c7e6a-2a58-4a86-9d0c-0123456789ab".into(),
        time: Time(1_795_355_053_000),
        source_ip: "198.51.100.7".into(),
        tls: true,
        credential: Credential::None,
        ask: Ask::Invoke(Invoke { api: ResourceId::new("app", "Api"), stage: "dev".into(), request, beyond: 0 }),
    }
}

#[test]
fn the_event_of_a_proxy_integration() {
    let app = app(json!({}));
    let headers =
        [("authorization", "t"), ("tEsT-Header", "v"), ("Connection", "close"), ("user-agent", "curl"), ("X-Forwarded-For", "203.0.113.1")];
    let mut grant = Grant { path_parameters: [("id".to_owned(), "7".to_owned())].into(), ..Grant::default() };
    let route = &api(&app).routes[0];
    let got = event(&app, &call(&headers, b"{}"), api(&app), route, &grant).unwrap();
    let context = &got["requestContext"];
    assert_eq!((&got["resource"], &got["path"], &got["httpMethod"]), (&json!("/rides/{id}"), &json!("/rides/7"), &json!("POST")));
    assert_eq!(got["headers"]["Authorization"], "t");
    assert_eq!(got["headers"]["User-Agent"], "curl");
    assert_eq!(got["multiValueHeaders"]["tEsT-Header"], json!(["v"]));
    assert_eq!(got["headers"]["X-Forwarded-For"], "203.0.113.1, 198.51.100.7");
    assert!(got["headers"].get("Connection").is_none());
    assert_eq!(got["queryStringParameters"], json!({"a": "2 x", "b": ""}));
    assert_eq!(got["multiValueQueryStringParameters"]["a"], json!(["1", "2 x"]));
    assert_eq!(got["pathParameters"], json!({"id": "7"}));
    assert_eq!((&got["stageVariables"], &got["body"], &got["isBase64Encoded"]), (&Value::Null, &json!("{}"), &json!(false)));
    assert_eq!((&context["path"], &context["resourcePath"]), (&json!("/dev/rides/7"), &json!("/rides/{id}")));
    assert_eq!(context["requestTime"], "22/Nov/2026:13:44:13 +0000");
    assert_eq!(context["identity"]["sourceIp"], "198.51.100.7");
    assert_eq!(context["domainName"], "api1234567.execute-api.us-east-1.amazonaws.com");
    // Without an authorizer the key is not there at all: code tells by it whether one is on.
    assert!(context.get("authorizer").is_none());
    grant.authorizer = Some(serde_json::Map::from_iter([("principalId".to_owned(), json!("p"))]));
    let got = event(&app, &call(&[], &[0xff]), api(&app), route, &grant).unwrap();
    assert_eq!(got["requestContext"]["authorizer"], json!({"principalId": "p"}));
    assert_eq!((&got["body"], &got["isBase64Encoded"]), (&json!("/w=="), &json!(true)));
}

/// The cases that were recorded at AWS in LocalStack's `test_aws_proxy_response_payload_format_validation`.
#[test]
fn answers_of_functions() {
    let app = app(json!({"x-amazon-apigateway-binary-media-types": ["image/*"]}));
    let status = |value: &str| answer(api(&app), None, value.as_bytes()).map(|response| response.status);
    for (payload, expected) in [
        (r#"{"statusCode":200}"#, Some(200)),
        (r#"{"statusCode":"201"}"#, Some(201)),
        (r#"{"headers":{"test-header":"value","header-bool":true}}"#, Some(200)),
        (r#"{"statusCode":200,"headers":null}"#, Some(200)),
        (r#"{"statusCode":200,"wrongValue":"value"}"#, None),
        (r#"{"statusCode":200,"multiValueHeaders":{"m":"value1"}}"#, None),
        (r#"{"statusCode":"test"}"#, None),
        (r#"{"statusCode":99}"#, None),
        (r#"{"statusCode":200,"body":{"no":"object"}}"#, None),
        (r#"{"errorMessage":"boom","errorType":"Error"}"#, None),
        (r#""justAString""#, None),
        ("null", None),
        ("", None),
    ] {
        assert_eq!(status(payload), expected, "{payload}");
    }
    let both = br#"{"headers":{"test-multi":"value-solo"},"multiValueHeaders":{"tesT-Multi":["value-multi"]}}"#;
    let both = answer(api(&app), None, both).unwrap();
    let pairs: Vec<_> = both.headers.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(pairs, ["tesT-Multi=value-multi", "tesT-Multi=value-solo", "Content-Type=application/json"]);
    // A base64 body is decoded only for a client that accepts one of the API's binary media types.
    let encoded = br#"{"body":"dGVzdC1kYXRh","isBase64Encoded":true}"#;
    assert_eq!(answer(api(&app), Some("*/*"), encoded).unwrap().body, b"dGVzdC1kYXRh");
    assert_eq!(answer(api(&app), Some("image/png, */*"), encoded).unwrap().body, b"test-data");
}

#[test]
fn gateway_responses() {
    let stop = |status, code: &str, message: &str| Stop { status, code: code.into(), message: message.into(), response: None };
    let plain = app(json!({}));
    let text = |app: &App, stop: &Stop| String::from_utf8(error(api(app), stop).body).unwrap();
    let denied = stop(403, "ACCESS_DENIED", "User is not authorized to access this resource");
    assert_eq!(text(&plain, &denied), r#"{"Message":"User is not authorized to access this resource"}"#);
    assert_eq!(text(&plain, &stop(500, "AUTHORIZER_CONFIGURATION_ERROR", "")), r#"{"message":null}"#);
    for (status, code, kind) in [
        (401, "UNAUTHORIZED", "UnauthorizedException"),
        (403, "INVALID_API_KEY", "ForbiddenException"),
        (429, "THROTTLED", "TooManyRequestsException"),
        (400, "BAD_REQUEST_BODY", "BadRequestException"),
        (403, "UnrecognizedClientException", "UnrecognizedClientException"),
        (403, "FORBIDDEN", "ForbiddenException"),
    ] {
        assert_eq!(error(api(&plain), &stop(status, code, "m")).header("x-amzn-errortype"), Some(kind));
    }
    let own = app(json!({"x-amazon-apigateway-gateway-responses": {
        "DEFAULT_4XX": {"responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
            "responseTemplates": {"application/json": "{\"why\":$context.error.messageString}"}},
        "THROTTLED": {"statusCode": 418}}}));
    let cors = error(api(&own), &stop(401, "UNAUTHORIZED", "Unauthorized"));
    assert_eq!((cors.status, cors.header("access-control-allow-origin")), (401, Some("*")));
    assert_eq!(text(&own, &stop(401, "UNAUTHORIZED", "Unauthorized")), r#"{"why":"Unauthorized"}"#);
    assert_eq!(error(api(&own), &stop(429, "THROTTLED", "m")).status, 418);
    assert_eq!(error(api(&own), &stop(502, "DEFAULT_5XX", "m")).header("access-control-allow-origin"), None);
    let mut stamped = error(api(&own), &denied);
    stamp(&mut stamped, &call(&[], b""));
    assert_eq!(stamped.header("x-amzn-requestid"), Some("5f4c7e6a-2a58-4a86-9d0c-0123456789ab"));
    assert!(stamped.header("x-amz-apigw-id").is_some_and(|id| id.ends_with('=')));
}
