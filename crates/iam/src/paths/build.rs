//! Building the graph: each member's policies are asked for each primitive, rarest needs first. Never an edge whose
//! needs were not decided by the engine.

use super::graph::{Edge, Graph, Set, To};
use super::primitive::{Gain, On, Primitive, primitives};
use super::reach::{Evidence, Over, all_needs, evidence, on, on_any, over};
use crate::account::{Account, Member, MemberKind};
use crate::decide::decide;
use crate::glob::{Glob, Segments, tokens};
use crate::policy::Policy;
use crate::principal::Principal;
use crate::principals::Who;
use crate::request::{Context, Request, View};
use crate::stack::Stack;
use crate::statement::Effect;
use crate::truth::Truth;
use model::App;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

pub(super) struct Builder<'a> {
    pub(super) graph: Graph<'a>,
    pub(super) assume: bool,
    /// Requests by which a policy is asked whether it speaks of an action at all.
    probes: Vec<(String, Request)>,
    bits: HashMap<&'static str, usize>,
    masks: HashMap<*const Policy, Vec<u64>>,
    pub(super) by_arn: HashMap<&'a str, usize>,
    roles_by_service: HashMap<String, Rc<Vec<usize>>>,
    roles_by_provider: HashMap<String, Rc<Vec<usize>>>,
    pub(super) roles: Rc<Vec<usize>>,
    users: Rc<Vec<usize>>,
    groups: Rc<Vec<usize>>,
    /// Roles that trust the whole account without conditions, and those that do under conditions.
    open_roles: Rc<Vec<usize>>,
    conditional_roles: Rc<Vec<usize>>,
    set_ids: HashMap<String, usize>,
    /// Nodes that act with a role, but within a session policy.
    pub(super) sessions: Vec<(usize, Member)>,
}

/// Targets found for a member.
enum Found {
    All,
    Some(Vec<(usize, Evidence)>),
}

impl<'a> Builder<'a> {
    pub(super) fn new(account: &'a Account, app: Option<&'a App>, assume: bool) -> Self {
        let mut bits = HashMap::new();
        let mut probes = Vec::new();
        for action in primitives().iter().flat_map(|p| &p.needs).flat_map(|n| &n.any_of).map(String::as_str).chain(["sts:AssumeRole"]) {
            bits.entry(action).or_insert_with(|| {
                probes.push((action.to_owned(), Request::new(Principal::Anonymous, action, "*")));
                probes.len() - 1
            });
        }
        let admin = account.members.iter().map(|member| administrator(member, &member.stack)).collect();
        let mut out = Self {
            graph: Graph { account, nodes: Vec::new(), edges: Vec::new(), sets: Vec::new(), admin, app, assume },
            assume,
            probes,
            bits,
            masks: HashMap::new(),
            by_arn: account.members.iter().enumerate().map(|(at, m)| (m.arn.as_str(), at)).collect(),
            roles_by_service: HashMap::new(),
            roles_by_provider: HashMap::new(),
            roles: Rc::default(),
            users: Rc::default(),
            groups: Rc::default(),
            open_roles: Rc::default(),
            conditional_roles: Rc::default(),
            set_ids: HashMap::new(),
            sessions: Vec::new(),
        };
        for (at, member) in account.members.iter().enumerate() {
            match member.kind {
                MemberKind::User => Rc::make_mut(&mut out.users).push(at),
                MemberKind::Group => Rc::make_mut(&mut out.groups).push(at),
                // AWS keeps its own roles from customers' hands.
                MemberKind::Role if member.arn.contains(":role/aws-service-role/") || member.arn.contains(":role/aws-reserved/") => {}
                MemberKind::Role => {
                    Rc::make_mut(&mut out.roles).push(at);
                    out.index_trust(at, member);
                }
            }
        }
        out
    }

    fn index_trust(&mut self, at: usize, member: &Member) {
        let Some(trust) = &member.trust else { return };
        for statement in trust.statements.iter().filter(|s| s.effect == Effect::Allow && s.unknown.is_none()) {
            for named in statement.principals.iter().flat_map(|set| &*set.any_of) {
                match &named.who {
                    Who::Service(name) => Rc::make_mut(self.roles_by_service.entry(name.to_string()).or_default()).push(at),
                    Who::Federated(provider) => {
                        let name = provider.rsplit('/').next().unwrap_or(provider);
                        Rc::make_mut(self.roles_by_provider.entry(name.to_owned()).or_default()).push(at);
                    }
                    Who::Account(account) if **account == *self.graph.account.id => {
                        let list = if statement.conditions.is_empty() { &mut self.open_roles } else { &mut self.conditional_roles };
                        Rc::make_mut(list).push(at);
                    }
                    Who::Everyone if statement.conditions.is_empty() => Rc::make_mut(&mut self.open_roles).push(at),
                    Who::Everyone => Rc::make_mut(&mut self.conditional_roles).push(at),
                    _ => {}
                }
            }
        }
    }

    /// Which of the primitives' actions a member's policies speak of at all.
    fn mask(&mut self, member: &Member) -> Vec<u64> {
        let words = self.probes.len().div_ceil(64);
        let mut all = vec![0; words];
        for policy in &member.stack.identity {
            let probes = &self.probes;
            let own = self.masks.entry(Arc::as_ptr(policy)).or_insert_with(|| {
                let mut mask = vec![0u64; words];
                for statement in policy.statements.iter().filter(|s| s.effect != Effect::Deny && s.unknown.is_none()) {
                    for (bit, (_, request)) in probes.iter().enumerate() {
                        if statement.speaks_of_action(&View { request }).possible() {
                            mask[bit / 64] |= 1 << (bit % 64);
                        }
                    }
                }
                mask
            });
            all.iter_mut().zip(own.iter()).for_each(|(all, own)| *all |= own);
        }
        all
    }

    fn may(&self, mask: &[u64], action: &str) -> bool {
        self.bits.get(action).is_some_and(|bit| mask[bit / 64] & (1 << (bit % 64)) != 0)
    }

    pub(super) fn member(&mut self, at: usize) {
        let account = self.graph.account;
        let member = &account.members[at];
        if self.graph.admin[at] == Truth::Yes || member.stack.identity.is_empty() {
            return;
        }
        // A group acts through a user who was added to it.
        let joined = (member.kind == MemberKind::Group).then(|| joined(member));
        self.acts(at, joined.as_ref().unwrap_or(member));
    }

    /// Every primitive, tried by the node `at` with the permissions of `member`.
    pub(super) fn acts(&mut self, at: usize, member: &Member) {
        let mask = self.mask(member);
        if mask.iter().all(|word| *word == 0) {
            return;
        }
        for (index, primitive) in primitives().iter().enumerate() {
            let gains = matches!(primitive.gains, Gain::Target | Gain::Admin | Gain::Unlimited);
            // What the versions of a policy hold is known from the account itself.
            let useful = gains && (self.assume || primitive.assumes.is_none() || primitive.target.kind == "policy-version");
            let possible = primitive.needs.iter().all(|need| need.any_of.iter().any(|action| self.may(&mask, action)));
            if useful && possible && !primitive.needs.is_empty() && primitive.source == "principal" {
                self.primitive(at, member, index, primitive);
            }
        }
    }

    fn primitive(&mut self, at: usize, member: &Member, index: usize, primitive: &'static Primitive) {
        let account = &self.graph.account.id;
        let service = primitive.target.service.as_deref().unwrap_or_default();
        let context = if primitive.target.kind == "role-trusting" || primitive.target.kind == "role-trusting-federated" {
            Context::open().with("iam:PassedToService", service)
        } else {
            Context::open()
        };
        // What does not hang on the target comes first: most members fail here.
        let free = primitive.needs.iter().filter(|need| need.on == On::Any);
        let Some(free) = all_needs(free, |action| on_any(member, action, account, &context)) else { return };
        let on_target = |n: &&super::Need| matches!(n.on, On::Role | On::Target | On::Trust | On::TargetPolicy);
        let wanted: Vec<&super::Need> = primitive.needs.iter().filter(on_target).collect();
        let own_policy = |action: &str| member.managed.iter().find_map(|arn| on(member, action, arn, &context));
        match primitive.target.kind.as_str() {
            "none" if primitive.gains == Gain::Admin => self.edge(at, To::Admin, index, free),
            "self-user" | "self-role" | "self-group" | "policy" => {
                let kind = if primitive.target.kind == "self-role" { MemberKind::Role } else { MemberKind::User };
                if primitive.target.kind != "policy" && member.kind != kind {
                    return;
                }
                let found = all_needs(primitive.needs.iter().filter(|n| n.on != On::Any), |action| match primitive.target.kind.as_str() {
                    "self-group" => member.groups.iter().find_map(|group| on(member, action, group, &context)),
                    "policy" => own_policy(action),
                    _ => on(member, action, &member.arn, &context),
                });
                let Some(found) = found else { return };
                let gains = match primitive.gains {
                    // A permissions boundary still holds whatever is attached.
                    Gain::Admin => unbounded(member),
                    _ => !member.stack.boundary.is_empty() && unlimited(member) != Truth::No,
                };
                if gains {
                    self.edge(at, To::Admin, index, free.and(found));
                }
            }
            "role-trusting" => {
                let set = self.roles_by_service.get(service).cloned().unwrap_or_default();
                self.targets(at, member, index, &wanted, set, &format!("service {service}"), &context, free);
            }
            "role-trusting-federated" => {
                let set = self.roles_by_provider.get(service).cloned().unwrap_or_default();
                self.targets(at, member, index, &wanted, set, &format!("provider {service}"), &context, free);
            }
            "policy-version" => self.version(at, member, index, &context),
            "role-bounded" => self.bounded(at, member, index, &wanted, &context),
            "holder" => self.holders(at, member, index, &wanted, service, free),
            "user" => self.targets(at, member, index, &wanted, self.users.clone(), "users", &context, free),
            "group" if member.kind == MemberKind::User => {
                self.targets(at, member, index, &wanted, self.groups.clone(), "groups", &context, free);
            }
            "role" => {
                self.targets(at, member, index, &wanted, self.open_roles.clone(), "roles that trust the account", &context, free);
                self.conditional(at, member, index);
            }
            "role-any" => self.targets(at, member, index, &wanted, self.roles.clone(), "roles", &context, free),
            "role-assumable" => self.assumable(at, member, index, &wanted, &context),
            _ => {}
        }
    }

    pub(super) fn edge(&mut self, from: usize, to: To, primitive: usize, evidence: Evidence) {
        self.graph.edges.push(Edge { from, to, primitive, evidence });
    }

    #[allow(clippy::too_many_arguments)]
    fn targets(
        &mut self,
        at: usize,
        member: &Member,
        index: usize,
        wanted: &[&super::Need],
        set: Rc<Vec<usize>>,
        name: &str,
        context: &Context,
        free: Evidence,
    ) {
        if set.is_empty() {
            return;
        }
        let to_admin = primitives()[index].gains == Gain::Admin;
        match self.find(member, wanted, &set, context) {
            Found::All if to_admin => {
                // Any target without a boundary will do.
                if let Some(found) = set
                    .iter()
                    .find(|to| **to != at && unbounded(&self.graph.account.members[**to]))
                    .and_then(|to| self.confirm(member, wanted, *to, context))
                {
                    self.edge(at, To::Admin, index, free.and(found));
                }
            }
            Found::All => {
                let Some(found) = set.iter().find_map(|to| self.confirm(member, wanted, *to, context)) else { return };
                let next = self.graph.sets.len();
                let id = *self.set_ids.entry(name.to_owned()).or_insert(next);
                if id == next {
                    self.graph.sets.push(Set { members: set.to_vec() });
                }
                self.edge(at, To::Set(id), index, free.and(found));
            }
            Found::Some(list) => {
                for (to, found) in list.into_iter().filter(|(to, _)| *to != at) {
                    let to = if to_admin { To::Admin } else { To::Node(to) };
                    self.edge(at, to, index, free.clone().and(found));
                }
            }
        }
    }

    /// Which targets the needs cover.
    fn find(&self, member: &Member, wanted: &[&super::Need], set: &[usize], context: &Context) -> Found {
        let mut candidates: Option<BTreeSet<usize>> = None;
        for need in wanted {
            let mut patterns = Vec::new();
            let mut all = false;
            for action in &need.any_of {
                match over(&member.stack, &member.principal, action, context) {
                    Over::All => all = true,
                    Over::Patterns(own) => patterns.extend(own),
                    Over::None => {}
                }
            }
            if all || need.on == On::TargetPolicy {
                continue;
            }
            let mut own = BTreeSet::new();
            for pattern in patterns {
                if pattern.contains(['*', '?']) {
                    let glob = Glob::new(&tokens(&pattern, Segments::Arn));
                    own.extend(set.iter().copied().filter(|to| glob.matches(&self.graph.account.members[*to].arn)));
                } else if let Some(to) = self.by_arn.get(pattern.as_str()).filter(|to| set.binary_search(to).is_ok()) {
                    own.insert(*to);
                }
            }
            candidates = Some(match candidates {
                Some(before) => before.intersection(&own).copied().collect(),
                None => own,
            });
        }
        let policies = wanted.iter().any(|need| need.on == On::TargetPolicy);
        match candidates {
            None if !policies => Found::All,
            None => Found::Some(set.iter().filter_map(|to| Some((*to, self.confirm(member, wanted, *to, context)?))).collect()),
            Some(list) => Found::Some(list.into_iter().filter_map(|to| Some((to, self.confirm(member, wanted, to, context)?))).collect()),
        }
    }

    /// Decides each need on one target, its trust policy included where the need is to assume it.
    fn confirm(&self, member: &Member, wanted: &[&super::Need], to: usize, context: &Context) -> Option<Evidence> {
        let target = &self.graph.account.members[to];
        let mut all = Evidence { sure: true, by: Vec::new() };
        for need in wanted {
            let found = all_needs(std::iter::once(*need), |action| match need.on {
                On::Trust => self.assume(member, target, action),
                On::TargetPolicy => target.managed.iter().find_map(|arn| on(member, action, arn, context)),
                _ => on(member, action, &target.arn, context),
            });
            all = all.and(found?);
        }
        Some(all)
    }

    pub(super) fn assume(&self, member: &Member, role: &Member, action: &str) -> Option<Evidence> {
        let request =
            Request::new(member.principal.clone(), action, &*role.arn).with_context(Context::open()).owned_by(&*self.graph.account.id);
        evidence(&request, &Stack { resource: role.trust.clone(), ..member.stack.clone() })
    }

    fn conditional(&mut self, at: usize, member: &Member, index: usize) {
        for &to in self.conditional_roles.clone().iter() {
            if let Some(found) = self.assume(member, &self.graph.account.members[to], "sts:AssumeRole").filter(|_| to != at) {
                self.edge(at, To::Node(to), index, found);
            }
        }
    }

    /// Roles that name a principal in their trust policy need no permission on the other side.
    pub(super) fn trusts(&mut self) {
        let account = self.graph.account;
        let Some(index) = primitives().iter().position(|p| p.id == "sts-assume-role") else { return };
        for &to in self.roles.clone().iter() {
            let role = &account.members[to];
            let named = role.trust.iter().flat_map(|trust| &*trust.statements).filter(|s| s.effect == Effect::Allow);
            let arns: BTreeSet<String> = named
                .filter_map(|s| s.principals.as_ref())
                .flat_map(|set| &*set.any_of)
                .filter_map(|named| match &named.who {
                    Who::Arn(arn) => Some(arn.to_string()),
                    _ => None,
                })
                .collect();
            for arn in arns {
                let from = self.by_arn.get(arn.as_str()).copied().or_else(|| account.find(&arn));
                let Some(from) = from.filter(|from| *from != to && self.graph.admin[*from] != Truth::Yes) else { continue };
                if let Some(found) = self.assume(&account.members[from], role, "sts:AssumeRole") {
                    self.edge(from, To::Node(to), index, found);
                }
            }
        }
    }

    fn holders(&mut self, at: usize, member: &Member, index: usize, wanted: &[&super::Need], service: &str, free: Evidence) {
        let account = self.graph.account;
        let context = Context::open();
        let needs = || wanted.iter().copied();
        if account.inventory {
            for holder in account.holders.iter().filter(|holder| holder.service == service) {
                let Some(to) = self.by_arn.get(holder.role_arn.as_str()).copied().filter(|to| *to != at) else { continue };
                if let Some(found) = all_needs(needs(), |action| on(member, action, &holder.arn, &context)) {
                    self.edge(at, To::Node(to), index, free.clone().and(found));
                }
            }
            return;
        }
        // Without an inventory some resource with such a role is taken to exist.
        let principal = match service {
            "ecs" => "ecs-tasks.amazonaws.com".to_owned(),
            "apprunner" => "tasks.apprunner.amazonaws.com".to_owned(),
            service => format!("{service}.amazonaws.com"),
        };
        let set = self.roles_by_service.get(&principal).cloned().unwrap_or_default();
        let Some(found) = all_needs(needs(), |action| on_any(member, action, &account.id, &context)).filter(|_| !set.is_empty()) else {
            return;
        };
        let next = self.graph.sets.len();
        let id = *self.set_ids.entry(format!("service {principal}")).or_insert(next);
        if id == next {
            self.graph.sets.push(Set { members: set.to_vec() });
        }
        self.edge(at, To::Set(id), index, free.and(found));
    }

    /// An older version of an attached policy that would make the caller an administrator.
    fn version(&mut self, at: usize, member: &Member, index: usize, context: &Context) {
        let account = self.graph.account;
        for arn in &member.managed {
            let Some(found) = on(member, "iam:SetDefaultPolicyVersion", arn, context) else { continue };
            let versions = account.versions.get(arn).map(Vec::as_slice).unwrap_or_default();
            let wider = versions.iter().any(|version| {
                let mut stack = member.stack.clone();
                stack.identity.push(version.clone());
                administrator(member, &stack) != Truth::No
            });
            if wider || (self.assume && !account.versions.contains_key(arn)) {
                self.edge(at, To::Admin, index, found);
                return;
            }
        }
    }

    /// A role that only its boundary keeps from being an administrator, where the caller may lift it and take the role.
    fn bounded(&mut self, at: usize, member: &Member, index: usize, wanted: &[&super::Need], context: &Context) {
        for &to in self.roles.clone().iter() {
            let role = &self.graph.account.members[to];
            if to == at || role.stack.boundary.is_empty() || unlimited(role) == Truth::No {
                continue;
            }
            let Some(found) = self.confirm(member, wanted, to, context) else { continue };
            if let Some(assumed) = self.assume(member, role, "sts:AssumeRole") {
                self.edge(at, To::Admin, index, found.and(assumed));
                return;
            }
        }
    }

    fn assumable(&mut self, at: usize, member: &Member, index: usize, wanted: &[&super::Need], context: &Context) {
        for &to in self.roles.clone().iter() {
            let role = &self.graph.account.members[to];
            if to == at || !unbounded(role) {
                continue;
            }
            // The needs first: they are the rarer.
            let Some(found) = self.confirm(member, wanted, to, context) else { continue };
            if let Some(assumed) = self.assume(member, role, "sts:AssumeRole") {
                self.edge(at, To::Admin, index, found.and(assumed));
                return;
            }
        }
    }
}

/// Whether somebody has every permission: `Depends` when a policy that is not known might take it away.
fn administrator(member: &Member, stack: &Stack) -> Truth {
    const PROBES: [&str; 5] = ["sekisho:Anything", "iam:AttachUserPolicy", "iam:PassRole", "ec2:RunInstances", "s3:GetObject"];
    let every = |stack: &Stack| {
        !stack.identity.is_empty()
            && PROBES.iter().all(|action| decide(&Request::new(member.principal.clone(), *action, "*"), stack).allowed())
    };
    if every(stack) {
        return Truth::Yes;
    }
    let known = |policy: &&Arc<Policy>| policy.statements.iter().all(|s| s.unknown.is_none());
    let rest: Vec<Arc<Policy>> = stack.identity.iter().filter(known).cloned().collect();
    let maybe = rest.len() < stack.identity.len() && every(&Stack { identity: rest, ..stack.clone() });
    if maybe { Truth::Depends } else { Truth::No }
}

/// Whether a member would be an administrator without its boundary.
fn unlimited(member: &Member) -> Truth {
    administrator(member, &Stack { boundary: Vec::new(), ..member.stack.clone() })
}

/// A user who is in this group and nothing else.
fn joined(group: &Member) -> Member {
    let arn = group.arn.replacen(":group/", ":user/", 1);
    let principal = Principal::User { arn: arn.clone() };
    Member { arn, principal, kind: MemberKind::User, groups: vec![group.arn.clone()], ..group.clone() }
}

/// Whether attaching every permission would give every permission.
fn unbounded(member: &Member) -> bool {
    let boundary = &member.stack.boundary;
    boundary.is_empty() || administrator(member, &Stack { identity: boundary.clone(), ..Stack::default() }) == Truth::Yes
}
