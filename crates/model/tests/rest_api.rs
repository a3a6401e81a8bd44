//! The view of a REST API from an OpenAPI body and from resources: what is a route, what guards it.
#![allow(clippy::unwrap_used)]

use sekisho_model::aws::{AuthorizerKind, Integration, RestApi, RouteAuth};
use sekisho_model::{App, Change, Kind, Node, Place, Resource, ResourceId};
use serde_json::{Value, json};

fn place(line: u32) -> Place {
    Place::new("template.yaml", line, 1)
}

fn resource(logical: &str, kind: &str, physical: &str, properties: Value) -> Resource {
    Resource {
        id: ResourceId::new("app", logical),
        kind: kind.into(),
        properties: Node::from_json(&properties, &place(2)),
        place: place(1),
        physical_id: physical.into(),
        arn: None,
        generated_from: None,
        condition: None,
        deletion_policy: None,
        metadata: None,
    }
}

fn app_of(resources: Vec<Resource>) -> App {
    App::new("123456789012", "us-east-1", resources)
}

fn api_of(resources: Vec<Resource>) -> RestApi {
    app_of(resources).aws().rest_apis.first().unwrap().clone()
}

const URI: &str =
    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:app-F/invocations";

fn body() -> Value {
    json!({
        "swagger": "2.0",
        "securityDefinitions": {
            "Custom": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
                "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": URI, "authorizerResultTtlInSeconds": 60}},
            "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
            "odd": {"type": "oauth2"}
        },
        "security": [{"Custom": []}],
        "x-amazon-apigateway-request-validators": {"Full": {"validateRequestBody": true, "validateRequestParameters": true}},
        "definitions": {"Cape": {"type": "object"}},
        "paths": {
            "/a": {
                "get": {"x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": URI}},
                "post": {
                    "security": [{"Custom": ["x/y"]}, {"api_key": []}], "x-amazon-apigateway-request-validator": "Full",
                    "parameters": [{"in": "body", "name": "b", "schema": {"$ref": "#/definitions/Cape"}},
                                   {"in": "query", "name": "q", "required": true}, {"in": "header", "name": "h"}]
                },
                "options": {"security": [], "x-amazon-apigateway-integration": {"type": "mock",
                    "requestTemplates": {"application/json": "{\"statusCode\": 204}"},
                    "responses": {"default": {"statusCode": "204", "responseParameters": {"method.response.header.X-A": "'*'"}}}}}
            },
            "/b": {"x-amazon-apigateway-any-method": {"security": [{"sigv4": []}]}, "put": {"security": [{"odd": []}]},
                   "patch": {"security": [{"nowhere": []}]}}
        }
    })
}

#[test]
fn an_openapi_body() {
    let stage_arn = "arn:aws:apigateway:us-east-1::/restapis/abc/stages/dev";
    let api = api_of(vec![
        resource("Api", "AWS::ApiGateway::RestApi", "abc", json!({"Body": body()})),
        resource("Stage", "AWS::ApiGateway::Stage", "dev", json!({"RestApiId": "abc", "StageName": "dev", "TracingEnabled": true})),
        resource("Acl", "AWS::WAFv2::WebACLAssociation", "x", json!({"ResourceArn": stage_arn, "WebACLArn": "arn:acl"})),
    ]);
    let route = |method: &str, path: &str| api.routes.iter().find(|r| r.method == method && r.path == path).unwrap();
    // The API's own `security` holds where an operation has none.
    assert!(matches!(&route("GET", "/a").auth, RouteAuth::Authorizer { name, .. } if name == "Custom"));
    assert!(matches!(&route("GET", "/a").integration, Integration::LambdaProxy { function_arn, .. } if function_arn.ends_with(":app-F")));
    let post = route("POST", "/a");
    assert!(matches!(&post.auth, RouteAuth::Authorizer { scopes, .. } if scopes == &["x/y"]));
    assert!(post.api_key_required);
    assert_eq!(post.validator.as_ref().map(|v| (v.body, v.parameters)), Some((true, true)));
    assert_eq!(post.request_models.get("application/json").map(String::as_str), Some("Cape"));
    assert_eq!(post.required_parameters, [("querystring".to_owned(), "q".to_owned())]);
    // An empty `security` lifts the API's own.
    assert_eq!(route("OPTIONS", "/a").auth, RouteAuth::None);
    let cors = Integration::Mock { status: 204, headers: vec![("X-A".into(), "*".into())], body: String::new() };
    assert_eq!(route("OPTIONS", "/a").integration, cors);
    assert!(matches!(route("ANY", "/b").auth, RouteAuth::Iam { .. }));
    assert!(matches!(route("PUT", "/b").auth, RouteAuth::Unknown { .. }));
    assert!(matches!(route("PATCH", "/b").auth, RouteAuth::Unknown { .. }));
    assert!(matches!(&api.authorizers["Custom"].kind, AuthorizerKind::Token { header, .. } if header == "Authorization"));
    assert_eq!(api.authorizers["Custom"].ttl, 60);
    assert_eq!(api.stages[0].web_acl.as_deref(), Some("arn:acl"));
}

#[test]
fn unknown_values_stay_unknown() {
    let changed = |path: &[&str]| {
        let whole = resource("Api", "AWS::ApiGateway::RestApi", "abc", json!({"Body": body()}));
        let unknown = Kind::unknown("parameter P has no value", None);
        let change = Change::Set {
            resource: whole.id.clone(),
            path: path.iter().map(|key| (*key).to_owned()).collect(),
            value: Node::new(unknown, place(9)),
        };
        app_of(vec![whole]).apply(&change).unwrap().aws().rest_apis[0].clone()
    };
    assert_eq!(changed(&["Body"]).unknown.unwrap().0, "parameter P has no value");
    let api = changed(&["Body", "paths", "/a", "get", "security"]);
    assert!(matches!(&api.routes[0].auth, RouteAuth::Unknown { why, .. } if why == "parameter P has no value"));
    let api = changed(&["Body", "securityDefinitions", "Custom", "x-amazon-apigateway-authorizer", "authorizerUri"]);
    assert!(matches!(&api.authorizers["Custom"].kind, AuthorizerKind::Unknown(_)));
}

#[test]
fn resources_of_their_own() {
    let on = |logical: &str, kind: &str, physical: &str, extra: Value| {
        let mut all = json!({"RestApiId": "abc"});
        all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        resource(logical, &format!("AWS::ApiGateway::{kind}"), physical, all)
    };
    let pools = json!({"Name": "Pool", "Type": "COGNITO_USER_POOLS", "ProviderARNs": ["arn:pool"], "IdentitySource": "method.request.header.X-Token"});
    let method = json!({"ResourceId": "r2", "HttpMethod": "POST", "AuthorizationType": "COGNITO_USER_POOLS", "AuthorizerId": "au1",
        "RequestValidatorId": "v1", "RequestParameters": {"method.request.header.h": true, "method.request.querystring.q": false},
        "Integration": {"Type": "AWS_PROXY", "Uri": URI}});
    let api = api_of(vec![
        resource("Api", "AWS::ApiGateway::RestApi", "abc", json!({"ApiKeySourceType": "AUTHORIZER"})),
        on("A", "Resource", "r1", json!({"ParentId": "root", "PathPart": "a"})),
        on("B", "Resource", "r2", json!({"ParentId": "r1", "PathPart": "{id}"})),
        on("Pools", "Authorizer", "au1", pools),
        on("V", "RequestValidator", "v1", json!({"ValidateRequestBody": true})),
        on("M", "Method", "m", method),
        on("D", "Deployment", "d", json!({"StageName": "prod"})),
        on("G", "GatewayResponse", "g", json!({"ResponseType": "DEFAULT_4XX", "StatusCode": "418"})),
    ]);
    assert!(api.api_key_from_authorizer);
    let route = &api.routes[0];
    assert_eq!((route.method.as_str(), route.path.as_str()), ("POST", "/a/{id}"));
    assert!(matches!(&route.auth, RouteAuth::Authorizer { name, .. } if name == "Pool"));
    assert!(matches!(&api.authorizers["Pool"].kind, AuthorizerKind::Cognito { header, .. } if header == "X-Token"));
    assert_eq!(route.validator.as_ref().map(|v| (v.body, v.parameters)), Some((true, false)));
    assert_eq!(route.required_parameters, [("header".to_owned(), "h".to_owned())]);
    assert_eq!(api.stages[0].name, "prod");
    assert_eq!(api.gateway_responses["DEFAULT_4XX"].get("statusCode").and_then(Node::scalar).as_deref(), Some("418"));
}

#[test]
fn usage_plans() {
    let limits = json!({"ApiStages": [{"ApiId": "abc", "Stage": "dev"}], "Throttle": {"RateLimit": 1, "BurstLimit": 1},
        "Quota": {"Limit": 100, "Period": "DAY"}});
    let app = app_of(vec![
        resource("P", "AWS::ApiGateway::UsagePlan", "p1", limits),
        resource("K", "AWS::ApiGateway::ApiKey", "k1", json!({"Value": "0123456789abcdefghij", "Enabled": true})),
        resource("J", "AWS::ApiGateway::UsagePlanKey", "j", json!({"KeyId": "k1", "UsagePlanId": "p1", "KeyType": "API_KEY"})),
    ]);
    let plan = &app.aws().usage_plans[0];
    assert_eq!(plan.stages, [("abc".to_owned(), "dev".to_owned())]);
    assert_eq!((plan.rate, plan.burst, plan.quota.clone()), (Some(1.0), Some(1), Some((100, "DAY".into()))));
    assert_eq!(plan.keys, [("k1".to_owned(), "0123456789abcdefghij".to_owned(), true)]);
}
