//! An authorizer that was asked about one method allows all of them, and the answer is kept.

use crate::entry::{Danger, Entries};
use crate::route::FunctionRoute;
use crate::{Attack, Profile, Proved, Reason, Risk};
use crate::{doors, guarded, review};
use model::attack::{Outcome, PlantAt};
use model::aws::{AuthorizerKind, RouteAuth};
use model::code::ReviewKind;
use model::{App, Confidence, Finding, Foothold, HttpResponse, Place, ResourceId, Severity, Step, Target, TargetError};

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

const SLUG: &str = "wide-authorizer-policy";

fn check(app: &App) -> Vec<Finding> {
    let entries = Entries::of(app);
    let mut findings = Vec::new();
    for reviewed in review::handlers(app).filter(|reviewed| reviewed.handler.is_authorizer) {
        let kept = reviewed.function.map_or(Kept::Unknown, |function| kept(app, function));
        if kept == Kept::No {
            continue;
        }
        for (place, reviews) in reviewed.reviews(&[ReviewKind::WidePolicy]) {
            let Some(review) = reviews.first() else { continue };
            let mut entry = reviewed.entry(&entries);
            if let Kept::For(seconds, at) = &kept {
                entry.steps.push(Step { says: format!("its answer is kept for {seconds} seconds, for every method"), place: at.clone() });
            }
            let title = review.says.clone();
            let mut finding = reviewed.finding(SLUG, title.clone(), &entry, Danger::Leak, (place, title));
            finding.severity = Severity::Medium;
            // A policy for all is right where every caller who passes may do everything.
            finding.confidence = Confidence::Medium;
            finding.symbol = "policy".into();
            findings.push(finding);
        }
    }
    findings
}

#[derive(PartialEq)]
enum Kept {
    No,
    For(u32, Place),
    Unknown,
}

/// How long an API keeps what the function answers.
fn kept(app: &App, function: &ResourceId) -> Kept {
    for authorizer in app.aws().rest_apis.iter().flat_map(|api| api.authorizers.values()) {
        if let AuthorizerKind::Token { function_arn, .. } | AuthorizerKind::Request { function_arn, .. } = &authorizer.kind
            && app.aws().function_by_arn(function_arn).is_some_and(|found| found.id == *function)
        {
            return if authorizer.ttl == 0 { Kept::No } else { Kept::For(authorizer.ttl, authorizer.place.clone()) };
        }
    }
    Kept::Unknown
}

/// What a customer keeps behind a route that another one may not call.
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let doors = doors::all(app);
    let two = findings.iter().any(|finding| guarded::readable(app, &doors, finding).len() > 1);
    two.then_some(PlantAt::Traffic).ok_or_else(|| "the attack reads, and fewer than two GET routes stand behind the authorizer".into())
}

/// Routes that are tried, each with every other.
const MOST: usize = 6;

/// Asks for a route alone, and once more after a harmless one. API Gateway keeps the first answer under the values of the identity
/// sources, which leave the method out (API Gateway Developer Guide, "Use API Gateway Lambda authorizers"): each of the two is asked
/// with tokens that the authorizer has not seen.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let doors = doors::all(app);
    for finding in findings {
        let mut routes = guarded::readable(app, &doors, finding);
        routes.truncate(MOST);
        for closed in &routes {
            if let Err(error) = around(closed, &routes, target, outcome) {
                return outcome.failed(&error);
            }
        }
    }
    if outcome.steps.is_empty() {
        outcome
            .steps
            .push("no customer is refused at one route and let in at another: nothing shows that more is allowed than meant".into());
    }
}

/// Goes to a route by way of each of the others, as the customers who are refused there.
fn around(
    closed: &FunctionRoute<'_>,
    routes: &[&FunctionRoute<'_>],
    target: &mut dyn Target,
    outcome: &mut Outcome,
) -> Result<(), TargetError> {
    let refused: Vec<bool> = target
        .other_tokens()?
        .iter()
        .map(|token| Ok(matches!(get(target, closed, token)?.status, 401 | 403)))
        .collect::<Result<_, TargetError>>()?;
    for (customer, _) in refused.iter().enumerate().filter(|(_, refused)| **refused) {
        for open in routes.iter().filter(|open| open.route.path != closed.route.path && same_authorizer(open, closed)) {
            let Some(token) = target.other_tokens()?.into_iter().nth(customer) else { continue };
            if !(200..300).contains(&get(target, open, &token)?.status) {
                continue;
            }
            let ways = format!("GET {} as a customer who is refused there, right after GET {}", closed.route.path, open.route.path);
            let answer = get(target, closed, &token)?;
            let let_in = outcome.took(&answer);
            outcome.steps.push(format!("{ways}: {}", if let_in { "let in".to_owned() } else { answer.status.to_string() }));
        }
    }
    Ok(())
}

fn get(target: &mut dyn Target, found: &FunctionRoute<'_>, token: &str) -> Result<HttpResponse, TargetError> {
    target.http(&found.api.id.to_string(), &guarded::get(found, "1", token))
}

/// Whether one answer serves for both: it is kept for an authorizer of an API.
fn same_authorizer(one: &FunctionRoute<'_>, other: &FunctionRoute<'_>) -> bool {
    let name = |found: &FunctionRoute<'_>| match &found.route.auth {
        RouteAuth::Authorizer { name, .. } => Some(name.clone()),
        _ => None,
    };
    one.api.id == other.api.id && name(one).is_some() && name(one) == name(other)
}
