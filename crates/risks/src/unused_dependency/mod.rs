//! A manifest asks for packages that no code imports: they are shipped all the same.

use crate::packages;
use crate::{Risk, blank, setting};
use model::deps::{Declared, Ecosystem, Group, PackageRoot};
use model::{App, Confidence, Finding, Fix, Severity, Step};

/// The risk.
pub const RISK: Risk = setting::plain(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "unused-dependency";

/// Distributions that work without being imported: servers, drivers that are named in a text, tools, and what others bring along
/// in lists that a tool froze.
const SILENT: [&str; 39] = [
    "awslambdaric",
    "aws-xray-sdk",
    "pip",
    "setuptools",
    "wheel",
    "gunicorn",
    "uvicorn",
    "uwsgi",
    "psycopg2",
    "psycopg2-binary",
    "pymysql",
    "mysqlclient",
    "asyncpg",
    "pg8000",
    "cython",
    "python-multipart",
    "email-validator",
    "s3fs",
    "fsspec",
    "openpyxl",
    "xlrd",
    "pyarrow",
    "certifi",
    "idna",
    "charset-normalizer",
    "chardet",
    "urllib3",
    "six",
    "s3transfer",
    "jmespath",
    "python-dateutil",
    "markupsafe",
    "pycparser",
    "cffi",
    "typing-extensions",
    "itsdangerous",
    "click",
    "werkzeug",
    "zipp",
];

fn check(app: &App) -> Vec<Finding> {
    app.dependencies.roots.iter().filter_map(|root| finding(app, root)).collect()
}

fn finding(app: &App, root: &PackageRoot) -> Option<Finding> {
    // What a folder above declares may serve code that is not a function's.
    if !packages::is_known(app, root) || !packages::is_own(app, root) {
        return None;
    }
    let unused: Vec<&Declared> =
        root.declared.iter().filter(|declared| declared.group == Group::Runtime && is_unused(app, root, declared)).collect();
    let first = unused.first()?;
    let names: Vec<&str> = unused.iter().map(|declared| declared.name.as_str()).collect();
    let step = |declared: &&Declared| Step {
        says: format!(
            "{} is asked for, and no code below {} imports it",
            shown(declared),
            if root.folder.is_empty() { "the root" } else { &root.folder }
        ),
        place: declared.place.clone(),
    };
    let edits: Option<Vec<_>> = unused.iter().map(|declared| packages::removal(app, declared)).collect();
    Some(Finding {
        title: format!("imported by no function: {}", names.join(", ")),
        severity: Severity::Low,
        // Python imports by other names than it installs, and only a lock says who needs whom beside itself.
        confidence: if root.ecosystem == Ecosystem::Npm && root.lock.is_some() { Confidence::High } else { Confidence::Medium },
        path: unused.iter().map(step).collect(),
        symbol: root.manifest.as_deref().unwrap_or_default().to_owned(),
        fix: edits.map(|edits| Fix {
            says: format!("remove {}", names.join(", ")),
            safe: false,
            edits,
            then: Some("Build, test, and deploy; where there is a lock, install once so that it is written anew.".into()),
        }),
        ..blank(SLUG, packages::resource(root), first.place.clone())
    })
}

fn shown(declared: &Declared) -> String {
    if declared.range.is_empty() { declared.name.clone() } else { format!("{} {}", declared.name, declared.range) }
}

fn is_unused(app: &App, root: &PackageRoot, declared: &Declared) -> bool {
    let ecosystem = root.ecosystem;
    let below = |file: &str| root.folder.is_empty() || file.strip_prefix(root.folder.as_str()).is_some_and(|rest| rest.starts_with('/'));
    // Of any file below the manifest, a function's or not.
    let imported = app
        .code
        .imports
        .iter()
        .filter(|import| below(&import.place.file))
        .any(|import| packages::means(ecosystem, &import.package, &declared.name));
    let reached = packages::import_of(&packages::imports(app, root), ecosystem, &declared.name).is_some();
    if imported || reached {
        return false;
    }
    match ecosystem {
        Ecosystem::Npm => !declared.name.starts_with("@types/") && !is_mentioned(app, root, declared) && !is_needed(root, declared),
        Ecosystem::PyPI => !SILENT.contains(&declared.name.as_str()),
    }
}

/// Whether the manifest names it a second time: in a script, in a tool's settings.
fn is_mentioned(app: &App, root: &PackageRoot, declared: &Declared) -> bool {
    let text = root.manifest.as_ref().and_then(|file| app.sources.get(file)).map(|source| &*source.text).unwrap_or_default();
    let ends =
        |at: usize| text.get(at..).is_none_or(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
    let begins = |at: usize| {
        text.get(..at).is_none_or(|head| !head.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '@')))
    };
    text.match_indices(declared.name.as_str()).filter(|(at, _)| begins(*at) && ends(at + declared.name.len())).count() > 1
}

/// Whether another package needs it beside itself, as plugins and peers are needed.
fn is_needed(root: &PackageRoot, declared: &Declared) -> bool {
    root.packages.iter().any(|package| {
        package.needs.iter().any(|need| need.name == declared.name && need.package.is_some() && need.package == declared.locked)
    })
}
