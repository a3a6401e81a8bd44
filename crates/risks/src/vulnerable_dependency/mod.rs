//! A function is built with a version of a package about which an advisory was published.

mod fix;
mod hits;

use crate::doors::Who;
use crate::entry::Entries;
use crate::packages::{self, Installed};
use crate::{Profile, Proved, Reason, Risk, blank};
use hits::{Hit, Reach};
use model::code::EventSource;
use model::deps::{Advisory, PackageRoot};
use model::{App, Confidence, Finding, Place, Severity, Step};
use std::cmp::Reverse;

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err(
        "each advisory has an attack of its own, and none is told by its version alone: this is advice, verified by a scan of the fix",
    ),
    detections: &[],
    without: &[
        (Proved::Exploited, Reason::AdviceOnly),
        // Which version is loaded, no log of AWS says.
        (Proved::Detected, Reason::NoLog),
    ],
};

const SLUG: &str = "vulnerable-dependency";
/// Advisories that one path names, at most; the title says how many there are.
const MOST: usize = 8;

fn check(app: &App) -> Vec<Finding> {
    app.dependencies.roots.iter().flat_map(|root| of_root(app, root)).collect()
}

fn of_root(app: &App, root: &PackageRoot) -> Vec<Finding> {
    let imports = packages::imports(app, root);
    let installed = Installed::of(root, &imports);
    let hits = hits::of(app, root, &installed, &imports);
    let (reached, rest): (Vec<_>, Vec<_>) = hits.into_iter().partition(|hit| hit.is_certain && hit.reach != Reach::Shipped);
    let (idle, open): (Vec<_>, Vec<_>) = rest.into_iter().partition(|hit| hit.is_certain);
    let mut findings: Vec<Finding> = reached.iter().map(|hit| of_hit(app, root, hit, &installed)).collect();
    if !idle.is_empty() && !packages::is_bundled(app, root) {
        findings.push(of_idle(app, root, &idle));
    }
    if !open.is_empty() {
        findings.push(of_open(app, root, &open));
    }
    findings
}

/// A package that the code reaches.
fn of_hit(app: &App, root: &PackageRoot, hit: &Hit<'_>, installed: &Installed) -> Finding {
    let mut path = Vec::new();
    let mut resource = packages::resource(root);
    if let Reach::Imported(Some((import, user))) = hit.reach {
        resource = user.resource();
        path.push(Step { says: format!("{} imports {}", user.says(), import.package), place: import.place.clone() });
    }
    path.extend(chain(root, hit, installed));
    path.extend(hit.advisories.iter().take(MOST).map(|advisory| told(root, hit, advisory)));
    // What lies deeper is called by another package, with what that one gives it.
    let is_direct = matches!(hit.reach, Reach::Imported(Some((import, _))) if packages::means(root.ecosystem, &import.package, hit.name));
    let severity = match worst(hit) {
        Severity::Critical if !is_direct || !is_exposed(app, root) => Severity::High,
        severity => severity,
    };
    let mended = match &hit.fixed {
        Some(version) => format!("{version} mends {}", if hit.advisories.len() == 1 { "it" } else { "all of them" }),
        None if hit.advisories.len() == 1 => "no version mends it".to_owned(),
        None => "no version mends all of them".to_owned(),
    };
    let title = match hit.advisories.as_slice() {
        [one] => format!("{} is affected by {}: {}; {mended}", hit.shown(), name(one), one.summary.trim_end_matches('.')),
        all => {
            let worst = all.first().map(|advisory| name(advisory)).unwrap_or_default();
            format!("{} is affected by {} advisories, among them {worst}; {mended}", hit.shown(), all.len())
        }
    };
    Finding {
        title,
        severity,
        confidence: if hit.reach == Reach::Unknown { Confidence::Medium } else { Confidence::High },
        path,
        symbol: format!("{} {}", root.folder, hit.name),
        condition: condition(hit),
        fix: fix::of(app, root, hit),
        ..blank(SLUG, resource, hit.place.clone())
    }
}

/// Packages that are shipped and that no function imports.
fn of_idle(app: &App, root: &PackageRoot, hits: &[Hit<'_>]) -> Finding {
    let names: Vec<String> = hits.iter().map(Hit::shown).collect();
    let path = hits.iter().filter_map(|hit| Some(told(root, hit, hit.advisories.first()?))).take(MOST).collect();
    Finding {
        title: format!("shipped with known vulnerabilities and imported by no function: {}", list(&names)),
        severity: Severity::Low,
        path,
        symbol: format!("{} not imported", root.folder),
        fix: fix::removal(app, root, hits),
        ..blank(SLUG, packages::resource(root), place(hits))
    }
}

/// Ranges that allow affected versions and others, without a lock that says which is taken.
fn of_open(app: &App, root: &PackageRoot, hits: &[Hit<'_>]) -> Finding {
    let names: Vec<String> = hits.iter().map(Hit::shown).collect();
    let path = hits.iter().filter_map(|hit| Some(told(root, hit, hit.advisories.first()?))).take(MOST).collect();
    Finding {
        title: format!("may resolve to a version with known vulnerabilities: {}", list(&names)),
        severity: Severity::Low,
        confidence: Confidence::Low,
        path,
        symbol: format!("{} ranges", root.folder),
        condition: Some("which versions the build resolves these ranges to: no lock says it".into()),
        fix: fix::raised(app, root, hits),
        ..blank(SLUG, packages::resource(root), place(hits))
    }
}

/// From the entry of the manifest to the package, by the lock.
fn chain(root: &PackageRoot, hit: &Hit<'_>, installed: &Installed) -> Vec<Step> {
    let Some(package) = hit.package else { return Vec::new() };
    let reached = if installed.imported.get(package).is_some_and(Option::is_some) { &installed.imported } else { &installed.shipped };
    let chain: Vec<&model::deps::Package> = root.chain(reached, package).into_iter().filter_map(|index| root.packages.get(index)).collect();
    let links = chain.windows(2).filter_map(|pair| {
        let [from, to] = pair else { return None };
        Some(Step { says: format!("{} {} needs {}", from.name, from.version, to.name), place: from.place.clone() })
    });
    links.collect()
}

fn told(root: &PackageRoot, hit: &Hit<'_>, advisory: &Advisory) -> Step {
    let severity = match advisory.severity {
        Some(Severity::Low) => "low",
        Some(Severity::Medium) => "moderate",
        Some(Severity::High) => "high",
        Some(Severity::Critical) => "critical",
        None => "of unstated severity",
    };
    let aliases = if advisory.aliases.is_empty() { String::new() } else { format!(" ({})", advisory.aliases.join(", ")) };
    let from = if root.lock.is_some() { "the lock holds" } else { "the manifest asks for" };
    let says = format!("{}{aliases}, {severity}: {}; {from} {}", advisory.id, advisory.summary.trim_end_matches('.'), hit.shown());
    Step { says, place: hit.place.clone() }
}

/// `GHSA-f8q6-p94x-37v3 (CVE-2022-3517)`, the worst first.
fn name(advisory: &Advisory) -> String {
    let cve = advisory.aliases.iter().find(|alias| alias.starts_with("CVE-"));
    cve.map_or_else(|| advisory.id.clone(), |cve| format!("{} ({cve})", advisory.id))
}

fn worst(hit: &Hit<'_>) -> Severity {
    // What nobody rated is no less than what most are.
    hit.advisories.iter().map(|advisory| advisory.severity.unwrap_or(Severity::Medium)).max().unwrap_or(Severity::Medium)
}

fn condition(hit: &Hit<'_>) -> Option<String> {
    let marker = hit.declared.and_then(|declared| declared.condition.as_ref()).map(|marker| format!("it is installed where {marker}"));
    match hit.reach {
        Reach::Unknown => Some("whether a function imports it: the code of one is not assessed".into()),
        _ => marker,
    }
}

fn list(names: &[String]) -> String {
    match names {
        names if names.len() > 6 => {
            format!("{} and {} more", names.iter().take(5).cloned().collect::<Vec<_>>().join(", "), names.len() - 5)
        }
        names => names.join(", "),
    }
}

/// Whether anyone on the internet sends data to a function that is built with the root.
fn is_exposed(app: &App, root: &PackageRoot) -> bool {
    let entries = Entries::of(app);
    let anyone = |id| matches!(entries.find(id, &EventSource::Event, &[]).who, Who::Anyone | Who::Stranger);
    !root.unnamed.is_empty() || root.functions.iter().any(anyone)
}

fn place(hits: &[Hit<'_>]) -> Place {
    let worst = hits.iter().min_by_key(|hit| (Reverse(worst(hit)), hit.place.clone()));
    worst.map_or_else(|| Place::new(".", 1, 1), |hit| hit.place.clone())
}
