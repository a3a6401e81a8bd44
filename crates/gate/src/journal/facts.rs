//! Everything `decide` read of its State, kept so that it can be read again.

use model::{AuthorizerAnswer, IssuedKey, State, Time, Usage, WebAclAnswer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What was read. Keys are not kept: the call in the journal carries the identity they proved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Authorizer answers by cache key.
    pub answers: BTreeMap<String, AuthorizerAnswer>,
    /// Usage by plan and key id, joined by a space (neither contains one).
    pub usage: BTreeMap<String, Usage>,
    /// Rate-based rules and instances that were limited, joined by a space.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub limited: BTreeSet<String>,
    /// What the web ACL answered, where the request had credentials in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_acl: Option<WebAclAnswer>,
}

impl State for Facts {
    fn key(&self, _access_key_id: &str) -> Option<IssuedKey> {
        None
    }

    fn authorizer_answer(&self, cache_key: &str) -> Option<AuthorizerAnswer> {
        self.answers.get(cache_key).cloned()
    }

    fn usage(&self, plan: &str, key: &str) -> Usage {
        self.usage.get(&format!("{plan} {key}")).copied().unwrap_or_default()
    }

    fn rate_limited(&self, rule: &str, instance: &str, _now: Time) -> bool {
        self.limited.contains(&format!("{rule} {instance}"))
    }

    fn web_acl_answer(&self) -> Option<WebAclAnswer> {
        self.web_acl.clone()
    }

    fn jwks(&self, _issuer: &str) -> Option<Value> {
        None
    }
}

/// A State that notes what is read of it.
pub struct Recorder<'a> {
    state: &'a dyn State,
    facts: RefCell<Facts>,
}

impl<'a> Recorder<'a> {
    /// Notes what is read of `state`.
    pub fn new(state: &'a dyn State) -> Self {
        Self { state, facts: RefCell::default() }
    }

    /// What was read, with the API keys that authorizers named still in it: [`crate::record`] takes them out.
    pub fn facts(self) -> Facts {
        self.facts.into_inner()
    }
}

impl State for Recorder<'_> {
    fn key(&self, access_key_id: &str) -> Option<IssuedKey> {
        self.state.key(access_key_id)
    }

    fn authorizer_answer(&self, cache_key: &str) -> Option<AuthorizerAnswer> {
        let answer = self.state.authorizer_answer(cache_key)?;
        self.facts.borrow_mut().answers.insert(cache_key.to_owned(), answer.clone());
        Some(answer)
    }

    fn usage(&self, plan: &str, key: &str) -> Usage {
        let usage = self.state.usage(plan, key);
        self.facts.borrow_mut().usage.insert(format!("{plan} {key}"), usage);
        usage
    }

    fn rate_limited(&self, rule: &str, instance: &str, now: Time) -> bool {
        let limited = self.state.rate_limited(rule, instance, now);
        if limited {
            self.facts.borrow_mut().limited.insert(format!("{rule} {instance}"));
        }
        limited
    }

    fn web_acl_answer(&self) -> Option<WebAclAnswer> {
        self.state.web_acl_answer()
    }

    fn jwks(&self, issuer: &str) -> Option<Value> {
        self.state.jwks(issuer)
    }

    fn marker_key(&self) -> [u8; 32] {
        self.state.marker_key()
    }
}
