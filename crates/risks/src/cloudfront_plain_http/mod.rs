//! A distribution that speaks plain HTTP with its viewers, or with its origins.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Edit, Finding, Node, Operation, Resource, Segment, Severity};
use std::fmt::Display;

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "cloudfront-plain-http";

fn check(app: &App) -> Vec<Finding> {
    app.of_kind("AWS::CloudFront::Distribution")
        .flat_map(|distribution| viewers(distribution).into_iter().chain(origins(distribution)))
        .collect()
}

/// Every cache behaviour must send its viewers to HTTPS.
fn viewers(distribution: &Resource) -> Vec<Finding> {
    let Some(config) = distribution.properties.get("DistributionConfig") else { return Vec::new() };
    let first = config.get("DefaultCacheBehavior").map(|node| (vec![Segment::from("DefaultCacheBehavior")], node));
    let others = config.get("CacheBehaviors").map(Node::items).unwrap_or_default().iter().enumerate();
    let others = others.map(|(at, node)| (vec![Segment::from("CacheBehaviors"), Segment::from(at)], node));
    let judged = first.into_iter().chain(others).filter_map(|(path, behavior)| {
        let pattern = behavior.get("PathPattern").and_then(Node::scalar).unwrap_or_else(|| "*".into());
        let told = of(behavior, "ViewerProtocolPolicy", |policy| matches!(policy, "redirect-to-https" | "https-only"));
        let set = edit(distribution, path, "ViewerProtocolPolicy", "redirect-to-https");
        one(distribution, told, &format!("{pattern} is served over plain HTTP"), &pattern, "send viewers to HTTPS", set)
    });
    judged.collect()
}

/// Every origin that can speak HTTPS must. A bucket's website endpoint cannot (Amazon CloudFront Developer Guide).
fn origins(distribution: &Resource) -> Vec<Finding> {
    let origins = distribution.properties.at(&["DistributionConfig", "Origins"]).map(Node::items).unwrap_or_default();
    let judged = origins.iter().enumerate().filter_map(|(at, origin)| {
        let custom = origin.get("CustomOriginConfig")?;
        let domain = origin.get("DomainName").and_then(Node::scalar).unwrap_or_default();
        if domain.contains(".s3-website") {
            return None;
        }
        let told = of(custom, "OriginProtocolPolicy", |policy| policy == "https-only");
        let path = vec![Segment::from("Origins"), Segment::from(at), Segment::from("CustomOriginConfig")];
        let set = edit(distribution, path, "OriginProtocolPolicy", "https-only");
        let id = origin.get("Id").and_then(Node::scalar).unwrap_or_else(|| at.to_string());
        one(distribution, told, &format!("the origin {id} is asked over plain HTTP"), &id, "ask the origin over HTTPS", set)
    });
    judged.collect()
}

fn of(node: &Node, key: &str, right: impl Fn(&str) -> bool) -> Told {
    match node.get(key) {
        Some(value) => match value.unknown() {
            Some(unknown) => Told::Open(unknown.why.clone(), value.place.clone()),
            None if value.str().is_some_and(right) => Told::Right,
            None => Told::Wrong(value.place.clone()),
        },
        None => Told::Wrong(node.place.clone()),
    }
}

fn edit(distribution: &Resource, path: Vec<Segment>, key: &str, value: &str) -> Option<Edit> {
    let home = ["Resources", &distribution.id.logical, "Properties", "DistributionConfig"].map(Segment::from);
    let path = home.into_iter().chain(path).chain([Segment::from(key)]);
    distribution.generated_from.is_none().then(|| Edit::document(distribution.place.file.clone(), path, Operation::Set(value.into())))
}

fn one(distribution: &Resource, told: Told, says: &str, symbol: &impl Display, mend: &str, set: Option<Edit>) -> Option<Finding> {
    let wrong = matches!(told, Told::Wrong(_));
    let found = setting::finding(SLUG, Severity::Low, distribution, told, format!("{}: {says}", distribution.id.logical))?;
    Some(Finding { symbol: symbol.to_string(), fix: setting::fix(mend, false, [set]).filter(|_| wrong), ..found })
}
