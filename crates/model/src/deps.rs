//! The packages that functions are built with: what manifests ask for, what locks hold, and what is published about them.
//!
//! The room `read` produces these facts; it never judges them.

use crate::app::ResourceId;
use crate::finding::Severity;
use crate::place::Place;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Where packages are published; the name is OSV's ("Open Source Vulnerability format", Defined Ecosystems).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ecosystem {
    /// Packages of Node.js.
    #[serde(rename = "npm")]
    Npm,
    /// Distributions of Python.
    PyPI,
}

impl Ecosystem {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Npm, Self::PyPI];

    /// OSV's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::PyPI => "PyPI",
        }
    }

    /// The ecosystem with this OSV name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ecosystem| ecosystem.name() == name)
    }

    /// The one spelling of a package's name: PEP 503 for Python, as it is for npm.
    pub fn normal(self, name: &str) -> String {
        match self {
            Self::Npm => name.to_owned(),
            Self::PyPI => {
                let mut out = String::with_capacity(name.len());
                for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
                    if !out.is_empty() {
                        out.push('-');
                    }
                    out.push_str(&part.to_ascii_lowercase());
                }
                out
            }
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The packages of an application's functions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dependencies {
    /// One entry for each manifest or lock that functions are built with.
    pub roots: Vec<PackageRoot>,
    /// What is published about packages of these roots, of whatever version.
    pub advisories: Vec<Advisory>,
    /// The data that was asked; `None` when no function has packages.
    pub data: Option<AdvisoryData>,
}

/// Which advisory data was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvisoryData {
    /// What it is: `built in`, or the file's path.
    pub source: String,
    /// Day of its newest record: `2024-10-01`.
    pub dated: String,
    /// Advisories in it.
    pub advisories: usize,
    /// Packages of the application that were looked up.
    pub packages: usize,
    /// Those of them that data which is only a part says nothing of: nobody knows whether there is something to say.
    pub unknown: usize,
}

/// A folder with a manifest, a lock or both.
#[derive(Clone, Debug, PartialEq)]
pub struct PackageRoot {
    /// Where its packages are published.
    pub ecosystem: Ecosystem,
    /// Folder below the root that was read; empty for the root.
    pub folder: String,
    /// `package.json`, `requirements.txt`, `pyproject.toml`, `Pipfile`, with its folder.
    pub manifest: Option<Arc<str>>,
    /// The lock that decides the versions, if there is one.
    pub lock: Option<Arc<str>>,
    /// Functions that are built with it.
    pub functions: Vec<ResourceId>,
    /// Authorizers that will be, by file: keys of [`crate::code::Code::unnamed`].
    pub unnamed: Vec<String>,
    /// What the manifest asks for.
    pub declared: Vec<Declared>,
    /// What the lock holds.
    pub packages: Vec<Package>,
}

/// What a manifest asks a package for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// For the function to run.
    Runtime,
    /// The same, and the build goes on without it.
    Optional,
    /// Somebody else brings it.
    Peer,
    /// For building and testing.
    Dev,
}

/// An entry of a manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// Name in its normal spelling.
    pub name: String,
    /// The versions it allows, as written: `^2.0.10`, `>=2,<3`; empty for any.
    pub range: String,
    /// What for.
    pub group: Group,
    /// The entry.
    pub place: Place,
    /// Where the range stands, with its bytes; what it covers is the range itself. `None` where none is written.
    pub range_place: Option<Place>,
    /// The entry fixes the files by their hashes, so that no other version can be written in its place.
    pub hashed: bool,
    /// What decides whether it is installed, when that is not known: an environment marker.
    pub condition: Option<String>,
    /// The package that the lock holds for it: index into [`PackageRoot::packages`].
    pub locked: Option<usize>,
}

/// A package that a lock holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// Name in its normal spelling.
    pub name: String,
    /// The exact version; empty when it comes from elsewhere than a registry.
    pub version: String,
    /// Its entry in the lock.
    pub place: Place,
    /// The lock says that only building and testing need it.
    pub dev: bool,
    /// What it needs.
    pub needs: Vec<Need>,
}

/// What a package needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Name in its normal spelling.
    pub name: String,
    /// The versions it allows; empty when the lock does not say.
    pub range: String,
    /// Index into [`PackageRoot::packages`]; `None` when the lock does not hold it.
    pub package: Option<usize>,
}

impl PackageRoot {
    /// What is installed for these entries of the manifest: for each package the one it was first reached from, by the
    /// shortest way; `Some(None)` for the entries' own.
    pub fn installed<'a>(&self, entries: impl Iterator<Item = &'a Declared>) -> Vec<Option<Option<usize>>> {
        let mut from = vec![None; self.packages.len()];
        let mut open: Vec<usize> = Vec::new();
        for package in entries.filter_map(|entry| entry.locked) {
            if let Some(slot @ None) = from.get_mut(package) {
                *slot = Some(None);
                open.push(package);
            }
        }
        let mut at = 0;
        while let Some(package) = open.get(at).copied() {
            at += 1;
            for need in self.packages.get(package).iter().flat_map(|package| &package.needs).filter_map(|need| need.package) {
                if let Some(slot @ None) = from.get_mut(need) {
                    *slot = Some(Some(package));
                    open.push(need);
                }
            }
        }
        from
    }

    /// The way to a package from the manifest, by [`PackageRoot::installed`]: the entry's package first.
    pub fn chain(&self, installed: &[Option<Option<usize>>], package: usize) -> Vec<usize> {
        let mut chain = vec![package];
        while let Some(Some(Some(from))) = chain.last().and_then(|last| installed.get(*last)) {
            if chain.len() > self.packages.len() {
                break;
            }
            chain.push(*from);
        }
        chain.reverse();
        chain
    }
}

/// What is published about versions of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advisory {
    /// `GHSA-f8q6-p94x-37v3`.
    pub id: String,
    /// Other names: `CVE-2022-3517`.
    pub aliases: Vec<String>,
    /// Where the package is published.
    pub ecosystem: Ecosystem,
    /// Its name in the normal spelling.
    pub package: String,
    /// How bad, by who published it; `None` when nobody said.
    pub severity: Option<Severity>,
    /// The versions concerned.
    pub ranges: Vec<Interval>,
    /// Further versions concerned, one by one.
    pub versions: Vec<String>,
    /// One line.
    pub summary: String,
}

/// An interval of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The first version concerned; `0` for the first of all.
    pub from: String,
    /// Where it ends.
    pub end: End,
}

/// The end of an interval of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Nobody knows a version that mends it.
    Open,
    /// The first version that mends it.
    Before(String),
    /// The last version concerned.
    UpTo(String),
}
