//! Microseconds a request for a web ACL with AWS's common, known bad inputs and SQL injection groups, beside the 60 us that
//! are allowed; and its worst case: bodies, headers and cookies as large as are inspected, full of what rules look for.
//!
//! Run: `cargo bench -p sekisho-waf --bench web_acl`.
#![allow(clippy::unwrap_used)]

#[path = "../tests/peer/mod.rs"]
mod peer;

use model::{HttpRequest, Node, Place};
use peer::{Sent, least, traffic};
use sekisho_waf::engine::Scratch;
use sekisho_waf::managed;
use sekisho_waf::request::Request;
use sekisho_waf::wafv2::{At, Library, Outcome, Program, ResourceType, WebAcl};
use serde_json::{Value, json};
use std::sync::Arc;

/// What a request may take on average.
const LIMIT: f64 = 60.0;
const GROUPS: [&str; 3] = ["Common", "KnownBadInputs", "SQLi"];
/// Without the common group's limits of size: whatever is inspected is searched to its end.
const UNLIMITED: [&str; 4] = ["KnownBadInputs", "SQLi", "Linux", "PHP"];
/// The system counts processor time by its ticks: one request is too short to be seen.
const ROUNDS: usize = 400;

fn program(groups: &[&str]) -> Program {
    let visibility = json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"});
    let rule = |(at, name): (usize, &&str)| {
        json!({"Name": name, "Priority": at, "OverrideAction": {"None": {}}, "VisibilityConfig": visibility, "Statement": {
            "ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": format!("AWSManagedRules{name}RuleSet")}}})
    };
    let rules: Vec<Value> = groups.iter().enumerate().map(rule).collect();
    let document = json!({"Name": "bench", "DefaultAction": {"Allow": {}}, "Rules": rules, "VisibilityConfig": visibility});
    let library = Library { managed: managed::groups(None), ..Library::default() };
    Program::compile(Arc::new(WebAcl::from_aws_json(&Node::from_json(&document, &Place::new("bench.json", 1, 1)), &library).unwrap()))
}

fn request(sent: &Sent) -> HttpRequest {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let uri = text(&sent.uri);
    let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
    HttpRequest {
        method: text(&sent.method),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: sent.headers.iter().map(|(name, value)| (text(name), text(value))).collect(),
        body: sent.body.clone(),
    }
}

fn stops(program: &Program, request: &HttpRequest, scratch: &mut Scratch) -> bool {
    program.judge(&Request::of(request), ResourceType::ApiGateway, &At(0), scratch).outcome != Outcome::Allow
}

fn main() {
    let acl = program(&GROUPS);
    acl.warm();
    let mut scratch = Scratch::default();
    let mix: Vec<HttpRequest> = traffic::mix().iter().map(request).collect();
    let mut judge = || mix.iter().filter(|request| stops(&acl, request, &mut scratch)).count();
    let (blocked, best) = least(3, || (0..ROUNDS).map(|_| judge()).sum::<usize>() / ROUNDS);
    let mean = best * 1e3 / (mix.len() * ROUNDS) as f64;
    println!(
        "{}: {mean:.1} us a request ({blocked} of {} blocked), {:.2} of the {LIMIT} us allowed",
        GROUPS.join(" + "),
        mix.len(),
        mean / LIMIT
    );

    println!("worst case, {}:", UNLIMITED.join(" + "));
    let acl = program(&UNLIMITED);
    acl.warm();
    for (what, piece) in [
        ("benign text", "please ring twice, thank you. "),
        ("pieces of attacks, no attack", "un/ion sel'ect ..%2 jnd{i: $_G )etc("),
        ("attacks", "' or 1=1 union/**/select ../../etc/passwd ${jndi: "),
    ] {
        let mut time = |length: usize| {
            let mut sent = traffic::sent("/orders", &format!("note={}", piece.repeat(length / piece.len())));
            let value = piece.replace([';', '='], " ").repeat(1 + length / 2_048 / piece.len()).into_bytes();
            sent.headers.extend((0..190).map(|index| (format!("X-{index}").into_bytes(), value.clone())));
            let request = request(&sent);
            let (stopped, time) = least(3, || (0..ROUNDS / 4).filter(|_| stops(&acl, &request, &mut scratch)).count());
            (stopped > 0, time / (ROUNDS / 4) as f64)
        };
        let ((_, half), (stopped, whole)) = (time(8_192), time(16_384));
        let said = if stopped { "blocked" } else { "passes" };
        println!("  {what}, 196 headers: 8 KB {half:.2} ms, 16 KB {whole:.2} ms, growth {:.2}; {said}", whole / half);
    }
}
