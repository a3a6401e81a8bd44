//! Any text: reading a policy or a case, linting it, deciding and explaining by it never panics, and a policy that holds a
//! problem never allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_iam::{Attached, Context, Outcome, Policy, Principal, Request, Stack, cases, decide, decide_by, explain, lint};
use std::sync::Arc;

fuzz_target!(|text: &str| {
    if let Ok(cases) = cases::read("case.json", text) {
        for case in cases {
            let decision = decide(&case.request, &case.stack);
            explain(&case.request, &case.stack, &decision);
        }
    }
    let Ok(policy) = Policy::from_text("p", "p.json", text) else { return };
    for attached in [Attached::Identity, Attached::Resource, Attached::Trust, Attached::Organisation] {
        for found in lint(&policy, attached) {
            assert!(found.place.line >= 1 && &*found.place.file == "p.json", "{found:?}");
        }
    }
    let policy = Arc::new(policy);
    let Some(who) = Principal::parse("arn:aws:iam::123456789012:user/dev") else { return };
    for context in [Context::new(), Context::open()] {
        let request = Request::new(who.clone(), "s3:GetObject", "arn:aws:s3:::b/k").owned_by("123456789012").with_context(context);
        decide_by(&request, &policy);
        let stack = Stack::identity([policy.clone()]).with_resource(Some(policy.clone()));
        let decision = decide(&request, &stack);
        explain(&request, &stack, &decision);
        // A statement that cannot be read may deny: it keeps everything from being allowed.
        if policy.statements.iter().any(|s| s.unknown.is_some()) {
            assert!(decision.outcome != Outcome::Allowed);
        }
    }
});
