//! The files of the functions: each is read and lowered once, and what it imports is found.
//!
//! Names are resolved as Node.js does (Node.js documentation, "CommonJS modules: All together" and "ECMAScript modules: Resolution
//! algorithm") for relative specifiers only; a bare name is a package. Never opens `node_modules`.

use crate::ir::Language;
use crate::ir::Module;
use crate::tsconfig::{self, Aliases};
use crate::{javascript, python};
use model::{Files, Place, Trouble};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is tried after a name without an extension.
const EXTENSIONS: [&str; 9] = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx", ".json"];
/// Files that one analysis reads at most.
const MAX_FILES: usize = 5_000;

/// What an import leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A module that was read, by its index.
    Module(usize),
    /// A package or a module of the runtime: `mysql2/promise`, `fs`.
    Package(Arc<str>),
    /// A file that is not code.
    Data,
    /// Nothing that could be read.
    Missing,
}

/// Everything that was read.
#[derive(Default)]
pub(crate) struct Program {
    /// The modules, in the order in which they were read.
    pub modules: Vec<Module>,
    /// Where each import of each module leads.
    pub targets: BTreeMap<(usize, Arc<str>), Target>,
}

/// Reads modules and keeps what was said about them.
pub(crate) struct Loader<'f> {
    files: &'f dyn Files,
    /// What was read.
    pub program: Program,
    /// What could not be.
    pub troubles: Vec<Trouble>,
    known: BTreeMap<String, Option<Target>>,
    folders: BTreeMap<String, BTreeSet<String>>,
    full: bool,
    aliases: BTreeMap<String, Aliases>,
}

impl<'f> Loader<'f> {
    /// Nothing read yet.
    pub fn new(files: &'f dyn Files) -> Self {
        let (known, folders) = (BTreeMap::new(), BTreeMap::new());
        Self { files, program: Program::default(), troubles: Vec::new(), known, folders, full: false, aliases: BTreeMap::new() }
    }

    /// The files below a folder, read once.
    pub fn list(&mut self, folder: &str) -> &BTreeSet<String> {
        let files = self.files;
        let troubles = &mut self.troubles;
        self.folders.entry(folder.to_owned()).or_insert_with(|| match files.list(folder) {
            Ok(list) => list.into_iter().collect(),
            Err(trouble) => {
                troubles.push(trouble);
                BTreeSet::new()
            }
        })
    }

    /// The module at a path without its extension, or with it, and everything it imports. `root` is the code folder.
    pub fn module(&mut self, root: &str, path: &str) -> Option<usize> {
        let found = self.find(root, path)?;
        let Target::Module(first) = found else { return None };
        self.follow(root, first);
        Some(first)
    }

    /// Reads everything that a module imports, and what that imports.
    fn follow(&mut self, root: &str, first: usize) {
        let mut open = vec![first];
        while let Some(at) = open.pop() {
            let Some(module) = self.program.modules.get(at) else { continue };
            let base = module.path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            let (specifiers, language) = (module.specifiers.clone(), module.language);
            for (specifier, span) in specifiers {
                if self.program.targets.contains_key(&(at, specifier.clone())) {
                    continue;
                }
                let before = self.program.modules.len();
                let target = match language {
                    Language::JavaScript => self.target(root, &base, &specifier),
                    Language::Python => self.python_target(root, &base, &specifier),
                };
                if target == Target::Missing
                    && !specifier.starts_with('?')
                    && let Some(module) = self.program.modules.get(at)
                {
                    let says = format!("not assessed: `{specifier}` is imported and not found");
                    let help = "add the file, or what generates it, to the code folder".to_owned();
                    self.troubles.push(Trouble { says, place: module.place(span), help });
                }
                self.program.targets.insert((at, specifier), target);
                open.extend(before..self.program.modules.len());
            }
        }
    }

    /// Every module reachable from one, itself first, sorted by path after it.
    pub fn reachable(&self, first: usize) -> Vec<usize> {
        let mut seen = BTreeSet::from([first]);
        let mut open = vec![first];
        while let Some(at) = open.pop() {
            for (_, target) in self.program.targets.range((at, Arc::from(""))..(at + 1, Arc::from(""))) {
                if let Target::Module(next) = target
                    && seen.insert(*next)
                {
                    open.push(*next);
                }
            }
        }
        let mut all: Vec<usize> = seen.into_iter().filter(|at| *at != first).collect();
        all.sort_by(|a, b| self.program.modules[*a].path.cmp(&self.program.modules[*b].path));
        all.insert(0, first);
        all
    }

    fn target(&mut self, root: &str, base: &str, specifier: &str) -> Target {
        if let Some(absolute) = specifier.strip_prefix("file://").or_else(|| specifier.strip_prefix('/').map(|_| specifier)) {
            // `/var/task` is where Lambda puts the code folder; `/opt` is a layer, which is not here.
            return absolute
                .strip_prefix("/var/task/")
                .and_then(|rest| clean(&format!("{root}/{rest}")))
                .and_then(|path| self.find(root, &path))
                .unwrap_or(Target::Missing);
        }
        let relative = specifier.starts_with("./") || specifier.starts_with("../") || specifier == "." || specifier == "..";
        if !relative {
            for path in self.aliases(root).paths(specifier) {
                if let Some(found) = self.find(root, &path) {
                    return found;
                }
            }
        }
        if specifier.starts_with("@/") || specifier.starts_with("~/") || specifier.starts_with('#') {
            // Aliases of a bundler or of package.json.
            let rest = specifier.trim_start_matches(['@', '~', '#', '/']);
            let tries = [format!("{root}/{rest}"), format!("{root}/src/{rest}")];
            return tries.iter().filter_map(|p| clean(p)).find_map(|p| self.find(root, &p)).unwrap_or(Target::Missing);
        }
        if !relative {
            return Target::Package(specifier.strip_prefix("node:").unwrap_or(specifier).into());
        }
        let Some(path) = clean(&format!("{base}/{specifier}")) else { return Target::Missing };
        self.find(root, &path).unwrap_or(Target::Missing)
    }

    /// The aliases of the nearest `tsconfig.json` at or above a code folder.
    fn aliases(&mut self, root: &str) -> Aliases {
        if let Some(known) = self.aliases.get(root) {
            return known.clone();
        }
        let mut folder = Some(root);
        let mut found = Aliases::default();
        while let Some(at) = folder {
            let path = if at.is_empty() { "tsconfig.json".to_owned() } else { format!("{at}/tsconfig.json") };
            if let Some(text) = self.files.read(&path).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
                found = Aliases::read(at, &text);
                break;
            }
            folder = if at.is_empty() { None } else { Some(at.rsplit_once('/').map_or("", |(above, _)| above)) };
        }
        self.aliases.insert(root.to_owned(), found.clone());
        found
    }

    /// The module of a handler that names compiled output: its TypeScript source when that is here too, or alone.
    pub fn handler_module(&mut self, root: &str, path: &str) -> Option<usize> {
        let sources = tsconfig::sources(path);
        let typed = |path: &&String| [".ts", ".mts", ".cts", ".tsx"].iter().any(|e| self.files.read(&format!("{path}{e}")).is_ok());
        let source = sources.iter().find(typed).cloned();
        if let Some(found) = source.and_then(|path| self.module(root, &path)) {
            return Some(found);
        }
        self.module(root, path).or_else(|| sources.iter().find_map(|path| self.module(root, path)))
    }

    /// The module of a Python handler, dots or slashes between its folders, and everything it imports.
    pub fn python_module(&mut self, root: &str, path: &str) -> Option<usize> {
        let found = self.find_python(root, path)?;
        let Target::Module(first) = found else { return None };
        self.follow(root, first);
        Some(first)
    }

    /// Where a Python import leads (Python Language Reference, "The import system"): the code folder is on the path, as is the
    /// folder of the file for those who zip another folder than the one that is known. A specifier that begins with `?` may name
    /// nothing.
    fn python_target(&mut self, root: &str, base: &str, specifier: &str) -> Target {
        let optional = specifier.starts_with('?');
        let name = specifier.trim_start_matches('?');
        let relative = name.trim_start_matches('.');
        let dots = name.len() - relative.len();
        let path = relative.replace('.', "/");
        if dots > 0 {
            let up = "../".repeat(dots - 1);
            let Some(path) = clean(&format!("{base}/{up}{path}")) else { return Target::Missing };
            return self.find_python(root, &path).unwrap_or(Target::Missing);
        }
        for folder in [root, base] {
            if let Some(found) = clean(&format!("{folder}/{path}")).and_then(|path| self.find_python(root, &path)) {
                return found;
            }
        }
        if optional { Target::Missing } else { Target::Package(format!("py:{name}").into()) }
    }

    fn find_python(&mut self, root: &str, path: &str) -> Option<Target> {
        let package = if path.is_empty() { "__init__.py".to_owned() } else { format!("{path}/__init__.py") };
        let found = self.open(root, &package).or_else(|| self.open(root, &format!("{path}.py")));
        if found.is_some() {
            return found;
        }
        // A folder without `__init__.py` is a package all the same, with nothing of its own.
        let folder = format!("{path}/");
        let is_package = !path.is_empty()
            && self.list(root).range(folder.clone()..).next().is_some_and(|p| p.starts_with(&folder) && p.ends_with(".py"));
        is_package.then_some(Target::Data)
    }

    /// A file by a name that may lack its extension, may be a folder, or may be TypeScript under a `.js` name.
    fn find(&mut self, root: &str, path: &str) -> Option<Target> {
        let mut tries = Vec::new();
        if has_extension(path) {
            tries.push(path.to_owned());
        }
        for (js, ts) in [(".js", ".ts"), (".mjs", ".mts"), (".cjs", ".cts"), (".js", ".tsx")] {
            if let Some(stem) = path.strip_suffix(js) {
                tries.push(format!("{stem}{ts}"));
            }
        }
        tries.extend(EXTENSIONS.iter().map(|extension| format!("{path}{extension}")));
        let index = if path.is_empty() { "index".to_owned() } else { format!("{path}/index") };
        tries.extend(EXTENSIONS.iter().map(|extension| format!("{index}{extension}")));
        tries.iter().find_map(|path| self.open(root, path))
    }

    /// One file by its exact name; `None` when it is not there.
    fn open(&mut self, root: &str, path: &str) -> Option<Target> {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let inside = root.is_empty() || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
        let target = if inside && !self.list(root).contains(path) { None } else { self.read(path, inside) };
        self.known.insert(path.to_owned(), target.clone());
        target
    }

    fn read(&mut self, path: &str, listed: bool) -> Option<Target> {
        if self.program.modules.len() >= MAX_FILES {
            if !std::mem::replace(&mut self.full, true) {
                let says = format!("not assessed: more than {MAX_FILES} source files");
                self.troubles.push(Trouble { says, place: Place::new(path, 1, 1), help: "scan a smaller folder".to_owned() });
            }
            return Some(Target::Missing);
        }
        let bytes = match self.files.read(path) {
            Ok(bytes) => bytes,
            Err(trouble) => {
                // A file outside the code folder is only tried; one that was listed should be readable.
                if listed {
                    self.troubles.push(trouble);
                    return Some(Target::Missing);
                }
                return None;
            }
        };
        if !is_code(path) {
            return Some(Target::Data);
        }
        let path: Arc<str> = path.into();
        let Ok(text) = String::from_utf8(bytes) else {
            let says = "not assessed: the file is not UTF-8".to_owned();
            self.troubles.push(Trouble { says, place: Place::new(path, 1, 1), help: "store it as UTF-8".to_owned() });
            return Some(Target::Missing);
        };
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let (module, troubles) =
            if path.ends_with(".py") { python::lower(&path, &text.into()) } else { javascript::lower(&path, &text.into()) };
        self.troubles.extend(troubles);
        match module {
            Some(module) => {
                self.program.modules.push(module);
                Some(Target::Module(self.program.modules.len() - 1))
            }
            None => Some(Target::Data),
        }
    }

    /// Takes inline code for the one file of a folder.
    pub fn own(&mut self, root: &str, path: &str, inline: &crate::Inline) {
        self.folders.insert(root.to_owned(), BTreeSet::from([path.to_owned()]));
        self.aliases.insert(root.to_owned(), Aliases::default());
        let name: Arc<str> = path.into();
        let (module, troubles) =
            if path.ends_with(".py") { python::lower(&name, &inline.text) } else { javascript::lower(&name, &inline.text) };
        self.troubles.extend(troubles);
        let target = module.map_or(Target::Data, |module| {
            self.program.modules.push(Module { inline: Some(inline.clone()), ..module });
            Target::Module(self.program.modules.len() - 1)
        });
        self.known.insert(path.to_owned(), Some(target));
    }

    /// Names of the source's own files and folders, without extension.
    pub fn names(&self) -> BTreeSet<String> {
        let parts = self.folders.values().flatten().filter(|path| is_code(path)).flat_map(|path| path.split('/'));
        parts.map(|part| part.split('.').next().unwrap_or(part).to_owned()).collect()
    }

    /// Reads a file for what stands in it, not for what imports it.
    pub fn also(&mut self, root: &str, path: &str) -> Option<usize> {
        match self.open(root, path)? {
            Target::Module(at) => Some(at),
            _ => None,
        }
    }
}

/// Whether a file's name says that it is JavaScript, TypeScript or Python with code in it.
pub(crate) fn is_code(path: &str) -> bool {
    let code = [".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".py"].iter().any(|extension| path.ends_with(extension));
    code && !path.ends_with(".d.ts") && !path.ends_with(".d.mts") && !path.ends_with(".d.cts")
}

/// Whether a path leads into packages that were installed there.
pub(crate) fn is_installed(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "site-packages" | "dist-packages" | "node_modules" | ".venv" | "venv" | "vendor"))
}

fn has_extension(path: &str) -> bool {
    is_code(path) || path.ends_with(".json") || path.ends_with(".node") || path.ends_with(".wasm")
}

/// A path without `.` and `..`; `None` when it climbs out of the root.
pub(crate) fn clean(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
