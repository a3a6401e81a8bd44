//! Lambda authorizers: when the function is asked, and when its cached answer is fresh (API Gateway Developer Guide,
//! "Use API Gateway Lambda authorizers", "Configure an API Gateway Lambda authorizer").

use super::super::{Found, schema};
use super::{answer, event, failure, sources, unauthorized};
use crate::journal::mark;
use crate::policies::{self, Effect};
use crate::walk::{Said, Walk};
use model::aws::{Authorizer, AuthorizerKind};
use model::{ApiCall, Ask, AuthorizerAnswer, Call, Credential, Identity, Invocation, Time};

/// Judges a route with a Lambda authorizer.
pub(super) fn judge(walk: &mut Walk<'_>, found: &Found<'_>, authorizer: &Authorizer) -> Said {
    let place = Some(authorizer.place.clone());
    let name = &authorizer.name;
    let values = match values(walk, found, authorizer) {
        Ok(values) => values,
        Err(said) => return said,
    };
    if let AuthorizerKind::Token { validation: Some(pattern), .. } = &authorizer.kind {
        let token = values.first().map(String::as_str).unwrap_or_default();
        match accepts(walk.call, pattern, token) {
            Some(true) => {}
            Some(false) => return Said::stop(unauthorized(), format!("the token does not match what authorizer {name} accepts"), place),
            None => return Said::depends(format!("the token validation expression of authorizer {name} is not understood"), place),
        }
    }
    let key = sources::cache_key(walk, found, authorizer, &values);
    if let Some(cached) = walk.state.authorizer_answer(&key)
        && fresh(&cached, authorizer.ttl, walk.call.time)
    {
        return answer::judge(walk, found, authorizer, &cached);
    }
    match permitted(walk, found, authorizer) {
        Effect::Allow(_) => {}
        Effect::Unknown(says) => return Said::depends(says, place),
        Effect::Deny(says) | Effect::Neither(says) => {
            return Said::stop(failure(), format!("API Gateway may not invoke authorizer {name}: {says}"), place);
        }
    }
    let token = values.first().map(String::as_str).unwrap_or_default();
    let payload = event::of(walk.app, walk.call, found, &authorizer.kind, token, &walk.grant);
    let call = Call {
        id: derived_id(&walk.call.id),
        time: walk.call.time,
        source_ip: "apigateway.amazonaws.com".into(),
        tls: true,
        credential: Credential::Proved(caller(walk, found, authorizer)),
        ask: Ask::Api(ApiCall { invocation: Some(Box::new(Invocation { payload, cache_key: key })), ..invocation(walk, authorizer) }),
    };
    Said::needs(call, format!("authorizer {name} has not answered yet"), place)
}

/// The values of the identity sources. A missing one is refused without asking the function.
fn values(walk: &Walk<'_>, found: &Found<'_>, authorizer: &Authorizer) -> Result<Vec<String>, Said> {
    let place = Some(authorizer.place.clone());
    let unknown = |what: String| Said::depends(format!("authorizer {}: {what}", authorizer.name), place.clone());
    let sources = sources::of(authorizer).map_err(|what| unknown(format!("identity source {what} is not understood")))?;
    let mut values = Vec::with_capacity(sources.len());
    for source in &sources {
        match sources::value(source, found, walk.app, walk.call).map_err(unknown)? {
            Some(value) => values.push(value),
            None => {
                let says = format!("the request lacks an identity source of authorizer {}", authorizer.name);
                return Err(Said::stop(unauthorized(), says, place));
            }
        }
    }
    Ok(values)
}

/// Whether the token validation expression matches the whole token; `None` when it is not understood.
pub(crate) fn accepts(call: &Call, pattern: &str, token: &str) -> Option<bool> {
    mark::matched(call, token).or_else(|| schema::matches(&format!("^(?:{pattern})$"), token))
}

/// An answer is fresh for its TTL; a failure, and any answer with a TTL of 0, only for the calls that waited for it.
fn fresh(answer: &AuthorizerAnswer, ttl: u32, now: Time) -> bool {
    answer.at >= now || (answer.result.is_ok() && now.0 < answer.at.0.saturating_add(i64::from(ttl) * 1000))
}

/// ARN under which API Gateway invokes an authorizer, for the function's permission.
fn source_arn(walk: &Walk<'_>, found: &Found<'_>, authorizer: &Authorizer) -> String {
    let app = walk.app;
    let id = super::super::request::resource_id(&found.api.api_id, &authorizer.name);
    format!("arn:{}:execute-api:{}:{}:{}/authorizers/{id}", app.partition, app.region, app.account, found.api.api_id)
}

/// Who invokes the function: the role named in the authorizer, else API Gateway itself.
fn caller(walk: &Walk<'_>, found: &Found<'_>, authorizer: &Authorizer) -> Identity {
    match &authorizer.kind {
        AuthorizerKind::Token { credentials: Some(role), .. } | AuthorizerKind::Request { credentials: Some(role), .. } => {
            policies::gateway_session(role)
        }
        _ => policies::gateway(walk.app, source_arn(walk, found, authorizer)),
    }
}

fn invocation(walk: &Walk<'_>, authorizer: &Authorizer) -> ApiCall {
    policies::invocation(walk.app, authorizer.kind.function_arn().unwrap_or_default())
}

fn permitted(walk: &Walk<'_>, found: &Found<'_>, authorizer: &Authorizer) -> Effect {
    policies::permits(walk.app, walk.call, &caller(walk, found, authorizer), &invocation(walk, authorizer))
}

/// A request id for the call that the gate asks for: made from the request's own, in the same form.
pub(crate) fn derived_id(id: &str) -> String {
    let hex = crate::sigv4::hex(&crate::sigv4::sha256(format!("authorizer of {id}").as_bytes()));
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}
