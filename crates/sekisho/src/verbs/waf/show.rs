//! Answers as JSON, and for people.

use crate::output;
use serde_json::{Value, json};
use waf::wafv2::{Judgement, RuleMatch, RuleTrace, StatementTrace, ValueTrace};

/// An answer.
pub fn judgement(judgement: &Judgement) -> Value {
    let end = judgement.terminating.as_ref();
    json!({
        "action": judgement.outcome.name(),
        "rule": judgement.path().join("/"),
        "place": end.map(|end| end.matched.place.to_string()),
        "tier": end.and_then(|end| end.matched.tier).map(|tier| tier.letter().to_string()),
        "inferred": end.and_then(|end| end.matched.inferred),
        "status": judgement.response.as_ref().map(|response| response.status),
        "counted": judgement.non_terminating.iter().map(counted).collect::<Vec<_>>(),
        "groups": judgement.groups.iter().map(|group| json!({"id": group.id, "ended": group.terminating.as_ref().map(counted),
            "counted": group.non_terminating.iter().map(counted).collect::<Vec<_>>()})).collect::<Vec<_>>(),
        "labels": judgement.labels,
        "oversize": judgement.oversize,
        "insertedHeaders": judgement.inserted,
        "notAssessed": judgement.unassessed.iter().map(|one| format!("{}: {}", one.rule, one.why)).collect::<Vec<_>>(),
    })
}

fn counted(matched: &RuleMatch) -> Value {
    json!({"rule": matched.rule, "action": matched.action, "overriddenAction": matched.overridden, "tier": matched.tier.map(|tier| tier.letter().to_string())})
}

/// What a rule saw.
pub fn rule(rule: &RuleTrace) -> Value {
    json!({
        "rule": rule.path,
        "action": rule.action,
        "fared": rule.fared.says(),
        "tier": rule.tier.map(|tier| tier.letter().to_string()),
        "place": rule.place.to_string(),
        "statements": rule.statements.iter().map(statement).collect::<Vec<_>>(),
    })
}

fn statement(statement: &StatementTrace) -> Value {
    json!({
        "statement": statement.statement,
        "component": statement.component,
        "decided": statement.decided,
        "oversize": statement.oversize,
        "values": statement.values.iter().map(value).collect::<Vec<_>>(),
    })
}

fn value(value: &ValueTrace) -> Value {
    let became =
        value.became.iter().map(|(transformation, bytes)| json!({"transformation": transformation.aws_name(), "value": text(bytes)}));
    json!({"name": text(&value.name), "value": text(&value.came), "became": became.collect::<Vec<_>>(), "matched": value.matched, "inferred": value.inferred})
}

/// Bytes as text; those that are none as `\xHH`.
fn text(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    out
}

/// Longest value that is shown to people.
const SHOWN: usize = 100;

fn short(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let mut shown: String = text.chars().take(SHOWN).map(|c| if c.is_control() { '␣' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

fn said(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Writes an answer for people.
pub fn terminal(value: &Value) {
    if value.get("same").is_some() {
        return replayed(value);
    }
    if value.get("results").is_some() {
        return tested(value);
    }
    output::line(&format!("{}: {}", said(&value["request"]), verdict(value)));
    for rule in list(&value["rules"]) {
        let tier = rule["tier"].as_str().map_or_else(String::new, |tier| format!(", tier {tier}"));
        output::line(&format!(
            "\n{} ({}{tier}) {}  {}",
            said(&rule["rule"]),
            said(&rule["action"]),
            said(&rule["fared"]),
            said(&rule["place"])
        ));
        for statement in list(&rule["statements"]) {
            let mut head = format!("  {} on {}", said(&statement["statement"]), said(&statement["component"]));
            if let Some(decided) = statement["decided"].as_bool() {
                head += if decided { ": matches without being inspected" } else { ": does not match, without being inspected" };
            }
            if let Some(oversize) = statement["oversize"].as_str() {
                head += &format!(" ({oversize} is larger than what is inspected)");
            }
            output::line(&head);
            if statement["decided"].is_null() && list(&statement["values"]).next().is_none() {
                output::line("    the request has none");
            }
            for value in list(&statement["values"]) {
                traced(value);
            }
        }
    }
}

fn traced(value: &Value) {
    let name = said(&value["name"]);
    let named = if name.is_empty() { String::new() } else { format!("{name} = ") };
    let matched = match (value["matched"] == true, value["inferred"] == true) {
        (true, true) => "  <- matches (inferred)",
        (true, false) => "  <- matches",
        _ => "",
    };
    let steps: Vec<&Value> = list(&value["became"]).filter(|step| step["transformation"] != "NONE").collect();
    output::line(&format!("    {named}{}{}", short(&value["value"]), if steps.is_empty() { matched } else { "" }));
    for (at, step) in steps.iter().enumerate() {
        let end = if at + 1 == steps.len() { matched } else { "" };
        output::line(&format!("      {}: {}{end}", said(&step["transformation"]), short(&step["value"])));
    }
}

fn verdict(value: &Value) -> String {
    let mut says = format!("{} by {}", said(&value["action"]), said(&value["rule"]));
    if let Some(tier) = value["tier"].as_str() {
        says += &format!(", tier {tier}");
    }
    if let Some(why) = value["inferred"].as_str() {
        says += &format!(" (inferred: {why})");
    }
    for why in list(&value["notAssessed"]) {
        says += &format!("\n  not assessed: {}", said(why));
    }
    says
}

/// `1 record`, `2 records`.
fn several(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn tested(value: &Value) {
    for result in list(&value["results"]) {
        let mark = match result["passed"].as_bool() {
            Some(true) => "ok    ",
            Some(false) => "FAILED",
            None => "      ",
        };
        let expected = if result["passed"] == false { format!("; expected {}", said(&result["expected"])) } else { String::new() };
        output::line(&format!("{mark} {}: {}{expected}", said(&result["request"]), verdict(result)));
    }
    let requests = several(list(&value["results"]).count() as u64, "request");
    let expectations = several(value["expectations"].as_u64().unwrap_or_default(), "expectation");
    output::line(&format!(
        "{requests}, {expectations}, {} failed; {} uses {} WCU",
        value["failed"],
        said(&value["webAcl"]),
        value["capacity"]
    ));
}

fn replayed(value: &Value) {
    for one in list(&value["different"]) {
        let answer = |side: &Value| format!("{} by {}", said(&side["action"]), said(&side["rule"]));
        let inferred = one["inferred"].as_str().map_or_else(String::new, |why| format!(" (inferred: {why})"));
        output::line(&format!("{}: logged {}; now {}{inferred}", said(&one["place"]), answer(&one["logged"]), answer(&one["now"])));
    }
    for (why, count) in value["notAssessed"].as_object().into_iter().flatten() {
        output::line(&format!("not assessed: {}: {why}", several(count.as_u64().unwrap_or_default(), "record")));
    }
    let unclear: u64 = value["notAssessed"].as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum();
    output::line(&format!("{} same, {} different, {unclear} not assessed", value["same"], list(&value["different"]).count()));
}
