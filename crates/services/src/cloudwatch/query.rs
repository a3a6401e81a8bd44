//! The query protocol's parameters as the object they stand for (`Dimensions.member.1.Name=..`), and its XML answers
//! (Smithy, "AWS Query protocol").

use crate::wire;
use model::{HttpRequest, Time};
use serde_json::{Map, Value, json};

const NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";
/// Items of one list at most; a number in a parameter's name must not make a list of its size.
const ITEMS: usize = 1000;

/// The operation and its parameters. All values are texts.
pub(super) fn parameters(request: &HttpRequest) -> (String, Value) {
    let mut operation = String::new();
    let mut root = json!({});
    for (name, value) in wire::form(request) {
        match name.as_str() {
            "Action" => operation = value,
            "Version" => {}
            name => {
                let steps: Vec<&str> = name.split('.').filter(|step| *step != "member").take(16).collect();
                put(&mut root, &steps, value);
            }
        }
    }
    (operation, root)
}

fn put(at: &mut Value, steps: &[&str], value: String) {
    let Some((step, rest)) = steps.split_first() else {
        *at = Value::String(value);
        return;
    };
    if let Ok(number @ 1..=ITEMS) = step.parse::<usize>() {
        if !at.is_array() {
            *at = json!([]);
        }
        if let Value::Array(items) = at {
            if items.len() < number {
                items.resize(number, Value::Null);
            }
            if let Some(item) = items.get_mut(number - 1) {
                put(item, rest, value);
            }
        }
        return;
    }
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    if let Value::Object(members) = at {
        put(members.entry((*step).to_owned()).or_insert(Value::Null), rest, value);
    }
}

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
    let (operation, _) = parameters(request);
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
