//! The graph of an account: who can become whom, by which primitive, on which evidence. Sets of targets that everyone in
//! question reaches alike are one node, so that the graph grows with the account and not with its square.

use super::build::Builder;
use super::node::Node;
use super::primitive::Primitive;
use super::reach::Evidence;
use crate::account::{Account, Member};
use crate::truth::Truth;
use model::{App, Place};
use std::sync::Arc;

/// A graph over an account.
#[derive(Debug)]
pub struct Graph<'a> {
    pub(super) account: &'a Account,
    /// What is no member; their indices follow those of the members.
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    pub(super) sets: Vec<Set>,
    /// Whether each member has every permission as it is.
    pub(super) admin: Vec<Truth>,
    /// The application and what is taken for granted, to build it again without some statements.
    pub(super) app: Option<&'a App>,
    pub(super) assume: bool,
}

#[derive(Debug)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: To,
    pub(super) primitive: usize,
    pub(super) evidence: Evidence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// A member, or a node behind them.
    Node(usize),
    Set(usize),
    Admin,
}

/// Targets that are reached alike.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) members: Vec<usize>,
}

/// One step of a path.
#[derive(Clone, Debug)]
pub struct Step {
    /// ARN of who acts, or what it passes through.
    pub from: String,
    /// ARN of who or what it reaches; `administrator` when it gains every permission itself.
    pub to: String,
    /// How.
    pub primitive: &'static Primitive,
    /// Whether no unknown condition stands in the way.
    pub sure: bool,
    /// What is taken for granted.
    pub assumes: Option<String>,
    /// Statements that suffice: policy and place.
    pub by: Vec<(Arc<str>, Place)>,
}

/// A path.
#[derive(Clone, Debug)]
pub struct Path {
    /// Its steps; the first begins with who is asked about.
    pub steps: Vec<Step>,
}

impl<'a> Graph<'a> {
    /// Builds the graph of what policies alone make possible: users, roles, groups, and outsiders whom roles trust.
    pub fn of(account: &'a Account) -> Self {
        Self::build(account, None, false)
    }

    /// The same with the primitives that take something for granted which no policy shows ([`Primitive::assumes`]).
    pub fn with_assumptions(account: &'a Account) -> Self {
        Self::build(account, None, true)
    }

    /// The graph of an application and its account ([`Account::of_app`]): also its routes, functions, identity pools and
    /// data. `assume`: take for granted what primitives assume, such as a flaw in a function.
    pub fn of_application(app: &'a App, account: &'a Account, assume: bool) -> Self {
        Self::build(account, Some(app), assume)
    }

    pub(super) fn build(account: &'a Account, app: Option<&'a App>, assume: bool) -> Self {
        let mut builder = Builder::new(account, app, assume);
        for at in 0..account.members.len() {
            builder.member(at);
        }
        builder.trusts();
        builder.outsiders();
        if let Some(app) = app {
            builder.surface(app);
            builder.data(app);
            builder.events(app);
        }
        builder.graph
    }

    /// Members that have every permission as they are, as far as is known.
    pub fn administrators(&self) -> impl Iterator<Item = &Member> {
        self.account.members.iter().zip(&self.admin).filter(|(_, admin)| **admin != Truth::No).map(|(member, _)| member)
    }

    /// What is in the graph beside the account's members.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// How many edges it has.
    pub fn len(&self) -> usize {
        self.edges.len()
    }

    /// Whether nobody can become anybody.
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    pub(super) fn name(&self, at: usize) -> &str {
        match self.account.members.get(at) {
            Some(member) => &member.arn,
            None => self.nodes.get(at - self.account.members.len()).map_or("", |node| &node.name),
        }
    }
}
