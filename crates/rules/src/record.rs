//! Guard's records of an evaluation, read: which rules were asked, and which clauses of them failed on what. The forms are those of
//! cfn-guard 3.2 (`RecordType`), which its own reports are made from.

use serde_json::Value;
use std::collections::BTreeSet;

/// Deepest nesting that is followed.
const MAX_DEPTH: usize = 256;

/// What an evaluation says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Evaluated {
    /// Every rule of the file.
    pub rules: BTreeSet<String>,
    /// One a failed clause and value.
    pub failed: Vec<Failed>,
}

/// A clause that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub rule: String,
    /// How far the template was followed: `/Resources/X/Properties`.
    pub path: String,
    /// What was looked for below that and is missing.
    pub missing: String,
    /// What the engine says.
    pub says: String,
    /// What the rule's author says, its lines joined by `; `.
    pub message: Option<String>,
}

/// Reads the records of a file of rules.
pub(crate) fn evaluated(records: &Value) -> Evaluated {
    let mut evaluated = Evaluated::default();
    for child in children(records) {
        let Some(check) = child.pointer("/container/RuleCheck") else { continue };
        let Some(rule) = check.get("name").and_then(Value::as_str) else { continue };
        // `RULE` or, of one that is given twice, `RULE/2`.
        evaluated.rules.insert(rule.to_owned());
        if !fails(check) {
            continue;
        }
        let before = evaluated.failed.len();
        below(child, rule, MAX_DEPTH, &mut evaluated.failed);
        let message = text(check.get("message"));
        if evaluated.failed.len() == before {
            let says = "the rule fails as a whole".to_owned();
            evaluated.failed.push(Failed { rule: rule.to_owned(), path: String::new(), missing: String::new(), says, message });
        }
        // A message stands behind one clause of a rule, and speaks for those before it.
        let spoken = evaluated.failed.get(before..).into_iter().flatten().find_map(|failed| failed.message.clone());
        let spoken = spoken.or_else(|| message_below(child, MAX_DEPTH));
        for failed in evaluated.failed.iter_mut().skip(before).filter(|failed| failed.message.is_none()) {
            failed.message.clone_from(&spoken);
        }
    }
    evaluated
}

fn children(record: &Value) -> impl Iterator<Item = &Value> {
    record.get("children").and_then(Value::as_array).into_iter().flatten()
}

fn fails(check: &Value) -> bool {
    check.get("status").and_then(Value::as_str) == Some("FAIL")
}

/// The failed clauses below a record that failed itself. Conditions and filters fail without anything being wrong.
fn below(record: &Value, rule: &str, depth: usize, failed: &mut Vec<Failed>) {
    if depth == 0 {
        return;
    }
    for child in children(record) {
        let Some((kind, check)) = child.get("container").and_then(Value::as_object).and_then(|container| container.iter().next()) else {
            continue;
        };
        let stands = match kind.as_str() {
            "RuleCheck" | "BlockGuardCheck" | "Disjunction" | "GuardClauseBlockCheck" | "WhenCheck" => fails(check),
            "TypeCheck" => check.get("block").is_some_and(fails),
            "TypeBlock" => check.as_str() == Some("FAIL"),
            "ClauseValueCheck" => {
                failed.extend(clause(check, rule));
                false
            }
            _ => false,
        };
        if stands {
            below(child, rule, depth - 1, failed);
        }
    }
}

/// Any message that a clause of a rule carries.
fn message_below(record: &Value, depth: usize) -> Option<String> {
    let own = |check: &Value| check.as_object()?.values().find_map(|inner| text(inner.get("custom_message")));
    children(record).find_map(|child| {
        let clause = child.pointer("/container/ClauseValueCheck").and_then(own);
        clause.or_else(|| if depth == 0 { None } else { message_below(child, depth - 1) })
    })
}

/// A text that says something, on one line.
fn text(value: Option<&Value>) -> Option<String> {
    let lines = value?.as_str()?.split(['\n', ';']).map(str::trim).filter(|line| !line.is_empty());
    let joined = lines.collect::<Vec<_>>().join("; ");
    (!joined.is_empty()).then_some(joined)
}

/// One check of one value, when it failed.
fn clause(check: &Value, rule: &str) -> Option<Failed> {
    let (kind, inner) = check.as_object()?.iter().next()?;
    let failed = |path: &str, missing: &str, says: String, message: Option<String>| {
        Some(Failed { rule: rule.to_owned(), path: path.to_owned(), missing: missing.to_owned(), says, message })
    };
    let (value, comparison) = match kind.as_str() {
        "Comparison" | "InComparison" => (inner, inner.get("comparison")),
        "Unary" => (inner.get("value")?, inner.get("comparison")),
        "MissingBlockValue" => (inner, None),
        "DependentRule" => {
            let other = inner.get("rule").and_then(Value::as_str).unwrap_or_default();
            return failed("", other, format!("the rule {other}, which it needs, does not hold"), text(inner.get("custom_message")));
        }
        "NoValueForEmptyCheck" => return failed("", "", "nothing was to be there, and something is".to_owned(), text(Some(inner))),
        _ => return None,
    };
    if !fails(value) {
        return None;
    }
    let message = text(value.get("custom_message"));
    let from = value.get("from")?;
    if let Some(unresolved) = from.get("UnResolved") {
        let path = unresolved.pointer("/traversed_to/path").and_then(Value::as_str).unwrap_or_default();
        let missing = unresolved.get("remaining_query").and_then(Value::as_str).unwrap_or_default();
        return failed(path, missing, format!("`{missing}` is missing"), message);
    }
    let path = from.pointer("/Resolved/path").or(from.pointer("/Literal/path")).and_then(Value::as_str).unwrap_or_default();
    failed(path, "", format!("`{}` is not as the rule wants it{}", last(path), operator(comparison)), message)
}

/// The property that a path ends with, with its number in a list.
fn last(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let named = parts.iter().rposition(|part| part.parse::<usize>().is_err()).unwrap_or(0);
    parts.get(named..).unwrap_or_default().join("/")
}

/// ` (EMPTY)`, ` (not IN)`: what was asked of it, as the language writes it.
fn operator(comparison: Option<&Value>) -> String {
    let Some([Value::String(operator), Value::Bool(not)]) = comparison.and_then(Value::as_array).map(Vec::as_slice) else {
        return String::new();
    };
    let word = match operator.as_str() {
        "Eq" => "==",
        "Gt" => ">",
        "Ge" => ">=",
        "Lt" => "<",
        "Le" => "<=",
        "In" => "IN",
        "Exists" => "EXISTS",
        "Empty" => "EMPTY",
        other => return format!(" ({}{other})", if *not { "not " } else { "" }),
    };
    format!(" ({}{word})", if *not { "not " } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn failed_clauses_alone() {
        let value = |path: &str| json!({"Resolved": {"path": path, "value": 1}});
        let clause = |check: Value| json!({"context": "", "container": {"ClauseValueCheck": check}, "children": []});
        let record =
            |kind: &str, check: Value, children: Vec<Value>| json!({"context": "", "container": {kind: check}, "children": children});
        let missing = json!({"UnResolved": {"traversed_to": {"path": "/Resources/F/Properties", "value": {}}, "remaining_query": "VpcConfig", "reason": null}});
        let unary = |from: Value, status: &str, message: Value| {
            clause(
                json!({"Unary": {"value": {"from": from, "message": null, "custom_message": message, "status": status}, "comparison": ["Empty", true]}}),
            )
        };
        let block = json!({"at_least_one_matches": false, "status": "FAIL", "message": null});
        let rule = record(
            "RuleCheck",
            json!({"name": "IN_VPC", "status": "FAIL", "message": null}),
            vec![
                record("RuleCondition", json!("PASS"), vec![unary(value("/Resources"), "FAIL", Value::Null)]),
                record(
                    "GuardClauseBlockCheck",
                    block,
                    vec![
                        unary(value("/Resources/G/Properties/VpcConfig"), "PASS", Value::Null),
                        unary(missing, "FAIL", Value::Null),
                        unary(value("/Resources/H/Properties/Ids/0"), "FAIL", json!("\n Violation: no VPC\n Fix: add one\n")),
                        clause(json!("Success")),
                    ],
                ),
            ],
        );
        let passed = record("RuleCheck", json!({"name": "OTHER", "status": "SKIP", "message": null}), vec![]);
        let evaluated = evaluated(&json!({"context": "", "container": {"FileCheck": {}}, "children": [rule, passed]}));
        assert_eq!(evaluated.rules.iter().collect::<Vec<_>>(), ["IN_VPC", "OTHER"]);
        let said: Vec<_> = evaluated.failed.iter().map(|f| (f.path.as_str(), f.says.as_str(), f.message.as_deref())).collect();
        let message = Some("Violation: no VPC; Fix: add one");
        assert_eq!(
            said,
            [
                ("/Resources/F/Properties", "`VpcConfig` is missing", message),
                ("/Resources/H/Properties/Ids/0", "`Ids/0` is not as the rule wants it (not EMPTY)", message),
            ]
        );
    }
}
