//! Whose data is read or written is what the request says, not what the authorizer said.

use crate::doors::Door;
use crate::entry::{Danger, Entries, Entry};
use crate::{Attack, Profile, Proved, Reason, Risk};
use crate::{doors, guarded, probe, review};
use model::attack::{Outcome, PlantAt};
use model::code::{EventSource, Flow, ReviewKind};
use model::{App, Confidence, Finding, Foothold, HttpRequest, Place, Severity, Target, TargetError};
use serde_json::Value;
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

/// What one customer keeps and another asks for, or leaves.
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let doors = doors::all(app);
    let of = |door: &Door<'_>| door.rest().is_some() && findings.iter().any(|finding| door.function.id.to_string() == finding.resource);
    if !doors.iter().any(of) {
        return Err("the field comes through no route of a REST API".into());
    }
    let reads = |finding: &&Finding| by_reading(app, finding) && !guarded::readable(app, &doors, finding).is_empty();
    Ok(if findings.iter().all(reads) { PlantAt::Traffic } else { PlantAt::TrafficOrLeft })
}

/// Where the field stands in a request, as far as a flow says it.
fn source<'a>(app: &'a App, finding: &Finding) -> Option<&'a EventSource> {
    let handler = app.code.handlers.iter().find(|(id, _)| id.to_string() == finding.resource)?.1;
    let begins = |flow: &&Flow| flow.steps.first().is_some_and(|step| step.place == finding.place);
    handler.flows.iter().find(begins).map(|flow| &flow.source)
}

/// Whether a request without a body may carry the field.
fn by_reading(app: &App, finding: &Finding) -> bool {
    !matches!(source(app, finding), Some(EventSource::Body(_)))
}

/// Whether a body may carry it.
fn by_writing(app: &App, finding: &Finding) -> bool {
    matches!(source(app, finding), None | Some(EventSource::Body(_)))
}

/// Names of tenants as a customer knows or guesses them: the application's own clients, which stand in every sign-in page, and the
/// numbers that databases begin to count with.
fn tenants(app: &App) -> Vec<String> {
    let clients = app.of_kind("AWS::Cognito::UserPoolClient").map(|client| client.physical_id.clone());
    clients.chain((1..=MOST_GUESSED).map(|number| number.to_string())).collect()
}

const MOST_GUESSED: u32 = 12;

/// Reads what another customer keeps; where the field stands in a body, leaves a record in another customer's place.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let tokens = match target.other_tokens() {
        Ok(tokens) => tokens,
        Err(error) => return outcome.failed(&error),
    };
    let doors = doors::all(app);
    let mut tried = BTreeSet::new();
    for finding in findings.iter().filter(|finding| by_reading(app, finding)) {
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
    let written: Vec<&Finding> = findings.iter().copied().filter(|finding| by_writing(app, finding)).collect();
    if !written.is_empty()
        && let Err(error) = write(app, (&written, &doors), &tokens, target, outcome)
    {
        outcome.failed(&error);
    }
}

/// Sends what customers send to keep something, as another one and with the tenant in the field, until the victim finds it. Each
/// request leaves one record: no other way shows that it is taken.
fn write(
    app: &App,
    (findings, doors): (&[&Finding], &[Door<'_>]),
    tokens: &[String],
    target: &mut dyn Target,
    outcome: &mut Outcome,
) -> Result<(), TargetError> {
    for request in target.keeping()? {
        for finding in findings {
            let Some(found) = guarded::taking(doors, finding, &request) else { continue };
            let (api, name) = (found.api.id.to_string(), &finding.symbol);
            let (mut taken, mut refused) = (0, None);
            for (token, tenant) in tokens.iter().flat_map(|token| tenants(app).into_iter().map(move |tenant| (token, tenant))) {
                let Some(request) = in_the_name_of(&request, name, &tenant, token) else { continue };
                let answer = target.http(&api, &request)?;
                match answer.status {
                    200..=299 => taken += 1,
                    _ => refused = Some(format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body))),
                }
                if let Some(read) = target.victim_reads()? {
                    outcome.loot.push(String::from_utf8_lossy(&read.body).into_owned());
                    let says = format!(
                        "{} {} as another customer, `{name}` {tenant}: the victim's own read holds it",
                        request.method, request.path
                    );
                    outcome.steps.push(says);
                    return Ok(());
                }
            }
            outcome
                .steps
                .push(format!("{} {} as another customer, `{name}` of other tenants: {taken} taken", request.method, request.path));
            outcome.refused = Some(match (taken, refused) {
                (0, Some(refused)) => refused,
                _ => "what was left is in nobody else's reads".into(),
            });
        }
    }
    if outcome.steps.is_empty() {
        outcome.steps.push("no request of the normal traffic keeps anything through this function: nothing was sent".into());
    }
    Ok(())
}

/// The request with a field of its JSON body that names a tenant, in the form in which it has one already.
fn in_the_name_of(request: &HttpRequest, field: &str, tenant: &str, token: &str) -> Option<HttpRequest> {
    let mut body: Value = serde_json::from_slice(&request.body).ok()?;
    let members = body.as_object_mut()?;
    let value = match (members.get(field), tenant.parse::<u64>()) {
        (Some(Value::Number(_)), Ok(number)) => number.into(),
        _ => tenant.into(),
    };
    members.insert(field.to_owned(), value);
    let mut request = HttpRequest { body: body.to_string().into_bytes(), ..request.clone() };
    request.headers.push(("Authorization".into(), format!("Bearer {token}")));
    Some(request)
}
