//! Who can do it, what can one do, and is a resource open to strangers. Answers hold for contexts of which nothing is
//! known: what needs a condition is listed with it.

use super::actions::ActionSet;
use super::compare::{Side, Witness, compare};
use crate::condition::Condition;
use crate::decide::{Outcome, decide_on};
use crate::operator::{Operator, Quantifier};
use crate::policy::Policy;
use crate::principal::Principal;
use crate::principals::Who;
use crate::request::{Context, Request, View};
use crate::residual::Residue;
use crate::stack::{Layer, Stack};
use crate::statement::{Effect, Statement};
use crate::truth::Truth;
use model::Place;
use std::sync::Arc;

/// Principals with their policies, prepared for questions.
#[derive(Clone, Debug, Default)]
pub struct Population {
    members: Vec<(Principal, Stack)>,
    /// Lowered action patterns' sets by member, shared between members with the same policies.
    reach: Vec<Arc<Reach>>,
}

/// What a member's identity policies can allow at all.
#[derive(Debug, Default)]
struct Reach {
    actions: ActionSet,
    /// Something is unknown, or names actions that the catalogue does not list: always asked.
    open: bool,
}

/// Somebody who can.
#[derive(Clone, Debug, PartialEq)]
pub struct WhoCan {
    /// Who.
    pub principal: Principal,
    /// `Allowed` or `Depends`.
    pub outcome: Outcome,
    /// What it depends on.
    pub residual: Vec<Residue>,
    /// The statements that allow it.
    pub by: Vec<(Layer, Arc<str>, Place)>,
}

impl Population {
    /// Prepares principals.
    pub fn new(members: Vec<(Principal, Stack)>) -> Self {
        let mut known: std::collections::HashMap<Vec<usize>, Arc<Reach>> = std::collections::HashMap::new();
        let reach = members
            .iter()
            .map(|(_, stack)| {
                let key = stack.identity.iter().map(|policy| Arc::as_ptr(policy) as usize).collect();
                known.entry(key).or_insert_with(|| Arc::new(Reach::of(stack))).clone()
            })
            .collect();
        Self { members, reach }
    }

    /// The principals.
    pub fn members(&self) -> &[(Principal, Stack)] {
        &self.members
    }

    /// Who can perform an action on a resource of `owner`, whose policy is given; anonymous callers, strangers of
    /// another account, and services that the policy names are asked for too.
    pub fn who_can(&self, action: &str, resource: &str, owner: &str, policy: Option<&Arc<Policy>>) -> Vec<WhoCan> {
        let mut out = Vec::new();
        let mut request = Request::new(Principal::Anonymous, action, resource).with_context(Context::open()).owned_by(owner);
        let id = crate::catalogue::catalogue().id_of(action);
        // A policy that says nothing of the action grants nothing; then only identity policies do.
        let speaks = |policy: &Arc<Policy>| {
            let view = View { request: &request };
            policy.statements.iter().any(|s| s.unknown.is_some() || s.speaks_of_action(&view).possible())
        };
        let spoken = policy.is_some_and(speaks);
        for ((principal, stack), reach) in self.members.iter().zip(&self.reach) {
            let may = reach.open || id.is_none_or(|id| reach.actions.contains(id)) || matches!(principal, Principal::Root { .. });
            if !spoken && !may {
                continue;
            }
            request.principal.clone_from(principal);
            out.extend(answer(&request, stack, policy));
        }
        // What a stranger's own account allows is for it to say: it is taken to allow everything.
        let strangers = Stack::identity([everything()]);
        for stranger in policy.map(|policy| outsiders(policy)).unwrap_or_default() {
            request.principal = stranger;
            out.extend(answer(&request, &strangers, policy));
        }
        out
    }
}

impl Reach {
    fn of(stack: &Stack) -> Self {
        let mut reach = Self::default();
        for statement in stack.identity.iter().flat_map(|policy| &*policy.statements) {
            match statement.effect {
                Effect::Deny => {}
                Effect::Allow if statement.unknown.is_none() => {
                    let actions = &statement.actions;
                    reach.open |= actions.any_of.iter().any(|p| p.text.unknown.is_some());
                    reach.actions = reach.actions.union(&ActionSet::of(actions));
                }
                _ => reach.open = true,
            }
        }
        reach
    }
}

fn answer(request: &Request, stack: &Stack, policy: Option<&Arc<Policy>>) -> Option<WhoCan> {
    let decision = decide_on(request, stack, policy.or(stack.resource.as_ref()));
    if !matches!(decision.outcome, Outcome::Allowed | Outcome::Depends) {
        return None;
    }
    let by = decision.matched.iter().filter(|m| m.statement.effect != Effect::Deny);
    let by = by.map(|m| (m.layer, m.policy.name.clone(), m.statement.place.clone())).collect();
    Some(WhoCan { principal: request.principal.clone(), outcome: decision.outcome, residual: decision.residual, by })
}

fn everything() -> Arc<Policy> {
    let all = serde_json::json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    Arc::new(Policy::from_json("the stranger's own account", &all, &Place::new("", 0, 0)))
}

/// Callers beyond the population that a resource policy may mean.
fn outsiders(policy: &Policy) -> Vec<Principal> {
    let mut out = vec![Principal::Anonymous, Principal::User { arn: "arn:aws:iam::000000000000:user/stranger".into() }];
    for named in policy.statements.iter().filter_map(|s| s.principals.as_ref()).flat_map(|set| &*set.any_of) {
        let principal = match &named.who {
            Who::Service(name) if **name != *"*" => Some(Principal::Service { name: name.to_string() }),
            Who::Federated(provider) => Some(Principal::Federated { provider: provider.to_string() }),
            _ => None,
        };
        out.extend(principal.filter(|principal| !out.contains(principal)));
    }
    out
}

/// One thing a principal can do.
#[derive(Clone, Debug, PartialEq)]
pub struct Can {
    /// Actions that remain after boundaries, organisation policies and unconditional denials.
    pub actions: ActionSet,
    /// Resource patterns as written; with `NotResource` each begins with `not `.
    pub resources: Vec<String>,
    /// Conditions, as `key operator values`.
    pub conditions: Vec<String>,
    /// The policy that grants it.
    pub policy: Arc<str>,
    /// Where the statement is written.
    pub place: Place,
    /// Why it is not known what the policy says, if it is not: then `actions` is what it may allow at most.
    pub unknown: Option<Arc<str>>,
    /// Whether a conditional or partial denial, or a limit with conditions, may take some of it away again.
    pub limited: bool,
}

/// What a principal's identity policies allow, statement by statement, within its limits.
pub fn can(stack: &Stack) -> Vec<Can> {
    let limits = [&stack.boundary, &stack.session].into_iter().filter(|layer| !layer.is_empty());
    let limits: Vec<&Vec<Arc<Policy>>> = limits.chain(stack.service_control.iter().map(|level| &level.policies)).collect();
    let statements = |layer: &'_ Vec<Arc<Policy>>| -> Vec<Statement> { layer.iter().flat_map(|p| p.statements.to_vec()).collect() };
    let everywhere = |s: &Statement| {
        let all = s.resources.as_ref().is_some_and(|r| !r.not && r.any_of.iter().any(|p| p.text.is_star()));
        all && s.conditions.is_empty() && s.unknown.is_none()
    };
    let (mut denied, mut cap, mut limited) = (ActionSet::default(), ActionSet::all(), false);
    for layer in limits.iter().copied().chain(std::iter::once(&stack.identity)) {
        for statement in statements(layer).iter().filter(|s| s.effect != Effect::Allow) {
            match everywhere(statement) {
                true => denied = denied.union(&ActionSet::certain(&statement.actions)),
                false => limited = true,
            }
        }
    }
    for layer in &limits {
        let allows: Vec<Statement> = statements(layer).into_iter().filter(|s| s.effect != Effect::Deny).collect();
        limited |= !allows.iter().all(everywhere);
        cap = cap.intersection(&allows.iter().fold(ActionSet::default(), |set, s| set.union(&ActionSet::of(&s.actions))));
    }
    let mut out = Vec::new();
    for policy in &stack.identity {
        for statement in policy.statements.iter().filter(|s| s.effect != Effect::Deny) {
            let actions = match &statement.unknown {
                Some(_) => cap.without(&denied),
                None => ActionSet::of(&statement.actions).intersection(&cap).without(&denied),
            };
            if actions.is_empty() {
                continue;
            }
            let resources = statement.resources.iter().flat_map(|r| {
                let not = if r.not { "not " } else { "" };
                r.any_of.iter().map(move |p| format!("{not}{}", p.text.text))
            });
            out.push(Can {
                actions,
                resources: resources.collect(),
                conditions: statement.conditions.iter().map(shown).collect(),
                policy: policy.name.clone(),
                place: statement.place.clone(),
                unknown: statement.unknown.clone(),
                limited: limited || statement.unknown.is_some(),
            });
        }
    }
    out
}

fn shown(condition: &Condition) -> String {
    let values: Vec<&str> = condition.values.iter().map(|value| &*value.text.text).collect();
    format!("{} {} {}", condition.key, condition.operator, values.join(" or "))
}

/// How a resource policy lets strangers in.
#[derive(Clone, Debug, PartialEq)]
pub struct Exposure {
    /// The statement that does it: index and place.
    pub statement: usize,
    /// Where it is written.
    pub place: Place,
    /// A request of a stranger that passes.
    pub witness: Witness,
    /// Conditions that a stranger must meet.
    pub conditions: Vec<String>,
    /// Whether one of them holds strangers out, with a fixed value of a key that only the owner's own callers have
    /// (Amazon S3 User Guide, "The meaning of public").
    pub guarded: bool,
}

/// Which statements of a resource policy let anonymous callers or any other account in.
pub fn is_public(policy: &Arc<Policy>) -> Vec<Exposure> {
    const GUARDS: [&str; 14] = [
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "kms:calleraccount",
        "lambda:eventsourcetoken",
        "aws:sourceip",
    ];
    let mut out = Vec::new();
    for statement in policy.statements.iter().filter(|s| s.effect != Effect::Deny) {
        let open = statement.principals.as_ref().is_some_and(|set| set.not || set.any_of.iter().any(|named| named.who == Who::Everyone));
        if !open {
            continue;
        }
        // This grant alone, with the policy's denials, against nothing.
        let keep = |s: &&Statement| s.effect == Effect::Deny || s.index == statement.index;
        let alone = Policy { statements: policy.statements.iter().filter(keep).cloned().collect(), ..(**policy).clone() };
        let found = compare(&Side::policy(Arc::new(alone)), &Side { layers: vec![Vec::new()] });
        let Some(witness) = found.only_first else { continue };
        let fixed = |c: &&Condition| {
            let textual =
                matches!(c.test.operator, Operator::StringEquals | Operator::StringEqualsIgnoreCase | Operator::StringLike | Operator::Arn);
            let kind = textual || c.test.operator == Operator::IpAddress;
            let wide = |text: &str| text.starts_with('*') || text.ends_with("/0") || text == "arn:aws:*";
            let values = !c.values.is_empty() && c.values.iter().all(|v| v.text.unknown.is_none() && !wide(&v.text.text));
            GUARDS.contains(&&*c.key_lower)
                && kind
                && !c.test.negated
                && !c.test.if_exists
                && c.test.quantifier != Quantifier::ForAllValues
                && values
        };
        out.push(Exposure {
            statement: statement.index,
            place: statement.place.clone(),
            witness,
            conditions: statement.conditions.iter().map(shown).collect(),
            guarded: statement.conditions.iter().any(|c| fixed(&c)),
        });
    }
    out
}

/// Whether a truth is more than no.
impl Truth {
    /// Yes, or it depends.
    pub fn possible(self) -> bool {
        self != Self::No
    }
}
