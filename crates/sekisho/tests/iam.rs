//! Every question of `sekisho iam` through the binary, as a newcomer asks it: on templates, on the JSON of
//! `aws iam get-account-authorization-details`, on policies and cases of our own, and on bad input.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const TEMPLATE: &str = "\
Transform: AWS::Serverless-2016-10-31
Resources:
  Rides:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: rides
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.handler
      CodeUri: src/
      Policies:
        - Version: '2012-10-17'
          Statement:
            - Effect: Allow
              Action: dynamodb:*
              Resource: '*'
            - Effect: Allow
              Action: s3:GetObject
              Resource: arn:aws:s3:::photos/*
              Condition: {StringEquals: {'aws:SourceVpce': vpce-1}}
  Idle:
    Type: AWS::IAM::Role
    Properties:
      RoleName: idle
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
";

const READ: &str = r#"{"Version": "2012-10-17", "Statement": [
  {"Sid": "Read", "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"],
   "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/rides"}]}"#;
const ALL: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}}"#;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Exit code, stdout, stderr, in the folder.
fn iam(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sekisho")).arg("iam").args(arguments).current_dir(folder).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn json_of(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let (code, out, err) = iam(folder, &[arguments, &["--format", "json"]].concat());
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}")))
}

fn application() -> TempDir {
    folder(&[("template.yaml", TEMPLATE), ("src/index.js", "exports.handler = async () => ({ statusCode: 200 });\n")])
}

fn account() -> String {
    let policy = |statement: Value| json!({"Version": "2012-10-17", "Statement": statement});
    json!({
        "UserDetailList": [{"Arn": "arn:aws:iam::123456789012:user/ann", "UserName": "ann", "GroupList": ["dev"], "AttachedManagedPolicies": []}],
        "GroupDetailList": [{"Arn": "arn:aws:iam::123456789012:group/dev", "GroupName": "dev", "AttachedManagedPolicies": [],
            "GroupPolicyList": [{"PolicyName": "dev", "PolicyDocument":
                policy(json!({"Effect": "Allow", "Action": ["iam:PassRole", "lambda:*", "dynamodb:GetItem"], "Resource": "*"}))}]}],
        "RoleDetailList": [{"Arn": "arn:aws:iam::123456789012:role/service/boss", "RoleName": "boss", "AttachedManagedPolicies": [],
            "AssumeRolePolicyDocument":
                policy(json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})),
            "RolePolicyList": [{"PolicyName": "boss", "PolicyDocument": policy(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}))}]}],
        "Policies": []
    })
    .to_string()
}

fn case(name: &str, action: &str, policy: &str) -> Value {
    let policy: Value = serde_json::from_str(policy).unwrap();
    json!({"name": name,
        "request": {"principal": "arn:aws:iam::123456789012:user/ann", "action": action,
            "resource": {"resource": "arn:aws:dynamodb:us-east-1:123456789012:table/rides", "accountId": "123456789012"},
            "contextVariables": {}},
        "identityPolicies": [{"name": "p", "policy": policy}], "serviceControlPolicies": [], "resourceControlPolicies": []})
}

#[test]
fn decide_reads_one_case_an_array_and_several_files() {
    let one = case("one", "dynamodb:GetItem", READ);
    let two = json!([case("two", "dynamodb:PutItem", READ), case("three", "dynamodb:PutItem", ALL)]);
    let folder = folder(&[("one.json", &one.to_string()), ("two.json", &two.to_string())]);
    let (code, out, err) = iam(folder.path(), &["decide", "one.json", "two.json", "--format", "json"]);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let decided: Vec<(&str, &str)> = lines.iter().map(|l| (l["name"].as_str().unwrap(), l["decision"].as_str().unwrap())).collect();
    assert_eq!(decided, [("one", "Allowed"), ("two", "ImplicitlyDenied"), ("three", "Allowed")], "{err}");
    assert_eq!(code, 0);
    let (_, out, _) = iam(folder.path(), &["decide", "one.json"]);
    assert!(out.starts_with("one: Allowed\n  identity-based policy: statement 0 (Read) of p allows it  one.json:1:"), "{out}");
}

#[test]
fn explain_gives_the_smallest_grant_and_the_simulators_shape() {
    let text = serde_json::to_string_pretty(&case("c", "dynamodb:PutItem", READ)).unwrap();
    let allowed = serde_json::to_string_pretty(&case("c", "dynamodb:GetItem", READ)).unwrap();
    let folder = folder(&[("denied.json", &text), ("allowed.json", &allowed)]);
    let (_, value) = json_of(folder.path(), &["decide", "denied.json", "--explain"]);
    assert_eq!(value["grants"][0]["statement"]["Action"], "dynamodb:PutItem");
    assert_eq!(value["EvaluationResult"]["EvalDecision"], "implicitDeny");
    assert_eq!(value["EvaluationResult"]["MatchedStatements"], json!([]));
    let (_, value) = json_of(folder.path(), &["decide", "allowed.json", "--explain"]);
    let matched = &value["EvaluationResult"]["MatchedStatements"][0];
    let line = |position: &str| matched[position]["Line"].as_u64().unwrap() as usize;
    let lines: Vec<&str> = allowed.lines().collect();
    assert_eq!((matched["SourcePolicyId"].as_str(), matched["SourcePolicyType"].as_str()), (Some("p"), Some("user")));
    assert_eq!(lines[line("StartPosition") - 1].trim(), "{");
    assert_eq!(lines[line("EndPosition") - 1].trim(), "}");
    assert!(lines[line("StartPosition")..line("EndPosition")].iter().any(|line| line.contains("\"Read\"")));
    let (_, out, _) = iam(folder.path(), &["decide", "denied.json", "--explain"]);
    assert!(out.contains("to allow it, add to the identity-based policy: {"), "{out}");
    assert!(out.contains("is not authorized to perform: dynamodb:PutItem"), "{out}");
}

#[test]
fn decide_says_what_context_is_missing() {
    let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}}"#;
    let folder = folder(&[("c.json", &case("c", "dynamodb:GetItem", policy).to_string())]);
    let (_, value) = json_of(folder.path(), &["decide", "c.json", "--explain"]);
    assert_eq!(value["EvaluationResult"]["MissingContextValues"], json!(["aws:SourceVpce"]));
}

#[test]
fn what_is_no_case_is_named_with_its_place_and_the_rest_is_decided() {
    let files = [
        ("policy.json", READ),
        ("broken.json", "{\n  \"request\": }"),
        ("who.json", r#"{"request": {"principal": "nobody at all", "action": "s3:GetObject", "resource": "*"}}"#),
        ("good.json", &case("good", "dynamodb:GetItem", READ).to_string()),
    ];
    let folder = folder(&files);
    let (code, out, err) = iam(folder.path(), &["decide", "policy.json", "broken.json", "who.json", "good.json", "--format", "json"]);
    assert_eq!(code, 4, "an input is unreadable");
    assert_eq!(out.lines().count(), 1, "{out}");
    for says in [
        "policy.json:1:1: the case has no request",
        "broken.json:2:14: expected a JSON value",
        "who.json:1:13: nobody at all is not a principal",
    ] {
        assert!(err.contains(says), "{says} in {err}");
    }
    let (code, _, err) = iam(folder.path(), &["decide", "absent.json"]);
    assert_eq!((code, err.contains("absent.json")), (3, true), "{err}");
}

#[test]
fn can_answers_for_a_function_a_role_and_a_user() {
    let app = application();
    for name in ["Reader", "ReaderRole"] {
        let (code, out, err) = iam(app.path(), &["can", name, "."]);
        assert_eq!(code, 0, "{name} {err}");
        assert!(out.contains("dynamodb:*\n    on *\n") && out.contains("template.yaml:18:15"), "{out}");
        assert!(out.contains("if aws:SourceVpce StringEquals vpce-1"), "{out}");
    }
    let (code, out, _) = iam(app.path(), &["can", "idle", "."]);
    assert_eq!(code, 0);
    assert!(out.contains("role/idle can do nothing: no policy allows it anything"), "{out}");
    let (code, out, err) = iam(app.path(), &["can", "nobody", "."]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("no user, role or function is called nobody") && err.contains("role/idle"), "{err}");
    let folder = folder(&[("account.json", &account())]);
    let (_, value) = json_of(folder.path(), &["can", "ann", "account.json"]);
    assert_eq!(value["can"][0]["granted"], json!(["dynamodb:GetItem", "iam:PassRole", "lambda:*"]));
    assert!(value["can"][0]["actions"].as_array().unwrap().contains(&json!("lambda:InvokeFunction")));
}

#[test]
fn who_can_names_roles_and_users_as_they_are_declared() {
    let folder = folder(&[("account.json", &account())]);
    let ask = ["who-can", "dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/rides", "account.json"];
    let (code, out, _) = iam(folder.path(), &ask);
    assert_eq!(code, 0);
    assert!(out.contains("  arn:aws:iam::123456789012:user/ann\n    by dev  account.json:1:"), "{out}");
    assert!(out.contains("  arn:aws:iam::123456789012:role/service/boss\n") && !out.contains("unknown"), "{out}");
    let app = application();
    let (_, out, _) = iam(app.path(), &["who-can", "s3:GetObject", "arn:aws:s3:::photos/1.jpg", "."]);
    assert!(out.contains("perhaps") && out.contains("aws:SourceVpce StringEquals vpce-1"), "{out}");
    let (_, out, _) = iam(app.path(), &["who-can", "kms:Decrypt", "*", "."]);
    assert_eq!(out, "kms:Decrypt on *: nobody can\n");
    let (_, _, err) = iam(app.path(), &["who-can", "s3:GetObjct", "*", "."]);
    assert!(err.contains("the catalogue lists no action s3:GetObjct"), "{err}");
}

#[test]
fn paths_shows_the_step_and_the_cut() {
    let folder = folder(&[("account.json", &account())]);
    let (code, out, _) = iam(folder.path(), &["paths", "account.json", "--from", "ann"]);
    assert_eq!(code, 1);
    assert!(out.contains("user/ann reaches an administrator in 1 step\n  1. "), "{out}");
    assert!(
        out.contains("-> arn:aws:iam::123456789012:role/service/boss") && out.contains("without these statements no path is left"),
        "{out}"
    );
}

/// From the internet through an HTTP API to a function, and through the topic that another function publishes to.
#[test]
fn paths_through_an_application_end_at_a_logical_id() {
    let template = "Transform: AWS::Serverless-2016-10-31
Resources:
  News: {Type: AWS::SNS::Topic}
  Take:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.handler
      InlineCode: 'exports.handler = async () => 1'
      Policies: [{SNSPublishMessagePolicy: {TopicName: !GetAtt News.TopicName}}]
      Events: {Take: {Type: HttpApi, Properties: {Path: /take, Method: post}}}
  Read:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.handler
      InlineCode: 'exports.handler = async () => 1'
      Events: {News: {Type: SNS, Properties: {Topic: !Ref News}}}
";
    let folder = folder(&[("template.yaml", template)]);
    let ids = |to: &str, more: &[&str]| {
        let (_, value) = json_of(folder.path(), &[&["paths", ".", "--from", "internet", "--to", to], more].concat());
        let steps = value["paths"][0]["steps"].as_array().cloned().unwrap_or_default();
        steps.iter().map(|step| step["primitive"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("Take", &[]), ["api-open", "api-integration"]);
    assert!(ids("Read", &[]).is_empty());
    let through = ["api-open", "api-integration", "function-ssrf", "event-injection-topic", "event-source"];
    assert_eq!(ids("Read", &["--assume"]), through);
}

#[test]
fn compare_and_diff_show_a_request() {
    let folder = folder(&[("read.json", READ), ("all.json", ALL)]);
    let (code, out, _) = iam(folder.path(), &["compare", "read.json", "all.json"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("read.json allows less than all.json\n  only all.json allows dynamodb:"), "{out}");
    let (_, value) = json_of(folder.path(), &["compare", "read.json", "read.json"]);
    assert_eq!((&value["relation"], &value["only_a"], &value["exact"]), (&json!("equivalent"), &Value::Null, &json!(true)));
    let (code, out, _) = iam(folder.path(), &["diff", "read.json", "all.json"]);
    assert_eq!(code, 1);
    assert!(out.starts_with("newly allowed:\n  dynamodb:") && out.contains("for example dynamodb:"), "{out}");
    let (code, out, _) = iam(folder.path(), &["diff", "all.json", "read.json"]);
    assert_eq!((code, out.as_str()), (0, "nothing is newly allowed\n"));
}

#[test]
fn lint_names_the_place() {
    let wrong = "{\"Version\": \"2012-10-17\", \"Statement\": [\n  {\"Effect\": \"Allow\", \"Action\": \"s3:GetObjct\", \"Resource\": \"*\"},\n  \
        {\"Effect\": \"allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"*\"}]}";
    let folder = folder(&[("wrong.json", wrong), ("read.json", READ), ("broken.json", "{\"Version\":\n \"2012-10-17\",}")]);
    let (code, out, _) = iam(folder.path(), &["lint", "wrong.json"]);
    assert_eq!(code, 1);
    assert!(out.contains("wrong.json:3:14: the effect is Allow or Deny (refused)"), "{out}");
    assert!(out.contains("wrong.json:2:33: no action is called s3:GetObjct (unknown-action)"), "{out}");
    let (code, out, _) = iam(folder.path(), &["lint", "read.json"]);
    assert_eq!((code, out.as_str()), (0, "read.json: nothing is wrong\n"));
    let (code, _, err) = iam(folder.path(), &["lint", "broken.json"]);
    assert_eq!(code, 4);
    assert!(err.contains("broken.json:2:15: expected a key"), "{err}");
}

/// Every bad file ends in its place and a next step; nothing is printed as if it had been judged.
#[test]
fn lint_of_bad_input() {
    let deep = "[".repeat(100_000);
    let rows: [(&str, &str, i32, &str); 8] = [
        ("empty.json", "", 4, "empty.json:1:1: expected a JSON value; mend the JSON there"),
        ("deep.json", &deep, 4, "deep.json:1:130: nested too deeply; mend the JSON there"),
        ("comma.json", "{\"Statement\": [{},]}", 4, "comma.json:1:19: expected a JSON value; mend"),
        ("list.json", "[1, 2]", 1, "list.json:1:1: a policy is a JSON object (refused): write a policy document"),
        ("text.json", "\"*\"", 1, "text.json:1:1: "),
        ("none.json", "{\"Version\": \"2012-10-17\"}", 1, "none.json:1:1: the policy has no Statement (refused): add a Statement"),
        (
            "twice.json",
            "{\"Statement\": [{\"Effect\": \"Allow\", \"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"*\"}]}",
            1,
            "twice.json:1:36: Effect occurs twice (refused): remove it",
        ),
        (
            "action.json",
            "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:GetObject,\", \"Resource\": \"*\"}]}",
            1,
            "action.json:1:71: a comma stands within an action",
        ),
    ];
    for (name, text, code, says) in rows {
        let folder = folder(&[(name, text)]);
        let (exit, out, err) = iam(folder.path(), &["lint", name]);
        let (shown, other) = if code == 4 { (&err, &out) } else { (&out, &err) };
        assert!(exit == code && shown.contains(says) && other.is_empty(), "{name}: {exit}\n{out}\n{err}");
    }
    let folder = folder(&[]);
    std::fs::write(folder.path().join("bytes.json"), [0xff, 0xfe, 0x00, 0x01]).unwrap();
    let (exit, out, err) = iam(folder.path(), &["lint", "bytes.json"]);
    assert!(exit == 4 && out.is_empty() && err.contains("bytes.json: not UTF-8 text; name a JSON file"), "{err}");
    let (exit, out, err) = iam(folder.path(), &["lint", "nothere.json"]);
    assert!(exit == 3 && out.is_empty() && err.contains("nothere.json: ") && err.contains("; name a JSON file"), "{err}");
}

#[test]
fn least_privilege_is_what_a_trail_shows() {
    let identity = json!({"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/ann", "accountId": "123456789012", "userName": "ann"});
    let event = |name: &str, error: Value| {
        json!({"eventVersion": "1.08", "userIdentity": identity, "eventTime": "2026-11-01T10:00:00Z", "eventSource": "dynamodb.amazonaws.com",
            "eventName": name, "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.9", "requestParameters": {"tableName": "rides"},
            "recipientAccountId": "123456789012", "eventType": "AwsApiCall", "errorCode": error})
    };
    let records =
        json!({"Records": [event("GetItem", Value::Null), event("GetItem", Value::Null), event("PutItem", json!("AccessDenied"))]});
    let folder = folder(&[("account.json", &account()), ("trail/1.json", &records.to_string())]);
    let ask = ["least-privilege", "--trail", "trail", "--principal", "ann", "account.json"];
    let (code, out, err) = iam(folder.path(), &ask);
    assert_eq!(code, 0, "{err}");
    let policy: Value = serde_json::from_str(&out).unwrap();
    let wanted =
        json!([{"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": ["arn:aws:dynamodb:us-east-1:123456789012:table/rides"]}]);
    assert_eq!(policy["Statement"], wanted);
    assert!(err.contains("from 2 events of arn:aws:iam::123456789012:user/ann"), "{err}");
    // What it gives is within what there was, by its own answer.
    fs::write(folder.path().join("least.json"), &out).unwrap();
    let old = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["iam:PassRole", "lambda:*", "dynamodb:GetItem"], "Resource": "*"}}"#;
    fs::write(folder.path().join("old.json"), old).unwrap();
    assert_eq!(iam(folder.path(), &["diff", "old.json", "least.json"]).0, 0);
    let (code, _, err) = iam(folder.path(), &["least-privilege", "--trail", "trail", "--principal", "boss", "account.json"]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("no successful call of arn:aws:iam::123456789012:role/service/boss"), "{err}");
    assert_eq!(iam(folder.path(), &["least-privilege", "--trail", "nowhere", "--principal", "ann", "account.json"]).0, 3);
}

#[test]
fn a_path_that_is_nothing_is_nothing_to_read() {
    let folder = folder(&[("broken.json", "{\"RoleDetailList\": [}")]);
    assert_eq!(iam(folder.path(), &["can", "ann", "nowhere"]).0, 3);
    let (code, _, err) = iam(folder.path(), &["can", "ann", "broken.json"]);
    assert_eq!(code, 4);
    assert!(err.contains("broken.json:1:21"), "{err}");
}
