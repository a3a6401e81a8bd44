//! Edits of a web ACL that close a hole, in the spelling of CloudFormation, and their application to a document.

use super::attack::{Class, Component};
use model::{Node, Operation, Segment};
use serde_json::{Value, json};

/// A change of a web ACL.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// What it does, for people.
    pub says: String,
    /// Edits; paths begin at the web ACL's own object.
    pub edits: Vec<(Vec<Segment>, Operation)>,
}

/// The path to a rule of this name, and the rule.
pub(super) fn rule<'a>(source: &'a Node, name: &str) -> Option<(Vec<Segment>, &'a Node)> {
    let rules = source.get("Rules")?.items();
    let at = rules.iter().position(|rule| rule.get("Name").and_then(Node::str) == Some(name))?;
    Some((vec!["Rules".into(), at.into()], rules.get(at)?))
}

/// A path one or more steps further.
pub(super) fn under(path: &[Segment], steps: &[&str]) -> Vec<Segment> {
    path.iter().cloned().chain(steps.iter().map(|step| Segment::from(*step))).collect()
}

/// A priority that no rule has, behind all others.
pub(super) fn last_priority(source: &Node) -> i64 {
    let rules = source.get("Rules").map_or(&[][..], Node::items);
    rules.iter().filter_map(|rule| rule.get("Priority")?.integer()).max().map_or(0, |most| most + 1)
}

/// A rule that stops this class in this component.
pub(super) fn add_rule(source: &Node, class: &Class, component: Component) -> Fix {
    let name = format!("{}-in-{}", class.name, short(component));
    let (field, transformations) = place(component);
    let statement = guarded(component, statement(class, field, &transformations));
    Fix {
        says: format!("add a rule that blocks {} in a {}", class.name, component.name()),
        edits: vec![(vec!["Rules".into()], Operation::Append(block(&name, last_priority(source), statement)))],
    }
}

/// A rule that stops every body longer than what is inspected.
pub(super) fn add_size_rule(source: &Node, limit: usize) -> Fix {
    let statement = json!({"SizeConstraintStatement": {
        "FieldToMatch": {"Body": {"OversizeHandling": "MATCH"}},
        "ComparisonOperator": "GT",
        "Size": limit,
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
    }});
    Fix {
        says: format!("block bodies of more than the {limit} bytes that are inspected"),
        edits: vec![(vec!["Rules".into()], Operation::Append(block("body-beyond-inspection", last_priority(source), statement)))],
    }
}

fn block(name: &str, priority: i64, statement: Value) -> Value {
    json!({
        "Name": name,
        "Priority": priority,
        "Action": {"Block": {}},
        "Statement": statement,
        "VisibilityConfig": {"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": name},
    })
}

const fn short(component: Component) -> &'static str {
    match component {
        Component::UriPath => "path",
        Component::QueryArgument => "query",
        Component::Header => "headers",
        Component::Cookie => "cookies",
        Component::FormBody => "form",
        Component::JsonBody | Component::JsonEscaped | Component::JsonDuplicateKey | Component::BeyondLimit => "json",
    }
}

/// `FieldToMatch` and transformations that undo how the component is written.
fn place(component: Component) -> (Value, Vec<&'static str>) {
    let all = json!({"All": {}});
    // Headers that browsers send with brackets, semicolons and quotes of their own.
    let unusual = json!({"ExcludedHeaders": ["accept", "accept-language", "authorization", "cookie", "referer", "user-agent"]});
    let map = |pattern: &Value| json!({"MatchPattern": pattern, "MatchScope": "VALUE", "OversizeHandling": "MATCH"});
    match component {
        Component::UriPath => (json!({"UriPath": {}}), vec!["URL_DECODE"]),
        Component::QueryArgument => (json!({"AllQueryArguments": {}}), vec!["URL_DECODE"]),
        Component::Header => (json!({"Headers": map(&unusual)}), vec!["URL_DECODE"]),
        Component::Cookie => (json!({"Cookies": map(&all)}), vec!["URL_DECODE"]),
        Component::FormBody => (json!({"Body": {"OversizeHandling": "MATCH"}}), vec!["URL_DECODE"]),
        _ => {
            let json_body = json!({
                "MatchPattern": all,
                "MatchScope": "VALUE",
                "InvalidFallbackBehavior": "MATCH",
                "OversizeHandling": "MATCH",
            });
            (json!({"JsonBody": json_body}), vec!["NONE"])
        }
    }
}

fn statement(class: &Class, field: Value, transformations: &[&str]) -> Value {
    let chain: Vec<Value> = transformations.iter().enumerate().map(|(at, name)| json!({"Priority": at, "Type": name})).collect();
    match class.statement.split_once(':') {
        Some(("contains", text)) => json!({"ByteMatchStatement": {
            "SearchString": text, "PositionalConstraint": "CONTAINS", "FieldToMatch": field, "TextTransformations": chain,
        }}),
        Some((_, pattern)) => json!({"RegexMatchStatement": {
            "RegexString": pattern, "FieldToMatch": field, "TextTransformations": chain,
        }}),
        None if class.statement == "xss" => json!({"XssMatchStatement": {"FieldToMatch": field, "TextTransformations": chain}}),
        None => json!({"SqliMatchStatement": {
            "SensitivityLevel": "HIGH", "FieldToMatch": field, "TextTransformations": chain,
        }}),
    }
}

/// JSON is asked for only where the request says that it sends JSON: other bodies are no invalid JSON.
fn guarded(component: Component, statement: Value) -> Value {
    if !component.is_body() || component == Component::FormBody {
        return statement;
    }
    let says_json = json!({"ByteMatchStatement": {
        "SearchString": "json",
        "PositionalConstraint": "CONTAINS",
        "FieldToMatch": {"SingleHeader": {"Name": "content-type"}},
        "TextTransformations": [{"Priority": 0, "Type": "LOWERCASE"}],
    }});
    json!({"AndStatement": {"Statements": [says_json, statement]}})
}

/// A document with the edits made; `None` where a path leads nowhere.
pub(super) fn applied(source: &Node, fix: &Fix) -> Option<Node> {
    let mut document = source.json();
    for (path, operation) in &fix.edits {
        let (last, steps) = path.split_last()?;
        let parent = steps.iter().try_fold(&mut document, |value, step| match step {
            Segment::Key(key) => value.get_mut(key),
            Segment::Index(at) => value.get_mut(*at),
        })?;
        match (operation, last) {
            (Operation::Set(value), Segment::Key(key)) => drop(parent.as_object_mut()?.insert(key.clone(), value.clone())),
            (Operation::Set(value), Segment::Index(at)) => *parent.get_mut(*at)? = value.clone(),
            (Operation::Append(value), Segment::Key(key)) => {
                parent.as_object_mut()?.entry(key.clone()).or_insert_with(|| json!([])).as_array_mut()?.push(value.clone());
            }
            (Operation::Append(value), Segment::Index(at)) => parent.get_mut(*at)?.as_array_mut()?.push(value.clone()),
            (Operation::Remove, Segment::Key(key)) => drop(parent.as_object_mut()?.shift_remove(key)),
            (Operation::Remove, Segment::Index(at)) => {
                drop((*at < parent.as_array()?.len()).then(|| parent.as_array_mut().map(|list| list.remove(*at))))
            }
        }
    }
    Some(Node::from_json(&document, &source.place))
}
