//! Questions over sets: comparison with a witness, what a change allows, who can, public, least privilege.
#![allow(clippy::unwrap_used)]

use sekisho_iam::sets::{Comparison, Observed, Population, Relation, Side, can, compare, is_public, least_privilege, newly_allowed};
use sekisho_iam::{Outcome, Policy, Principal, Stack};
use serde_json::{Value, json};
use std::sync::Arc;

const USER: &str = "arn:aws:iam::123456789012:user/dev";

fn policy(statements: Value) -> Arc<Policy> {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    Arc::new(Policy::from_json("p", &document, &model::Place::new("p.json", 1, 1)))
}

fn allow(action: Value, resource: Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn compared(first: Value, second: Value) -> Comparison {
    compare(&Side::policy(policy(first)), &Side::policy(policy(second)))
}

#[test]
fn relations() {
    use Relation::{Equivalent, Incomparable, Narrower, Wider};
    let bucket = |pattern: &str| allow(json!("s3:GetObject"), json!(pattern));
    let when = |condition: Value| {
        let mut statement = bucket("*");
        statement["Condition"] = condition;
        statement
    };
    let deny = |action: &str, resource: &str| json!({"Effect": "Deny", "Action": action, "Resource": resource});
    let rows = [
        (bucket("*"), bucket("*"), Equivalent),
        (bucket("arn:aws:s3:::a/*"), bucket("arn:aws:s3:::*"), Narrower),
        (bucket("arn:aws:s3:::a/*"), bucket("arn:aws:s3:::b/*"), Incomparable),
        (json!([bucket("arn:aws:s3:::a/*"), bucket("arn:aws:s3:::a/k")]), bucket("arn:aws:s3:::a/*"), Equivalent),
        (json!([bucket("arn:aws:s3:::a/x*"), bucket("arn:aws:s3:::a/y*")]), bucket("arn:aws:s3:::a/?*"), Narrower),
        (allow(json!("s3:*"), json!("*")), allow(json!(["s3:Get*", "s3:Put*"]), json!("*")), Wider),
        (allow(json!(["s3:*"]), json!("*")), allow(json!(["s3:A*", "S3:*"]), json!("*")), Equivalent),
        (json!([bucket("*"), deny("s3:*", "*")]), json!([]), Equivalent),
        (json!([bucket("*"), deny("s3:*", "arn:aws:s3:::a/*")]), bucket("*"), Narrower),
        (json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), allow(json!("*"), json!("*")), Narrower),
        (json!({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::a/*"}), bucket("*"), Narrower),
        (when(json!({"StringEquals": {"aws:PrincipalTag/t": "a"}})), bucket("*"), Narrower),
        (when(json!({"StringEquals": {"k:k": ["a", "b"]}})), when(json!({"StringEquals": {"k:k": ["b", "a"]}})), Equivalent),
        (when(json!({"StringLike": {"k:k": "a*"}})), when(json!({"StringEquals": {"k:k": "ab"}})), Wider),
        (when(json!({"StringNotEquals": {"k:k": "a"}})), when(json!({"StringNotEqualsIfExists": {"k:k": "a"}})), Equivalent),
        (when(json!({"StringEquals": {"k:k": "a"}})), when(json!({"StringEqualsIfExists": {"k:k": "a"}})), Narrower),
        (when(json!({"NumericLessThan": {"k:n": "10"}})), when(json!({"NumericLessThanEquals": {"k:n": "10"}})), Narrower),
        (when(json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})), when(json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/9"}})), Wider),
        (
            when(json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/9", "10.128.0.0/9"]}})),
            when(json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
            Equivalent,
        ),
        (when(json!({"Bool": {"aws:SecureTransport": "true"}})), when(json!({"Bool": {"aws:SecureTransport": "false"}})), Incomparable),
        (when(json!({"Null": {"k:k": "true"}})), when(json!({"StringNotLike": {"k:k": "*"}})), Equivalent),
        (
            when(json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}})),
            when(json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}})),
            Incomparable,
        ),
        (
            when(json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:1:*"}})),
            when(json!({"StringLike": {"aws:SourceArn": "arn:aws:sns:*:1:*"}})),
            Narrower,
        ),
        // An action without resources takes only a star.
        (allow(json!("s3:ListAllMyBuckets"), json!("arn:aws:s3:::*")), json!([]), Equivalent),
    ];
    for (first, second, expected) in rows {
        let found = compared(first.clone(), second.clone());
        assert_eq!(found.relation, expected, "{first} {second} {:?}", found.only_first.or(found.only_second).map(|w| w.says()));
        assert!(found.exact, "{first} {second}");
    }
}

#[test]
fn a_variable_makes_it_inexact_not_wrong() {
    let home = allow(json!("s3:GetObject"), json!("arn:aws:s3:::home/${aws:username}/*"));
    let found = compared(home.clone(), allow(json!("s3:GetObject"), json!("arn:aws:s3:::home/*")));
    assert_eq!((found.relation, found.exact), (Relation::Narrower, false));
    assert_eq!(compared(home.clone(), home).relation, Relation::Equivalent);
}

#[test]
fn a_change_lists_what_it_newly_allows() {
    let old = Side::policy(policy(allow(json!(["s3:GetObject", "s3:PutObject"]), json!("arn:aws:s3:::a/*"))));
    let new = Side::policy(policy(allow(json!(["s3:GetObject", "s3:DeleteObject"]), json!("arn:aws:s3:::a/*"))));
    let (found, exact) = newly_allowed(&old, &new);
    assert!(exact);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].actions, ["s3:DeleteObject"]);
    assert!(found[0].witness.request.resource.starts_with("arn:aws:s3:::a/"));
    assert!(newly_allowed(&new, &new).0.is_empty());
}

#[test]
fn a_boundary_is_a_layer() {
    let admin = policy(allow(json!("*"), json!("*")));
    let s3 = policy(allow(json!("s3:*"), json!("*")));
    let bounded = Stack { identity: vec![admin], boundary: vec![s3.clone()], ..Stack::default() };
    assert_eq!(compare(&Side::of_stack(&bounded), &Side::policy(s3)).relation, Relation::Equivalent);
}

#[test]
fn who_can_and_public() {
    let reader = policy(allow(json!("s3:Get*"), json!("arn:aws:s3:::b/*")));
    let members = vec![
        (Principal::parse(USER).unwrap(), Stack::identity([reader])),
        (Principal::parse("arn:aws:iam::123456789012:user/eve").unwrap(), Stack::default()),
    ];
    let population = Population::new(members);
    let names =
        |found: Vec<sekisho_iam::sets::WhoCan>| found.iter().map(|w| format!("{} {:?}", w.principal.name(), w.outcome)).collect::<Vec<_>>();
    assert_eq!(names(population.who_can("s3:GetObject", "arn:aws:s3:::b/k", "123456789012", None)), [format!("{USER} Allowed")]);
    assert!(population.who_can("s3:PutObject", "arn:aws:s3:::b/k", "123456789012", None).is_empty());
    let public = policy(json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
        "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}));
    let found = population.who_can("s3:GetObject", "arn:aws:s3:::b/k", "123456789012", Some(&public));
    assert_eq!(found.iter().filter(|w| w.outcome == Outcome::Depends).count(), 3, "eve, anonymous and a stranger: {found:?}");
    let exposures = is_public(&public);
    assert!(exposures.len() == 1 && exposures[0].guarded, "{exposures:?}");
    let open = policy(json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}));
    assert!(!is_public(&open)[0].guarded);
    let closed = policy(json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]));
    assert!(is_public(&closed).is_empty());
}

#[test]
fn effective_permissions_end_at_the_limits() {
    let own = policy(
        json!([allow(json!(["s3:GetObject", "sqs:SendMessage"]), json!("*")), {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]),
    );
    let found = can(&Stack { identity: vec![own], boundary: vec![policy(allow(json!("s3:*"), json!("*")))], ..Stack::default() });
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].actions.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["GetObject"]);
    assert!(!found[0].limited);
}

#[test]
fn least_privilege_allows_what_was_seen_and_no_more() {
    let current = Stack::identity([policy(json!([
        {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        allow(json!("logs:*"), json!("*")),
        {"Effect": "Deny", "Action": "dynamodb:DeleteTable", "Resource": "*"},
    ]))]);
    let who = Principal::parse(USER).unwrap();
    let seen = |action: &str, resource: Option<&str>| Observed { action: action.into(), resource: resource.map(Into::into) };
    let table = "arn:aws:dynamodb:us-east-1:123456789012:table/rides";
    let events = [
        seen("dynamodb:GetItem", Some(table)),
        seen("dynamodb:PutItem", Some(table)),
        seen("logs:PutLogEvents", None),
        seen("iam:CreateUser", Some("arn:aws:iam::123456789012:user/x")),
    ];
    let least = least_privilege(&who, &current, &events).unwrap();
    assert_eq!(least.not_allowed, [events[3].clone()]);
    assert!(least.exact);
    assert_eq!(
        least.policy["Statement"],
        json!([
            {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": [table],
                "Condition": {"Bool": {"aws:SecureTransport": ["true"]}}},
            {"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": ["*"]},
            {"Effect": "Deny", "Action": ["dynamodb:DeleteTable"], "Resource": ["*"]},
        ])
    );
}

/// Found by fuzzing: the shortest text that a set operator's values do not match is empty, which is no value to it.
#[test]
fn a_set_operator_is_told_apart_by_a_text_that_is_not_empty() {
    let policy = |statement: serde_json::Value| Arc::new(Policy::from_json("p", &statement, &model::Place::new("p", 1, 1)));
    let plain = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/k"});
    for operator in ["ForAnyValue:ArnLikeIfExists", "ForAnyValue:StringEqualsIfExists", "ForAllValues:StringLike"] {
        let mut narrow = plain.clone();
        narrow["Condition"] = json!({operator: {"x:a": "arn:aws:sns:us-east-1:1:t:a"}});
        let sides = [&plain, &narrow].map(|s| Side::policy(policy(json!({"Version": "2012-10-17", "Statement": [s]}))));
        let found = compare(&sides[0], &sides[1]);
        assert_eq!((found.relation, found.exact), (Relation::Wider, true), "{operator}");
    }
}
