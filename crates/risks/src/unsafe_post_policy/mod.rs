//! A signed POST policy lets its holder upload what, where and as much as they like.

use crate::entry::{Danger, Entries};
use crate::flow::{self, Sinks};
use crate::{Attack, Profile, Risk, objects, review, source};
use model::attack::{Outcome, PlantAt};
use model::code::{ReviewKind, SinkKind};
use model::{App, Finding, Fix, Foothold, Place, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
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

fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    objects::of_function(app, findings).map(|bucket| PlantAt::Upload { bucket: bucket.physical_id.clone() })
}

/// Asks for a form as anyone does, and sends a file with it that is larger than any bound one would set.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let function = findings.first().and_then(|finding| app.aws().functions.values().find(|f| f.id.to_string() == finding.resource));
    let (Some(function), text) = (function, target.to_write()) else { return };
    let text = match text {
        Ok(text) => text,
        Err(error) => return outcome.failed(&error),
    };
    let Some((bucket, fields)) = objects::ask(app, &function.id, target, outcome, objects::signed_form) else {
        return outcome.steps.push("no route of a REST API answers with a form".into());
    };
    let mut file = text.into_bytes();
    file.resize(LARGEST as usize + 1, 0);
    outcome.refused = None;
    match target.bucket(&bucket, &objects::form(&fields, &file)) {
        Ok(response) => {
            outcome.took(&response);
            outcome.steps.push(format!("{} bytes were sent with it: {}", file.len(), response.status));
        }
        Err(error) => outcome.failed(&error),
    }
}
