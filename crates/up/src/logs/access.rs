//! API Gateway access log lines (API Gateway Developer Guide, "Variables for access logging for API Gateway").
//!
//! The default format is one JSON object of `$context` variables; a stage's own format is filled in. Never more than AWS's variables.

use model::Time;
use serde_json::{Map, Value, json};

/// What `$context` knows of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    pub request_id: String,
    pub ip: String,
    pub time: Time,
    pub method: String,
    pub resource_path: String,
    pub path: String,
    pub status: u16,
    pub response_length: usize,
    pub api_id: String,
    pub stage: String,
    pub account: String,
    pub principal_id: Option<String>,
    pub caller: Option<String>,
    pub api_key_id: Option<String>,
    pub user_agent: String,
    pub authorizer_error: Option<String>,
    pub integration_status: Option<u16>,
    pub response_type: Option<String>,
}

impl Access {
    /// The line: by the stage's format, when it has one.
    pub fn line(&self, format: Option<&str>) -> String {
        let variables = self.variables();
        match format {
            None => Value::Object(variables).to_string(),
            Some(format) => fill(format, &|name| {
                let name = match name.strip_prefix("identity.") {
                    Some("sourceIp") => "ip",
                    Some(rest) => rest,
                    None => name.strip_prefix("authorizer.").unwrap_or(name),
                };
                variables.get(name).map_or_else(|| "-".to_owned(), |value| value.as_str().map_or_else(|| value.to_string(), escaped))
            }),
        }
    }

    fn variables(&self) -> Map<String, Value> {
        let or_none = |text: Option<&str>| json!(text.filter(|text| !text.is_empty()).unwrap_or("-"));
        let fields = [
            ("requestId", json!(self.request_id)),
            ("extendedRequestId", json!(gate::invoke::request::extended_request_id(&self.request_id))),
            ("ip", json!(self.ip)),
            ("caller", or_none(self.caller.as_deref())),
            ("user", or_none(self.caller.as_deref())),
            ("requestTime", json!(common_log_time(self.time))),
            ("requestTimeEpoch", json!(self.time.0)),
            ("httpMethod", json!(self.method)),
            ("resourcePath", json!(self.resource_path)),
            ("path", json!(self.path)),
            ("status", json!(self.status.to_string())),
            ("protocol", json!("HTTP/1.1")),
            ("responseLength", json!(self.response_length.to_string())),
            ("apiId", json!(self.api_id)),
            ("stage", json!(self.stage)),
            ("accountId", json!(self.account)),
            ("principalId", or_none(self.principal_id.as_deref())),
            ("apiKeyId", or_none(self.api_key_id.as_deref())),
            ("userAgent", or_none(Some(&self.user_agent))),
            ("authorizerError", or_none(self.authorizer_error.as_deref())),
            ("integrationStatus", json!(self.integration_status.map_or("-".to_owned(), |status| status.to_string()))),
            ("responseType", or_none(self.response_type.as_deref())),
        ];
        fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// Text as it may stand inside a format's quotes.
fn escaped(text: &str) -> String {
    let quoted = Value::String(text.to_owned()).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

/// Replaces each `$context.name`; a name that is not known becomes `-`.
fn fill(format: &str, value: &dyn Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(format.len() * 2);
    let mut rest = format;
    while let Some((before, after)) = rest.split_once("$context.") {
        out.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c)).unwrap_or(after.len());
        let name = after[..end].trim_end_matches(['.', '-']);
        out.push_str(&value(name));
        rest = &after[name.len()..];
    }
    out + rest
}

/// `22/Nov/2026:13:44:13 +0000`, as in the Common Log Format.
pub(crate) fn common_log_time(time: Time) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (y, mo, d, h, mi, s) = time.utc();
    let month = MONTHS.get(mo as usize - 1).copied().unwrap_or_default();
    format!("{d:02}/{month}/{y:04}:{h:02}:{mi:02}:{s:02} +0000")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn both_formats() {
        let access = Access {
            request_id: "r".into(),
            ip: "127.9.9.9".into(),
            method: "GET".into(),
            status: 200,
            user_agent: "a\"b\u{1b}".into(),
            ..Access::default()
        };
        let line: Value = serde_json::from_str(&access.line(None)).unwrap();
        assert_eq!((&line["status"], &line["principalId"], &line["ip"]), (&json!("200"), &json!("-"), &json!("127.9.9.9")));
        let own = access.line(Some(
            r#"{"ip":"$context.identity.sourceIp","s":$context.status,"ua":"$context.identity.userAgent","x":"$context.nothing"}."#,
        ));
        assert_eq!(own, "{\"ip\":\"127.9.9.9\",\"s\":200,\"ua\":\"a\\\"b\\u001b\",\"x\":\"-\"}.");
        assert_eq!(common_log_time(Time(1_795_355_053_000)), "22/Nov/2026:13:44:13 +0000");
    }
}
