//! The decision (IAM User Guide, "Policy evaluation logic" and "Cross-account policy evaluation logic").
//! Anything unknown that could change the answer makes it `Depends`; it never makes it `Allowed`.

use crate::policy::Policy;
use crate::principal::Principal;
use crate::principals::Reach;
use crate::request::{Request, View};
use crate::residual::{Residue, residue};
use crate::services;
use crate::stack::{Layer, Level, Stack};
use crate::statement::{Effect, Statement};
use crate::truth::Truth;
use std::sync::Arc;

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It is allowed.
    Allowed,
    /// A statement denies it.
    ExplicitlyDenied,
    /// Nothing allows it.
    ImplicitlyDenied,
    /// It is allowed or not by something that is not known here.
    Depends,
}

/// A statement that speaks of the request.
#[derive(Clone, Copy, Debug)]
pub struct Matched<'a> {
    /// The layer its policy belongs to.
    pub layer: Layer,
    /// Its policy.
    pub policy: &'a Policy,
    /// The statement, with its place.
    pub statement: &'a Statement,
    /// `Yes`, or `Depends` when something it asks for is not known.
    pub truth: Truth,
}

/// A decision with its grounds.
#[derive(Clone, Debug)]
pub struct Decision<'a> {
    /// The answer.
    pub outcome: Outcome,
    /// Every statement that speaks of the request: for an explicit denial the denying ones, else all.
    pub matched: Vec<Matched<'a>>,
    /// For an implicit denial: the layers that lack a grant, outermost first.
    pub lacking: Vec<Layer>,
    /// For `Depends`: what it depends on.
    pub residual: Vec<Residue>,
}

impl Decision<'_> {
    /// Whether it is allowed.
    pub fn allowed(&self) -> bool {
        self.outcome == Outcome::Allowed
    }
}

impl Outcome {
    /// `Allowed`, `ExplicitlyDenied`, `ImplicitlyDenied`, `Depends`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "Allowed",
            Self::ExplicitlyDenied => "ExplicitlyDenied",
            Self::ImplicitlyDenied => "ImplicitlyDenied",
            Self::Depends => "Depends",
        }
    }
}

/// Decides a request.
pub fn decide<'a>(request: &Request, stack: &'a Stack) -> Decision<'a> {
    decide_on(request, stack, stack.resource.as_ref())
}

/// The same with another policy of the resource than the stack's: one stack is asked about many resources.
pub(crate) fn decide_on<'a>(request: &Request, stack: &'a Stack, resource: Option<&'a Arc<Policy>>) -> Decision<'a> {
    let view = View { request };
    let mut decision = Decision { outcome: Outcome::Allowed, matched: Vec::with_capacity(4), lacking: Vec::new(), residual: Vec::new() };
    // STS API Reference, "GetCallerIdentity": no permissions are required, and a denial has no effect.
    if request.action_lower == "sts:getcalleridentity" {
        return decision;
    }
    let account = request.principal.account();
    let owner = request.owner_beside(account);
    let layers = Layers::of(&view, account, stack, resource, &mut decision.matched);
    let granted = match (account, owner) {
        (None, _) => layers.granted(Side::Resource),
        (Some(own), Some(owner)) if own == owner => layers.granted(Side::Same),
        (Some(_), Some(_)) => layers.granted(Side::Cross),
        (Some(_), None) => match (layers.granted(Side::Same), layers.granted(Side::Cross)) {
            (same, cross) if same == cross => same,
            _ => Truth::Depends,
        },
    };
    decision.outcome = match (layers.deny, granted) {
        (Truth::Yes, _) => Outcome::ExplicitlyDenied,
        (_, Truth::No) => Outcome::ImplicitlyDenied,
        (Truth::No, Truth::Yes) => Outcome::Allowed,
        _ => Outcome::Depends,
    };
    match decision.outcome {
        Outcome::ExplicitlyDenied => decision.matched.retain(|m| m.statement.effect == Effect::Deny && m.truth == Truth::Yes),
        Outcome::ImplicitlyDenied => decision.lacking = layers.lacking(account, owner),
        Outcome::Depends => {
            for matched in decision.matched.iter().filter(|m| m.truth == Truth::Depends) {
                decision.residual.extend(residue(&view, matched, !stack.boundary.is_empty()));
            }
            if owner.is_none() && account.is_some() {
                decision.residual.push(Residue::owner());
            }
        }
        Outcome::Allowed => {}
    }
    decision
}

/// Decides by one policy alone, without principals: the document a Lambda authorizer returns, or the question what a
/// single policy says.
pub fn decide_by<'a>(request: &Request, policy: &'a Arc<Policy>) -> Decision<'a> {
    let view = View { request };
    let mut matched = Vec::new();
    let said = said(&view, std::slice::from_ref(policy), Layer::Identity, &mut matched);
    let outcome = match (said.deny, said.allow) {
        (Truth::Yes, _) => Outcome::ExplicitlyDenied,
        (_, Truth::No) => Outcome::ImplicitlyDenied,
        (Truth::No, Truth::Yes) => Outcome::Allowed,
        _ => Outcome::Depends,
    };
    let residual = match outcome {
        Outcome::Depends => matched.iter().filter(|m| m.truth == Truth::Depends).flat_map(|m| residue(&view, m, false)).collect(),
        _ => Vec::new(),
    };
    if outcome == Outcome::ExplicitlyDenied {
        matched.retain(|m| m.statement.effect == Effect::Deny && m.truth == Truth::Yes);
    }
    let lacking = if outcome == Outcome::ImplicitlyDenied { vec![Layer::Identity] } else { Vec::new() };
    Decision { outcome, matched, lacking, residual }
}

/// Decides by layers of policies alone: each must allow, none deny. Principals count where a statement names them;
/// neither accounts nor delegation do.
pub(crate) fn decide_layers(request: &Request, layers: &[Vec<Arc<Policy>>]) -> Outcome {
    let view = View { request };
    let (mut granted, mut deny) = (Truth::Yes, Truth::No);
    for layer in layers {
        let mut allow = Truth::No;
        for statement in layer.iter().flat_map(|policy| &*policy.statements) {
            let reach = if statement.principals.is_some() { statement.reach(&view, false).matched } else { Truth::Yes };
            let mut truth = reach.and(statement.speaks(&view, true));
            if statement.effect == Effect::Unknown && truth != Truth::No {
                truth = Truth::Depends;
            }
            if statement.effect != Effect::Deny {
                allow = allow.or(truth);
            }
            if statement.effect != Effect::Allow {
                deny = deny.or(truth);
            }
        }
        granted = granted.and(allow);
    }
    match (deny, granted) {
        (Truth::Yes, _) => Outcome::ExplicitlyDenied,
        (_, Truth::No) => Outcome::ImplicitlyDenied,
        (Truth::No, Truth::Yes) => Outcome::Allowed,
        _ => Outcome::Depends,
    }
}

/// What one layer says.
#[derive(Clone, Copy)]
struct Said {
    allow: Truth,
    deny: Truth,
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    /// Caller and resource belong to one account.
    Same,
    /// They belong to two.
    Cross,
    /// The caller has no account whose policies count: anonymous, a service, a provider's user.
    Resource,
}

/// What every layer says of a request.
struct Layers {
    deny: Truth,
    identity: Truth,
    boundary: Truth,
    session: Truth,
    resource: Reach,
    /// The resource's own policy must allow: trust policies and key policies.
    strict: bool,
    /// That policy is a role's trust policy.
    trust: bool,
    endpoint: Truth,
    service_control: Truth,
    service_control_lacking: Option<usize>,
}

impl Layers {
    fn of<'a>(
        view: &View<'_>,
        account: Option<&str>,
        stack: &'a Stack,
        own: Option<&'a Arc<Policy>>,
        matched: &mut Vec<Matched<'a>>,
    ) -> Self {
        let principal = &view.request.principal;
        let mut deny = Truth::No;
        let mut layer = |policies: &'a [Arc<Policy>], layer, matched: &mut Vec<Matched<'a>>| {
            let said = said(view, policies, layer, matched);
            deny = deny.or(said.deny);
            said.allow
        };
        let has_identity = matches!(principal, Principal::User { .. } | Principal::Session { .. } | Principal::FederatedUser { .. });
        let mut identity = if has_identity { layer(&stack.identity, Layer::Identity, matched) } else { Truth::No };
        if matches!(principal, Principal::Root { .. }) {
            identity = Truth::Yes;
        }
        let mut filter = |policies: &'a [Arc<Policy>], name, matched: &mut Vec<Matched<'a>>| {
            if !has_identity || policies.is_empty() { Truth::Yes } else { layer(policies, name, matched) }
        };
        let boundary = filter(&stack.boundary, Layer::Boundary, matched);
        let session = filter(&stack.session, Layer::Session, matched);
        // A federated session has the permissions of its session policy and of its user, and none without one.
        if matches!(principal, Principal::FederatedUser { .. }) && stack.session.is_empty() {
            identity = Truth::No;
        }
        let (mut service_control, mut service_control_lacking) = (Truth::Yes, None);
        if !stack.service_control.is_empty() && account.is_some() && !principal.is_service_linked() {
            for (index, level) in stack.service_control.iter().enumerate() {
                let allow = layer(&level.policies, Layer::ServiceControl(index), matched);
                if allow != Truth::Yes {
                    service_control_lacking = service_control_lacking.or(Some(index));
                }
                service_control = service_control.and(allow);
            }
        }
        if !stack.resource_control.is_empty()
            && !principal.is_service_linked()
            && services::has_resource_control(&view.request.action_lower)
        {
            for (index, Level { policies, .. }) in stack.resource_control.iter().enumerate() {
                // Only denials count: RCPFullAWSAccess is attached everywhere and cannot be detached.
                let (_, denied) = said_to(view, policies, Layer::ResourceControl(index), true, matched);
                deny = deny.or(denied);
            }
        }
        let has_boundary = has_identity && !stack.boundary.is_empty();
        let (trust, key_policy) = services::must_allow(&view.request.action_lower, &view.request.resource);
        let name = if trust { Layer::Trust } else { Layer::Resource };
        let (mut resource, denied) = match own {
            Some(policy) => said_to(view, std::slice::from_ref(policy), name, has_boundary, matched),
            None => (Reach::NONE, Truth::No),
        };
        if matches!(principal, Principal::Root { .. })
            && services::root_keeps(&view.request.action_lower)
            && view.request.owner() == account
        {
            matched.retain(|m| m.layer != Layer::Resource || m.statement.effect != Effect::Deny);
        } else {
            deny = deny.or(denied);
        }
        if !stack.settings.is_empty() {
            let (granted, denied) = said_to(view, &stack.settings, name, has_boundary, matched);
            resource = resource.or(granted);
            deny = deny.or(denied);
        }
        let endpoint = match &stack.endpoint {
            Some(policy) => {
                let (reach, denied) = said_to(view, std::slice::from_ref(policy), Layer::Endpoint, has_boundary, matched);
                deny = deny.or(denied);
                reach.matched
            }
            None => Truth::Yes,
        };
        let strict = trust || key_policy;
        Self { deny, identity, boundary, session, resource, strict, trust, endpoint, service_control, service_control_lacking }
    }

    fn granted(&self, side: Side) -> Truth {
        let limits = self.boundary.and(self.session);
        let by_identity = self.identity.and(limits);
        let granted = match side {
            Side::Resource => self.resource.matched,
            Side::Cross => by_identity.and(self.resource.matched),
            Side::Same => {
                let by_identity = if self.strict { by_identity.and(self.resource.matched) } else { by_identity };
                let by_resource = self.resource.direct.and(limits).or(self.resource.past_limits);
                by_identity.or(by_resource)
            }
        };
        granted.and(self.endpoint).and(self.service_control)
    }

    /// The layers without which nothing more is needed: what a smallest grant has to touch.
    fn lacking(&self, own: Option<&str>, owner: Option<&str>) -> Vec<Layer> {
        let mut out = Vec::new();
        out.extend(self.service_control_lacking.filter(|_| self.service_control == Truth::No).map(Layer::ServiceControl));
        if self.endpoint == Truth::No {
            out.push(Layer::Endpoint);
        }
        let resource = if self.trust { Layer::Trust } else { Layer::Resource };
        let needs_resource = own.is_none() || self.strict || owner.is_some_and(|owner| own != Some(owner));
        if needs_resource && self.resource.matched == Truth::No {
            out.push(resource);
        }
        let passed = self.resource.past_limits != Truth::No && !(own.is_some() && owner != own);
        if own.is_some() && !passed {
            if self.boundary == Truth::No {
                out.push(Layer::Boundary);
            }
            if self.session == Truth::No {
                out.push(Layer::Session);
            }
            let direct = self.resource.direct != Truth::No && owner == own;
            if self.identity == Truth::No && !direct {
                out.push(Layer::Identity);
            }
        }
        out
    }
}

/// What policies without principals say.
fn said<'a>(view: &View<'_>, policies: &'a [Arc<Policy>], layer: Layer, matched: &mut Vec<Matched<'a>>) -> Said {
    let mut all = Said { allow: Truth::No, deny: Truth::No };
    let complete = !matches!(layer, Layer::ServiceControl(_) | Layer::ResourceControl(_));
    for policy in policies {
        for statement in &*policy.statements {
            if statement.is_of_another_service(view) {
                continue;
            }
            let mut truth = statement.speaks(view, complete);
            if truth == Truth::No {
                continue;
            }
            if statement.resources.is_none() || statement.effect == Effect::Unknown {
                // AWS refuses such a statement here; only resource-based policies may leave the resource out, and none the effect.
                truth = Truth::Depends;
            }
            matched.push(Matched { layer, policy, statement, truth });
            match statement.effect {
                Effect::Allow => all.allow = all.allow.or(truth),
                Effect::Deny => all.deny = all.deny.or(truth),
                Effect::Unknown => {
                    all.allow = all.allow.or(Truth::Depends);
                    all.deny = all.deny.or(Truth::Depends);
                }
            }
        }
    }
    all
}

/// What policies with principals say to this caller: how far their grants reach, and whether they deny.
fn said_to<'a>(
    view: &View<'_>,
    policies: &'a [Arc<Policy>],
    layer: Layer,
    has_boundary: bool,
    matched: &mut Vec<Matched<'a>>,
) -> (Reach, Truth) {
    let (mut grants, mut deny) = (Reach::NONE, Truth::No);
    for policy in policies {
        for statement in &*policy.statements {
            if statement.is_of_another_service(view) {
                continue;
            }
            let reach = statement.reach(view, has_boundary);
            if reach.matched == Truth::No {
                continue;
            }
            let speaks = statement.speaks(view, false);
            let reach = reach.and(speaks);
            if reach.matched == Truth::No {
                continue;
            }
            let unknown = statement.effect == Effect::Unknown;
            let truth = if unknown { Truth::Depends } else { reach.matched };
            matched.push(Matched { layer, policy, statement, truth });
            if statement.effect != Effect::Deny {
                grants = grants.or(if unknown { reach.and(Truth::Depends) } else { reach });
            }
            if statement.effect != Effect::Allow {
                deny = deny.or(truth);
            }
        }
    }
    (grants, deny)
}
