//! `pnpm-lock.yaml` of the lockfile versions 5 to 9 (pnpm's `lockfile-types`).

use super::found::{Answers, Lock, need, package};
use crate::document::document;
use model::Node;
use model::deps::Ecosystem;
use std::collections::HashMap;

const NPM: Ecosystem = Ecosystem::Npm;

/// Reads a lock.
pub(super) fn lock(file: &str, body: &str) -> Lock {
    let (documents, troubles) = document(file, body);
    let mut lock = Lock { troubles, ..Lock::default() };
    // A lock that pins pnpm itself has a document for that before the application's own.
    let Some(root) = documents.into_iter().next_back() else { return lock };
    let mut by_key: HashMap<String, usize> = HashMap::new();
    let members = |key: &str| root.get(key).map(Node::members).unwrap_or_default();
    for member in members("packages").iter().chain(members("snapshots")) {
        let Some((name, version)) = split(&member.key) else { continue };
        let id = format!("{name}@{version}");
        let index = *by_key.entry(id).or_insert_with(|| {
            let version = if version.contains([':', '/']) { "" } else { version };
            lock.foreign.extend(version.is_empty().then_some(lock.packages.len()));
            lock.packages.push(package(NPM, name, version, member.key_place.clone()));
            lock.packages.len() - 1
        });
        let Some(found) = lock.packages.get_mut(index) else { continue };
        found.dev |= member.value.get("dev").and_then(Node::bool) == Some(true);
        for section in ["dependencies", "optionalDependencies"] {
            for need_of in member.value.get(section).map(Node::members).unwrap_or_default() {
                let version = need_of.value.scalar().unwrap_or_default();
                found.needs.push(need(NPM, &need_of.key, &version));
            }
        }
    }
    for found in &mut lock.packages {
        for need in &mut found.needs {
            need.package = by_key.get(&key(&need.name, &need.range)).copied();
            // The lock says which version was taken, not which were asked for.
            need.range.clear();
        }
        found.needs.dedup();
    }
    let mut importers = HashMap::new();
    let mut importer = |folder: &str, node: &Node| {
        for section in ["dependencies", "optionalDependencies", "devDependencies"] {
            for member in node.get(section).map(Node::members).unwrap_or_default() {
                let version = member.value.get("version").unwrap_or(&member.value).scalar().unwrap_or_default();
                if let Some(index) = by_key.get(&key(&member.key, &version)) {
                    importers.insert((folder.to_owned(), member.key.clone()), *index);
                }
            }
        }
    };
    importer("", &root);
    for member in members("importers") {
        importer(if member.key == "." { "" } else { &member.key }, &member.value);
    }
    lock.answers = Answers::Importer(importers);
    lock
}

/// `/name/1.0.0_peers`, `/name@1.0.0(peers)`, `name@1.0.0` to name and version.
fn split(key: &str) -> Option<(&str, &str)> {
    let key = key.strip_prefix('/').unwrap_or(key);
    let key = key.find('(').map_or(key, |at| key.get(..at).unwrap_or(key));
    let scope = if key.starts_with('@') { key.find('/')? + 1 } else { 0 };
    let at = scope + key.get(scope..)?.find(['/', '@'])?;
    let version = key.get(at + 1..)?;
    // Of version 5, what follows `_` are the peers.
    let plain = if key.get(at..)?.starts_with('/') { version.split(['_', '/']).next().unwrap_or(version) } else { version };
    Some((key.get(..at)?, plain))
}

/// The key of what an entry names: a version, or a whole key where the package goes by another name.
fn key(name: &str, version: &str) -> String {
    let plain = version.find('(').map_or(version, |at| version.get(..at).unwrap_or(version));
    let plain = plain.split('_').next().unwrap_or(plain);
    let whole = plain.starts_with('/') || plain.get(1..).is_some_and(|rest| rest.contains('@') && !plain.starts_with("file:"));
    match split(version).filter(|_| whole) {
        Some((real, version)) => format!("{real}@{version}"),
        None => format!("{name}@{plain}"),
    }
}
