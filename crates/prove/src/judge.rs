//! Reads a row of the ledger off what the two runs showed. The burden is on the yes.

use crate::stage::{Attacked, StageError, Staged};
use attack::Subject;
use model::{App, Evidence, Place, Proof, Row};
use risks::Proved;

type Run = Result<Staged, StageError>;

/// Customers who were not served, named in the evidence.
const MOST_UNSERVED: usize = 2;

/// One row. `after` is `None` when the first run could not be made.
pub fn row(
    app: &App,
    subject: &Subject<'_>,
    index: usize,
    before: Result<&Staged, &StageError>,
    after: Option<&Run>,
    has_traffic: bool,
) -> Row {
    let found = found(app, subject);
    let without = |proof: Proved, name: &str| subject.risk.without(proof).map(|why| cell(name, Proof::NotApplicable, why.says().into()));
    let exploited = without(Proved::Exploited, "exploited").unwrap_or_else(|| exploited(index, before));
    let blocked = match (&exploited.0, after) {
        (Proof::Yes, Some(after)) => blocked(subject, index, after, has_traffic),
        _ if subject.risk.without(Proved::Exploited).is_some() => cell(
            "blocked",
            Proof::NotApplicable,
            "there is no attack to stop; that the fix mends it, a scan of the fixed application shows".into(),
        ),
        (Proof::Yes, None) => cell("blocked", Proof::NotAssessed, "the fixed application was not run".into()),
        _ => cell("blocked", Proof::NotAssessed, "the attack was not shown to work before the fix".into()),
    };
    let blocked = without(Proved::Blocked, "blocked").unwrap_or(blocked);
    let detected = without(Proved::Detected, "detected").unwrap_or_else(|| detected(subject, index, exploited.0, before));
    Row {
        risk: subject.risk.slug.into(),
        resource: subject.resource.clone(),
        found: found.0,
        exploited: exploited.0,
        blocked: blocked.0,
        detected: detected.0,
        evidence: vec![found.1, exploited.1, blocked.1, detected.1],
    }
}

fn cell(proof: &str, answer: Proof, says: String) -> (Proof, Evidence) {
    (answer, Evidence { proof: proof.into(), says, places: Vec::new(), snippet: None })
}

fn found(app: &App, subject: &Subject<'_>) -> (Proof, Evidence) {
    let titles: Vec<&str> = subject.findings.iter().map(|finding| finding.title.as_str()).collect();
    let places: Vec<Place> = subject.findings.iter().map(|finding| finding.place.clone()).collect();
    let snippet = places.first().and_then(|place| line(app, place));
    (Proof::Yes, Evidence { proof: "found".into(), says: titles.join("; "), places, snippet })
}

/// The source line at a place.
fn line(app: &App, place: &Place) -> Option<String> {
    let text = &app.sources.get(&place.file)?.text;
    let line = text.lines().nth(place.line.checked_sub(1)? as usize)?.trim();
    // A secret of the source is shown by its place, never by its value.
    Some(app.code.secrets.iter().fold(line.to_owned(), |line, secret| line.replace(&secret.value, &"*".repeat(8))))
}

fn exploited(index: usize, before: Result<&Staged, &StageError>) -> (Proof, Evidence) {
    let proof = "exploited";
    let staged = match before {
        Ok(staged) => staged,
        Err(error) => return cell(proof, Proof::NotAssessed, error.to_string()),
    };
    match staged.attacked.get(index) {
        Some(Attacked { outcome: Ok(outcome), took_canary: true, .. }) => {
            let (answer, mut evidence) = cell(proof, Proof::Yes, format!("the canary was brought back: {}", outcome.steps.join("; ")));
            evidence.snippet = outcome.loot.last().map(|loot| loot.chars().take(200).collect());
            (answer, evidence)
        }
        Some(Attacked { outcome: Ok(outcome), .. }) => {
            let end = outcome.broke.as_ref().or(outcome.refused.as_ref()).map(|words| format!(" ({words})")).unwrap_or_default();
            cell(proof, Proof::No, format!("the canary was not brought back: {}{end}", outcome.steps.join("; ")))
        }
        Some(Attacked { outcome: Err(why), .. }) => cell(proof, Proof::NotAssessed, why.clone()),
        None => cell(proof, Proof::NotAssessed, "the attack was not made".into()),
    }
}

fn blocked(subject: &Subject<'_>, index: usize, after: &Run, has_traffic: bool) -> (Proof, Evidence) {
    let no = |says: String| cell("blocked", Proof::No, says);
    let unknown = |says: String| cell("blocked", Proof::NotAssessed, says);
    let fixes: Vec<&str> = subject.findings.iter().filter_map(|finding| finding.fix.as_ref()).map(|fix| fix.says.as_str()).collect();
    if fixes.is_empty() {
        return unknown("this form has no automatic fix".into());
    }
    let staged = match after {
        Ok(staged) => staged,
        Err(error) => return no(format!("the fixed application does not run: {error}")),
    };
    let Some(Attacked { outcome: Ok(outcome), took_canary, stopped, .. }) = staged.attacked.get(index) else {
        return unknown("the attack could not be repeated".into());
    };
    if *took_canary {
        return no("the same attack still brings the canary back".into());
    }
    if let Some(broke) = &outcome.broke {
        return no(format!("the attack broke something, which is no block: {broke}"));
    }
    let Some(refused) = &outcome.refused else { return no("nothing refused the attack".into()) };
    if !has_traffic {
        return unknown(format!(
            "the attack is stopped, but whether normal traffic still passes is not known: describe it in {}",
            crate::TRAFFIC_FILE
        ));
    }
    if !staged.unserved.is_empty() {
        let rest = staged.unserved.len().saturating_sub(MOST_UNSERVED);
        let more = if rest > 0 { format!("; and {rest} more") } else { String::new() };
        let first: Vec<&str> = staged.unserved.iter().take(MOST_UNSERVED).map(String::as_str).collect();
        return no(format!("normal traffic no longer passes: {}{more}", first.join("; ")));
    }
    // The gate's own words name phase and place; where no gate was needed, the application's own answer stands.
    let by = stopped.last().unwrap_or(refused);
    let (answer, mut evidence) =
        cell("blocked", Proof::Yes, format!("{by}; {} requests of normal traffic pass; fix: {}", staged.sent, fixes.join("; ")));
    evidence.places = subject.findings.iter().map(|finding| finding.place.clone()).collect();
    evidence.snippet = Some(refused.chars().take(200).collect());
    (answer, evidence)
}

fn detected(subject: &Subject<'_>, index: usize, exploited: Proof, before: Result<&Staged, &StageError>) -> (Proof, Evidence) {
    let proof = "detected";
    let (Ok(staged), Proof::Yes) = (before, exploited) else {
        return cell(proof, Proof::NotAssessed, "no attack succeeded that the logs could show".into());
    };
    let of_risk = |alert: &&model::Alert| alert.risk.as_deref() == Some(subject.risk.slug);
    if let Some(alert) = staged.quiet.iter().find(of_risk) {
        return cell(proof, Proof::No, format!("{} fires on normal traffic: {}", alert.rule, alert.says));
    }
    match staged.attacked.get(index).and_then(|attacked| attacked.alerts.iter().find(of_risk)) {
        Some(alert) => {
            let (answer, mut evidence) = cell(proof, Proof::Yes, format!("{}: {}", alert.rule, alert.says));
            evidence.places.clone_from(&alert.places);
            evidence.places.truncate(12);
            (answer, evidence)
        }
        None => {
            let (answer, rules) = (Proof::No, subject.risk.detections.iter().map(|(file, _)| *file).collect::<Vec<_>>().join(", "));
            cell(proof, answer, format!("no rule of {rules} fires on the attack"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::attack::Outcome;
    use model::{Confidence, Finding, Fix, Severity, Status};

    fn finding() -> Finding {
        Finding {
            risk: "sql-injection",
            title: "t".into(),
            severity: Severity::High,
            confidence: Confidence::High,
            resource: "app/F".into(),
            place: Place::new("a.js", 1, 1),
            path: Vec::new(),
            maps: Vec::new(),
            fingerprint: String::new(),
            status: Status::Found,
            symbol: "s".into(),
            profile: model::Profile::Default,
            condition: None,
            fix: Some(Fix { says: "mend".into(), safe: true, edits: Vec::new(), then: None }),
        }
    }

    fn staged(took_canary: bool, refused: Option<&str>, broke: Option<&str>, unserved: &[&str]) -> Staged {
        let mut outcome = Outcome::new("sql-injection", "app/F");
        outcome.refused = refused.map(str::to_owned);
        outcome.broke = broke.map(str::to_owned);
        Staged {
            unserved: unserved.iter().map(|s| (*s).to_owned()).collect(),
            sent: 3,
            attacked: vec![Attacked { outcome: Ok(outcome), took_canary, stopped: Vec::new(), alerts: Vec::new() }],
            quiet: Vec::new(),
            not_assessed: Vec::new(),
        }
    }

    fn blocked_when(after: Staged, has_traffic: bool) -> Proof {
        let findings = [finding()];
        let subjects = attack::subjects(&findings);
        let before = staged(true, None, None, &[]);
        row(&App::default(), &subjects[0], 0, Ok(&before), Some(&Ok(after)), has_traffic).blocked
    }

    #[test]
    fn a_refusal_with_customers_served_is_a_block() {
        assert_eq!(blocked_when(staged(false, Some("404"), None, &[]), true), Proof::Yes);
    }

    #[test]
    fn a_crash_is_no_block() {
        assert_eq!(blocked_when(staged(false, Some("404"), Some("502 Internal server error"), &[]), true), Proof::No);
    }

    #[test]
    fn shutting_customers_out_is_no_block() {
        assert_eq!(blocked_when(staged(false, Some("403"), None, &["list: 403 instead of 200"]), true), Proof::No);
    }

    #[test]
    fn silence_is_no_block() {
        assert_eq!(blocked_when(staged(false, None, None, &[]), true), Proof::No);
    }

    #[test]
    fn the_canary_again_is_no_block() {
        assert_eq!(blocked_when(staged(true, Some("404"), None, &[]), true), Proof::No);
    }

    #[test]
    fn without_traffic_nobody_knows() {
        assert_eq!(blocked_when(staged(false, Some("404"), None, &[]), false), Proof::NotAssessed);
    }
}
