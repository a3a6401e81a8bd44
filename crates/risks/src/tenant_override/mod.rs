//! Whose data is read or written is what the request says, not what the authorizer said.

use crate::entry::{Danger, Entries};
use crate::review;
use crate::{Profile, Proved, Reason, Risk};
use model::code::ReviewKind;
use model::{App, Confidence, Finding, Severity};

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
            let entry = reviewed.entry(&entries);
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
