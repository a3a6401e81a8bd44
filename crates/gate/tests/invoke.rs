//! Requests to a REST API: what passes, what AWS answers where it does not, and that each control is what stops it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod stand;

use model::{Answer, App, Ask, Call, Credential, Identity, Phase, State, Stop, Time, Usage, Verdict};
use sekisho_gate::decide;
use serde_json::json;
use stand::{KEY, Memory, NOW, allow, answered, app, invoke, node, unknown, with, without};

const TOKEN: (&str, &str) = ("Authorization", "Bearer abc");
const GOOD: &str = r#"{"name":"O'Hara","color":3,"imageUrl":"https://example.com/a.png"}"#;

fn stopped(verdict: &Verdict) -> (u16, &str, &str, Phase) {
    match &verdict.answer {
        Answer::Stop(Stop { status, code, message, .. }) => (*status, code, message, verdict.reason().unwrap().phase),
        other => panic!("not stopped: {other:?}\n{:#?}", verdict.why),
    }
}

fn depends(app: &App, call: &Call, state: &dyn State) -> Phase {
    let verdict = decide(app, call, state);
    assert!(matches!(verdict.answer, Answer::Depends(_)), "{verdict:?}");
    verdict.reason().unwrap().phase
}

fn post(headers: &[(&str, &str)], body: &str) -> Call {
    invoke("POST", "/rides", headers, body)
}

fn passes(app: &App, call: &Call, state: &dyn State) -> Verdict {
    let verdict = decide(app, call, state);
    assert!(verdict.passes(), "{verdict:#?}");
    verdict
}

#[test]
fn with_every_control_satisfied_it_passes() {
    let app = app();
    let call = post(&[TOKEN, ("X-Api-Key", KEY)], GOOD);
    let verdict = passes(&app, &call, &answered(&app, &call, Ok(allow())));
    let Answer::Pass(grant) = &verdict.answer else { unreachable!() };
    assert_eq!(
        serde_json::Value::Object(grant.authorizer.clone().unwrap()),
        json!({"CompanyID": "2", "admin": "true", "principalId": "client-1", "integrationLatency": 0})
    );
    assert_eq!(grant.api_key_id.as_deref(), Some("key01"));
    assert_eq!(verdict.charges.len(), 1);
    let phases: Vec<_> = verdict.why.iter().map(|reason| reason.phase).collect();
    use Phase::*;
    assert_eq!(phases, [Waf, Route, ResourcePolicy, Authorizer, ApiKey, UsagePlan, Validation, IntegrationPermission]);
    assert!(verdict.why.iter().all(|reason| reason.place.is_some()));
}

#[test]
fn routes() {
    let app = app();
    let found = |method: &str, path: &str| match passes(&app, &invoke(method, path, &[], ""), &Memory::default()).answer {
        Answer::Pass(grant) => {
            let route = &app.aws().rest_apis[0].routes[grant.route.unwrap()];
            (route.path.clone(), grant.path_parameters.into_iter().next())
        }
        _ => unreachable!(),
    };
    // A static segment before a parameter; a greedy one takes the rest; nothing is decoded.
    assert_eq!(found("GET", "/rides/special"), ("/rides/special".into(), None));
    assert_eq!(found("GET", "/open/"), ("/open".into(), None));
    assert_eq!(found("PATCH", "/files/a%2Bb//c"), ("/files/{proxy+}".into(), Some(("proxy".into(), "a%2Bb//c".into()))));
    for (method, path) in [("GET", "/nothing"), ("PUT", "/open"), ("GET", "/files"), ("TRACE", "/files/a"), ("GET", "/rides/1/2")] {
        let verdict = decide(&app, &invoke(method, path, &[], ""), &Memory::default());
        assert_eq!(
            stopped(&verdict),
            (403, "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token", Phase::Route),
            "{method} {path}"
        );
    }
    let mut elsewhere = invoke("GET", "/open", &[], "");
    if let Ask::Invoke(invoke) = &mut elsewhere.ask {
        invoke.stage = "prod".into();
    }
    assert_eq!(stopped(&decide(&app, &elsewhere, &Memory::default())).2, "Forbidden");
}

#[test]
fn the_authorizer_is_asked_only_with_a_token() {
    let app = app();
    for headers in [&[][..], &[("Authorization", "")]] {
        let verdict = decide(&app, &invoke("GET", "/rides", headers, ""), &Memory::default());
        assert_eq!(stopped(&verdict), (401, "UNAUTHORIZED", "Unauthorized", Phase::Authorizer));
    }
    let verdict = decide(&app, &invoke("GET", "/rides/7", &[TOKEN], ""), &Memory::default());
    let Answer::Needs(needed) = &verdict.answer else { panic!("{verdict:?}") };
    let Ask::Api(api) = &needed.ask else { panic!() };
    assert_eq!((api.action.as_str(), api.resource.as_str()), ("lambda:InvokeFunction", stand::AUTHORIZER));
    let arn = "arn:aws:execute-api:us-east-1:123456789012:api1234567/dev/GET/rides/7";
    let event = json!({"type": "TOKEN", "methodArn": arn, "authorizationToken": "Bearer abc"});
    assert_eq!(api.invocation.as_ref().unwrap().payload, event);
    assert!(matches!(&needed.credential, Credential::Proved(Identity::Service { name, .. }) if name == "apigateway.amazonaws.com"));
    // The call that is needed passes the gate itself.
    passes(&app, needed, &Memory::default());
    // Without the permission the authorizer cannot be invoked, and nobody passes.
    let verdict = decide(&without(&app, "AuthorizerPermission"), &invoke("GET", "/rides", &[TOKEN], ""), &Memory::default());
    assert_eq!(stopped(&verdict), (500, "AUTHORIZER_CONFIGURATION_ERROR", "", Phase::Authorizer));
}

#[test]
fn what_an_authorizer_answers() {
    let app = app();
    let call = invoke("GET", "/rides", &[TOKEN], "");
    let answer = |effect: &str, resource: &str| {
        json!({"principalId": "p", "policyDocument": {"Version": "2012-10-17", "Statement":
            [{"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}]}})
    };
    let forbidden = "User is not authorized to access this resource";
    let explicit = "User is not authorized to access this resource with an explicit deny";
    let denied = |message| (403, "ACCESS_DENIED", message, Phase::Authorizer);
    let failed = (500, "AUTHORIZER_CONFIGURATION_ERROR", "", Phase::Authorizer);
    let table = [
        (Err("Unauthorized".to_owned()), (401, "UNAUTHORIZED", "Unauthorized", Phase::Authorizer)),
        (Err("error".to_owned()), failed),
        (Ok(answer("Deny", "*")), denied(explicit)),
        (Ok(answer("Allow", "arn:aws:execute-api:us-east-1:123456789012:api1234567/dev/GET/partners")), denied(forbidden)),
        (Ok(answer("Allow", "arn:aws:execute-api:us-east-1:123456789012:api1234567/dev/POST/rides")), denied(forbidden)),
        (Ok(json!({"principalId": 7, "policyDocument": answer("Allow", "*")["policyDocument"]})), failed),
        (Ok(json!({"principalId": "p"})), failed),
        (Ok(json!({"principalId": "p", "policyDocument": answer("Allow", "*")["policyDocument"], "context": {"a": {"b": 1}}})), failed),
        (Ok(json!("text")), failed),
        (Ok(json!(null)), failed),
    ];
    for (result, expected) in table {
        let memory = answered(&app, &call, result.clone());
        assert_eq!(stopped(&decide(&app, &call, &memory)), expected, "{result:?}");
    }
    passes(&app, &call, &answered(&app, &call, Ok(answer("Allow", "*"))));
}

#[test]
fn an_answer_is_fresh_for_its_ttl_and_a_failure_for_its_call() {
    let app = app();
    let call = invoke("GET", "/rides", &[TOKEN], "");
    let asks = |memory: &Memory, later: i64, call: &Call| {
        let later = Call { id: "other".into(), time: Time(NOW.0 + later), ..call.clone() };
        matches!(decide(&app, &later, memory).answer, Answer::Needs(_))
    };
    let memory = answered(&app, &call, Ok(allow()));
    assert!(!asks(&memory, 59_999, &call));
    assert!(asks(&memory, 60_000, &call));
    // The same answer serves another route of the API, but not another token.
    assert!(!asks(&memory, 1, &invoke("GET", "/rides/7", &[TOKEN], "")));
    assert!(asks(&memory, 1, &invoke("GET", "/rides", &[("Authorization", "Bearer abd")], "")));
    assert!(asks(&answered(&app, &call, Err("Unauthorized".into())), 1, &call));
    // A TTL of 0 asks for every call.
    let call = invoke("GET", "/by-request?key=1", &[("x-token", "t")], "");
    let memory = answered(&app, &call, Ok(allow()));
    assert!(asks(&memory, 0, &call));
    assert!(!matches!(decide(&app, &call, &memory).answer, Answer::Needs(_)));
    assert_eq!(stopped(&decide(&app, &invoke("GET", "/by-request", &[("x-token", "t")], ""), &Memory::default())).0, 401);
}

#[test]
fn api_keys_and_usage_plans() {
    let app = app();
    let forbidden = (403, "INVALID_API_KEY", "Forbidden", Phase::ApiKey);
    for headers in [&[TOKEN][..], &[TOKEN, ("x-api-key", "0123456789abcdefghijKLMX")], &[TOKEN, ("x-api-key", "sekisho-key:key01")]] {
        let call = post(headers, GOOD);
        let memory = answered(&app, &call, Ok(allow()));
        assert_eq!(stopped(&decide(&app, &call, &memory)), forbidden);
    }
    let call = post(&[TOKEN, ("x-api-key", KEY)], GOOD);
    let mut memory = answered(&app, &call, Ok(allow()));
    for (change, value) in [(("Key", "Enabled"), json!(false)), (("Plan", "ApiStages"), json!([]))] {
        let other = with(&app, change.0, &[change.1], node(value));
        assert_eq!(stopped(&decide(&other, &call, &memory)), forbidden);
    }
    let other = with(&app, "Plan", &["Throttle", "RateLimit"], unknown());
    assert_eq!(depends(&other, &call, &memory), Phase::UsagePlan);
    // Two tokens in the bucket, one more each second; three requests a day.
    let plan = &app.aws().usage_plans[0];
    let mut status = Vec::new();
    for later in [0, 0, 0, 900, 1000, 5000] {
        let call = Call { time: Time(NOW.0 + later), ..call.clone() };
        let verdict = decide(&app, &call, &memory);
        status.push(match &verdict.answer {
            Answer::Pass(_) => {
                memory.usage = sekisho_gate::charge(plan, memory.usage, call.time);
                "200".to_owned()
            }
            _ => stopped(&verdict).2.to_owned(),
        });
        assert_eq!(verdict.charges.len(), usize::from(verdict.passes()));
    }
    assert_eq!(status, ["200", "200", "Too Many Requests", "Too Many Requests", "200", "Limit Exceeded"].map(str::to_owned));
    let tomorrow = Usage { used: 3, ..memory.usage };
    let renewed = sekisho_gate::charge(plan, tomorrow, Time(NOW.0 + 86_400_000));
    assert_eq!((renewed.used, renewed.period), (1, memory.usage.period + 1));
}

#[test]
fn the_api_key_may_come_from_the_authorizer() {
    let app = with(&app(), "Api", &["ApiKeySourceType"], node(json!("AUTHORIZER")));
    let call = post(&[TOKEN, ("x-api-key", KEY)], GOOD);
    let mut answer = allow();
    assert_eq!(stopped(&decide(&app, &call, &answered(&app, &call, Ok(answer.clone())))).1, "INVALID_API_KEY");
    answer["usageIdentifierKey"] = json!(KEY);
    let verdict = passes(&app, &call, &answered(&app, &call, Ok(answer)));
    let Answer::Pass(grant) = verdict.answer else { unreachable!() };
    assert!(!grant.authorizer.unwrap().contains_key("usageIdentifierKey"));
}

#[test]
fn bodies_and_parameters() {
    let app = app();
    let with_key = [TOKEN, ("x-api-key", KEY)];
    let judge = |headers: &[(&str, &str)], body: &str| {
        let call = post(headers, body);
        decide(&app, &call, &answered(&app, &call, Ok(allow())))
    };
    let invalid = (400, "BAD_REQUEST_BODY", "Invalid request body", Phase::Validation);
    let attack = r#"{"name":"x","color":"2); INSERT INTO Socks (NAME,PRICE) VALUES ('Bad color', 10000.00"}"#;
    for body in ["", "{}", "[]", "{", "null", attack, r#"{"name":"x","color":0}"#, r#"{"name":"x","color":1,"imageUrl":"javascript:1"}"#] {
        assert_eq!(stopped(&judge(&with_key, body)), invalid, "{body}");
    }
    for body in [GOOD, r#"{"name":"x","color":1,"more":[]}"#] {
        assert!(judge(&with_key, body).passes(), "{body}");
    }
    let typed = |content_type| [TOKEN, ("x-api-key", KEY), ("content-type", content_type)];
    assert_eq!(stopped(&judge(&typed("application/json; charset=utf-8"), "{}")), invalid);
    // AWS validates no body of a content type without a model; the reason says so.
    let verdict = judge(&typed("text/plain"), attack);
    assert!(verdict.passes());
    assert!(verdict.why.iter().any(|r| r.says.contains("has no model for text/plain: its body is not validated")));
    let delete = |path: &str, headers: &[(&str, &str)]| decide(&app, &invoke("DELETE", path, headers, ""), &Memory::default());
    let missing = |names: &str| (400, format!("Missing required request parameters: [{names}]"));
    for (verdict, names) in [
        (delete("/rides/1", &[]), "X-Who, why"),
        (delete("/rides/1?why=x", &[]), "X-Who"),
        (delete("/rides/1?w=x", &[("x-who", "me")]), "why"),
    ] {
        let (status, _, message, _) = stopped(&verdict);
        assert_eq!((status, message.to_owned()), missing(names));
    }
    assert!(delete("/rides/1?why", &[("x-who", "me")]).passes());
}

/// The same call, the application with and without one control: the control is what stops it.
#[test]
fn each_control_is_what_stops_it() {
    let app = app();
    let no_token = post(&[("x-api-key", KEY)], GOOD);
    let no_key = post(&[TOKEN], GOOD);
    let bad_body = post(&[TOKEN, ("x-api-key", KEY)], "{}");
    let memory = answered(&app, &no_key, Ok(allow()));
    let off = |path: &[&str], value| with(&app, "Api", &[&["Body", "paths", "/rides", "post"], path].concat(), node(value));
    let without_authorizer = off(&["security"], json!([{"api_key": []}]));
    let without_key = off(&["security"], json!([{"Custom": []}]));
    let without_validator = off(&["x-amazon-apigateway-request-validator"], json!("None"));
    for (call, phase, open) in [
        (&no_token, Phase::Authorizer, &without_authorizer),
        (&no_key, Phase::ApiKey, &without_key),
        (&bad_body, Phase::Validation, &without_validator),
    ] {
        assert_eq!(stopped(&decide(&app, call, &memory)).3, phase);
        passes(open, call, &memory);
    }
    let call = invoke("GET", "/open", &[], "");
    passes(&app, &call, &memory);
    let verdict = decide(&without(&app, "RidesPermission"), &call, &memory);
    assert_eq!(stopped(&verdict), (500, "INTEGRATION_FAILURE", "Internal server error", Phase::IntegrationPermission));
    let narrow = json!("arn:aws:execute-api:us-east-1:123456789012:api1234567/*/GET/rides");
    let verdict = decide(&with(&app, "RidesPermission", &["SourceArn"], node(narrow)), &call, &memory);
    assert_eq!(stopped(&verdict).0, 500);
}

#[test]
fn resource_policies_and_authorizers_combine_as_documented() {
    let policy = |effect: &str| {
        node(json!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke",
            "Resource": "execute-api:/*", "Condition": {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}}]}))
    };
    let apply = |effect: &str| with(&app(), "Api", &["Policy"], policy(effect));
    let open = invoke("GET", "/open", &[], "");
    passes(&apply("Allow"), &open, &Memory::default());
    let elsewhere = Call { source_ip: "203.0.113.9".into(), ..open.clone() };
    let verdict = decide(&apply("Allow"), &elsewhere, &Memory::default());
    let (status, code, message, phase) = stopped(&verdict);
    assert_eq!((status, code, phase), (403, "ACCESS_DENIED", Phase::ResourcePolicy));
    let arn = "arn:aws:execute-api:us-east-1:********9012:api1234567/dev/GET/open";
    assert_eq!(message, format!("User: anonymous is not authorized to perform: execute-api:Invoke on resource: {arn}"));
    assert!(stopped(&decide(&apply("Deny"), &open, &Memory::default())).2.ends_with(" with an explicit deny"));
    // With a Lambda authorizer either may allow, and a denial halts before the function is asked.
    let rides = invoke("GET", "/rides", &[TOKEN], "");
    let neither = json!({"principalId": "p", "policyDocument": {"Version": "2012-10-17", "Statement": []}});
    let allowing = apply("Allow");
    passes(&allowing, &rides, &answered(&allowing, &rides, Ok(neither.clone())));
    let elsewhere = Call { source_ip: "203.0.113.9".into(), ..rides.clone() };
    passes(&allowing, &elsewhere, &answered(&allowing, &elsewhere, Ok(allow())));
    assert_eq!(stopped(&decide(&allowing, &elsewhere, &answered(&allowing, &elsewhere, Ok(neither)))).3, Phase::Authorizer);
    assert_eq!(stopped(&decide(&apply("Deny"), &rides, &Memory::default())).3, Phase::ResourcePolicy);
}

#[test]
fn what_is_not_known_never_passes() {
    let app = app();
    let open = invoke("GET", "/open", &[], "");
    let none = Memory::default();
    let acl = json!({"ResourceArn": "arn:aws:apigateway:us-east-1::/restapis/api1234567/stages/dev", "WebACLArn": "arn:acl"});
    let mut resources = stand::resources();
    resources.push(stand::resource(99, "Acl", "AWS::WAFv2::WebACLAssociation", "acl", None, acl));
    assert_eq!(depends(&App::new(stand::ACCOUNT, "us-east-1", resources), &open, &none), Phase::Waf);
    let body = |path: &[&str]| with(&app, "Api", &[&["Body"], path].concat(), unknown());
    assert_eq!(depends(&body(&[]), &open, &none), Phase::Route);
    assert_eq!(depends(&body(&["paths", "/open", "get", "security"]), &open, &none), Phase::Authorizer);
    assert_eq!(
        depends(&body(&["paths", "/open", "get", "x-amazon-apigateway-integration", "uri"]), &open, &none),
        Phase::IntegrationPermission
    );
    assert_eq!(depends(&with(&app, "Api", &["Policy"], unknown()), &open, &none), Phase::ResourcePolicy);
    assert_eq!(depends(&with(&app, "RidesPermission", &["SourceArn"], unknown()), &open, &none), Phase::IntegrationPermission);
    assert_eq!(depends(&without(&app, "Rides"), &open, &none), Phase::IntegrationPermission);
    let call = post(&[TOKEN, ("x-api-key", KEY)], GOOD);
    let memory = answered(&app, &call, Ok(allow()));
    assert_eq!(depends(&body(&["definitions", "Color", "type"]), &call, &memory), Phase::Validation);
    assert_eq!(depends(&body(&["definitions", "Ride", "required"]), &call, &memory), Phase::Validation);
    assert_eq!(
        depends(&body(&["x-amazon-apigateway-request-validators", "All", "validateRequestBody"]), &call, &memory),
        Phase::Validation
    );
}
