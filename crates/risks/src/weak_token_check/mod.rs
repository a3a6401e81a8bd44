//! A caller's token is taken for more than it proves.

mod forge;

use crate::doors::Who;
use crate::entry::{Danger, Entries};
use crate::{Attack, Profile, Proved, Reason, Risk};
use crate::{doors, guarded, review, source};
use model::attack::{Outcome, PlantAt};
use model::code::{Review, ReviewKind};
use model::{App, Confidence, Finding, Fix, Foothold, Place, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
    detections: &[],
    without: &[(Proved::Detected, Reason::NoLog)],
};

const SLUG: &str = "weak-token-check";

const KINDS: [ReviewKind; 5] =
    [ReviewKind::NotVerified, ReviewKind::NoAlgorithms, ReviewKind::NoIssuer, ReviewKind::NoAudience, ReviewKind::NoTokenUse];

fn check(app: &App) -> Vec<Finding> {
    let entries = Entries::of(app);
    let mut findings = Vec::new();
    for reviewed in review::handlers(app) {
        for (place, reviews) in reviewed.reviews(&KINDS) {
            let unverified = reviews.iter().any(|review| review.kind == ReviewKind::NotVerified);
            // Behind a door that verified the same token, decoding it is enough.
            if unverified && behind_a_check(app, &reviewed, &entries) {
                continue;
            }
            let says: Vec<&str> = reviews.iter().map(|review| review.says.as_str()).collect();
            let says = says.join("; ");
            let danger = if unverified { Danger::Takeover } else { Danger::Help };
            let entry = reviewed.entry(&entries);
            let mut finding = reviewed.finding(SLUG, says.clone(), &entry, danger, (place, says));
            // What a library refuses by itself depends on its version and on the key.
            finding.confidence = finding.confidence.min(if unverified { Confidence::High } else { Confidence::Medium });
            finding.symbol = reviews.iter().map(|review| review.name.as_str()).collect::<Vec<_>>().join(" ");
            finding.fix = fix(app, place, &reviews);
            findings.push(finding);
        }
    }
    findings
}

/// Whether every door of a function asks who the caller is before the function is asked.
fn behind_a_check(app: &App, reviewed: &review::Reviewed<'_>, entries: &Entries<'_>) -> bool {
    let Some(function) = reviewed.function.filter(|_| !reviewed.handler.is_authorizer) else { return false };
    let mut doors = entries.of_function(function).peekable();
    doors.peek().is_some() && doors.all(|door| door.who(app) == Who::Caller)
}

/// The list of algorithms, where the key says which they are.
fn fix(app: &App, place: &Place, reviews: &[&Review]) -> Option<Fix> {
    if !reviews.iter().any(|review| review.kind == ReviewKind::NoAlgorithms) {
        return None;
    }
    let file = app.sources.get(&place.file)?.text.to_lowercase();
    let public = ["jwks", "pem", "public key", "public_key", "publickey"].iter().any(|word| file.contains(word));
    let algorithm = if public { "RS256" } else { return None };
    let arguments = source::arguments(app, place)?;
    let python = place.file.ends_with(".py");
    let [_, key, rest @ ..] = arguments.as_slice() else { return None };
    let edit = match rest.first().map(|options| (options, source::text(app, options).unwrap_or_default())) {
        _ if python => source::after(arguments.last()?, &format!(", algorithms=[\"{algorithm}\"]")),
        Some((options, text)) if text.starts_with('{') => {
            source::into_object(options, &format!("algorithms: [\"{algorithm}\"]"), text.trim_matches(['{', '}', ' ', '\n']).is_empty())
        }
        // A callback where the options may stand.
        Some((_, text)) if text.starts_with("function") || text.starts_with('(') || text.contains("=>") => {
            source::after(key, &format!(", {{ algorithms: [\"{algorithm}\"] }}"))
        }
        None => source::after(key, &format!(", {{ algorithms: [\"{algorithm}\"] }}")),
        Some(_) => return None,
    };
    // Tokens that are signed otherwise are refused; with a public key that is what is meant.
    Some(Fix { says: format!("accept {algorithm} alone"), safe: false, edits: vec![edit], then: None })
}

/// An item of the application's table, else what its customers keep.
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let doors = doors::all(app);
    if findings.iter().all(|finding| guarded::readable(app, &doors, finding).is_empty()) {
        return Err("no GET route of a REST API stands behind the check".into());
    }
    let table = app.of_kind("AWS::DynamoDB::Table").next();
    Ok(table.map_or(PlantAt::Traffic, |table| PlantAt::Table { table: table.physical_id.clone() }))
}

fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let doors = doors::all(app);
    for finding in findings {
        let routes = guarded::readable(app, &doors, finding);
        for (how, token) in forge::tokens(app, &finding.place) {
            for found in &routes {
                let path = &found.route.path;
                match target.http(&found.api.id.to_string(), &guarded::get(found, "1", &token)) {
                    Ok(response) if outcome.took(&response) => outcome.steps.push(format!("GET {path} with {how}: let in")),
                    // What a function breaks on it has not believed.
                    Ok(response) => outcome.refused = Some(format!("{} {}", response.status, String::from_utf8_lossy(&response.body))),
                    Err(error) => return outcome.failed(&error),
                }
            }
        }
    }
    if outcome.loot.is_empty() {
        outcome.steps.push("no forged token was let in".into());
    }
    outcome.broke = None;
}
