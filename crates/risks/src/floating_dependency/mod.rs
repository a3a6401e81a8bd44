//! A manifest without a lock takes whatever version is published on the day of the build.

use crate::packages;
use crate::{Profile, Proved, Reason, Risk, blank};
use model::deps::{Declared, Ecosystem, Group, PackageRoot};
use model::{App, Finding, Severity, Step};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err(
        "it needs the registry: somebody publishes a version, and the next build takes it; attacks here talk to the application alone",
    ),
    detections: &[],
    without: &[
        (Proved::Exploited, Reason::AdviceOnly),
        // Which versions the application was tested with, only its authors know.
        (Proved::Blocked, Reason::AdviceOnly),
        (Proved::Detected, Reason::NoLog),
    ],
};

const SLUG: &str = "floating-dependency";

fn check(app: &App) -> Vec<Finding> {
    app.dependencies.roots.iter().filter_map(finding).collect()
}

fn finding(root: &PackageRoot) -> Option<Finding> {
    if root.lock.is_some() {
        return None;
    }
    let floats = |declared: &&Declared| {
        let any = advisories::float(root.ecosystem, &declared.range) == Some(true);
        any && !matches!(declared.group, Group::Dev | Group::Peer)
    };
    let floating: Vec<&Declared> = root.declared.iter().filter(floats).collect();
    let first = floating.first()?;
    let manifest = root.manifest.as_deref().unwrap_or_default();
    let names: Vec<&str> = floating.iter().map(|declared| declared.name.as_str()).collect();
    let lock = match root.ecosystem {
        Ecosystem::Npm => "package-lock.json",
        Ecosystem::PyPI => "a list with == and hashes",
    };
    let step = |declared: &&Declared| {
        let range = if declared.range.is_empty() { "no version".to_owned() } else { format!("`{}`", declared.range) };
        Step { says: format!("{} is asked for with {range}, and there is no {lock}", declared.name), place: declared.place.clone() }
    };
    Some(Finding {
        title: format!("{manifest} takes any version of {}", names.join(", ")),
        severity: Severity::Low,
        path: floating.iter().map(step).collect(),
        symbol: manifest.to_owned(),
        ..blank(SLUG, packages::resource(root), first.place.clone())
    })
}
