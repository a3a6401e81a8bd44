//! What a record is, told by what is in it and never by its file's name. A line of a function's log stays one
//! whatever it contains: functions print what strangers send them.

use super::{rds_audit, time, vpcflow};
use model::{LogKind, Time};
use serde_json::{Map, Value, json};

/// A record that was understood.
pub(super) struct Record {
    pub log: LogKind,
    pub time: Time,
    /// The log's own id; the place stands in where it has none.
    pub id: Option<String>,
    pub record: Value,
}

/// What became of a piece of a log.
pub(super) enum Read {
    Record(Record),
    /// Known, and no event: a digest, a header, a file's comment.
    NoEvent,
    /// Not understood, and why.
    Unknown(&'static str),
}

const NO_TIME: &str = "the record has no time that can be read";

/// A JSON record of any log.
pub(super) fn json(mut value: Value) -> Read {
    let Some(object) = value.as_object() else { return Read::Unknown("a record that is no JSON object") };
    let has = |key: &str| object.contains_key(key);
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    if let Some(inner) = text("CloudTrailEvent") {
        return match serde_json::from_str(inner) {
            Ok(inner @ Value::Object(_)) => json(inner),
            _ => Read::Unknown("CloudTrailEvent holds no JSON"),
        };
    }
    if has("digestStartTime") && has("digestS3Object") {
        return Read::NoEvent;
    }
    if has("eventTime") && (has("eventSource") || has("eventType")) && has("eventName") {
        let Some(time) = text("eventTime").and_then(time::iso) else { return Read::Unknown(NO_TIME) };
        let id = text("eventID").map(str::to_owned);
        return Read::Record(Record { log: LogKind::Cloudtrail, time, id, record: value });
    }
    if has("webaclId") && has("httpRequest") {
        let Some(time) = object.get("timestamp").and_then(millis) else { return Read::Unknown(NO_TIME) };
        let id = object.get("httpRequest").and_then(|r| r.get("requestId")).and_then(Value::as_str).map(str::to_owned);
        return Read::Record(Record { log: LogKind::Waf, time, id, record: value });
    }
    if has("trace_id") && has("start_time") {
        let seconds = object.get("start_time").and_then(Value::as_f64);
        let Some(seconds) = seconds.filter(|s| (0.0..1e11).contains(s)) else { return Read::Unknown(NO_TIME) };
        let id = text("id").map(str::to_owned);
        return Read::Record(Record { log: LogKind::Xray, time: Time((seconds * 1000.0) as i64), id, record: value });
    }
    if has("requestId") && ["httpMethod", "routeKey", "resourcePath", "apiId", "requestTimeEpoch"].into_iter().any(has) {
        let epoch = object.get("requestTimeEpoch").and_then(millis);
        let clock = || text("requestTime").and_then(|text| time::clf(text).or_else(|| time::iso(text)));
        let id = text("requestId").map(str::to_owned);
        let Some(time) = epoch.or_else(clock) else { return Read::Unknown(NO_TIME) };
        return Read::Record(Record { log: LogKind::ApiGateway, time, id, record: value });
    }
    if has("interface-id") && has("srcaddr") || has("interface_id") && has("srcaddr") {
        return vpcflow::record(object.clone());
    }
    // CloudWatch Logs as `get-log-events`, `filter-log-events` and subscriptions give it.
    if has("timestamp") && object.get("message").is_some_and(Value::is_string) && !has("level") {
        let at = object.get("timestamp").and_then(millis);
        let id = text("id").or_else(|| text("eventId")).map(str::to_owned);
        let stream = text("logStreamName").map(str::to_owned);
        if let (Some(at), Some(Value::String(message))) = (at, value.get_mut("message").map(Value::take)) {
            return cloudwatch(at, id, stream, &message);
        }
        return Read::Unknown(NO_TIME);
    }
    // A function's log in JSON format (Lambda Developer Guide, "Working with the JSON log format").
    let at = text("time").or_else(|| text("timestamp")).and_then(time::iso);
    let platform = text("type").is_some_and(|t| t.starts_with("platform."));
    if let (true, Some(at)) = (platform || has("requestId") && has("level"), at) {
        let request = object.get("requestId").or_else(|| object.get("record").and_then(|r| r.get("requestId"))).cloned();
        let mut record = lambda_fields(at, &value.to_string());
        record.insert("@requestId".into(), request.unwrap_or(Value::Null));
        for (key, value) in value.as_object_mut().map(std::mem::take).unwrap_or_default() {
            record.insert(key, value);
        }
        return Read::Record(Record { log: LogKind::Lambda, time: at, id: None, record: Value::Object(record) });
    }
    Read::Unknown("a JSON record of no kind that is read here")
}

/// One event of CloudWatch Logs whose message may itself be a record.
fn cloudwatch(at: Time, id: Option<String>, stream: Option<String>, message: &str) -> Read {
    let mut read = if platform_line(message) { Read::Record(lambda(at, message)) } else { line(message) };
    if let Read::Unknown(_) = read {
        // In a list of log events nothing else is free text.
        read = Read::Record(lambda(at, message));
    }
    if let Read::Record(record) = &mut read {
        record.id = record.id.take().or(id);
        if let (Some(stream), LogKind::Lambda, Some(fields)) = (stream, record.log, record.record.as_object_mut()) {
            fields.insert("@logStream".into(), stream.into());
        }
    }
    read
}

/// A line of any text log but a function's, its CloudWatch time taken off.
pub(super) fn line(message: &str) -> Read {
    let message = message.trim();
    if message.starts_with('{') {
        return match serde_json::from_str(message) {
            Ok(value) => json(value),
            Err(_) => Read::Unknown("a line that starts like JSON and is none"),
        };
    }
    if message.starts_with('#') {
        return Read::NoEvent;
    }
    rds_audit::line(message).or_else(|| vpcflow::line(message)).unwrap_or(Read::Unknown("a line of no kind that is read here"))
}

/// Whether Lambda itself wrote this line (Lambda Developer Guide, "Understanding the log format").
pub(super) fn platform_line(message: &str) -> bool {
    ["START RequestId: ", "END RequestId: ", "REPORT RequestId: ", "INIT_START Runtime Version: ", "INIT_REPORT "]
        .iter()
        .any(|start| message.starts_with(start))
}

/// A line of a function's log, with the names CloudWatch Logs Insights gives.
pub(super) fn lambda(at: Time, message: &str) -> Record {
    let mut record = lambda_fields(at, message);
    let platform = platform_line(message);
    let request = match platform {
        true => message.split_once("RequestId: ").and_then(|(_, rest)| rest.split_whitespace().next()),
        // `time \t request id \t level \t message`, the runtimes' text format.
        false => message.split('\t').nth(1),
    };
    if let Some(request) = request.filter(|id| id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')) {
        record.insert("@requestId".into(), request.into());
    }
    if platform {
        record.insert("@type".into(), message.split(' ').next().unwrap_or_default().into());
    } else if let Some(level) = message.split('\t').nth(2) {
        record.insert("level".into(), level.into());
    }
    Record { log: LogKind::Lambda, time: at, id: None, record: Value::Object(record) }
}

fn lambda_fields(at: Time, message: &str) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("@timestamp".into(), json!(at.0));
    record.insert("@message".into(), message.into());
    record
}

/// Milliseconds since the epoch, as number or text.
fn millis(value: &Value) -> Option<Time> {
    let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))?;
    Some(Time(number))
}
