//! Lints of a policy's form: what AWS refuses or warns of without asking what the statement means (IAM User Guide, "IAM
//! policy validation check reference": unique Sids, empty arrays, ARN fields, variables, redundant values, types of keys).

use crate::catalogue::{KeyKind, catalogue};
use crate::condition::Condition;
use crate::glob::Glob;
use crate::lint::{Attached, Lint, add};
use crate::operator::{Operator, Quantifier};
use crate::policy::Policy;
use crate::statement::{Effect, Pattern, Statement};
use std::collections::BTreeSet;

/// Everything about one policy.
pub(crate) fn form(policy: &Policy, attached: Attached, out: &mut Vec<Lint>) {
    let mut sids = BTreeSet::new();
    for statement in &*policy.statements {
        if let Some(sid) = &statement.sid {
            if !sid.is_empty() && !sids.insert(sid.clone()) {
                add(out, "duplicate-sid", &statement.place, format!("the Sid {sid} occurs twice"), "give each statement its own Sid");
            }
            if attached == Attached::Identity && !sid.chars().all(|c| c.is_ascii_alphanumeric()) {
                add(out, "unsupported-sid", &statement.place, format!("the Sid {sid} may hold letters and digits only"), "rename it");
            }
        }
        if statement.unknown.is_some() {
            continue;
        }
        empty(statement, out);
        let resources = statement.resources.iter().flat_map(|patterns| &*patterns.any_of);
        resources.for_each(|pattern| fields(pattern, out));
        if !statement.actions.not {
            redundant("action", &statement.actions.any_of, out);
        }
        if let Some(resources) = statement.resources.as_ref().filter(|patterns| !patterns.not) {
            redundant("resource", &resources.any_of, out);
        }
        passes_any_role(statement, out);
        statement.conditions.iter().for_each(|condition| typed(condition, statement, out));
        let values = statement.conditions.iter().flat_map(|c| c.values.iter().map(|v| &v.text));
        let resources = statement.resources.iter().flat_map(|r| r.any_of.iter().map(|p| &p.text));
        for text in values.chain(resources).filter(|text| text.unknown.is_none()) {
            if let Some(says) = variable(&text.text) {
                add(out, "invalid-variable", &text.place, format!("{says} in {}", text.text), "write ${key} or ${key, 'default'}");
            }
        }
    }
}

/// Lists without anything in them.
fn empty(statement: &Statement, out: &mut Vec<Lint>) {
    if statement.actions.any_of.is_empty() {
        add(out, "empty-list", &statement.place, "the statement lists no action".into(), "list an action, or remove the statement");
    }
    if statement.resources.as_ref().is_some_and(|resources| resources.any_of.is_empty()) {
        add(out, "empty-list", &statement.place, "the statement lists no resource".into(), "list a resource, or remove the statement");
    }
}

/// Partition, region and account of an ARN.
fn fields(pattern: &Pattern, out: &mut Vec<Lint>) {
    const PARTITIONS: [&str; 8] = ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"];
    let text = &*pattern.text.text;
    if pattern.text.unknown.is_some() || !text.starts_with("arn:") || text.contains("${") {
        return;
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let wild = |part: &str| part.contains(['*', '?']);
    let mut wrong = |what: &str, part: &str| {
        add(
            out,
            "invalid-arn",
            &pattern.text.place,
            format!("{part} is no {what} of an ARN"),
            "write arn:partition:service:region:account:resource",
        );
    };
    if let Some(partition) = parts.get(1).filter(|part| !wild(part) && !PARTITIONS.contains(part)) {
        wrong("partition", partition);
    }
    if let Some(region) =
        parts.get(3).filter(|part| part.bytes().any(|b| !(b.is_ascii_lowercase() || b.is_ascii_digit() || b"-*?".contains(&b))))
    {
        wrong("region", region);
    }
    let account =
        |part: &&&str| !part.is_empty() && !wild(part) && !matches!(**part, "aws" | "aws-managed" | "third-party" | "aws-marketplace");
    if let Some(account) = parts.get(4).filter(account).filter(|part| part.len() != 12 || !part.bytes().all(|b| b.is_ascii_digit())) {
        wrong("account", account);
    }
}

/// Patterns that another one of the list covers. What it covers is certain where the other is `*` or ends in its only `*`.
fn redundant(what: &str, patterns: &[Pattern], out: &mut Vec<Lint>) {
    let plain = |pattern: &&Pattern| pattern.text.unknown.is_none() && !pattern.text.has_variables() && pattern.completed.is_none();
    let lower = |pattern: &Pattern| if what == "action" { pattern.text.text.to_ascii_lowercase() } else { pattern.text.text.to_string() };
    let wide: Vec<(String, Glob)> = patterns
        .iter()
        .filter(plain)
        .map(&lower)
        .map(|text| (text.clone(), Glob::plain(&text)))
        .filter(|(_, glob)| matches!(glob, Glob::Any | Glob::Prefix(_)))
        .collect();
    let mut seen = BTreeSet::new();
    for pattern in patterns.iter().filter(plain) {
        let text = lower(pattern);
        let covered = wide.iter().find(|(own, glob)| *own != text && glob.matches(&text)).map(|(own, _)| own.clone());
        let says = match covered {
            Some(by) => format!("the {what} {} is within {by}", pattern.text.text),
            None if !seen.insert(text) => format!("the {what} {} stands twice", pattern.text.text),
            None => continue,
        };
        add(out, "redundant", &pattern.text.place, says, "remove it");
    }
}

/// `iam:PassRole` on every role to any service.
fn passes_any_role(statement: &Statement, out: &mut Vec<Lint>) {
    let star = statement.resources.as_ref().is_some_and(|r| !r.not && r.any_of.iter().any(|p| p.text.is_star()));
    let passes = statement.actions.any_of.iter().filter(|_| !statement.actions.not && statement.effect == Effect::Allow && star);
    let exact = |p: &&Pattern| p.text.unknown.is_none() && p.text.text.eq_ignore_ascii_case("iam:PassRole");
    let named = statement.conditions.iter().any(|c| &*c.key_lower == "iam:passedtoservice");
    for pattern in passes.filter(exact).filter(|_| !named) {
        let says = "iam:PassRole on * passes any role to any service".to_owned();
        add(out, "pass-role-with-star", &pattern.text.place, says, "name the roles, and iam:PassedToService in a condition");
    }
}

/// Operators and set operators that do not fit the key, as the catalogue types it.
fn typed(condition: &Condition, statement: &Statement, out: &mut Vec<Lint>) {
    use Operator as O;
    let test = &condition.test;
    if test.operator == O::Bool && condition.values.len() > 1 {
        add(out, "several-booleans", &condition.place, format!("{} takes one value", condition.operator), "write true or false");
    }
    let services = statement.actions.any_of.iter().filter_map(|p| p.text.text.split(':').next().map(str::to_lowercase));
    let Some(key) = services.into_iter().find_map(|service| catalogue().key(&service, &condition.key_lower)) else { return };
    if test.quantifier != Quantifier::Single && !key.many && key.kind != KeyKind::Unknown && !key.name.contains("${") {
        let says = format!("{} has one value: {} is no operator for it", condition.key, condition.operator);
        add(out, "set-operator-on-one-value", &condition.place, says, "use the operator without ForAllValues or ForAnyValue");
    }
    let fits = match test.operator {
        O::Null => true,
        O::StringEquals | O::StringEqualsIgnoreCase | O::StringLike => {
            !matches!(key.kind, KeyKind::Number | KeyKind::Date | KeyKind::Address)
        }
        O::Arn => !matches!(key.kind, KeyKind::Number | KeyKind::Date | KeyKind::Address | KeyKind::Bool),
        O::Bool => matches!(key.kind, KeyKind::Bool | KeyKind::Text | KeyKind::Unknown),
        O::IpAddress => matches!(key.kind, KeyKind::Address | KeyKind::Text | KeyKind::Unknown),
        O::DateEquals | O::DateLessThan | O::DateLessThanEquals | O::DateGreaterThan | O::DateGreaterThanEquals => {
            matches!(key.kind, KeyKind::Date | KeyKind::Text | KeyKind::Number | KeyKind::Unknown)
        }
        O::BinaryEquals => !matches!(key.kind, KeyKind::Number | KeyKind::Date | KeyKind::Address | KeyKind::Bool),
        _ => matches!(key.kind, KeyKind::Number | KeyKind::Date | KeyKind::Text | KeyKind::Unknown),
    };
    if !fits {
        let says = format!("{} does not compare values of the type of {}", condition.operator, condition.key);
        add(out, "type-mismatch", &condition.place, says, "use an operator of the key's type");
    }
    if test.operator == O::IpAddress && &*condition.key_lower == "aws:sourceip" {
        let private = |text: &str| ["10.", "192.168."].iter().any(|start| text.starts_with(start)) || in_172(text);
        for value in condition.values.iter().filter(|value| value.text.unknown.is_none() && private(&value.text.text)) {
            let says = format!("{} is private: aws:SourceIp is a public address", value.text.text);
            add(out, "private-address", &value.text.place, says, "use aws:VpcSourceIp");
        }
    }
}

/// Within 172.16.0.0/12.
fn in_172(text: &str) -> bool {
    let second = text.strip_prefix("172.").and_then(|rest| rest.split('.').next()).and_then(|part| part.parse::<u8>().ok());
    second.is_some_and(|part| (16..32).contains(&part))
}

/// What is wrong with a policy variable.
fn variable(text: &str) -> Option<&'static str> {
    let mut rest = text;
    while let Some((_, tail)) = rest.split_once("${") {
        let Some((inner, after)) = tail.split_once('}') else { return Some("a variable without its closing brace") };
        rest = after;
        if matches!(inner, "*" | "?" | "$") {
            continue;
        }
        let (key, default) = inner.split_once(',').map_or((inner, None), |(key, default)| (key, Some(default.trim())));
        if key.trim().is_empty() {
            return Some("a variable without a key");
        }
        if key.trim().contains(char::is_whitespace) && !key.contains('/') {
            return Some("a variable with a space in its key");
        }
        if default.is_some_and(|text| text.len() < 2 || !text.starts_with('\'') || !text.ends_with('\'')) {
            return Some("a default that does not stand in quotes");
        }
    }
    None
}
