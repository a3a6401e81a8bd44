//! Session tags, source identities and session policies: what a session was given when it began bears on every call of it.
#![allow(clippy::unwrap_used)]

mod stand;

use model::{Answer, App, Identity, Node, Session};
use sekisho_gate::{decide, record};
use serde_json::{Value, json};
use stand::{Memory, ROLE, TABLE, api_call, app, node, unknown, with};
use std::collections::BTreeMap;

fn session(session: Session) -> Identity {
    Identity::AssumedRole { role_arn: ROLE.into(), session_name: "s".into(), issued_to: None, session }
}

fn tagged(key: &str, value: &str) -> Identity {
    session(Session { tags: BTreeMap::from([(key.into(), value.into())]), ..Session::default() })
}

/// The role may scan under this condition and has these tags.
fn under(condition: Value, tags: Node) -> App {
    let statement = json!({"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": "*", "Condition": condition});
    let policies = json!([{"PolicyName": "P", "PolicyDocument": {"Version": "2012-10-17", "Statement": statement}}]);
    with(&with(&app(), "RidesRole", &["Policies"], node(policies)), "RidesRole", &["Tags"], tags)
}

fn passes(app: &App, identity: Identity) -> bool {
    decide(app, &api_call(identity, "dynamodb:Scan", TABLE), &Memory::default()).passes()
}

/// IAM User Guide, "Pass session tags in AWS STS": session tags override the role's with the same key, regardless of case.
#[test]
fn tags_of_a_session_come_over_those_of_its_role() {
    let condition = json!({"StringEquals": {"aws:PrincipalTag/Team": "riders"}});
    let role = |value: &str| node(json!([{"Key": "Team", "Value": value}]));
    assert!(passes(&under(condition.clone(), role("riders")), session(Session::default())));
    assert!(!passes(&under(condition.clone(), role("drivers")), session(Session::default())));
    assert!(passes(&under(condition.clone(), role("drivers")), tagged("team", "riders")));
    assert!(!passes(&under(condition.clone(), role("riders")), tagged("TEAM", "drivers")));
    assert!(!passes(&under(condition, node(json!([]))), session(Session::default())));
}

#[test]
fn tags_that_are_not_known_are_no_protection() {
    let condition = json!({"StringNotEquals": {"aws:PrincipalTag/Team": "drivers"}});
    let answer = |tags: Node| {
        let call = api_call(session(Session::default()), "dynamodb:Scan", TABLE);
        decide(&under(condition.clone(), tags), &call, &Memory::default()).answer
    };
    assert!(matches!(answer(node(json!([]))), Answer::Pass(_)));
    assert!(matches!(answer(unknown()), Answer::Depends(_)));
}

#[test]
fn a_source_identity_is_in_every_request() {
    let app = under(json!({"StringEquals": {"aws:SourceIdentity": "ann"}}), node(json!([])));
    let named = |name: &str| session(Session { source_identity: Some(name.into()), ..Session::default() });
    assert!(passes(&app, named("ann")) && !passes(&app, named("bob")) && !passes(&app, session(Session::default())));
}

/// IAM User Guide, "Policies and permissions in IAM": the permissions of a session are the intersection.
#[test]
fn session_policies_narrow() {
    let app = under(json!({}), node(json!([])));
    let narrowed = |policy: Value| session(Session { policies: vec![policy.to_string()], ..Session::default() });
    let allow = |action: &str| json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}});
    assert!(passes(&app, narrowed(allow("dynamodb:*"))) && !passes(&app, narrowed(allow("s3:*"))));
    assert!(!passes(&app, session(Session { policies: vec!["{".into()], ..Session::default() })));
    let arn = |name: &str| session(Session { policy_arns: vec![format!("arn:aws:iam::aws:policy/{name}")], ..Session::default() });
    assert!(passes(&app, arn("AmazonDynamoDBReadOnlyAccess")) && !passes(&app, arn("AmazonS3ReadOnlyAccess")));
    assert!(!passes(&app, arn("NobodyKnows")));
}

#[test]
fn a_journal_keeps_what_the_session_was_given() {
    let app = under(json!({"StringEquals": {"aws:PrincipalTag/Team": "riders"}}), node(json!([])));
    let (verdict, entry) = record(&app, &api_call(tagged("Team", "riders"), "dynamodb:Scan", TABLE), &Memory::default());
    let kept: sekisho_gate::Entry = serde_json::from_str(&serde_json::to_string(&entry).unwrap()).unwrap();
    assert!(verdict.passes());
    assert_eq!(kept.replay(&app), verdict);
}
