//! What does not change what an application is does not change what is found in it: the order of its resources, YAML or JSON,
//! the names of its resources, `Globals` or not, the module system of its code, one more function around a sink.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use scan::{Scan, Terms};
use sekisho_scan as scan;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What a function is: everything that a scan could have an opinion on.
#[derive(Clone, Debug)]
struct Function {
    /// Its policy, by number in [`POLICIES`].
    policy: usize,
    /// Its body, by number in [`BODIES`].
    body: usize,
    /// What starts it: a route, a route behind the authorizer, a bucket, a queue.
    event: usize,
    /// Whether it runs as the role that others run as.
    shared: bool,
}

/// How the application is written.
#[derive(Clone, Debug)]
struct Style {
    yaml: bool,
    globals: bool,
    esm: bool,
    layers: usize,
    /// Seed of the order.
    order: u64,
    /// What resources are called.
    prefix: &'static str,
}

const POLICIES: [&str; 4] = [
    r#"[{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}]"#,
    r#"["AdministratorAccess"]"#,
    r#"[{"DynamoDBCrudPolicy": {"TableName": {"Ref": "Table"}}}]"#,
    r#"[{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"], "Resource": "*"}]}]"#,
];
const BODIES: [&str; 5] = [
    "db.query('SELECT * FROM Socks WHERE ID = ' + V, cb)",
    "child.execSync('convert ' + V)",
    "files.readFileSync('/tmp/' + V)",
    "console.log('ready')",
    "db.query('SELECT * FROM Socks WHERE ID = ?', [V], cb)",
];

fn function() -> impl Strategy<Value = Function> {
    (0..POLICIES.len(), 0..BODIES.len(), 0usize..4, any::<bool>()).prop_map(|(policy, body, event, shared)| Function {
        policy,
        body,
        event,
        shared,
    })
}

fn style() -> impl Strategy<Value = Style> {
    let prefix = prop::sample::select(vec!["", "Prod", "Z9"]);
    (any::<bool>(), any::<bool>(), any::<bool>(), 0usize..3, any::<u64>(), prefix)
        .prop_map(|(yaml, globals, esm, layers, order, prefix)| Style { yaml, globals, esm, layers, order, prefix })
}

fn template(functions: &[Function], globals: bool) -> Value {
    let mut resources = Map::new();
    resources.insert("Table".into(), json!({"Type": "AWS::Serverless::SimpleTable"}));
    resources.insert("Bucket".into(), json!({"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "rides-uploads"}}));
    resources.insert("Queue".into(), json!({"Type": "AWS::SQS::Queue"}));
    resources.insert("Check".into(), own("check.handler", globals, json!({})));
    resources.insert(
        "Api".into(),
        json!({"Type": "AWS::Serverless::Api", "Properties": {"StageName": "dev", "Auth": {"Authorizers": {"Check": {
            "FunctionArn": {"Fn::GetAtt": ["Check", "Arn"]}
        }}}}}),
    );
    let lambda = json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"});
    let reads = json!({"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": {"Fn::GetAtt": ["Table", "Arn"]}});
    resources.insert(
        "Role".into(),
        json!({"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [lambda]},
            "Policies": [{"PolicyName": "reads", "PolicyDocument": {"Version": "2012-10-17", "Statement": [reads]}}]
        }}),
    );
    for (n, function) in functions.iter().enumerate() {
        let mut more = Map::new();
        if function.shared {
            more.insert("Role".into(), json!({"Fn::GetAtt": ["Role", "Arn"]}));
        } else {
            more.insert("Policies".into(), serde_json::from_str(POLICIES[function.policy]).unwrap());
        }
        let route = |auth: Value| json!({"Type": "Api", "Properties": {"RestApiId": {"Ref": "Api"}, "Path": format!("/f{n}"), "Method": "get", "Auth": auth}});
        let event = match function.event {
            0 => route(json!({})),
            1 => route(json!({"Authorizer": "Check"})),
            2 => json!({"Type": "S3", "Properties": {"Bucket": {"Ref": "Bucket"}, "Events": "s3:ObjectCreated:*"}}),
            _ => json!({"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}}),
        };
        more.insert("Events".into(), json!({"Start": event}));
        resources.insert(format!("F{n}"), own(&format!("f{n}.handler"), globals, Value::Object(more)));
    }
    let mut template = json!({"AWSTemplateFormatVersion": "2010-09-09", "Transform": "AWS::Serverless-2016-10-31"});
    if globals {
        template["Globals"] = json!({"Function": {"Runtime": "nodejs20.x", "Timeout": 10, "CodeUri": "src/"}});
    }
    template["Resources"] = Value::Object(resources);
    template
}

fn own(handler: &str, globals: bool, more: Value) -> Value {
    let mut properties = more;
    properties["Handler"] = json!(handler);
    if !globals {
        properties["Runtime"] = json!("nodejs20.x");
        properties["Timeout"] = json!(10);
        properties["CodeUri"] = json!("src/");
    }
    json!({"Type": "AWS::Serverless::Function", "Properties": properties})
}

/// The names of the resources behind a prefix, wherever they are named: keys of `Resources`, `Ref`, `Fn::GetAtt`.
fn renamed(value: &Value, names: &BTreeMap<String, String>) -> Value {
    let name = |value: &Value| value.as_str().and_then(|old| names.get(old)).map_or(value.clone(), |new| json!(new));
    match value {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, value)| match (key.as_str(), value) {
                    ("Ref", value) => (key.clone(), name(value)),
                    ("Fn::GetAtt", Value::Array(parts)) => {
                        let named = parts.iter().enumerate().map(|(at, part)| if at == 0 { name(part) } else { part.clone() });
                        (key.clone(), named.collect())
                    }
                    ("Resources", Value::Object(resources)) => {
                        let named = resources.iter().map(|(old, value)| (names[old].clone(), renamed(value, names)));
                        (key.clone(), Value::Object(named.collect()))
                    }
                    _ => (key.clone(), renamed(value, names)),
                })
                .collect(),
        ),
        Value::Array(items) => items.iter().map(|item| renamed(item, names)).collect(),
        other => other.clone(),
    }
}

/// Another order of everything that has none.
fn shuffled(value: &Value, seed: u64) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().map(|(key, value)| (key.clone(), shuffled(value, seed))).collect();
            let rank = |key: &str| key.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
            members.sort_by_key(|(key, _)| rank(key));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => items.iter().map(|item| shuffled(item, seed)).collect(),
        other => other.clone(),
    }
}

/// Block YAML (YAML 1.1, as CloudFormation reads it); scalars are JSON's.
fn yaml(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                out.push_str(&format!("\n{pad}{key}:"));
                yaml(value, indent + 2, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&format!("\n{pad}-"));
                yaml(item, indent + 2, out);
            }
        }
        scalar => out.push_str(&format!(" {scalar}")),
    }
}

fn source(function: &Function, style: &Style) -> String {
    let import = |name: &str, from: &str| {
        if style.esm { format!("import {name} from '{from}';\n") } else { format!("const {name} = require('{from}');\n") }
    };
    let mut text = import("child", "child_process") + &import("files", "fs") + &import("mysql", "mysql");
    text += "const db = mysql.createConnection({});\nconst cb = () => {};\n";
    text += &format!("function sink(V) {{ return {}; }}\n", BODIES[function.body]);
    let mut last = "sink".to_owned();
    for layer in 0..style.layers {
        text += &format!("const around{layer} = (given) => {last}(given);\n");
        last = format!("around{layer}");
    }
    let read = match function.event {
        0 | 1 => "event.queryStringParameters.q",
        2 => "event.Records[0].s3.object.key",
        _ => "event.Records[0].body",
    };
    let handler = format!("async (event) => {last}({read})");
    text + &if style.esm { format!("export const handler = {handler};\n") } else { format!("exports.handler = {handler};\n") }
}

fn write(root: &Path, functions: &[Function], style: &Style) {
    let plain = template(functions, style.globals);
    let names = plain["Resources"].as_object().unwrap().keys().map(|old| (old.clone(), format!("{}{old}", style.prefix)));
    let written = shuffled(&renamed(&plain, &names.collect()), style.order);
    if style.yaml {
        let mut text = String::new();
        yaml(&written, 0, &mut text);
        fs::write(root.join("template.yaml"), text.trim_start()).unwrap();
    } else {
        fs::write(root.join("template.json"), serde_json::to_string_pretty(&written).unwrap()).unwrap();
    }
    fs::create_dir(root.join("src")).unwrap();
    fs::write(root.join("src/check.js"), "exports.handler = async () => ({});\n").unwrap();
    for (n, function) in functions.iter().enumerate() {
        fs::write(root.join(format!("src/f{n}.js")), source(function, style)).unwrap();
    }
}

fn scanned(functions: &[Function], style: &Style) -> Scan {
    let folder = tempfile::tempdir().unwrap();
    // The folder names the stack.
    let root = folder.path().join("app");
    fs::create_dir(&root).unwrap();
    write(&root, functions, style);
    let app = read::application(&root, &read::Options::default());
    scan::scan_on(&app, risks::all(), &Terms { hygiene: true, ..Terms::default() })
}

/// The findings without places, under the plain names.
fn set(scan: &Scan, style: &Style) -> Vec<String> {
    let plain = |text: &str| if style.prefix.is_empty() { text.to_owned() } else { text.replace(style.prefix, "") };
    let line = |finding: &model::Finding| {
        let (resource, symbol) = (plain(&finding.resource), plain(&finding.symbol));
        format!("{} {resource} {symbol} {:?} {:?}", finding.risk, finding.severity, finding.confidence)
    };
    let mut all: Vec<String> = scan.findings.iter().map(line).collect();
    all.sort();
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn style_is_not_substance(functions in prop::collection::vec(function(), 1..5), a in style(), b in style()) {
        let (one, other) = (scanned(&functions, &a), scanned(&functions, &b));
        prop_assert_eq!(set(&one, &a), set(&other, &b));
        prop_assert_eq!(one.not_assessed.len(), other.not_assessed.len(), "{:?} {:?}", one.not_assessed, other.not_assessed);
        // The same input gives the same bytes.
        prop_assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&scanned(&functions, &a)).unwrap());
    }
}

/// The property holds of something: what it compares is not empty.
#[test]
fn there_is_something_to_find() {
    let functions = [Function { policy: 1, body: 0, event: 0, shared: false }, Function { policy: 2, body: 4, event: 1, shared: true }];
    let style = Style { yaml: true, globals: true, esm: false, layers: 1, order: 1, prefix: "" };
    let found = scanned(&functions, &style);
    for risk in ["sql-injection", "over-privileged-role", "unauthenticated-route"] {
        assert!(found.findings.iter().any(|finding| finding.risk == risk), "{risk}: {:?}", set(&found, &style));
    }
    assert!(found.findings.iter().all(|finding| !finding.resource.contains("F1") || finding.risk != "sql-injection"));
}
