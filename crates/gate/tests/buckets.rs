//! Who may do what with a bucket's objects: policies, access control lists and Block Public Access together.
#![allow(clippy::unwrap_used)]

mod stand;

use model::{ApiCall, App, Ask, Call, Credential, Identity, Node, Place, Resource, ResourceId, Time};
use sekisho_gate::decide;
use serde_json::{Value, json};
use stand::Memory;

fn app(bucket: Value, policy: Option<Value>) -> App {
    let place = Place::new("template.yaml", 1, 1);
    let resource = |logical: &str, kind: &str, physical: &str, arn: Option<&str>, properties: &Value| Resource {
        id: ResourceId::new("app", logical),
        kind: kind.into(),
        properties: Node::from_json(properties, &place),
        place: place.clone(),
        physical_id: physical.into(),
        arn: arn.map(str::to_owned),
        generated_from: None,
        condition: None,
        deletion_policy: None,
        metadata: None,
    };
    let policy = policy.map(|statement| {
        let document = json!({"Bucket": "b", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}});
        resource("Policy", "AWS::S3::BucketPolicy", "policy", None, &document)
    });
    let bucket = resource("Bucket", "AWS::S3::Bucket", "b", Some("arn:aws:s3:::b"), &bucket);
    App::new("123456789012", "us-east-1", [bucket].into_iter().chain(policy))
}

fn may(app: &App, who: Option<&str>, action: &str, resource: &str, object_acl: Option<&str>) -> bool {
    let credential = who.map_or(Credential::None, |arn| Credential::Proved(Identity::User { arn: arn.into() }));
    let ask = ApiCall {
        action: action.into(),
        resource: resource.into(),
        resource_account: app.account.clone(),
        object_acl: object_acl.map(str::to_owned),
        ..ApiCall::default()
    };
    let call = Call { id: "1".into(), time: Time(0), source_ip: "203.0.113.9".into(), tls: true, credential, ask: Ask::Api(ask) };
    decide(app, &call, &Memory::default()).passes()
}

const OBJECT: &str = "arn:aws:s3:::b/k";
const BUCKET: &str = "arn:aws:s3:::b";
const STRANGER: Option<&str> = Some("arn:aws:iam::999988887777:user/ann");

fn open() -> Value {
    json!({"BlockPublicAcls": false, "IgnorePublicAcls": false, "BlockPublicPolicy": false, "RestrictPublicBuckets": false})
}

fn to_everyone(action: &str) -> Option<Value> {
    Some(json!({"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "arn:aws:s3:::b/*"}))
}

#[test]
fn a_public_policy_counts_where_nothing_blocks_it() {
    let public = app(json!({"PublicAccessBlockConfiguration": open()}), to_everyone("s3:GetObject"));
    assert!(may(&public, None, "s3:GetObject", OBJECT, None));
    assert!(!may(&public, None, "s3:PutObject", OBJECT, None));
    assert!(!may(&public, None, "s3:ListBucket", BUCKET, None));
    // A bucket that says nothing has Block Public Access on.
    let blocked = app(json!({}), to_everyone("s3:GetObject"));
    assert!(!may(&blocked, None, "s3:GetObject", OBJECT, None) && !may(&blocked, STRANGER, "s3:GetObject", OBJECT, None));
    assert!(!may(&app(json!({}), None), None, "s3:GetObject", OBJECT, None));
}

#[test]
fn lists_count_where_they_are_not_disabled() {
    let owned = |ownership: &str, block: Value, acl: &str| {
        let rules = json!({"Rules": [{"ObjectOwnership": ownership}]});
        app(json!({"AccessControl": acl, "OwnershipControls": rules, "PublicAccessBlockConfiguration": block}), None)
    };
    let list = |app: &App| {
        let who = |who| {
            [
                may(app, who, "s3:ListBucket", BUCKET, None),
                may(app, who, "s3:PutObject", OBJECT, None),
                may(app, who, "s3:GetObject", OBJECT, None),
            ]
        };
        (who(None), who(STRANGER))
    };
    let no = [false; 3];
    assert_eq!(list(&owned("ObjectWriter", open(), "PublicRead")), ([true, false, false], [true, false, false]));
    assert_eq!(list(&owned("ObjectWriter", open(), "PublicReadWrite")), ([true, true, false], [true, true, false]));
    assert_eq!(list(&owned("ObjectWriter", open(), "AuthenticatedRead")), (no, [true, false, false]));
    assert_eq!(list(&owned("ObjectWriter", json!({"IgnorePublicAcls": true}), "PublicReadWrite")), (no, no));
    assert_eq!(list(&owned("BucketOwnerEnforced", open(), "PublicReadWrite")), (no, no));
    assert_eq!(list(&app(json!({"AccessControl": "PublicReadWrite", "PublicAccessBlockConfiguration": open()}), None)), (no, no));
    let objects = owned("ObjectWriter", open(), "Private");
    assert!(may(&objects, None, "s3:GetObject", OBJECT, Some("public-read")));
    assert!(!may(&objects, None, "s3:PutObject", OBJECT, Some("public-read-write")), "an object's list lets nobody replace it");
    assert!(!may(&objects, None, "s3:GetObject", OBJECT, None));
}
