//! Which folder's manifest and lock a function is built with. SAM builds a function with what lies in its code folder; where
//! nothing lies there, the folders above are asked whether they name what the code imports (esbuild and CDK build so).

use super::{Texts, folder, name};
use model::deps::Ecosystem;
use model::{App, Node, ResourceId};
use std::collections::{BTreeMap, BTreeSet};

/// A folder with its files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Root {
    pub ecosystem: Ecosystem,
    pub folder: String,
    pub manifest: Option<String>,
    pub lock: Option<String>,
}

/// The locks of npm in the order in which npm itself heeds them, then the other managers'.
const NPM_LOCKS: [&str; 4] = ["npm-shrinkwrap.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock"];

/// Functions that are built with a root, and files of authorizers that no function names yet.
type Users = (Vec<ResourceId>, Vec<String>);

/// Every root with what is built with it, in order.
pub(super) fn of(app: &App, paths: &[String], texts: &Texts<'_>) -> BTreeMap<Root, Users> {
    let known: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
    let mut roots: BTreeMap<Root, Users> = BTreeMap::new();
    for function in app.aws().functions.values() {
        let ecosystem = match function.runtime.as_str() {
            runtime if runtime.starts_with("nodejs") => Ecosystem::Npm,
            runtime if runtime.starts_with("python") => Ecosystem::PyPI,
            _ => continue,
        };
        let mut add = |root: Root| {
            let (functions, _) = roots.entry(root).or_default();
            if functions.last() != Some(&function.id) {
                functions.push(function.id.clone());
            }
        };
        if let Some(code) = &function.code {
            let handler = app.code.handlers.get(&function.id);
            let start = handler.map(|handler| folder(&handler.place.file)).filter(|start| below(start, code)).unwrap_or(code);
            let own = up(start).take_while(|at| below(at, code)).find_map(|at| root(at, ecosystem, &known, texts));
            let outer = || {
                let imported = handler.map(|handler| handler.packages.as_slice()).unwrap_or_default();
                let named = |root: &Root| {
                    let text = root.manifest.as_deref().and_then(|path| texts.open(path).ok()).unwrap_or_default();
                    imported.iter().any(|package| text.contains(package.as_str()))
                };
                up(code).skip(1).filter_map(|at| root(at, ecosystem, &known, texts)).find(named)
            };
            if let Some(root) = own.or_else(outer) {
                add(root);
            }
        }
        // Layers that are built here bring packages too (Lambda Developer Guide, "Packaging your layer content").
        for arn in &function.layers {
            let content = app.by_arn(arn).and_then(|layer| layer.properties.at(&["Content", "LocalPath"])).and_then(Node::str);
            let inner = if ecosystem == Ecosystem::Npm { "nodejs" } else { "python" };
            for at in content.into_iter().flat_map(|content| [content.to_owned(), format!("{content}/{inner}")]) {
                if let Some(root) = root(at.trim_start_matches('/'), ecosystem, &known, texts) {
                    add(root);
                }
            }
        }
    }
    for path in app.code.unnamed.keys() {
        let ecosystem = if path.ends_with(".py") { Ecosystem::PyPI } else { Ecosystem::Npm };
        if let Some(root) = root(folder(path), ecosystem, &known, texts) {
            roots.entry(root).or_default().1.push(path.clone());
        }
    }
    roots
}

/// A folder and the folders above it, up to the root.
fn up(start: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(start), |at| (!at.is_empty()).then(|| folder(at)))
}

fn below(path: &str, outer: &str) -> bool {
    outer.is_empty() || path == outer || path.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
}

/// What lies in a folder, if a manifest or a lock does.
fn root(at: &str, ecosystem: Ecosystem, known: &BTreeSet<&str>, texts: &Texts<'_>) -> Option<Root> {
    let path = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}/{name}") };
    let lies = |name: &str| known.contains(path(name).as_str());
    let first = |names: &[&'static str]| names.iter().copied().find(|name| lies(name));
    let (manifest, lock) = match ecosystem {
        Ecosystem::Npm => {
            let manifest = first(&["package.json"]);
            let own = first(&NPM_LOCKS).map(path);
            (manifest, own.or_else(|| manifest.and_then(|_| workspace_lock(at, known, texts))))
        }
        Ecosystem::PyPI => {
            if lies("requirements.txt") {
                (Some("requirements.txt"), None)
            } else if let Some(lock) = first(&["uv.lock", "poetry.lock"]) {
                (first(&["pyproject.toml"]), Some(path(lock)))
            } else if lies("Pipfile") || lies("Pipfile.lock") {
                (first(&["Pipfile"]), first(&["Pipfile.lock"]).map(path))
            } else {
                (first(&["pyproject.toml"]), None)
            }
        }
    };
    let manifest = manifest.map(path);
    (manifest.is_some() || lock.is_some()).then(|| Root { ecosystem, folder: at.to_owned(), manifest, lock })
}

/// The lock of a workspace that this folder is part of.
fn workspace_lock(at: &str, known: &BTreeSet<&str>, texts: &Texts<'_>) -> Option<String> {
    up(at).skip(1).find_map(|above| {
        let path = |name: &str| if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") };
        let lock = NPM_LOCKS.iter().map(|name| path(name)).find(|path| known.contains(path.as_str()))?;
        let is_workspace = known.contains(path("pnpm-workspace.yaml").as_str())
            || texts.open(&path("package.json")).is_ok_and(|text| text.contains("\"workspaces\"")) && name(&lock) != "pnpm-lock.yaml";
        is_workspace.then_some(lock)
    })
}
