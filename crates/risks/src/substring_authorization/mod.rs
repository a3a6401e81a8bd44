//! A scope or a group is looked for inside a text, where it is also part of longer names.

use crate::entry::{Danger, Entries};
use crate::{Attack, Profile, Proved, Reason, Risk};
use crate::{doors, guarded, review, source};
use model::attack::{Outcome, PlantAt};
use model::code::ReviewKind;
use model::{App, Finding, Fix, Foothold, Place, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::SignedInUser, plant, run }),
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

/// What a customer with the right keeps.
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let doors = doors::all(app);
    let readable = findings.iter().any(|finding| !guarded::readable(app, &doors, finding).is_empty());
    readable.then_some(PlantAt::Traffic).ok_or_else(|| "no GET route of a REST API stands behind the comparison".into())
}

fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let tokens = match target.other_tokens() {
        Ok(tokens) => tokens,
        Err(error) => return outcome.failed(&error),
    };
    let doors = doors::all(app);
    for finding in findings {
        let Some(sought) = source::literal(app, &finding.place) else { continue };
        // Who has the right proves nothing by using it.
        let longer = |token: &&String| {
            source::claim(token, &finding.symbol).is_some_and(|held| held.contains(sought) && !held.split(' ').any(|name| name == sought))
        };
        for token in tokens.iter().filter(longer) {
            for found in guarded::readable(app, &doors, finding) {
                let path = &found.route.path;
                match target.http(&found.api.id.to_string(), &guarded::get(found, "1", token)) {
                    Ok(response) if outcome.took(&response) => {
                        outcome.steps.push(format!("GET {path} with a token that has no `{sought}`, only a longer name: let in"));
                    }
                    Ok(response) => outcome.steps.push(format!("GET {path} without `{sought}`: {}", response.status)),
                    Err(error) => return outcome.failed(&error),
                }
            }
        }
    }
    if outcome.steps.is_empty() {
        outcome.steps.push("no customer has a name that contains the one that is looked for: nothing was sent".into());
    }
}
