//! The commits of a history, parents before children, the older first.

use crate::object::{self, CommitObject, Kind, Oid};
use crate::repository::Repository;
use crate::store::{Read, Store};
use crate::walk::Gaps;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::rc::Rc;

/// Most commits that are read.
const MAX_COMMITS: usize = 4_000_000;

/// What the tips lead to.
#[derive(Default)]
pub(crate) struct Reached {
    /// Commits with their messages, parents first.
    pub commits: Vec<(Oid, CommitObject, Rc<[u8]>)>,
    /// Trees and blobs that a tag or a ref names itself.
    pub trees: Vec<Oid>,
    pub blobs: Vec<Oid>,
    /// Texts of tags.
    pub tags: Vec<(Oid, Rc<[u8]>)>,
    /// Whether there were more commits than are read.
    pub cut: bool,
}

/// Follows tips to all commits.
pub(crate) fn reached(repository: &Repository, tips: &BTreeSet<Oid>, store: &mut Store, gaps: &mut Gaps) -> Reached {
    let mut reached = Reached::default();
    let mut known: BTreeMap<Oid, (CommitObject, Rc<[u8]>)> = BTreeMap::new();
    let mut seen: BTreeSet<Oid> = tips.clone();
    let mut open: Vec<Oid> = tips.iter().copied().collect();
    while let Some(id) = open.pop() {
        if known.len() >= MAX_COMMITS {
            reached.cut = true;
            break;
        }
        match store.read(&id) {
            Read::Object(Kind::Commit, body) => {
                let Some(mut commit) = object::commit(&body) else {
                    gaps.damaged += 1;
                    continue;
                };
                if repository.shallow.contains(&id) {
                    commit.parents.clear();
                }
                open.extend(commit.parents.iter().copied().filter(|parent| seen.insert(*parent)));
                known.insert(id, (commit, body));
            }
            Read::Object(Kind::Tag, body) => {
                match object::tagged(&body) {
                    Some(target) => open.extend(Some(target).filter(|target| seen.insert(*target))),
                    None => gaps.damaged += 1,
                }
                reached.tags.push((id, body));
            }
            Read::Object(Kind::Tree, _) => reached.trees.push(id),
            Read::Object(Kind::Blob, _) => reached.blobs.push(id),
            other => gaps.count(&other),
        }
    }
    reached.commits = in_order(known);
    reached
}

fn in_order(mut known: BTreeMap<Oid, (CommitObject, Rc<[u8]>)>) -> Vec<(Oid, CommitObject, Rc<[u8]>)> {
    let mut waits: HashMap<Oid, usize> = HashMap::new();
    let mut children: HashMap<Oid, Vec<Oid>> = HashMap::new();
    let mut ready = BinaryHeap::new();
    for (id, (commit, _)) in &known {
        let parents: BTreeSet<&Oid> = commit.parents.iter().filter(|parent| known.contains_key(*parent)).collect();
        parents.iter().for_each(|parent| children.entry(**parent).or_default().push(*id));
        waits.insert(*id, parents.len());
        if parents.is_empty() {
            ready.push(Reverse((commit.seconds, *id)));
        }
    }
    let mut ordered = Vec::with_capacity(known.len());
    while let Some(Reverse((_, id))) = ready.pop() {
        for child in children.remove(&id).unwrap_or_default() {
            let left = waits.entry(child).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                ready.extend(known.get(&child).map(|(commit, _)| Reverse((commit.seconds, child))));
            }
        }
        ordered.extend(known.remove(&id).map(|(commit, body)| (id, commit, body)));
    }
    ordered
}
