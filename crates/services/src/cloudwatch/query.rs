//! The query protocol's XML answers (Smithy, "AWS Query protocol").

use crate::wire;
use model::{HttpRequest, Time};
use serde_json::Value;

const NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";
/// The XML of an answer or an error.
pub(super) fn answer(request: &HttpRequest, body: &Value, request_id: &str) -> String {
    let id = wire::xml_escape(request_id);
    if let Some(code) = body.get("__type").and_then(Value::as_str) {
        let message = ["message", "Message"].iter().find_map(|key| body.get(*key)).and_then(Value::as_str).unwrap_or_default();
        let (code, message) = (wire::xml_escape(code), wire::xml_escape(message));
        return format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>{id}</RequestId></ErrorResponse>"
        );
    }
    let (operation, _) = wire::query_parameters(request);
    let operation = wire::xml_escape(&operation);
    format!(
        "<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>{}</{operation}Result><ResponseMetadata><RequestId>{id}</RequestId>\
         </ResponseMetadata></{operation}Response>",
        xml("", body)
    )
}

fn xml(name: &str, value: &Value) -> String {
    match value {
        Value::Object(members) => members.iter().map(|(key, value)| format!("<{key}>{}</{key}>", xml(key, value))).collect(),
        Value::Array(items) => items.iter().map(|item| format!("<member>{}</member>", xml(name, item))).collect(),
        Value::Number(number) if super::TIMES.contains(&name) => Time(number.as_i64().unwrap_or_default().saturating_mul(1000)).to_string(),
        Value::String(text) => wire::xml_escape(text),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
