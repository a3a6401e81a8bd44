//! The compiled program against the rule-by-rule twin: random web ACLs, random requests, the same judgement to the letter.

#![allow(clippy::unwrap_used)]

use model::{Node, Place};
use proptest::prelude::*;
use sekisho_waf::body::Arriving;
use sekisho_waf::engine::Scratch;
use sekisho_waf::request::Request;
use sekisho_waf::wafv2::{At, Library, Program, ResourceType, WebAcl};
use serde_json::{Value, json};
use std::sync::Arc;

/// Pieces that patterns, detectors and transformations look for, and plain ones.
const PIECES: &[&str] = &[
    "a",
    "admin",
    "b=",
    "=",
    "&",
    "/",
    "//",
    "../",
    "%27",
    "%3Cscript%3E",
    "<script>",
    "' OR '1'='1",
    "1 UNION SELECT x--",
    "BadBot",
    "badbot",
    "-",
    "0x41",
    "\\u003c",
    "&lt;",
    "/*x*/",
    " ",
    "\t",
    "évil",
    "QUJD",
    "{\"k\":\"",
    "\"}",
    "[1,2]",
    "onload=alert(1)",
    "javascript:",
    ";",
    "42",
    "\u{0}",
    "\n",
    "+",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..6).prop_map(|pieces| pieces.concat())
}

fn field() -> impl Strategy<Value = Value> {
    let fixed = vec![
        json!({"UriPath": {}}),
        json!({"QueryString": {}}),
        json!({"AllQueryArguments": {}}),
        json!({"SingleQueryArgument": {"Name": "b"}}),
        json!({"SingleHeader": {"Name": "x-a"}}),
        json!({"Method": {}}),
        json!({"Body": {"OversizeHandling": "CONTINUE"}}),
        json!({"Body": {"OversizeHandling": "MATCH"}}),
        json!({"JsonBody": {"MatchPattern": {"All": {}}, "MatchScope": "ALL"}}),
        json!({"JsonBody": {"MatchPattern": {"IncludedPaths": ["/k"]}, "MatchScope": "VALUE", "InvalidFallbackBehavior": "EVALUATE_AS_STRING"}}),
        json!({"Headers": {"MatchPattern": {"All": {}}, "MatchScope": "ALL", "OversizeHandling": "NO_MATCH"}}),
        json!({"Cookies": {"MatchPattern": {"ExcludedCookies": ["a"]}, "MatchScope": "VALUE", "OversizeHandling": "CONTINUE"}}),
        json!({"HeaderOrder": {"OversizeHandling": "CONTINUE"}}),
    ];
    prop::sample::select(fixed)
}

fn transformations() -> impl Strategy<Value = Value> {
    let names: Vec<&'static str> = sekisho_waf::transform::Transformation::all_of_aws().filter_map(|one| one.aws_name()).collect();
    prop::collection::vec(prop::sample::select(names), 1..4)
        .prop_map(|names| names.iter().enumerate().map(|(at, name)| json!({"Priority": at, "Type": name})).collect())
}

fn leaf() -> impl Strategy<Value = Value> {
    let searched = prop::sample::select(vec!["a", "admin", "BadBot", "<script>", "/", "é", "k", "'", "42", "OR"]);
    let position = prop::sample::select(vec!["EXACTLY", "STARTS_WITH", "ENDS_WITH", "CONTAINS", "CONTAINS_WORD"]);
    let pattern = prop::sample::select(vec![
        "^/a",
        "(?i)script",
        r"\bor\b",
        "[^a-z]{3}",
        "admin|badbot",
        r"\d+$",
        "x*",
        r"(?i)union\s+select",
        "é",
        r"^$",
    ]);
    let on = (field(), transformations());
    prop_oneof![
        3 => (searched, position, on).prop_map(|(search, position, (field, chain))| {
            let word = position == "CONTAINS_WORD" && !search.bytes().all(|byte| byte.is_ascii_alphanumeric());
            json!({"ByteMatchStatement": {"SearchString": search, "PositionalConstraint": if word { "CONTAINS" } else { position }, "FieldToMatch": field, "TextTransformations": chain}})
        }),
        3 => (pattern, (field(), transformations())).prop_map(|(pattern, (field, chain))| json!({"RegexMatchStatement": {"RegexString": pattern, "FieldToMatch": field, "TextTransformations": chain}})),
        2 => (field(), transformations()).prop_map(|(field, chain)| json!({"SqliMatchStatement": {"FieldToMatch": field, "TextTransformations": chain}})),
        2 => (field(), transformations()).prop_map(|(field, chain)| json!({"XssMatchStatement": {"FieldToMatch": field, "TextTransformations": chain}})),
        1 => (0_u64..40, prop::sample::select(vec!["EQ", "NE", "LE", "LT", "GE", "GT"]), (field(), transformations())).prop_map(|(size, operator, (field, chain))| json!({"SizeConstraintStatement": {"Size": size, "ComparisonOperator": operator, "FieldToMatch": field, "TextTransformations": chain}})),
        1 => prop::sample::select(vec!["l0", "l1", "l2"]).prop_map(|label| json!({"LabelMatchStatement": {"Scope": "LABEL", "Key": label}})),
        1 => Just(json!({"GeoMatchStatement": {"CountryCodes": ["US"]}})),
        1 => (field(), transformations()).prop_map(|(field, chain)| json!({"RegexPatternSetReferenceStatement": {"ARN": "arn:set", "FieldToMatch": field, "TextTransformations": chain}})),
    ]
}

fn statement() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|all| json!({"AndStatement": {"Statements": all}})),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|any| json!({"OrStatement": {"Statements": any}})),
            inner.prop_map(|not| json!({"NotStatement": {"Statement": not}})),
        ]
    })
}

fn visible() -> Value {
    json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"})
}

fn rules() -> impl Strategy<Value = Vec<Value>> {
    let action = prop::sample::select(vec!["Count", "Count", "Count", "Block", "Allow", "Captcha"]);
    prop::collection::vec((statement(), action, 0_usize..4), 1..7).prop_map(|rules| {
        let rule = |(at, (statement, action, label)): (usize, (Value, &str, usize))| {
            let labels: Vec<Value> = (label < 3).then(|| json!({"Name": format!("l{label}")})).into_iter().collect();
            json!({"Name": format!("r{at}"), "Priority": at, "Statement": statement, "Action": {action: {}}, "RuleLabels": labels, "VisibilityConfig": visible()})
        };
        rules.into_iter().enumerate().map(rule).collect()
    })
}

fn acl() -> impl Strategy<Value = WebAcl> {
    (rules(), rules(), any::<bool>()).prop_map(|(mut own, inner, count)| {
        let arn = "arn:aws:wafv2:us-east-1:111122223333:regional/rulegroup/g/1";
        let over = if count { "Count" } else { "None" };
        own.push(json!({"Name": "group", "Priority": 99, "Statement": {"RuleGroupReferenceStatement": {"ARN": arn}}, "OverrideAction": {over: {}}, "VisibilityConfig": visible()}));
        let document = json!({
            "WebACL": {"Name": "acl", "DefaultAction": {"Allow": {}}, "Rules": own, "VisibilityConfig": visible()},
            "RegexPatternSets": [{"Name": "s", "ARN": "arn:set", "RegularExpressionList": [{"RegexString": "adm.n"}, {"RegexString": "^.*%27"}]}],
            "RuleGroups": [{"Name": "g", "ARN": arn, "Capacity": 100, "Rules": inner, "VisibilityConfig": visible()}],
        });
        WebAcl::from_aws_json(&Node::from_json(&document, &Place::new("t.json", 1, 1)), &Library::default()).unwrap()
    })
}

#[derive(Clone, Debug)]
struct Asked {
    method: &'static str,
    path: String,
    query: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

fn asked() -> impl Strategy<Value = Asked> {
    let name = prop::sample::select(vec!["X-A", "cookie", "content-type", "host", "admin"]);
    let value =
        prop_oneof![3 => text(), 1 => Just("application/json".to_owned()), 1 => Just("application/x-www-form-urlencoded".to_owned())];
    let body = prop_oneof![4 => text(), 1 => text().prop_map(|text| text.repeat(2000)), 2 => text().prop_map(|text| json!({"k": text, "l": [text]}).to_string())];
    (prop::sample::select(vec!["GET", "POST"]), text(), text(), prop::collection::vec((name, value), 0..5), body)
        .prop_map(|(method, path, query, headers, body)| Asked { method, path: format!("/{path}"), query, headers, body })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_program_answers_as_its_twin(acl in acl(), requests in prop::collection::vec(asked(), 1..5)) {
        let program = Program::compile(Arc::new(acl));
        let mut scratch = Scratch::default();
        for asked in &requests {
            let request = Request {
                method: asked.method,
                path: asked.path.as_bytes(),
                query: asked.query.as_bytes(),
                headers: asked.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect(),
                body: asked.body.as_bytes(),
                body_size: asked.body.len(),
                country: Some("US"),
                ..Request::default()
            };
            let slow = program.acl().judge(&request, ResourceType::ApplicationLoadBalancer, &At(0));
            let fast = program.judge(&request, ResourceType::ApplicationLoadBalancer, &At(0), &mut scratch);
            prop_assert_eq!(slow, fast);
        }
    }

    /// However a body is cut, and whether it is asked for at its end or as soon as more came than is inspected: the same
    /// judgement as of the whole body. Around the limit, which is where it could differ.
    #[test]
    fn a_body_in_pieces_is_judged_as_the_whole(
        acl in acl(),
        asked in asked(),
        before in 0_usize..40,
        texts in prop::collection::vec(text(), 0..6),
        cuts in prop::collection::vec(1_usize..5000, 1..12),
    ) {
        const LIMIT: usize = 8192;
        let program = Program::compile(Arc::new(acl));
        let body = format!("{}{}{}", asked.body, "x".repeat(LIMIT.saturating_sub(asked.body.len() + before)), texts.concat());
        let request = Request {
            method: asked.method,
            path: asked.path.as_bytes(),
            query: asked.query.as_bytes(),
            headers: asked.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect(),
            ..Request::default()
        };
        let judged = |request: Request<'_>| program.judge(&request, ResourceType::ApplicationLoadBalancer, &At(0), &mut Scratch::default());
        let whole = judged(Request { body: body.as_bytes(), body_size: body.len(), ..request.clone() });
        let (mut arriving, mut left, mut early) = (Arriving::new(LIMIT), body.as_bytes(), None);
        for cut in cuts.iter().cycle() {
            let (piece, rest) = left.split_at(left.len().min(*cut));
            arriving.push(piece);
            prop_assert!(arriving.memory() <= LIMIT);
            if arriving.is_beyond() && early.is_none() {
                early = Some(judged(request.clone().with_body(&arriving)));
            }
            left = rest;
            if left.is_empty() {
                break;
            }
        }
        prop_assert_eq!((arriving.size(), early.is_some()), (body.len(), body.len() > LIMIT));
        prop_assert_eq!(&judged(request.clone().with_body(&arriving)), &whole);
        prop_assert_eq!(early.as_ref().unwrap_or(&whole), &whole);
    }
}

/// What a body of many megabytes takes is what is inspected of it.
#[test]
fn memory_ends_at_the_limit() {
    let piece = vec![b'a'; 60_000];
    for limit in [8192, 16_384, 65_536] {
        let mut arriving = Arriving::new(limit);
        for _ in 0..1000 {
            arriving.push(&piece);
            assert!(arriving.memory() <= limit, "{} of {limit}", arriving.memory());
        }
        assert_eq!((arriving.kept().len(), arriving.size(), arriving.is_beyond()), (limit, 60_000_000, true));
    }
    let mut short = Arriving::new(65_536);
    short.push(b"a=1");
    assert!(short.memory() <= 4096, "a short body takes little");
}
