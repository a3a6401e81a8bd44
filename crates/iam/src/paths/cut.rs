//! The smallest set of statements whose removal leaves no path to an administrator.
//!
//! Exact by implicit hitting sets: every path that stands names statements that suffice for it, so each cut must hold one
//! of them. The smallest set that hits all paths seen so far is removed, the graph is built anew, and paths that still
//! stand are added, until none does. Beyond the bounds below it is found greedily and the answer says so.

use super::graph::{Graph, Path};
use crate::account::Account;
use crate::policy::Policy;
use crate::stack::Stack;
use model::Place;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Statements whose removal leaves no path.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// Policy and place of each statement.
    pub statements: Vec<(Arc<str>, Place)>,
    /// Whether no smaller cut exists.
    pub smallest: bool,
    /// Whether the graph was built again without the statements and has no path.
    pub checked: bool,
}

/// Members up to which the exact search is made.
const MEMBERS: usize = 500;
/// How often the graph is built again: by the exact search, and by the greedy one.
const ROUNDS: usize = 60;
const GREEDY_ROUNDS: usize = 8;
/// Sets of statements the exact search looks at in one round.
const STEPS: usize = 200_000;

type Key = (Arc<str>, Place);

impl Graph<'_> {
    /// The fewest statements to remove so that nobody reaches an administrator. `None`: no path exists, or one that no
    /// statement makes.
    pub fn cut(&self) -> Option<Cut> {
        let mut hit: BTreeSet<BTreeSet<Key>> = BTreeSet::new();
        let mut exact = self.account.members.len() <= MEMBERS;
        let mut standing = self.paths_to_admin();
        if standing.is_empty() {
            return None;
        }
        let mut removed: BTreeSet<Key> = BTreeSet::new();
        for round in 0.. {
            let before = hit.len();
            for path in &standing {
                let by: BTreeSet<Key> = path.steps.iter().flat_map(|step| step.by.iter().cloned()).collect();
                if by.is_empty() {
                    return None;
                }
                hit.insert(by);
            }
            let found = if exact { smallest(&hit) } else { None };
            exact &= found.is_some();
            removed = found.unwrap_or_else(|| greedy(&hit));
            standing = self.without(&removed);
            if standing.is_empty() || hit.len() == before || round >= if exact { ROUNDS } else { GREEDY_ROUNDS } {
                break;
            }
        }
        let checked = standing.is_empty();
        Some(Cut { statements: removed.into_iter().collect(), smallest: exact && checked, checked })
    }

    /// The paths that stand when these statements are gone.
    fn without(&self, removed: &BTreeSet<Key>) -> Vec<Path> {
        let account = stripped(self.account, removed);
        let graph = Graph::build(&account, self.app, self.assume);
        graph.paths_to_admin()
    }
}

/// The account without some statements.
fn stripped(account: &Account, removed: &BTreeSet<Key>) -> Account {
    let names: BTreeSet<&Arc<str>> = removed.iter().map(|(name, _)| name).collect();
    let mut done: HashMap<*const Policy, Arc<Policy>> = HashMap::new();
    let mut policy = |policy: &Arc<Policy>| -> Arc<Policy> {
        if !names.contains(&policy.name) {
            return policy.clone();
        }
        let strip = || {
            let kept = policy.statements.iter().filter(|s| !removed.contains(&(policy.name.clone(), s.place.clone())));
            Arc::new(Policy { statements: kept.cloned().collect(), ..(**policy).clone() })
        };
        done.entry(Arc::as_ptr(policy)).or_insert_with(strip).clone()
    };
    let mut out = account.clone();
    for member in &mut out.members {
        let Stack { identity, .. } = &mut member.stack;
        identity.iter_mut().for_each(|own| *own = policy(own));
        if let Some(trust) = &mut member.trust {
            *trust = policy(trust);
        }
    }
    out
}

/// Always what most paths need, until all are hit; then what became needless is put back.
fn greedy(hit: &BTreeSet<BTreeSet<Key>>) -> BTreeSet<Key> {
    let mut of: BTreeMap<&Key, Vec<usize>> = BTreeMap::new();
    let sets: Vec<&BTreeSet<Key>> = hit.iter().collect();
    for (at, set) in sets.iter().enumerate() {
        set.iter().for_each(|key| of.entry(key).or_default().push(at));
    }
    let mut uses: BTreeMap<&Key, usize> = of.iter().map(|(key, sets)| (*key, sets.len())).collect();
    let mut order: BTreeSet<(usize, &Key)> = uses.iter().map(|(key, count)| (*count, *key)).collect();
    let (mut open, mut out) = (vec![true; sets.len()], Vec::new());
    while let Some((_, best)) = order.pop_last().filter(|(count, _)| *count > 0) {
        out.push(best);
        for at in of[best].iter().filter(|at| std::mem::take(&mut open[**at])) {
            for key in sets[*at].iter().filter(|key| *key != best) {
                if let Some(count) = uses.get_mut(key) {
                    order.remove(&(*count, key));
                    *count -= 1;
                    order.insert((*count, key));
                }
            }
        }
        uses.insert(best, 0);
    }
    // How often each set is hit; a choice is needless when all its sets are hit twice.
    let mut hits = vec![0; sets.len()];
    out.iter().flat_map(|key| &of[key]).for_each(|at| hits[*at] += 1);
    out.retain(|key| {
        let needless = of[key].iter().all(|at| hits[*at] > 1);
        if needless {
            of[key].iter().for_each(|at| hits[*at] -= 1);
        }
        !needless
    });
    out.into_iter().cloned().collect()
}

/// A smallest set that hits all, by depth-first search with a bound; `None` when the search was given up.
fn smallest(hit: &BTreeSet<BTreeSet<Key>>) -> Option<BTreeSet<Key>> {
    let mut sets: Vec<&BTreeSet<Key>> = hit.iter().collect();
    // A set that holds another is hit with it.
    sets.sort_by_key(|set| set.len());
    let mut lean: Vec<&BTreeSet<Key>> = Vec::new();
    for set in sets {
        if !lean.iter().any(|smaller| smaller.is_subset(set)) {
            lean.push(set);
        }
    }
    let mut search = Search { best: greedy(hit), steps: STEPS };
    search.go(&lean, &mut Vec::new());
    (search.steps > 0).then_some(search.best)
}

/// How many statements of trust policies there are: of two cuts alike in size the one that leaves roles usable is better.
fn trusts<'k>(keys: impl IntoIterator<Item = &'k Key>) -> usize {
    keys.into_iter().filter(|(policy, _)| policy.starts_with("trust policy of ")).count()
}

struct Search {
    best: BTreeSet<Key>,
    steps: usize,
}

impl Search {
    fn go(&mut self, open: &[&BTreeSet<Key>], chosen: &mut Vec<Key>) {
        if self.steps == 0 {
            return;
        }
        self.steps -= 1;
        let Some(first) = open.first() else {
            if (chosen.len(), trusts(chosen.iter())) < (self.best.len(), trusts(&self.best)) {
                self.best = chosen.iter().cloned().collect();
            }
            return;
        };
        // Sets that share nothing need a statement each.
        let mut apart: Vec<&BTreeSet<Key>> = Vec::new();
        for set in open {
            if apart.iter().all(|other| other.is_disjoint(set)) {
                apart.push(set);
            }
        }
        let least = chosen.len() + apart.len();
        if least > self.best.len() || (least == self.best.len() && trusts(&self.best) == 0) {
            return;
        }
        for key in *first {
            let rest: Vec<&BTreeSet<Key>> = open.iter().filter(|set| !set.contains(key)).copied().collect();
            chosen.push(key.clone());
            self.go(&rest, chosen);
            chosen.pop();
        }
    }
}
