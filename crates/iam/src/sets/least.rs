//! The least policy for what was observed: it allows every observed event and nothing that the current policies do not.

use super::compare::{Side, Witness, compare};
use crate::decide::{Outcome, decide};
use crate::policy::Policy;
use crate::principal::Principal;
use crate::request::{Context, Request};
use crate::stack::{Layer, Stack};
use crate::statement::{Effect, Patterns, Statement};
use model::Place;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Something that was seen to happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Observed {
    /// The IAM action: `dynamodb:GetItem`.
    pub action: String,
    /// ARN of the resource; `None` when the record does not say it: then the current resources are kept.
    pub resource: Option<String>,
}

/// A least policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Least {
    /// The policy document.
    pub policy: Value,
    /// Observed events that the current policies do not allow: they are left out.
    pub not_allowed: Vec<Observed>,
    /// Whether the proof that it is within the current policies is exact.
    pub exact: bool,
}

/// No least policy can be given.
#[derive(Clone, Debug, PartialEq)]
pub enum LeastError {
    /// A current policy is not known, so nothing can be proved about it: its name and why.
    Unknown(String, String),
    /// The policy that was made would allow what the current ones do not.
    Wider(Box<Witness>),
    /// The policy that was made would not allow this event.
    Misses(Observed),
}

/// Makes the least policy of a principal for what was observed.
///
/// # Errors
/// When a current policy is unknown, or a proof fails.
pub fn least_privilege(principal: &Principal, current: &Stack, observed: &[Observed]) -> Result<Least, LeastError> {
    for policy in &current.identity {
        if let Some(why) = policy.statements.iter().find_map(|s| s.unknown.as_ref()) {
            return Err(LeastError::Unknown(policy.name.to_string(), why.to_string()));
        }
    }
    // Conditions of the granting statement, then resources, then actions.
    let mut grants: BTreeMap<String, BTreeMap<BTreeSet<String>, BTreeSet<String>>> = BTreeMap::new();
    let mut by_action: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let mut not_allowed = Vec::new();
    let events: BTreeSet<&Observed> = observed.iter().collect();
    for event in &events {
        let Some((condition, resources)) = granted(principal, current, event) else {
            not_allowed.push((*event).clone());
            continue;
        };
        by_action.entry((condition, event.action.clone())).or_default().extend(resources);
    }
    for ((condition, action), resources) in by_action {
        grants.entry(condition).or_default().entry(resources).or_default().insert(action);
    }
    let mut statements = Vec::new();
    for (condition, groups) in grants {
        for (resources, actions) in groups {
            let mut statement = json!({"Effect": "Allow", "Action": actions, "Resource": resources});
            let condition: Value = serde_json::from_str(&condition).unwrap_or(Value::Null);
            if condition.as_object().is_some_and(|map| !map.is_empty()) {
                statement["Condition"] = condition;
            }
            statements.push(statement);
        }
    }
    // What is denied now stays denied.
    statements.extend(current.identity.iter().flat_map(|p| &*p.statements).filter(|s| s.effect == Effect::Deny).map(written));
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    let made = Arc::new(Policy::from_json("least", &policy, &Place::new("least privilege", 1, 1)));
    let proof = compare(&Side::policy(made.clone()), &Side { layers: vec![current.identity.clone()] });
    if let Some(witness) = proof.only_first {
        return Err(LeastError::Wider(Box::new(witness)));
    }
    let stack = Stack { identity: vec![made], ..current.clone() };
    for event in events.into_iter().filter(|event| !not_allowed.contains(event)) {
        if !possible(principal, &stack, event) {
            return Err(LeastError::Misses(event.clone()));
        }
    }
    Ok(Least { policy, not_allowed, exact: proof.exact })
}

fn asked(principal: &Principal, event: &Observed) -> Request {
    let resource = event.resource.as_deref().unwrap_or("*");
    Request::new(principal.clone(), &*event.action, resource).with_context(Context::open())
}

fn possible(principal: &Principal, stack: &Stack, event: &Observed) -> bool {
    match event.resource {
        Some(_) => !matches!(decide(&asked(principal, event), stack).outcome, Outcome::ExplicitlyDenied | Outcome::ImplicitlyDenied),
        None => granted(principal, stack, event).is_some(),
    }
}

/// The conditions (as JSON text) and resources under which the current policies allow an event.
fn granted(principal: &Principal, current: &Stack, event: &Observed) -> Option<(String, BTreeSet<String>)> {
    let request = asked(principal, event);
    if event.resource.is_none() {
        // The record does not say the resource: the statement's own are kept.
        let view = crate::request::View { request: &request };
        let mut allows = current.identity.iter().flat_map(|p| &*p.statements).filter(|s| s.effect == Effect::Allow);
        let statement = allows.find(|s| s.speaks_of_action(&view).possible() && s.resources.as_ref().is_some_and(|r| !r.not))?;
        return Some((conditions(statement).to_string(), texts(statement.resources.as_ref()?)));
    }
    let decision = decide(&request, current);
    if matches!(decision.outcome, Outcome::ExplicitlyDenied | Outcome::ImplicitlyDenied) {
        return None;
    }
    let mut allows = decision.matched.iter().filter(|m| m.layer == Layer::Identity && m.statement.effect == Effect::Allow);
    // A grant without conditions is preferred: it is the one that surely applied.
    let best = allows.clone().find(|m| m.statement.conditions.is_empty()).or_else(|| allows.next())?;
    let resource = literal(event.resource.as_deref()?);
    Some((conditions(best.statement).to_string(), BTreeSet::from([resource])))
}

/// A resource as a pattern that matches only itself.
fn literal(resource: &str) -> String {
    match resource {
        "*" => "*".into(),
        text => text.replace('$', "${$}").replace('*', "${*}").replace('?', "${?}"),
    }
}

fn texts(patterns: &Patterns) -> BTreeSet<String> {
    patterns.any_of.iter().map(|p| p.text.text.to_string()).collect()
}

fn conditions(statement: &Statement) -> Value {
    let mut out = Map::new();
    for condition in &*statement.conditions {
        let values: Vec<&str> = condition.values.iter().map(|v| &*v.text.text).collect();
        let block = out.entry(condition.operator.to_string()).or_insert_with(|| json!({}));
        block[&*condition.key] = json!(values);
    }
    out.into()
}

/// A statement as JSON again.
fn written(statement: &Statement) -> Value {
    let mut out = json!({"Effect": if statement.effect == Effect::Deny { "Deny" } else { "Allow" }});
    out[if statement.actions.not { "NotAction" } else { "Action" }] = json!(texts(&statement.actions));
    if let Some(resources) = &statement.resources {
        out[if resources.not { "NotResource" } else { "Resource" }] = json!(texts(resources));
    }
    let conditions = conditions(statement);
    if conditions.as_object().is_some_and(|map| !map.is_empty()) {
        out["Condition"] = conditions;
    }
    out
}
