//! How much of a corpus of labelled requests is stopped: by a web ACL with all managed groups, by the same with a Core Rule
//! Set behind its approximations, and by the Core Rule Set itself. TPR and TNR, by the corpus' own sets.
//!
//! `SEKISHO_WAF_REQUESTS` names a file with one JSON object a line: `set`, `attack` (true or false), `method`, `path`,
//! `query`, `headers` (pairs), `body`. `SEKISHO_CRS` names a folder of the Core Rule Set. Without the file nothing is measured,
//! and it says so. The figures are of our rule content, not of AWS's: rules of tier C and P are approximations.
#![allow(clippy::unwrap_used)]

use model::{HttpRequest, Node, Place};
use sekisho_waf::managed;
use sekisho_waf::request::Request;
use sekisho_waf::seclang::{self, Facts, Files, Program, RuleSet, Transaction};
use sekisho_waf::wafv2::{At, Library, Outcome, ResourceType, WebAcl};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const GROUPS: [&str; 9] = ["Common", "AdminProtection", "KnownBadInputs", "SQLi", "Linux", "Unix", "Windows", "PHP", "WordPress"];

fn acl(crs: Option<&dyn managed::RuleSource>) -> WebAcl {
    let visibility = json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"});
    let rule = |(at, name): (usize, &&str)| {
        json!({"Name": name, "Priority": at, "OverrideAction": {"None": {}}, "VisibilityConfig": visibility, "Statement": {
            "ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": format!("AWSManagedRules{name}RuleSet")}}})
    };
    let rules: Vec<Value> = GROUPS.iter().enumerate().map(rule).collect();
    let document = json!({"Name": "all", "DefaultAction": {"Allow": {}}, "Rules": rules, "VisibilityConfig": visibility});
    let library = Library { managed: managed::groups(crs), ..Library::default() };
    WebAcl::from_aws_json(&Node::from_json(&document, &Place::new("all.json", 1, 1)), &library).unwrap()
}

fn request(line: &Value) -> HttpRequest {
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let pair = |pair: &Value| (pair[0].as_str().unwrap_or_default().to_owned(), pair[1].as_str().unwrap_or_default().to_owned());
    HttpRequest {
        method: text("method"),
        path: text("path"),
        query: text("query"),
        headers: line["headers"].as_array().into_iter().flatten().map(pair).collect(),
        body: text("body").into_bytes(),
    }
}

/// A folder's rule files, or those in its `rules`.
fn rule_set(folder: &str) -> RuleSet {
    let mut files = Files::default();
    for folder in [folder.to_owned(), format!("{folder}/rules")] {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_file() && [".conf", ".data", ".example"].iter().any(|end| name.ends_with(end)) {
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    let order: Vec<String> = files.order().into_iter().map(str::to_owned).collect();
    seclang::load(&files, &order.iter().map(String::as_str).collect::<Vec<_>>()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn stopped_by_rules(program: &Program, request: &HttpRequest) -> bool {
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let uri = format!("{}{query}", request.path);
    let mut headers: Vec<(&[u8], &[u8])> = request.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    // What a client sends of itself.
    let length = request.body.len().to_string();
    headers.push((b"accept", b"*/*"));
    if !request.body.is_empty() {
        headers.push((b"content-length", length.as_bytes()));
    }
    let (method, version) = (request.method.as_bytes(), &b"HTTP/1.1"[..]);
    let mut transaction = Transaction::new(program, Facts::default());
    transaction.request(&seclang::Request { method, uri: uri.as_bytes(), version, headers: &headers, body: &request.body }).is_some()
}

/// Stopped or not, over the whole corpus.
fn measure(name: &str, corpus: &[Value], stops: &dyn Fn(&HttpRequest) -> bool) {
    // By set: attacks, stopped; harmless, passed.
    let mut sets: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let mut missed = Vec::new();
    for line in corpus {
        let (attack, stopped) = (line["attack"].as_bool().unwrap(), stops(&request(line)));
        let counts = sets.entry(line["set"].as_str().unwrap()).or_default();
        counts[if attack { 0 } else { 2 }] += 1;
        counts[if attack { 1 } else { 3 }] += usize::from(attack == stopped);
        if attack != stopped {
            missed.push(line.to_string());
        }
    }
    if let Ok(to) = std::env::var("SEKISHO_WAF_MISSED") {
        std::fs::write(format!("{to}.{}", name.replace(' ', "-")), missed.join("\n")).unwrap();
    }
    let rate = |part: usize, all: usize| if all == 0 { String::from("-") } else { format!("{:.2} %", part as f64 * 100.0 / all as f64) };
    for (set, [attacks, stopped, harmless, passed]) in &sets {
        println!(
            "  {set}: stopped {stopped} of {attacks} ({}), passed {passed} of {harmless} ({})",
            rate(*stopped, *attacks),
            rate(*passed, *harmless)
        );
    }
    let [attacks, stopped, harmless, passed] = sets.values().fold([0; 4], |sum, one| std::array::from_fn(|at| sum[at] + one[at]));
    println!("{name}: TPR {} ({stopped}/{attacks}), TNR {} ({passed}/{harmless})", rate(stopped, attacks), rate(passed, harmless));
    assert!(attacks + harmless > 0, "an empty corpus");
}

#[test]
fn over_a_corpus() {
    let Ok(file) = std::env::var("SEKISHO_WAF_REQUESTS") else {
        return println!("no corpus: SEKISHO_WAF_REQUESTS is not set; nothing was measured");
    };
    let corpus: Vec<Value> = std::fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let by =
        |acl: &WebAcl, request: &HttpRequest| acl.judge(&Request::of(request), ResourceType::ApiGateway, &At(0)).outcome != Outcome::Allow;
    let own = acl(None);
    measure("managed groups", &corpus, &|request| by(&own, request));
    let Ok(folder) = std::env::var("SEKISHO_CRS") else { return println!("no Core Rule Set: SEKISHO_CRS is not set") };
    let rules = rule_set(&folder);
    let backed = acl(Some(&rules));
    measure("managed groups with CRS", &corpus, &|request| by(&backed, request));
    let program = Program::new(&rules);
    measure("CRS profile", &corpus, &|request| stopped_by_rules(&program, request));
}
