//! Identity sources of a Lambda authorizer: where its credential stands in the request, and the cache key made of
//! them (API Gateway Developer Guide, "Use API Gateway Lambda authorizers", caching).

use super::super::{Found, request};
use crate::journal::mark;
use crate::sigv4;
use crate::walk::Walk;
use model::aws::{Authorizer, AuthorizerKind};
use model::{App, Call, HttpRequest};

/// Where one identity source is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Header(String),
    Query(String),
    StageVariable(String),
    Context(String),
}

impl Source {
    fn parse(text: &str) -> Option<Self> {
        let after = |prefix: &str| text.strip_prefix(prefix).map(str::to_owned);
        after("method.request.header.")
            .map(Self::Header)
            .or_else(|| after("method.request.querystring.").map(Self::Query))
            .or_else(|| after("stageVariables.").map(Self::StageVariable))
            .or_else(|| after("context.").map(Self::Context))
    }
}

/// The sources of an authorizer; `Err` names one that is not understood.
pub(crate) fn of(authorizer: &Authorizer) -> Result<Vec<Source>, String> {
    match &authorizer.kind {
        AuthorizerKind::Token { header, .. } | AuthorizerKind::Cognito { header, .. } => Ok(vec![Source::Header(header.clone())]),
        AuthorizerKind::Request { identity_sources, .. } => {
            identity_sources.iter().map(|text| Source::parse(text).ok_or_else(|| text.clone())).collect()
        }
        AuthorizerKind::Unknown(why) => Err(why.clone()),
    }
}

/// The value of a source: `Ok(None)` when the request lacks it or it is empty, `Err` when it cannot be known.
pub(crate) fn value(source: &Source, found: &Found<'_>, app: &App, call: &Call) -> Result<Option<String>, String> {
    let http: &HttpRequest = &found.invoke.request;
    let value = match source {
        Source::Header(name) => http.header(name).map(str::to_owned),
        Source::Query(name) => request::query(http).filter(|(own, _)| own == name).last().map(|(_, value)| value),
        Source::StageVariable(name) => found.stage.variables.get(name).cloned(),
        Source::Context(name) => {
            let context = request::context(app, call, found.api, found.stage, found.route, http);
            let value = name.split('.').try_fold(&serde_json::Value::Object(context), |node, key| node.get(key)).cloned();
            match value.ok_or_else(|| format!("identity source context.{name} is not supported yet"))? {
                serde_json::Value::String(text) => Some(text),
                serde_json::Value::Null => None,
                other => Some(other.to_string()),
            }
        }
    };
    Ok(value.filter(|text| !text.is_empty()))
}

/// The key an answer is cached under: the authorizer and its sources' values. The values enter as the hashes that
/// stand for them in a journal, so that a replay finds the same key. With a TTL of 0 every call has a key of its own.
pub(crate) fn cache_key(walk: &Walk<'_>, found: &Found<'_>, authorizer: &Authorizer, values: &[String]) -> String {
    let mut text = format!("{}\n{}\n{}\n", found.api.api_id, found.stage.name, authorizer.name);
    for value in values {
        text.push_str(&mark::of(walk.call, walk.state, value));
        text.push('\n');
    }
    if authorizer.ttl == 0 || values.is_empty() {
        text.push_str(&walk.call.id);
    }
    sigv4::hex(&sigv4::sha256(text.as_bytes()))
}
