//! What the caller knows and the request does not say: time, tokens, whom an address belongs to, who is rate limited.

use super::rate::RateKeyValues;
use crate::request::Request;
use std::net::IpAddr;

/// Where an address is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Two-letter country code.
    pub country: Option<String>,
    /// ISO region code without the country.
    pub region: Option<String>,
    /// Autonomous system number.
    pub asn: Option<u32>,
}

/// The AWS WAF token of a request (`aws-waf-token`), as the caller verified it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Token {
    /// There is none.
    #[default]
    Missing,
    /// It is corrupt.
    Invalid,
    /// It was made for another domain.
    DomainMismatch,
    /// It is genuine.
    Present {
        /// When a CAPTCHA was solved, in seconds since 1970.
        captcha: Option<u64>,
        /// When a challenge was solved.
        challenge: Option<u64>,
    },
}

/// The caller's knowledge. The defaults know nothing.
pub trait State {
    /// Seconds since 1970.
    fn now(&self) -> u64;

    /// Whether a rate-based rule limits this instance at the moment.
    fn is_limited(&self, _instance: &RateKeyValues) -> bool {
        false
    }

    /// Whom an address belongs to. For a forwarded address; the request itself carries the client's.
    fn locate(&self, _address: IpAddr) -> Option<Location> {
        None
    }

    /// The request's token.
    fn token(&self, _request: &Request<'_>) -> Token {
        Token::Missing
    }
}

/// A moment, and nothing else known.
#[derive(Clone, Copy, Debug, Default)]
pub struct At(pub u64);

impl State for At {
    fn now(&self) -> u64 {
        self.0
    }
}
