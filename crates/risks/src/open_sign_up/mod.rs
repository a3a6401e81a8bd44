//! A user pool in which anyone makes an account, where an account opens something.

use crate::Risk;
use crate::pool::{self, Whom};
use crate::setting::{self, Told};
use model::aws::{AuthorizerKind, RouteAuth};
use model::{App, Finding, Node, Profile, Resource, Severity, Step};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err("the prover makes no accounts: it attacks with those that the application has"),
    detections: &[("open_sign_up/detect.yml", include_str!("detect.yml"))],
    without: &[],
};

const SLUG: &str = "open-sign-up";

fn check(app: &App) -> Vec<Finding> {
    app.of_kind("AWS::Cognito::UserPool").filter_map(|pool| finding(app, pool)).collect()
}

fn finding(app: &App, pool: &Resource) -> Option<Finding> {
    let opens = opened(app, pool);
    let first = opens.first()?;
    let told = match pool::is_open(pool) {
        Some(true) => Told::Wrong(place(pool)),
        Some(false) => Told::Right,
        None => Told::Open("whether only administrators make accounts depends on a value that is not known".into(), place(pool)),
    };
    let known = matches!(told, Told::Wrong(_));
    let title = format!("anyone may make an account in {}: {}", pool.id.logical, first.says);
    let found = setting::finding(SLUG, Severity::Medium, pool, told, title)?;
    let mut path = vec![Step { says: format!("anyone signs up in {}", pool.id.logical), place: found.place.clone() }];
    path.extend(opens.into_iter().take(4));
    let edit = setting::set(pool, &["AdminCreateUserConfig", "AllowAdminCreateUserOnly"], None, true.into());
    let then = "make the accounts that are needed yourself; where sign-up is meant, allow this finding with that reason, and check in a pre-sign-up trigger who may";
    Some(Finding { path, fix: setting::fix_then("let administrators alone make accounts", [edit], then).filter(|_| known), ..found })
}

fn place(pool: &Resource) -> model::Place {
    let written = pool.properties.at(&["AdminCreateUserConfig", "AllowAdminCreateUserOnly"]);
    written.map_or_else(|| pool.place.clone(), |node| node.place.clone())
}

/// What an account of the pool opens: routes that ask for nothing more than a token, and rights in AWS.
fn opened(app: &App, pool: &Resource) -> Vec<Step> {
    let mut opened = Vec::new();
    let names = |node: &Node| node.scalar().is_some_and(|text| text.contains(&pool.physical_id));
    for given in pool::given(app).into_iter().filter(|given| given.whom == Whom::SignedIn) {
        let providers = given.pool.properties.get("CognitoIdentityProviders").map(Node::items).unwrap_or_default();
        if providers.iter().any(|provider| provider.get("ProviderName").is_some_and(names)) {
            opened.extend(pool::rights(app, given.role).into_iter().map(|(actions, place)| {
                let says = format!("whoever signs in gets {}, which may {}", given.role.id.logical, actions.join(", "));
                Step { says, place }
            }));
        }
    }
    for api in &app.aws().rest_apis {
        for route in api.routes.iter().filter(|route| route.method != "OPTIONS") {
            let RouteAuth::Authorizer { name, scopes, place } = &route.auth else { continue };
            let ours = api.authorizers.get(name).is_some_and(
                |a| matches!(&a.kind, AuthorizerKind::Cognito { pools, .. } if pools.iter().any(|arn| Some(arn) == pool.arn.as_ref())),
            );
            // A scope is granted by the pool's owner, to clients.
            if ours && scopes.is_empty() {
                opened.push(Step {
                    says: format!("{} {} of {} takes any account of it", route.method, route.path, api.id.logical),
                    place: place.clone(),
                });
            }
        }
    }
    opened
}
