//! The gate's State as a web ACL asks it: the time, and who is rate limited. Where an address is, nobody here knows.

use model::{State, Time};
use waf::wafv2::RateKeyValues;

/// The State at the time of a call.
pub(crate) struct Asking<'a> {
    pub state: &'a dyn State,
    pub now: Time,
}

impl waf::wafv2::State for Asking<'_> {
    fn now(&self) -> u64 {
        u64::try_from(self.now.seconds()).unwrap_or(0)
    }

    fn is_limited(&self, of: &RateKeyValues) -> bool {
        self.state.rate_limited(&of.rule, &instance(&of.values), self.now)
    }
}

/// The name of an aggregation instance: an address as it is, other keys as a hash, because they hold what clients send.
pub(crate) fn instance(values: &[String]) -> String {
    match values {
        [address] if address.parse::<std::net::IpAddr>().is_ok() => address.clone(),
        values => {
            let digest = crate::sigv4::sha256(serde_json::json!(values).to_string().as_bytes());
            crate::sigv4::hex(&digest).chars().take(32).collect()
        }
    }
}
