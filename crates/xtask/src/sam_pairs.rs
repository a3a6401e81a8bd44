//! Holds `read`'s SAM expansion against pairs of input and output that the user has: the test cases of
//! `aws-sam-translator` (Apache-2.0; `tests/translator` of `aws/serverless-application-model`), or a folder of one's own in
//! the same form. Nothing of the pairs is kept.
//!
//! The folder holds `input/NAME.yaml`, `output/NAME.json` and `output/PARTITION/NAME.json`. Where the output is an error
//! message, the transform refuses the template, and so a trouble must be said.
//!
//! Two templates are the same here when they are equal after this normalisation of both:
//! * lists are compared without their order (the translator's own tests do so);
//! * the ten letters of a hash at the end of a deployment's logical id, and the forty in its description, are `#`: they
//!   come from Python 2's text of a dictionary;
//! * `Fn::Sub` with variables: a variable that is a `Ref`, a `Fn::GetAtt` or a text stands in the text itself, others are
//!   numbered; a policy's `Action`, `Resource` and the like may be one value or a list of one;
//! * `DependsOn` may be one value or a list of one; a number and its text are the same.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// Partition, its folder below `output`, and the region in which the translator's tests run.
const PARTITIONS: [(&str, &str, &str); 3] =
    [("aws", "", "ap-southeast-1"), ("aws-cn", "aws-cn", "cn-north-1"), ("aws-us-gov", "aws-us-gov", "us-gov-west-1")];
/// The parameter values of the translator's tests.
const PARAMETERS: [(&str, &str); 2] = [("param1", "value1"), ("param2", "value2")];

/// What became of one pair.
enum Outcome {
    Same(Option<String>),
    Differs(String),
    Refused,
    Passed,
}

/// Compares every pair below `folder` (or those whose name holds `filter`); gives the report.
pub fn compare(folder: &Path, filter: &str) -> Result<String, String> {
    let mut inputs: Vec<_> = std::fs::read_dir(folder.join("input"))
        .map_err(|error| format!("{}: {error}", folder.join("input").display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml" || ending == "json"))
        .collect();
    inputs.sort();
    let mut lines = Vec::new();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for path in inputs {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if !name.contains(filter) {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        for (partition, below, region) in PARTITIONS {
            let output = folder.join("output").join(below).join(format!("{name}.json"));
            let Ok(expected) = std::fs::read_to_string(&output) else { continue };
            let expected: Value = serde_json::from_str(&expected).map_err(|error| format!("{}: {error}", output.display()))?;
            let label = format!("{name} [{partition}]");
            let key = match pair(&text, &expected, region) {
                Outcome::Same(None) => "identical",
                Outcome::Same(Some(said)) => {
                    lines.push(format!("identical, and yet a trouble: {label}: {said}"));
                    "identical, with a trouble"
                }
                Outcome::Refused => "refused by both",
                Outcome::Differs(first) => {
                    lines.push(format!("differs: {label}: {first}"));
                    "differing"
                }
                Outcome::Passed => {
                    lines.push(format!("passes silently: {label}: {}", refusal(&expected)));
                    "refused by the translator, passed silently"
                }
            };
            *count.entry(key).or_default() += 1;
        }
    }
    let of = |key: &str| count.get(key).copied().unwrap_or_default();
    let (with_trouble, differing) = (of("identical, with a trouble"), of("differing"));
    let same = of("identical") + with_trouble;
    let (refused, passed) = (of("refused by both"), of("refused by the translator, passed silently"));
    lines.push(format!("{same} of {} pairs identical ({with_trouble} of them with a trouble), {differing} differing", same + differing));
    lines.push(format!("{refused} of {} refused templates named as a trouble, {passed} passed silently", refused + passed));
    Ok(lines.join("\n"))
}

fn pair(text: &str, expected: &Value, region: &str) -> Outcome {
    let parameters = PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let (template, troubles) = read::expanded_sam("template.yaml", text, region, &parameters);
    if expected.get("Resources").is_none() {
        return if troubles.is_empty() { Outcome::Passed } else { Outcome::Refused };
    }
    let ours = template.map(|node| node.json()).unwrap_or(Value::Null);
    let (ours, theirs) = (normal(&section(&ours)), normal(&section(expected)));
    match first_difference(&ours, &theirs, "") {
        Some(found) => {
            let said: Vec<&str> = troubles.iter().map(|trouble| trouble.says.as_str()).take(2).collect();
            Outcome::Differs(if said.is_empty() { found } else { format!("{found} (said: {})", said.join("; ")) })
        }
        None => Outcome::Same(troubles.first().map(|trouble| trouble.says.clone())),
    }
}

/// What a transformed template consists of.
fn section(template: &Value) -> Value {
    let parts = template.as_object().into_iter().flatten().filter(|(key, _)| !matches!(key.as_str(), "Transform" | "Globals"));
    Value::Object(parts.map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn refusal(expected: &Value) -> String {
    let message = expected.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
    message.chars().skip(82).take(160).collect()
}

/// Parts of a policy statement that may be one value or a list of one.
const ONE_OR_MANY: [&str; 10] =
    ["Action", "NotAction", "Resource", "NotResource", "Service", "AWS", "Federated", "DependsOn", "Statement", "ManagedPolicyArns"];

fn normal(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(hashes(text)),
        Value::Number(number) => {
            let text = number.to_string();
            Value::String(text.strip_suffix(".0").map(str::to_owned).unwrap_or(text))
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(normal).collect();
            items.sort_by_cached_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(members) => {
            if let (Some(Value::Array(parts)), 1) = (members.get("Fn::Sub"), members.len())
                && let [Value::String(text), Value::Object(variables)] | [Value::Object(variables), Value::String(text)] = parts.as_slice()
            {
                return substitution(text, variables);
            }
            let mut all: BTreeMap<String, Value> = BTreeMap::new();
            for (key, value) in members {
                let value = normal(value);
                let single = ONE_OR_MANY.contains(&key.as_str()) && value.as_array().is_some_and(|items| items.len() == 1);
                let value = if single { value.get(0).cloned().unwrap_or(Value::Null) } else { value };
                let mut key = hashes(key);
                while all.contains_key(&key) {
                    key.push('#');
                }
                all.insert(key, value);
            }
            Value::Object(all.into_iter().collect())
        }
        other => other.clone(),
    }
}

/// `Fn::Sub` without the variables that could stand in its text.
fn substitution(text: &str, variables: &Map<String, Value>) -> Value {
    let (mut text, mut left) = (text.to_owned(), Map::new());
    for (name, value) in variables {
        let mark = format!("${{{name}}}");
        let inline = match value {
            Value::String(value) => Some(value.clone()),
            Value::Object(call) if call.len() == 1 => match (call.get("Ref"), call.get("Fn::GetAtt")) {
                (Some(Value::String(name)), _) => Some(format!("${{{name}}}")),
                (_, Some(Value::Array(parts))) => {
                    let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
                    Some(format!("${{{}}}", parts.join(".")))
                }
                _ => None,
            },
            _ => None,
        };
        match inline {
            Some(inline) => text = text.replace(&mark, &inline),
            None => {
                let number = format!("v{}", left.len());
                text = text.replace(&mark, &format!("${{{number}}}"));
                left.insert(number, normal(value));
            }
        }
    }
    let text = Value::String(hashes(&text));
    let parts = if left.is_empty() { text } else { Value::Array(vec![text, Value::Object(left)]) };
    Value::Object([("Fn::Sub".to_owned(), parts)].into_iter().collect())
}

/// A text with each hash of forty letters, and of ten behind a word with `Deployment`, as `#`.
fn hashes(text: &str) -> String {
    let is_hash = |c: &char| c.is_ascii_digit() || ('a'..='f').contains(c);
    let mut out = String::new();
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    for word in words {
        let end = word.len() - word.chars().next_back().filter(|c| !c.is_ascii_alphanumeric()).map_or(0, char::len_utf8);
        let (body, rest) = word.split_at(end);
        let letters: Vec<char> = body.chars().collect();
        let tail = letters.iter().rev().take_while(|c| is_hash(c)).count();
        let cut = if letters.len() == 40 && tail == 40 { 40 } else { 10 };
        let is_deployment = body.get(..body.len().saturating_sub(10)).is_some_and(|id| id.ends_with("Deployment"));
        match tail >= cut && (is_deployment || cut == 40) {
            true => {
                out.extend(letters.iter().take(letters.len() - cut));
                out.push('#');
            }
            false => out.push_str(body),
        }
        out.push_str(rest);
    }
    out
}

/// Where two values differ first, with both.
fn first_difference(ours: &Value, theirs: &Value, at: &str) -> Option<String> {
    let shown = |value: &Value| value.to_string().chars().take(150).collect::<String>();
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let missing: Vec<&str> = b.keys().filter(|key| !a.contains_key(*key)).map(String::as_str).collect();
            let more: Vec<&str> = a.keys().filter(|key| !b.contains_key(*key)).map(String::as_str).collect();
            if !missing.is_empty() || !more.is_empty() {
                return Some(format!("{at}: missing {missing:?}, not expected {more:?}"));
            }
            a.iter().find_map(|(key, value)| first_difference(value, b.get(key)?, &format!("{at}/{key}")))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(n, (a, b))| first_difference(a, b, &format!("{at}/{n}")))
        }
        _ if ours == theirs => None,
        _ => Some(format!("{at}: {} instead of {}", shown(ours), shown(theirs))),
    }
}
