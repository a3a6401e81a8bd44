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
    let rows: [(&str, Attached, &[(&str, &str)]); 21] = [
        (r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#, Attached::Identity, &[]),
        (r#""Effect":"Allow","Action":"s3:GetObjekt","Resource":"*""#, Attached::Identity, &[("unknown-action", r#""s3:GetObjekt""#)]),
        (r#""Effect":"Allow","Action":"s4:GetObject","Resource":"*""#, Attached::Identity, &[("unknown-service", r#""s4:"#)]),
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
