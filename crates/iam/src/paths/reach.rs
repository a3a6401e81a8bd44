//! What a member of an account is allowed, asked as an attacker asks: on a resource of its choice, or on these targets.

use super::primitive::Need;
use crate::account::Member;
use crate::catalogue::catalogue;
use crate::decide::{Outcome, decide};
use crate::principal::Principal;
use crate::request::{Context, Request, View};
use crate::stack::{Layer, Stack};
use crate::statement::{Effect, Statement};
use crate::truth::Truth;
use model::Place;
use std::sync::Arc;

/// Why a step is possible.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Evidence {
    /// Whether it holds without any condition that is not known.
    pub sure: bool,
    /// Statements that together suffice: their policy and place. Others may grant the same.
    pub by: Vec<(Arc<str>, Place)>,
}

impl Evidence {
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.sure &= other.sure;
        self.by.extend(other.by);
        self
    }
}

/// Statements of identity policies that may allow an action.
fn granting<'a>(stack: &'a Stack, request: &Request) -> Vec<&'a Statement> {
    let view = View { request };
    let all = stack.identity.iter().flat_map(|policy| &*policy.statements);
    all.filter(|s| s.effect != Effect::Deny && s.unknown.is_none() && s.speaks_of_action(&view).possible()).collect()
}

/// Whether an action is allowed on one resource.
pub(crate) fn on(member: &Member, action: &str, resource: &str, context: &Context) -> Option<Evidence> {
    let request = Request::new(member.principal.clone(), action, resource).with_context(context.clone());
    let request = match member.principal.account() {
        Some(account) => request.owned_by(account),
        None => request,
    };
    evidence(&request, &member.stack)
}

pub(crate) fn evidence(request: &Request, stack: &Stack) -> Option<Evidence> {
    let decision = decide(request, stack);
    let sure = match decision.outcome {
        Outcome::Allowed => true,
        // An unknown policy is no evidence of a path: it is reported as unknown elsewhere.
        Outcome::Depends if decision.matched.iter().any(|m| m.statement.effect == Effect::Allow && m.statement.unknown.is_none()) => {
            if !super::time::may_come(request, stack, &decision) {
                return None;
            }
            false
        }
        _ => return None,
    };
    // One statement of each layer suffices. Boundaries and what an organisation sets are limits, not grants.
    let mut by: Vec<(Arc<str>, Place)> = Vec::new();
    for layer in [Layer::Identity, Layer::Trust, Layer::Resource] {
        let mut own = decision.matched.iter().filter(|m| m.layer == layer && m.statement.effect == Effect::Allow);
        let sure = own.clone().find(|m| m.truth == Truth::Yes);
        by.extend(sure.or_else(|| own.next()).map(|m| (m.policy.name.clone(), m.statement.place.clone())));
    }
    Some(Evidence { sure, by })
}

/// Whether an action is allowed on some resource: tried on what the granting statements themselves name.
pub(crate) fn on_any(member: &Member, action: &str, account: &str, context: &Context) -> Option<Evidence> {
    let request = Request::new(member.principal.clone(), action, "*");
    let mut best: Option<Evidence> = None;
    for statement in granting(&member.stack, &request) {
        for resource in candidates(statement, action, account) {
            if let Some(found) = on(member, action, &resource, context) {
                if found.sure {
                    return Some(found);
                }
                best = best.or(Some(found));
            }
        }
    }
    best
}

fn candidates(statement: &Statement, action: &str, account: &str) -> Vec<String> {
    let all = catalogue();
    let action = all.action(action);
    let types = action.map(|a| a.resource_types.iter().map(|(at, _)| all.service_of(a).resource_types[usize::from(*at)].pattern()));
    let mut out: Vec<String> = types.into_iter().flatten().map(|pattern| example(&pattern, account)).collect();
    if action.is_none_or(|a| a.resource_types.is_empty()) {
        out.push("*".into());
    }
    let named = statement.resources.iter().filter(|r| !r.not).flat_map(|r| r.any_of.iter());
    out.extend(named.filter(|p| !p.text.is_star()).map(|p| example(&p.text.text, account)));
    out.dedup();
    out
}

/// A resource of a pattern, in the account.
fn example(pattern: &str, account: &str) -> String {
    let mut parts: Vec<String> = pattern.splitn(6, ':').map(str::to_owned).collect();
    if let [_, partition, _, region, owner, _] = parts.as_mut_slice() {
        for (part, plain) in [(partition, "aws"), (region, "us-east-1"), (owner, account)] {
            if part == "*" {
                *part = plain.to_owned();
            }
        }
    }
    parts.join(":").replace(['*', '?'], "x")
}

/// Whether all needs of one kind hold, each by one of its actions.
pub(crate) fn all_needs<'n>(needs: impl Iterator<Item = &'n Need>, mut one: impl FnMut(&str) -> Option<Evidence>) -> Option<Evidence> {
    let mut all = Evidence { sure: true, by: Vec::new() };
    for need in needs {
        let mut best: Option<Evidence> = None;
        for action in &need.any_of {
            if let Some(found) = one(action) {
                let better = found.sure && best.as_ref().is_none_or(|b| !b.sure);
                if best.is_none() || better {
                    best = Some(found);
                }
            }
        }
        all = all.and(best?);
    }
    Some(all)
}

/// How an action is allowed over a whole set of targets.
pub(crate) enum Over {
    /// On every one.
    All,
    /// On those that these patterns name.
    Patterns(Vec<String>),
    /// On none.
    None,
}

/// How identity policies allow an action over targets, by their statements alone: a coarse answer, confirmed by [`on`].
pub(crate) fn over(stack: &Stack, principal: &Principal, action: &str, context: &Context) -> Over {
    let request = Request::new(principal.clone(), action, "*").with_context(context.clone());
    let view = View { request: &request };
    let mut patterns = Vec::new();
    let denies = stack
        .identity
        .iter()
        .chain(&stack.boundary)
        .flat_map(|p| &*p.statements)
        .any(|s| s.effect != Effect::Allow && s.speaks_of_action(&view).possible());
    let plain = !denies && stack.boundary.is_empty() && stack.session.is_empty() && stack.service_control.is_empty();
    for statement in granting(stack, &request) {
        let holds = Truth::all(statement.conditions.iter().map(|c| c.holds(&view)));
        match &statement.resources {
            Some(r) if !r.not => {
                if plain && holds == Truth::Yes && r.any_of.iter().any(|p| p.text.is_star()) {
                    return Over::All;
                }
                patterns.extend(r.any_of.iter().map(|p| if p.text.has_variables() { "*".to_owned() } else { p.text.text.to_string() }));
            }
            _ => patterns.push("*".into()),
        }
    }
    if patterns.is_empty() { Over::None } else { Over::Patterns(patterns) }
}
