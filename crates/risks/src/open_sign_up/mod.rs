//! A user pool in which anyone makes an account, where an account opens something.

use crate::pool::{self, Whom};
use crate::route::{self, FunctionRoute};
use crate::setting::{self, Told};
use crate::{Attack, Risk, guarded};
use model::attack::{Outcome, PlantAt};
use model::aws::{AuthorizerKind, RestApi, Route, RouteAuth};
use model::{App, Finding, Foothold, Node, Place, Profile, Resource, Severity, Step, Target, TargetError};
use serde_json::{Value, json};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
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
            if let Some(place) = takes_any_account((api, route), pool) {
                opened.push(Step {
                    says: format!("{} {} of {} takes any account of it", route.method, route.path, api.id.logical),
                    place: place.clone(),
                });
            }
        }
    }
    opened
}

/// Where it is written that a route takes any account of the pool. A scope is granted by the pool's owner, to clients.
fn takes_any_account<'a>((api, route): (&'a RestApi, &'a Route), pool: &Resource) -> Option<&'a Place> {
    let RouteAuth::Authorizer { name, scopes, place } = &route.auth else { return None };
    let ours = api.authorizers.get(name).is_some_and(
        |a| matches!(&a.kind, AuthorizerKind::Cognito { pools, .. } if pools.iter().any(|arn| Some(arn) == pool.arn.as_ref())),
    );
    (ours && scopes.is_empty()).then_some(place)
}

/// The pool of the findings.
fn attacked<'a>(app: &'a App, findings: &[&Finding]) -> Option<&'a Resource> {
    app.of_kind("AWS::Cognito::UserPool").find(|pool| findings.iter().any(|finding| finding.resource == pool.id.to_string()))
}

/// The app clients of the pool that anyone may use: those without a secret.
fn clients<'a>(app: &'a App, pool: &'a Resource) -> impl Iterator<Item = &'a Resource> {
    let text = |client: &Resource, key: &str| client.properties.get(key).and_then(Node::scalar);
    let of_pool = move |client: &&Resource| text(client, "UserPoolId").as_deref() == Some(&*pool.physical_id);
    let secret = |client: &&Resource| client.properties.get("GenerateSecret").and_then(Node::bool) == Some(true);
    app.of_kind("AWS::Cognito::UserPoolClient").filter(of_pool).filter(move |client| !secret(client))
}

/// Whether users sign in with their password in the request.
fn by_password(client: &Resource) -> bool {
    let flows = client.properties.get("ExplicitAuthFlows").map(Node::items).unwrap_or_default();
    flows.iter().any(|flow| matches!(flow.str(), Some("ALLOW_USER_PASSWORD_AUTH" | "USER_PASSWORD_AUTH")))
}

/// The routes that only read and take any account.
fn readable<'a>(app: &'a App, pool: &'a Resource) -> Vec<FunctionRoute<'a>> {
    let reads = |found: &FunctionRoute<'_>| matches!(&*found.route.method, "GET" | "ANY");
    route::all(app).filter(reads).filter(|found| takes_any_account((found.api, found.route), pool).is_some()).collect()
}

/// What a customer keeps.
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let pool = attacked(app, findings).ok_or("the pool is not known")?;
    if clients(app, pool).next().is_none() {
        return Err("the pool has no app client without a secret: whose secret it is decides who signs up".into());
    }
    if readable(app, pool).is_empty() {
        return Err("no GET route of a REST API takes any account of the pool".into());
    }
    // What `up` refuses because it does not serve it is no refusal of AWS's.
    let triggers = pool.properties.get("LambdaConfig").is_some_and(|config| !config.members().is_empty());
    if triggers || pool.properties.get("MfaConfiguration").is_some_and(|node| !matches!(node.str(), Some("OFF" | "OPTIONAL"))) {
        return Err("the pool has triggers or requires MFA, which up does not serve".into());
    }
    if !clients(app, pool).any(by_password) {
        return Err("the app clients sign in by SRP alone, which up does not serve".into());
    }
    Ok(PlantAt::Traffic)
}

/// Makes an account with an address of the attacker's own, and looks what it opens.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let Some(pool) = attacked(app, findings) else { return };
    for client in clients(app, pool).filter(|client| by_password(client)) {
        match account(pool, &client.physical_id, target, outcome) {
            Ok(Some(token)) => {
                for found in readable(app, pool) {
                    match target.http(&found.api.id.to_string(), &guarded::get(&found, "1", &token)) {
                        Ok(answer) => {
                            outcome.took(&answer);
                            outcome.steps.push(format!("{} with the new account: {}", found.name(), answer.status));
                        }
                        Err(error) => return outcome.failed(&error),
                    }
                }
                return;
            }
            Ok(None) => {}
            Err(error) => return outcome.failed(&error),
        }
    }
}

/// An id token of a new account; `None` where one of the steps was refused.
fn account(pool: &Resource, client: &str, target: &mut dyn Target, outcome: &mut Outcome) -> Result<Option<String>, TargetError> {
    let address = target.own_address()?;
    let by_address = pool.properties.get("UsernameAttributes").map(Node::items).unwrap_or_default();
    let by_address = by_address.iter().any(|name| name.str() == Some("email"));
    let name = if by_address { &address } else { address.split('@').next().unwrap_or_default() };
    // One of each kind, for a policy that asks for all.
    let password = format!("{}aA1!", address.split('@').next().unwrap_or_default());
    let mut attributes = vec![json!({"Name": "email", "Value": address})];
    let schema = pool.properties.get("Schema").map(Node::items).unwrap_or_default();
    let required = schema.iter().filter(|own| own.get("Required").and_then(Node::bool) == Some(true));
    for own in required.filter_map(|own| own.get("Name").and_then(Node::scalar)).filter(|own| own != "email") {
        let value = if own == "phone_number" { "+15555550100" } else { "x" };
        attributes.push(json!({"Name": own, "Value": value}));
    }
    let mut ask = |operation: &str, body: Value, target: &mut dyn Target| -> Result<Option<Value>, TargetError> {
        let answer = target.aws_unsigned("cognito-idp", &format!("AWSCognitoIdentityProviderService.{operation}"), &body)?;
        let says = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status == 200 {
            outcome.steps.push(operation.to_owned());
            return Ok(Some(serde_json::from_str(&says).unwrap_or_default()));
        }
        outcome.steps.push(format!("{operation}: {} {says}", answer.status));
        outcome.refused = Some(format!("{operation}: {} {says}", answer.status));
        Ok(None)
    };
    let made = json!({"ClientId": client, "Username": name, "Password": password, "UserAttributes": attributes});
    let Some(made) = ask("SignUp", made, target)? else { return Ok(None) };
    if made["UserConfirmed"] != true {
        let mail = target.own_mail()?;
        let digits = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
        let Some(code) = mail.split(|c: char| !c.is_ascii_alphanumeric()).rfind(digits) else {
            outcome.steps.push("no code came: only an administrator confirms the account".into());
            outcome.refused = Some("the account is not confirmed".into());
            return Ok(None);
        };
        let confirmed = json!({"ClientId": client, "Username": name, "ConfirmationCode": code});
        if ask("ConfirmSignUp", confirmed, target)?.is_none() {
            return Ok(None);
        }
    }
    let parameters = json!({"USERNAME": name, "PASSWORD": password});
    let signed_in =
        ask("InitiateAuth", json!({"ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters}), target)?;
    Ok(signed_in.and_then(|answer| answer["AuthenticationResult"]["IdToken"].as_str().map(str::to_owned)))
}
