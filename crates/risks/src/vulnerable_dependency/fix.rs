//! Fixes: the manifest asks for a mended version, an idle package goes, a deeper one is forced.

use super::hits::Hit;
use crate::packages;
use model::deps::{Declared, Ecosystem, PackageRoot};
use model::{App, Edit, Fix, Operation, Segment};
use serde_json::Value;

/// The fix of one package.
pub fn of(app: &App, root: &PackageRoot, hit: &Hit<'_>) -> Option<Fix> {
    let version = hit.fixed.as_deref()?;
    let manifest = root.manifest.as_deref()?;
    let entry = root.declared.iter().find(|declared| declared.name == hit.name);
    let (says, edit, safe) = match (hit.declared, root.ecosystem) {
        (Some(declared), _) => {
            let edit = raise(app, root, declared, version)?;
            (
                format!("ask for {} {version} or later in {manifest}", hit.name),
                edit,
                compatible(root.ecosystem, hit.version, declared, version),
            )
        }
        (None, Ecosystem::Npm) => {
            let path: &[&str] = match root.lock.as_deref().and_then(|lock| lock.rsplit('/').next())? {
                "yarn.lock" => &["resolutions"],
                "pnpm-lock.yaml" => &["pnpm", "overrides"],
                _ => &["overrides"],
            };
            // npm refuses a second range for what the manifest itself asks for, unless it is the same (npm's documentation,
            // "package.json", overrides).
            let value = match entry {
                Some(entry) if *path == ["overrides"] => format!("${}", entry.name),
                _ => format!("^{version}"),
            };
            if value.starts_with('$') {
                return None;
            }
            let path = path.iter().copied().chain([hit.name]).map(Segment::from);
            let edit = Edit::document(manifest, path, Operation::Set(Value::String(value)));
            let needs = root.packages.iter().flat_map(|package| &package.needs).filter(|need| need.package == hit.package);
            let safe = needs.clone().next().is_some()
                && needs.into_iter().all(|need| advisories::allows(Ecosystem::Npm, &need.range, version) == Some(true));
            (format!("force {} {version} or later in {manifest}", hit.name), edit, safe)
        }
        (None, Ecosystem::PyPI) => return None,
    };
    Some(Fix { says, safe, edits: vec![edit], then: Some(then(root)) })
}

/// Removes entries that no function imports.
pub fn removal(app: &App, root: &PackageRoot, hits: &[Hit<'_>]) -> Option<Fix> {
    let edits: Option<Vec<Edit>> = hits.iter().map(|hit| packages::removal(app, hit.declared?)).collect();
    let names: Vec<&str> = hits.iter().map(|hit| hit.name).collect();
    Some(Fix {
        says: format!("remove {}, which no function imports", names.join(", ")),
        safe: false,
        edits: edits?,
        then: Some(then(root)),
    })
}

/// Lifts the lower bounds over what is affected.
pub fn raised(app: &App, root: &PackageRoot, hits: &[Hit<'_>]) -> Option<Fix> {
    let mut safe = true;
    let mut edits = Vec::new();
    for hit in hits {
        let (declared, version) = (hit.declared?, hit.fixed.as_deref()?);
        safe &= advisories::allows(root.ecosystem, &declared.range, version) == Some(true);
        edits.push(raise(app, root, declared, version)?);
    }
    Some(Fix { says: "ask for versions that no advisory is about".into(), safe, edits, then: Some(then(root)) })
}

fn then(root: &PackageRoot) -> String {
    match (root.ecosystem, root.lock.is_some()) {
        (Ecosystem::Npm, true) => "Install once, so that the lock is written anew, test, and deploy.".into(),
        (_, true) => "Lock the dependencies anew, test, and deploy.".into(),
        (_, false) => "Build, test, and deploy.".into(),
    }
}

/// Whether semantic versioning promises that the new version does what the old one did.
fn compatible(ecosystem: Ecosystem, now: &str, declared: &Declared, version: &str) -> bool {
    if advisories::allows(ecosystem, &declared.range, version) == Some(true) && declared.range != now {
        return true;
    }
    let now = now.trim_start_matches(|c: char| !c.is_ascii_digit());
    let mut numbers = now.split(['.', ' ', ',']).map(|part| part.parse::<u64>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(0), Some(minor)) => advisories::allows(Ecosystem::Npm, &format!("~0.{minor}"), version) == Some(true),
        (Some(major), _) if major > 0 => version.split('.').next() == Some(major.to_string().as_str()),
        _ => false,
    }
}

/// The entry with its range lifted to a version; nothing where hashes fix the old one.
fn raise(app: &App, root: &PackageRoot, declared: &Declared, version: &str) -> Option<Edit> {
    if declared.hashed {
        return None;
    }
    let place = declared.range_place.as_ref();
    if root.ecosystem == Ecosystem::Npm {
        let written = declared.range.trim();
        let sign = written.chars().next().filter(|c| matches!(c, '^' | '~')).map(String::from);
        let exact = written.starts_with(|c: char| c.is_ascii_digit()) && !written.contains([' ', '|', 'x', '*']);
        let sign = sign.unwrap_or_else(|| if exact { String::new() } else { "^".into() });
        return Some(Edit::Value { place: place?.clone(), operation: Operation::Set(Value::String(format!("{sign}{version}"))) });
    }
    let Some(place) = place else {
        // `requests` alone: the range goes behind the name.
        let text = app.sources.get(&declared.place.file)?.text.get(declared.place.span.start as usize..declared.place.span.end as usize)?;
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(text.len());
        let end = if text.get(end..)?.starts_with('[') { end + text.get(end..)?.find(']')? + 1 } else { end };
        let at = declared.place.span.start + u32::try_from(end).ok()?;
        return Some(Edit::Text {
            file: declared.place.file.clone(),
            span: model::Span { start: at, end: at },
            with: format!(">={version}"),
        });
    };
    let written = app.sources.get(&place.file)?.text.get(place.span.start as usize..place.span.end as usize)?;
    let new = match written.trim() {
        text if text.starts_with('^') || text.starts_with('~') && !text.starts_with("~=") => format!("{}{version}", text.get(..1)?),
        text if text.starts_with("==") => format!("=={version}"),
        text if text.starts_with("~=") => format!("~={version}"),
        text if text.starts_with(|c: char| c.is_ascii_digit()) => version.to_owned(),
        text => {
            let kept = text.split(',').map(str::trim).filter(|part| part.starts_with('<') || part.starts_with("!="));
            let kept = kept.filter(|part| advisories::allows(Ecosystem::PyPI, part, version) == Some(true));
            std::iter::once(format!(">={version}")).chain(kept.map(str::to_owned)).collect::<Vec<_>>().join(",")
        }
    };
    Some(Edit::text(place, new))
}
