//! How much of a corpus of labelled requests is stopped: by a web ACL with all managed groups, by the same with a Core Rule
//! Set behind its approximations, and by the Core Rule Set itself. TPR and TNR, by the corpus' own sets.
//!
//! `SEKISHO_WAF_REQUESTS` names files, separated by `:`, with one JSON object a line: `set`, `attack` (true or false),
//! `method`, `path`, `query`, `headers` (pairs), `body`. `SEKISHO_CRS` names a folder of the Core Rule Set. Beside the CRS
//! profile stand the reference engines of `tests/peer`, with the same rules on the same bytes. Without a file nothing is
//! measured, and it says so. The managed groups' figures are of our rule content, not of AWS's: rules of tier C and P are
//! approximations.
//!
//! Measured with CRS 4.29.0-dev at paranoia level 1, on the same bytes in the same run (TPR / TNR):
//!
//! | corpus | here | libmodsecurity 3.0.9 | Coraza 3.0.4 |
//! |---|---|---|---|
//! | HttpParams, 31,067 as query | 98.45 / 100 | 98.45 / 100 | 98.45 / 100 |
//! | HttpParams as form, as JSON | 98.45 / 100 | 98.45 / 100 | not run |
//! | gotestwaf, 679 attacks, 141 harmless | 48.60 / 91.49 | 48.16 / 91.49 | 48.01 / 91.49 |
//! | the same without its 235 attacks in Base64, which no rule decodes | 74.32 / 91.49 | 73.65 / 91.49 | 73.42 / 91.49 |
//!
//! All verdicts on HttpParams are equal; on gotestwaf five and four differ, most of them XML with entities of its own or in UTF-7.
#![allow(clippy::unwrap_used)]

mod peer;

use model::{HttpRequest, Node, Place};
use peer::corpus::{self, request, sent};
use peer::{Answer, Peer, Sent};
use sekisho_waf::managed;
use sekisho_waf::request::Request;
use sekisho_waf::seclang;
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

/// Stopped or not, over the whole corpus.
fn measure(name: &str, corpus: &[Value], mut stops: impl FnMut(usize, &HttpRequest) -> bool) {
    // By set: attacks, stopped; harmless, passed.
    let mut sets: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let mut missed = Vec::new();
    for (index, line) in corpus.iter().enumerate() {
        let (attack, stopped) = (line["attack"].as_bool().unwrap(), stops(index, &request(line)));
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
    let files = corpus::files();
    if files.is_empty() {
        return println!("no corpus: SEKISHO_WAF_REQUESTS is not set; nothing was measured");
    }
    for (name, lines) in files {
        println!("{name}");
        over(&lines);
    }
}

fn over(corpus: &[Value]) {
    let by =
        |acl: &WebAcl, request: &HttpRequest| acl.judge(&Request::of(request), ResourceType::ApiGateway, &At(0)).outcome != Outcome::Allow;
    let own = acl(None);
    measure("managed groups", corpus, |_, request| by(&own, request));
    let Some((files, paths)) = peer::rules(&peer::rule_folder()) else { return println!("no Core Rule Set: SEKISHO_CRS names none") };
    let mut order = vec!["base"];
    order.extend(files.order());
    let backed = acl(Some(&seclang::load(&files, &order).unwrap()));
    measure("managed groups with CRS", corpus, |_, request| by(&backed, request));
    let program = peer::compile(&files);
    let requests: Vec<Sent> = corpus.iter().map(|line| sent(&request(line))).collect();
    let answers: Vec<Answer> = requests.iter().map(|sent| peer::ask(&program, sent)).collect();
    measure("CRS profile", corpus, |index, _| answers[index].stopped);
    for peer in Peer::all() {
        let (theirs, _) = peer.run(&requests, 1, &paths);
        measure(&format!("CRS in {}", peer.name), corpus, |index, _| theirs[index].stopped);
        let count = |same: &dyn Fn(&Answer, &Answer) -> bool| answers.iter().zip(&theirs).filter(|(own, other)| same(own, other)).count();
        let (verdicts, rules) = (count(&|own, other| own.stopped == other.stopped), count(&|own, other| own.rules == other.rules));
        println!("{} and the CRS profile: {verdicts} verdicts and {rules} lists of rules of {} are equal", peer.name, corpus.len());
        let mut differ: BTreeMap<(u32, bool), usize> = BTreeMap::new();
        for (own, other) in answers.iter().zip(&theirs) {
            own.rules.symmetric_difference(&other.rules).for_each(|id| *differ.entry((*id, own.rules.contains(id))).or_default() += 1);
        }
        for ((id, ours), count) in differ {
            println!("  {id}: {count} times {}", if ours { "ours only" } else { "theirs only" });
        }
    }
}
