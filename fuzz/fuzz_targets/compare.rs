//! A witness is a request that one policy allows and the other does not; and where a comparison says it is exact and gives
//! none, no request of ours is one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_fuzz::Picker;
use sekisho_iam::sets::{Relation, Side, Witness, compare};
use sekisho_iam::{Outcome, Policy, cases, decide_by};
use std::sync::Arc;

fuzz_target!(|bytes: &[u8]| {
    let mut picker = Picker(bytes);
    let texts = [picker.small_policy().to_string(), picker.small_policy().to_string()];
    let policy = |name: &str, text: &str| Arc::new(Policy::from_text(name, name, text).expect("JSON"));
    let (a, b) = (policy("a", &texts[0]), policy("b", &texts[1]));
    let found = compare(&Side::policy(a.clone()), &Side::policy(b.clone()));
    let shows = |witness: &Witness, by: &Arc<Policy>, not_by: &Arc<Policy>| {
        assert_eq!(decide_by(&witness.request, by).outcome, Outcome::Allowed, "{}", witness.says());
        assert_ne!(decide_by(&witness.request, not_by).outcome, Outcome::Allowed, "{}", witness.says());
    };
    found.only_first.iter().for_each(|witness| shows(witness, &a, &b));
    found.only_second.iter().for_each(|witness| shows(witness, &b, &a));
    let relation = match (&found.only_first, &found.only_second) {
        (None, None) => Relation::Equivalent,
        (None, Some(_)) => Relation::Narrower,
        (Some(_), None) => Relation::Wider,
        _ => Relation::Incomparable,
    };
    assert_eq!(found.relation, relation);
    if !found.exact {
        return;
    }
    for _ in 0..4 {
        let case = serde_json::json!({"request": picker.request()}).to_string();
        let request = cases::read("case.json", &case).expect("a case").remove(0).request;
        let by = |policy| decide_by(&request, policy).outcome == Outcome::Allowed;
        assert!(!(by(&a) && !by(&b)) || found.only_first.is_some() || !possible(&request), "only a allows {case}: {texts:?}");
        assert!(!(by(&b) && !by(&a)) || found.only_second.is_some() || !possible(&request), "only b allows {case}: {texts:?}");
    }
});

/// Whether the action takes such a resource, and the resource is not written with wildcards: a comparison speaks of calls
/// that could be made.
fn possible(request: &sekisho_iam::Request) -> bool {
    let all = sekisho_iam::catalogue::catalogue();
    let Some(action) = all.action(&request.action) else { return false };
    let types = &all.service_of(action).resource_types;
    match action.resource_types.as_slice() {
        [] => request.resource == "*",
        own => own.iter().any(|(at, _)| sekisho_fuzz::like(&types[usize::from(*at)].pattern(), &request.resource, true)),
    }
}
