//! An authorizer that was asked about one method allows all of them, and the answer is kept.

use crate::entry::{Danger, Entries};
use crate::review;
use crate::{Profile, Proved, Reason, Risk};
use model::aws::AuthorizerKind;
use model::code::ReviewKind;
use model::{App, Confidence, Finding, Place, ResourceId, Severity, Step};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err("not written yet: a proof needs two callers with different rights in the traffic"),
    detections: &[],
    without: &[(Proved::Blocked, Reason::AdviceOnly), (Proved::Detected, Reason::NoLog)],
};

const SLUG: &str = "wide-authorizer-policy";

fn check(app: &App) -> Vec<Finding> {
    let entries = Entries::of(app);
    let mut findings = Vec::new();
    for reviewed in review::handlers(app).filter(|reviewed| reviewed.handler.is_authorizer) {
        let kept = reviewed.function.map_or(Kept::Unknown, |function| kept(app, function));
        if kept == Kept::No {
            continue;
        }
        for (place, reviews) in reviewed.reviews(&[ReviewKind::WidePolicy]) {
            let Some(review) = reviews.first() else { continue };
            let mut entry = reviewed.entry(&entries);
            if let Kept::For(seconds, at) = &kept {
                entry.steps.push(Step { says: format!("its answer is kept for {seconds} seconds, for every method"), place: at.clone() });
            }
            let title = review.says.clone();
            let mut finding = reviewed.finding(SLUG, title.clone(), &entry, Danger::Leak, (place, title));
            finding.severity = Severity::Medium;
            // A policy for all is right where every caller who passes may do everything.
            finding.confidence = Confidence::Medium;
            finding.symbol = "policy".into();
            findings.push(finding);
        }
    }
    findings
}

#[derive(PartialEq)]
enum Kept {
    No,
    For(u32, Place),
    Unknown,
}

/// How long an API keeps what the function answers.
fn kept(app: &App, function: &ResourceId) -> Kept {
    for authorizer in app.aws().rest_apis.iter().flat_map(|api| api.authorizers.values()) {
        if let AuthorizerKind::Token { function_arn, .. } | AuthorizerKind::Request { function_arn, .. } = &authorizer.kind
            && app.aws().function_by_arn(function_arn).is_some_and(|found| found.id == *function)
        {
            return if authorizer.ttl == 0 { Kept::No } else { Kept::For(authorizer.ttl, authorizer.place.clone()) };
        }
    }
    Kept::Unknown
}
