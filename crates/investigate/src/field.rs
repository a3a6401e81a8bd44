//! A record's fields: looked up by dotted names, through lists. Names that a log's schema does not have are
//! told, so that a misspelt rule is not taken for a silent one.

use crate::rule::Field;
use model::LogKind;
use serde_json::Value;

/// CloudTrail User Guide, "CloudTrail record contents" (record version 1.11 and Insights).
const CLOUDTRAIL: [&str; 33] = [
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "requestID",
    "eventID",
    "eventType",
    "apiVersion",
    "managementEvent",
    "readOnly",
    "resources",
    "recipientAccountId",
    "serviceEventDetails",
    "sharedEventID",
    "vpcEndpointId",
    "vpcEndpointAccountId",
    "eventCategory",
    "addendum",
    "sessionCredentialFromConsole",
    "edgeDeviceDetails",
    "tlsDetails",
    "insightDetails",
    "eventContext",
    "networkActivityDetails",
];

/// Aurora User Guide, "Audit log details".
const RDS_AUDIT: [&str; 10] =
    ["timestamp", "serverhost", "username", "host", "connectionid", "queryid", "operation", "database", "object", "retcode"];

/// Top-level names the log can have; `None` where its format is the user's own.
fn schema(log: LogKind) -> Option<&'static [&'static str]> {
    match log {
        LogKind::Cloudtrail => Some(&CLOUDTRAIL),
        LogKind::RdsAudit => Some(&RDS_AUDIT),
        LogKind::ApiGateway | LogKind::Lambda | LogKind::Waf | LogKind::Vpcflow | LogKind::Xray => None,
    }
}

/// Whether a record of this log can have such a field.
pub fn possible(log: LogKind, field: &Field) -> bool {
    schema(log).is_none_or(|names| field.path.first().is_some_and(|first| names.contains(&&**first)))
}

/// Calls `test` with each value the field has, until it answers true. Lists on the way and at the end are
/// taken apart: a field of many values matches when one does.
pub fn any(record: &Value, field: &Field, test: &mut dyn FnMut(&Value) -> bool) -> bool {
    if let [name] = &*field.path {
        return record.get(&**name).is_some_and(|value| leaf(value, test));
    }
    // Flattened records carry the dotted name itself.
    if let Some(value) = record.get(&*field.name) {
        return leaf(value, test);
    }
    descend(record, &field.path, test)
}

fn descend(value: &Value, path: &[Box<str>], test: &mut dyn FnMut(&Value) -> bool) -> bool {
    let Some((key, rest)) = path.split_first() else { return leaf(value, test) };
    match value {
        Value::Object(members) => members.get(&**key).is_some_and(|value| descend(value, rest, test)),
        Value::Array(items) => items.iter().any(|item| descend(item, path, test)),
        _ => false,
    }
}

fn leaf(value: &Value, test: &mut dyn FnMut(&Value) -> bool) -> bool {
    match value {
        Value::Array(items) if !items.is_empty() => items.iter().any(|item| leaf(item, test)),
        _ => test(value),
    }
}

/// The first value of a field as text: what grouping compares.
pub fn text(record: &Value, field: &Field) -> Option<String> {
    let mut found = None;
    any(record, field, &mut |value| {
        found = scalar(value);
        found.is_some()
    });
    found
}

/// A scalar as text.
pub fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{possible, text};
    use crate::rule::Field;
    use model::LogKind;
    use serde_json::json;

    #[test]
    fn nested_flat_and_through_lists() {
        let record = json!({"a": {"b": [{"c": 1}, {"c": 2}]}, "x.y": "flat", "list": ["p", "q"], "none": null});
        let get = |name: &str| text(&record, &Field::new(name));
        assert_eq!(get("a.b.c").as_deref(), Some("1"));
        assert_eq!(get("x.y").as_deref(), Some("flat"));
        assert_eq!(get("list").as_deref(), Some("p"));
        assert_eq!((get("none"), get("a"), get("a.z")), (None, None, None));
    }

    #[test]
    fn a_misspelt_field_is_not_possible() {
        assert!(possible(LogKind::Cloudtrail, &Field::new("userIdentity.arn")));
        assert!(!possible(LogKind::Cloudtrail, &Field::new("user_identity.arn")));
        assert!(possible(LogKind::ApiGateway, &Field::new("whatever")));
    }
}
