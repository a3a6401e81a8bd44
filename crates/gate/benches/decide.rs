//! What a judgement costs: a request to a route with every control on, and an AWS API call by a role of 15 statements.
#![allow(clippy::unwrap_used)]

#[path = "../tests/stand/mod.rs"]
mod stand;

use model::{Ask, Credential, IssuedKey};
use sekisho_gate::{decide, record, sigv4};
use serde_json::json;
use stand::{KEY, Memory, TABLE, allow, answered, api_call, app, invoke, node, session, with};

fn main() {
    divan::main();
}

fn guarded() -> (model::App, model::Call, Memory) {
    let app = app();
    let body = r#"{"name":"O'Hara","color":3,"imageUrl":"https://example.com/a.png"}"#;
    let call = invoke("POST", "/rides", &[("Authorization", "Bearer abc"), ("x-api-key", KEY), ("Content-Type", "application/json")], body);
    let memory = answered(&app, &call, Ok(allow()));
    assert!(decide(&app, &call, &memory).passes());
    (app, call, memory)
}

/// Cached authorizer, API key, usage plan, model, invoke permission.
#[divan::bench]
fn a_request_with_every_control(bencher: divan::Bencher<'_, '_>) {
    let (app, call, memory) = guarded();
    bencher.bench_local(|| decide(&app, &call, &memory));
}

/// The same with what the journal keeps of it.
#[divan::bench]
fn a_request_recorded(bencher: divan::Bencher<'_, '_>) {
    let (app, call, memory) = guarded();
    bencher.bench_local(|| record(&app, &call, &memory));
}

/// The limit for the ones above: the route and the invoke permission alone.
#[divan::bench]
fn a_request_without_controls(bencher: divan::Bencher<'_, '_>) {
    let (app, call, memory) = (app(), invoke("GET", "/open", &[], ""), Memory::default());
    bencher.bench_local(|| decide(&app, &call, &memory));
}

/// A role of 15 statements that asks for an item.
fn fifteen_statements() -> (model::App, model::Call) {
    let statement =
        |n: usize| json!({"Effect": "Allow", "Action": ["sqs:SendMessage", "s3:GetObject"], "Resource": format!("arn:aws:s3:::b{n}/*")});
    let mut statements: Vec<_> = (0..14).map(statement).collect();
    statements.push(json!({"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE}));
    let policies = json!([{"PolicyName": "P", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]);
    (with(&app(), "RidesRole", &["Policies"], node(policies)), api_call(session(), "dynamodb:GetItem", TABLE))
}

/// What authorisation adds to a request: the policies of a caller who was identified.
#[divan::bench]
fn authorisation(bencher: divan::Bencher<'_, '_>) {
    let ((app, call), memory) = (fifteen_statements(), Memory::default());
    assert!(decide(&app, &call, &memory).passes());
    bencher.bench_local(|| decide(&app, &call, &memory));
}

/// The same by a version of the application whose policies were not read yet, as every decision was before.
#[divan::bench]
fn authorisation_first_of_a_version(bencher: divan::Bencher<'_, '_>) {
    let ((app, call), memory) = (fifteen_statements(), Memory::default());
    let fresh = || {
        let mut fresh = app.clone();
        fresh.derived = model::Derived::default();
        fresh
    };
    bencher.with_inputs(fresh).bench_local_refs(|app| decide(app, &call, &memory));
}

/// SigV4 and a role of 15 statements.
#[divan::bench]
fn a_signed_aws_call(bencher: divan::Bencher<'_, '_>) {
    let (app, mut call) = fifteen_statements();
    let mut memory = Memory::default();
    let key = IssuedKey { secret: "secret".into(), session_token: None, identity: session(), expires: None };
    memory.keys.insert("AKIDEXAMPLE".into(), key);
    let date = call.time.basic();
    let scope = format!("{}/us-east-1/dynamodb/aws4_request", &date[..8]);
    let hash = |text: &str| sigv4::hex(&sigv4::sha256(text.as_bytes()));
    let canonical = format!("POST\n/\n\nhost:h\nx-amz-date:{date}\n\nhost;x-amz-date\n{}", hash("{}"));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hash(&canonical));
    let key = sigv4::signing_key("secret", &date[..8], "us-east-1", "dynamodb");
    let signature = sigv4::hex(&sigv4::hmac(&key, text.as_bytes()));
    let authorization = format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders=host;x-amz-date, Signature={signature}");
    let signed = invoke("POST", "/", &[("Host", "h"), ("X-Amz-Date", &date), ("Authorization", &authorization)], "{}");
    let Ask::Invoke(signed) = signed.ask else { return };
    call.credential = Credential::SigV4 { request: Box::new(signed.request), service: "dynamodb".into() };
    assert!(decide(&app, &call, &memory).passes());
    bencher.bench_local(|| decide(&app, &call, &memory));
}
