//! What a verdict needs beside the App: time, issued keys, cached authorizer answers, counters.

use crate::identity::Identity;
use crate::place::Place;
use crate::time::Time;
use crate::verdict::{Charge, Stop};
use serde::{Deserialize, Serialize};

/// What `decide` may ask. `up` answers from memory; a journal answers with what was seen then, so that
/// replaying gives the same verdicts.
pub trait State {
    /// The key pair with this access key id.
    fn key(&self, access_key_id: &str) -> Option<IssuedKey>;
    /// The answer of an authorizer, cached under its cache key, whether or not it is still fresh.
    fn authorizer_answer(&self, cache_key: &str) -> Option<AuthorizerAnswer>;
    /// What an API key has used of a usage plan.
    fn usage(&self, plan: &str, key: &str) -> Usage;
    /// Whether a rate-based rule of a web ACL limits an aggregation instance: it was above the limit at the last look.
    /// `rule` and `instance` are those of [`crate::Charge::Rate`].
    fn rate_limited(&self, _rule: &str, _instance: &str, _now: Time) -> bool {
        false
    }
    /// What the web ACL of the stage answered, where that is kept: a journal keeps it when the request that was judged had
    /// credentials in it, which the journal has not. `None`: the web ACL is to be asked.
    fn web_acl_answer(&self) -> Option<WebAclAnswer> {
        None
    }
    /// The public keys (JWKS document) of a token issuer, for a Cognito authorizer.
    fn jwks(&self, issuer: &str) -> Option<serde_json::Value>;
    /// The key of the keyed hashes that stand for tokens in cache keys and journals. `up` draws one at random
    /// and keeps it; a journal has none, since its tokens are hashes already.
    fn marker_key(&self) -> [u8; 32] {
        [0; 32]
    }
}

/// An access key that the application's STS or IAM issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedKey {
    /// The secret access key. Never written to a journal.
    #[serde(skip)]
    pub secret: String,
    /// The session token that must come with it; `None` for long-term keys.
    #[serde(skip)]
    pub session_token: Option<String>,
    /// Whose key it is.
    pub identity: Identity,
    /// When it ends; `None` for long-term keys.
    pub expires: Option<Time>,
}

/// What a Lambda authorizer answered, or how it failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthorizerAnswer {
    /// When it answered.
    pub at: Time,
    /// The function's result: the JSON it returned, or the error message it failed with.
    pub result: Result<serde_json::Value, String>,
}

/// What a web ACL answered to one request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WebAclAnswer {
    /// The sentence of the gate.
    pub says: String,
    /// The rule that decided, where it is written.
    pub place: Option<Place>,
    /// What AWS answers where it stops the request.
    pub stop: Option<Stop>,
    /// Headers that it inserts.
    pub inserted_headers: Vec<(String, String)>,
    /// What its rate-based rules counted.
    pub charges: Vec<Charge>,
}

/// What a key has used of a usage plan. Token bucket and quota as API Gateway keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens left in the bucket at `at`; meaningless when `at` is `None`.
    pub tokens: f64,
    /// When the bucket was last touched; `None`: never.
    pub at: Option<Time>,
    /// Requests counted in the quota's period.
    pub used: u64,
    /// Number of the period (day, week or month) that `used` belongs to.
    pub period: i64,
}
