//! The packages of functions: which manifest and which lock each is built with, and what they hold. Never judges a version, never
//! opens a package.

mod found;
mod json;
mod marker;
mod npm;
mod pnpm;
mod python;
mod requirements;
mod roots;
mod text;
mod toml;
mod yarn;

use crate::document::trouble;
use crate::files::Folder;
use advisories::Store;
use found::{Lock, Manifest};
use model::deps::{AdvisoryData, Dependencies, Ecosystem, PackageRoot};
use model::{App, Files, Place, Source, Trouble};
use roots::Root;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Reads what the functions of an application depend on, and looks up what is published about it. Texts that are read are kept
/// among the application's sources.
pub(crate) fn read(app: &mut App, files: &Folder, paths: &[String], store: &Store, troubles: &mut Vec<Trouble>) {
    let texts = Texts { files, sources: std::cell::RefCell::new(std::mem::take(&mut app.sources)) };
    let mut dependencies = Dependencies::default();
    for (root, (functions, unnamed)) in roots::of(app, paths, &texts) {
        let python = functions
            .iter()
            .filter_map(|id| app.aws().functions.get(id)?.runtime.strip_prefix("python"))
            .min_by_key(|version| version.split('.').map(|part| part.parse::<u32>().unwrap_or(0)).collect::<Vec<_>>());
        let (manifest, lock, below) = open(&root, python, &texts, troubles);
        let mut joined = join(&root, manifest, lock, &below, troubles);
        (joined.functions, joined.unnamed) = (functions, unnamed);
        dependencies.roots.push(joined);
    }
    app.sources = texts.sources.into_inner();
    look_up(&mut dependencies, store, troubles);
    app.dependencies = Arc::new(dependencies);
}

/// Texts below the root, each read once.
struct Texts<'a> {
    files: &'a Folder,
    sources: std::cell::RefCell<BTreeMap<Arc<str>, Source>>,
}

impl Texts<'_> {
    fn open(&self, path: &str) -> Result<String, Trouble> {
        if let Some(source) = self.sources.borrow().get(path) {
            return Ok(source.text.to_string());
        }
        let not_text = |_| trouble(format!("{path} is not UTF-8 text"), Place::new(path, 1, 1), "save it as UTF-8");
        let text = String::from_utf8(self.files.read(path)?).map_err(not_text)?;
        let name: Arc<str> = path.into();
        self.sources.borrow_mut().insert(name.clone(), Source { path: name, text: text.as_str().into() });
        Ok(text)
    }
}

/// The manifest, the lock, and the manifest's folder below the lock's.
fn open(root: &Root, python: Option<&str>, texts: &Texts<'_>, troubles: &mut Vec<Trouble>) -> (Manifest, Option<Lock>, String) {
    let mut text = |path: &str| texts.open(path).map_err(|trouble| troubles.push(trouble)).ok();
    let manifest = root.manifest.as_deref().and_then(|path| Some((path, text(path)?))).map(|(path, body)| match name(path) {
        "package.json" => npm::manifest(path, &body),
        "pyproject.toml" => python::pyproject(path, &body, python),
        "Pipfile" => python::pipfile(path, &body),
        _ => requirements::manifest(path, &body, python, &|path| texts.open(path)),
    });
    let lock = root.lock.as_deref().and_then(|path| Some((path, text(path)?))).map(|(path, body)| match name(path) {
        "yarn.lock" => yarn::lock(path, &body),
        "pnpm-lock.yaml" => pnpm::lock(path, &body),
        "poetry.lock" | "uv.lock" => python::lock(path, &body),
        "Pipfile.lock" => python::pipfile_lock(path, &body),
        _ => npm::lock(path, &body),
    });
    let above = root.lock.as_deref().map(folder).unwrap_or_default();
    let below = if above.is_empty() { root.folder.as_str() } else { root.folder.strip_prefix(above).unwrap_or_default() };
    (manifest.unwrap_or_default(), lock, below.trim_start_matches('/').to_owned())
}

/// One root of both.
fn join(root: &Root, manifest: Manifest, lock: Option<Lock>, below: &str, troubles: &mut Vec<Trouble>) -> PackageRoot {
    let mut joined = PackageRoot {
        ecosystem: root.ecosystem,
        folder: root.folder.clone(),
        manifest: root.manifest.as_deref().map(Arc::from),
        lock: root.lock.as_deref().map(Arc::from),
        functions: Vec::new(),
        unnamed: Vec::new(),
        declared: manifest.declared,
        packages: Vec::new(),
    };
    troubles.extend(manifest.troubles);
    match lock {
        Some(lock) => locked(&mut joined, lock, &manifest.forced, below, troubles),
        None => pinned(&mut joined),
    }
    joined
}

/// Points the manifest's entries at what the lock holds for them. A lock that no longer fits its manifest is said: what the next
/// install brings is then not known.
fn locked(root: &mut PackageRoot, mut lock: Lock, forced: &[(String, String)], below: &str, troubles: &mut Vec<Trouble>) {
    let ecosystem = root.ecosystem;
    let help = "write the lock anew, with the package manager's install";
    for declared in &mut root.declared {
        let Some(index) = lock.answer(below, &declared.name, &declared.range) else { continue };
        let Some(package) = lock.packages.get(index) else { continue };
        if !package.version.is_empty() && advisories::allows(ecosystem, &declared.range, &package.version) == Some(false) {
            let says = format!(
                "not assessed: the lock holds {} {}, which `{}` does not allow; what an install brings is not known",
                package.name, package.version, declared.range
            );
            troubles.push(trouble(says, package.place.clone(), help));
        } else {
            declared.locked = Some(index);
        }
    }
    for package in &mut lock.packages {
        let unfit = |(name, range): &&(String, String)| {
            *name == package.name && advisories::allows(ecosystem, range, &package.version) == Some(false)
        };
        if let Some((_, range)) = forced.iter().find(unfit) {
            let says = format!("not assessed: the lock holds {} {}, and the manifest now forces `{range}`", package.name, package.version);
            troubles.push(trouble(says, package.place.clone(), help));
            package.version.clear();
        }
    }
    if let Some(first) = lock.foreign.first().and_then(|index| lock.packages.get(*index)) {
        let others = match lock.foreign.len() {
            1 => String::new(),
            more => format!(" and {} more", more - 1),
        };
        let says =
            format!("not assessed: {}{others} come from elsewhere than a registry; no advisory speaks of their versions", first.name);
        troubles.push(trouble(says, first.place.clone(), "take a release from the registry, or review what lies there"));
    }
    troubles.append(&mut lock.troubles);
    root.packages = lock.packages;
}

/// Entries that allow one version only are as good as a lock's: `==2.31.0`, `2.2.0`.
fn pinned(root: &mut PackageRoot) {
    for declared in &mut root.declared {
        let exact = match root.ecosystem {
            Ecosystem::Npm => Some(declared.range.as_str()),
            Ecosystem::PyPI => declared.range.strip_prefix("===").or_else(|| declared.range.strip_prefix("==")),
        };
        let exact = exact.map(|text| text.trim().trim_start_matches(['=', 'v'])).filter(|text| {
            let is_version = text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(['*', 'x', 'X', ' ', ',', '|', '<', '>']);
            is_version
                && (root.ecosystem == Ecosystem::PyPI || text.split(['-', '+']).next().is_some_and(|head| head.matches('.').count() == 2))
        });
        if let Some(version) = exact {
            let place = declared.range_place.clone().unwrap_or_else(|| declared.place.clone());
            let mut package = found::package(root.ecosystem, &declared.name, version, place);
            package.dev = declared.group == model::deps::Group::Dev;
            declared.locked = Some(root.packages.len());
            root.packages.push(package);
        }
    }
}

/// Asks the advisories about every package of every root.
fn look_up(dependencies: &mut Dependencies, store: &Store, troubles: &mut Vec<Trouble>) {
    let mut names: BTreeSet<(Ecosystem, &str)> = BTreeSet::new();
    for root in &dependencies.roots {
        let own =
            root.packages.iter().map(|package| package.name.as_str()).chain(root.declared.iter().map(|declared| declared.name.as_str()));
        names.extend(own.map(|name| (root.ecosystem, name)));
    }
    let mut advisories = Vec::new();
    let mut data: Option<AdvisoryData> = None;
    for ecosystem in Ecosystem::ALL {
        let own: Vec<&str> = names.iter().filter(|(known, _)| *known == ecosystem).map(|(_, name)| *name).collect();
        if own.is_empty() {
            continue;
        }
        let Some(database) = store.of(ecosystem) else {
            let at = dependencies.roots.iter().find(|root| root.ecosystem == ecosystem);
            let file = at.and_then(|root| root.manifest.clone().or(root.lock.clone())).unwrap_or_default();
            let says = format!("not assessed: no advisory data covers {ecosystem}: {} packages", own.len());
            troubles.push(trouble(says, Place::new(file, 1, 1), "import a dump of advisories: sekisho db import PATH"));
            continue;
        };
        let mut known = 0;
        for name in &own {
            let about = database.about(ecosystem, name);
            known += usize::from(!about.is_empty());
            advisories.extend(about);
        }
        let said = data.get_or_insert_with(|| AdvisoryData {
            source: database.source.clone(),
            dated: database.dated.clone(),
            advisories: 0,
            packages: 0,
            unknown: 0,
        });
        // Two sources: the older day is the honest one.
        if said.source != database.source {
            said.source = format!("{}, {}", said.source, database.source);
        }
        said.dated = std::mem::take(&mut said.dated).min(database.dated.clone());
        said.advisories += database.count(ecosystem);
        said.packages += own.len();
        // A whole database that is silent about a package says something; a part does not.
        said.unknown += if database.is_whole { 0 } else { own.len() - known };
    }
    dependencies.advisories = advisories;
    dependencies.data = data;
}

/// The file's name without its folder.
fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder of a file.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// One file as a lock or a manifest, by its name; for tests of the parsers alone: (packages, entries, troubles).
#[doc(hidden)]
pub fn parsed(path: &str, body: &str) -> (Vec<model::deps::Package>, Vec<model::deps::Declared>, Vec<Trouble>) {
    let lock = |lock: Lock| (lock.packages, Vec::new(), lock.troubles);
    let manifest = |manifest: Manifest| (Vec::new(), manifest.declared, manifest.troubles);
    match name(path) {
        "package.json" => manifest(npm::manifest(path, body)),
        "pyproject.toml" => manifest(python::pyproject(path, body, Some("3.12"))),
        "Pipfile" => manifest(python::pipfile(path, body)),
        "yarn.lock" => lock(yarn::lock(path, body)),
        "pnpm-lock.yaml" => lock(pnpm::lock(path, body)),
        "poetry.lock" | "uv.lock" => lock(python::lock(path, body)),
        "Pipfile.lock" => lock(python::pipfile_lock(path, body)),
        "package-lock.json" | "npm-shrinkwrap.json" => lock(npm::lock(path, body)),
        _ => manifest(requirements::manifest(path, body, Some("3.12"), &|path| Err(trouble("none", Place::new(path, 1, 1), "none")))),
    }
}
