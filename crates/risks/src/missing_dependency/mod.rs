//! Code imports a package that no manifest of its function asks for.

use crate::packages::{self, User};
use crate::{Risk, blank, setting};
use model::aws::Function;
use model::code::Import;
use model::deps::{Ecosystem, Group, PackageRoot};
use model::{App, Confidence, Finding, ResourceId, Severity, Step};
use std::collections::BTreeMap;

/// The risk: which version was meant, only its authors know.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, false);

const SLUG: &str = "missing-dependency";

/// What Lambda's Python brings (Lambda Developer Guide, "Building Lambda functions with Python": the SDK and what it needs).
const PYTHON: [&str; 8] = ["boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six", "awslambdaric"];
/// The first Node.js whose runtime brings version 3 of the SDK and not version 2 (Lambda Developer Guide, "Building Lambda functions
/// with Node.js").
const SDK_3: u32 = 18;

fn check(app: &App) -> Vec<Finding> {
    app.dependencies.roots.iter().filter_map(|root| finding(app, root)).collect()
}

fn finding(app: &App, root: &PackageRoot) -> Option<Finding> {
    if !packages::is_own(app, root) {
        return None;
    }
    let mut missing: BTreeMap<&str, (&Import, &ResourceId)> = BTreeMap::new();
    for (import, user) in packages::imports(app, root) {
        let User::Function(id) = user else { continue };
        let Some(function) = app.aws().functions.get(id) else { continue };
        if layers_are_known(app, function) && !asked_for(app, id, root.ecosystem, &import.package) {
            missing.entry(&import.package).or_insert((import, id));
        }
    }
    let (_, (first, _)) = missing.first_key_value()?;
    // The same resource whichever file imports what first.
    let id = root.functions.iter().min()?;
    let manifest = root.manifest.as_deref().or(root.lock.as_deref()).unwrap_or_default();
    let (mut path, mut absent) = (Vec::new(), false);
    for (package, (import, id)) in &missing {
        let runtime = app.aws().functions.get(*id).is_some_and(|function| is_provided(function, package));
        let held = root.packages.iter().find(|held| packages::means(root.ecosystem, package, &held.name));
        let why = match (runtime, held) {
            (true, _) => "it runs with the version that the runtime has, which AWS changes".to_owned(),
            (false, Some(held)) => format!("it is there only because another package brings {} {}", held.name, held.version),
            (false, None) => "nothing that is read here brings it".to_owned(),
        };
        absent |= !runtime;
        path.push(Step { says: format!("{package} is imported and {manifest} does not ask for it: {why}"), place: import.place.clone() });
    }
    let names: Vec<&str> = missing.keys().copied().collect();
    Some(Finding {
        title: format!("imported, and not asked for in {manifest}: {}", names.join(", ")),
        severity: Severity::Low,
        confidence: if absent { Confidence::Medium } else { Confidence::High },
        path,
        symbol: manifest.to_owned(),
        ..blank(SLUG, id.to_string(), first.place.clone())
    })
}

/// Whether a manifest of the function, its own or a layer's, asks for the package to be shipped.
fn asked_for(app: &App, id: &ResourceId, ecosystem: Ecosystem, package: &str) -> bool {
    let own = app.dependencies.roots.iter().filter(|root| root.ecosystem == ecosystem && root.functions.contains(id));
    own.into_iter().any(|root| {
        let shipped = |group: Group| group != Group::Dev || packages::is_bundled(app, root);
        // Types alone are imported, and gone when it runs.
        let types = |name: &str| name.strip_prefix("@types/").is_some_and(|typed| typed == package);
        root.declared
            .iter()
            .any(|declared| shipped(declared.group) && packages::means(ecosystem, package, &declared.name) || types(&declared.name))
    })
}

/// Layers from elsewhere may bring anything.
fn layers_are_known(app: &App, function: &Function) -> bool {
    function.layers.iter().all(|arn| app.by_arn(arn).is_some_and(|layer| layer.properties.at(&["Content", "LocalPath"]).is_some()))
}

/// Whether the function's runtime brings a package.
fn is_provided(function: &Function, package: &str) -> bool {
    match function.runtime.strip_prefix("nodejs") {
        Some(version) => {
            let version: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
            if version >= SDK_3 { package.starts_with("@aws-sdk/") || package.starts_with("@smithy/") } else { package == "aws-sdk" }
        }
        None => PYTHON.contains(&package),
    }
}
