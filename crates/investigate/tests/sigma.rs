//! Sigma rules against records, through the whole engine: what matches, what does not, what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::{Event, LogKind, Place, Time};
use sekisho_investigate::{Report, Rules, run};
use serde_json::{Value, json};

fn event(log: LogKind, seconds: i64, id: &str, record: Value) -> Event {
    Event { log, time: Time(seconds * 1000), id: id.into(), record, place: Place::new("x.json", 1, 1) }
}

fn rules(texts: &[&str]) -> Rules {
    let mut rules = Rules::new();
    for (at, text) in texts.iter().enumerate() {
        rules.add(&format!("{at}.yml"), text, None);
    }
    rules
}

/// A rule over CloudTrail with this detection.
fn rule(detection: &str) -> String {
    format!("title: T\nlogsource: {{product: aws, service: cloudtrail}}\nlevel: high\ndetection:\n{detection}\n")
}

fn fires(detection: &str, record: &Value) -> bool {
    let rules = rules(&[&rule(detection)]);
    assert!(rules.troubles().is_empty(), "{detection}: {:?}", rules.troubles());
    !run([event(LogKind::Cloudtrail, 1, "e", record.clone())].into_iter(), &rules).alerts.is_empty()
}

#[test]
fn detections_on_one_record() {
    let record = json!({
        "eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "sourceIPAddress": "203.0.113.9", "readOnly": false,
        "userAgent": "aws-cli/2.0 \\ *", "errorCode": null,
        "userIdentity": {"arn": "arn:aws:iam::1:user/eve", "userName": "eve", "sessionContext": {"attributes": {"mfaAuthenticated": "false"}}},
        "requestParameters": {"userName": "eve", "count": 5, "tags": [{"key": "a", "value": "x"}, {"key": "b", "value": "y"}],
            "names": ["alpha", "beta"], "data": "SGVsbG8gd29ybGQ=", "inner": {"deep": "Value"}}
    });
    for (yes, detection) in [
        (true, "  s: {eventName: createuser}\n  condition: s"),
        (false, "  s: {eventName|cased: createuser}\n  condition: s"),
        (true, "  s: {eventName: [DeleteUser, CreateUser], eventSource: iam.amazonaws.com}\n  condition: s"),
        (false, "  s: {eventName: CreateUser, eventSource: s3.amazonaws.com}\n  condition: s"),
        (true, "  s:\n    - eventName: X\n    - eventName: Create*\n  condition: s"),
        (true, "  s: {eventName|startswith: Create}\n  f: {userIdentity.userName: root}\n  condition: s and not f"),
        (true, "  s: {userAgent|contains: '\\ \\*'}\n  condition: s"),
        (false, "  s: {userAgent|endswith: 'x*'}\n  condition: s"),
        (true, "  s: {userIdentity.arn|endswith: /EVE}\n  condition: s"),
        (true, "  s: {userIdentity.arn|contains|all: ['user', 'eve']}\n  condition: s"),
        (false, "  s: {userIdentity.arn|contains|all: ['user', 'bob']}\n  condition: s"),
        (true, "  s: {requestParameters.names: beta}\n  condition: s"),
        (true, "  s: {requestParameters.names|all: [alpha, beta]}\n  condition: s"),
        (true, "  s: {requestParameters.tags.value: y}\n  condition: s"),
        (true, "  s: {requestParameters|contains: '\"deep\":\"Value\"'}\n  condition: s"),
        (true, "  s: {errorCode: null}\n  condition: s"),
        (true, "  s: {errorMessage: null}\n  condition: s"),
        (false, "  s: {eventName: null}\n  condition: s"),
        (true, "  s: {errorCode|exists: true, errorMessage|exists: false}\n  condition: s"),
        (true, "  s: {readOnly: false}\n  condition: s"),
        (true, "  s: {readOnly: 'false'}\n  condition: s"),
        (true, "  s: {userIdentity.sessionContext.attributes.mfaAuthenticated: false}\n  condition: s"),
        (true, "  s: {requestParameters.count: 5}\n  condition: s"),
        (true, "  s: {requestParameters.count: '5'}\n  condition: s"),
        (true, "  s: {requestParameters.count|gt: 4, requestParameters.count|lte: 5}\n  condition: s"),
        (false, "  s: {requestParameters.count|lt: 5}\n  condition: s"),
        (true, "  s: {sourceIPAddress|cidr: 203.0.113.0/24}\n  condition: s"),
        (false, "  s: {sourceIPAddress|cidr: [10.0.0.0/8, '2001:db8::/32']}\n  condition: s"),
        (true, "  s: {userIdentity.arn|re: ':user/e.e$'}\n  condition: s"),
        (false, "  s: {userIdentity.arn|re: ':USER/'}\n  condition: s"),
        (true, "  s: {userIdentity.arn|re|i: ':USER/'}\n  condition: s"),
        (true, "  s: {userIdentity.userName|fieldref: requestParameters.userName}\n  condition: s"),
        (true, "  s: {userIdentity.arn|endswith|fieldref: requestParameters.userName}\n  condition: s"),
        (false, "  s: {userIdentity.userName|fieldref: requestParameters.absent}\n  condition: s"),
        (true, "  s: {requestParameters.data|base64: Hello world}\n  condition: s"),
        (true, "  s: {requestParameters.data|base64offset|contains: world}\n  condition: s"),
        (true, "  s: [alph, nothing]\n  condition: s"),
        (true, "  s: {'|all': [eve, beta]}\n  condition: s"),
        (false, "  s: {'|all': [eve, gamma]}\n  condition: s"),
        (true, "  sel_a: {eventName: X}\n  sel_b: {eventName: CreateUser}\n  condition: 1 of sel_*"),
        (false, "  sel_a: {eventName: X}\n  sel_b: {eventName: CreateUser}\n  condition: all of them"),
        (true, "  a: {eventName: X}\n  b: {eventName: CreateUser}\n  condition: [a, b]"),
        (true, "  s: {eventName: '*'}\n  condition: s"),
        (false, "  s: {errorMessage: '*'}\n  condition: s"),
    ] {
        assert_eq!(fires(detection, &record), yes, "{detection}");
    }
}

#[test]
fn what_is_not_supported_is_named_with_its_line() {
    for (detection, says, line) in [
        ("  s:\n    eventName|windash: x\n  condition: s", "modifier `windash`", 6),
        ("  s:\n    event_name: x\n  condition: s", "no record of the cloudtrail log has a field `event_name`", 6),
        ("  s:\n    eventName|re: '(?<=a)b'\n  condition: s", "look-around", 6),
        ("  s: {eventName: x}\n  condition: s | count() > 3", "aggregation", 6),
        ("  s: {eventName: x}\n  condition: t", "`t`", 6),
        ("  s: {eventName: x}\n  timeframe: 5m\n  condition: s", "timeframe", 6),
        ("  s: {eventName: []}\n  condition: s", "no values", 5),
        ("  s: {eventName|all: x}\n  condition: s", "all of one", 5),
        ("  s: {eventName|gt: x}\n  condition: s", "no number", 5),
        ("  s: {sourceIPAddress|cidr: 10.0.0/33}\n  condition: s", "no CIDR", 5),
        ("  s: {eventName|wide: x}\n  condition: s", "", 0),
        ("  s: {eventName|re|contains: x}\n  condition: s", "do not go together", 5),
        ("  s: {eventName: x}", "no condition", 5),
    ] {
        let rules = rules(&[&rule(detection)]);
        if says.is_empty() {
            // UTF-16 of ASCII is text of a kind, so it stays a rule.
            assert!(rules.troubles().is_empty());
            continue;
        }
        let trouble = rules.troubles().first().unwrap_or_else(|| panic!("{detection} was taken"));
        assert!(trouble.says.contains(says), "{detection}: {}", trouble.says);
        assert_eq!((trouble.place.line, rules.len()), (line, 0), "{detection}: {trouble:?}");
    }
    let other = rules(&["title: W\nlogsource: {product: windows, category: process_creation}\ndetection: {s: {a: b}, condition: s}"]);
    assert_eq!((other.len(), other.foreign().get("windows"), other.troubles().len()), (0, Some(&1), 0));
    assert_eq!(rules(&["title: [broken"]).len(), 0);
    assert!(!rules(&["title: [broken"]).troubles().is_empty());
}

const FOREIGN_LOGIN: &str = "title: Foreign log-in\nlogsource: {product: aws, service: rds_audit}\nlevel: high\ntags: [attack.t1078.004]\n\
    detection:\n  s: {operation: CONNECT, retcode: 0}\n  f: {host|expand: '%lambda_eni_addresses%'}\n  condition: s and not f\n";

fn connect(seconds: i64, host: &str) -> Event {
    event(
        LogKind::RdsAudit,
        seconds,
        host,
        json!({"operation": "CONNECT", "retcode": "0", "host": host, "username": "admin", "database": "unicorn"}),
    )
}

fn interface(seconds: i64, by: &str, address: &str) -> Event {
    let record = json!({"eventName": "CreateNetworkInterface", "eventSource": "ec2.amazonaws.com", "userIdentity": {"invokedBy": by},
        "responseElements": {"networkInterface": {"privateIpAddress": address}}});
    event(LogKind::Cloudtrail, seconds, address, record)
}

#[test]
fn lists_come_from_the_logs_in_any_order() {
    let rules = rules(&[FOREIGN_LOGIN]);
    // The interface is logged after its first use, and somebody else's interface does not count.
    let events =
        [connect(1, "10.0.3.5"), connect(2, "10.0.9.9"), interface(3, "lambda.amazonaws.com", "10.0.3.5"), interface(4, "eve", "10.0.9.9")];
    let report = run(events.into_iter(), &rules);
    let ids: Vec<_> = report.alerts.iter().flat_map(|alert| &alert.event_ids).collect();
    assert_eq!(ids, ["10.0.9.9"], "{report:?}");
    let alert = &report.alerts[0];
    assert_eq!((alert.principal.as_str(), alert.attack.as_slice()), ("admin", ["T1078.004".to_owned()].as_slice()));
    assert_eq!(alert.says, "Foreign log-in: admin from 10.0.9.9 did CONNECT unicorn");
    assert!(report.not_assessed.is_empty());
}

#[test]
fn without_the_list_the_rule_is_not_assessed() {
    let rules = rules(&[FOREIGN_LOGIN]);
    let report = run([connect(1, "10.0.3.5")].into_iter(), &rules);
    assert!(report.alerts.is_empty());
    assert!(report.not_assessed.iter().any(|t| t.says.contains("%lambda_eni_addresses%")), "{report:?}");
    // Nor is it without its log, whatever the rest says.
    let report = run([interface(1, "lambda.amazonaws.com", "10.0.3.5")].into_iter(), &rules);
    assert!(report.not_assessed.iter().any(|t| t.says.contains("no rds_audit log")), "{report:?}");
}

#[test]
fn a_field_the_access_log_never_has_is_told() {
    let rule = "title: R\nlogsource: {product: aws, service: apigateway}\ndetection: {s: {principalId: '-'}, condition: s}";
    let line = event(LogKind::ApiGateway, 1, "r", json!({"requestId": "r", "ip": "203.0.113.9"}));
    let report = run([line].into_iter(), &rules(&[rule]));
    assert!(report.not_assessed.iter().any(|t| t.says.contains("`principalId`")), "{report:?}");
}

#[test]
fn one_alert_for_one_principal_and_source() {
    let rule = rule("  s: {eventName: ListBuckets}\n  condition: s");
    let call = |seconds: i64, id: &str, user: &str| {
        let record = json!({"eventName": "ListBuckets", "eventSource": "s3.amazonaws.com", "sourceIPAddress": "203.0.113.9",
            "errorCode": "AccessDenied", "userIdentity": {"arn": user}});
        event(LogKind::Cloudtrail, seconds, id, record)
    };
    // Delivered twice, then after a pause of two hours.
    let events = [call(1, "a", "eve"), call(1, "a", "eve"), call(9, "b", "eve"), call(10, "c", "bob"), call(7300, "d", "eve")];
    let report = run(events.into_iter(), &rules(&[&rule]));
    let found: Vec<_> = report.alerts.iter().map(|a| (a.principal.as_str(), a.event_ids.join(","))).collect();
    assert_eq!(found, [("eve", "a,b".into()), ("bob", "c".into()), ("eve", "d".into())]);
    assert_eq!(report.alerts[0].says, "T: eve from 203.0.113.9 did s3:ListBuckets, 2 times within 8 s, refused");
    assert_eq!((report.counts.duplicates, report.counts.events["cloudtrail"]), (1, 4));
}

fn correlation_report(correlation: &str, calls: &[(i64, &str, &str, &str)]) -> Report {
    let base = |name: &str| {
        format!(
            "title: {name}\nname: {name}\n{}",
            rule(&format!("  s: {{eventName: {name}}}\n  condition: s")).replacen("title: T\n", "", 1)
        )
    };
    let texts = [base("A"), base("B"), base("C"), correlation.to_owned()];
    let rules = rules(&texts.each_ref().map(String::as_str));
    assert!(rules.troubles().is_empty(), "{:?}", rules.troubles());
    let events = calls.iter().enumerate().map(|(at, (seconds, name, who, path))| {
        let record = json!({"eventName": name, "sourceIPAddress": who, "requestParameters": {"path": path}, "userIdentity": {"arn": who}});
        event(LogKind::Cloudtrail, *seconds, &at.to_string(), record)
    });
    run(events, &rules)
}

fn correlated(correlation: &str, calls: &[(i64, &str, &str, &str)]) -> Vec<String> {
    let report = correlation_report(&format!("title: X\ncorrelation:\n{correlation}"), calls);
    report.alerts.iter().filter(|alert| alert.rule == "X").map(|alert| alert.event_ids.join(",")).collect()
}

#[test]
fn correlations() {
    let count = "  type: event_count\n  rules: [A]\n  group-by: [sourceIPAddress]\n  timespan: 10s\n  condition: {gte: 3}";
    let a = |seconds, who| (seconds, "A", who, "p");
    assert_eq!(correlated(count, &[a(1, "x"), a(2, "x"), a(3, "y"), a(4, "x")]), ["0,1,3"]);
    assert!(correlated(count, &[a(1, "x"), a(7, "x"), a(12, "x"), a(13, "y")]).is_empty());
    // It goes on: one alert. After a pause: another.
    assert_eq!(
        correlated(count, &[a(1, "x"), a(2, "x"), a(3, "x"), a(9, "x"), a(15, "x"), a(17, "x"), a(40, "x"), a(41, "x"), a(42, "x")]),
        ["0,1,2,3,5", "6,7,8"]
    );

    let values = "  type: value_count\n  rules: [A]\n  group-by: [sourceIPAddress]\n  timespan: 10s\n  condition: {field: requestParameters.path, gt: 1}";
    assert!(correlated(values, &[(1, "A", "x", "p"), (2, "A", "x", "p"), (3, "A", "y", "q")]).is_empty());
    assert_eq!(correlated(values, &[(1, "A", "x", "p"), (2, "A", "x", "q")]), ["0,1"]);
    assert!(correlated(values, &[(1, "A", "x", "p"), (12, "A", "x", "q")]).is_empty());

    let temporal = "  type: temporal\n  rules: [A, B]\n  group-by: [sourceIPAddress]\n  timespan: 10s";
    assert_eq!(correlated(temporal, &[(1, "B", "x", ""), (2, "A", "y", ""), (3, "A", "x", "")]), ["0,2"]);
    assert!(correlated(temporal, &[(1, "B", "x", ""), (12, "A", "x", "")]).is_empty());

    let ordered = "  type: temporal_ordered\n  rules: [A, B, C]\n  group-by: [sourceIPAddress]\n  timespan: 10s";
    assert_eq!(correlated(ordered, &[(1, "A", "x", ""), (2, "C", "x", ""), (3, "B", "x", ""), (4, "C", "x", "")]), ["0,2,3"]);
    assert!(correlated(ordered, &[(1, "B", "x", ""), (2, "A", "x", ""), (3, "C", "x", "")]).is_empty());
    assert!(correlated(ordered, &[(1, "A", "x", ""), (9, "B", "x", ""), (12, "C", "x", "")]).is_empty());
    // A later start saves the sequence.
    assert_eq!(correlated(ordered, &[(1, "A", "x", ""), (8, "A", "x", ""), (9, "B", "x", ""), (12, "C", "x", "")]), ["1,2,3"]);
}

#[test]
fn aliases_join_fields_of_different_names() {
    let alias = "  type: temporal\n  rules: [A, B]\n  aliases:\n    who: {A: sourceIPAddress, B: requestParameters.path}\n  group-by: [who]\n  timespan: 10s";
    assert_eq!(correlated(alias, &[(1, "A", "x", "q"), (2, "B", "z", "y"), (3, "B", "z", "x")]), ["0,2"]);
}

#[test]
fn base_rules_alert_only_when_asked() {
    let text = |generate: &str| {
        format!(
            "title: X\ncorrelation:\n  type: event_count\n  rules: [A]\n  group-by: [sourceIPAddress]\n  timespan: 10s\n  condition: {{gte: 2}}{generate}"
        )
    };
    let calls = [(1, "A", "x", ""), (2, "A", "x", ""), (3, "B", "x", "")];
    let names = |report: Report| report.alerts.into_iter().map(|alert| alert.rule).collect::<Vec<_>>();
    assert_eq!(names(correlation_report(&text(""), &calls)), ["X", "B"]);
    assert_eq!(names(correlation_report(&text("\n  generate: true"), &calls)), ["A", "X", "B"]);
}

#[test]
fn correlations_of_correlations() {
    let both = "title: Many\nname: many\ncorrelation:\n  type: event_count\n  rules: [A]\n  group-by: [sourceIPAddress]\n  timespan: 10s\n  condition: {gte: 2}\n---\n\
        title: X\ncorrelation:\n  type: temporal_ordered\n  rules: [many, B]\n  group-by: [sourceIPAddress]\n  timespan: 1m\n";
    let report = correlation_report(both, &[(1, "A", "x", ""), (2, "A", "x", ""), (3, "B", "y", ""), (30, "B", "x", "")]);
    let found: Vec<_> = report.alerts.iter().map(|a| (a.rule.as_str(), a.event_ids.join(","))).collect();
    assert_eq!(found, [("X", "0,1,3".to_owned())]);
}

#[test]
fn correlations_that_cannot_be_told_are_named() {
    let head = "title: X\ncorrelation:\n  group-by: [ip]\n";
    for (text, says) in [
        ("  type: event_count\n  rules: [nobody]\n  timespan: 5m\n  condition: {gte: 2}", "no rule `nobody`"),
        ("  type: event_count\n  rules: [X]\n  timespan: 5m\n  condition: {gte: 2}", "no rule `X`"),
        ("  type: event_count\n  rules: [A]\n  timespan: 5m\n  condition: {lt: 2}", "`lt`"),
        ("  type: event_count\n  rules: [A]\n  timespan: 5m\n  condition: {gte: 0}", "above zero"),
        ("  type: event_count\n  rules: [A]\n  timespan: 5w\n  condition: {gte: 2}", "timespan"),
        ("  type: value_sum\n  rules: [A]\n  timespan: 5m\n  condition: {gte: 2}", "`value_sum`"),
        ("  type: value_count\n  rules: [A]\n  timespan: 5m\n  condition: {gte: 2}", "`field`"),
    ] {
        let report = run(std::iter::empty(), &rules(&[&format!("{head}{text}")]));
        assert!(report.not_assessed.iter().any(|t| t.says.contains(says)), "{text}: {:?}", report.not_assessed);
    }
}
