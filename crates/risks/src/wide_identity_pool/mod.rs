//! An identity pool that hands guests, or everyone who signs up, rights over what is not theirs.

use crate::Risk;
use crate::pool::{self, Given, Whom};
use crate::setting::{self, Told};
use model::{App, Finding, Node, Place, Profile, Resource, Severity, Step};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err("up does not run identity pools yet"),
    detections: &[("wide_identity_pool/detect.yml", include_str!("detect.yml"))],
    without: &[(crate::Proved::Blocked, crate::Reason::AdviceOnly)],
};

const SLUG: &str = "wide-identity-pool";

fn check(app: &App) -> Vec<Finding> {
    pool::given(app).iter().flat_map(|given| findings(app, given)).collect()
}

fn findings(app: &App, given: &Given<'_>) -> Vec<Finding> {
    let (who, severity) = match given.whom {
        Whom::Guests => ("anyone, without signing in,", Severity::High),
        Whom::SignedIn if open(app, given.pool) => ("whoever signs up", Severity::High),
        Whom::SignedIn => ("whoever signs in", Severity::Medium),
    };
    let found = pool::rights(app, given.role).into_iter().filter_map(|(actions, place)| one(app, given, who, severity, &actions, place));
    found.collect()
}

fn one(app: &App, given: &Given<'_>, who: &str, severity: Severity, actions: &[String], place: Place) -> Option<Finding> {
    let resource = app.resource(&given.role.id)?;
    let actions = actions.join(", ");
    let told = match (given.whom, pool::lets_in_guests(given.pool)) {
        (Whom::Guests, None) => Told::Open("whether the pool lets in guests depends on a value that is not known".into(), place.clone()),
        _ => Told::Wrong(place.clone()),
    };
    let title = format!("{who} may {actions} through {}", given.pool.id.logical);
    let found = setting::finding(SLUG, severity, resource, told, title)?;
    let path = vec![
        Step { says: format!("{who} gets credentials of {}", given.pool.id.logical), place: given.place.clone() },
        Step { says: format!("they are those of {}, which may {actions}, whoever asks", given.role.id.logical), place },
    ];
    Some(Finding { path, symbol: actions, ..found })
}

/// Whether one of the pool's user pools lets anyone make an account.
fn open(app: &App, pool: &Resource) -> bool {
    let providers = pool.properties.get("CognitoIdentityProviders").map(Node::items).unwrap_or_default();
    let names = |user_pool: &Resource| {
        let of =
            |provider: &Node| provider.get("ProviderName").and_then(Node::scalar).is_some_and(|name| name.contains(&user_pool.physical_id));
        providers.iter().any(of)
    };
    app.of_kind("AWS::Cognito::UserPool").any(|user_pool| names(user_pool) && pool::is_open(user_pool) != Some(false))
}
