//! A decision in the shape of `iam:SimulatePrincipalPolicy` (IAM API Reference, "EvaluationResult"). AWS has no word for
//! `Depends`: such a decision is `implicitDeny`, and `MissingContextValues` says what it lacked.

use crate::decide::{Decision, Outcome};
use crate::principal::Principal;
use crate::request::{Lookup, Request, View};
use crate::stack::{Layer, Stack};
use crate::truth::Truth;
use model::Place;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The `EvaluationResult` of a decision. `text`: the file the policies stand in, for the ends of their statements; without
/// it, and for a statement of another file, a statement ends where it starts.
pub fn evaluation_result(request: &Request, stack: &Stack, decision: &Decision<'_>, text: Option<(&str, &str)>) -> Value {
    let matched = decision.matched.iter().filter(|m| m.truth == Truth::Yes);
    let matched: Vec<Value> = matched
        .map(|m| {
            let place = &m.statement.place;
            json!({"SourcePolicyId": *m.policy.name, "SourcePolicyType": kind(m.layer, &request.principal),
                "StartPosition": {"Line": place.line, "Column": place.column}, "EndPosition": end(place, text)})
        })
        .collect();
    let word = match decision.outcome {
        Outcome::Allowed => "allowed",
        Outcome::ExplicitlyDenied => "explicitDeny",
        Outcome::ImplicitlyDenied | Outcome::Depends => "implicitDeny",
    };
    let by = |wanted: fn(&Layer) -> bool| {
        let denies = decision.outcome == Outcome::ExplicitlyDenied && decision.matched.iter().any(|m| wanted(&m.layer));
        !(denies || decision.lacking.iter().any(wanted))
    };
    let mut out = json!({"EvalActionName": request.action, "EvalResourceName": request.resource, "EvalDecision": word,
        "MatchedStatements": matched, "MissingContextValues": missing(request, stack)});
    if !stack.service_control.is_empty() {
        out["OrganizationsDecisionDetail"] = json!({"AllowedByOrganizations": by(|layer| matches!(layer, Layer::ServiceControl(_)))});
    }
    if !stack.boundary.is_empty() {
        out["PermissionsBoundaryDecisionDetail"] = json!({"AllowedByPermissionsBoundary": by(|layer| *layer == Layer::Boundary)});
    }
    out
}

/// The condition keys and variables that the policies ask for and the request does not have, as they are written.
pub fn missing(request: &Request, stack: &Stack) -> Vec<String> {
    let view = View { request };
    let mut out = BTreeMap::new();
    for statement in stack.policies().flat_map(|policy| &*policy.statements) {
        let conditions = statement.conditions.iter().map(|c| (c.key.trim().to_owned(), c.values.iter().map(|v| &v.text)));
        let mut texts: Vec<_> = statement.resources.iter().flat_map(|r| r.any_of.iter().map(|p| &p.text)).collect();
        for (key, values) in conditions {
            out.entry(key.to_lowercase()).or_insert(key);
            texts.extend(values);
        }
        for key in texts.iter().flat_map(|text| text.variable_keys()) {
            out.entry(key.to_owned()).or_insert_with(|| key.to_owned());
        }
    }
    out.retain(|lower, _| matches!(view.lookup(lower), Lookup::Absent | Lookup::Unknown));
    out.into_values().collect()
}

/// AWS's `PolicySourceType`.
fn kind(layer: Layer, principal: &Principal) -> &'static str {
    match (layer, principal) {
        (Layer::Resource | Layer::Trust | Layer::Endpoint, _) => "resource",
        (Layer::Identity | Layer::Boundary, Principal::User { .. }) => "user",
        (Layer::Identity | Layer::Boundary, Principal::Session { .. }) => "role",
        _ => "none",
    }
}

fn end(place: &Place, text: Option<(&str, &str)>) -> Value {
    let start = json!({"Line": place.line, "Column": place.column});
    let covered = text.filter(|(file, _)| *file == &*place.file).and_then(|(_, text)| text.get(..place.span.end as usize));
    match covered.filter(|_| place.span.end > place.span.start) {
        None => start,
        Some(before) => {
            let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
            json!({"Line": line, "Column": column})
        }
    }
}
