//! A signed POST policy lets its holder upload what, where and as much as they like.

use crate::entry::{Danger, Entries};
use crate::flow::{self, Sinks};
use crate::{Profile, Risk, review, source};
use model::code::{ReviewKind, SinkKind};
use model::{App, Finding, Fix, Place};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err("not written yet: up has no S3"),
    detections: &[("unsafe_post_policy/detect.yml", include_str!("detect.yml"))],
    without: &[],
};

const SLUG: &str = "unsafe-post-policy";

fn check(app: &App) -> Vec<Finding> {
    let entries = Entries::of(app);
    let mut findings = flow::findings(app, &SINKS);
    for reviewed in review::handlers(app) {
        for (place, reviews) in reviewed.reviews(&[ReviewKind::WidePostPolicy]) {
            let says: Vec<&str> = reviews.iter().map(|review| review.says.as_str()).collect();
            let entry = reviewed.entry(&entries);
            let mut finding = reviewed.finding(SLUG, says.join("; "), &entry, Danger::Help, (place, says.join("; ")));
            finding.symbol = "policy".into();
            finding.fix = fix(app, place);
            findings.push(finding);
        }
    }
    findings
}

const SINKS: Sinks = Sinks {
    slug: SLUG,
    takes: |flow| flow.sink == SinkKind::PostPolicy,
    says: |_| "signs an upload to a key made of",
    danger: |_| Danger::Leak,
    credentials: false,
    fix: flow::advice,
};

/// A bound on the size, where a list of conditions is written in the call.
fn fix(app: &App, place: &Place) -> Option<Fix> {
    let call = source::text(app, place)?;
    let list = ["Conditions=[", "Conditions: ["].into_iter().find(|list| call.contains(*list))?;
    let empty = call.split_once(list)?.1.trim_start().starts_with(']');
    let bound = format!("{list}[\"content-length-range\", 1, {LARGEST}]{}", if empty { "" } else { ", " });
    let edit = source::replace_once(app, place, list, &bound)?;
    // Larger files than this are refused.
    Some(Fix {
        says: "bound the size of the upload".into(),
        safe: false,
        edits: vec![edit],
        then: Some("choose the bound that fits".into()),
    })
}

/// 10 MiB.
const LARGEST: u32 = 10 << 20;
