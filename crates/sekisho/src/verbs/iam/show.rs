//! Answers as JSON, and that JSON as lines for people.

use crate::output;
use iam::cases::Case;
use iam::paths::{Cut, Path};
use iam::sets::{Can, WhoCan, Witness};
use iam::{Effect, Outcome, Principal};
use model::Place;
use serde_json::{Value, json};
use std::sync::Arc;

/// A decision.
pub fn decision(case: &Case, explain: bool) -> Value {
    let decision = iam::decide(&case.request, &case.stack);
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
                "effect": effect, "place": m.statement.place})
        })
        .collect();
    let lacking: Vec<String> = decision.lacking.iter().map(ToString::to_string).collect();
    let residual: Vec<Value> =
        decision.residual.iter().map(|r| json!({"says": r.says, "place": r.place, "key": r.key.as_deref()})).collect();
    let mut out =
        json!({"name": case.name, "decision": decision.outcome.name(), "matched": matched, "lacking": lacking, "residual": residual});
    if explain {
        let explanation = iam::explain(&case.request, &case.stack, &decision);
        out["says"] = explanation.says.iter().map(|line| json!({"says": line.says, "place": line.place})).collect();
        out["grants"] =
            explanation.grants.iter().map(|grant| json!({"layer": grant.layer.to_string(), "statement": grant.statement})).collect();
        out["message"] = json!(iam::access_denied_message(&case.request, &decision));
    }
    out
}

/// Somebody who can.
pub fn who(found: &WhoCan) -> Value {
    let residual: Vec<&str> = found.residual.iter().map(|r| r.says.as_str()).collect();
    let by: Vec<Value> =
        found.by.iter().map(|(layer, policy, place)| json!({"layer": layer.to_string(), "policy": **policy, "place": place})).collect();
    json!({"principal": found.principal.name(), "decision": found.outcome.name(), "if": residual, "by": by,
        "outsider": matches!(found.principal, Principal::Anonymous) || found.principal.account() == Some("000000000000"),
        "certain": found.outcome == Outcome::Allowed})
}

/// One thing a principal can do.
pub fn can(found: &Can) -> Value {
    let all = iam::catalogue::catalogue();
    let actions: Vec<String> = if found.actions.len() == all.actions().len() {
        vec!["*".into()]
    } else {
        found.actions.iter().map(|action| action.full(all)).collect()
    };
    json!({"actions": actions, "resources": found.resources, "conditions": found.conditions, "policy": *found.policy, "place": found.place,
        "limited": found.limited})
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

/// A value as indented lines; what comes from policies is escaped.
pub fn terminal(value: &Value) {
    lines(value, 0);
}

fn lines(value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) if map.contains_key("line") && map.contains_key("file") => {}
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(key, _)| *key != "version") {
                match inline(value) {
                    Some(text) if text.is_empty() => {}
                    Some(text) => output::line(&format!("{indent}{key}: {}", report::escape(&text))),
                    None => {
                        output::line(&format!("{indent}{key}:"));
                        lines(value, depth + 1);
                    }
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                match inline(item) {
                    Some(text) => output::line(&format!("{indent}- {}", report::escape(&text))),
                    None => {
                        output::line(&format!("{indent}-"));
                        lines(item, depth + 1);
                    }
                }
            }
        }
        other => output::line(&format!("{indent}{}", report::escape(&other.to_string()))),
    }
}

/// Values that take one line.
fn inline(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(items) if items.is_empty() => Some(String::new()),
        Value::Array(items) if items.iter().all(Value::is_string) && items.len() <= 12 => {
            Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) if map.contains_key("line") && map.contains_key("file") => {
            let text = |key: &str| map.get(key).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).unwrap_or_default();
            Some(format!("{}:{}:{}", text("file"), text("line"), text("column")))
        }
        _ => None,
    }
}
