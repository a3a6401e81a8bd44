//! One statement of a policy and whether it speaks of a request. Grants nothing by itself: that is `decide`'s.

use crate::condition::Condition;
use crate::principals::{PrincipalSet, Reach};
use crate::request::View;
use crate::template::Template;
use crate::truth::Truth;
use model::Place;
use std::sync::Arc;

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// `Allow`
    Allow,
    /// `Deny`
    Deny,
    /// The effect, or the whole statement, could not be read: it may be either.
    Unknown,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Clone, Debug, PartialEq)]
pub struct Patterns {
    /// Whether it is the `Not` form.
    pub not: bool,
    /// The patterns.
    pub any_of: Box<[Pattern]>,
    /// Of actions: the services they can belong to, as a set of hashes. Spares most comparisons.
    services: u64,
}

/// A pattern of actions or resources.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// As it was written.
    pub text: Template,
    /// For an ARN with fewer than six parts: the ARN that AWS completes it to in identity-based policies.
    pub(crate) completed: Option<Template>,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// `Sid`.
    pub sid: Option<Arc<str>>,
    /// Position among the policy's statements, from 0.
    pub index: usize,
    /// Where it begins.
    pub place: Place,
    /// What it does.
    pub effect: Effect,
    /// Whom it speaks of; `None` in identity-based policies.
    pub principals: Option<PrincipalSet>,
    /// Actions.
    pub actions: Patterns,
    /// Resources; `None` in trust policies, which have none.
    pub resources: Option<Patterns>,
    /// Conditions, all of which must hold.
    pub conditions: Box<[Condition]>,
    /// Why it could not be read, if it could not.
    pub unknown: Option<Arc<str>>,
}

/// One bit for a lowered action's service; all bits when a wildcard may stand for it.
pub(crate) fn service_bit(action: &str) -> u64 {
    let service = action.split(':').next().unwrap_or_default();
    if service.contains(['*', '?']) {
        return u64::MAX;
    }
    // FNV-1a, folded to six bits.
    let hash = service.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    1 << ((hash ^ (hash >> 32)) % 64)
}

impl Patterns {
    pub(crate) fn new(not: bool, any_of: Vec<Pattern>) -> Self {
        let known = |pattern: &Pattern| match pattern.text.unknown {
            Some(_) => u64::MAX,
            None => service_bit(&pattern.text.text.to_lowercase()),
        };
        let services = if not { u64::MAX } else { any_of.iter().fold(0, |bits, pattern| bits | known(pattern)) };
        Self { not, any_of: any_of.into(), services }
    }

    fn matches(&self, text: &str, view: &View<'_>, complete: bool) -> Truth {
        let found = Truth::any(self.any_of.iter().map(|pattern| pattern.matches(text, view, complete))).negated(self.not);
        // A short ARN that is not completed is no ARN; that it does not match says nothing of what `NotResource` means by it.
        let short = self.not && !complete && self.any_of.iter().any(|pattern| pattern.completed.is_some());
        if short { found.and(Truth::Depends) } else { found }
    }
}

impl Pattern {
    fn matches(&self, text: &str, view: &View<'_>, complete: bool) -> Truth {
        let own = self.text.matches(text, view);
        match &self.completed {
            Some(completed) if complete && own != Truth::Yes => own.or(completed.matches(text, view)),
            _ => own,
        }
    }
}

impl Statement {
    /// Whether action, resource and conditions speak of the request. `complete`: short ARNs are completed, as in
    /// identity-based policies.
    pub(crate) fn speaks(&self, view: &View<'_>, complete: bool) -> Truth {
        if self.unknown.is_some() {
            return Truth::Depends;
        }
        let mut all = self.speaks_of_action(view);
        if all == Truth::No {
            return Truth::No;
        }
        if let Some(resources) = &self.resources {
            all = all.and(resources.matches(&view.request.resource, view, complete));
            if all == Truth::No {
                return Truth::No;
            }
        }
        all.and(Truth::all(self.conditions.iter().map(|condition| condition.holds(view))))
    }

    /// Whether the action's service alone rules the statement out. Spares most of a decision's work.
    #[inline]
    pub(crate) fn is_of_another_service(&self, view: &View<'_>) -> bool {
        self.actions.services & view.request.service_bit == 0 && self.unknown.is_none()
    }

    pub(crate) fn speaks_of_action(&self, view: &View<'_>) -> Truth {
        if self.actions.services & view.request.service_bit == 0 {
            return Truth::No;
        }
        self.actions.matches(&view.request.action_lower, view, false)
    }

    pub(crate) fn speaks_of_resource(&self, view: &View<'_>, complete: bool) -> Truth {
        self.resources.as_ref().map_or(Truth::Yes, |resources| resources.matches(&view.request.resource, view, complete))
    }

    /// How the statement's principals reach the caller.
    pub(crate) fn reach(&self, view: &View<'_>, has_boundary: bool) -> Reach {
        match &self.principals {
            _ if self.unknown.is_some() => Reach::UNKNOWN,
            None => Reach::NONE,
            Some(set) => set.reach(&view.request.principal, self.effect, has_boundary),
        }
    }
}
