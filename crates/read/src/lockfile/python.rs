//! Python's other manifests (`pyproject.toml`, `Pipfile`) and locks (`poetry.lock`, `uv.lock`, `Pipfile.lock`).

use super::found::{Lock, Manifest, entry, need, package};
use super::text::Text;
use super::{requirements, toml};
use crate::document::document;
use model::deps::{Declared, Ecosystem, Group};
use model::{Member, Node, Place};

const PYPI: Ecosystem = Ecosystem::PyPI;

/// Reads a `pyproject.toml`: PEP 621's dependencies, PEP 735's groups, Poetry's own tables (Poetry's documentation, "The
/// pyproject.toml file").
pub(super) fn pyproject(file: &str, body: &str, python: Option<&str>) -> Manifest {
    let (root, troubles) = toml::read(file, body);
    let mut manifest = Manifest { troubles, ..Manifest::default() };
    let text = Text::new(file, body);
    let mut pep508 = |list: Option<&Node>, group: Group| {
        for item in list.map(Node::items).unwrap_or_default() {
            let span = item.place.span;
            let written = body.get(span.start as usize..span.end as usize).unwrap_or_default();
            // Inside the quotes.
            let line = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
            if item.str().is_some()
                && let Some(Some(declared)) = requirements::requirement(&text, line, group, python)
            {
                manifest.declared.push(declared);
            }
        }
    };
    pep508(root.at(&["project", "dependencies"]), Group::Runtime);
    for section in ["optional-dependencies"] {
        for extra in root.at(&["project", section]).map(Node::members).unwrap_or_default() {
            pep508(Some(&extra.value), Group::Optional);
        }
    }
    for group in root.get("dependency-groups").map(Node::members).unwrap_or_default() {
        pep508(Some(&group.value), Group::Dev);
    }
    pep508(root.at(&["tool", "uv", "dev-dependencies"]), Group::Dev);
    let poetry = |path: &[&str], group: Group| -> Vec<Declared> {
        let members = root.at(path).map(Node::members).unwrap_or_default();
        members.iter().filter(|member| member.key != "python").filter_map(|member| poetry_entry(member, group)).collect()
    };
    manifest.declared.extend(poetry(&["tool", "poetry", "dependencies"], Group::Runtime));
    manifest.declared.extend(poetry(&["tool", "poetry", "dev-dependencies"], Group::Dev));
    for group in root.at(&["tool", "poetry", "group"]).map(Node::members).unwrap_or_default() {
        let kind = if group.key == "main" { Group::Runtime } else { Group::Dev };
        manifest.declared.extend(poetry(&["tool", "poetry", "group", &group.key, "dependencies"], kind));
    }
    manifest
}

/// `requests = "^2.28"`, `requests = {version = "^2.28", optional = true}`.
fn poetry_entry(member: &Member, group: Group) -> Option<Declared> {
    let value = member.value.items().first().unwrap_or(&member.value);
    let elsewhere = ["git", "path", "url", "file"].iter().any(|key| value.get(key).is_some());
    if elsewhere {
        return None;
    }
    let version = value.get("version").unwrap_or(value);
    let written = version.str().unwrap_or_default();
    let group = if value.get("optional").and_then(Node::bool) == Some(true) && group == Group::Runtime { Group::Optional } else { group };
    let mut declared = entry(PYPI, &member.key, &specifiers(written), group, member.key_place.clone());
    // Inside the quotes.
    let place = &version.place;
    declared.range_place = version.str().map(|_| {
        Place { column: place.column + 1, ..place.clone() }
            .with_span(place.span.start as usize + 1, place.span.end.saturating_sub(1) as usize)
    });
    declared.condition = value.get("markers").or_else(|| value.get("python")).and_then(Node::scalar);
    Some(declared)
}

/// Poetry's `^1.2`, `~1.2`, `1.2` and `1.*` as PEP 440's specifiers (Poetry's documentation, "Dependency specification").
fn specifiers(written: &str) -> String {
    let one = |part: &str| -> String {
        let part = part.trim();
        let numbers = |text: &str| text.split('.').map(|part| part.trim().parse::<u64>().ok()).collect::<Option<Vec<u64>>>();
        let dotted = |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
        if part.is_empty() || part == "*" {
            return String::new();
        }
        if let Some(text) = part.strip_prefix('^')
            && let Some(own) = numbers(text)
        {
            let kept = own.iter().position(|part| *part != 0).unwrap_or(own.len().saturating_sub(1));
            let mut next: Vec<u64> = own.iter().take(kept + 1).copied().collect();
            if let Some(last) = next.last_mut() {
                *last += 1;
            }
            return format!(">={},<{}", dotted(&own), dotted(&next));
        }
        if let Some(text) = part.strip_prefix('~').filter(|text| !text.starts_with('='))
            && let Some(own) = numbers(text)
        {
            let mut next: Vec<u64> = own.iter().take(2).copied().collect();
            if let Some(last) = next.last_mut() {
                *last += 1;
            }
            return format!(">={},<{}", dotted(&own), dotted(&next));
        }
        if part.starts_with(|c: char| c.is_ascii_digit()) { format!("=={part}") } else { part.to_owned() }
    };
    written.split(',').map(one).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",")
}

/// Reads a `Pipfile` (Pipenv's documentation, "Pipfile & Pipfile.lock").
pub(super) fn pipfile(file: &str, body: &str) -> Manifest {
    let (root, troubles) = toml::read(file, body);
    let mut manifest = Manifest { troubles, ..Manifest::default() };
    for (section, group) in [("packages", Group::Runtime), ("dev-packages", Group::Dev)] {
        let members = root.get(section).map(Node::members).unwrap_or_default();
        manifest.declared.extend(members.iter().filter_map(|member| poetry_entry(member, group)));
    }
    manifest
}

/// Reads a `poetry.lock` or a `uv.lock`: both are lists of packages.
pub(super) fn lock(file: &str, body: &str) -> Lock {
    let (root, troubles) = toml::read(file, body);
    let mut lock = Lock { troubles, ..Lock::default() };
    for item in root.get("package").map(Node::items).unwrap_or_default() {
        let Some(name) = item.get("name") else { continue };
        let source = item.get("source");
        // Poetry writes the kind of source, uv the source by its kind.
        let kind = source.and_then(|source| source.get("type")).and_then(Node::str);
        let elsewhere = kind.is_some_and(|kind| !matches!(kind, "legacy" | "pypi"))
            || source.is_some_and(|source| {
                ["git", "url", "path", "directory", "editable", "virtual"].iter().any(|key| source.get(key).is_some())
            });
        let version = item.get("version").and_then(Node::scalar).filter(|_| !elsewhere).unwrap_or_default();
        let mut found = package(PYPI, name.str().unwrap_or_default(), &version, name.place.clone());
        let groups: Vec<String> = item.get("groups").map(Node::items).unwrap_or_default().iter().filter_map(Node::scalar).collect();
        found.dev =
            item.get("category").and_then(Node::str) == Some("dev") || !groups.is_empty() && !groups.iter().any(|group| group == "main");
        let needed = item.get("dependencies");
        for member in needed.map(Node::members).unwrap_or_default() {
            found.needs.push(need(PYPI, &member.key, ""));
        }
        for member in needed.map(Node::items).unwrap_or_default() {
            found.needs.extend(member.get("name").and_then(Node::str).map(|name| need(PYPI, name, "")));
        }
        let is_own = source.is_some_and(|source| ["editable", "virtual"].iter().any(|key| source.get(key).is_some()));
        lock.foreign.extend((elsewhere && !is_own).then_some(lock.packages.len()));
        lock.packages.push(found);
    }
    lock.link_by_name();
    lock
}

/// Reads a `Pipfile.lock`: all packages with exact versions, without saying which needs which.
pub(super) fn pipfile_lock(file: &str, body: &str) -> Lock {
    let (documents, troubles) = document(file, body);
    let mut lock = Lock { troubles, ..Lock::default() };
    let Some(root) = documents.into_iter().next() else { return lock };
    for (section, dev) in [("default", false), ("develop", true)] {
        for member in root.get(section).map(Node::members).unwrap_or_default() {
            let version =
                member.value.get("version").and_then(Node::str).and_then(|version| version.strip_prefix("==")).unwrap_or_default();
            let mut found = package(PYPI, &member.key, version, member.key_place.clone());
            found.dev = dev;
            lock.foreign.extend(version.is_empty().then_some(lock.packages.len()));
            lock.packages.push(found);
        }
    }
    lock
}

#[cfg(test)]
mod tests {
    use super::specifiers;

    #[test]
    fn poetrys_ranges() {
        for (written, expected) in [
            ("^1.2.3", ">=1.2.3,<2"),
            ("^0.2.3", ">=0.2.3,<0.3"),
            ("^0.0", ">=0.0,<0.1"),
            ("~1.2.3", ">=1.2.3,<1.3"),
            ("~1", ">=1,<2"),
            ("1.2.*", "==1.2.*"),
            ("*", ""),
            (">=1,<2", ">=1,<2"),
            ("~=1.2", "~=1.2"),
        ] {
            assert_eq!(specifiers(written), expected, "{written}");
        }
    }
}
