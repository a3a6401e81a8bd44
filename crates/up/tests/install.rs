//! What is made ready without the network, and what is refused. Installing itself needs a registry and is tried by
//! `prove` on the sample applications.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::{App, Node as Value, Place, Resource, ResourceId};
use sekisho_up::functions::{Interpreters, Node, Python};
use sekisho_up::install::{Install, InstallError, install};
use std::fs;

fn function(id: &str, code: Option<&str>, runtime: &str) -> Resource {
    let place = Place::new("template.yaml", 1, 1);
    let properties = serde_json::json!({"Runtime": runtime, "Handler": "index.handler", "Code": {"LocalPath": code}});
    Resource {
        id: ResourceId::new("app", id),
        kind: "AWS::Lambda::Function".into(),
        properties: Value::from_json(&properties, &place),
        place,
        physical_id: id.into(),
        arn: None,
        generated_from: None,
        condition: None,
        deletion_policy: None,
        metadata: None,
    }
}

/// A function whose code stands in the template.
fn inline(id: &str, code: &str, runtime: &str) -> Resource {
    let place = Place::new("template.yaml", 1, 1);
    let properties = serde_json::json!({"Runtime": runtime, "Handler": "index.handler", "Code": {"ZipFile": code}});
    Resource { properties: Value::from_json(&properties, &place), ..function(id, None, runtime) }
}

#[test]
fn each_function_has_its_own_answer() {
    let root = tempfile::tempdir().unwrap();
    let (app, state) = (root.path().join("app"), root.path().join("state"));
    for (path, text) in [
        ("plain/index.js", "exports.handler = async () => 1;"),
        ("needs/index.js", "require('mysql')"),
        ("needs/package.json", r#"{"dependencies":{"mysql":"^2.18.1"}}"#),
        ("sdk/index.js", "require('@aws-sdk/client-dynamodb')"),
        ("python/app.py", "import boto3"),
        ("pip/app.py", "import requests"),
        ("pip/requirements.txt", "requests==2.32.3\n"),
        ("empty/package.json", r#"{"dependencies":{}}"#),
    ] {
        fs::create_dir_all(app.join(path).parent().unwrap()).unwrap();
        fs::write(app.join(path), text).unwrap();
    }
    fs::create_dir_all(&state).unwrap();
    let app_model = App::new(
        "123456789012",
        "us-east-1",
        [
            function("Plain", Some("plain"), "nodejs20.x"),
            function("Needs", Some("needs"), "nodejs20.x"),
            function("Old", Some("plain"), "nodejs10.x"),
            function("Empty", Some("empty"), "nodejs20.x"),
            function("None", None, "nodejs20.x"),
            function("Gone", Some("gone"), "nodejs20.x"),
            function("Out", Some("../state"), "nodejs20.x"),
            function("Python", Some("python"), "python3.12"),
            function("Pip", Some("pip"), "python3.13"),
            inline("InlinePython", "def handler(event, context):\n    return 1\n", "python3.12"),
            inline("InlineNode", "exports.handler = async () => 1;", "nodejs20.x"),
            function("Java", Some("plain"), "java21"),
        ],
    );
    let node = Node { program: "/usr/bin/node".into(), version: "20.0.0".into(), major: 20 };
    let python = Python { program: "/usr/bin/python3".into(), prefix: None, version: "3.11.2".into(), minor: 11, sdk: Vec::new() };
    let interpreters = Interpreters { node: Some(node), python: Some(python) };
    let said = std::cell::RefCell::new(Vec::new());
    let say = |text: String| said.borrow_mut().push(text);
    let answers = install(&app_model, &Install { root: &app, state: &state, interpreters: &interpreters, offline: true, say: &say });
    let of = |id: &str| &answers[&ResourceId::new("app", id)];
    for id in ["Plain", "Old", "Empty", "Python"] {
        let installed = of(id).as_ref().unwrap();
        assert!(installed.code.starts_with(&state) && installed.modules.is_none() && installed.runtime_modules.is_none(), "{id}");
    }
    for (id, file, begins) in [("InlinePython", "index.py", "def handler"), ("InlineNode", "index.js", "exports.handler")] {
        let text = fs::read_to_string(of(id).as_ref().unwrap().code.join(file)).unwrap();
        assert!(text.starts_with(begins), "{id}: {text}");
    }
    assert!(matches!(of("Needs"), Err(InstallError::Offline { .. })));
    assert_eq!(
        of("Needs").as_ref().unwrap_err().to_string(),
        "the packages of needs/package.json are not installed yet and --offline forbids it; run once without --offline"
    );
    assert!(matches!(of("None"), Err(InstallError::NoCode)));
    assert!(matches!(of("Gone"), Err(InstallError::Code { .. })));
    assert!(of("Out").as_ref().unwrap_err().to_string().contains("leads out of the application's folder"));
    assert_eq!(
        of("Pip").as_ref().unwrap_err().to_string(),
        "the packages of pip/requirements.txt are not installed yet and --offline forbids it; run once without --offline"
    );
    assert!(!answers.contains_key(&ResourceId::new("app", "Java")), "not for this room");
    let said = said.into_inner();
    assert!(
        said.len() == 1 && said[0].contains("app/Python imports boto3") && said[0].ends_with("sudo apt install python3-boto3"),
        "{said:?}"
    );
}
