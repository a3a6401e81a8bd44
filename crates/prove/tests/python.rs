//! The same attacks on functions of Python: what `up` runs falls to them, and the safe way beside it does not. Packages come from
//! the user's index, as npm's do in `attacks.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use model::{Ledger, Proof};
use std::fs;
use std::path::Path;

/// A function behind one route, with a handler that answers with what `body` makes of `event`.
fn application(root: &Path, imports: &str, body: &str, requirements: &str) {
    let template = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Handle:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.main.handler
      CodeUri: src/
      Events:
        Call: {Type: Api, Properties: {Path: '/x', Method: post}}
";
    let handler = format!("{imports}\n\n\ndef handler(event, context):\n    {}\n", body.replace('\n', "\n    "));
    fs::create_dir_all(root.join("src/app")).unwrap();
    fs::write(root.join("template.yaml"), template).unwrap();
    fs::write(root.join("src/app/main.py"), handler).unwrap();
    if !requirements.is_empty() {
        fs::write(root.join("src/requirements.txt"), requirements).unwrap();
    }
}

/// What the prover makes of one risk.
fn ledger(risk: &str, (imports, body, requirements): (&str, &str, &str)) -> Ledger {
    let scratch = tempfile::tempdir().unwrap();
    application(scratch.path(), imports, body, requirements);
    let root = scratch.path().to_path_buf();
    let options = sekisho_prove::Options { root, read: read::Options::default(), offline: false, risks: vec![risk.into()] };
    sekisho_prove::prove(&options, &|says| println!("{risk}: {says}")).ledger
}

/// Falls to the attack.
fn falls(risk: &str, imports: &str, body: &str, requirements: &str) {
    let rows = ledger(risk, (imports, body, requirements)).ledger;
    assert_eq!(rows.len(), 1, "{risk}: {body}: {rows:?}");
    assert_eq!(rows[0].exploited, Proof::Yes, "{risk}: {body}: {:?}", rows[0].evidence);
}

/// Has nothing to attack.
fn stands(risk: &str, imports: &str, body: &str) {
    assert_eq!(ledger(risk, (imports, body, "")).ledger, [], "{risk}: {body}");
}

const DOES: &str = "return {'statusCode': 200, 'body': ";

#[test]
fn commands_and_code() {
    let named = |made: &str| format!("name = event['queryStringParameters']['name']\n{DOES}{made}}}");
    for (imports, body) in [
        ("import subprocess", named("subprocess.check_output('basename ' + name, shell=True).decode()")),
        ("import subprocess", named("subprocess.run(['sh', '-c', f'basename \"{name}\"'], capture_output=True, text=True).stdout")),
        ("import os", named("os.popen(f\"basename '{name}'\").read()")),
        ("import json", format!("{DOES}str(eval(json.loads(event['body'])['formula']))}}")),
    ] {
        falls("command-injection", imports, &body, "");
    }
    stands("command-injection", "import subprocess", &named("subprocess.check_output(['basename', '--', name]).decode()"));
}

#[test]
fn files() {
    let name = "event['queryStringParameters']['name']";
    falls("path-traversal", "", &format!("{DOES}open('/var/task/app/' + {name}).read()}}"), "");
    falls("path-traversal", "import os", &format!("{DOES}open(os.path.join('/var/task', {name})).read()}}"), "");
    falls("path-traversal", "from pathlib import Path", &format!("{DOES}(Path('/var/task') / {name}).read_text()}}"), "");
    stands("path-traversal", "import os", &format!("{DOES}open('/var/task/app/' + os.path.basename({name})).read()}}"));
}

#[test]
fn objects() {
    let risk = "insecure-deserialization";
    falls(
        risk,
        "import base64, pickle",
        "saved = pickle.loads(base64.b64decode(event['body']))\nreturn {'statusCode': 200, 'body': saved['theme']}",
        "",
    );
    falls(
        risk,
        "import json, pickle",
        "saved = pickle.loads(event['body'].encode())\nreturn {'statusCode': 200, 'body': json.dumps(saved.theme)}",
        "",
    );
    falls(
        risk,
        "import yaml",
        "saved = yaml.load(event['body'], Loader=yaml.Loader)\nreturn {'statusCode': 200, 'body': saved.get('theme')}",
        "PyYAML",
    );
    stands(risk, "import json", "return {'statusCode': 200, 'body': json.loads(event['body'])['theme']}");
}

#[test]
fn templates() {
    let risk = "template-injection";
    falls(
        risk,
        "from jinja2 import Template",
        &format!("{DOES}Template('Hi ' + event['queryStringParameters']['n']).render()}}"),
        "Jinja2",
    );
    falls(
        risk,
        "from mako.template import Template",
        &format!("{DOES}Template('Hi ' + event['queryStringParameters']['n']).render()}}"),
        "Mako",
    );
    stands(
        risk,
        "from jinja2 import Template",
        &format!("{DOES}Template('Hi {{{{ n }}}}').render(n=event['queryStringParameters']['n'])}}"),
    );
}

/// lxml resolves external entities by itself before version 5, which has wheels up to Python 3.12.
#[test]
fn entities() {
    let scratch = tempfile::tempdir().unwrap();
    let body = format!("order = etree.fromstring(event['body'].encode())\n{DOES}order.findtext('name')}}");
    application(scratch.path(), "from lxml import etree", &body, "lxml==4.9.4");
    let app = read::application(scratch.path(), &read::Options::default());
    let findings = scan::scan(&app).findings;
    let fix = findings.iter().find(|finding| finding.risk == "xml-external-entity").and_then(|finding| finding.fix.as_ref()).unwrap();
    let fixed = edit::apply(&|file| fs::read_to_string(scratch.path().join(file)).ok(), &[fix]).unwrap();
    let text = format!("{fixed:?}");
    assert!(text.contains("etree.fromstring(event['body'].encode(), etree.XMLParser(resolve_entities=False, no_network=True))"), "{text}");
    let minor = up::functions::Python::find().map(|python| python.minor);
    if minor.is_ok_and(|minor| minor <= 12) {
        falls("xml-external-entity", "from lxml import etree", &body, "lxml==4.9.4");
    } else {
        eprintln!("lxml 4.9.4 has no wheel for the installed Python: its fix alone was tried");
    }
    stands(
        "xml-external-entity",
        "import xml.etree.ElementTree as tree",
        &format!("{DOES}tree.fromstring(event['body']).findtext('name')}}"),
    );
}
