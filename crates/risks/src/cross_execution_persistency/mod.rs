//! What one request brought stays in the memory of the function, and the next request's answer holds it.

use crate::entry::{Danger, Entries};
use crate::{Attack, Profile, Proved, Reason, Risk};
use crate::{doors, guarded, review, route};
use model::attack::{Outcome, PlantAt};
use model::code::ReviewKind;
use model::{App, Confidence, Finding, Foothold, HttpRequest, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
    detections: &[],
    without: &[(Proved::Blocked, Reason::AdviceOnly), (Proved::Detected, Reason::NoLog)],
};

const SLUG: &str = "cross-execution-persistency";

fn check(app: &App) -> Vec<Finding> {
    let entries = Entries::of(app);
    let mut findings = Vec::new();
    // What nobody is answered with, nobody else sees.
    for reviewed in review::handlers(app).filter(|reviewed| reviewed.answers(&entries) && !reviewed.handler.is_authorizer) {
        for (place, reviews) in reviewed.reviews(&[ReviewKind::KeptForNext]) {
            let Some(review) = reviews.first() else { continue };
            let entry = reviewed.entry(&entries);
            let title = format!("`{}` of one request may be in the next one's answer", review.name);
            let mut finding = reviewed.finding(SLUG, title, &entry, Danger::Leak, (place, review.says.clone()));
            // Whether two requests of different people meet in one environment, chance decides.
            finding.confidence = Confidence::Medium;
            finding.symbol.clone_from(&review.name);
            findings.push(finding);
        }
    }
    findings
}

/// What a customer sends.
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let doors = doors::all(app);
    let readable = findings.iter().any(|finding| !guarded::readable(app, &doors, finding).is_empty());
    readable.then_some(PlantAt::Traffic).ok_or_else(|| "its routes may write, and the attack writes nothing".into())
}

/// Asks for nothing, after the customers have come and gone: as nobody, and as another customer where nobody is not let in.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let doors = doors::all(app);
    let others = target.other_tokens().unwrap_or_default();
    let Some(finding) = findings.first() else { return };
    for found in guarded::readable(app, &doors, finding) {
        let path = route::fill(&found.route.path, "1");
        let as_nobody = HttpRequest { method: "GET".into(), path: path.clone(), ..HttpRequest::default() };
        let as_others = others.iter().map(|token| guarded::get(found, "1", token));
        for request in std::iter::once(as_nobody).chain(as_others) {
            match target.http(&found.api.id.to_string(), &request) {
                Ok(response) => drop(outcome.took(&response)),
                Err(error) => return outcome.failed(&error),
            }
        }
        outcome.steps.push(format!("GET {path} with nothing in it"));
    }
    if outcome.refused.is_none() && !outcome.loot.is_empty() {
        outcome.refused = Some("the answers hold what the request itself brought".into());
    }
}
