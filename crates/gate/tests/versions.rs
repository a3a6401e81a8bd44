//! A verdict holds for the version it names: what was compiled of one never answers for the next.
#![allow(clippy::unwrap_used)]

mod stand;

use sekisho_gate::decide;
use serde_json::{Value, json};
use stand::{Memory, TABLE, api_call, app, node, session, with};

fn policies(effect: &str) -> model::Node {
    let statement: Value = json!({"Effect": effect, "Action": "dynamodb:GetItem", "Resource": TABLE});
    node(json!([{"PolicyName": "P", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}]))
}

#[test]
fn a_change_of_a_policy_counts_at_once() {
    let call = api_call(session(), "dynamodb:GetItem", TABLE);
    let memory = Memory::default();
    let open = with(&app(), "RidesRole", &["Policies"], policies("Allow"));
    assert!(decide(&open, &call, &memory).passes());
    let closed = with(&open, "RidesRole", &["Policies"], policies("Deny"));
    assert!(!decide(&closed, &call, &memory).passes());
    // The earlier version still answers as it did, and a copy of it too.
    assert!(decide(&open, &call, &memory).passes());
    assert!(decide(&open.clone(), &call, &memory).passes());
    assert!(decide(&with(&closed, "RidesRole", &["Policies"], policies("Allow")), &call, &memory).passes());
}
