//! Outsiders: other accounts, identity providers and the internet, as far as trust policies let them in. An outsider's
//! own account allows it everything; of its requests only what it cannot choose is unknown.

use super::build::Builder;
use super::graph::To;
use super::node::{ANY_ACCOUNT, INTERNET, Node, NodeKind};
use super::primitive::primitives;
use super::reach::{Evidence, evidence};
use crate::account::Member;
use crate::policy::Policy;
use crate::principal::Principal;
use crate::principals::Who;
use crate::request::{Context, Request};
use crate::stack::Stack;
use crate::statement::Effect;
use model::Place;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The account of somebody nobody has heard of.
pub(super) const STRANGER: &str = "000000000000";
/// The OIDC provider of GitHub's workflows, where anybody may have a repository.
const WORKFLOWS: &str = "token.actions.githubusercontent.com";
/// The provider of every identity pool, in whatever account.
pub(super) const POOLS: &str = "cognito-identity.amazonaws.com";

impl Builder<'_> {
    /// The index of a node, made when it is not there.
    pub(super) fn node(&mut self, name: &str, kind: NodeKind, place: &Place) -> usize {
        let members = self.graph.account.members.len();
        if let Some(at) = self.graph.nodes.iter().position(|node| node.name == name && node.kind == kind) {
            return members + at;
        }
        self.graph.nodes.push(Node { name: name.to_owned(), kind, place: place.clone() });
        members + self.graph.nodes.len() - 1
    }

    pub(super) fn internet(&mut self) -> usize {
        self.node(INTERNET, NodeKind::Internet, &nowhere())
    }

    pub(super) fn link(&mut self, from: usize, to: usize, primitive: &str, evidence: Evidence) {
        if let Some(index) = primitives().iter().position(|p| p.id == primitive) {
            self.edge(from, To::Node(to), index, evidence);
        }
    }

    /// Roles that trust somebody outside the account.
    pub(super) fn outsiders(&mut self) {
        let account = self.graph.account;
        for to in self.roles.clone().iter().copied() {
            let role = &account.members[to];
            let mut seen = BTreeSet::new();
            for who in role.trust.iter().flat_map(|t| &*t.statements).filter(|s| s.effect == Effect::Allow && s.unknown.is_none()) {
                for named in who.principals.iter().filter(|set| !set.not).flat_map(|set| &*set.any_of) {
                    let outsider = match &named.who {
                        Who::Everyone => Some(STRANGER.to_owned()),
                        Who::Account(other) => Some(other.to_string()),
                        Who::Arn(arn) => arn.split(':').nth(4).map(str::to_owned),
                        _ => None,
                    };
                    if let Some(other) = outsider.filter(|other| *other != account.id && seen.insert(other.clone())) {
                        self.outsider(to, role, &other, &named.who);
                    }
                    if let Who::Federated(provider) = &named.who
                        && seen.insert(provider.to_string())
                    {
                        self.federated(to, role, provider);
                    }
                }
            }
        }
    }

    fn outsider(&mut self, to: usize, role: &Member, other: &str, who: &Who) {
        let principal = match who {
            Who::Arn(arn) => Principal::parse(arn),
            _ => Some(Principal::User { arn: format!("arn:aws:iam::{other}:user/anyone") }),
        };
        let Some(principal) = principal else { return };
        let context = if other == STRANGER { Context::open().with("aws:PrincipalOrgID", "o-stranger") } else { Context::open() };
        let request = Request::new(principal, "sts:AssumeRole", &*role.arn).with_context(context).owned_by(&*self.graph.account.id);
        let Some(found) = evidence(&request, &own_account(role.trust.clone())) else { return };
        let name = if other == STRANGER { ANY_ACCOUNT.to_owned() } else { format!("account {other}") };
        let from = self.node(&name, NodeKind::Account, &nowhere());
        self.link(from, to, "sts-assume-role", only_trust(found, role));
    }

    /// Providers where the attacker may be a user: anybody's identity pool, anybody's workflow.
    fn federated(&mut self, to: usize, role: &Member, provider: &str) {
        let web = |context: Context| {
            let principal = Principal::Federated { provider: provider.to_owned() };
            let request = Request::new(principal, "sts:AssumeRoleWithWebIdentity", &*role.arn).with_context(context);
            evidence(&request.owned_by(&*self.graph.account.id), &Stack::default().with_resource(role.trust.clone()))
        };
        let (primitive, found) = if provider == POOLS {
            let stranger = |amr: &str| pool_context("us-east-1:00000000-0000-0000-0000-000000000000", amr);
            ("sts-any-identity-pool", web(stranger("unauthenticated")).or_else(|| web(stranger("authenticated"))))
        } else if provider.ends_with(WORKFLOWS) {
            let claim = |name: &str| format!("{WORKFLOWS}:{name}");
            let context = Context::new()
                .with(&claim("aud"), "sts.amazonaws.com")
                .with(&claim("sub"), "repo:stranger/repository:ref:refs/heads/main")
                .with(&claim("repository"), "stranger/repository")
                .with(&claim("repository_owner"), "stranger");
            ("sts-web-identity", web(context))
        } else {
            return;
        };
        if let Some(found) = found {
            let from = self.internet();
            self.link(from, to, primitive, found);
        }
    }
}

/// What a token of an identity pool says (Amazon Cognito Developer Guide, "Role trust and permissions").
pub(super) fn pool_context(pool: &str, amr: &str) -> Context {
    Context::new().with(&format!("{POOLS}:aud"), pool).with_many(&format!("{POOLS}:amr"), [amr.to_owned()])
}

/// The stack of a caller whose own account allows everything.
pub(super) fn own_account(resource: Option<Arc<Policy>>) -> Stack {
    let every = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    Stack::identity([Arc::new(Policy::from_json("the other account", &every, &nowhere()))]).with_resource(resource)
}

/// The evidence without what the other account grants itself.
fn only_trust(found: Evidence, role: &Member) -> Evidence {
    let own = role.trust.as_ref().map(|trust| trust.name.clone());
    Evidence { by: found.by.into_iter().filter(|(name, _)| Some(name) == own.as_ref()).collect(), ..found }
}

pub(super) fn nowhere() -> Place {
    Place::new("", 0, 0)
}
