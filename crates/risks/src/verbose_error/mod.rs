//! An answer tells its caller how the application works inside: a stack trace, the words of an exception, the environment.

use crate::entry::{Danger, Entries};
use crate::{Profile, Proved, Reason, Risk, review, source};
use model::code::{Disclosed, DisclosedTo};
use model::{App, Finding, Fix, Place, Severity};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err("not written yet: what an exception says holds no canary"),
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
