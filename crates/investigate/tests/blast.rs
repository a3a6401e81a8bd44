//! Blast radius: what a stolen session could have done is what its policies say, and what it did is what the logs say.
#![allow(clippy::unwrap_used)]

use iam::account::Account;
use model::{App, Node, Place, Resource, ResourceId};
use sekisho_investigate::{Rules, blast};
use serde_json::{Value, json};
use std::fs;

const TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table";
const ROLE: &str = "arn:aws:iam::123456789012:role/place";

fn resource(logical: &str, kind: &str, arn: &str, properties: Value) -> Resource {
    let place = Place::new("template.yaml", 7, 3);
    Resource {
        id: ResourceId::new("app", logical),
        kind: kind.into(),
        properties: Node::from_json(&properties, &place),
        place,
        physical_id: arn.rsplit('/').next().unwrap().into(),
        arn: Some(arn.into()),
        generated_from: None,
        condition: None,
        deletion_policy: None,
        metadata: None,
    }
}

fn app(statements: Value) -> App {
    let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}});
    let policies = json!([{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]);
    App::new(
        "123456789012",
        "us-east-1",
        [
            resource("Role", "AWS::IAM::Role", ROLE, json!({"AssumeRolePolicyDocument": trust, "Policies": policies})),
            resource("Orders", "AWS::DynamoDB::Table", &format!("{TABLE}/orders"), json!({})),
            resource("Payments", "AWS::DynamoDB::Table", &format!("{TABLE}/payments"), json!({})),
        ],
    )
}

fn record(id: &str, source: &str, name: &str, parameters: &Value, error: Option<&str>) -> Value {
    let mut record = json!({"eventVersion": "1.11", "eventTime": "2026-11-22T13:40:00Z", "eventSource": format!("{source}.amazonaws.com"),
        "eventName": name, "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.9", "userAgent": "Boto3/1.43.11", "eventID": id,
        "requestParameters": parameters, "recipientAccountId": "123456789012", "eventType": "AwsApiCall", "eventCategory": "Data",
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/place/Place", "accountId": "123456789012",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE}},
            "inScopeOf": {"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": "arn:aws:lambda:us-east-1:123456789012:function:Place"}}});
    if let Some(code) = error {
        record["errorCode"] = json!(code);
    }
    record
}

/// What the rules of the risks alert on in these records, and the radii of its principals.
fn radii(app: &App, records: &[Value]) -> Vec<model::radius::Radius> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("trail.json"), json!({"Records": records}).to_string()).unwrap();
    let open = || read::log::open(&[folder.path().to_owned()], read::log::Limits::default());
    let report = sekisho_investigate::run(&mut open(), &Rules::of_risks());
    assert!(!report.alerts.is_empty());
    let account = Account::of_app(app);
    let members = blast::principals(&report.alerts, &account);
    let seen = blast::Seen::of(open(), &members);
    blast::radii(&account, Some(app), &members, &seen)
}

#[test]
fn a_session_that_was_carried_away() {
    let app = app(json!([
        {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Scan"], "Resource": format!("{TABLE}/*")},
        {"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "*"},
    ]));
    let records = [
        record("1", "dynamodb", "Scan", &json!({"tableName": "orders"}), None),
        record("2", "dynamodb", "Scan", &json!({"tableName": "orders"}), None),
        record("3", "secretsmanager", "ListSecrets", &Value::Null, Some("AccessDenied")),
    ];
    let radii = radii(&app, &records);
    let [radius] = radii.as_slice() else { panic!("{radii:?}") };
    assert_eq!((radius.principal.as_str(), radius.administrator), (ROLE, false));
    let could: Vec<(&str, bool)> = radius.could.iter().map(|could| (could.actions.as_str(), could.used)).collect();
    assert_eq!(could, [("dynamodb:GetItem, dynamodb:Scan", true), ("iam:PutRolePolicy", false)]);
    assert_eq!(radius.escalations.len(), 1);
    assert_eq!(radius.escalations[0][0].place, Place::new("template.yaml", 7, 3));
    let stores: Vec<(&str, usize, usize)> =
        radius.stores.iter().map(|s| (s.arn.rsplit('/').next().unwrap(), s.steps, s.seen.len())).collect();
    assert_eq!(stores, [("orders", 1, 1), ("payments", 1, 0)]);
    let did: Vec<(&str, u64, u64)> = radius.did.iter().map(|did| (did.action.as_str(), did.succeeded, did.refused)).collect();
    assert_eq!(did, [("dynamodb:Scan", 2, 0), ("secretsmanager:ListSecrets", 0, 1)]);
    assert_eq!(radius.gaps, Vec::<String>::new());
}

#[test]
fn what_is_not_reached_is_not_listed() {
    let app = app(json!([{"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": format!("{TABLE}/orders")}]));
    let mut listed = record("1", "dynamodb", "ListTables", &json!({}), None);
    listed["eventCategory"] = json!("Management");
    let radii = radii(&app, &[listed]);
    let [radius] = radii.as_slice() else { panic!("{radii:?}") };
    assert!(radius.escalations.is_empty() && radius.stores.len() == 1 && radius.stores[0].seen.is_empty());
    assert!(!radius.could[0].used);
    assert_eq!(radius.gaps.len(), 1, "the logs hold no data events: {:?}", radius.gaps);
}
