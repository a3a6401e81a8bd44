//! One application written in several ways is one `App`: YAML or JSON, in any order of its resources and files, with
//! SAM's Globals or without.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::App;
use proptest::prelude::*;
use sekisho_read::{Options, application};
use serde_json::{Map, Value, json};
use std::fs;

/// Everything of an application but the places in its files.
fn said(app: &App) -> Value {
    let resource = |r: &model::Resource| {
        let (from, metadata) = (r.generated_from.as_ref().map(ToString::to_string), r.metadata.as_ref().map(model::Node::json));
        json!([r.id.to_string(), r.kind, r.properties.json(), r.physical_id, r.arn, from, r.condition, r.deletion_policy, metadata])
    };
    let mut troubles: Vec<&str> = app.troubles.iter().map(|trouble| trouble.says.as_str()).collect();
    troubles.sort_unstable();
    let outputs: Vec<Value> = app.outputs.iter().map(|((stack, name), node)| json!([&**stack, &**name, node.json()])).collect();
    json!({"resources": app.resources().map(resource).collect::<Vec<_>>(), "outputs": outputs, "troubles": troubles})
}

/// Reads files that are written in the order given.
fn read(files: &[(&str, String)]) -> Value {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let full = root.path().join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, text).unwrap();
    }
    said(&application(root.path(), &Options::default()))
}

/// The same without the ids of deployments: SAM makes them of the text of the API's body, in which order speaks.
fn undeployed(mut value: Value) -> Value {
    let resources = value["resources"].as_array().unwrap();
    let deployments = resources.iter().filter(|resource| resource[1] == "AWS::ApiGateway::Deployment");
    let ids: Vec<Value> = deployments.flat_map(|d| [d[0].clone(), d[3].clone(), d[2]["Description"].clone()]).collect();
    fn replace(value: &mut Value, ids: &[Value]) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| replace(item, ids)),
            Value::Object(members) => members.values_mut().for_each(|value| replace(value, ids)),
            leaf if ids.contains(leaf) => *leaf = json!("a deployment"),
            _ => {}
        }
    }
    replace(&mut value, &ids);
    value
}

/// The same with every list in one order: what each function adds to a bucket's notifications comes in the template's order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(sorted).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            members.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(members.into_iter().collect())
        }
        other => other,
    }
}

/// YAML as a person writes it: blocks, CloudFormation's short forms, quotes only where they are needed.
fn yaml(value: &Value, indent: usize) -> String {
    let pad = "  ".repeat(indent);
    match value {
        Value::Object(members) if members.is_empty() => " {}\n".to_owned(),
        Value::Object(members) => {
            if let Some((key, inner)) = members.iter().next().filter(|_| members.len() == 1) {
                let short = |tag: &str| match inner {
                    Value::Array(items) if tag == "!GetAtt" => {
                        let parts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                        format!(" !GetAtt {}\n", parts.join("."))
                    }
                    Value::String(text) => format!(" {tag} {}\n", scalar(text)),
                    other => format!(" {tag}{}", yaml(other, indent)),
                };
                match key.as_str() {
                    "Ref" => return short("!Ref"),
                    "Fn::Sub" => return short("!Sub"),
                    "Fn::GetAtt" => return short("!GetAtt"),
                    "Fn::If" => return short("!If"),
                    "Fn::Equals" => return short("!Equals"),
                    "Fn::Join" => return short("!Join"),
                    _ => {}
                }
            }
            let lines = members.iter().map(|(key, inner)| format!("{pad}{}:{}", scalar(key), yaml(inner, indent + 1)));
            format!("\n{}", lines.collect::<String>())
        }
        Value::Array(items) if items.is_empty() => " []\n".to_owned(),
        Value::Array(items) => format!("\n{}", items.iter().map(|item| format!("{pad}-{}", yaml(item, indent + 1))).collect::<String>()),
        Value::String(text) => format!(" {}\n", scalar(text)),
        other => format!(" {other}\n"),
    }
}

/// A text without quotes where YAML reads it as a text.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/_-".contains(c))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

/// An event of a function.
fn event() -> impl Strategy<Value = Value> {
    let path = prop_oneof![Just("/a"), Just("/a/{id}"), Just("/b")];
    let method = prop_oneof![Just("get"), Just("POST"), Just("any")];
    prop_oneof![
        (path, method).prop_map(|(path, method)| json!({"Type": "Api", "Properties": {"Path": path, "Method": method}})),
        Just(json!({"Type": "HttpApi", "Properties": {"Path": "/h", "Method": "get"}})),
        Just(json!({"Type": "S3", "Properties": {"Bucket": {"Ref": "Bucket"}, "Events": ["s3:ObjectCreated:*"]}})),
        Just(json!({"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Queue", "Arn"]}, "BatchSize": 5}})),
        Just(json!({"Type": "Schedule", "Properties": {"Schedule": "rate(5 minutes)"}})),
        Just(json!({"Type": "EventBridgeRule", "Properties": {"Pattern": {"source": ["aws.s3", "no"]}}})),
    ]
}

/// What SAM's Globals may hold for functions, without lists: those are joined, and their order says what comes first.
fn shared() -> impl Strategy<Value = Map<String, Value>> {
    let variables = proptest::collection::btree_map("[A-C]{1,2}", "[a-z0-9 :']{0,6}", 0..3);
    let condition = json!({"Fn::If": ["IsProd", 30, {"Ref": "Time"}]});
    let timeout = prop_oneof![Just(json!(3)), Just(json!({"Ref": "Time"})), Just(condition)];
    (variables, timeout, any::<bool>(), any::<bool>()).prop_map(|(variables, timeout, tracing, tags)| {
        let mut all = Map::new();
        all.insert("Environment".into(), json!({"Variables": variables}));
        all.insert("Timeout".into(), timeout);
        if tracing {
            all.insert("Tracing".into(), json!("Active"));
        }
        if tags {
            all.insert("Tags".into(), json!({"team": {"Fn::Sub": "${AWS::StackName}-x"}}));
        }
        all
    })
}

/// The functions of a template: each with its events.
fn functions() -> impl Strategy<Value = Vec<Vec<Value>>> {
    proptest::collection::vec(proptest::collection::vec(event(), 0..4), 1..4)
}

fn template(functions: &[Vec<Value>], shared: &Map<String, Value>, globals: bool) -> Value {
    let mut resources = Map::new();
    resources.insert("Bucket".into(), json!({"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}));
    resources.insert("Queue".into(), json!({"Type": "AWS::SQS::Queue", "Condition": "Open", "Properties": {"QueueName": {"Ref": "Name"}}}));
    resources.insert("Table".into(), json!({"Type": "AWS::Serverless::SimpleTable"}));
    for (at, events) in functions.iter().enumerate() {
        let mut properties = json!({"Runtime": "nodejs20.x", "Handler": "index.handler", "InlineCode": "exports.handler = async () => 1"});
        let own = properties.as_object_mut().unwrap();
        let mut events: Map<String, Value> = events.iter().enumerate().map(|(at, event)| (format!("E{at}"), event.clone())).collect();
        for (name, event) in &mut events {
            // One path and method of two events is refused, in any order.
            if let Some(path) = event["Properties"].get_mut("Path") {
                *path = json!(format!("{}/{name}{at}", path.as_str().unwrap()));
            }
        }
        if !events.is_empty() {
            own.insert("Events".into(), Value::Object(events));
        }
        if !globals {
            own.extend(shared.clone());
        }
        resources.insert(format!("F{at}"), json!({"Type": "AWS::Serverless::Function", "Properties": properties}));
    }
    let mut template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {"Time": {"Type": "Number", "Default": 7}, "Stage": {"Type": "String", "Default": "dev"}, "Name": {"Type": "String"}},
        "Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}, "Open": {"Fn::Equals": [{"Ref": "Name"}, "x"]}},
        "Resources": resources,
        "Outputs": {"F": {"Value": {"Fn::GetAtt": ["F0", "Arn"]}, "Export": {"Name": "f-arn"}}},
    });
    if globals {
        template["Globals"] = json!({"Function": shared});
    }
    template
}

/// The same template with its resources in another order, as text: `serde_json` may sort its maps.
fn in_order(template: &Value, order: &[usize]) -> String {
    let mut rest = template.clone();
    let resources = rest.as_object_mut().unwrap().remove("Resources").unwrap();
    let mut members: Vec<(usize, String)> = resources
        .as_object()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(at, (key, value))| (order.get(at).copied().unwrap_or(at), format!("{}:{value}", json!(key))))
        .collect();
    members.sort();
    let members: Vec<String> = members.into_iter().map(|(_, text)| text).collect();
    let rest = rest.to_string();
    format!("{{\"Resources\":{{{}}},{}", members.join(",\n"), &rest[1..])
}

const IMPORTS: &str = "AWSTemplateFormatVersion: '2010-09-09'
Resources:
  P: {Type: 'AWS::SSM::Parameter', Properties: {Name: /f, Type: String, Value: !ImportValue f-arn}}
";

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn yaml_and_json_are_one(functions in functions(), shared in shared(), globals in any::<bool>()) {
        let template = template(&functions, &shared, globals);
        let written = yaml(&template, 0);
        prop_assert_eq!(read(&[("app/template.json", template.to_string())]), read(&[("app/template.yaml", written.clone())]), "{}", written);
    }

    #[test]
    fn globals_are_what_each_function_says(functions in functions(), shared in shared()) {
        let own = read(&[("template.yaml", template(&functions, &shared, false).to_string())]);
        prop_assert_eq!(own, read(&[("template.yaml", template(&functions, &shared, true).to_string())]));
    }

    #[test]
    fn order_says_nothing(functions in functions(), shared in shared(), order in Just((0..6usize).collect::<Vec<_>>()).prop_shuffle()) {
        let template = template(&functions, &shared, true);
        let (first, second) = (("app/template.yaml", template.to_string()), ("other/template.yaml", IMPORTS.to_owned()));
        let straight = read(&[first, second.clone()]);
        let turned = read(&[second, ("app/template.yaml", in_order(&template, &order))]);
        prop_assert_eq!(sorted(undeployed(straight)), sorted(undeployed(turned)));
    }
}
