//! Input of strangers: whatever the text, nothing panics, and nothing that was not read allows.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sekisho_iam::account::Account;
use sekisho_iam::{Attached, Context, Outcome, Policy, Principal, Request, Stack, cases, decide, explain, lint};
use serde_json::json;

const BASE: &str = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "a", "Effect": "Allow", "Principal": {"AWS": ["*", "123456789012"]},
 "Action": ["s3:Get*", "*"], "NotResource": "arn:aws:s3:::b/${aws:username, 'x'}/*", "Condition": {"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["é*", 1, true]},
 "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}, "Bool": {"aws:SecureTransport": "true"}}}]}"#;

fn try_everything(text: &str) {
    let _ = cases::read("c.json", text);
    let _ = Account::of_authorization_details("a.json", text);
    let Ok(policy) = Policy::from_text("p", "p.json", text) else { return };
    for attached in [Attached::Identity, Attached::Resource, Attached::Trust, Attached::Organisation] {
        let _ = lint(&policy, attached);
    }
    let stack = Stack { resource: Some(policy.clone().into()), ..Stack::identity([policy.into()]) };
    for context in [Context::new(), Context::open(), Context::new().with("aws:username", "*").with_many("aws:TagKeys", ["é".into()])] {
        let request = Request::new(Principal::parse("arn:aws:iam::123456789012:user/dev").unwrap(), "s3:GetObject", "arn:aws:s3:::b/é")
            .with_context(context);
        let decision = decide(&request, &stack);
        let _ = explain(&request, &stack, &decision);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn broken_text(at in 0usize..600, length in 0usize..12, with in "[\\x00-\\u{10FFFF}]{0,6}") {
        let mut characters: Vec<char> = BASE.chars().collect();
        let start = at.min(characters.len());
        let end = (start + length).min(characters.len());
        characters.splice(start..end, with.chars());
        try_everything(&characters.into_iter().collect::<String>());
    }

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        try_everything(&text);
    }

    /// A value of the wrong kind in any element never allows.
    #[test]
    fn wrong_kinds_never_allow(key in proptest::sample::select(&["Effect", "Action", "Resource", "Condition"]), kind in 0u8..5) {
        let wrong = [json!(1), json!(null), json!({"a": {"b": {}}}), json!([[["*"]]]), json!(true)][usize::from(kind)].clone();
        let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/k",
            "Condition": {"StringEquals": {"a:b": "c"}}});
        statement[key] = wrong.clone();
        let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let policy = Policy::from_text("p", "p.json", &text).unwrap();
        let request = Request::new(Principal::parse("arn:aws:iam::123456789012:user/dev").unwrap(), "s3:GetObject", "arn:aws:s3:::b/k")
            .owned_by("123456789012");
        let stack = Stack::identity([policy.into()]);
        let outcome = decide(&request, &stack).outcome;
        // An empty condition is no condition.
        prop_assert!(outcome != Outcome::Allowed || (key == "Condition" && wrong.is_null()), "{key} {wrong}");
    }
}

#[test]
fn deep_and_large() {
    try_everything(&format!("{}{}", "[".repeat(50_000), "]".repeat(50_000)));
    let many: Vec<_> = (0..200).map(|i| format!("arn:aws:s3:::b{i}/*a*b*c")).collect();
    try_everything(
        &json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": many}}).to_string(),
    );
    let stars = "*a".repeat(4000);
    let policy = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{stars}")}});
    let stack = Stack::identity([Policy::from_text("p", "p.json", &policy.to_string()).unwrap().into()]);
    let request = Request::new(
        Principal::parse("arn:aws:iam::123456789012:user/dev").unwrap(),
        "s3:GetObject",
        format!("arn:aws:s3:::{}", "a".repeat(8000)),
    );
    assert_eq!(decide(&request, &stack).outcome, Outcome::Depends, "the owner of the bucket is not known");
}
