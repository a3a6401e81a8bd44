//! Stacks of an application: roles with managed policies, functions' permissions, bucket policies, an API's policy.
#![allow(clippy::unwrap_used)]

use model::{App, Identity, Kind, Node, Place, Resource, ResourceId, Session};
use sekisho_iam::{Context, Layer, Outcome, Principal, Request, Stack, app, decide};
use serde_json::{Value, json};

fn resource(logical: &str, kind: &str, physical: &str, arn: Option<&str>, properties: Value) -> Resource {
    let place = Place::new("template.yaml", 7, 3);
    Resource {
        id: ResourceId::new("app", logical),
        kind: kind.into(),
        properties: Node::from_json(&properties, &place),
        place,
        physical_id: physical.into(),
        arn: arn.map(Into::into),
        generated_from: None,
        condition: None,
        deletion_policy: None,
        metadata: None,
    }
}

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:rides";
const ROLE: &str = "arn:aws:iam::123456789012:role/rides";

fn permission(properties: Value) -> App {
    App::new(
        "123456789012",
        "us-east-1",
        [
            resource("Rides", "AWS::Lambda::Function", "rides", Some(FUNCTION), json!({"Role": ROLE})),
            resource("Permission", "AWS::Lambda::Permission", "p", None, properties),
        ],
    )
}

fn invoke(app: &App, source: &str) -> Outcome {
    let request = Request::new(Principal::Service { name: "apigateway.amazonaws.com".into() }, "lambda:InvokeFunction", FUNCTION)
        .with_context(Context::new().with("aws:SourceArn", source));
    let stack = Stack::default().with_resource(app::function_policy(app, FUNCTION));
    decide(&request, &stack).outcome
}

#[test]
fn a_function_is_invoked_by_whom_its_permissions_name() {
    let base = json!({"FunctionName": "rides", "Principal": "apigateway.amazonaws.com", "Action": "lambda:InvokeFunction"});
    let with = |key: &str, value: Value| {
        let mut properties = base.clone();
        properties[key] = value;
        permission(properties)
    };
    let api = "arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/rides";
    assert_eq!(invoke(&permission(base.clone()), api), Outcome::Allowed);
    assert_eq!(invoke(&with("FunctionName", json!(FUNCTION)), api), Outcome::Allowed);
    assert_eq!(invoke(&with("FunctionName", json!("123456789012:function:rides")), api), Outcome::Allowed);
    assert_eq!(invoke(&with("FunctionName", json!("ridesx")), api), Outcome::ImplicitlyDenied);
    assert_eq!(invoke(&with("FunctionName", json!("rides:live")), api), Outcome::ImplicitlyDenied);
    assert_eq!(invoke(&with("Principal", json!("events.amazonaws.com")), api), Outcome::ImplicitlyDenied);
    assert_eq!(invoke(&with("Action", json!("lambda:GetFunction")), api), Outcome::ImplicitlyDenied);
    let own = "arn:aws:execute-api:us-east-1:123456789012:api/*/GET/rides";
    assert_eq!(invoke(&with("SourceArn", json!(own)), api), Outcome::Allowed);
    assert_eq!(
        invoke(&with("SourceArn", json!(own)), "arn:aws:execute-api:us-east-1:123456789012:other/prod/GET/rides"),
        Outcome::ImplicitlyDenied
    );
    assert_eq!(invoke(&with("SourceAccount", json!("123456789012")), api), Outcome::ImplicitlyDenied, "the account is not in the request");
}

#[test]
fn an_unknown_source_depends() {
    let mut app = permission(json!({"FunctionName": "rides", "Principal": "apigateway.amazonaws.com", "Action": "lambda:InvokeFunction"}));
    let pattern = "arn:aws:execute-api:us-east-1:123456789012:*/*/GET/rides".to_owned();
    let unknown = Kind::unknown("parameter Api has no default", Some(pattern));
    let change = model::Change::Set {
        resource: ResourceId::new("app", "Permission"),
        path: vec!["SourceArn".into()],
        value: Node::new(unknown, Place::new("template.yaml", 20, 18)),
    };
    app = app.apply(&change).unwrap();
    assert_eq!(invoke(&app, "arn:aws:execute-api:us-east-1:123456789012:api/prod/GET/rides"), Outcome::Depends);
}

#[test]
fn a_role_with_managed_and_unknown_policies() {
    let role = |managed: Value, inline: Value| {
        let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}});
        let properties = json!({"AssumeRolePolicyDocument": trust, "ManagedPolicyArns": managed,
            "Policies": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": inline}}]});
        App::new("123456789012", "us-east-1", [resource("Role", "AWS::IAM::Role", "rides", Some(ROLE), properties)])
    };
    let session = Identity::AssumedRole {
        role_arn: ROLE.into(),
        session_name: "rides".into(),
        issued_to: Some(FUNCTION.into()),
        session: Session::default(),
    };
    let ask = |app: &App, action: &str| {
        let request = Request::new((&session).into(), action, "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/rides:*");
        decide(&request, &app::stack_of(app, &session)).outcome
    };
    let none = json!([]);
    let basic = json!(["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]);
    assert_eq!(ask(&role(basic.clone(), none.clone()), "logs:PutLogEvents"), Outcome::Allowed);
    assert_eq!(ask(&role(basic, none.clone()), "logs:DeleteLogGroup"), Outcome::ImplicitlyDenied);
    assert_eq!(ask(&role(json!(["arn:aws:iam::aws:policy/NobodyKnowsThis"]), none.clone()), "logs:PutLogEvents"), Outcome::Depends);
    let deny = json!({"Effect": "Deny", "Action": "logs:*", "Resource": "*"});
    assert_eq!(ask(&role(json!(["arn:aws:iam::aws:policy/AdministratorAccess"]), deny), "logs:PutLogEvents"), Outcome::ExplicitlyDenied);
    let stranger =
        Identity::AssumedRole { role_arn: format!("{ROLE}2"), session_name: "s".into(), issued_to: None, session: Session::default() };
    assert!(app::stack_of(&role(none.clone(), none), &stranger).identity[0].statements[0].unknown.is_some());
}

#[test]
fn a_bucket_policy_and_a_trust_policy_are_found_by_arn() {
    let statement = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    let app = App::new(
        "123456789012",
        "us-east-1",
        [
            resource("Bucket", "AWS::S3::Bucket", "b", Some("arn:aws:s3:::b"), json!({})),
            resource(
                "Policy",
                "AWS::S3::BucketPolicy",
                "p",
                None,
                json!({"Bucket": "b", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}),
            ),
        ],
    );
    let policy = app::resource_policy(&app, "arn:aws:s3:::b/key").unwrap();
    let request = Request::new(Principal::parse("arn:aws:iam::123456789012:root").unwrap(), "s3:GetObject", "arn:aws:s3:::b/key")
        .owned_by("123456789012");
    let stack = Stack::default().with_resource(Some(policy));
    let decision = decide(&request, &stack);
    assert_eq!((decision.outcome, decision.matched[0].layer), (Outcome::ExplicitlyDenied, Layer::Resource));
    assert_eq!(decision.matched[0].statement.place.to_string(), "template.yaml:7:3");
    assert!(app::resource_policy(&app, "arn:aws:s3:::other/key").is_none());
}
