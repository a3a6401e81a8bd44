//! Statements about addresses: geographic, autonomous system, IP set; the client's address or a forwarded one.
//!
//! "Forwarded IP address": addresses are separated by commas; geographic and rate-based statements take the first, IP sets
//! the first, the last, or any of the last ten; what is no address gets the statement's fallback.

use super::ast::{ForwardedIp, IpPosition, IpSet};
use super::evaluate::{Evaluation, Gathered};
use super::look::Look;
use super::state::Location;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// The addresses in a header, as they stand; `None` for what is no address.
pub fn forwarded(headers: &[(&str, &[u8])], name: &str) -> Vec<Option<IpAddr>> {
    let values = headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
    let parse = |part: &[u8]| std::str::from_utf8(part).ok()?.trim().parse().ok();
    values.flat_map(|value| value.split(|byte| *byte == b',')).map(parse).collect()
}

/// Whom the request's address, or the first forwarded one, belongs to.
enum Whom {
    Located(Location),
    /// No valid address: the fallback.
    Fallback(bool),
    Unknown,
}

fn whom<L: Look>(evaluation: &Evaluation<'_, L>, config: Option<&ForwardedIp>) -> Whom {
    let request = evaluation.forwarded.request;
    let Some(config) = config else {
        let own = Location { country: request.country.map(str::to_owned), region: request.region.map(str::to_owned), asn: request.asn };
        return Whom::Located(own);
    };
    match forwarded(&evaluation.forwarded.headers, &config.header).first() {
        Some(Some(address)) => evaluation.state.locate(*address).map_or(Whom::Unknown, Whom::Located),
        _ => Whom::Fallback(config.fallback),
    }
}

/// `GeoMatchStatement`: it labels every request it inspects, and compares the country.
pub fn geo<L: Look>(
    evaluation: &mut Evaluation<'_, L>,
    countries: &BTreeSet<String>,
    config: Option<&ForwardedIp>,
    gathered: &mut Gathered<'_>,
) -> bool {
    let source = if config.is_some() { "forwardedip" } else { "clientip" };
    let location = match whom(evaluation, config) {
        Whom::Fallback(matched) => return matched,
        Whom::Located(location) => location,
        Whom::Unknown => Location::default(),
    };
    // "If the country or region code isn't available … AWS WAF uses XX."
    let country = location.country.as_deref().unwrap_or("XX");
    gathered.geo.push(format!("awswaf:{source}:geo:country:{country}"));
    gathered.geo.push(format!("awswaf:{source}:geo:region:{country}-{}", location.region.as_deref().unwrap_or("XX")));
    if location.country.is_none() {
        evaluation.unassessed(&gathered.path(), "the country of the address is not known here");
    }
    countries.contains(country)
}

/// `AsnMatchStatement`.
pub fn asn<L: Look>(
    evaluation: &mut Evaluation<'_, L>,
    asns: &BTreeSet<u32>,
    config: Option<&ForwardedIp>,
    gathered: &Gathered<'_>,
) -> bool {
    let location = match whom(evaluation, config) {
        Whom::Fallback(matched) => return matched,
        Whom::Located(location) => location,
        Whom::Unknown => Location::default(),
    };
    match location.asn {
        Some(asn) => asns.contains(&asn),
        None => {
            evaluation.unassessed(&gathered.path(), "the autonomous system of the address is not known here");
            false
        }
    }
}

/// `IPSetReferenceStatement`.
pub fn ip_set<L: Look>(
    evaluation: &mut Evaluation<'_, L>,
    set: &IpSet,
    config: Option<&(ForwardedIp, IpPosition)>,
    gathered: &Gathered<'_>,
) -> bool {
    let Some((config, position)) = config else {
        return match evaluation.forwarded.request.client_ip {
            Some(address) => set.contains(address),
            None => {
                evaluation.unassessed(&gathered.path(), "the client's address is not known here");
                false
            }
        };
    };
    let addresses = forwarded(&evaluation.forwarded.headers, &config.header);
    let inspected: &[Option<IpAddr>] = match position {
        IpPosition::First => &addresses[..addresses.len().min(1)],
        IpPosition::Last => &addresses[addresses.len().saturating_sub(1)..],
        // "If the header contains more than 10 IP addresses, AWS WAF inspects the last 10."
        IpPosition::Any => &addresses[addresses.len().saturating_sub(10)..],
    };
    if inspected.iter().all(Option::is_none) {
        return config.fallback;
    }
    inspected.iter().flatten().any(|address| set.contains(*address))
}
