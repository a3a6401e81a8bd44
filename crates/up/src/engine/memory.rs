//! What the gate may ask beside the App: issued keys, authorizers' answers, usage, token issuers' public keys.
//!
//! All of it is in memory, as AWS's front ends keep it; a restart forgets sessions and counters.

use super::rates::Rates;
use crate::keys::Keys;
use model::{AuthorizerAnswer, IssuedKey, State, Time, Usage};
use rand::RngCore;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};

/// Authorizers' answers kept. Cache keys hold what clients send, so they must not grow without bound.
const ANSWERS: usize = 10_000;
/// Longest an authorizer's answer may be cached (API Gateway Developer Guide, "authorizerResultTtlInSeconds": 3600).
const LONGEST: i64 = 3_600_000;

/// The memory.
pub(crate) struct Memory {
    pub keys: Keys,
    answers: RwLock<HashMap<String, AuthorizerAnswer>>,
    usage: Mutex<HashMap<(String, String), Usage>>,
    rates: Rates,
    jwks: RwLock<HashMap<String, Value>>,
    marker: [u8; 32],
}

impl Memory {
    /// Empty, with a marker key of its own.
    pub fn new() -> Self {
        let mut marker = [0; 32];
        rand::rngs::OsRng.fill_bytes(&mut marker);
        Self {
            keys: Keys::default(),
            answers: RwLock::default(),
            usage: Mutex::default(),
            rates: Rates::default(),
            jwks: RwLock::default(),
            marker,
        }
    }

    /// Keeps an authorizer's answer.
    pub fn answered(&self, cache_key: String, answer: AuthorizerAnswer, now: Time) {
        let mut answers = self.answers.write().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= ANSWERS {
            answers.retain(|_, answer| answer.at.0 + LONGEST > now.0);
        }
        if answers.len() >= ANSWERS {
            answers.clear();
        }
        answers.insert(cache_key, answer);
    }

    /// Forgets every authorizer's answer: a deployment flushes the cache.
    pub fn forget_answers(&self) {
        self.answers.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Sets what a key has used of a plan.
    pub fn charge(&self, plan: &str, key: &str, usage: Usage) {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner).insert((plan.to_owned(), key.to_owned()), usage);
    }

    /// Requests counted by rate-based rules.
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// Whether an issuer's public keys are known.
    pub fn knows(&self, issuer: &str) -> bool {
        self.jwks.read().unwrap_or_else(PoisonError::into_inner).contains_key(issuer)
    }

    /// Keeps an issuer's public keys.
    pub fn learn_jwks(&self, issuer: &str, keys: Value) {
        self.jwks.write().unwrap_or_else(PoisonError::into_inner).insert(issuer.to_owned(), keys);
    }

    /// Forgets issuers' public keys: a user pool changed.
    pub fn forget_jwks(&self) {
        self.jwks.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl State for Memory {
    fn key(&self, access_key_id: &str) -> Option<IssuedKey> {
        self.keys.get(access_key_id).map(|(key, _)| key)
    }

    fn authorizer_answer(&self, cache_key: &str) -> Option<AuthorizerAnswer> {
        self.answers.read().unwrap_or_else(PoisonError::into_inner).get(cache_key).cloned()
    }

    fn usage(&self, plan: &str, key: &str) -> Usage {
        let usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        usage.get(&(plan.to_owned(), key.to_owned())).copied().unwrap_or_default()
    }

    fn rate_limited(&self, rule: &str, instance: &str, now: Time) -> bool {
        self.rates.limited(rule, instance, now)
    }

    fn jwks(&self, issuer: &str) -> Option<Value> {
        self.jwks.read().unwrap_or_else(PoisonError::into_inner).get(issuer).cloned()
    }

    fn marker_key(&self) -> [u8; 32] {
        self.marker
    }
}
