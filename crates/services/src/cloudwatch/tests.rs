//! CloudWatch over what was counted: the three protocols, periods, errors.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::testing::{self, form_request, json_request};
use model::{Event, Metric, Store, Time};

/// A world in which things were counted.
#[derive(Default)]
struct Counted(testing::Memory);

impl World for Counted {
    fn now(&self) -> Time {
        self.0.now()
    }
    fn random(&self, bytes: &mut [u8]) {
        self.0.random(bytes);
    }
    fn store(&self, service: &str) -> &dyn Store {
        self.0.store(service)
    }
    fn log(&self, event: Event) {
        self.0.log(event);
    }
    fn metrics(&self) -> Vec<Metric> {
        let dimensions =
            |rule: &str| [("Region", "us-east-1"), ("Rule", rule), ("WebACL", "acl")].map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec();
        let minutes = vec![(Time(1_795_355_040_000), 2), (Time(1_795_355_100_000), 3), (Time(1_795_355_340_000), 5)];
        let metric = |name: &str, rule| Metric {
            namespace: "AWS/WAFV2".into(),
            name: name.into(),
            dimensions: dimensions(rule),
            minutes: minutes.clone(),
        };
        vec![metric("BlockedRequests", "ALL"), metric("AllowedRequests", "ALL"), metric("BlockedRequests", "sqli")]
    }
}

fn call(request: &HttpRequest) -> Result<HttpResponse, ServiceError> {
    let app = testing::app([]);
    let (_, done) = testing::call(&CloudWatch, &app, &Counted::default(), request)?;
    Ok(answered(request, crate::answered("monitoring", done.response, "id-1")))
}

fn statistics() -> Value {
    json!({
        "Namespace": "AWS/WAFV2", "MetricName": "BlockedRequests", "StartTime": 1_795_355_000, "EndTime": 1_795_356_000, "Period": 300,
        "Statistics": ["Sum"],
        "Dimensions": [{"Name": "WebACL", "Value": "acl"}, {"Name": "Rule", "Value": "sqli"}, {"Name": "Region", "Value": "us-east-1"}],
    })
}

#[test]
fn the_three_protocols_say_the_same() {
    let json = call(&json_request("GraniteServiceVersion20100801.GetMetricStatistics", &statistics())).unwrap();
    // The first period begins before the start: CloudWatch takes the whole of it.
    let expected = json!({ "Label": "BlockedRequests", "Datapoints": [
        { "Timestamp": 1_795_354_800, "Unit": "None", "Sum": 2.0 }, { "Timestamp": 1_795_355_100, "Unit": "None", "Sum": 8.0 }] });
    assert_eq!(serde_json::from_slice::<Value>(&json.body).unwrap(), expected);
    let by_cbor = HttpRequest {
        method: "POST".into(),
        path: "/service/GraniteServiceVersion20100801/operation/GetMetricStatistics".into(),
        headers: vec![("smithy-protocol".into(), "rpc-v2-cbor".into())],
        body: cbor::encode(&statistics(), &TIMES),
        ..HttpRequest::default()
    };
    let cbor = call(&by_cbor).unwrap();
    assert_eq!((cbor.header("content-type"), cbor.header("smithy-protocol")), (Some("application/cbor"), Some("rpc-v2-cbor")));
    assert_eq!(cbor::decode(&cbor.body).unwrap(), expected);
    let query = form_request(
        "Action=GetMetricStatistics&Version=2010-08-01&Namespace=AWS%2FWAFV2&MetricName=BlockedRequests&StartTime=2026-11-22T13:43:20Z\
         &EndTime=2026-11-22T14:00:00Z&Period=300&Statistics.member.1=Sum&Dimensions.member.1.Name=WebACL&Dimensions.member.1.Value=acl\
         &Dimensions.member.2.Name=Rule&Dimensions.member.2.Value=sqli&Dimensions.member.3.Name=Region&Dimensions.member.3.Value=us-east-1",
    );
    let xml = String::from_utf8(call(&query).unwrap().body).unwrap();
    assert!(xml.contains("<Sum>8.0</Sum>") && xml.contains("<RequestId>id-1</RequestId>"), "{xml}");
}

#[test]
fn data_and_lists() {
    let metric = json!({ "Namespace": "AWS/WAFV2", "MetricName": "BlockedRequests", "Dimensions": statistics()["Dimensions"] });
    let asked = |stat: Value, scan: &str| {
        let body = json!({ "StartTime": 1_795_355_000, "EndTime": 1_795_356_000, "ScanBy": scan, "MetricDataQueries": [stat] });
        call(&json_request("GraniteServiceVersion20100801.GetMetricData", &body))
    };
    let query = json!({ "Id": "a", "MetricStat": { "Metric": metric, "Period": 60, "Stat": "Sum" } });
    let data: Value = serde_json::from_slice(&asked(query, "TimestampAscending").unwrap().body).unwrap();
    assert_eq!(data["MetricDataResults"][0]["Values"], json!([2.0, 3.0, 5.0]));
    assert_eq!(asked(json!({ "Id": "a", "Expression": "SUM(b)" }), "").unwrap_err().code, "InvalidParameterValue");
    let list = |filter: Value| {
        let answer = call(&json_request("GraniteServiceVersion20100801.ListMetrics", &filter)).unwrap();
        serde_json::from_slice::<Value>(&answer.body).unwrap()["Metrics"].as_array().unwrap().len()
    };
    assert_eq!(list(json!({})), 3);
    assert_eq!(list(json!({ "MetricName": "BlockedRequests", "Dimensions": [{ "Name": "Rule", "Value": "sqli" }] })), 1);
    assert_eq!(list(json!({ "Namespace": "AWS/Lambda" })), 0);
}

#[test]
fn an_error_is_named_in_every_protocol() {
    let error = call(&json_request("GraniteServiceVersion20100801.PutMetricData", &json!({}))).unwrap_err();
    assert_eq!(error.code, "InvalidAction");
    let rendered = crate::render_error("monitoring", &error, "id-2");
    let asked = |headers: &[(&str, &str)]| HttpRequest {
        headers: headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..HttpRequest::default()
    };
    let cbor = answered(&asked(&[("smithy-protocol", "rpc-v2-cbor")]), rendered.clone());
    assert_eq!((cbor.header("x-amzn-query-error"), cbor.status), (Some("InvalidAction;Sender"), 400));
    assert_eq!(cbor::decode(&cbor.body).unwrap()["__type"], "InvalidAction");
    let xml = answered(&asked(&[]), rendered);
    assert!(String::from_utf8(xml.body).unwrap().contains("<Code>InvalidAction</Code>"));
}
