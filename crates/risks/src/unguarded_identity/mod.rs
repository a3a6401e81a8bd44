//! The code reads what the authorizer said on a route where there is no authorizer.

use crate::doors::Who;
use crate::entry::{Danger, Entries, Entry};
use crate::review;
use crate::{Profile, Proved, Reason, Risk};
use model::code::ReviewKind;
use model::{App, Finding, Severity};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err(Reason::NoAttacker.says()),
    detections: &[],
    without: &[(Proved::Blocked, Reason::AdviceOnly), (Proved::Detected, Reason::NoLog), (Proved::Exploited, Reason::NoAttacker)],
};

const SLUG: &str = "unguarded-identity";

fn check(app: &App) -> Vec<Finding> {
    let entries = Entries::of(app);
    let mut findings = Vec::new();
    for reviewed in review::handlers(app) {
        let Some(function) = reviewed.function else { continue };
        // With an authorizer before every route there is always something to read.
        let Some(open) = entries.of_function(function).find(|door| door.who(app) == Who::Anyone) else { continue };
        let reviews = reviewed.reviews(&[ReviewKind::UnguardedIdentity]);
        // One crash is enough: the first read is the one that happens.
        let Some((place, review)) = reviews.first().and_then(|(place, all)| Some((*place, *all.first()?))) else { continue };
        let entry = Entry { who: Who::Anyone, steps: open.steps(app), condition: None };
        let title = format!("`{}` is read from an authorizer's answer that is not there", review.name);
        let mut finding = reviewed.finding(SLUG, title, &entry, Danger::Help, (place, review.says.clone()));
        finding.severity = Severity::Low;
        finding.symbol = review.name.clone();
        findings.push(finding);
    }
    findings
}
