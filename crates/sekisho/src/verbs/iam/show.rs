//! Answers as JSON.

use iam::cases::Case;
use iam::paths::{Cut, Path};
use iam::sets::{ActionSet, Can, WhoCan, Witness};
use iam::{Effect, Outcome, Principal, Truth};
use model::Place;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A decision.
/// `explain`: also the sentences, the smallest grants, AWS's message, and the decision in the shape of
/// `iam:SimulatePrincipalPolicy`; `file` is where the case stands.
pub fn decision(case: &Case, explain: bool, file: (&str, &str)) -> Value {
    let (request, decision) = case.asked();
    let matched: Vec<Value> = decision
        .matched
        .iter()
        .map(|m| {
            let effect = match m.statement.effect {
                Effect::Allow => "Allow",
                Effect::Deny => "Deny",
                Effect::Unknown => "Unknown",
            };
            json!({"layer": m.layer.to_string(), "policy": *m.policy.name, "statement": m.statement.index, "sid": m.statement.sid,
                "effect": effect, "certain": m.truth == Truth::Yes, "place": m.statement.place})
        })
        .collect();
    let lacking: Vec<String> = decision.lacking.iter().map(ToString::to_string).collect();
    let residual: Vec<Value> =
        decision.residual.iter().map(|r| json!({"says": r.says, "place": r.place, "key": r.key.as_deref()})).collect();
    let mut out =
        json!({"name": case.name, "decision": decision.outcome.name(), "matched": matched, "lacking": lacking, "residual": residual});
    if explain {
        let explanation = iam::explain(request, &case.stack, &decision);
        out["says"] = explanation.says.iter().map(|line| json!({"says": line.says, "place": line.place})).collect();
        out["grants"] =
            explanation.grants.iter().map(|grant| json!({"layer": grant.layer.to_string(), "statement": grant.statement})).collect();
        out["message"] = json!(iam::access_denied_message(request, &decision));
        out["EvaluationResult"] = iam::evaluation_result(request, &case.stack, &decision, Some(file));
    }
    out
}

/// Somebody who can.
pub fn who(found: &WhoCan) -> Value {
    let residual: Vec<&str> = found.residual.iter().map(|r| r.says.as_str()).collect();
    let by: Vec<Value> =
        found.by.iter().map(|(layer, policy, place)| json!({"layer": layer.to_string(), "policy": **policy, "place": place})).collect();
    json!({"principal": name(&found.principal), "decision": found.outcome.name(), "if": residual, "by": by,
        "outsider": outsider(&found.principal),
        "certain": found.outcome == Outcome::Allowed})
}

fn outsider(principal: &Principal) -> bool {
    matches!(principal, Principal::Anonymous) || principal.account() == Some("000000000000")
}

/// A principal as it is declared: a role rather than a session of it.
fn name(principal: &Principal) -> String {
    match principal {
        Principal::Anonymous => "anybody, without credentials".into(),
        _ if outsider(principal) => "any other AWS account".into(),
        Principal::Session { role_arn, .. } => role_arn.clone(),
        _ => principal.name(),
    }
}

/// One thing a principal can do.
pub fn can(found: &Can) -> Value {
    let all = iam::catalogue::catalogue();
    let actions: Vec<String> =
        if found.actions.len() == all.count() { vec!["*".into()] } else { found.actions.iter().map(|action| action.full(all)).collect() };
    json!({"granted": granted(&found.actions), "actions": actions, "resources": found.resources, "conditions": found.conditions, "policy": *found.policy, "place": found.place,
        "unknown": found.unknown.as_deref(), "limited": found.limited})
}

/// The set with `service:*` for whole services.
fn granted(set: &ActionSet) -> Vec<String> {
    let all = iam::catalogue::catalogue();
    if set.len() == all.count() {
        return vec!["*".into()];
    }
    let mut by_service: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for action in set.iter() {
        by_service.entry(&all.service_of(action).prefix).or_default().push(action.full(all));
    }
    let whole = |prefix: &str, own: usize| all.service(prefix).is_some_and(|service| own > 1 && all.actions_of(service).len() == own);
    by_service.into_iter().flat_map(|(prefix, own)| if whole(prefix, own.len()) { vec![format!("{prefix}:*")] } else { own }).collect()
}

/// A path.
pub fn path(path: &Path) -> Value {
    let steps: Vec<Value> = path
        .steps
        .iter()
        .map(|s| {
            json!({"from": s.from, "to": s.to, "primitive": s.primitive.id, "title": s.primitive.title, "sure": s.sure, "assumes": s.assumes,
                "by": by(&s.by), "exploit": s.primitive.exploit, "fix": s.primitive.fix,
                "cloudtrail": s.primitive.cloudtrail.iter().map(|e| format!("{} {}", e.source, e.name)).collect::<Vec<_>>()})
        })
        .collect();
    let from = path.steps.first().map(|step| step.from.as_str());
    json!({"from": from, "length": steps.len(), "steps": steps})
}

/// A cut.
pub fn cut(cut: &Cut) -> Value {
    json!({"statements": by(&cut.statements), "smallest": cut.smallest, "checked": cut.checked})
}

fn by(list: &[(Arc<str>, Place)]) -> Vec<Value> {
    list.iter().map(|(policy, place)| json!({"policy": **policy, "place": place})).collect()
}

/// A witness.
pub fn witness(witness: &Witness) -> Value {
    let keys: serde_json::Map<String, Value> = witness.keys.iter().map(|(key, values)| (key.clone(), json!(values))).collect();
    json!({"principal": witness.request.principal.name(), "action": witness.request.action, "resource": witness.request.resource,
        "context": keys, "says": witness.says()})
}
