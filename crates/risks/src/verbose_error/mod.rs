//! An answer tells its caller how the application works inside: a stack trace, the words of an exception, the environment.

use crate::entry::{Danger, Entries};
use crate::{Attack, Profile, Proved, Reason, Risk};
use crate::{doors, probe, review, route, source};
use model::attack::{Outcome, PlantAt};
use model::code::{Disclosed, DisclosedTo};
use model::{App, Finding, Fix, Foothold, HttpRequest, Place, Severity, Target};

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

const SLUG: &str = "verbose-error";

fn check(app: &App) -> Vec<Finding> {
    use Disclosed::{Environment, Error, Stack};
    let entries = Entries::of(app);
    let mut findings = Vec::new();
    for reviewed in review::handlers(app).filter(|reviewed| reviewed.answers(&entries)) {
        for (place, what) in reviewed.gives(DisclosedTo::Response, &[Environment, Stack, Error]) {
            let (says, danger) = match what {
                Environment => ("its environment, the role's credentials included", Danger::Takeover),
                Stack => ("the stack trace of an exception", Danger::Help),
                _ => ("the words of an exception", Danger::Help),
            };
            let entry = reviewed.entry(&entries);
            let name = reviewed.function.map(|id| id.logical.to_string()).unwrap_or_default();
            let mut finding =
                reviewed.finding(SLUG, format!("{name} answers with {says}"), &entry, danger, (place, format!("the answer holds {says}")));
            if what == Error {
                finding.severity = Severity::Low;
            }
            finding.symbol = format!("{what:?}");
            finding.fix = fix(app, place, what);
            findings.push(finding);
        }
    }
    findings
}

/// The trace gives way to a sentence, where it is written as such once.
fn fix(app: &App, place: &Place, what: Disclosed) -> Option<Fix> {
    if what != Disclosed::Stack {
        return None;
    }
    let text = source::text(app, place)?;
    let end = text.find(".stack")?;
    let start = text.get(..end)?.rfind(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').map_or(0, |at| at + 1);
    let trace = text.get(start..end + ".stack".len())?;
    let edit = source::replace_once(app, place, trace, "\"Internal server error\"")?;
    // Whoever parses the trace today gets a sentence.
    Some(Fix { says: "answer with a sentence, and log the rest".into(), safe: false, edits: vec![edit], then: None })
}

/// A stack trace names the handler's file, and the environment holds one variable more. An exception's message alone names nothing
/// that was hidden.
fn plant(_: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let shows = |what: Disclosed| findings.iter().find(|finding| finding.symbol == format!("{what:?}"));
    match (shows(Disclosed::Environment), shows(Disclosed::Stack)) {
        (Some(finding), _) => Ok(PlantAt::Environment { function: finding.resource.clone() }),
        (None, Some(finding)) => Ok(PlantAt::HandlerFile { function: finding.resource.clone() }),
        _ => Err("the words of an exception name nothing that was hidden".into()),
    }
}

/// Bodies that programs which expect an object stumble over.
const BODIES: [&str; 5] = ["{", "", "null", "[]", "{\"a\":"];
/// What an answer holds that tells of the inside: a file of the function, its environment.
const SHOWN: [&str; 2] = ["/var/task/", "AWS_LAMBDA_FUNCTION_NAME"];

fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let doors = doors::all(app);
    let attacked = |id: &str| findings.iter().any(|finding| finding.resource == id);
    for found in doors.iter().filter(|door| attacked(&door.function.id.to_string())).filter_map(|door| door.rest()) {
        let (path, method) = (&found.route.path, &found.route.method);
        let method = if method == "ANY" { "POST" } else { method };
        let bodies: &[&str] = if matches!(method, "GET" | "HEAD" | "DELETE") { &[""] } else { &BODIES };
        for (body, filled) in bodies.iter().flat_map(|body| ["1", "%25", "__proto__"].map(|filled| (*body, filled))) {
            if filled != "1" && !path.contains('{') {
                continue;
            }
            let mut request = HttpRequest { method: method.into(), path: route::fill(path, filled), ..HttpRequest::default() };
            if !body.is_empty() {
                request.headers.push(("Content-Type".into(), "application/json".into()));
                request.body = body.as_bytes().to_vec();
            }
            let name = format!("{method} {}", request.path);
            let Some(response) = probe::ask(target, outcome, &found.api.id.to_string(), request) else { return };
            let answer = String::from_utf8_lossy(&response.body).into_owned();
            if SHOWN.iter().any(|shown| answer.contains(shown)) {
                outcome.steps.push(format!("{name} with the body `{body}` was answered with what stands inside"));
                outcome.loot.push(answer);
                (outcome.refused, outcome.broke) = (None, None);
                return;
            }
            outcome.refused = Some(format!("{} {}", response.status, answer.chars().take(200).collect::<String>()));
        }
    }
    outcome.steps.push("requests that the function stumbles over told nothing of the inside".into());
}
