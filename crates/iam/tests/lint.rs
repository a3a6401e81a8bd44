//! The linter, rule by rule, with the place of each; and what the reader refuses, with its place.
#![allow(clippy::unwrap_used, clippy::type_complexity)]

use sekisho_iam::{Attached, Policy, lint};

fn codes(text: &str, attached: Attached) -> Vec<String> {
    let policy = Policy::from_text("p", "p.json", text).unwrap();
    lint(&policy, attached).iter().map(|lint| format!("{} {}:{}", lint.code, lint.place.line, lint.place.column)).collect()
}

#[test]
fn rules() {
    let statement = |inner: &str| format!("{{\"Version\": \"2012-10-17\", \"Statement\": [\n{{{inner}}}]}}");
    let rows: [(&str, Attached, &[(&str, &str)]); 25] = [
        (r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#, Attached::Identity, &[]),
        (r#""Effect":"Allow","Action":"s3:GetObjekt","Resource":"*""#, Attached::Identity, &[("unknown-action", r#""s3:GetObjekt""#)]),
        (r#""Effect":"Allow","Action":"s4:GetObject","Resource":"*""#, Attached::Identity, &[("unknown-service", r#""s4:"#)]),
        (r#""Effect":"Allow","Action":"s3:GetObject,","Resource":"*""#, Attached::Identity, &[("refused", r#""s3:GetObject,""#)]),
        (r#""Effect":"Allow","Action":"s3::Get*","Resource":"*""#, Attached::Identity, &[("refused", r#""s3::Get*""#)]),
        (r#""Effect":"Allow","Action":["s3: GetObject"],"Resource":"*""#, Attached::Identity, &[("refused", r#""s3: GetObject""#)]),
        (r#""Effect":"Allow","Action":"GetObject","Resource":"*""#, Attached::Identity, &[("invalid-action", r#""GetObject""#)]),
        (
            r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b""#,
            Attached::Identity,
            &[("resource-mismatch", r#""arn:"#)],
        ),
        (
            r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:sqs:*:*:q""#,
            Attached::Identity,
            &[("resource-mismatch", r#""arn:"#)],
        ),
        (
            r#""Effect":"Allow","Action":["s3:GetObject","s3:ListAllMyBuckets"],"Resource":"arn:aws:s3:::b/*""#,
            Attached::Identity,
            &[("needs-star", "")],
        ),
        (
            r#""Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/${aws:username}"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#,
            Attached::Resource,
            &[("invalid-principal", r#""arn:aws:iam"#)],
        ),
        (r#""Effect":"Allow","NotAction":"iam:*","Resource":"*""#, Attached::Identity, &[("allow-not-action", "")]),
        (r#""Effect":"Allow","Action":"s3:GetObject""#, Attached::Identity, &[("missing-resource", "")]),
        (
            r#""Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*""#,
            Attached::Identity,
            &[("unsupported-principal", "")],
        ),
        (r#""Effect":"Allow","Action":"s3:GetObject","Resource":"*""#, Attached::Resource, &[("missing-principal", "")]),
        (
            r#""Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEEXAMPLEEXA"},"Action":"s3:GetObject","Resource":"*""#,
            Attached::Resource,
            &[("dangling-principal", r#""AROA"#)],
        ),
        (
            r#""Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/*"},"Action":"sts:AssumeRole""#,
            Attached::Trust,
            &[("invalid-principal", r#""arn:aws:iam"#)],
        ),
        (
            r#""Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"here"}}"#,
            Attached::Identity,
            &[("invalid-value", r#""here""#)],
        ),
        (
            r#""Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"sqs:x":"a"}}"#,
            Attached::Identity,
            &[("unsatisfiable-condition", r#""sqs:x""#)],
        ),
        (
            r#""Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/t":"a*"}}"#,
            Attached::Identity,
            &[("wildcard-without-like", r#""a*""#)],
        ),
        (
            r#""Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"a"}}"#,
            Attached::Identity,
            &[("for-all-values-missing", r#""aws:TagKeys""#)],
        ),
        (r#""Effect":"allow","Action":"s3:GetObject","Resource":"*""#, Attached::Identity, &[("refused", r#""allow""#)]),
        (r#""Effect":"Allow","Action":"s3:GetObject","Resource":"*","Extra":1"#, Attached::Identity, &[("refused", r#""Extra""#)]),
        (
            r#""Effect":"Allow","Action":"s3:GetObject","Action":"s3:PutObject","Resource":"*""#,
            Attached::Identity,
            &[("refused", r#""Action":"s3:Put"#)],
        ),
        (r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:*:::b""#, Attached::Identity, &[("refused", r#""arn:aws:*"#)]),
    ];
    for (inner, attached, expected) in rows {
        let found = codes(&statement(inner), attached);
        let place = |needle: &str| if needle.is_empty() { 1 } else { inner.find(needle).unwrap() + 2 };
        let expected: Vec<String> = expected.iter().map(|(code, needle)| format!("{code} 2:{}", place(needle))).collect();
        assert_eq!(found, expected, "{inner}");
    }
}

#[test]
fn whole_policies() {
    let dead = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"},
        {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]}"#;
    assert_eq!(codes(dead, Attached::Identity), ["dead-statement 2:9"]);
    let old = r#"{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${aws:username}"}}"#;
    assert_eq!(codes(old, Attached::Identity), ["variable-in-old-version 1:73"]);
    assert_eq!(codes(r#"{"Version": "2012-10-18", "Statement": []}"#, Attached::Identity), ["refused 1:13"]);
    assert_eq!(codes(r#"{"Version": "2012-10-17"}"#, Attached::Identity), ["refused 1:1"]);
    assert_eq!(codes("[]", Attached::Identity), ["refused 1:1"]);
    assert!(Policy::from_text("p", "p.json", "{\"Version\":}").is_err());
}

/// What AWS's policy validation refuses or warns of by form alone, each with its place.
#[test]
fn forms() {
    let rows: [(&str, &[(&str, &str)]); 17] = [
        (r#""Sid":"a b","Effect":"Allow","Action":"s3:GetObject","Resource":"*""#, &[("unsupported-sid", "")]),
        (r#""Effect":"Allow","Action":[],"Resource":"*""#, &[("empty-list", "")]),
        (r#""Effect":"Allow","Action":"s3:GetObject","Resource":[]"#, &[("empty-list", "")]),
        (r#""Effect":"Deny","Action":"s3:GetObject","Resource":"arn:amazon:s3:::b/*""#, &[("invalid-arn", r#""arn:"#)]),
        (
            r#""Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:US-EAST-1:123456789012:q""#,
            &[("invalid-arn", r#""arn:"#)],
        ),
        (r#""Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:12345:q""#, &[("invalid-arn", r#""arn:"#)]),
        (r#""Effect":"Allow","Action":["s3:Get*","s3:GetObject"],"Resource":"*""#, &[("redundant", r#""s3:GetObject""#)]),
        (
            r#""Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b/k"]"#,
            &[("redundant", r#""arn:aws:s3:::b/k""#)],
        ),
        (r#""Effect":"Allow","Action":"iam:PassRole","Resource":"*""#, &[("pass-role-with-star", r#""iam:PassRole""#)]),
        (
            r#""Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}"#,
            &[],
        ),
        (
            r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":["true","false"]}}"#,
            &[("several-booleans", r#""aws:SecureTransport""#)],
        ),
        (
            r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:PrincipalAccount":"123456789012"}}"#,
            &[("set-operator-on-one-value", r#""aws:PrincipalAccount""#)],
        ),
        (
            r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NumericLessThan":{"aws:SecureTransport":"1"}}"#,
            &[("type-mismatch", r#""aws:SecureTransport""#)],
        ),
        (
            r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"172.20.0.0/16"}}"#,
            &[("private-address", r#""172."#)],
        ),
        (r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username""#, &[("invalid-variable", r#""arn:"#)]),
        (r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${}""#, &[("invalid-variable", r#""arn:"#)]),
        (
            r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username, dev}""#,
            &[("invalid-variable", r#""arn:"#)],
        ),
    ];
    for (inner, expected) in rows {
        let text = format!("{{\"Version\": \"2012-10-17\", \"Statement\": [\n{{{inner}}}]}}");
        let line = format!("{{{inner}}}]}}");
        let column = |mark: &str| if mark.is_empty() { 1 } else { line.rfind(mark).unwrap() + 1 };
        let expected: Vec<String> = expected.iter().map(|(code, mark)| format!("{code} 2:{}", column(mark))).collect();
        assert_eq!(codes(&text, Attached::Identity), expected, "{inner}");
    }
    let twice = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
{"Sid": "A", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}"#;
    assert_eq!(codes(twice, Attached::Identity), ["duplicate-sid 2:1"]);
}

/// AWS's documents say nothing of a comma within an action. What could be meant is neither allowed nor denied for certain.
#[test]
fn an_action_with_a_comma_is_no_certain_grant_and_no_certain_denial() {
    use sekisho_iam::sets::{Relation, Side, compare};
    use sekisho_iam::{Outcome, Principal, Request, Stack, decide};
    use std::sync::Arc;

    let policy = |statements: &str| Arc::new(Policy::from_text("p", "p.json", &format!("{{\"Statement\": [{statements}]}}")).unwrap());
    let outcome = |statements: &str, action: &str| {
        let who = Principal::parse("arn:aws:iam::123456789012:user/dev").unwrap();
        let request = Request::new(who, action, "arn:aws:s3:::b/k").owned_by("123456789012");
        decide(&request, &Stack::identity([policy(statements)])).outcome
    };
    let comma = r#"{"Effect":"Allow","Action":"s3:GetObject,","Resource":"*"}"#;
    assert_eq!(outcome(comma, "s3:GetObject"), Outcome::Depends);
    assert_eq!(outcome(comma, "s3:PutObject"), Outcome::ImplicitlyDenied);
    let two = r#"{"Effect":"Allow","Action":"s3:GetObject, s3:PutObject","Resource":"*"}"#;
    assert_eq!(outcome(two, "s3:PutObject"), Outcome::Depends);
    let colons = r#"{"Effect":"Allow","Action":"s3::GetObject","Resource":"*"}"#;
    assert_eq!(outcome(colons, "s3:GetObject"), Outcome::Depends);
    let open = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    assert_eq!(
        outcome(&format!(r#"{open},{{"Effect":"Deny","Action":"s3:GetObject,","Resource":"*"}}"#), "s3:GetObject"),
        Outcome::Depends
    );
    // Nor is a comparison with such a policy exact.
    let plain = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#;
    let found = compare(&Side::policy(policy(plain)), &Side::policy(policy(comma)));
    assert!(!found.exact && found.relation == Relation::Wider);
}
