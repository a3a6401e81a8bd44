//! The engine against the naive reference interpreter: random cases, and every case over a tiny alphabet.
#![allow(clippy::unwrap_used)]

mod reference;

use proptest::prelude::*;
use proptest::sample::select;
use sekisho_iam::{Layer, Outcome, Policy, Stack, cases, decide, explain};
use serde_json::{Map, Value, json};
use std::sync::Arc;

const OWN: &str = "123456789012";
const USER: &str = "arn:aws:iam::123456789012:user/dev";
const ROLE: &str = "arn:aws:iam::123456789012:role/app";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/app/s1";
const ROOT: &str = "arn:aws:iam::123456789012:root";
const LINKED: &str = "arn:aws:sts::123456789012:assumed-role/AWSServiceRoleForX/s";
const PRINCIPALS: [&str; 6] = [USER, SESSION, ROOT, LINKED, "sns.amazonaws.com", "*"];
const NAMES: [&str; 8] = [USER, ROLE, SESSION, ROOT, OWN, "999999999999", "arn:aws:iam::123456789012:user/eve", "*"];
const ACTIONS: [&str; 4] = ["s3:GetObject", "s3:PutObject", "sqs:SendMessage", "sts:AssumeRole"];
const ACTION_PATTERNS: [&str; 8] = ["*", "s3:*", "s3:get*", "S3:?utObject", "s3:GetObject", "sqs:*", "*:*Object", "sts:AssumeRole"];
const RESOURCES: [&str; 4] = ["arn:aws:s3:::b/k", "arn:aws:s3:::b/dev/x:y", "arn:aws:sqs:us-east-1:123456789012:queue1", "*"];
const RESOURCE_PATTERNS: [&str; 14] = [
    // The fuzzer's: wildcards that do not cross a colon.
    "*?",
    "arn:aws:sqs:us-?ast-1:*9012:*",
    "*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::b/?",
    "arn:aws:s3:::b/K",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/${aws:PrincipalTag/t, 'dev'}/x:?",
    "arn:aws:s3:::b/${*}",
    "arn:aws:sqs:*:queue1",
    "arn:aws:sqs",
    "arn:aws:sqs:*:*:q*1",
    "arn:aws:s3:::b/*:y",
    "arn:*:s3:::b/k",
];

fn strings(from: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop_oneof![select(from).prop_map(|one| json!(one)), prop::collection::vec(select(from), 1..3).prop_map(|many| json!(many))]
}

fn condition() -> impl Strategy<Value = (String, Value)> {
    let base = select(&[
        ("StringEquals", "x:s"),
        ("StringNotEquals", "x:s"),
        ("StringEqualsIgnoreCase", "x:s"),
        ("StringNotEqualsIgnoreCase", "x:s"),
        ("StringLike", "x:s"),
        ("StringNotLike", "x:s"),
        ("NumericEquals", "x:n"),
        ("NumericNotEquals", "x:n"),
        ("NumericLessThan", "x:n"),
        ("NumericGreaterThanEquals", "x:n"),
        ("Bool", "x:b"),
        ("ArnLike", "x:a"),
        ("ArnNotEquals", "x:a"),
        ("IpAddress", "x:i"),
        ("NotIpAddress", "x:i"),
        ("Null", "x:s"),
    ]);
    let set = select(&["", "", "ForAllValues:", "ForAnyValue:"]);
    (base, set, any::<bool>(), prop::collection::vec(0usize..4, 1..3)).prop_map(|((name, key), set, if_exists, picks)| {
        let pool: [&str; 4] = match key {
            _ if name == "Null" => ["true", "false", "true", "false"],
            "x:n" => ["1", "10", "10.5", "ten"],
            "x:b" => ["true", "false", "True", "x"],
            "x:a" => ["arn:aws:sns:*:*:t*", "arn:aws:sns:us-east-1:1:t:a", "arn:aws:sns:*", "arn:aws:s*:us-?ast-1:1:*a"],
            "x:i" => ["10.0.0.0/8", "10.1.2.3", "0.0.0.0/0", "nothing"],
            _ => ["a", "a*", "${aws:username}", "${aws:PrincipalTag/t}"],
        };
        let values: Vec<&str> = picks.into_iter().map(|at| pool[at]).collect();
        let suffix = if if_exists && name != "Null" { "IfExists" } else { "" };
        let set = if name == "Null" { "" } else { set };
        (format!("{set}{name}{suffix}"), json!({ key: values }))
    })
}

fn statement(principals: bool) -> impl Strategy<Value = Value> {
    let effect = select(&["Allow", "Allow", "Deny"]);
    let names = prop_oneof![
        Just(json!("*")),
        strings(&NAMES).prop_map(|names| json!({ "AWS": names })),
        Just(json!({"Service": "sns.amazonaws.com"})),
    ];
    (effect, strings(&ACTION_PATTERNS), strings(&RESOURCE_PATTERNS), prop::collection::vec(condition(), 0..3), names, 0u8..16).prop_map(
        move |(effect, actions, resources, conditions, names, forms)| {
            let mut out = Map::new();
            out.insert("Effect".into(), json!(effect));
            out.insert(if forms & 3 == 3 { "NotAction" } else { "Action" }.into(), actions);
            out.insert(if forms & 12 == 12 { "NotResource" } else { "Resource" }.into(), resources);
            if principals {
                let not = effect == "Deny" && forms & 6 == 6 && names.get("AWS").is_some() && !names["AWS"].to_string().contains('*');
                out.insert(if not { "NotPrincipal" } else { "Principal" }.into(), names);
            }
            let block: Map<String, Value> = conditions.into_iter().collect();
            if !block.is_empty() {
                out.insert("Condition".into(), block.into());
            }
            out.into()
        },
    )
}

fn policy(principals: bool) -> impl Strategy<Value = Value> {
    (prop::collection::vec(statement(principals), 0..4), any::<bool>())
        .prop_map(|(statements, new)| json!({"Version": if new { "2012-10-17" } else { "2008-10-17" }, "Statement": statements}))
}

fn context() -> impl Strategy<Value = Value> {
    let one = |pool: &'static [&'static str]| prop::option::of(prop_oneof![3 => select(pool).prop_map(|v| json!(v)), 1 => Just(json!([]))]);
    let many = prop::option::of(prop::collection::vec(select(&["a", "b", "dev", ""]), 0..3).prop_map(|v| json!(v)));
    (
        prop_oneof![one(&["a", "A", "ab", "dev", "a*"]), many],
        one(&["1", "10", "10.0", "11"]),
        one(&["true", "false", "TRUE"]),
        one(&["arn:aws:sns:us-east-1:1:t:a", "arn:aws:sqs:us-east-1:1:t", "garbage"]),
        one(&["10.1.2.3", "11.0.0.1"]),
        one(&["dev", "*"]),
    )
        .prop_map(|(s, n, b, a, i, t)| {
            let mut out = Map::new();
            for (key, value) in [("x:S", s), ("x:n", n), ("x:b", b), ("x:a", a), ("x:i", i), ("aws:PrincipalTag/t", t)] {
                if let Some(value) = value {
                    out.insert(key.into(), value);
                }
            }
            out.into()
        })
}

fn case() -> impl Strategy<Value = Value> {
    let list = |most| prop::collection::vec(policy(false).prop_map(|p| json!({"name": "p", "policy": p})), 0..most);
    let levels = prop::collection::vec(list(3).prop_map(|policies| json!({"orgIdentifier": "o", "policies": policies})), 0..2);
    let request = (select(&PRINCIPALS), select(&ACTIONS), select(&RESOURCES), select(&[OWN, OWN, "999999999999"]), context());
    (request, list(3), prop::option::of(policy(true)), list(2), prop::option::of(policy(false)), levels).prop_map(
        |((principal, action, resource, owner, context), identity, resource_policy, boundary, session, levels)| {
            json!({
                "request": {"principal": principal, "action": action, "resource": {"resource": resource, "accountId": owner},
                    "contextVariables": context},
                "identityPolicies": identity, "resourcePolicy": resource_policy, "permissionBoundaryPolicies": boundary,
                "sessionPolicy": session, "serviceControlPolicies": levels
            })
        },
    )
}

/// A single-valued operator on several values has no documented meaning: the engine takes it for unknown, the
/// reference for "any of them", so only a decision that does not hang on it can be compared.
fn agrees(case: &Value, outcome: Outcome, other: &str) -> bool {
    let several = case["request"]["contextVariables"]["x:S"].as_array().is_some_and(|values| values.len() > 1);
    if several || reference::has_short_not_resource(case) {
        outcome == Outcome::Depends || outcome.name().starts_with("A") == other.starts_with("A")
    } else {
        outcome.name() == other
    }
}

fn engine(case: &Value) -> Outcome {
    let mut case = case.clone();
    case.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let read = cases::read("case.json", &case.to_string()).unwrap();
    decide(&read[0].request, &read[0].stack).outcome
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_reference(case in case()) {
        let (outcome, other) = (engine(&case), reference::decide(&case));
        prop_assert!(agrees(&case, outcome, other), "{} {}", outcome.name(), other);
    }

    #[test]
    fn a_deny_added_never_opens(case in case(), deny in statement(false)) {
        let before = engine(&case);
        let mut closed = case.clone();
        let mut deny = deny;
        deny["Effect"] = json!("Deny");
        closed["identityPolicies"].as_array_mut().unwrap().push(json!({"name": "deny", "policy": {"Version": "2012-10-17", "Statement": [deny]}}));
        if before != Outcome::Allowed && before != Outcome::Depends {
            prop_assert!(engine(&closed) != Outcome::Allowed);
        }
    }

    /// The grants of an explanation turn an implicit denial into a pass.
    #[test]
    fn explained_grants_suffice(case in case()) {
        let mut clean = case.clone();
        clean.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let read = cases::read("case.json", &clean.to_string()).unwrap();
        let (request, mut stack) = (&read[0].request, read[0].stack.clone());
        let decision = decide(request, &stack);
        if decision.outcome != Outcome::ImplicitlyDenied {
            return Ok(());
        }
        // A denial that only lacks a grant, with nothing unknown beside it.
        if decision.matched.iter().any(|m| m.truth == sekisho_iam::Truth::Depends || m.statement.effect == sekisho_iam::Effect::Deny) {
            return Ok(());
        }
        let grants = explain(request, &stack, &decision).grants;
        prop_assert!(!grants.is_empty());
        for grant in grants {
            let policy = json!({"Version": "2012-10-17", "Statement": grant.statement});
            let policy = Arc::new(Policy::from_json("grant", &policy, &model::Place::new("grant", 1, 1)));
            match grant.layer {
                Layer::Identity => stack.identity.push(policy),
                Layer::Boundary => stack.boundary.push(policy),
                Layer::Session => stack.session.push(policy),
                Layer::Resource | Layer::Trust => stack.resource = Some(policy),
                Layer::ServiceControl(at) => stack.service_control[at].policies.push(policy),
                Layer::Endpoint | Layer::ResourceControl(_) => unreachable!("no case has these"),
            }
        }
        let after = decide(request, &stack);
        prop_assert!(after.outcome == Outcome::Allowed || after.lacking.iter().any(|layer| matches!(layer, Layer::ServiceControl(_))), "{:?}", after.lacking);
    }

    /// What is decided with some keys unknown holds for every value they could have.
    #[test]
    fn unknown_keys_never_decide_wrongly(case in case(), values in prop::collection::vec(context(), 4), hide in 0u8..64) {
        let keys = ["x:S", "x:n", "x:b", "x:a", "x:i", "aws:PrincipalTag/t"];
        let hidden: Vec<&str> = keys.iter().enumerate().filter(|(at, _)| hide & (1 << at) != 0).map(|(_, key)| *key).collect();
        let mut open = case.clone();
        for key in &hidden {
            // An object is a value the case does not give.
            open["request"]["contextVariables"][*key] = json!({});
        }
        let decided = engine(&open);
        if decided == Outcome::Depends {
            return Ok(());
        }
        for value in values {
            let mut closed = case.clone();
            for key in &hidden {
                let slot = closed["request"]["contextVariables"].as_object_mut().unwrap();
                match value.get(*key) {
                    Some(value) => drop(slot.insert((*key).into(), value.clone())),
                    None => drop(slot.remove(*key)),
                }
            }
            let exact = engine(&closed);
            let pass = |outcome| outcome == Outcome::Allowed;
            prop_assert!(exact == Outcome::Depends || pass(decided) == pass(exact), "{}", closed);
        }
    }
}

/// Every combination of one statement in each of two layers, over a tiny alphabet.
#[test]
fn exhaustive_over_a_tiny_alphabet() {
    let effects = ["Allow", "Deny"];
    let actions = ["s3:*", "sqs:*"];
    let conditions = [Value::Null, json!({"StringEquals": {"x:S": "a"}}), json!({"StringNotEquals": {"x:S": "a"}})];
    let mut identity = vec![Value::Null];
    let mut resource = vec![Value::Null];
    for effect in effects {
        for action in actions {
            for condition in &conditions {
                let mut statement = json!({"Effect": effect, "Action": action, "Resource": "*"});
                if !condition.is_null() {
                    statement["Condition"] = condition.clone();
                }
                identity.push(statement.clone());
                for name in [USER, ROLE, SESSION, OWN, "*"] {
                    statement["Principal"] = if name == "*" { json!("*") } else { json!({ "AWS": name }) };
                    resource.push(statement.clone());
                }
            }
        }
    }
    // One policy for each statement, read once.
    let wrap = |statement: &Value| match statement {
        Value::Null => (Value::Null, None),
        statement => {
            let document = json!({"Version": "2012-10-17", "Statement": [statement]});
            let policy = Arc::new(Policy::from_json("p", &document, &model::Place::new("p", 1, 1)));
            (document, Some(policy))
        }
    };
    let identity: Vec<_> = identity.iter().map(wrap).collect();
    let resource: Vec<_> = resource.iter().map(wrap).collect();
    let mut seen = 0;
    for principal in PRINCIPALS {
        for owner in [OWN, "999999999999"] {
            for context in [json!({}), json!({"x:S": "a"})] {
                let mut case = json!({"request": {"principal": principal, "action": "s3:GetObject",
                    "resource": {"resource": "arn:aws:s3:::b/k", "accountId": owner}, "contextVariables": context}});
                let request = cases::read("case.json", &case.to_string()).unwrap().remove(0).request;
                for (own, own_policy) in &identity {
                    case["identityPolicies"] = own.clone();
                    for (limit, limit_policy) in [&identity[0], &identity[1], &identity[7]] {
                        case["permissionBoundaryPolicies"] = limit.clone();
                        for (grant, grant_policy) in &resource {
                            case["resourcePolicy"] = grant.clone();
                            let stack = Stack {
                                identity: own_policy.iter().cloned().collect(),
                                boundary: limit_policy.iter().cloned().collect(),
                                resource: grant_policy.clone(),
                                ..Stack::default()
                            };
                            assert_eq!(decide(&request, &stack).outcome.name(), reference::decide(&case), "{case}");
                            seen += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(seen, 6 * 2 * 2 * 13 * 3 * 61);
}
