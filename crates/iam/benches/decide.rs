//! One decision: 15 identity statements, an SCP, a resource policy. The peer is the crate `iam-rs`, in the same run.
#![allow(clippy::unwrap_used, missing_docs)]

use divan::{Bencher, black_box};
use iam_rs::{Arn, Context as PeerContext, IAMPolicy, IAMRequest, PolicyEvaluator, Principal as Peer, PrincipalId};
use sekisho_iam::{Context, Decision, Level, Outcome, Policy, Principal, Request, Stack, decide, explain};
use serde_json::{Value, json};
use std::sync::Arc;

const USER: &str = "arn:aws:iam::123456789012:user/dev";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/rides";

fn main() {
    divan::main();
}

fn identity() -> Value {
    let services = ["s3", "sqs", "sns", "logs", "xray", "lambda", "events", "states", "kms", "ssm", "ec2", "rds", "sts"];
    let mut statements: Vec<Value> = services
        .iter()
        .map(|service| {
            json!({"Effect": "Allow", "Action": [format!("{service}:Get*"), format!("{service}:List*"), format!("{service}:PutThing")],
                "Resource": format!("arn:aws:{service}:us-east-1:123456789012:app-*/*")})
        })
        .collect();
    statements.push(json!({"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"],
        "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/*",
        "Condition": {"StringLike": {"aws:PrincipalTag/team": "rid*"}}}));
    statements.push(json!({"Effect": "Deny", "Action": "dynamodb:Delete*", "Resource": "*"}));
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn service_control() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["organizations:*", "account:*"], "Resource": "*"}]})
}

fn resource() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]})
}

fn ours() -> (Request, Stack) {
    let policy = |name: &str, value: &Value| Arc::new(Policy::from_json(name, value, &model::Place::new("bench.json", 1, 1)));
    let stack = Stack {
        identity: vec![policy("identity", &identity())],
        resource: Some(policy("resource", &resource())),
        service_control: vec![Level { name: "root".into(), policies: vec![policy("scp", &service_control())] }],
        ..Stack::default()
    };
    let context = Context::new().with("aws:PrincipalTag/team", "riders").with("aws:SecureTransport", "true");
    (Request::new(Principal::parse(USER).unwrap(), "dynamodb:GetItem", TABLE).with_context(context), stack)
}

#[divan::bench]
fn decision(bencher: Bencher) {
    let (request, stack) = ours();
    assert_eq!(decide(&request, &stack).outcome, Outcome::Allowed);
    bencher.bench_local(|| black_box(decide(black_box(&request), black_box(&stack))).outcome);
}

#[divan::bench]
fn decision_with_explanation(bencher: Bencher) {
    let (request, stack) = ours();
    bencher.bench_local(|| {
        let decision: Decision<'_> = decide(black_box(&request), black_box(&stack));
        black_box(explain(&request, &stack, &decision))
    });
}

#[divan::bench]
fn peer_iam_rs(bencher: Bencher) {
    let parse = |value: Value| serde_json::from_value::<IAMPolicy>(value).unwrap();
    let evaluator = PolicyEvaluator::with_policies(vec![parse(identity()), parse(service_control()), parse(resource())]);
    let mut context = PeerContext::new();
    context.insert("aws:PrincipalTag/team".into(), iam_rs::ContextValue::String("riders".into()));
    context.insert("aws:SecureTransport".into(), iam_rs::ContextValue::Boolean(true));
    let who = Peer::Aws(PrincipalId::String(USER.into()));
    let request = IAMRequest::new_with_context(who, "dynamodb:GetItem", Arn::parse(TABLE).unwrap(), context);
    assert!(evaluator.evaluate(&request).is_ok());
    bencher.bench_local(|| black_box(evaluator.evaluate(black_box(&request))).is_ok());
}

#[divan::bench]
fn compile_one_policy(bencher: Bencher) {
    let text = identity().to_string();
    bencher.bench_local(|| black_box(Policy::from_text("p", "p.json", black_box(&text))).is_ok());
}
