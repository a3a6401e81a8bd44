//! The matcher of actions, resources, texts and ARNs agrees with its slow twin on any pattern and text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_fuzz::{Picker, like};
use sekisho_iam::{Context, Outcome, Policy, Principal, Request, decide_by};
use serde_json::{Value, json};
use std::sync::Arc;

fuzz_target!(|bytes: &[u8]| {
    let mut picker = Picker(bytes);
    let letters = |picker: &mut Picker<'_>| match picker.below(2) {
        0 => picker.pieces(6),
        _ => (0..picker.below(12)).map(|_| picker.of(&['a', 'b', ':', ':', '*', '*', '?', '/', 'é'])).collect(),
    };
    let (pattern, text) = (letters(&mut picker), letters(&mut picker).replace(['*', '?', '$'], "x"));
    let allows = |statement: Value, resource: &str, action: &str, key: &str| {
        let document = json!({"Version": "2008-10-17", "Statement": statement});
        let policy = Arc::new(Policy::from_text("p", "p", &document.to_string()).expect("JSON"));
        let context = Context::new().with("x:k", key);
        decide_by(&Request::new(Principal::Anonymous, action, resource).with_context(context), &policy).outcome
    };
    let expected = |holds: bool| if holds { Outcome::Allowed } else { Outcome::ImplicitlyDenied };
    // Spaces around a pattern are not part of it, and an ARN of fewer than six parts is completed.
    let short = pattern.starts_with("arn:") && pattern.split(':').count() < 6;
    let wild_service = pattern.starts_with("arn:") && pattern.split(':').nth(2).is_some_and(|s| s.contains(['*', '?']));
    if !wild_service {
        let whole = if short { format!("{pattern}{}", ":*".repeat(6 - pattern.split(':').count())) } else { pattern.clone() };
        let holds = like(&pattern, &text, true) || like(&whole, &text, true);
        let own = allows(json!({"Effect": "Allow", "Action": "*", "Resource": pattern}), &text, "s3:GetObject", "");
        assert_eq!(own, expected(holds), "resource {pattern:?} on {text:?}");
    }
    let lower = (pattern.to_lowercase(), text.to_lowercase());
    let own = allows(json!({"Effect": "Allow", "Action": pattern, "Resource": "*"}), "r", &text, "");
    assert_eq!(own, expected(like(&lower.0, &lower.1, false)), "action {pattern:?} on {text:?}");
    let own = allows(
        json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"x:k": pattern}}}),
        "r",
        "a:b",
        &text,
    );
    assert_eq!(own, expected(like(&pattern, &text, false)), "text {pattern:?} on {text:?}");
    let own =
        allows(json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ArnLike": {"x:k": pattern}}}), "r", "a:b", &text);
    let parts = |text: &str| -> Vec<String> { text.splitn(6, ':').map(str::to_owned).collect() };
    let (own_parts, text_parts) = (parts(&pattern), parts(&text));
    let six = own_parts.len() == 6 && text_parts.len() == 6;
    let holds = pattern == "*" || (six && own_parts.iter().zip(&text_parts).all(|(own, text)| like(own, text, false)));
    assert_eq!(own, expected(holds), "ARN {pattern:?} on {text:?}");
});
