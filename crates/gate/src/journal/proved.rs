//! Credentials replaced by what they proved: an identity, a key's id, a mark. The call that results is judged like the
//! one that arrived.

use super::{Facts, Recorder, mark};
use crate::invoke::authorizer::sources::Source;
use crate::invoke::authorizer::{USAGE_KEY, jwt, lambda, sources};
use crate::invoke::{request, route};
use crate::sigv4;
use crate::walk::{decide, stop, walked};
use crate::web_acl::Inspection;
use model::aws::{Authorizer, AuthorizerKind, RestApi, RouteAuth};
use model::{Answer, App, Ask, Call, Credential, HttpRequest, Identity, Invoke, State, Verdict};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One judgement as a journal keeps it: the call, the facts and the verdict, all without credentials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The call, its credentials replaced by what they proved.
    pub call: Call,
    /// What the verdict was given with.
    pub facts: Facts,
    /// The verdict.
    pub verdict: Verdict,
}

impl Entry {
    /// Judges the call again. For the App of the same version this gives `self.verdict`.
    pub fn replay(&self, app: &App) -> Verdict {
        decide(app, &self.call, &self.facts)
    }
}

/// Judges a call like [`decide`] and gives what a journal keeps of it beside the verdict.
pub fn record(app: &App, call: &Call, state: &dyn State) -> (Verdict, Entry) {
    let (verdict, entry, _) = inspect(app, call, state);
    (verdict, entry)
}

/// The same, with what the web ACL of the stage made of the request, for WAF's log, metrics and samples.
pub fn inspect(app: &App, call: &Call, state: &dyn State) -> (Verdict, Entry, Option<Inspection>) {
    let recorder = Recorder::new(state);
    let (verdict, inspection) = walked(app, call, &recorder);
    let secrets = Secrets::of(app, call, state);
    let mut facts = recorder.facts();
    if !secrets.is_empty() {
        // The web ACL saw what the journal does not keep.
        facts.web_acl = inspection.as_ref().map(|inspection| inspection.answer.clone());
    }
    facts.answers.values_mut().filter_map(|answer| answer.result.as_mut().ok()).for_each(|answer| hide_key(app, answer));
    let mut kept = verdict.clone();
    if let Answer::Needs(needed) = &mut kept.answer
        && let Ask::Api(api) = &mut needed.ask
        && let Some(invocation) = &mut api.invocation
    {
        secrets.hide(&mut invocation.payload);
    }
    (verdict, Entry { call: without_secrets(app, call, state, &secrets), facts, verdict: kept }, inspection)
}

/// The call with its credentials replaced: the signature by the identity it proved, API keys by their ids, tokens by
/// marks. Judging it with the [`Facts`] of the judgement gives the same verdict.
pub fn proved(app: &App, call: &Call, state: &dyn State) -> Call {
    without_secrets(app, call, state, &Secrets::of(app, call, state))
}

fn without_secrets(app: &App, call: &Call, state: &dyn State, secrets: &Secrets) -> Call {
    let whole = !matches!(&call.ask, Ask::Invoke(invoke) if invoke.beyond > 0);
    let credential = match &call.credential {
        Credential::None => Credential::Proved(Identity::Anonymous),
        // A signature is one of the whole body.
        Credential::SigV4 { .. } if !whole => {
            Credential::Refused(stop(403, "INVALID_SIGNATURE", "the body was not kept whole, so its signature was not checked"))
        }
        Credential::SigV4 { request, service } => match sigv4::verify(request, service, &app.region, call.time, state) {
            Ok(identity) => Credential::Proved(identity),
            Err(refused) => Credential::Refused(refused),
        },
        proved => proved.clone(),
    };
    let mut ask = call.ask.clone();
    match &mut ask {
        Ask::Invoke(invoke) => secrets.replace(&mut invoke.request),
        Ask::Api(api) => api.invocation = None,
        Ask::Connect(_) => {}
    }
    Call { id: call.id.clone(), time: call.time, source_ip: call.source_ip.clone(), tls: call.tls, credential, ask }
}

/// Headers that carry credentials whatever the route says.
const ALWAYS: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "x-amz-security-token", "x-api-key"];

/// What of a request is secret, with what stands for it.
struct Secrets {
    headers: Vec<(String, String, String)>,
    query: Vec<(String, String, String)>,
}

impl Secrets {
    fn of(app: &App, call: &Call, state: &dyn State) -> Self {
        let mut secrets = Self { headers: Vec::new(), query: Vec::new() };
        let Ask::Invoke(invoke) = &call.ask else { return secrets };
        let http = &invoke.request;
        let api = app.aws().rest_apis.iter().find(|api| api.id == invoke.api);
        let authorizer = api.and_then(|api| authorizer(api, invoke));
        // Callers send their tokens to routes without an authorizer too, and to routes that do not exist.
        let all = api.into_iter().flat_map(|api| api.authorizers.values());
        let sources: Vec<_> = all.filter_map(|authorizer| sources::of(authorizer).ok()).flatten().collect();
        let cognito = authorizer.is_some_and(|authorizer| matches!(authorizer.kind, AuthorizerKind::Cognito { .. }));
        for (name, value) in http.headers.iter().filter(|(_, value)| !value.is_empty()) {
            let is_source = sources.iter().any(|source| matches!(source, Source::Header(own) if own.eq_ignore_ascii_case(name)));
            let stands = if name.eq_ignore_ascii_case("x-api-key") {
                key_mark(app, call, value).unwrap_or_else(|| mark::of(call, state, value))
            } else if is_source && cognito {
                cognito_mark(call, state, value)
            } else if is_source && refuses(call, authorizer, value) {
                mark::refused(call, state, value)
            } else if is_source || ALWAYS.iter().any(|known| name.eq_ignore_ascii_case(known)) {
                mark::of(call, state, value)
            } else {
                continue;
            };
            secrets.headers.push((name.clone(), value.clone(), stands));
        }
        for (name, value) in request::query(http).filter(|(_, value)| !value.is_empty()) {
            if sources.iter().any(|source| matches!(source, Source::Query(own) if *own == name)) {
                let stands = mark::of(call, state, &value);
                secrets.query.push((name, value, stands));
            }
        }
        secrets
    }

    fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.query.is_empty()
    }

    /// Replaces them in the request.
    fn replace(&self, request: &mut HttpRequest) {
        for (name, value) in &mut request.headers {
            if let Some((_, _, stands)) = self.headers.iter().find(|(own, secret, _)| own == name && secret == value) {
                stands.clone_into(value);
            }
        }
        if self.query.is_empty() {
            return;
        }
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs = request::query(request).map(|(name, value)| {
            let found = self.query.iter().find(|(own, secret, _)| *own == name && *secret == value);
            format!("{}={}", encoded(&name), encoded(found.map_or(value.as_str(), |(_, _, stands)| stands)))
        });
        request.query = pairs.collect::<Vec<_>>().join("&");
    }

    /// Replaces them wherever they stand in an authorizer's event.
    fn hide(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some((_, _, stands)) = self.headers.iter().chain(&self.query).find(|(_, secret, _)| secret == text) {
                    stands.clone_into(text);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.hide(member)),
            _ => {}
        }
    }
}

fn authorizer<'a>(api: &'a RestApi, invoke: &Invoke) -> Option<&'a Authorizer> {
    let (index, _) = route::find(api, &invoke.request.method, &invoke.request.path)?;
    match &api.routes.get(index)?.auth {
        RouteAuth::Authorizer { name, .. } => api.authorizers.get(name),
        RouteAuth::None | RouteAuth::Iam { .. } | RouteAuth::Unknown { .. } => None,
    }
}

/// Whether the authorizer's token validation expression refuses a token.
fn refuses(call: &Call, authorizer: Option<&Authorizer>, token: &str) -> bool {
    match authorizer.map(|authorizer| &authorizer.kind) {
        Some(AuthorizerKind::Token { validation: Some(pattern), .. }) => lambda::accepts(call, pattern, token) == Some(false),
        _ => false,
    }
}

/// What stands for an API key that some usage plan has.
fn key_mark(app: &App, call: &Call, offered: &str) -> Option<String> {
    let mut keys = app.aws().usage_plans.iter().flat_map(|plan| &plan.keys);
    keys.find(|(id, value, _)| !value.is_empty() && mark::is_key(call, offered, id, value)).map(|(id, ..)| mark::key(id))
}

/// A user pool's token keeps its claims, which are no credential, and loses its signature.
fn cognito_mark(call: &Call, state: &dyn State, value: &str) -> String {
    let (scheme, token) = value.strip_prefix("Bearer ").map_or(("", value), |token| ("Bearer ", token));
    let Some(claims) = jwt::claims(token) else { return mark::of(call, state, value) };
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    let verified = mark::is_proved_token(call, token) || state.jwks(issuer).is_some_and(|jwks| jwt::signed(token, &jwks));
    format!("{scheme}{}", mark::token(token, verified))
}

/// The API key that an authorizer named, by its id.
fn hide_key(app: &App, answer: &mut Value) {
    let Some(Value::String(offered)) = answer.get_mut(USAGE_KEY) else { return };
    let mut keys = app.aws().usage_plans.iter().flat_map(|plan| &plan.keys);
    let known = keys.find(|(_, value, _)| !value.is_empty() && sigv4::same(offered.as_bytes(), value.as_bytes()));
    *offered = known.map_or_else(|| "sekisho-refused".into(), |(id, ..)| mark::key(id));
}
