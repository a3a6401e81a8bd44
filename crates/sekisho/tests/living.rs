//! Living with the scan: configuration, baseline, forms of output, fixes that are verified, through the binary.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const TEMPLATE: &str = "\
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
const CODE: &str = "\
const mysql = require('mysql2/promise');
exports.handler = async (event) => {
  const db = await mysql.createConnection({ host: process.env.HOST });
  const [rows] = await db.query('SELECT * FROM Socks WHERE ID = ' + event.queryStringParameters.id);
  return { statusCode: 200, body: JSON.stringify(rows) };
};
";

fn application() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("template.yaml"), TEMPLATE).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/index.js"), CODE).unwrap();
    folder
}

/// Exit code, stdout, stderr of `sekisho scan` in the folder.
fn scan(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sekisho")).arg("scan").args(arguments).current_dir(folder).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_baseline_silences_what_was_there_and_nothing_new() {
    let app = application();
    assert_eq!(scan(app.path(), &[]).0, 1);
    assert_eq!(scan(app.path(), &["--write-baseline", "known.json"]).0, 0);
    let (code, out, _) = scan(app.path(), &["--baseline", "known.json"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("0 findings") && out.contains("known"), "{out}");
    // A new route is a new finding; a finding that moved is the old one.
    let more = TEMPLATE.replace("      Events:\n", "      Events:\n        New: {Type: Api, Properties: {Path: /new, Method: post}}\n");
    fs::write(app.path().join("template.yaml"), format!("# a line above\n{more}")).unwrap();
    let (code, out, _) = scan(app.path(), &["--baseline", "known.json"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("POST /new") && !out.contains("GET /good"), "{out}");
    // What is gone is said.
    fs::write(app.path().join("src/index.js"), "exports.handler = async () => ({ statusCode: 200 });\n").unwrap();
    let (_, out, _) = scan(app.path(), &["--baseline", "known.json"]);
    assert!(out.contains("holds a finding that is gone"), "{out}");
    assert_eq!(scan(app.path(), &["--baseline", "template.yaml"]).0, 2);
    assert_eq!(scan(app.path(), &["--baseline", "missing.json"]).0, 2);
}

#[test]
fn the_configuration_allows_with_a_reason_and_the_command_line_outranks_it() {
    let app = application();
    let config = |text: &str| fs::write(app.path().join("sekisho.toml"), text).unwrap();
    config("fail-on = \"never\"\n[[allow]]\nrisk = \"unauthenticated-route\"\nreason = \"public on purpose\"\n");
    let (code, out, _) = scan(app.path(), &[]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("1 allowed") && !out.contains("GET /good of"), "{out}");
    assert_eq!(scan(app.path(), &["--fail-on", "low"]).0, 1);
    // It is not the source that accepts it.
    let sarif = scan(app.path(), &["--format", "sarif"]).1;
    assert!(sarif.contains("\"kind\": \"external\"") && !sarif.contains("inSource"), "{sarif}");
    let (code, out, _) = scan(app.path(), &["--isolated"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("GET /good of"), "{out}");
    // An allow that silences nothing is itself said, with its line.
    config("\n[[allow]]\nrisk = \"unauthenticated-route\"\nresource = \"app/Gone\"\nreason = \"r\"\n");
    let (_, out, _) = scan(app.path(), &[]);
    assert!(out.contains("sekisho.toml:2:1") && out.contains("silences nothing"), "{out}");
}

#[test]
fn a_wrong_configuration_is_refused_at_its_line() {
    let app = application();
    fs::write(app.path().join("sekisho.toml"), "\n[[allow]]\nrisk = \"nothing-of-the-kind\"\nreason = \"r\"\n").unwrap();
    let (code, out, err) = scan(app.path(), &[]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("sekisho.toml:3:8: `nothing-of-the-kind` is no risk; run `sekisho explain`"), "{err}");
    assert_eq!(scan(app.path(), &["--config", "missing.toml"]).0, 2);
}

#[test]
fn every_form_is_written_and_fails_as_the_terminal_does() {
    let app = application();
    for (form, exit, has) in [
        ("json", 1, "\"version\": 1"),
        ("sarif", 0, "\"version\": \"2.1.0\""),
        ("junit", 1, "<testsuite name=\"sql-injection\""),
        ("markdown", 1, "| critical | `sql-injection` |"),
        ("ocsf", 1, "\"class_uid\":2007"),
        ("html", 1, "<article "),
    ] {
        let (code, out, _) = scan(app.path(), &["--format", form]);
        assert_eq!(code, exit, "{form}");
        assert!(out.contains(has), "{form}: {out}");
        if form != "ocsf" {
            assert_eq!(out, scan(app.path(), &["--format", form]).1, "{form} differs from run to run");
        }
    }
    let (code, out, _) = scan(app.path(), &["--by", "owasp"]);
    assert_eq!(code, 1);
    assert!(out.contains("OWASP-SLS-01") && out.contains("sql-injection: src/index.js:4:"), "{out}");
}

#[test]
fn the_cut_is_the_fewest_edits_and_says_what_it_leaves() {
    let app = application();

    let (code, out, err) = scan(app.path(), &["--cut"]);
    assert_eq!(code, 1, "{err}");
    assert!(out.contains("1 path leads to data") && out.contains("1 edit closes 1 of them"), "{out}");
    let (_, out, _) = scan(app.path(), &["--cut=foothold"]);
    assert!(out.contains("2 paths lead to data") && out.contains("no edit closes 1 path"), "{out}");
    let (code, out, _) = scan(app.path(), &["--cut", "--format", "json"]);
    let cut: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &cut["smallest"], &cut["together"]), (1, &true.into(), &true.into()));
    assert_eq!(cut["edits"][0]["of"]["risk"], "sql-injection");
    fs::write(app.path().join("src/index.js"), "exports.handler = async () => ({ statusCode: 200, body: '' });\n").unwrap();
    let (code, out, _) = scan(app.path(), &["--cut"]);
    assert!(code == 0 && out.contains("no such path"), "{out}");
}

#[test]
fn a_fix_that_opens_a_finding_is_followed_by_that_findings_own() {
    let app = application();
    fs::write(app.path().join("src/index.js"), "exports.handler = async () => ({ statusCode: 200, body: '' });\n").unwrap();
    // Asking the pool's authorizer before the route makes it matter that anyone may sign up there.
    let pool = "\
Transform: AWS::Serverless-2016-10-31
Resources:
  Users:
    Type: AWS::Cognito::UserPool
    Properties: {UserPoolName: users}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: dev
      Auth:
        Authorizers:
          Pool: {UserPoolArn: !GetAtt Users.Arn}
  Good:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      CodeUri: src/
      Policies: [{DynamoDBReadPolicy: {TableName: rides}}]
      Events:
        Get: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /good, Method: get}}
";
    fs::write(app.path().join("template.yaml"), pool).unwrap();
    let before = scan(app.path(), &["--format", "json"]).1;
    assert!(before.contains("unauthenticated-route") && !before.contains("open-sign-up"), "{before}");
    let (code, out, err) = scan(app.path(), &["--fix=unsafe"]);
    assert_eq!(code, 0, "{out}{err}");
    let (after, text) = (scan(app.path(), &["--format", "json"]).1, fs::read_to_string(app.path().join("template.yaml")).unwrap());
    assert!(text.contains("AllowAdminCreateUserOnly") && !after.contains("unauthenticated-route"), "{text}{after}");
    assert!(!after.contains("open-sign-up"), "{after}");
}

#[test]
fn of_two_findings_about_the_same_one_may_stay() {
    let app = application();
    // Both queries are built in the same function; the second has a form that no fix rewrites.
    let two = CODE.replace(
        "  return {",
        "  const order = event.queryStringParameters.order;\n  await db.query(`SELECT * FROM Socks ORDER BY ${order}`);\n  return {",
    );
    fs::write(app.path().join("src/index.js"), two).unwrap();
    let sql = |text: &str| text.matches("sql-injection").count();
    let before = sql(&scan(app.path(), &["--format", "json"]).1);
    let (code, out, err) = scan(app.path(), &["--fix=unsafe"]);
    assert_eq!(code, 0, "{out}{err}");
    let after = sql(&scan(app.path(), &["--format", "json"]).1);
    assert_eq!((before, after), (2, 1), "{out}{err}");
}

#[test]
fn a_fix_is_written_only_after_a_scan_without_its_finding() {
    let app = application();
    let (code, out, err) = scan(app.path(), &["--fix"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(out, "mended src/index.js\n");
    let (_, out, _) = scan(app.path(), &[]);
    assert!(!out.contains("sql-injection]"), "{out}");
}

const CONDITIONAL: &str = "\
Parameters: {Stage: {Type: String}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsTest: !Not [!Condition IsProd]
Resources:
  Open: {Type: 'AWS::RDS::DBInstance', Condition: IsTest, Properties: {Engine: postgres, StorageEncrypted: false}}
  Sometimes: {Type: 'AWS::RDS::DBInstance', Properties: {Engine: postgres, StorageEncrypted: !If [IsProd, true, false], PubliclyAccessible: false}}
  Either: {Type: 'AWS::RDS::DBInstance', Properties: {Engine: postgres, StorageEncrypted: !If [IsProd, true, 'true'], PubliclyAccessible: false}}
";

/// (resource, condition) of the findings of one risk, in the order of the report.
fn conditions(folder: &Path, arguments: &[&str], risk: &str) -> Vec<(String, String)> {
    let (_, out, err) = scan(folder, &[&["--format", "json"], arguments].concat());
    let report: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["risk"] == risk);
    findings.map(|finding| (text(finding, "resource"), text(finding, "condition"))).collect()
}

#[test]
fn both_branches_of_an_open_condition_are_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("template.yaml"), CONDITIONAL).unwrap();
    let of = |arguments: &[&str]| conditions(folder.path(), arguments, "database-unencrypted");
    let not = "the condition IsProd does not hold";
    let pair = |resource: &str, condition: &str| (resource.to_owned(), condition.to_owned());
    let found = of(&[]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().any(|(resource, condition)| resource == "app/Open" && condition.contains(not)), "{found:?}");
    assert!(found.contains(&pair("app/Sometimes", not)), "{found:?}");
    // A parameter that is given leaves nothing open.
    assert_eq!(of(&["--parameter", "Stage=prod"]), []);
    assert_eq!(of(&["--parameter", "Stage=test"]), [pair("app/Open", ""), pair("app/Sometimes", "")]);
}

/// Conditions that name each other grow with their number, not with its power; what is over the limit is said.
#[test]
fn many_nested_conditions_are_scanned() {
    let depth = 40;
    let parameters: String = (0..=depth).map(|n| format!("  P{n}: {{Type: String}}\n")).collect();
    let conditions: String = (0..depth)
        .map(|n| {
            format!("  C{}: !And [!Or [!Condition C{n}, !Equals [!Ref P{n}, x]], !Not [!And [!Condition C{n}, !Condition C{n}]]]\n", n + 1)
        })
        .collect();
    let value = (0..depth).fold("true".to_owned(), |inner, n| format!("{{'Fn::If': [C{n}, {inner}, false]}}"));
    let template = format!(
        "Parameters:\n{parameters}Conditions:\n  C0: !Equals [!Ref P0, y]\n{conditions}Resources:\n  D: {{Type: 'AWS::RDS::DBInstance', Condition: C{depth}, Properties: {{Engine: postgres, StorageEncrypted: {value}}}}}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("template.yaml"), template).unwrap();
    // Exponential growth would not end.
    let (_, out, _) = scan(folder.path(), &[]);
    assert!(out.contains("database-unencrypted") && out.contains("more conditions are open"), "{out}");
}
