//! Whose data is read or written is what the request says, not what the authorizer said.

use crate::entry::{Danger, Entries, Entry};
use crate::review;
use crate::{Profile, Proved, Reason, Risk};
use model::code::{Flow, ReviewKind};
use model::{App, Confidence, Finding, Place, Severity};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err("not written yet: a proof needs two tenants in the traffic of the application"),
    detections: &[],
    without: &[(Proved::Blocked, Reason::AdviceOnly), (Proved::Detected, Reason::NoLog)],
};

const SLUG: &str = "tenant-override";

fn check(app: &App) -> Vec<Finding> {
    let entries = Entries::of(app);
    let mut findings = Vec::new();
    for reviewed in review::handlers(app) {
        for (place, reviews) in reviewed.reviews(&[ReviewKind::IdentityOverridden, ReviewKind::ClientControlledTenant]) {
            let Some(review) = reviews.first() else { continue };
            let entry = entry(&entries, &reviewed, place);
            let overrides = review.kind == ReviewKind::IdentityOverridden;
            let title = if overrides {
                format!("`{}` of the request replaces what the authorizer said", review.name)
            } else {
                format!("`{}` of the request alone says whose data it is", review.name)
            };
            let mut finding = reviewed.finding(SLUG, title, &entry, Danger::Leak, (place, review.says.clone()));
            if overrides {
                // Everyone who passes the authorizer may be everyone else.
                finding.severity = finding.severity.max(Severity::High);
            } else {
                // What the key means is a guess from its name.
                finding.confidence = Confidence::Medium;
            }
            finding.symbol = review.name.clone();
            findings.push(finding);
        }
    }
    findings
}

/// How the field comes: as a flow that begins where it is read, else as any request.
fn entry(entries: &Entries<'_>, reviewed: &review::Reviewed<'_>, place: &Place) -> Entry {
    let begins = |flow: &&Flow| flow.steps.first().is_some_and(|step| step.place == *place);
    match (reviewed.function, reviewed.handler.flows.iter().find(begins)) {
        (Some(function), Some(flow)) => entries.find(function, &flow.source, &flow.methods),
        _ => reviewed.entry(entries),
    }
}
