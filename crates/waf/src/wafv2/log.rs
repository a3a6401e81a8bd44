//! A judgement as AWS WAF logs it: "Log fields" and "Log examples" of the developer guide.

use super::ast::WebAcl;
use super::judgement::{GroupRecord, Judgement, MatchDetail, Outcome, RateRecord, RuleMatch};
use crate::request::Request;
use serde_json::{Value, json};

/// What the log says of the resource, which the request does not know.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Milliseconds since 1970.
    pub timestamp: u64,
    /// `httpSourceName`: `APIGW`, `CF`, `ALB`, ...
    pub name: &'a str,
    /// `httpSourceId`: for API Gateway `<account>:<api>:<stage>`.
    pub id: &'a str,
    /// `requestId`.
    pub request_id: &'a str,
}

/// Parts of the request that logs leave out (`RedactedFields`).
#[derive(Clone, Debug, Default)]
pub struct Redacted {
    /// `UriPath`.
    pub uri: bool,
    /// `QueryString`.
    pub query: bool,
    /// `Method`.
    pub method: bool,
    /// `SingleHeader` names.
    pub headers: Vec<String>,
}

/// Most labels that are logged.
const MOST_LABELS: usize = 100;

/// The log record of a judgement.
pub fn log_line(acl: &WebAcl, request: &Request<'_>, judgement: &Judgement, source: &Source<'_>, redacted: &Redacted) -> Value {
    let end = judgement.terminating.as_ref();
    let response = judgement.response.as_ref();
    let mut line = json!({
        "timestamp": source.timestamp,
        "formatVersion": 1,
        "webaclId": acl.arn,
        "terminatingRuleId": end.map_or("Default_Action", |end| &end.rule),
        "terminatingRuleType": end.map_or("REGULAR", |end| end.kind.name()),
        "action": judgement.outcome.name(),
        "terminatingRuleMatchDetails": details(end.map_or(&[], |end| &end.matched.details)),
        "httpSourceName": source.name,
        "httpSourceId": source.id,
        "ruleGroupList": judgement.groups.iter().map(group).collect::<Vec<_>>(),
        "rateBasedRuleList": judgement.rates.iter().map(|rate| rated(acl, rate)).collect::<Vec<_>>(),
        "nonTerminatingMatchingRules": judgement.non_terminating.iter().map(rule).collect::<Vec<_>>(),
        "requestHeadersInserted": headers_inserted(judgement),
        // Set where a custom response was sent, and for puzzles and challenges.
        "responseCodeSent": response.filter(|response| response.custom || judgement.outcome != Outcome::Block).map(|response| response.status),
        "httpRequest": http_request(request, source, redacted),
    });
    let mut put = |key: &str, value: Value| {
        if let Value::Object(members) = &mut line {
            members.insert(key.into(), value);
        }
    };
    if !judgement.labels.is_empty() {
        put("labels", judgement.labels.iter().take(MOST_LABELS).map(|label| json!({"name": label})).collect());
    }
    if !judgement.oversize.is_empty() {
        put("oversizeFields", judgement.oversize.iter().copied().collect());
    }
    if let (Some(failure), Some(response)) = (end.and_then(|end| end.failure), response) {
        let key = if judgement.outcome == Outcome::Captcha { "captchaResponse" } else { "challengeResponse" };
        put(key, json!({"responseCode": response.status, "solveTimestamp": 0, "failureReason": failure}));
    }
    for (key, value) in [("ja3Fingerprint", request.ja3), ("ja4Fingerprint", request.ja4)] {
        if let Some(value) = value {
            put(key, value.into());
        }
    }
    if let Some(asn) = request.asn {
        put("clientAsn", asn.into());
    }
    // The body as it arrived, and how much of it was inspected, where there is one.
    if request.body_size > 0 {
        put("requestBodySize", request.body_size.into());
        put("requestBodySizeInspectedByWAF", judgement.body_inspected.into());
    }
    line
}

fn headers_inserted(judgement: &Judgement) -> Value {
    if judgement.inserted.is_empty() {
        return Value::Null;
    }
    judgement.inserted.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

fn details(details: &[MatchDetail]) -> Value {
    let one = |detail: &MatchDetail| {
        let mut value = json!({"conditionType": detail.condition, "location": detail.location, "matchedData": detail.data});
        if let Some(high) = detail.high {
            value["sensitivityLevel"] = if high { "HIGH" } else { "LOW" }.into();
        }
        if let Some(field) = &detail.field {
            value["matchedFieldName"] = field.as_str().into();
        }
        value
    };
    details.iter().map(one).collect()
}

fn rule(matched: &RuleMatch) -> Value {
    let mut value = json!({"ruleId": matched.rule, "action": matched.action, "ruleMatchDetails": details(&matched.details)});
    if let Some(overridden) = matched.overridden {
        value["overriddenAction"] = overridden.into();
    }
    if let Some(solved) = matched.solved {
        let key = if matched.action == "CAPTCHA" { "captchaResponse" } else { "challengeResponse" };
        value[key] = json!({"responseCode": 0, "solveTimestamp": solved});
    }
    value
}

fn group(group: &GroupRecord) -> Value {
    let (excluded, counted): (Vec<&RuleMatch>, Vec<&RuleMatch>) = group.non_terminating.iter().partition(|matched| matched.excluded);
    let excluded: Vec<Value> =
        excluded.iter().map(|matched| json!({"exclusionType": "EXCLUDED_AS_COUNT", "ruleId": matched.rule})).collect();
    json!({
        "ruleGroupId": group.id,
        "terminatingRule": group.terminating.as_ref().map(rule),
        "nonTerminatingMatchingRules": counted.into_iter().map(rule).collect::<Vec<_>>(),
        "excludedRules": if excluded.is_empty() { Value::Null } else { excluded.into() },
    })
}

fn rated(acl: &WebAcl, rate: &RateRecord) -> Value {
    let mut value = json!({
        "rateBasedRuleId": format!("{}/{}", acl.arn, rate.rule),
        "rateBasedRuleName": rate.rule.rsplit('/').next(),
        "limitKey": rate.key,
        "maxRateAllowed": rate.limit,
        "evaluationWindowSec": rate.window.to_string(),
    });
    if let Some(limited) = &rate.value {
        value["limitValue"] = limited.as_str().into();
    }
    if !rate.custom.is_empty() {
        value["customValues"] = rate
            .custom
            .iter()
            .map(|(kind, name, value)| match name {
                Some(name) => json!({"key": kind, "name": name, "value": value}),
                None => json!({"key": kind, "value": value}),
            })
            .collect();
    }
    value
}

fn http_request(request: &Request<'_>, source: &Source<'_>, redacted: &Redacted) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let hide = |hidden: bool, value: String| if hidden { "REDACTED".to_owned() } else { value };
    let header = |(name, value): &(&str, &[u8])| {
        let hidden = redacted.headers.iter().any(|known| known.eq_ignore_ascii_case(name));
        json!({"name": name, "value": hide(hidden, text(value))})
    };
    let mut value = json!({
        "clientIp": request.client_ip.map(|address| address.to_string()),
        "country": request.country.unwrap_or("-"),
        "headers": request.headers.iter().map(header).collect::<Vec<_>>(),
        "uri": hide(redacted.uri, text(request.path)),
        "args": hide(redacted.query, text(request.query)),
        "httpVersion": request.http_version,
        "httpMethod": hide(redacted.method, request.method.to_owned()),
        "requestId": source.request_id,
    });
    if let Some(fragment) = request.fragment {
        value["fragment"] = text(fragment).into();
    }
    value
}
