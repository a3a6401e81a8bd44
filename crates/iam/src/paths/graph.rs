//! The graph of an account: who can become whom, by which primitive, on which evidence. Sets of targets that everyone in
//! question reaches alike are one node, so that the graph grows with the account and not with its square.

use super::build::Builder;
use super::primitive::{Primitive, primitives};
use super::reach::Evidence;
use crate::account::{Account, Member, MemberKind};
use model::Place;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// A graph over an account.
#[derive(Debug)]
pub struct Graph<'a> {
    pub(super) account: &'a Account,
    pub(super) edges: Vec<Edge>,
    pub(super) sets: Vec<Set>,
    pub(super) admin: Vec<bool>,
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
    Member(usize),
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
    /// ARN of who acts.
    pub from: String,
    /// ARN of who it becomes; `administrator` when it gains every permission itself.
    pub to: String,
    /// How.
    pub primitive: &'static Primitive,
    /// Whether no unknown condition stands in the way.
    pub sure: bool,
    /// What is taken for granted.
    pub assumes: Option<String>,
    /// The granting statements: policy and place.
    pub by: Vec<(Arc<str>, Place)>,
}

/// A path.
#[derive(Clone, Debug)]
pub struct Path {
    /// Its steps; the first begins with who is asked about.
    pub steps: Vec<Step>,
}

/// Statements whose removal leaves no path.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// Policy and place of each statement.
    pub statements: Vec<(Arc<str>, Place)>,
    /// Whether no smaller cut exists; larger ones are found greedily.
    pub smallest: bool,
}

impl<'a> Graph<'a> {
    /// Builds the graph of what policies alone make possible.
    pub fn of(account: &'a Account) -> Self {
        Self::build(account, false)
    }

    /// The same with the primitives that take something for granted which no policy shows ([`Primitive::assumes`]).
    pub fn with_assumptions(account: &'a Account) -> Self {
        Self::build(account, true)
    }

    fn build(account: &'a Account, assume: bool) -> Self {
        let mut builder = Builder::new(account, assume);
        for at in 0..account.members.len() {
            builder.member(at);
        }
        builder.trusts();
        builder.graph
    }

    /// Members that have every permission as they are.
    pub fn administrators(&self) -> impl Iterator<Item = &Member> {
        self.account.members.iter().zip(&self.admin).filter(|(_, admin)| **admin).map(|(member, _)| member)
    }

    /// How many edges it has.
    pub fn len(&self) -> usize {
        self.edges.len()
    }

    /// Whether nobody can become anybody.
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// The shortest path to an administrator, for every member that has one and is none.
    pub fn paths_to_admin(&self) -> Vec<Path> {
        let goals = (0..self.account.members.len()).filter(|at| self.admin[*at]).collect();
        self.paths(&goals, true)
    }

    /// The shortest path to one of these members (indices into [`Account::members`]).
    pub fn paths_to(&self, goals: &BTreeSet<usize>) -> Vec<Path> {
        self.paths(goals, false)
    }

    fn paths(&self, goals: &BTreeSet<usize>, admin: bool) -> Vec<Path> {
        let next = self.search(goals, admin, &|_| true);
        let users = |at: &usize| self.account.members[*at].kind != MemberKind::Group && !goals.contains(at);
        (0..next.len()).filter(users).filter_map(|at| self.path(at, &next, goals)).collect()
    }

    /// A breadth-first search backwards from the goals: for each member the edge to take, and the member it leads to.
    fn search(&self, goals: &BTreeSet<usize>, admin: bool, keep: &dyn Fn(&Edge) -> bool) -> Vec<Option<(usize, Option<usize>)>> {
        let n = self.account.members.len();
        let (mut into_member, mut into_set, mut into_admin) = (vec![Vec::new(); n], vec![Vec::new(); self.sets.len()], Vec::new());
        for (at, edge) in self.edges.iter().enumerate().filter(|(_, edge)| keep(edge)) {
            match edge.to {
                To::Member(to) => into_member[to].push(at),
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
            take(&into_member[at], Some(at), &mut seen, &mut queue);
            for set in &sets_of[at] {
                if !std::mem::replace(&mut set_seen[*set], true) {
                    take(&into_set[*set], Some(at), &mut seen, &mut queue);
                }
            }
        }
        next
    }

    fn path(&self, from: usize, next: &[Option<(usize, Option<usize>)>], goals: &BTreeSet<usize>) -> Option<Path> {
        let (mut at, mut steps) = (from, Vec::new());
        while let Some((edge, to)) = next[at] {
            let edge = &self.edges[edge];
            let primitive = &primitives()[edge.primitive];
            steps.push(Step {
                from: self.account.members[at].arn.clone(),
                to: to.map_or_else(|| "administrator".to_owned(), |to| self.account.members[to].arn.clone()),
                primitive,
                sure: edge.evidence.sure,
                assumes: self.assumption(primitive),
                by: edge.evidence.by.clone(),
            });
            match to {
                Some(to) if !goals.contains(&to) && steps.len() <= next.len() => at = to,
                _ => break,
            }
        }
        (!steps.is_empty()).then_some(Path { steps })
    }

    fn assumption(&self, primitive: &Primitive) -> Option<String> {
        let holder = primitive.target.kind == "holder" && !self.account.inventory;
        let service = primitive.target.service.as_deref().unwrap_or_default();
        primitive.assumes.clone().or_else(|| holder.then(|| format!("a resource of {service} with this role exists")))
    }

    /// The fewest statements to remove so that nobody reaches an administrator. `None`: no path exists.
    pub fn cut(&self) -> Option<Cut> {
        let goals: BTreeSet<usize> = (0..self.account.members.len()).filter(|at| self.admin[*at]).collect();
        let open = |removed: &[(Arc<str>, Place)]| {
            let keep = |edge: &Edge| !edge.evidence.by.iter().any(|by| removed.contains(by));
            let next = self.search(&goals, true, &keep);
            let count = next.iter().zip(&self.account.members).filter(|(n, m)| n.is_some() && m.kind != MemberKind::Group).count();
            (count, next)
        };
        if open(&[]).0 == 0 {
            return None;
        }
        let mut removed: Vec<(Arc<str>, Place)> = Vec::new();
        loop {
            let (count, next) = open(&removed);
            if count == 0 {
                break;
            }
            let mut uses: HashMap<(Arc<str>, Place), usize> = HashMap::new();
            for edge in next.iter().flatten().map(|(edge, _)| &self.edges[*edge]) {
                edge.evidence.by.iter().for_each(|by| *uses.entry(by.clone()).or_default() += 1);
            }
            let best = uses.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.1.cmp(&a.0.1)));
            match best {
                Some((by, _)) => removed.push(by),
                // A path on trust alone has no identity statement to remove.
                None => break,
            }
        }
        // What a later choice made needless is put back.
        let mut at = 0;
        while at < removed.len() {
            let without: Vec<_> = removed.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, by)| by.clone()).collect();
            if open(&without).0 == 0 { removed = without } else { at += 1 }
        }
        let all: BTreeSet<(Arc<str>, Place)> = self.edges.iter().flat_map(|edge| edge.evidence.by.iter().cloned()).collect();
        let one = || all.iter().find(|by| open(std::slice::from_ref(by)).0 == 0).cloned();
        let smallest = match removed.len() {
            0 | 1 => true,
            _ if all.len() > 500 => false,
            _ => match one() {
                Some(by) => {
                    removed = vec![by];
                    true
                }
                None => removed.len() == 2,
            },
        };
        Some(Cut { statements: removed, smallest })
    }
}
