//! `package.json`, and the locks that npm writes: `package-lock.json` and `npm-shrinkwrap.json` of versions 1 to 3 (npm's
//! documentation, "package-lock.json").

use super::found::{Answers, Lock, Manifest, entry, need, package, resolve};
use super::json::{Loose, Pairs};
use super::text::Text;
use crate::document::{document, trouble};
use model::Node;
use model::deps::{Ecosystem, Group, Need};
use serde::Deserialize;
use std::collections::HashMap;

const NPM: Ecosystem = Ecosystem::Npm;

/// Reads a `package.json`.
pub(super) fn manifest(file: &str, body: &str) -> Manifest {
    const SECTIONS: [(&str, Group); 4] = [
        ("dependencies", Group::Runtime),
        ("optionalDependencies", Group::Optional),
        ("peerDependencies", Group::Peer),
        ("devDependencies", Group::Dev),
    ];
    let (documents, troubles) = document(file, body);
    let mut manifest = Manifest { troubles, ..Manifest::default() };
    let Some(root) = documents.into_iter().next() else { return manifest };
    for (section, group) in SECTIONS {
        for member in root.get(section).map(Node::members).unwrap_or_default() {
            let range = member.value.str().unwrap_or_default();
            // `"x": "npm:y@^1"` installs y under the name x (npm's documentation, "package.json").
            let mut declared = entry(NPM, &member.key, range.trim(), group, member.key_place.clone());
            declared.range_place = Some(member.value.place.clone());
            manifest.declared.push(declared);
        }
    }
    // An optional entry overrides one of the same name among the others.
    let mut seen = std::collections::BTreeSet::new();
    manifest.declared.retain(|declared| seen.insert(declared.name.clone()));
    for path in [&["overrides"][..], &["resolutions"], &["pnpm", "overrides"]] {
        for member in root.at(path).map(Node::members).unwrap_or_default() {
            if let Some(range) = member.value.str() {
                let name = member.key.rsplit_once("**/").map_or(member.key.as_str(), |(_, name)| name);
                manifest.forced.push((name.to_owned(), range.to_owned()));
            }
        }
    }
    manifest
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow, default)]
    packages: Pairs<'a, Entry<'a>>,
    #[serde(borrow, default)]
    dependencies: Pairs<'a, Old<'a>>,
}

/// An entry of versions 2 and 3.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(borrow)]
    version: Loose<'a>,
    #[serde(borrow)]
    resolved: Loose<'a>,
    #[serde(borrow)]
    name: Loose<'a>,
    link: bool,
    dev: bool,
    #[serde(borrow)]
    dependencies: Pairs<'a, Loose<'a>>,
    #[serde(borrow)]
    optional_dependencies: Pairs<'a, Loose<'a>>,
    #[serde(borrow)]
    peer_dependencies: Pairs<'a, Loose<'a>>,
}

/// An entry of version 1.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Old<'a> {
    #[serde(borrow)]
    version: Loose<'a>,
    dev: bool,
    #[serde(borrow)]
    requires: Pairs<'a, Loose<'a>>,
    #[serde(borrow)]
    dependencies: Pairs<'a, Old<'a>>,
}

/// Reads a lock.
pub(super) fn lock(file: &str, body: &str) -> Lock {
    let text = Text::new(file, body);
    let mut lock = Lock::default();
    let written: Written<'_> = match serde_json::from_str(body.trim_start_matches('\u{feff}')) {
        Ok(written) => written,
        Err(error) => {
            let line = u32::try_from(error.line()).unwrap_or(1);
            let place = model::Place::new(file, line, u32::try_from(error.column()).unwrap_or(1));
            let says = format!("not assessed: {file} is not a lock of npm: {error}");
            lock.troubles.push(trouble(says, place, "write it anew with `npm install --package-lock-only`"));
            return lock;
        }
    };
    let mut paths = HashMap::new();
    let mut links = Vec::new();
    if written.packages.0.is_empty() {
        old(&text, &written.dependencies, "", &mut lock, &mut paths);
    }
    for (key, entry) in &written.packages.0 {
        let path: &str = &key.0;
        if path.is_empty() {
            continue;
        }
        if entry.link {
            links.push((path.to_owned(), entry.resolved.text().to_owned()));
            continue;
        }
        let own = path.rsplit_once("node_modules/").map_or("", |(_, name)| name);
        let name = if entry.name.text().is_empty() { own } else { entry.name.text() };
        let version = if own.is_empty() { "" } else { registry(entry.version.text(), entry.resolved.text()) };
        let mut found = package(NPM, if name.is_empty() { path } else { name }, version, text.slice(&key.0));
        found.dev = entry.dev;
        lock.foreign.extend((version.is_empty() && !own.is_empty()).then_some(lock.packages.len()));
        let asked = [&entry.dependencies, &entry.optional_dependencies, &entry.peer_dependencies];
        found.needs = asked.into_iter().flat_map(needs).collect();
        paths.insert(path.to_owned(), lock.packages.len());
        lock.packages.push(found);
    }
    for (path, target) in links {
        if let Some(index) = paths.get(&target).copied() {
            paths.insert(path, index);
        }
    }
    let mut folders = vec![String::new(); lock.packages.len()];
    for (path, index) in &paths {
        // A linked package is looked up from where it stands.
        if let Some(folder) = folders.get_mut(*index)
            && (folder.is_empty() || !path.contains("node_modules/"))
        {
            folder.clone_from(path);
        }
    }
    for (found, folder) in lock.packages.iter_mut().zip(&folders) {
        for need in &mut found.needs {
            need.package = resolve(&paths, folder, &need.name);
        }
    }
    lock.answers = Answers::Path(paths);
    lock
}

fn needs<'a>(asked: &'a Pairs<'a, Loose<'a>>) -> impl Iterator<Item = Need> + 'a {
    asked.0.iter().map(|(name, range)| need(NPM, &name.0, range.text()))
}

/// The tree of version 1 by the paths that the packages have on disk.
fn old(text: &Text<'_>, tree: &Pairs<'_, Old<'_>>, folder: &str, lock: &mut Lock, paths: &mut HashMap<String, usize>) {
    for (key, entry) in &tree.0 {
        let path = if folder.is_empty() { format!("node_modules/{}", key.0) } else { format!("{folder}/node_modules/{}", key.0) };
        let version = entry.version.text();
        let alias = version.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@'));
        let (name, version) = alias.unwrap_or((&key.0, version));
        let mut found = package(NPM, name, registry(version, ""), text.slice(&key.0));
        found.dev = entry.dev;
        lock.foreign.extend(found.version.is_empty().then_some(lock.packages.len()));
        found.needs = needs(&entry.requires).collect();
        paths.insert(path.clone(), lock.packages.len());
        lock.packages.push(found);
        old(text, &entry.dependencies, &path, lock, paths);
    }
}

/// The version of what comes from a registry; nothing for git, files and archives from elsewhere, which advisories do not
/// speak of.
fn registry<'a>(version: &'a str, resolved: &str) -> &'a str {
    let elsewhere = |text: &str| ["git", "file:", "link:", "workspace:", "github:"].iter().any(|start| text.starts_with(start));
    if elsewhere(version) || elsewhere(resolved) || version.contains("://") { "" } else { version }
}
