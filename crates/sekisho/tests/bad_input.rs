//! Bad input through the binary: a clear message, the documented exit code, and the rest goes on.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const GOOD: &str = "\
Transform: AWS::Serverless-2016-10-31
Resources:
  Good:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.handler
      CodeUri: src/
      Events:
        Get: {Type: Api, Properties: {Path: /good, Method: get}}
";

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, bytes) in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn sekisho(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sekisho")).args(arguments).arg(folder).output().unwrap()
}

/// Exit code, stdout, stderr.
fn scan(files: &[(&str, &[u8])], arguments: &[&str]) -> (i32, String, String) {
    let folder = folder(files);
    let output = sekisho(&[&["scan"], arguments].concat(), folder.path());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

const BROKEN: (&str, &[u8]) = ("broken.yaml", b"Resources:\n  A:\n    Type: AWS::SQS::Queue\n    Properties: [1, 2\n  B: {\n");
const HANDLER: (&str, &[u8]) = ("src/index.js", b"exports.handler = async () => ({ statusCode: 200 });\n");

#[test]
fn an_empty_folder_is_nothing_to_read() {
    let (code, _, err) = scan(&[], &[]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("SAM or CloudFormation template"), "{err}");
}

#[test]
fn broken_yaml_is_named_and_the_rest_is_read() {
    let (code, out, _) = scan(&[("template.yaml", GOOD.as_bytes()), HANDLER, BROKEN], &[]);
    assert_eq!(code, 1);
    assert!(out.contains("broken.yaml:"), "{out}");
    assert!(out.contains("GET /good"), "the good template was not scanned: {out}");
}

#[test]
fn strict_makes_what_was_not_assessed_an_error() {
    let (code, _, _) = scan(&[("template.yaml", GOOD.as_bytes()), HANDLER, BROKEN], &["--strict"]);
    assert_eq!(code, 4);
}

#[test]
fn binary_garbage_is_no_panic() {
    let garbage: Vec<u8> = (0..4096u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let (code, out, err) = scan(&[("template.yaml", &garbage)], &[]);
    assert!(code == 3 || code == 4, "{code} {out} {err}");
    assert!(err.contains("template.yaml"), "{err}");
}

#[test]
fn a_template_of_ten_megabytes_is_read_or_refused_in_words() {
    let mut text = String::from("Resources:\n");
    let mut number = 0;
    while text.len() < 10 << 20 {
        writeln!(text, "  Queue{number}:\n    Type: AWS::SQS::Queue\n    Properties: {{QueueName: q{number}, DelaySeconds: 5}}").unwrap();
        number += 1;
    }
    let (code, out, err) = scan(&[("template.yaml", text.as_bytes())], &[]);
    assert!(code == 0 || out.contains("not assessed") || err.contains("template.yaml"), "{code} {err}");
}

#[test]
fn bombs_of_aliases_and_conditions_end() {
    let mut aliases = String::from("Resources:\n  A: {Type: AWS::SQS::Queue}\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        writeln!(aliases, "a{level}: &a{level} [{}]", vec![format!("*a{}", level - 1); 10].join(", ")).unwrap();
    }
    let (code, out, err) = scan(&[("template.yaml", aliases.as_bytes())], &[]);
    assert!(out.contains("not assessed") || err.contains("template.yaml"), "{code} {out} {err}");

    let mut conditions = String::from("Parameters: {P: {Type: String}}\nConditions:\n  C0: !Equals [!Ref P, x]\n");
    for level in 1..60 {
        writeln!(conditions, "  C{level}: !And [!Condition C{0}, !Or [!Condition C{0}, !Not [!Condition C{0}]]]", level - 1).unwrap();
    }
    conditions.push_str("Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Condition: C59\n");
    let (code, _, err) = scan(&[("template.yaml", conditions.as_bytes())], &[]);
    assert_eq!(code, 0, "{err}");
}

#[test]
fn code_outside_the_root_is_not_opened() {
    let parent =
        folder(&[("secret.js", b"const password = 'out-of-bounds-99';"), ("app/template.yaml", GOOD.replace("src/", "../").as_bytes())]);
    let output = sekisho(&["scan"], &parent.path().join("app"));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("secret.js"), "{text}");
    assert!(text.contains("not assessed"), "{text}");
}

#[test]
fn a_missing_code_folder_is_said() {
    let (code, out, _) = scan(&[("template.yaml", GOOD.as_bytes())], &[]);
    assert_eq!(code, 1);
    assert!(out.contains("src"), "{out}");
    assert!(out.contains("not assessed"), "{out}");
}

#[test]
fn terminal_escapes_do_not_reach_the_terminal() {
    let text = "Transform: AWS::Serverless-2016-10-31\nResources:\n  \"Evil\\e[2J\\e]0;owned\\a\":\n    Type: AWS::Serverless::Api\n    Properties:\n      StageName: x\n      DefinitionBody: {swagger: '2.0', paths: {\"/\\e[31m\": {get: {x-amazon-apigateway-integration: {type: aws_proxy, uri: x}}}}}\n";
    for arguments in [&[][..], &["--color", "never"][..], &["--format", "json"][..], &["--diff"][..]] {
        let (_, out, err) = scan(&[("template.yaml", text.as_bytes()), ("b\u{1b}[2Jad.yaml", b"Resources: {A: [\n")], arguments);
        assert!(!out.contains("\u{1b}[2J") && !err.contains("\u{1b}[2J"), "{arguments:?}: {out:?} {err:?}");
        assert!(!out.contains("\u{1b}]0;"), "{arguments:?}: {out:?}");
    }
}

#[test]
fn a_taken_port_is_said_and_nothing_is_left() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = folder(&[("template.yaml", GOOD.as_bytes()), HANDLER]);
    let output = sekisho(&["up", "--port", &port], folder.path());
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{err}");
    assert!(err.contains(&port) && err.contains("--port"), "{err}");
}

#[test]
fn wrong_usage_exits_with_2() {
    let folder = folder(&[("template.yaml", GOOD.as_bytes()), HANDLER]);
    for arguments in
        [&["scan", "--format", "xml"][..], &["prove", "--risk", "nonsense"][..], &["scan", "--parameter", "NoEquals"][..], &["explode"][..]]
    {
        assert_eq!(sekisho(arguments, folder.path()).status.code(), Some(2), "{arguments:?}");
    }
}
