//! A log record of AWS WAF against a web ACL: would it have answered the same?
//!
//! Logs do not hold the body, nor what was redacted. A record whose answer may rest on one of these is not assessed: it is
//! never counted as agreement.

use super::ast::{Field, Statement, WebAcl};
use super::component::Forwarded;
use super::evaluate::Evaluation;
use super::look::{Found, Look, Plain, inspected};
use super::rate::{RateKeyValues, RateTable};
use super::state::{State, Token};
use super::{Outcome, ResourceType};
use crate::request::Request;
use serde_json::Value;

/// The answer about one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The same action by the same rule.
    Same,
    /// Another answer.
    Different {
        /// What the log says: action and rule.
        logged: (String, String),
        /// What this web ACL says.
        now: (String, String),
        /// Why the answer is inferred or approximate, if it is.
        inferred: Option<&'static str>,
    },
    /// Nobody can tell.
    NotAssessed(String),
}

/// Says which component is looked at.
struct Watch {
    inner: Plain,
    body: bool,
    fields: Vec<Field>,
}

impl Look for Watch {
    fn look(&mut self, statement: &Statement, forwarded: &Forwarded<'_>) -> Found {
        if let Some(on) = inspected(statement) {
            self.body |= matches!(on.field, Field::Body(_) | Field::JsonBody(_));
            self.fields.push(on.field.clone());
        }
        self.inner.look(statement, forwarded)
    }
}

struct Logged<'a> {
    now: u64,
    rates: &'a RateTable,
    token: Token,
}

impl State for Logged<'_> {
    fn now(&self) -> u64 {
        self.now
    }
    fn is_limited(&self, instance: &RateKeyValues) -> bool {
        self.rates.is_limited(instance)
    }
    fn token(&self, _: &Request<'_>) -> Token {
        self.token
    }
}

/// Judges a logged request anew and compares. Rate-based rules count what was logged.
///
/// # Errors
/// Where the record is no AWS WAF log record, a sentence that says why.
pub fn replay(acl: &WebAcl, record: &Value, rates: &mut RateTable) -> Result<Replayed, String> {
    let text = |value: &'_ Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let http = record.get("httpRequest").filter(|http| http.is_object()).ok_or("has no httpRequest")?;
    let action = text(record, "action").ok_or("has no action")?;
    let rule = text(record, "terminatingRuleId").ok_or("has no terminatingRuleId")?;
    let now = record.get("timestamp").and_then(Value::as_u64).ok_or("has no timestamp")? / 1000;
    let headers: Vec<(String, String)> = http
        .get("headers")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|header| Some((text(header, "name")?, text(header, "value")?)))
        .collect();
    let (method, uri, args) =
        (text(http, "httpMethod").unwrap_or_default(), text(http, "uri").unwrap_or_default(), text(http, "args").unwrap_or_default());
    let (country, version) = (text(http, "country").filter(|code| code != "-"), text(http, "httpVersion").unwrap_or_default());
    let (ja3, ja4, fragment) = (text(record, "ja3Fingerprint"), text(record, "ja4Fingerprint"), text(http, "fragment"));
    let request = Request {
        method: &method,
        path: uri.as_bytes(),
        query: args.as_bytes(),
        fragment: fragment.as_deref().map(str::as_bytes),
        http_version: &version,
        headers: headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect(),
        body: b"",
        body_size: 0,
        client_ip: text(http, "clientIp").and_then(|address| address.parse().ok()),
        country: country.as_deref(),
        region: None,
        asn: record.get("clientAsn").and_then(Value::as_u64).and_then(|asn| u32::try_from(asn).ok()),
        ja3: ja3.as_deref(),
        ja4: ja4.as_deref(),
    };
    rates.look(now);
    let resource = match record.get("httpSourceName").and_then(Value::as_str) {
        Some("CF") => ResourceType::CloudFront,
        Some("ALB") => ResourceType::ApplicationLoadBalancer,
        Some("APPSYNC") => ResourceType::AppSync,
        _ => ResourceType::ApiGateway,
    };
    let forwarded = Forwarded::of(&request, resource.body_limit(acl));
    let state = Logged { now, rates, token: token(record) };
    let watch = Watch { inner: Plain, body: false, fields: Vec::new() };
    let (judgement, watch) = Evaluation::new(acl, &forwarded, &state, watch).run();
    for counted in &judgement.counted {
        rates.count(counted, now);
    }
    if watch.body && has_body(record, &request) {
        return Ok(Replayed::NotAssessed("the body was inspected, and logs do not hold it".into()));
    }
    if let Some(hidden) = hidden(&watch.fields, &request) {
        return Ok(Replayed::NotAssessed(format!("{hidden} was inspected, and is redacted in the log")));
    }
    if let Some(first) = judgement.unassessed.first() {
        return Ok(Replayed::NotAssessed(format!("{}: {}", first.rule, first.why)));
    }
    let ours = judgement.terminating.as_ref().map_or("Default_Action", |end| &end.rule).to_owned();
    if (judgement.outcome.name(), ours.as_str()) == (action.as_str(), rule.as_str()) {
        return Ok(Replayed::Same);
    }
    let inferred = judgement.terminating.as_ref().and_then(|end| end.matched.inferred);
    Ok(Replayed::Different { logged: (action, rule), now: (judgement.outcome.name().to_owned(), ours), inferred })
}

/// A token that the log shows to have passed, as of the moment it was solved.
fn token(record: &Value) -> Token {
    let mut token = (None, None);
    let rules = |value: &'_ Value| value.get("nonTerminatingMatchingRules").and_then(Value::as_array).cloned().unwrap_or_default();
    let groups = record.get("ruleGroupList").and_then(Value::as_array).cloned().unwrap_or_default();
    for rule in rules(record).into_iter().chain(groups.iter().flat_map(rules)) {
        let solved = |key: &str| rule.pointer(&format!("/{key}/solveTimestamp")).and_then(Value::as_u64);
        token = (solved("captchaResponse").or(token.0), solved("challengeResponse").or(token.1));
    }
    match token {
        (None, None) => Token::Missing,
        (captcha, challenge) => Token::Present { captcha, challenge },
    }
}

fn has_body(record: &Value, request: &Request<'_>) -> bool {
    let logged = record.get("requestBodySize").and_then(Value::as_u64);
    let declared = request.header("content-length").and_then(|value| std::str::from_utf8(value).ok()?.trim().parse::<u64>().ok());
    match logged.or(declared) {
        Some(size) => size > 0,
        // Neither says: methods that usually carry one may have had one.
        None => matches!(request.method, "POST" | "PUT" | "PATCH") || request.header("transfer-encoding").is_some(),
    }
}

/// A component that was looked at and that the log hides.
fn hidden(fields: &[Field], request: &Request<'_>) -> Option<String> {
    const REDACTED: &[u8] = b"REDACTED";
    fields.iter().find_map(|field| match field {
        Field::UriPath if request.path == REDACTED => Some("the path".into()),
        Field::QueryString | Field::AllQueryArguments | Field::SingleQueryArgument(_) if request.query == REDACTED => {
            Some("the query".into())
        }
        Field::Method if request.method.as_bytes() == REDACTED => Some("the method".into()),
        Field::SingleHeader(name) if request.header(name) == Some(REDACTED) => Some(format!("header {name}")),
        Field::Headers(_) if request.headers.iter().any(|(_, value)| *value == REDACTED) => Some("a header".into()),
        Field::Cookies(_) if request.header("cookie") == Some(REDACTED) => Some("the cookies".into()),
        _ => None,
    })
}

impl Outcome {
    /// Whether the request reaches the protected resource.
    pub const fn passes(self) -> bool {
        matches!(self, Self::Allow)
    }
}
