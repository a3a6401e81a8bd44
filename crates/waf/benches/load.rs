//! What loading costs: a rule set's files to a program, AWS's managed groups, a web ACL to a program, the same again from the
//! cache. And what of judging a body of 64 KB is taking it apart, which is all that could be done while it arrives.
//!
//! `SEKISHO_CRS` names the rule set's folder (`/usr/share/modsecurity-crs/rules` by default). Run: `cargo bench -p sekisho-waf --bench
//! load`.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../tests/peer/mod.rs"]
mod peer;

use model::{HttpRequest, Node, Place};
use peer::least;
use sekisho_waf::engine::Scratch;
use sekisho_waf::managed;
use sekisho_waf::request::{Request, arguments};
use sekisho_waf::seclang::{self, Program as Rules};
use sekisho_waf::wafv2::{At, Json, Library, Program, ResourceType, WebAcl};
use serde_json::{Value, json};
use std::hint::black_box;
use std::sync::Arc;

const GROUPS: [&str; 4] = ["KnownBadInputs", "SQLi", "Linux", "PHP"];
const LIMIT: usize = 65_536;

fn main() {
    rule_set();
    let acl = web_acl();
    bodies(&Program::compile(Arc::new(acl)));
}

fn rule_set() {
    let folder = peer::rule_folder();
    let Some((files, _)) = peer::rules(&folder) else {
        return println!("{}: no rule set is there; name one with SEKISHO_CRS", folder.display());
    };
    let mut order = vec!["base"];
    order.extend(files.order());
    let (set, read) = least(5, || seclang::load(&files, &order).unwrap());
    let (program, compiled) = least(5, || Rules::new(&set));
    Rules::of(&files, &order, None).unwrap();
    let ((), again) = least(3, || (0..20).for_each(|_| drop(Rules::of(&files, &order, None).unwrap())));
    let again = again / 20.0;
    println!("rule set: read {read:.1} ms, compiled {compiled:.1} ms ({} rules), from the cache {again:.2} ms", program.rule_count());
}

fn document() -> Value {
    let visibility = json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"});
    let rule = |(at, name): (usize, &&str)| {
        json!({"Name": name, "Priority": at, "OverrideAction": {"None": {}}, "VisibilityConfig": visibility, "Statement": {
            "ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": format!("AWSManagedRules{name}RuleSet")}}})
    };
    let rules: Vec<Value> = GROUPS.iter().enumerate().map(rule).collect();
    json!({"Name": "bench", "DefaultAction": {"Allow": {}}, "Rules": rules, "VisibilityConfig": visibility,
        "AssociationConfig": {"RequestBody": {"API_GATEWAY": {"DefaultSizeInspectionLimit": "KB_64"}}}})
}

fn web_acl() -> WebAcl {
    /// The system counts processor time by its ticks.
    const ROUNDS: u32 = 100;
    let each = |what: &dyn Fn()| least(3, || (0..ROUNDS).for_each(|_| what())).1 / f64::from(ROUNDS);
    let library = || Library { managed: managed::groups(None), ..Library::default() };
    let groups = each(&|| drop(black_box(library())));
    let (library, node) = (library(), Node::from_json(&document(), &Place::new("bench.json", 1, 1)));
    let read = || WebAcl::from_aws_json(&node, &library).unwrap();
    let (acl, shared) = (read(), Arc::new(read()));
    let read = each(&|| drop(black_box(read())));
    let compiled = each(&|| drop(black_box(Program::compile(Arc::clone(&shared)))));
    println!("web ACL: managed groups {groups:.2} ms, read {read:.2} ms, compiled {compiled:.2} ms");
    acl
}

/// Judging, and taking apart alone.
fn bodies(program: &Program) {
    const ROUNDS: usize = 200;
    program.warm();
    let leaf = "{\"name\":\"Sparkle O'Hara\",\"cape\":4,\"note\":\"select a horn from the list\"},";
    let form = "name=Sparkle+O%27Hara&cape=4&note=select+a+horn+from+the+list&";
    let json = format!("[{}1]", leaf.repeat((LIMIT - 3) / leaf.len()));
    let form = form.repeat(LIMIT / form.len());
    let mut scratch = Scratch::default();
    for (media, body) in [("application/json", &json), ("application/x-www-form-urlencoded", &form)] {
        let request = HttpRequest {
            method: "POST".into(),
            path: "/orders".into(),
            headers: vec![("host".into(), "shop.example.com".into()), ("content-type".into(), media.into())],
            body: body.clone().into_bytes(),
            ..HttpRequest::default()
        };
        let mut judge = || program.judge(&Request::of(&request), ResourceType::ApiGateway, &At(0), &mut scratch).outcome;
        let ((), whole) = least(3, || (0..ROUNDS).for_each(|_| _ = black_box(judge())));
        let take = || match media {
            "application/json" => Json::read(request.body.as_slice()).elements.len(),
            _ => arguments(&request.body).map(black_box).count(),
        };
        let ((), apart) = least(3, || (0..ROUNDS).for_each(|_| _ = black_box(take())));
        let (whole, apart) = (whole * 1e3 / ROUNDS as f64, apart * 1e3 / ROUNDS as f64);
        println!(
            "{media}, {} bytes: judged in {whole:.0} us, of which taking it into {} parts {apart:.0} us ({:.1} %)",
            body.len(),
            take(),
            apart * 100.0 / whole
        );
    }
}
