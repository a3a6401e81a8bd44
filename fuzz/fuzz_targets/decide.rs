//! The engine and the reference interpreter of its tests decide every case alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_fuzz::{Picker, reference};
use sekisho_iam::{Outcome, cases, decide};

fuzz_target!(|bytes: &[u8]| {
    let case = Picker(bytes).case();
    let read = cases::read("case.json", &case.to_string()).expect("a case");
    let outcome = decide(&read[0].request, &read[0].stack).outcome;
    // What AWS would refuse (a wildcard in the service of an ARN) is unknown here; the reference knows no unknowns.
    let stack = &read[0].stack;
    let levels = stack.service_control.iter().flat_map(|level| &level.policies);
    let mut policies = stack.identity.iter().chain(&stack.boundary).chain(&stack.session).chain(&stack.resource).chain(levels);
    if policies.any(|policy| !policy.problems.is_empty()) {
        return;
    }
    let other = reference::decide(&case);
    // A single-valued operator on several values has no documented meaning: the engine takes it for unknown.
    let several = case["request"]["contextVariables"]["x:S"].as_array().is_some_and(|values| values.len() > 1);
    let loose = several || reference::has_short_not_resource(&case);
    let agrees =
        outcome.name() == other || (loose && (outcome == Outcome::Depends || outcome.name().starts_with('A') == other.starts_with('A')));
    assert!(agrees, "{} here, {other} there: {case}", outcome.name());
});
