//! Packages as several risks need them: which of them the code imports, and whether that is known.

use model::code::{Handler, Import};
use model::deps::{Declared, Ecosystem, Group, PackageRoot};
use model::{App, Edit, Node, Operation, ResourceId, Span};
use std::collections::{BTreeMap, BTreeSet};

/// What Python's distributions are imported as, where that is another word: `import-name distribution ...`.
const PYTHON: &str = include_str!("packages.txt");

/// The distributions or packages that an import may mean; the first is the usual one.
pub fn meant(ecosystem: Ecosystem, import: &str) -> Vec<String> {
    let mut names = vec![ecosystem.normal(import)];
    if ecosystem == Ecosystem::PyPI {
        let row = PYTHON.lines().filter_map(|line| line.split_once(' ')).find(|(name, _)| *name == import);
        names.splice(0..0, row.into_iter().flat_map(|(_, distributions)| distributions.split(' ')).map(str::to_owned));
    }
    names
}

/// Whether an import may mean this package. A namespace (`google`) means everything below it.
pub fn means(ecosystem: Ecosystem, import: &str, package: &str) -> bool {
    let plain = ecosystem.normal(import);
    let namespace =
        ecosystem == Ecosystem::PyPI && matches!(import, "google" | "azure" | "opentelemetry" | "ruamel" | "zope" | "sentry_sdk");
    package == plain
        || namespace && package.strip_prefix(plain.as_str()).is_some_and(|rest| rest.starts_with('-'))
        || meant(ecosystem, import).iter().any(|name| name == package)
}

/// What is built with a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User<'a> {
    /// A function.
    Function(&'a ResourceId),
    /// An authorizer that no function names yet, by its file.
    Unnamed(&'a str),
}

impl User<'_> {
    /// In a sentence.
    pub fn says(&self) -> String {
        match self {
            Self::Function(id) => id.logical.to_string(),
            Self::Unnamed(file) => format!("{file}, an authorizer that no function names yet,"),
        }
    }

    /// What a finding names as its resource.
    pub fn resource(&self) -> String {
        match self {
            Self::Function(id) => id.to_string(),
            Self::Unnamed(file) => (*file).to_owned(),
        }
    }
}

/// The first of what is built with a root, as a finding's resource.
pub fn resource(root: &PackageRoot) -> String {
    let function = root.functions.first().map(ToString::to_string);
    function.or_else(|| root.unnamed.first().cloned()).unwrap_or_default()
}

/// The imports of what is built with a root, by the handlers that reach them.
pub fn imports<'a>(app: &'a App, root: &PackageRoot) -> Vec<(&'a Import, User<'a>)> {
    let mut found = Vec::new();
    let mut add = |user: User<'a>, handler: &Handler| {
        let files: BTreeSet<&str> = handler.files.iter().map(String::as_str).collect();
        found.extend(app.code.imports.iter().filter(|import| files.contains(&*import.place.file)).map(|import| (import, user)));
    };
    for id in &root.functions {
        let Some((id, handler)) = app.code.handlers.get_key_value(id) else { continue };
        add(User::Function(id), handler);
    }
    for (file, handler) in app.code.unnamed.iter().filter(|(file, _)| root.unnamed.contains(file)) {
        add(User::Unnamed(file), handler);
    }
    found
}

/// Whether the code of every function of a root was read: only then a package that none imports is said to be imported by none.
pub fn is_known(app: &App, root: &PackageRoot) -> bool {
    root.functions.iter().all(|id| app.code.handlers.contains_key(id))
}

/// Whether the root lies in the code folder of one of its functions: what is declared there is shipped with it.
pub fn is_own(app: &App, root: &PackageRoot) -> bool {
    let below =
        |code: &str| code.is_empty() || root.folder == code || root.folder.strip_prefix(code).is_some_and(|rest| rest.starts_with('/'));
    !root.unnamed.is_empty() || root.functions.iter().filter_map(|id| app.aws().functions.get(id)?.code.as_deref()).any(below)
}

/// Whether every function of a root is bundled: esbuild ships what is imported and nothing else (SAM Developer Guide, "Building
/// Node.js Lambda functions with esbuild").
pub fn is_bundled(app: &App, root: &PackageRoot) -> bool {
    let method = |id: &ResourceId| app.resource(id)?.metadata.as_ref()?.get("BuildMethod").and_then(Node::str).map(str::to_owned);
    root.unnamed.is_empty() && root.functions.iter().all(|id| method(id).as_deref() == Some("esbuild"))
}

/// What the lock installs, as [`PackageRoot::installed`] says it: for what the code imports, and for everything that is shipped.
pub struct Installed {
    /// Reached from an import.
    pub imported: Vec<Option<Option<usize>>>,
    /// Reached from any entry that is not for development.
    pub shipped: Vec<Option<Option<usize>>>,
}

impl Installed {
    /// What is installed of a root.
    pub fn of(root: &PackageRoot, imports: &[(&Import, User<'_>)]) -> Self {
        let shipped = |declared: &&Declared| declared.group != Group::Dev;
        let imported = |declared: &&Declared| imports.iter().any(|(import, _)| means(root.ecosystem, &import.package, &declared.name));
        let mut own = Self {
            imported: root.installed(root.declared.iter().filter(shipped).filter(imported)),
            shipped: root.installed(root.declared.iter().filter(shipped)),
        };
        // A lock that does not say who needs whom, or stands without its manifest, installs all that it holds.
        let is_flat = root.packages.iter().all(|package| package.needs.is_empty());
        for (index, package) in root.packages.iter().enumerate() {
            if (is_flat || root.declared.is_empty())
                && !package.dev
                && let Some(slot @ None) = own.shipped.get_mut(index)
            {
                *slot = Some(None);
            }
            let direct = imports.iter().any(|(import, _)| means(root.ecosystem, &import.package, &package.name));
            if direct
                && own.shipped.get(index).is_some_and(Option::is_some)
                && let Some(slot) = own.imported.get_mut(index)
            {
                slot.get_or_insert(None);
            }
        }
        own
    }
}

/// The first import of a package, with the function that reaches it.
pub fn import_of<'a>(imports: &[(&'a Import, User<'a>)], ecosystem: Ecosystem, package: &str) -> Option<(&'a Import, User<'a>)> {
    imports.iter().copied().find(|(import, _)| means(ecosystem, &import.package, package))
}

/// Entries of a root by name.
pub fn declared(root: &PackageRoot) -> BTreeMap<&str, &Declared> {
    root.declared.iter().map(|declared| (declared.name.as_str(), declared)).collect()
}

/// The edit that takes an entry out of its manifest; nothing where it stands in a form that is a person's to change.
pub fn removal(app: &App, declared: &Declared) -> Option<Edit> {
    let file = &declared.place.file;
    if file.ends_with(".json") {
        return Some(Edit::Value { place: declared.range_place.clone()?, operation: Operation::Remove });
    }
    let text = &app.sources.get(file)?.text;
    let at = declared.place.span.start as usize;
    let start = text.get(..at)?.rfind('\n').map_or(0, |line| line + 1);
    let end = text.get(at..)?.find('\n').map_or(text.len(), |line| at + line + 1);
    let line = text.get(start..end)?;
    // One entry a line: requirements, and the tables of Poetry and Pipenv.
    let alone =
        file.ends_with(".txt") || line.trim_start().starts_with(text.get(at..declared.place.span.end as usize)?) && line.contains('=');
    let whole = alone && !declared.hashed && !line.trim_end().ends_with(['\\', '[', '{', ',']);
    let span = Span { start: u32::try_from(start).ok()?, end: u32::try_from(end).ok()? };
    whole.then(|| Edit::Text { file: file.clone(), span, with: String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_mean_distributions() {
        for (import, package) in [
            ("yaml", "pyyaml"),
            ("PIL", "pillow"),
            ("google", "google-cloud-storage"),
            ("requests", "requests"),
            ("jwt", "pyjwt"),
            ("psycopg2", "psycopg2-binary"),
            ("typing_extensions", "typing-extensions"),
        ] {
            assert!(means(Ecosystem::PyPI, import, package), "{import}");
        }
        assert!(!means(Ecosystem::PyPI, "yaml", "requests"));
        assert!(!means(Ecosystem::Npm, "yaml", "pyyaml"));
    }
}
