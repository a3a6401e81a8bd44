//! A scope or a group is looked for inside a text, where it is also part of longer names.

use crate::entry::{Danger, Entries};
use crate::{Profile, Proved, Reason, Risk, review, source};
use model::code::ReviewKind;
use model::{App, Finding, Fix, Place};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err("not written yet: a proof needs a user pool with a second scope whose name contains the first"),
    detections: &[],
    without: &[(Proved::Detected, Reason::NoLog)],
};

const SLUG: &str = "substring-authorization";

fn check(app: &App) -> Vec<Finding> {
    let entries = Entries::of(app);
    let mut findings = Vec::new();
    for reviewed in review::handlers(app) {
        for (place, reviews) in reviewed.reviews(&[ReviewKind::Substring]) {
            let Some(review) = reviews.first() else { continue };
            let entry = reviewed.entry(&entries);
            let title = format!("`{}` is searched as one text", review.name);
            let mut finding = reviewed.finding(SLUG, title, &entry, Danger::Leak, (place, review.says.clone()));
            finding.symbol = review.name.clone();
            finding.fix = fix(app, place);
            findings.push(finding);
        }
    }
    findings
}

/// The list of names in the place of the text.
fn fix(app: &App, place: &Place) -> Option<Fix> {
    let edit = if place.file.ends_with(".py") {
        let (_, list) = source::text(app, place)?.split_once(" in ")?;
        if list.contains([' ', '\n']) {
            return None;
        }
        source::after(place, ".split()")
    } else {
        source::replace_once(app, place, ".includes(", ".split(\" \").includes(")?
    };
    Some(Fix { says: "compare with whole names".into(), safe: true, edits: vec![edit], then: None })
}
