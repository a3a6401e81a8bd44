//! Advisories that meet what a root installs or may install.

use crate::packages::{self, Installed, User};
use advisories::Allowed;
use model::code::Import;
use model::deps::{Advisory, Declared, Group, PackageRoot};
use model::{App, Place};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// How far the code reaches a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach<'a> {
    /// A function imports it, or something that needs it; the import where it is that package's own.
    Imported(Option<(&'a Import, User<'a>)>),
    /// It is shipped and no function imports it.
    Shipped,
    /// The code of a function was not read.
    Unknown,
}

/// A package with the advisories about the version that is or may be installed.
pub struct Hit<'a> {
    /// Its name.
    pub name: &'a str,
    /// The exact version, or the range.
    pub version: &'a str,
    /// Whether every version that may be installed is affected.
    pub is_certain: bool,
    /// Where the version stands: the lock's entry, else the manifest's.
    pub place: Place,
    /// The advisories, the worst first.
    pub advisories: Vec<&'a Advisory>,
    /// The manifest's entry.
    pub declared: Option<&'a Declared>,
    /// The lock's entry.
    pub package: Option<usize>,
    /// How far the code reaches it.
    pub reach: Reach<'a>,
    /// The lowest version that none of them is about.
    pub fixed: Option<String>,
}

impl Hit<'_> {
    /// `minimatch ^2.0.10`.
    pub fn shown(&self) -> String {
        if self.version.is_empty() { format!("{} (any version)", self.name) } else { format!("{} {}", self.name, self.version) }
    }
}

/// All of a root. What only development needs is not shipped and not told.
pub fn of<'a>(app: &'a App, root: &'a PackageRoot, installed: &Installed, imports: &[(&'a Import, User<'a>)]) -> Vec<Hit<'a>> {
    let known = packages::is_known(app, root);
    let entries = packages::declared(root);
    let mut hits: Vec<Hit<'a>> = Vec::new();
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (index, package) in root.packages.iter().enumerate() {
        let is_shipped = installed.shipped.get(index).is_some_and(Option::is_some);
        if !is_shipped || package.version.is_empty() {
            continue;
        }
        let all: Vec<&Advisory> = about(app, root, &package.name).collect();
        let affecting: Vec<&Advisory> =
            all.iter().copied().filter(|advisory| advisories::affects(advisory, &package.version) == Some(true)).collect();
        if affecting.is_empty() || !seen.insert((&package.name, &package.version)) {
            continue;
        }
        let reached = installed.imported.get(index).is_some_and(Option::is_some);
        let entry = root.chain(&installed.imported, index).first().and_then(|first| root.packages.get(*first));
        let import = entry.and_then(|entry| packages::import_of(imports, root.ecosystem, &entry.name));
        hits.push(Hit {
            name: &package.name,
            version: &package.version,
            is_certain: true,
            place: package.place.clone(),
            fixed: advisories::lowest_fixed(root.ecosystem, &package.version, all.iter().copied()),
            advisories: worst_first(affecting),
            declared: entries.get(package.name.as_str()).copied().filter(|declared| declared.locked == Some(index)),
            package: Some(index),
            reach: match (reached, known) {
                (true, _) => Reach::Imported(import),
                (false, true) => Reach::Shipped,
                (false, false) => Reach::Unknown,
            },
        });
    }
    for declared in root.declared.iter().filter(|declared| declared.locked.is_none() && !matches!(declared.group, Group::Dev | Group::Peer))
    {
        let all: Vec<&Advisory> = about(app, root, &declared.name).collect();
        let allowed = if all.is_empty() { None } else { advisories::allowed(root.ecosystem, &declared.range, all.iter().copied()) };
        let is_certain = match allowed {
            Some(Allowed::Every) => true,
            // That it takes any version is a risk of its own, and the newest is seldom an affected one.
            Some(Allowed::Some) if advisories::float(root.ecosystem, &declared.range) != Some(true) => false,
            _ => continue,
        };
        let concerned: Vec<&Advisory> = all
            .iter()
            .copied()
            .filter(|advisory| {
                advisories::allowed(root.ecosystem, &declared.range, std::iter::once(*advisory)) != Some(Allowed::Unaffected)
            })
            .collect();
        let import = packages::import_of(imports, root.ecosystem, &declared.name);
        hits.push(Hit {
            name: &declared.name,
            version: &declared.range,
            is_certain,
            place: declared.place.clone(),
            fixed: mended(root, declared, &all),
            advisories: worst_first(concerned),
            declared: Some(declared),
            package: None,
            reach: match (import, known) {
                (Some(import), _) => Reach::Imported(Some(import)),
                (None, true) => Reach::Shipped,
                (None, false) => Reach::Unknown,
            },
        });
    }
    hits
}

fn about<'a>(app: &'a App, root: &'a PackageRoot, name: &'a str) -> impl Iterator<Item = &'a Advisory> {
    app.dependencies.advisories.iter().filter(move |advisory| advisory.ecosystem == root.ecosystem && advisory.package == name)
}

fn worst_first(mut advisories: Vec<&Advisory>) -> Vec<&Advisory> {
    advisories.sort_by(|a, b| (Reverse(a.severity), &b.id).cmp(&(Reverse(b.severity), &a.id)));
    advisories
}

/// The lowest mended version that the range allows, else the lowest above what it names.
fn mended(root: &PackageRoot, declared: &Declared, all: &[&Advisory]) -> Option<String> {
    let ecosystem = root.ecosystem;
    // From the lowest version up: each step takes the next mended one.
    let mut at = "0.0.0".to_owned();
    let mut candidates = Vec::new();
    while let Some(next) = advisories::lowest_fixed(ecosystem, &at, all.iter().copied()) {
        if next == at || candidates.len() > all.len() * 4 {
            break;
        }
        candidates.push(next.clone());
        at = next;
    }
    let allowed = candidates.iter().find(|version| advisories::allows(ecosystem, &declared.range, version) == Some(true));
    allowed.or_else(|| candidates.last()).cloned()
}
