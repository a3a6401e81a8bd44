//! The rules of the risks' own folders over log lines as AWS writes them: they fire on what an attack leaves
//! and stay silent on its near misses.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::Alert;
use read::log::{Limits, open};
use sekisho_investigate::{Report, Rules, run};
use serde_json::{Value, json};

/// Investigates one folder of logs.
fn investigate(files: &[(&str, String)]) -> Report {
    let rules = Rules::of_risks();
    assert!(rules.troubles().is_empty(), "{:?}", rules.troubles());
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mut logs = open(&[folder.path().to_owned()], Limits::default());
    let report = run(&mut logs, &rules);
    assert!(logs.troubles().is_empty(), "{:?}", logs.troubles());
    report
}

fn risks(report: &Report) -> Vec<&str> {
    report.alerts.iter().filter_map(|alert| alert.risk.as_deref()).collect()
}

/// CloudTrail's delivery file.
fn trail(records: &[Value]) -> (&'static str, String) {
    ("trail.json", json!({"Records": records}).to_string())
}

/// A call by a function's role.
fn by_function(name: &str, agent: &str) -> Value {
    json!({
        "eventVersion": "1.11", "eventTime": "2026-11-22T13:44:13Z", "eventSource": "dynamodb.amazonaws.com", "eventName": name,
        "eventID": format!("{name}-{agent}"), "sourceIPAddress": "203.0.113.9", "userAgent": agent,
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/r/f",
            "inScopeOf": {"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": "arn:aws:lambda:us-east-1:123456789012:function:f"}}
    })
}

fn interface(address: &str) -> Value {
    json!({
        "eventVersion": "1.11", "eventTime": "2026-11-22T13:40:00Z", "eventSource": "ec2.amazonaws.com", "eventName": "CreateNetworkInterface",
        "eventID": address, "sourceIPAddress": "lambda.amazonaws.com", "userIdentity": {"type": "AssumedRole", "invokedBy": "lambda.amazonaws.com"},
        "responseElements": {"networkInterface": {"privateIpAddress": address}}
    })
}

fn audit(host: &str, operation: &str, object: &str, code: u32) -> String {
    let object = if object.is_empty() { String::new() } else { format!("'{}'", object.replace('\\', "\\\\").replace('\'', "\\'")) };
    format!("2026-11-22T13:44:13.000Z 1795355053000000,db-1,admin,{host},35,7,{operation},unicorn,{object},{code}\n")
}

fn access(n: usize, ip: &str, path: &str, principal: &str) -> String {
    let line = json!({"requestId": format!("{ip}-{n}"), "ip": ip, "requestTimeEpoch": 1_795_355_053_000_i64 + n as i64 * 1000, "httpMethod": "GET",
        "resourcePath": "/customizations/{id}", "path": path, "status": "200", "principalId": principal});
    format!("2026-11-22T13:44:13.000Z {line}\n")
}

#[test]
fn stolen_credentials_of_a_function() {
    let report = investigate(&[trail(&[
        by_function("Scan", "python-requests/2.31"),
        by_function("GetItem", "aws-sdk-js exec-env/AWS_Lambda_nodejs20.x"),
    ])]);
    assert_eq!(risks(&report), ["over-privileged-role"], "{report:#?}");
    let alert: &Alert = &report.alerts[0];
    assert!(alert.says.contains("assumed-role/r/f from 203.0.113.9 did dynamodb:Scan"), "{}", alert.says);
}

#[test]
fn a_log_in_from_an_address_of_no_function() {
    let report = investigate(&[
        trail(&[interface("10.0.3.5")]),
        (
            "audit.log",
            audit("10.0.3.5", "CONNECT", "", 0) + &audit("10.0.3.77", "CONNECT", "", 0) + &audit("10.0.3.78", "FAILED_CONNECT", "", 1045),
        ),
    ]);
    assert_eq!(risks(&report), ["hard-coded-credential"], "{report:#?}");
    assert!(report.alerts[0].says.contains("from 10.0.3.77"), "{}", report.alerts[0].says);
}

#[test]
fn injected_sql_and_names_that_only_look_like_it() {
    let query = |sql: &str| investigate(&[trail(&[interface("10.0.3.5")]), ("audit.log", audit("10.0.3.5", "QUERY", sql, 0))]);
    for sql in [
        "SELECT * FROM Socks WHERE ID = 1 UNION SELECT ID, NAME FROM Companies",
        "select * from Socks where ID = '' union all select 1 -- '",
        "SELECT * FROM Socks WHERE ID = 1 OR 1=(SELECT count(*) FROM information_schema.tables)",
        "SELECT * FROM t WHERE a = 'it\\'s' UNION SELECT 1",
    ] {
        assert_eq!(risks(&query(sql)), ["sql-injection"], "{sql}");
    }
    for sql in [
        "INSERT INTO Socks (NAME) VALUES ('O''Neill union select')",
        "INSERT INTO Socks (NAME) VALUES ('a \\' union select b')",
        "SELECT * FROM Socks WHERE NAME = 'information_schema.tables'",
        "SELECT * FROM Unions WHERE ID = 7",
    ] {
        assert!(risks(&query(sql)).is_empty(), "{sql}");
    }
}

#[test]
fn enumeration_without_a_credential() {
    let lines = |count: usize, ip: &str, principal: &str| {
        (0..count).map(|n| access(n, ip, &format!("/Prod/customizations/{n}"), principal)).collect::<String>()
    };
    let report = investigate(&[("access.log", lines(12, "203.0.113.9", "-"))]);
    assert_eq!(risks(&report), ["unauthenticated-route"], "{report:#?}");
    assert!(report.alerts[0].says.contains("12 different values of path"), "{}", report.alerts[0].says);
    // Few objects, a named principal, many callers, one object again and again.
    let same: String = (0..40).map(|n| access(n, "203.0.113.7", "/Prod/customizations/1", "-")).collect();
    let many: String = (0..40).map(|n| access(n, &format!("203.0.113.{n}"), &format!("/Prod/customizations/{n}"), "-")).collect();
    for text in [lines(5, "203.0.113.9", "-"), lines(40, "203.0.113.9", "company-1"), same, many] {
        let report = investigate(&[("access.log", text)]);
        assert!(risks(&report).is_empty(), "{report:#?}");
    }
}
