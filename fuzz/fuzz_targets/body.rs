//! Any bytes as a body of each kind: the processors of SecLang and the tolerant JSON of AWS WAF never panic, and what JSON
//! itself takes is taken apart whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_model::{HttpRequest, Node, Place};
use sekisho_waf::request::Request;
use sekisho_waf::seclang::{self, BASE, Facts, Files, Program, Transaction};
use sekisho_waf::wafv2::{At, Library, Outcome, ResourceType, WebAcl};
use serde_json::{Value, json};
use std::sync::OnceLock;

const KINDS: [&[u8]; 4] =
    [b"application/json", b"text/xml", b"multipart/form-data; boundary=b", b"application/x-www-form-urlencoded"];

/// Blocks a request whose JSON holds the word as a key or a value.
fn acl() -> WebAcl {
    let visibility = json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"});
    let document = json!({"Name": "a", "DefaultAction": {"Allow": {}}, "VisibilityConfig": visibility, "Rules": [{
        "Name": "r", "Priority": 0, "Action": {"Block": {}}, "VisibilityConfig": visibility, "Statement": {"ByteMatchStatement": {
            "FieldToMatch": {"JsonBody": {"MatchPattern": {"All": {}}, "MatchScope": "ALL", "InvalidFallbackBehavior": "NO_MATCH"}},
            "PositionalConstraint": "EXACTLY", "SearchString": "evil", "TextTransformations": [{"Priority": 0, "Type": "NONE"}]}}}]});
    let place = Place::new("acl.json", 1, 1);
    WebAcl::from_aws_json(&Node::from_json(&document, &place), &Library::default()).unwrap()
}

fn holds(value: &Value) -> bool {
    match value {
        Value::String(text) => text == "evil",
        Value::Array(values) => values.iter().any(holds),
        Value::Object(members) => members.iter().any(|(key, value)| key == "evil" || holds(value)),
        _ => false,
    }
}

fuzz_target!(|body: &[u8]| {
    static PROGRAM: OnceLock<(Program, WebAcl)> = OnceLock::new();
    let (program, acl) = PROGRAM.get_or_init(|| {
        let mut files = Files::default();
        files.insert("base.conf", BASE);
        (Program::new(&seclang::load(&files, &["base.conf"]).unwrap()), acl())
    });
    for kind in KINDS {
        let request = seclang::Request { method: b"POST", uri: b"/", version: b"HTTP/1.1", headers: &[(b"content-type", kind)], body };
        Transaction::new(program, Facts::default()).request(&request);
    }
    let judged = |body: Vec<u8>| {
        let request = HttpRequest { method: "POST".into(), path: "/".into(), query: String::new(), headers: Vec::new(), body };
        acl.judge(&Request::of(&request), ResourceType::ApiGateway, &At(0)).outcome
    };
    judged(body.to_vec());
    // Written anew: AWS WAF stops at a second key of one name, where other readers take the last.
    let Ok(value @ (Value::Array(_) | Value::Object(_))) = serde_json::from_slice(body) else { return };
    let written = value.to_string().into_bytes();
    if written.len() <= 16_384 && holds(&value) {
        assert!(judged(written) == Outcome::Block, "{value}");
    }
});
