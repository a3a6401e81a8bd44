//! Web ACLs as people write them, and what is wrong with each.

use super::{Assessment, Component, Hole, Seen, Subject, assess, fix};
use crate::managed;
use crate::request::Request;
use crate::wafv2::{At, Library, Outcome, ResourceType, WebAcl};
use model::{Node, Place};
use serde_json::{Value, json};

const API: ResourceType = ResourceType::ApiGateway;

fn library() -> Library {
    Library { account: "111122223333".into(), managed: managed::groups(None), ..Library::default() }
}

fn read(node: &Node) -> Option<WebAcl> {
    WebAcl::from_aws_json(node, &library()).ok()
}

fn acl(rules: Value) -> Node {
    let visibility = json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"});
    let mut rules = rules;
    for (at, rule) in rules.as_array_mut().unwrap().iter_mut().enumerate() {
        rule["VisibilityConfig"] = visibility.clone();
        if rule.get("Priority").is_none() {
            rule["Priority"] = json!(at);
        }
    }
    let document = json!({"Name": "acl", "DefaultAction": {"Allow": {}}, "Rules": rules, "VisibilityConfig": visibility});
    Node::from_json(&document, &Place::new("acl.json", 1, 1))
}

fn assessed(node: &Node) -> Assessment {
    let acl = WebAcl::from_aws_json(node, &library()).unwrap();
    let out = assess(&Subject { acl: &acl, resource: API, source: Some((node, &read)) });
    // Whatever was found: a witness passes the web ACL, and not the one with the fix.
    for hole in out.holes.iter() {
        if let Some(witness) = &hole.witness {
            assert_eq!(judged(&acl, witness), Outcome::Allow, "{}: {witness:?}", hole.says);
            if let Some(change) = &hole.fix {
                let fixed = read(&fix::applied(node, change).unwrap()).unwrap();
                assert_ne!(judged(&fixed, witness), Outcome::Allow, "{}: {change:?}", hole.says);
            }
        }
    }
    out
}

fn judged(acl: &WebAcl, witness: &super::Witness) -> Outcome {
    acl.judge(&Request::of(&witness.request), API, &At(0)).outcome
}

fn hole<'a>(assessment: &'a Assessment, kind: &str) -> &'a Hole {
    let kinds: Vec<_> = assessment.holes.iter().map(|hole| (hole.kind, hole.says.as_str())).collect();
    assessment.holes.iter().find(|hole| hole.kind == kind).unwrap_or_else(|| panic!("no {kind} among {kinds:#?}"))
}

fn seen<'a>(assessment: &'a Assessment, class: &str, component: Component) -> &'a Seen {
    &assessment.matrix.iter().find(|cell| cell.class == class && cell.component == component).unwrap().seen
}

fn none() -> Value {
    json!([{"Priority": 0, "Type": "NONE"}])
}

fn url_decode() -> Value {
    json!([{"Priority": 0, "Type": "URL_DECODE"}])
}

fn common() -> Value {
    json!({"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"})
}

/// The workshop's module 6: size of bodies, SQL injection in body, path and query, a rate.
fn workshop() -> Value {
    let sqli = |field: Value, chain: Value| json!({"SqliMatchStatement": {"FieldToMatch": field, "TextTransformations": chain}});
    json!([
        {"Name": "LargeBodyMatch", "Action": {"Block": {}}, "Statement": {"SizeConstraintStatement": {
            "FieldToMatch": {"Body": {}}, "ComparisonOperator": "GT", "Size": 3000, "TextTransformations": none()}}},
        {"Name": "SQLInjection", "Action": {"Block": {}}, "Statement": {"OrStatement": {"Statements": [
            sqli(json!({"Body": {}}), none()), sqli(json!({"Body": {}}), url_decode()),
            sqli(json!({"UriPath": {}}), url_decode()), sqli(json!({"QueryString": {}}), url_decode())]}}},
        {"Name": "RequestFlood", "Action": {"Block": {}}, "Statement": {"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}}},
    ])
}

#[test]
fn the_workshops_web_acl() {
    let out = assessed(&acl(workshop()));
    assert!(
        matches!(seen(&out, "sql-injection", Component::QueryArgument), Seen::Blocked { rule, tier: None, .. } if rule == "SQLInjection")
    );
    assert!(matches!(seen(&out, "sql-injection", Component::BeyondLimit), Seen::Blocked { rule, .. } if rule == "LargeBodyMatch"));
    assert_eq!(*seen(&out, "sql-injection", Component::Cookie), Seen::Invisible);
    // SqliMatch's reading of JSON is inferred, so nothing rests on it.
    let escaped = hole(&out, "missing-decode");
    assert!(escaped.rule == "SQLInjection" && escaped.witness.is_none() && !escaped.is_proven() && escaped.fix.is_some(), "{escaped:?}");
    let cookie = out.holes.iter().find(|hole| hole.witness.as_ref().is_some_and(|witness| witness.component == Component::Cookie)).unwrap();
    assert_eq!(cookie.kind, "component-not-inspected");
    assert!(cookie.is_proven() && cookie.fix.is_some());
    assert!(out.holes.iter().any(|hole| hole.kind == "class-not-inspected" && hole.says.contains("cross-site-scripting")));
}

#[test]
fn an_escaped_string_passes_a_rule_that_reads_bytes() {
    let xss = json!({"XssMatchStatement": {"FieldToMatch": {"Body": {"OversizeHandling": "MATCH"}}, "TextTransformations": none()}});
    let out = assessed(&acl(json!([{"Name": "xss", "Action": {"Block": {}}, "Statement": xss}])));
    assert!(matches!(seen(&out, "cross-site-scripting", Component::JsonBody), Seen::Blocked { .. }));
    let escaped = hole(&out, "missing-decode");
    let witness = escaped.witness.as_ref().unwrap();
    assert_eq!((witness.class, escaped.rule.as_str()), ("cross-site-scripting", "xss"));
    assert!(escaped.is_proven() && escaped.fix.is_some(), "{escaped:?}");
    // Minimal: no header but the one that says JSON, and no character of the payload to spare.
    assert_eq!(witness.request.headers.len(), 1, "{witness:?}");
    assert!(witness.payload.len() < crate::coverage::classes()[1].payload.len(), "{witness:?}");
}

#[test]
fn an_oversize_body_passes_continue() {
    let sqli = json!({"SqliMatchStatement": {"FieldToMatch": {"Body": {"OversizeHandling": "CONTINUE"}}, "TextTransformations": none()}});
    let out = assessed(&acl(json!([{"Name": "sqli", "Action": {"Block": {}}, "Statement": sqli}])));
    let found = hole(&out, "oversize-continue");
    assert!(found.is_proven());
    let witness = found.witness.as_ref().unwrap();
    assert!(witness.request.body.len() >= 16_384 && witness.request.body.len() < 16_500, "{}", witness.request.body.len());
    assert!(found.fix.as_ref().unwrap().says.contains("16384"));
}

#[test]
fn a_group_that_only_counts() {
    let rule = json!([{"Name": "common", "OverrideAction": {"Count": {}}, "Statement": {"ManagedRuleGroupStatement": common()}}]);
    let out = assessed(&acl(rule));
    assert!(matches!(seen(&out, "cross-site-scripting", Component::QueryArgument), Seen::Counted { .. }));
    let found = hole(&out, "counts-only");
    assert_eq!(found.witness.as_ref().unwrap().class, "cross-site-scripting");
    assert!(found.fix.is_some() && found.is_proven(), "{found:?}");
}

#[test]
fn a_rule_overridden_to_count() {
    let mut group = common();
    group["RuleActionOverrides"] = json!([{"Name": "CrossSiteScripting_BODY", "ActionToUse": {"Count": {}}}]);
    let statement = json!({"ManagedRuleGroupStatement": group});
    let rules = json!([{"Name": "common", "OverrideAction": {"None": {}}, "Statement": statement}]);
    let out = assessed(&acl(rules.clone()));
    let found = hole(&out, "counts-only");
    assert_eq!(found.rule, "common/CrossSiteScripting_BODY");
    assert!(found.says.contains("tier B") && found.fix.is_some());
    assert!(found.witness.as_ref().unwrap().component.is_body());
    // Other rules of the group look at the body too, and those are approximations.
    assert!(!found.is_proven() && found.depends.iter().any(|on| on.contains("GenericLFI_BODY (tier C)")), "{:?}", found.depends);
    // With a later rule that blocks on the label it is a way to make an exception, not a hole.
    let mut with_label = rules;
    with_label.as_array_mut().unwrap().push(json!({"Name": "again", "Action": {"Block": {}}, "Statement": {"LabelMatchStatement": {
        "Scope": "LABEL", "Key": "awswaf:managed:aws:core-rule-set:CrossSiteScripting_Body"}}}));
    let out = assessed(&acl(with_label));
    assert!(out.holes.iter().all(|hole| hole.kind != "counts-only" && hole.kind != "label-never-added"), "{:?}", out.holes);
}

#[test]
fn a_label_in_the_wrong_case() {
    let mut group = common();
    group["RuleActionOverrides"] = json!([{"Name": "CrossSiteScripting_BODY", "ActionToUse": {"Count": {}}}]);
    let out = assessed(&acl(json!([
        {"Name": "common", "OverrideAction": {"None": {}}, "Statement": {"ManagedRuleGroupStatement": group}},
        {"Name": "again", "Action": {"Block": {}}, "Statement": {"LabelMatchStatement": {
            "Scope": "LABEL", "Key": "awswaf:managed:aws:core-rule-set:CrossSiteScripting_BODY"}}},
    ])));
    let found = hole(&out, "label-never-added");
    assert!(found.says.contains("CrossSiteScripting_Body") && found.fix.is_some(), "{found:?}");
    assert!(found.witness.is_some());
}

#[test]
fn an_early_allow_on_a_header() {
    let allow = json!({"ByteMatchStatement": {"SearchString": "partner", "PositionalConstraint": "EXACTLY",
        "FieldToMatch": {"SingleHeader": {"Name": "x-client"}}, "TextTransformations": none()}});
    let mut rules = workshop();
    rules.as_array_mut().unwrap().insert(0, json!({"Name": "partners", "Action": {"Allow": {}}, "Statement": allow}));
    let out = assessed(&acl(rules));
    let found = hole(&out, "allow-on-client-data");
    let witness = found.witness.as_ref().unwrap();
    assert_eq!(witness.request.headers, [("x-client".to_owned(), "partner".to_owned())]);
    assert!(found.is_proven() && found.fix.is_some(), "{found:?}");
}

#[test]
fn a_repeated_key_hides_what_follows() {
    let field = json!({"JsonBody": {"MatchPattern": {"All": {}}, "MatchScope": "VALUE", "InvalidFallbackBehavior": "NO_MATCH"}});
    let statement = json!({"XssMatchStatement": {"FieldToMatch": field, "TextTransformations": none()}});
    let out = assessed(&acl(json!([{"Name": "xss", "Action": {"Block": {}}, "Statement": statement}])));
    assert!(matches!(seen(&out, "cross-site-scripting", Component::JsonEscaped), Seen::Blocked { .. }));
    let found = hole(&out, "json-fallback");
    assert!(found.is_proven() && found.fix.is_some(), "{found:?}");
    assert_eq!(found.witness.as_ref().unwrap().component, Component::JsonDuplicateKey);
}

#[test]
fn trust_in_headers_versions_and_what_is_not_simulated() {
    let out = assessed(&acl(json!([
        {"Name": "rate", "Action": {"Block": {}}, "Statement": {"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "FORWARDED_IP",
            "ForwardedIPConfig": {"HeaderName": "X-Forwarded-For", "FallbackBehavior": "MATCH"}}}},
        {"Name": "old", "OverrideAction": {"None": {}}, "Statement": {"ManagedRuleGroupStatement":
            {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet", "Version": "Version_1.0"}}},
        {"Name": "bots", "OverrideAction": {"None": {}}, "Statement": {"ManagedRuleGroupStatement":
            {"VendorName": "AWS", "Name": "AWSManagedRulesBotControlRuleSet"}}},
    ])));
    assert!(hole(&out, "forwarded-address").says.contains("X-Forwarded-For"));
    assert!(hole(&out, "pinned-version").says.contains("Version_1.0"));
    // Nothing is proven while a group may stop it that is not simulated.
    assert!(out.holes.iter().all(|hole| !hole.is_proven()), "{:?}", out.holes.iter().find(|hole| hole.is_proven()));
}

/// A web ACL that stops everything in every component has no hole in the matrix.
#[test]
fn fixes_add_up_to_a_web_acl_without_holes() {
    let mut node = acl(workshop());
    for round in 0.. {
        assert!(round < 60, "the fixes come to no end");
        let out = assessed(&node);
        let Some(hole) = out.holes.iter().find(|hole| hole.witness.is_some()) else { break };
        let change = hole.fix.as_ref().unwrap_or_else(|| panic!("no fix: {hole:?}"));
        node = fix::applied(&node, change).unwrap();
    }
    let out = assessed(&node);
    let open: Vec<_> = out.matrix.iter().filter(|cell| !matches!(cell.seen, Seen::Blocked { .. })).collect();
    assert!(open.is_empty(), "{open:#?}");
    let harmless = model::HttpRequest { method: "GET".into(), path: "/unicorns".into(), query: "q=white".into(), ..Default::default() };
    assert_eq!(read(&node).unwrap().judge(&Request::of(&harmless), API, &At(0)).outcome, Outcome::Allow);
}
