//! Module 6 of the workshop "How to secure your serverless applications", over real sockets: a web ACL on the stage stops
//! large bodies, SQL injection in body and URI, and floods; everything else passes, and the samples, the metrics and the
//! log show it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::signed::Signer;
use support::web_acl::{LOGGING, api, module_six, stage};
use support::{Fixture, http};

/// Everything is answered by mocks: what is tested is who gets as far.
fn template() -> String {
    api(&[("/socks", &["get"]), ("/customizations", &["post", "get"]), ("/customizations/{id}", &["get"])])
}

fn guarded() -> String {
    format!("{}{}{LOGGING}", template(), module_six("Block"))
}

/// Module 6D: the URI as Postman sends it.
const URI: &str = "/customizations/1;%20drop%20table%20Custom_Unicorns;";
const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;

fn unicorn(cape: &str, image: &str) -> String {
    json!({ "name": "O'Hara & Sons", "imageUrl": image, "sock": "1", "horn": "2", "glasses": "3", "cape": cape }).to_string()
}

/// The cape of module 3.
fn injected() -> String {
    unicorn("2); INSERT INTO Socks (NAME,PRICE) VALUES ('Bad color', 10000.00", "https://images.example/a.png")
}

async fn send(running: &sekisho_up::Running, method: &str, path: &str, body: &str) -> (u16, String) {
    let headers = ["Content-Type: application/json", "Authorization: Bearer a-token-of-somebody"];
    http(&running.endpoint(), method, &format!("{}{path}", stage(running)), &headers, body).await
}

/// What people do every day passes; module 6's attacks get 403 by the rule that is meant for them.
async fn everyday_and_attacks(running: &sekisho_up::Running) {
    for (method, path, body) in [
        ("GET", "/socks", String::new()),
        ("GET", "/socks?color=red&by=O%27Hara", String::new()),
        ("POST", "/customizations", unicorn("4", "https://images.example/a.png?x=1&y=%27")),
        ("POST", "/customizations", unicorn("4", &format!("https://images.example/{}.png", "a".repeat(2800)))),
        ("GET", "/customizations/17", String::new()),
    ] {
        let (status, answer) = send(running, method, path, &body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
    }
    let large = unicorn("2", &format!("https://abc.efg.com/{}.png", "Y".repeat(3000)));
    for (method, path, body, rule) in [
        ("POST", "/customizations", large, "LargeBodyMatchRule"),
        ("POST", "/customizations", injected(), "SQLinjectionRule"),
        ("GET", URI, String::new(), "SQLinjectionRule"),
        ("GET", "/socks?id=1%20UNION%20SELECT%20password%20FROM%20Companies--", String::new(), "SQLinjectionRule"),
    ] {
        let (status, answer) = send(running, method, path, &body).await;
        assert_eq!((status, answer.ends_with(FORBIDDEN)), (403, true), "{method} {path}: {answer}");
        assert!(answer.contains("x-amzn-errortype: ForbiddenException"), "{answer}");
        let why = answer.lines().find(|line| line.starts_with("x-sekisho-why: waf;")).unwrap_or_default();
        assert!(why.contains(rule), "{rule}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_acl_of_the_template_stops_what_module_six_stops() {
    let before = Fixture::new(&template(), &[]);
    let running = before.start().await;
    for (method, path, body) in [("GET", URI, String::new()), ("POST", "/customizations", injected())] {
        assert_eq!(send(&running, method, path, &body).await.0, 200, "without a web ACL nothing stops {path}");
    }
    running.stop().await;

    let fixture = Fixture::new(&guarded(), &[]);
    let running = fixture.start().await;
    everyday_and_attacks(&running).await;
    let (_, answer) = send(&running, "GET", URI, "").await;
    assert!(answer.contains("template.yaml:"), "the place of the rule: {answer}");
    watched(&running).await;
    logged(&running);
    journal(&running);
    running.stop().await;
}

/// Sampled requests and metrics, as module 6D looks at them.
async fn watched(running: &sekisho_up::Running) {
    let root = Signer::root(running);
    let (_, list) = root.waf("ListWebACLs", &json!({ "Scope": "REGIONAL" })).await;
    let arn = list["WebACLs"][0]["ARN"].as_str().unwrap().to_owned();
    let sampled = async |metric: &str| {
        let window = json!({ "StartTime": 0, "EndTime": 99_999_999_999_u64 });
        let body = json!({ "WebAclArn": arn, "RuleMetricName": metric, "Scope": "REGIONAL", "TimeWindow": window, "MaxItems": 100 });
        root.waf("GetSampledRequests", &body).await.1
    };
    let sqli = sampled("SQLinjectionRule").await;
    assert_eq!(sqli["PopulationSize"], 4, "{sqli}");
    let of_uri = sqli["SampledRequests"].as_array().unwrap().iter().find(|one| one["Request"]["URI"].as_str().unwrap().ends_with(URI));
    let of_uri = of_uri.unwrap_or_else(|| panic!("{sqli}"));
    assert_eq!(
        (&of_uri["Action"], &of_uri["Request"]["Method"], &of_uri["Request"]["ClientIP"]),
        (&json!("BLOCK"), &json!("GET"), &json!("127.0.0.1"))
    );
    assert_eq!(sampled("LargeBodyMatchRule").await["PopulationSize"], 1);

    let metric = async |name: &str, rule: &str| {
        let dimensions = json!([
            { "Name": "WebACL", "Value": "ProtectUnicorn" }, { "Name": "Rule", "Value": rule }, { "Name": "Region", "Value": "us-east-1" }]);
        let body = json!({ "Namespace": "AWS/WAFV2", "MetricName": name, "Dimensions": dimensions, "Statistics": ["Sum"], "Period": 86_400,
            "StartTime": 0, "EndTime": 99_999_999_999_u64 });
        let (_, answer) = root.cloudwatch("GetMetricStatistics", &body).await;
        answer["Datapoints"].as_array().unwrap().iter().map(|point| point["Sum"].as_f64().unwrap()).sum::<f64>()
    };
    assert_eq!(metric("BlockedRequests", "SQLinjectionRule").await, 4.0);
    assert_eq!(metric("BlockedRequests", "LargeBodyMatchRule").await, 1.0);
    assert_eq!((metric("BlockedRequests", "ALL").await, metric("AllowedRequests", "ALL").await), (5.0, 5.0));
}

/// WAF's own log, read as `investigate` reads it.
fn logged(running: &sekisho_up::Running) {
    running.flush_logs();
    let mut logs = read::log::open(&[running.logs().to_path_buf()], read::log::Limits::default());
    let waf: Vec<_> = (&mut logs).filter(|event| event.log == model::LogKind::Waf).collect();
    assert_eq!(waf.len(), 10, "{:?}", logs.troubles());
    let blocked: Vec<_> = waf.iter().filter(|event| event.record["action"] == "BLOCK").collect();
    assert_eq!(blocked.len(), 5);
    let uri = blocked.iter().find(|event| event.record["httpRequest"]["uri"].as_str().unwrap().ends_with(URI)).unwrap();
    assert_eq!((&uri.record["terminatingRuleId"], &uri.record["httpSourceName"]), (&json!("SQLinjectionRule"), &json!("APIGW")));
    assert_eq!(uri.record["terminatingRuleMatchDetails"][0]["conditionType"], "SQL_INJECTION");
    let text = serde_json::to_string(&waf.iter().map(|event| &event.record).collect::<Vec<_>>()).unwrap();
    assert!(text.contains("REDACTED") && !text.contains("a-token-of-somebody"), "a redacted header is in the log");
}

/// The replay law holds for what the web ACL judged, and no credential is in the journal.
fn journal(running: &sekisho_up::Running) {
    let text = std::fs::read_to_string(running.journal()).unwrap();
    let app = running.app();
    let mut judged = 0;
    for line in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|line| line.get("call").is_some()) {
        let entry: gate::Entry = serde_json::from_value(line.clone()).unwrap();
        assert_eq!(serde_json::to_value(entry.replay(&app)).unwrap(), line["verdict"], "{line}");
        judged += 1;
    }
    assert!(judged >= 9, "{judged}");
    assert!(!text.contains("a-token-of-somebody"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_limited_and_nobody_else() {
    let fixture = Fixture::new(&guarded(), &[]);
    let running = fixture.start().await;
    let path = format!("{}/socks", stage(&running));
    let endpoint = running.endpoint();
    // WAF looks every ten seconds: the flood goes on until it did, and no longer than three looks.
    let flood = move || {
        let mut flood = support::KeepAlive::new(&endpoint);
        let begun = std::time::Instant::now();
        let mut passed = 0;
        loop {
            match flood.get(&path) {
                200 => passed += 1,
                403 => return passed,
                other => panic!("{other}"),
            }
            assert!(begun.elapsed().as_secs() < 60, "{passed} requests passed and none was limited");
        }
    };
    let passed = tokio::task::spawn_blocking(flood).await.unwrap();
    assert!(passed > 2000, "limited after {passed} requests");
    let (status, answer) = send(&running, "GET", "/socks", "").await;
    assert!(status == 403 && answer.contains("RequestFloodRule"), "{answer}");
    running.flush_logs();
    journal(&running);
    running.stop().await;
}
