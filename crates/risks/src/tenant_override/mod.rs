//! Whose data is read or written is what the request says, not what the authorizer said.

use crate::entry::{Danger, Entries, Entry};
use crate::{Attack, Profile, Proved, Reason, Risk};
use crate::{doors, guarded, probe, review};
use model::attack::{Outcome, PlantAt};
use model::code::{EventSource, Flow, ReviewKind};
use model::{App, Confidence, Finding, Foothold, Place, Severity, Target};
use std::collections::BTreeSet;

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::SignedInUser, plant, run }),
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

/// What one customer keeps and another asks for.
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let doors = doors::all(app);
    let readable = findings.iter().any(|finding| !guarded::readable(app, &doors, finding).is_empty());
    readable
        .then_some(PlantAt::Traffic)
        .ok_or_else(|| "the field comes through routes that may write, and the attack writes nothing".into())
}

/// Names of tenants as a customer knows or guesses them: the application's own clients, which stand in every sign-in page, and the
/// numbers that databases begin to count with.
fn tenants(app: &App) -> Vec<String> {
    let clients = app.of_kind("AWS::Cognito::UserPoolClient").map(|client| client.physical_id.clone());
    clients.chain((1..=MOST_GUESSED).map(|number| number.to_string())).collect()
}

const MOST_GUESSED: u32 = 12;

fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let tokens = match target.other_tokens() {
        Ok(tokens) => tokens,
        Err(error) => return outcome.failed(&error),
    };
    let doors = doors::all(app);
    let mut tried = BTreeSet::new();
    for finding in findings {
        let name = &finding.symbol;
        for found in guarded::readable(app, &doors, finding) {
            let path = &found.route.path;
            let in_path = path.contains(&format!("{{{name}}}"));
            let source = if in_path { EventSource::PathParameter(name.clone()) } else { EventSource::Query(name.clone()) };
            if !tried.insert((found.api.id.to_string(), path.clone(), name.clone())) {
                continue;
            }
            let mut answered = 0;
            for (token, tenant) in tokens.iter().flat_map(|token| tenants(app).into_iter().map(move |tenant| (token, tenant))) {
                let mut request = guarded::get(found, "1", token);
                probe::put(&mut request, path, &source, &tenant);
                match target.http(&found.api.id.to_string(), &request) {
                    Ok(response) => answered += usize::from(outcome.took(&response)),
                    Err(error) => return outcome.failed(&error),
                }
            }
            outcome.steps.push(format!("GET {path} as another customer, `{name}` of other tenants: {answered} answers"));
        }
    }
    // Answers without the canary are the caller's own data: that is how it is refused.
    if outcome.refused.is_none() && !outcome.loot.is_empty() {
        outcome.refused = Some("the answers hold what is the caller's own".into());
    }
}
