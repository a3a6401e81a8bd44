//! Shortest paths: one breadth-first search backwards from the goals answers for every start.

use super::graph::{Edge, Graph, Path, Step, To};
use super::primitive::{Primitive, primitives};
use crate::account::MemberKind;
use crate::principals::Who;
use crate::statement::Effect;
use crate::truth::Truth;
use model::Place;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// For each node the edge to take, and the node it leads to: `None` when that is every permission.
pub(super) type Next = Vec<Option<(usize, Option<usize>)>>;

impl Graph<'_> {
    /// The shortest path to an administrator, for every actor that has one and is none.
    pub fn paths_to_admin(&self) -> Vec<Path> {
        self.paths(&self.administrators_at(), true)
    }

    /// The shortest path to one of these members (indices into [`crate::account::Account::members`]).
    pub fn paths_to(&self, goals: &BTreeSet<usize>) -> Vec<Path> {
        self.paths(goals, false)
    }

    /// The shortest path of every actor to the node with this name; `None` when there is no such node.
    pub fn paths_to_node(&self, name: &str) -> Option<Vec<Path>> {
        let at = self.nodes.iter().position(|node| node.name == name)?;
        Some(self.paths(&BTreeSet::from([self.account.members.len() + at]), false))
    }

    pub(super) fn administrators_at(&self) -> BTreeSet<usize> {
        (0..self.account.members.len()).filter(|at| self.admin[*at] != Truth::No).collect()
    }

    fn paths(&self, goals: &BTreeSet<usize>, admin: bool) -> Vec<Path> {
        let next = self.search(goals, admin);
        self.starts().filter(|at| !goals.contains(at)).filter_map(|at| self.path(at, &next, goals)).collect()
    }

    /// Who acts of its own: users, roles, outsiders.
    pub(super) fn starts(&self) -> impl Iterator<Item = usize> {
        let members = self.account.members.len();
        let own = (0..members).filter(|at| self.account.members[*at].kind != MemberKind::Group);
        own.chain((0..self.nodes.len()).filter(|at| self.nodes[*at].kind.acts()).map(move |at| members + at))
    }

    pub(super) fn search(&self, goals: &BTreeSet<usize>, admin: bool) -> Next {
        let n = self.account.members.len() + self.nodes.len();
        let (mut into_node, mut into_set, mut into_admin) = (vec![Vec::new(); n], vec![Vec::new(); self.sets.len()], Vec::new());
        for (at, edge) in self.edges.iter().enumerate() {
            match edge.to {
                To::Node(to) => into_node[to].push(at),
                To::Set(to) => into_set[to].push(at),
                To::Admin => into_admin.push(at),
            }
        }
        let mut sets_of: Vec<Vec<usize>> = vec![Vec::new(); n];
        for (set, own) in self.sets.iter().enumerate() {
            own.members.iter().for_each(|member| sets_of[*member].push(set));
        }
        let mut next = vec![None; n];
        let mut seen: Vec<bool> = (0..n).map(|at| goals.contains(&at)).collect();
        let mut set_seen = vec![false; self.sets.len()];
        let mut queue: VecDeque<usize> = goals.iter().copied().collect();
        let mut take = |edges: &[usize], to: Option<usize>, seen: &mut Vec<bool>, queue: &mut VecDeque<usize>| {
            for at in edges {
                let from = self.edges[*at].from;
                if !seen[from] && Some(from) != to {
                    seen[from] = true;
                    next[from] = Some((*at, to));
                    queue.push_back(from);
                }
            }
        };
        if admin {
            take(&into_admin, None, &mut seen, &mut queue);
        }
        while let Some(at) = queue.pop_front() {
            take(&into_node[at], Some(at), &mut seen, &mut queue);
            for set in &sets_of[at] {
                if !std::mem::replace(&mut set_seen[*set], true) {
                    take(&into_set[*set], Some(at), &mut seen, &mut queue);
                }
            }
        }
        next
    }

    /// The edges of the path from a start, with the node each leads to.
    pub(super) fn walk<'n>(
        &'n self,
        from: usize,
        next: &'n Next,
        goals: &'n BTreeSet<usize>,
    ) -> impl Iterator<Item = (usize, &'n Edge, Option<usize>)> {
        let mut at = Some(from);
        std::iter::from_fn(move || {
            let here = at.filter(|here| !goals.contains(here))?;
            let (edge, to) = next[here]?;
            at = to;
            Some((here, &self.edges[edge], to))
        })
        .take(next.len())
    }

    fn path(&self, from: usize, next: &Next, goals: &BTreeSet<usize>) -> Option<Path> {
        let step = |(at, edge, to): (usize, &Edge, Option<usize>)| {
            let primitive = &primitives()[edge.primitive];
            // Where nobody knows whether the last one is an administrator, the step is not sure either.
            let known = to.is_none_or(|to| self.admin.get(to) != Some(&Truth::Depends));
            let mut by = edge.evidence.by.clone();
            by.extend(to.and_then(|to| self.trusted(primitive, to)));
            Step {
                from: self.name(at).to_owned(),
                to: to.map_or_else(|| "administrator".to_owned(), |to| self.name(to).to_owned()),
                primitive,
                sure: edge.evidence.sure && known,
                assumes: self.assumption(primitive),
                by,
            }
        };
        let steps: Vec<Step> = self.walk(from, next, goals).map(step).collect();
        (!steps.is_empty()).then_some(Path { steps })
    }

    /// The statement of the role's trust policy that names the service which is handed the role.
    fn trusted(&self, primitive: &Primitive, to: usize) -> Option<(Arc<str>, Place)> {
        let service = primitive.target.service.as_deref().filter(|_| primitive.target.kind.starts_with("role-trusting"))?;
        let trust = self.account.members.get(to)?.trust.as_ref()?;
        let names = |who: &Who| match who {
            Who::Service(name) => **name == *service,
            Who::Federated(name) => name.ends_with(service),
            _ => false,
        };
        let allows = trust.statements.iter().filter(|s| s.effect == Effect::Allow);
        let mut naming = allows.filter(|s| s.principals.iter().flat_map(|set| &*set.any_of).any(|named| names(&named.who)));
        naming.next().map(|statement| (trust.name.clone(), statement.place.clone()))
    }

    fn assumption(&self, primitive: &Primitive) -> Option<String> {
        let holder = primitive.target.kind == "holder" && !self.account.inventory;
        let service = primitive.target.service.as_deref().unwrap_or_default();
        let always = primitive.assumes.clone().filter(|_| primitive.target.kind != "policy-version");
        always.or_else(|| holder.then(|| format!("a resource of {service} with this role exists")))
    }
}
