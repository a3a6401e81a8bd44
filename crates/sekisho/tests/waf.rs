//! `sekisho waf` through the binary: web ACLs as AWS's JSON and as CloudFormation, good and bad input, exit codes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};
use std::fs;
use std::process::Command;
use tempfile::TempDir;

const TEMPLATE: &str = r"
Resources:
  Blocked:
    Type: AWS::WAFv2::IPSet
    Properties: {IPAddressVersion: IPV4, Scope: REGIONAL, Addresses: [192.0.2.0/24]}
  Acl:
    Type: AWS::WAFv2::WebACL
    Properties:
      Name: unicorns
      Scope: REGIONAL
      DefaultAction: {Allow: {}}
      VisibilityConfig: {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: unicorns}
      Rules:
        - Name: sqli
          Priority: 1
          Action: {Block: {}}
          VisibilityConfig: {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: sqli}
          Statement:
            SqliMatchStatement:
              FieldToMatch: {AllQueryArguments: {}}
              TextTransformations: [{Priority: 0, Type: URL_DECODE}]
        - Name: ips
          Priority: 2
          Action: {Block: {}}
          VisibilityConfig: {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: ips}
          Statement: {IPSetReferenceStatement: {Arn: !GetAtt Blocked.Arn}}
        - Name: big
          Priority: 3
          Action: {Block: {CustomResponse: {ResponseCode: 413}}}
          VisibilityConfig: {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: big}
          Statement:
            SizeConstraintStatement:
              FieldToMatch: {Body: {OversizeHandling: MATCH}}
              ComparisonOperator: GT
              Size: 3000
              TextTransformations: [{Priority: 0, Type: NONE}]
";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        fs::write(folder.path().join(file), text).unwrap();
    }
    folder
}

/// Exit code, stdout, stderr.
fn waf(folder: &TempDir, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sekisho")).arg("waf").args(arguments).current_dir(folder.path()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const REQUESTS: &str = r#"{"uri": "/?id=1%27%20OR%20%271%27%3D%271", "clientIp": "198.51.100.1", "expect": {"action": "BLOCK", "rule": "sqli"}}
{"uri": "/?id=1", "clientIp": "192.0.2.9", "expect": "BLOCK"}

{"name": "benign", "method": "POST", "uri": "/unicorns", "headers": {"content-type": "application/json"}, "body": "{}", "clientIp": "198.51.100.1", "expect": "ALLOW"}
"#;

#[test]
fn test_judges_requests_of_a_template() {
    let folder = folder(&[("t.yaml", TEMPLATE), ("r.jsonl", REQUESTS)]);
    let (code, out, err) = waf(&folder, &["test", "--acl", "t.yaml", "--requests", "r.jsonl"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("ok     benign: ALLOW by Default_Action"), "{out}");
    assert!(out.contains("3 requests, 3 expectations, 0 failed; unicorns uses 42 WCU") || out.contains("unicorns uses 4"), "{out}");
    let (code, out, _) = waf(&folder, &["test", "--acl", "t.yaml", "--requests", "r.jsonl", "--format", "json"]);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &value["results"][0]["rule"], &value["results"][2]["line"]), (0, &json!("sqli"), &json!(4)));
    // URL_DECODE on all arguments, low sensitivity: 20 + 10 + 10; an IP set 1; a size 1.
    assert_eq!(value["capacity"], 42);
}

#[test]
fn an_expectation_that_nothing_can_meet_is_refused() {
    let folder = folder(&[("t.yaml", TEMPLATE), ("r.jsonl", r#"{"uri": "/", "expect": "Blok"}"#)]);
    let (code, _, err) = waf(&folder, &["test", "--acl", "t.yaml", "--requests", "r.jsonl"]);
    assert!(code == 4 && err.contains("r.jsonl:1:24: no request comes to Blok: expect one of ALLOW, BLOCK"), "{code}: {err}");
}

#[test]
fn a_broken_expectation_is_found() {
    let folder = folder(&[("t.yaml", TEMPLATE), ("r.jsonl", r#"{"uri": "/", "clientIp": "10.0.0.1", "expect": "BLOCK"}"#)]);
    let (code, out, _) = waf(&folder, &["test", "--acl", "t.yaml", "--requests", "r.jsonl"]);
    assert!(code == 1 && out.contains("FAILED GET /: ALLOW by Default_Action; expected BLOCK"), "{code}: {out}");
}

#[test]
fn explain_shows_what_transformations_made() {
    let request = r#"{"uri": "/?id=1%27%20OR%20%271%27%3D%271", "clientIp": "198.51.100.1"}"#;
    let folder = folder(&[("t.yaml", TEMPLATE), ("r.json", request)]);
    let (code, out, err) = waf(&folder, &["explain", "--acl", "t.yaml", "--request", "r.json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    for part in ["BLOCK by sqli", "id = 1%27%20OR", "URL_DECODE: 1' OR '1'='1  <- matches", "ips (BLOCK) not reached", "t.yaml:14:11"] {
        assert!(out.contains(part), "{part}: {out}");
    }
}

#[test]
fn replay_compares_and_says_what_logs_do_not_hold() {
    let record = |action: &str, rule: &str, method: &str, args: &str| {
        json!({"timestamp": 1_576_280_412_771_u64, "formatVersion": 1, "webaclId": "arn", "terminatingRuleId": rule, "terminatingRuleType": "REGULAR",
            "action": action, "httpSourceName": "APIGW", "httpRequest": {"clientIp": "198.51.100.1", "country": "US", "headers": [{"name": "Host", "value": "x"}],
            "uri": "/", "args": args, "httpVersion": "HTTP/1.1", "httpMethod": method, "requestId": "r"}})
    };
    let attack = "id=1%27%20OR%20%271%27%3D%271";
    let logs = [
        record("BLOCK", "sqli", "GET", attack),
        record("ALLOW", "Default_Action", "GET", "a=1"),
        record("ALLOW", "Default_Action", "POST", "a=1"),
    ];
    let text = |records: &[Value]| records.iter().map(|record| record.to_string() + "\n").collect::<String>();
    let folder = folder(&[
        ("t.yaml", TEMPLATE),
        ("same.log", &text(&logs)),
        ("other.log", &text(&[record("ALLOW", "Default_Action", "GET", attack)])),
        ("bad.log", "{\"a\": 1}\nno\n"),
    ]);
    let (code, out, _) = waf(&folder, &["replay", "--acl", "t.yaml", "same.log"]);
    assert!(code == 0 && out.contains("2 same, 0 different, 1 not assessed") && out.contains("the body was inspected"), "{code}: {out}");
    let (code, out, _) = waf(&folder, &["replay", "--acl", "t.yaml", "same.log", "other.log"]);
    assert!(code == 1 && out.contains("other.log:1: logged ALLOW by Default_Action; now BLOCK by sqli"), "{code}: {out}");
    assert_eq!(waf(&folder, &["replay", "--acl", "t.yaml", "--strict", "same.log"]).0, 4);
    let (code, out, err) = waf(&folder, &["replay", "--acl", "t.yaml", "bad.log"]);
    assert!(code == 0 && out.contains("2 not assessed"), "{code}: {out}");
    assert!(err.contains("bad.log:1:1: the record has no httpRequest; give") && err.contains("bad.log:2:"), "{err}");
}

#[test]
fn bad_input_is_told_with_its_place() {
    let unknown = TEMPLATE.replace("SizeConstraintStatement", "TeleportStatement");
    let cases = folder(&[
        ("unknown.yaml", &unknown),
        ("value.yaml", &TEMPLATE.replace("Type: URL_DECODE", "Type: URL_DECODE_TWICE")),
        ("broken.json", "{\"Name\": "),
        ("none.yaml", "Resources: {Queue: {Type: AWS::SQS::Queue}}"),
        ("t.yaml", TEMPLATE),
        ("r.jsonl", "{}\n"),
        ("bad.jsonl", "{\"uri\": \"/\"}\n{\"url\": \"/\"}\n"),
    ]);
    for (file, code, says) in [
        ("unknown.yaml", 4, "unknown.yaml:32:13: Statement has no member TeleportStatement"),
        ("value.yaml", 4, "text transformation URL_DECODE_TWICE is unknown; AWS has: NONE"),
        ("broken.json", 4, "broken.json:2:1: not valid"),
        ("none.yaml", 3, "has no such AWS::WAFv2::WebACL"),
        ("missing.json", 3, "missing.json"),
    ] {
        let (found, _, err) = waf(&cases, &["test", "--acl", file, "--requests", "r.jsonl"]);
        assert!(found == code && err.contains(says), "{file}: {found}: {err}");
    }
    let (code, _, err) = waf(&cases, &["test", "--acl", "t.yaml", "--requests", "bad.jsonl"]);
    assert!(code == 4 && err.contains("bad.jsonl:2:") && err.contains("a request has no member url"), "{code}: {err}");
}

#[test]
fn aws_json_with_its_envelope() {
    // What `aws wafv2 get-web-acl` prints: SearchString is Base64 (`/admin`).
    let acl = json!({"WebACL": {"Name": "acl", "Id": "1e1a2b3c-0000-4000-8000-000000000000", "ARN": "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/acl/1", "DefaultAction": {"Allow": {}},
        "Rules": [{"Name": "admin", "Priority": 0, "Action": {"Block": {}}, "VisibilityConfig": {"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"},
            "Statement": {"ByteMatchStatement": {"SearchString": "L2FkbWlu", "FieldToMatch": {"UriPath": {}}, "PositionalConstraint": "STARTS_WITH", "TextTransformations": [{"Priority": 0, "Type": "NONE"}]}}}],
        "VisibilityConfig": {"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"}, "Capacity": 2, "ManagedByFirewallManager": false}, "LockToken": "t"});
    let requests = "{\"uri\": \"/admin\", \"expect\": \"BLOCK\"}\n{\"uri\": \"/\", \"expect\": \"ALLOW\"}\n";
    let folder = folder(&[("acl.json", &acl.to_string()), ("r.jsonl", requests)]);
    let (code, out, err) = waf(&folder, &["test", "--acl", "acl.json", "--requests", "r.jsonl"]);
    assert!(code == 0 && out.contains("2 requests, 2 expectations, 0 failed; acl uses 2 WCU"), "{code}: {out}{err}");
}
