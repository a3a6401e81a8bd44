//! What a manifest or a lock says, before it is known whose functions are built with it.

use model::Trouble;
use model::deps::{Declared, Ecosystem, Group, Need, Package};
use std::collections::{BTreeMap, HashMap};

/// What a lock holds.
#[derive(Default)]
pub(super) struct Lock {
    pub packages: Vec<Package>,
    /// Those of them that come from elsewhere than a registry: git, an archive, a folder of somebody else.
    pub foreign: Vec<usize>,
    /// Which package answers a manifest: its folder below the lock's (empty for the same), name and range to the index.
    pub answers: Answers,
    pub troubles: Vec<Trouble>,
}

/// How a lock answers a manifest's entries.
#[derive(Default)]
pub(super) enum Answers {
    /// It does not say: by name, the first of the name.
    #[default]
    Name,
    /// By the place of `node_modules`: path to index.
    Path(HashMap<String, usize>),
    /// By what was asked for: `name@range` to index.
    Range(HashMap<String, usize>),
    /// By the folder of the manifest and the name.
    Importer(HashMap<(String, String), usize>),
}

impl Lock {
    /// The package that stands for an entry of the manifest in this folder.
    pub fn answer(&self, folder: &str, name: &str, range: &str) -> Option<usize> {
        match &self.answers {
            Answers::Name => self.packages.iter().position(|package| package.name == name),
            Answers::Path(paths) => resolve(paths, folder, name),
            Answers::Range(asked) => {
                let exact = asked.get(&format!("{name}@{range}")).or_else(|| asked.get(&format!("{name}@npm:{range}")));
                exact.copied()
            }
            Answers::Importer(importers) => importers.get(&(folder.to_owned(), name.to_owned())).copied(),
        }
    }

    /// Points the needs at the packages that have their names, where a lock holds a name once.
    pub fn link_by_name(&mut self) {
        let mut by_name = BTreeMap::new();
        for (index, package) in self.packages.iter().enumerate() {
            by_name.entry(package.name.clone()).or_insert(index);
        }
        for need in self.packages.iter_mut().flat_map(|package| &mut package.needs) {
            need.package = by_name.get(&need.name).copied();
        }
    }
}

/// Node.js's way to a package from a folder (Node.js documentation, "Loading from node_modules folders").
pub(super) fn resolve(paths: &HashMap<String, usize>, from: &str, name: &str) -> Option<usize> {
    let mut folder = from;
    loop {
        let path = if folder.is_empty() { format!("node_modules/{name}") } else { format!("{folder}/node_modules/{name}") };
        if let Some(found) = paths.get(&path) {
            return Some(*found);
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder.rfind('/').map_or("", |slash| folder.get(..slash).unwrap_or_default());
    }
}

/// A manifest's entries.
#[derive(Default)]
pub(super) struct Manifest {
    pub declared: Vec<Declared>,
    /// Versions that it forces on packages deeper down: name and range.
    pub forced: Vec<(String, String)>,
    pub troubles: Vec<Trouble>,
}

/// An entry without anything but its name and its place.
pub(super) fn entry(ecosystem: Ecosystem, name: &str, range: &str, group: Group, place: model::Place) -> Declared {
    let (name, range) = (ecosystem.normal(name), range.to_owned());
    Declared { name, range, group, place, range_place: None, hashed: false, condition: None, locked: None }
}

/// A package without anything but its name, version and place.
pub(super) fn package(ecosystem: Ecosystem, name: &str, version: &str, place: model::Place) -> Package {
    Package { name: ecosystem.normal(name), version: version.to_owned(), place, dev: false, needs: Vec::new() }
}

/// What a package needs, by name.
pub(super) fn need(ecosystem: Ecosystem, name: &str, range: &str) -> Need {
    Need { name: ecosystem.normal(name), range: range.to_owned(), package: None }
}
