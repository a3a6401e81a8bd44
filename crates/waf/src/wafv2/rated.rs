//! `RateBasedStatement`: under what a request counts, and whether that is limited.

use super::address;
use super::ast::{RateBased, RateKey, RateKeys};
use super::evaluate::{Evaluation, Gathered};
use super::judgement::RateRecord;
use super::look::Look;
use super::rate::{Counted, RateKeyValues};
use crate::request::arguments;
use crate::transform::{Transformation, apply_all};
use std::net::IpAddr;

/// A request's values for the keys.
struct Values {
    values: Vec<String>,
    custom: Vec<(&'static str, Option<String>, String)>,
    /// A fallback decided: the rule's answer, without counting.
    decided: Option<bool>,
}

/// Whether a request is limited. It is counted where it matches the scope-down statement and has every key.
pub fn matches<'a, L: Look>(evaluation: &mut Evaluation<'a, L>, rate: &'a RateBased, gathered: &mut Gathered<'a>) -> bool {
    if let Some(scope) = &rate.scope_down {
        let details = gathered.details.len();
        let inside = evaluation.statement(scope, gathered);
        gathered.details.truncate(details);
        if !inside {
            return false;
        }
    }
    let key = match rate.keys {
        RateKeys::Ip => "IP",
        RateKeys::ForwardedIp => "FORWARDED_IP",
        RateKeys::Constant => "CONSTANT",
        RateKeys::Custom(_) => "CUSTOMKEYS",
    };
    let mut record = RateRecord { rule: gathered.path(), key, value: None, limit: rate.limit, window: rate.window, custom: Vec::new() };
    // "Requests that are missing any of the components … are omitted."
    let Some(found) = values(evaluation, rate, gathered) else { return false };
    if matches!(rate.keys, RateKeys::Ip | RateKeys::ForwardedIp) {
        record.value = found.values.first().cloned();
    }
    record.custom = found.custom;
    if let Some(decided) = found.decided {
        gathered.rate = decided.then_some(record);
        return decided;
    }
    let instance = RateKeyValues { rule: format!("{}/{}", evaluation.acl.arn, gathered.path()), values: found.values };
    let limited = evaluation.state.is_limited(&instance);
    evaluation.out.counted.push(Counted { instance, limit: rate.limit, window: rate.window });
    gathered.rate = limited.then_some(record);
    limited
}

fn values<L: Look>(evaluation: &mut Evaluation<'_, L>, rate: &RateBased, gathered: &Gathered<'_>) -> Option<Values> {
    let mut found = Values { values: Vec::new(), custom: Vec::new(), decided: None };
    let keys: &[RateKey] = match &rate.keys {
        RateKeys::Constant => return Some(found),
        RateKeys::Ip => &[RateKey::Ip],
        RateKeys::ForwardedIp => &[RateKey::ForwardedIp],
        RateKeys::Custom(keys) => keys,
    };
    for key in keys {
        let (kind, name, value) = value(evaluation, key, rate, gathered)?;
        match value {
            Ok(value) => {
                found.values.push(value.clone());
                found.custom.push((kind, name, value));
            }
            Err(decided) => {
                found.values.push("INVALID".into());
                found.custom.push((kind, name, "INVALID".into()));
                found.decided = Some(decided);
            }
        }
    }
    if !matches!(rate.keys, RateKeys::Custom(_)) {
        found.custom.clear();
    }
    Some(found)
}

/// A key's kind, name and value; an error is a fallback's decision, `None` a key that the request does not have.
type Valued = (&'static str, Option<String>, Result<String, bool>);

fn value<L: Look>(evaluation: &mut Evaluation<'_, L>, key: &RateKey, rate: &RateBased, gathered: &Gathered<'_>) -> Option<Valued> {
    let (forwarded, request) = (evaluation.forwarded, evaluation.forwarded.request);
    let seen = |chain: &[Transformation], bytes: &[u8]| Ok(String::from_utf8_lossy(&apply_all(chain, bytes)).into_owned());
    let or_fallback = |value: Option<&str>, fallback: bool| value.map_or(Err(fallback), |value| Ok(value.to_owned()));
    Some(match key {
        RateKey::Header(name, chain) => {
            let (_, value) = forwarded.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
            ("HEADER", Some(name.clone()), seen(chain, value))
        }
        RateKey::Cookie(name, chain) => {
            let (_, value) = forwarded.cookies.iter().find(|(known, _)| *known == name.as_bytes())?;
            ("COOKIE", Some(name.clone()), seen(chain, value))
        }
        RateKey::QueryArgument(name, chain) => {
            let (_, value) = arguments(request.query).find(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes()))?;
            ("QUERY_ARGUMENT", Some(name.clone()), seen(chain, value))
        }
        RateKey::QueryString(_) if request.query.is_empty() => return None,
        RateKey::QueryString(chain) => ("QUERY_STRING", None, seen(chain, request.query)),
        RateKey::UriPath(chain) => ("URI_PATH", None, seen(chain, request.path)),
        RateKey::HttpMethod => ("HTTP_METHOD", None, Ok(request.method.to_owned())),
        RateKey::Ja3(fallback) => ("JA3_FINGERPRINT", None, or_fallback(request.ja3, *fallback)),
        RateKey::Ja4(fallback) => ("JA4_FINGERPRINT", None, or_fallback(request.ja4, *fallback)),
        RateKey::LabelNamespace(namespace) => {
            let of = |label: &&String| super::labels::matches(label, namespace, true, gathered.prefix);
            let labels: Vec<&str> = evaluation.out.labels.iter().filter(of).map(String::as_str).collect();
            if labels.is_empty() {
                return None;
            }
            ("LABEL_NAMESPACE", Some(namespace.clone()), Ok(labels.join(",")))
        }
        RateKey::ForwardedIp => {
            let config = rate.forwarded.as_ref()?;
            let first = address::forwarded(&forwarded.headers, &config.header).first().copied().flatten();
            ("FORWARDED_IP", None, first.map_or(Err(config.fallback), |address: IpAddr| Ok(address.to_string())))
        }
        RateKey::Ip => match request.client_ip {
            Some(address) => ("IP", None, Ok(address.to_string())),
            None => {
                evaluation.unassessed(&gathered.path(), "the client's address is not known here");
                return None;
            }
        },
        RateKey::Asn => match request.asn {
            Some(asn) => ("ASN", None, Ok(asn.to_string())),
            None => {
                evaluation.unassessed(&gathered.path(), "the autonomous system of the address is not known here");
                return None;
            }
        },
    })
}
