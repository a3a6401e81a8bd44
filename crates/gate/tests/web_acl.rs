//! The web ACL of a stage: what it stops, what it lets on with what, and what is never let pass for not being understood.
#![allow(clippy::unwrap_used, clippy::panic)]

mod stand;

use model::{Answer, App, Call, Phase, State, Stop, Time, Verdict};
use sekisho_gate::{decide, record};
use serde_json::{Value, json};
use stand::{ACCOUNT, Memory, invoke, node, resource, resources, unknown, with, without};

const ACL: &str = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/Guard/00000000-0000-4000-8000-000000000001";
const STAGE: &str = "arn:aws:apigateway:us-east-1::/restapis/api1234567/stages/dev";

fn visible(name: &str) -> Value {
    json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": name})
}

fn rule(name: &str, priority: u32, action: Value, statement: Value) -> Value {
    json!({"Name": name, "Priority": priority, "Action": action, "VisibilityConfig": visible(name), "Statement": statement})
}

fn sqli(field: Value) -> Value {
    json!({"SqliMatchStatement": {"FieldToMatch": field, "TextTransformations": [{"Priority": 0, "Type": "URL_DECODE"}]}})
}

fn header(name: &str, value: &str) -> Value {
    json!({"ByteMatchStatement": {"FieldToMatch": {"SingleHeader": {"Name": name}}, "PositionalConstraint": "EXACTLY", "SearchString": value,
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}]}})
}

fn block() -> Value {
    json!({"Block": {}})
}

/// The stand with these rules on its stage.
fn guarded(rules: Value) -> App {
    let acl = json!({"Name": "Guard", "Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "VisibilityConfig": visible("Guard"), "Rules": rules,
        "CustomResponseBodies": {"no": {"ContentType": "APPLICATION_JSON", "Content": "{\"no\":1}"}}});
    let mut all = resources();
    all.push(resource(100, "Acl", "AWS::WAFv2::WebACL", "Guard", Some(ACL), acl));
    all.push(resource(101, "Association", "AWS::WAFv2::WebACLAssociation", "a", None, json!({"ResourceArn": STAGE, "WebACLArn": ACL})));
    App::new(ACCOUNT, "us-east-1", all)
}

fn get(path: &str, headers: &[(&str, &str)]) -> Call {
    invoke("GET", path, headers, "")
}

fn waf(verdict: &Verdict) -> &str {
    &verdict.why.iter().find(|reason| reason.phase == Phase::Waf).unwrap().says
}

fn stopped(verdict: &Verdict) -> &Stop {
    match &verdict.answer {
        Answer::Stop(stop) if verdict.reason().unwrap().phase == Phase::Waf => stop,
        other => panic!("not stopped by the web ACL: {other:?} {:?}", verdict.why),
    }
}

/// The verdict, which is the same from the journal.
fn judged(app: &App, call: &Call, state: &dyn State) -> Verdict {
    let (verdict, entry) = record(app, call, state);
    assert_eq!(verdict, decide(app, call, state));
    let text = serde_json::to_string(&entry).unwrap();
    let kept: sekisho_gate::Entry = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_value(kept.replay(app)).unwrap(), serde_json::to_value(&entry.verdict).unwrap(), "{text}");
    verdict
}

#[test]
fn what_matches_is_stopped_before_everything_else() {
    let app = guarded(json!([rule("Sqli", 1, block(), sqli(json!({"UriPath": {}})))]));
    let none = Memory::default();
    // No route has this path: the web ACL comes first.
    let verdict = judged(&app, &get("/customizations/1;%20drop%20table%20Custom_Unicorns;", &[]), &none);
    let stop = stopped(&verdict);
    assert_eq!((stop.status, stop.code.as_str(), stop.message.as_str(), &stop.response), (403, "WAF_FILTERED", "Forbidden", &None));
    let reason = verdict.reason().unwrap();
    assert!(reason.says.contains("rule Sqli of web ACL Guard blocks it (inferred: "), "{}", reason.says);
    assert_eq!(reason.place.as_ref().unwrap().line, 100);
    let verdict = judged(&app, &get("/open", &[]), &none);
    assert!(verdict.passes() && waf(&verdict).contains("default action"), "{:?}", verdict.why);
}

#[test]
fn an_answer_of_its_own() {
    let custom = json!({"Block": {"CustomResponse": {"ResponseCode": 429, "CustomResponseBodyKey": "no", "ResponseHeaders": [{"Name": "x-a", "Value": "b"}]}}});
    let rules = json!([
        rule("Custom", 1, custom, header("x-case", "custom")),
        rule("Puzzle", 2, json!({"Captcha": {}}), header("x-case", "puzzle")),
        rule("Challenge", 3, json!({"Challenge": {}}), header("x-case", "challenge"))
    ]);
    let app = guarded(rules);
    let response = |case: &str| *stopped(&judged(&app, &get("/open", &[("X-Case", case)]), &Memory::default())).response.clone().unwrap();
    let custom = response("custom");
    assert_eq!((custom.status, custom.header("x-a"), custom.header("content-type")), (429, Some("b"), Some("application/json")));
    assert_eq!(custom.body, br#"{"no":1}"#);
    // "CAPTCHA and Challenge action behavior".
    assert_eq!((response("puzzle").status, response("puzzle").header("x-amzn-waf-action")), (405, Some("captcha")));
    assert_eq!((response("challenge").status, response("challenge").header("x-amzn-waf-action")), (202, Some("challenge")));
}

#[test]
fn counted_labelled_and_with_headers_inserted() {
    let mut seen = rule(
        "Seen",
        1,
        json!({"Count": {"CustomRequestHandling": {"InsertHeaders": [{"Name": "seen", "Value": "1"}]}}}),
        header("x-case", "a"),
    );
    seen["RuleLabels"] = json!([{"Name": "case:a"}]);
    let label = rule(
        "Labelled",
        2,
        block(),
        json!({"AndStatement": {"Statements": [
        {"LabelMatchStatement": {"Scope": "LABEL", "Key": "case:a"}}, header("x-too", "b")]}}),
    );
    let app = guarded(json!([seen, label]));
    let verdict = judged(&app, &get("/open", &[("X-Case", "a")]), &Memory::default());
    let Answer::Pass(grant) = &verdict.answer else { panic!("{verdict:?}") };
    assert_eq!(grant.inserted_headers, [("x-amzn-waf-seen".to_owned(), "1".to_owned())]);
    assert!(waf(&verdict).contains("counted: Seen; labels: awswaf:123456789012:webacl:Guard:case:a"), "{}", waf(&verdict));
    assert_eq!(stopped(&judged(&app, &get("/open", &[("X-Case", "a"), ("X-Too", "b")]), &Memory::default())).status, 403);
}

/// A State in which somebody is limited.
struct Flooded(&'static str);

impl State for Flooded {
    fn key(&self, _: &str) -> Option<model::IssuedKey> {
        None
    }
    fn authorizer_answer(&self, _: &str) -> Option<model::AuthorizerAnswer> {
        None
    }
    fn usage(&self, _: &str, _: &str) -> model::Usage {
        model::Usage::default()
    }
    fn jwks(&self, _: &str) -> Option<Value> {
        None
    }
    fn rate_limited(&self, rule: &str, instance: &str, _: Time) -> bool {
        rule.ends_with("/Flood") && instance == self.0
    }
}

#[test]
fn who_floods_is_limited_and_counted_on() {
    let app = guarded(json!([rule("Flood", 1, block(), json!({"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}}))]));
    let call = get("/open", &[]);
    let counts = |verdict: &Verdict| match verdict.charges.as_slice() {
        [model::Charge::Rate { instance, limit: 2000, window: 300, .. }] => instance.clone(),
        other => panic!("{other:?}"),
    };
    let stop = judged(&app, &call, &Flooded("198.51.100.7"));
    assert_eq!((stopped(&stop).status, counts(&stop)), (403, "198.51.100.7".to_owned()));
    let pass = judged(&app, &call, &Flooded("203.0.113.9"));
    assert!(pass.passes());
    assert_eq!(counts(&pass), "198.51.100.7");
    // What another phase stops was counted as well; what waits for an authorizer is counted when it is asked again.
    let unknown_route = judged(&app, &get("/nothing", &[]), &Flooded(""));
    assert!(!unknown_route.passes() && unknown_route.charges.len() == 1, "{unknown_route:?}");
    let waiting = judged(&app, &get("/rides", &[("Authorization", "Bearer t")]), &Flooded(""));
    assert!(matches!(waiting.answer, Answer::Needs(_)) && waiting.charges.is_empty(), "{waiting:?}");
}

/// The journal keeps no credential, so it keeps what the web ACL said of one.
#[test]
fn what_a_credential_made_of_it_is_judged_the_same_again() {
    let app = guarded(json!([rule("Token", 1, block(), header("authorization", "Bearer the-secret-token"))]));
    let call = get("/open", &[("Authorization", "Bearer the-secret-token")]);
    assert_eq!(stopped(&judged(&app, &call, &Memory::default())).status, 403);
    let (_, entry) = record(&app, &call, &Memory::default());
    assert!(!serde_json::to_string(&entry).unwrap().contains("the-secret-token"));
    assert!(judged(&app, &get("/open", &[("Authorization", "Bearer another")]), &Memory::default()).passes());
}

#[test]
fn what_is_not_understood_closes_the_stage() {
    let good = guarded(json!([rule("Sqli", 1, block(), sqli(json!({"UriPath": {}})))]));
    let depends = |app: &App| {
        let verdict = judged(app, &get("/open", &[]), &Memory::default());
        let Answer::Depends(_) = &verdict.answer else { panic!("{verdict:?}") };
        assert_eq!(verdict.reason().unwrap().phase, Phase::Waf);
        verdict.reason().unwrap().says.clone()
    };
    let set = |path: &[&str], value| with(&good, "Acl", path, value);
    assert!(depends(&set(&["Rules"], node(json!([rule("R", 1, block(), json!({"MagicStatement": {}}))])))).contains("MagicStatement"));
    assert!(depends(&set(&["Rules"], unknown())).contains("parameter P has no value"));
    assert!(depends(&set(&["DefaultAction"], node(json!({"Perhaps": {}})))).contains("Perhaps"));
    assert!(depends(&set(&["Novelty"], node(json!(1)))).contains("Novelty"));
    let reference = json!([rule(
        "R",
        1,
        block(),
        json!({"IPSetReferenceStatement": {"ARN": "arn:aws:wafv2:us-east-1:123456789012:regional/ipset/none/1"}})
    )]);
    depends(&set(&["Rules"], node(reference)));
    assert!(depends(&without(&good, "Acl")).contains("is not declared in this application"));
    depends(
        &with(&good, "Association", &["ResourceArn"], unknown())
            .clone()
            .apply(&model::Change::Remove(model::ResourceId::new("app", "Acl")))
            .unwrap(),
    );
    // Another stage's web ACL is none of this one's.
    let elsewhere =
        with(&good, "Association", &["ResourceArn"], node(json!("arn:aws:apigateway:us-east-1::/restapis/api1234567/stages/other")));
    assert!(judged(&elsewhere, &get("/open", &[]), &Memory::default()).passes());
}

#[test]
fn a_web_acl_of_waf_classic_stops_as_one_of_wafv2_does() {
    let app = |ip: &str| {
        let mut all = resources();
        let set = json!({"Name": "Set", "IPSetDescriptors": [{"Type": "IPV4", "Value": ip}]});
        let rule = json!({"Name": "Rule", "MetricName": "rule", "Predicates": [{"DataId": "set-1", "Negated": false, "Type": "IPMatch"}]});
        let acl = json!({"Name": "Old", "MetricName": "old", "DefaultAction": {"Type": "ALLOW"},
            "Rules": [{"Action": {"Type": "BLOCK"}, "Priority": 1, "RuleId": "rule-1"}]});
        all.push(resource(100, "Set", "AWS::WAFRegional::IPSet", "set-1", None, set));
        all.push(resource(101, "Rule", "AWS::WAFRegional::Rule", "rule-1", None, rule));
        all.push(resource(102, "Acl", "AWS::WAFRegional::WebACL", "acl-1", None, acl));
        all.push(resource(103, "At", "AWS::WAFRegional::WebACLAssociation", "a", None, json!({"ResourceArn": STAGE, "WebACLId": "acl-1"})));
        App::new(ACCOUNT, "us-east-1", all)
    };
    let call = get("/open", &[]);
    let client = &call.source_ip;
    assert_eq!(stopped(&judged(&app(&format!("{client}/32")), &call, &Memory::default())).status, 403);
    assert!(waf(&judged(&app("192.0.2.1/32"), &call, &Memory::default())).contains("the default action of web ACL Old"));
}

/// Compiled web ACLs are kept by content: what they are made of counts, wherever it is written, and each version keeps its own.
#[test]
fn what_changes_counts_at_once() {
    const SET: &str = "arn:aws:wafv2:us-east-1:123456789012:regional/ipset/Known/00000000-0000-4000-8000-000000000002";
    let none = Memory::default();
    let colour = |colour: &str| json!([rule("Colour", 1, block(), header("x-colour", colour))]);
    let red = guarded(colour("red"));
    let blue = with(&red, "Acl", &["Rules"], node(colour("blue")));
    let stops =
        |app: &App, colour: &str| !decide(app, &get("/", &[("X-Colour", colour)]), &none).why.iter().any(|why| why.phase == Phase::Route);
    for _ in 0..2 {
        assert_eq!([stops(&red, "red"), stops(&red, "blue"), stops(&blue, "red"), stops(&blue, "blue")], [true, false, false, true]);
    }
    // What it refers to is written elsewhere.
    let addresses = |address: &str| json!([address]);
    let set = json!({"Name": "Known", "Scope": "REGIONAL", "IPAddressVersion": "IPV4", "Addresses": addresses("192.0.2.0/24")});
    let rules = json!([rule("Known", 1, block(), json!({"IPSetReferenceStatement": {"ARN": SET}}))]);
    let mut all: Vec<_> = guarded(rules).resources().cloned().collect();
    all.push(resource(102, "Known", "AWS::WAFv2::IPSet", "Known", Some(SET), set));
    let others = App::new(ACCOUNT, "us-east-1", all);
    let mine = with(&others, "Known", &["Addresses"], node(addresses(&format!("{}/32", get("/", &[]).source_ip))));
    for _ in 0..2 {
        assert_eq!([stops(&others, "red"), stops(&mine, "red")], [false, true]);
    }
}

/// A request of which only the beginning of the body is there is stopped by it, or by nobody: it never passes.
#[test]
fn a_beginning_is_stopped_or_nothing() {
    let body = |word: &str| {
        let mut call = invoke("POST", "/customizations", &[], word);
        if let model::Ask::Invoke(invoke) = &mut call.ask {
            invoke.beyond = 20_000;
        }
        call
    };
    let search = json!({"ByteMatchStatement": {"FieldToMatch": {"Body": {"OversizeHandling": "CONTINUE"}}, "PositionalConstraint": "CONTAINS",
        "SearchString": "evil", "TextTransformations": [{"Priority": 0, "Type": "NONE"}]}});
    let app = guarded(json!([rule("Word", 1, block(), search)]));
    let none = Memory::default();
    assert_eq!(stopped(&judged(&app, &body("so evil"), &none)).status, 403);
    for app in [&app, &guarded(json!([])), &stand::app()] {
        let verdict = judged(app, &body("harmless"), &none);
        assert!(matches!(verdict.answer, Answer::Depends(_)), "{:?}", verdict.why);
        assert!(waf(&verdict).contains("20000 bytes of the body were not kept"), "{}", waf(&verdict));
    }
}
