//! A function's answer to a proxy integration (API Gateway Developer Guide, "Output format of a Lambda function for
//! proxy integration"). All members are optional, no others are allowed.

use super::binary;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::HttpResponse;
use model::aws::RestApi;
use serde_json::{Map, Value};

/// The response that a function's answer stands for. `accept` is the request's `Accept` header: only where it names one
/// of the API's binary media types is a base64 body decoded. `None` when the answer is malformed, or is the error of a
/// function that failed: API Gateway answers both with 502.
pub fn answer(api: &RestApi, accept: Option<&str>, payload: &[u8]) -> Option<HttpResponse> {
    const MEMBERS: [&str; 5] = ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];
    let answer: Map<String, Value> = serde_json::from_slice(payload).ok()?;
    if answer.keys().any(|key| !MEMBERS.contains(&key.as_str())) {
        return None;
    }
    let status = match answer.get("statusCode") {
        None | Some(Value::Null) => 200,
        Some(Value::Number(number)) => u16::try_from(number.as_u64()?).ok()?,
        Some(Value::String(text)) => text.parse().ok()?,
        Some(_) => return None,
    };
    if !(100..=599).contains(&status) {
        return None;
    }
    let body = match answer.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if answer.get("isBase64Encoded") == Some(&Value::Bool(true)) && binary(api, accept) => {
            STANDARD.decode(text).ok()?
        }
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(_) => return None,
    };
    Some(HttpResponse { status, headers: headers(&answer)?, body })
}

/// Both maps together: the lists come first and their names' case wins.
fn headers(answer: &Map<String, Value>) -> Option<Vec<(String, String)>> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, values) in members(answer, "multiValueHeaders")? {
        headers.extend(values.as_array()?.iter().map(|value| Some((name.clone(), text(value)?))).collect::<Option<Vec<_>>>()?);
    }
    for (name, value) in members(answer, "headers")? {
        let written = headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map_or(name, |(own, _)| own).clone();
        headers.push((written, text(value)?));
    }
    if model::http::header(&headers, "content-type").is_none() {
        headers.push(("Content-Type".into(), "application/json".into()));
    }
    Some(headers)
}

fn members<'a>(answer: &'a Map<String, Value>, key: &str) -> Option<Vec<(&'a String, &'a Value)>> {
    match answer.get(key) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Object(members)) => Some(members.iter().collect()),
        Some(_) => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}
