//! WAFv2 conformance: our own cases, each beside the title of the AWS document that says it (`tests/data/*.json`).
//!
//! A file is a list of groups: a document, a web ACL (or one statement for a rule that blocks), and requests with what is
//! expected of each. A request is one case.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use model::{Node, Place};
use sekisho_waf::engine::Scratch;
use sekisho_waf::request::Request;
use sekisho_waf::wafv2::{
    Judgement, Library, Location, Program, RateKeyValues, RateTable, Redacted, ResourceType, Source, State, Token, WebAcl, log_line,
};
use serde_json::{Value, json};
use std::fs;
use std::net::IpAddr;
use std::sync::Arc;

/// Text, `{"repeat": "x", "times": 9}`, or a list of such parts; `{"hex": "00ff"}` for other bytes.
fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(parts) => parts.iter().flat_map(bytes).collect(),
        Value::Object(map) if map.contains_key("hex") => {
            let digits = map["hex"].as_str().unwrap();
            (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
        }
        Value::Object(map) => bytes(&map["repeat"]).repeat(map["times"].as_u64().unwrap() as usize),
        _ => Vec::new(),
    }
}

struct Case<'a> {
    now: u64,
    token: Token,
    rates: &'a RateTable,
    located: Vec<(IpAddr, Location)>,
}

impl State for Case<'_> {
    fn now(&self) -> u64 {
        self.now
    }
    fn is_limited(&self, instance: &RateKeyValues) -> bool {
        self.rates.is_limited(instance)
    }
    fn locate(&self, address: IpAddr) -> Option<Location> {
        self.located.iter().find(|(known, _)| *known == address).map(|(_, location)| location.clone())
    }
    fn token(&self, _: &Request<'_>) -> Token {
        self.token
    }
}

fn resource(name: Option<&str>) -> ResourceType {
    match name {
        None | Some("API_GATEWAY") => ResourceType::ApiGateway,
        Some("ALB") => ResourceType::ApplicationLoadBalancer,
        Some("CLOUDFRONT") => ResourceType::CloudFront,
        Some("APPSYNC") => ResourceType::AppSync,
        Some(other) => panic!("{other}"),
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

/// Judges one request, counting it as often as `times` says, one second apart each `every` seconds.
fn judge(program: &Program, request: &Value, rates: &mut RateTable) -> (Judgement, Value) {
    let headers: Vec<(String, Vec<u8>)> = match &request["headers"] {
        Value::Array(list) => list.iter().map(|pair| (pair[0].as_str().unwrap().to_owned(), bytes(&pair[1]))).collect(),
        // {"count": 205, "value": "v"}: h0, h1, ...
        Value::Object(map) => (0..map["count"].as_u64().unwrap()).map(|n| (format!("h{n}"), bytes(&map["value"]))).collect(),
        _ => Vec::new(),
    };
    let (path, query, body) = (bytes(&request["path"]), bytes(&request["query"]), bytes(&request["body"]));
    let fragment = request.get("fragment").map(bytes);
    let judged = Request {
        method: text(&request["method"]).unwrap_or("GET"),
        path: if path.is_empty() { b"/" } else { &path },
        query: &query,
        fragment: fragment.as_deref(),
        http_version: "HTTP/1.1",
        headers: headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect(),
        body: &body,
        body_size: body.len(),
        client_ip: text(&request["ip"]).map(|ip| ip.parse().unwrap()),
        country: text(&request["country"]),
        region: text(&request["region"]),
        asn: request["asn"].as_u64().map(|asn| asn as u32),
        ja3: text(&request["ja3"]),
        ja4: text(&request["ja4"]),
    };
    let token = match &request["token"] {
        Value::String(name) if name == "invalid" => Token::Invalid,
        Value::String(name) if name == "domain" => Token::DomainMismatch,
        Value::Object(map) => {
            let time = |key: &str| map.get(key).and_then(Value::as_u64);
            Token::Present { captcha: time("captcha"), challenge: time("challenge") }
        }
        _ => Token::Missing,
    };
    let located = request["located"].as_object().into_iter().flatten().map(|(ip, place)| {
        let of = |key: &str| text(&place[key]).map(str::to_owned);
        (ip.parse().unwrap(), Location { country: of("country"), region: of("region"), asn: place["asn"].as_u64().map(|asn| asn as u32) })
    });
    let located: Vec<_> = located.collect();
    let now = request["now"].as_u64().unwrap_or(1000);
    let mut last = None;
    for _ in 0..request["times"].as_u64().unwrap_or(1) {
        rates.look(now);
        let state = Case { now, token, rates, located: located.clone() };
        let judgement = program.acl().judge(&judged, resource(text(&request["resource"])), &state);
        let fast = program.judge(&judged, resource(text(&request["resource"])), &state, &mut Scratch::default());
        assert_eq!(judgement, fast, "the program and its twin");
        for counted in &judgement.counted {
            rates.count(counted, now);
        }
        last = Some(judgement);
    }
    let judgement = last.unwrap();
    let source = Source { timestamp: now * 1000, name: "APIGW", id: "123456789012:api:prod", request_id: "rid" };
    let line = log_line(program.acl(), &judged, &judgement, &source, &Redacted::default());
    (judgement, line)
}

/// The web ACL of a group: written whole, as rules, or as one statement.
fn web_acl(group: &Value) -> Result<WebAcl, String> {
    let visible = json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"});
    let mut rules: Vec<Value> = group["rules"].as_array().cloned().unwrap_or_default();
    if let Some(statement) = group.get("statement") {
        rules.push(json!({"Name": "rule", "Priority": 1, "Statement": statement, "Action": {"Block": {}}}));
    }
    for rule in &mut rules {
        rule.as_object_mut().unwrap().entry("VisibilityConfig").or_insert(visible.clone());
    }
    let mut acl = json!({"Name": "acl", "DefaultAction": {"Allow": {}}, "Rules": rules, "VisibilityConfig": visible});
    for (key, value) in group["acl"].as_object().into_iter().flatten() {
        acl[key] = value.clone();
    }
    let mut groups = group["RuleGroups"].clone();
    for inner in groups.as_array_mut().into_iter().flatten() {
        inner.as_object_mut().unwrap().entry("VisibilityConfig").or_insert(visible.clone());
        for rule in inner["Rules"].as_array_mut().unwrap() {
            rule.as_object_mut().unwrap().entry("VisibilityConfig").or_insert(visible.clone());
        }
    }
    let document = json!({"WebACL": acl, "IPSets": group["IPSets"], "RegexPatternSets": group["RegexPatternSets"], "RuleGroups": groups});
    let node = Node::from_json(&document, &Place::new("case.json", 1, 1));
    let library = Library { account: "111122223333".into(), ..Library::default() };
    WebAcl::from_aws_json(&node, &library)
        .map_err(|troubles| troubles.iter().map(|t| format!("{}; {}", t.says, t.help)).collect::<Vec<_>>().join(" | "))
}

/// What a case says against an answer; nothing where it holds.
fn against(expect: &Value, judgement: &Judgement, line: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |what: &str, expected: &Value, found: Value| {
        if *expected != found {
            faults.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    if let Value::String(action) = expect {
        check("action", &json!(action), json!(judgement.outcome.name()));
        return faults;
    }
    for (key, expected) in expect.as_object().unwrap() {
        let found = match key.as_str() {
            "action" => json!(judgement.outcome.name()),
            "path" => json!(judgement.path().join("/")),
            "labels" => json!(judgement.labels),
            "oversize" => json!(judgement.oversize),
            "matched" => json!(judgement.non_terminating.iter().map(|m| m.rule.as_str()).collect::<Vec<_>>()),
            "inserted" => json!(judgement.inserted),
            "status" => json!(judgement.response.as_ref().map(|r| r.status)),
            "response" => json!(judgement.response.as_ref().map(|r| json!({
                "headers": r.headers, "body": r.body.as_ref().map(|b| &b.content), "type": r.body.as_ref().map(|b| b.content_type)}))),
            "inferred" => json!(judgement.terminating.as_ref().is_some_and(|t| t.matched.inferred.is_some())),
            "unassessed" => json!(judgement.unassessed.len()),
            "counted" => json!(judgement.counted.iter().map(|c| c.instance.values.join("|")).collect::<Vec<_>>()),
            pointer => line.pointer(pointer).cloned().unwrap_or(Value::Null),
        };
        check(key, expected, found);
    }
    faults
}

#[test]
fn conformance() {
    let (mut cases, mut faults) = (0, Vec::new());
    let mut files: Vec<_> =
        fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let groups: Vec<Value> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let before = cases;
        for (at, group) in groups.iter().enumerate() {
            let document = group["document"].as_str().unwrap_or_else(|| panic!("{name}: group {at} names no document"));
            if let Some(refused) = group.get("refused") {
                cases += 1;
                match web_acl(group) {
                    Ok(_) => faults.push(format!("{name}: {document}: taken, and should say {refused}")),
                    Err(says) if says.contains(refused.as_str().unwrap()) => {}
                    Err(says) => faults.push(format!("{name}: {document}: should say {refused}, says {says}")),
                }
                continue;
            }
            let acl = match web_acl(group) {
                Ok(acl) => acl,
                Err(says) => {
                    faults.push(format!("{name}: {document}: {says}"));
                    continue;
                }
            };
            if let Some(capacity) = group.get("capacity") {
                cases += 1;
                if acl.capacity() != capacity.as_u64().unwrap() {
                    faults.push(format!("{name}: {document}: capacity {} and not {capacity}", acl.capacity()));
                }
            }
            let program = Program::compile(Arc::new(acl));
            let mut rates = RateTable::default();
            for request in group["requests"].as_array().into_iter().flatten() {
                cases += 1;
                let (judgement, line) = judge(&program, request, &mut rates);
                let found = against(&request["expect"], &judgement, &line);
                faults.extend(found.into_iter().map(|fault| {
                    format!("{name}: {document}: {}: {fault}", json!(request).to_string().chars().take(160).collect::<String>())
                }));
            }
        }
        println!("{name}: {} cases", cases - before);
    }
    println!("{cases} cases, {} faults", faults.len());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    assert!(cases >= 400, "{cases} cases");
}
