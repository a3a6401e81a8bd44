//! Cognito as several risks see it: who gets which role from an identity pool, and what that role may do.

use crate::setting;
use iam::{Context, Outcome, Principal, Request, Stack};
use model::aws::Role;
use model::{App, Node, Place, Resource};

/// Whom a role of an identity pool is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Anyone who asks.
    Guests,
    /// Who has signed in.
    SignedIn,
}

/// A role that an identity pool gives.
pub struct Given<'a> {
    pub pool: &'a Resource,
    pub role: &'a Role,
    pub whom: Whom,
    /// Where the pool is told to give it.
    pub place: Place,
}

/// Every role that identity pools give, by their role attachments: the two of a pool, and those of its rules.
pub fn given(app: &App) -> Vec<Given<'_>> {
    let mut all = Vec::new();
    for attachment in app.of_kind("AWS::Cognito::IdentityPoolRoleAttachment") {
        let Some(id) = attachment.properties.get("IdentityPoolId") else { continue };
        let Some(pool) = app.of_kind("AWS::Cognito::IdentityPool").find(|pool| setting::names(id, pool)) else { continue };
        let mut push = |node: Option<&Node>, whom| {
            let role = node.and_then(|node| app.aws().role_by_arn(&node.scalar()?));
            if let (Some(role), Some(node)) = (role, node) {
                all.push(Given { pool, role, whom, place: node.place.clone() });
            }
        };
        let roles = attachment.properties.get("Roles");
        if lets_in_guests(pool) != Some(false) {
            push(roles.and_then(|roles| roles.get("unauthenticated")), Whom::Guests);
        }
        push(roles.and_then(|roles| roles.get("authenticated")), Whom::SignedIn);
        for mapping in attachment.properties.get("RoleMappings").map(Node::members).unwrap_or_default() {
            for rule in mapping.value.at(&["RulesConfiguration", "Rules"]).map(Node::items).unwrap_or_default() {
                push(rule.get("RoleARN"), Whom::SignedIn);
            }
        }
    }
    all
}

/// Whether an identity pool gives credentials to anyone; `None` where that is not known.
pub fn lets_in_guests(pool: &Resource) -> Option<bool> {
    pool.properties.get("AllowUnauthenticatedIdentities").map_or(Some(false), Node::bool)
}

/// Whether anyone may make an account in a user pool; `None` where that is not known. It is open unless the template closes
/// it (AWS CloudFormation User Guide, "AWS::Cognito::UserPool AdminCreateUserConfig").
pub fn is_open(pool: &Resource) -> Option<bool> {
    match pool.properties.at(&["AdminCreateUserConfig", "AllowAdminCreateUserOnly"]) {
        Some(node) => node.bool().map(|only| !only),
        None if pool.properties.get("AdminCreateUserConfig").is_some_and(|node| node.unknown().is_some()) => None,
        None => Some(true),
    }
}

/// What everyone with a role may do, that is not bound to the one who asks: the actions of statements with no variable of
/// the caller in resource or condition, that the engine lets pass for somebody of the pool.
pub fn rights(app: &App, role: &Role) -> Vec<(Vec<String>, Place)> {
    let stack = iam::app::stack_of_role(app, role);
    let statements = stack.identity.iter().flat_map(|policy| policy.statements.iter()).filter(|s| s.effect == iam::Effect::Allow);
    let mut found = Vec::new();
    for statement in statements {
        let own = |text: &str| text.to_lowercase().contains("${cognito-identity.amazonaws.com:sub}");
        let bound = statement.resources.as_ref().is_some_and(|r| !r.not && r.any_of.iter().all(|p| own(&p.text.text)))
            || statement.conditions.iter().any(|condition| condition.key.to_lowercase() == "dynamodb:leadingkeys");
        if bound {
            continue;
        }
        let actions: Vec<String> =
            statement.actions.any_of.iter().map(|p| p.text.text.to_string()).filter(|action| !harmless(action)).collect();
        let actions = if statement.actions.not { vec!["everything but a few".to_owned()] } else { actions };
        let allowed = actions.iter().any(|action| statement.actions.not || may(app, role, &stack, action, statement));
        if !actions.is_empty() && allowed {
            found.push((actions, statement.place.clone()));
        }
    }
    found
}

/// Whether somebody with the role may do an action, as written in a statement, on what the statement names.
fn may(app: &App, role: &Role, stack: &Stack, action: &str, statement: &iam::Statement) -> bool {
    let catalogue = iam::catalogue::catalogue();
    let Some(action) = catalogue.expand(action).next().map(|action| action.full(catalogue)) else { return true };
    let resources: Vec<String> =
        statement.resources.iter().flat_map(|r| r.any_of.iter()).map(|p| p.text.text.replace(['*', '?'], "x")).collect();
    let principal = Principal::Session { arn: format!("{}/somebody", role.arn), role_arn: role.arn.clone() };
    let resources = if resources.is_empty() { vec!["*".to_owned()] } else { resources };
    resources.into_iter().any(|resource| {
        let request = Request::new(principal.clone(), &action, resource).with_context(Context::open()).owned_by(&*app.account);
        matches!(iam::decide(&request, stack).outcome, Outcome::Allowed | Outcome::Depends)
    })
}

/// What a client needs to be a client, and what gives nothing away.
fn harmless(action: &str) -> bool {
    let action = action.to_lowercase();
    [
        "cognito-sync:",
        "cognito-identity:",
        "mobileanalytics:",
        "mobiletargeting:putevents",
        "mobiletargeting:updateendpoint",
        "rum:putrumevents",
        "sts:",
    ]
    .iter()
    .any(|own| action.starts_with(own))
        || matches!(action.as_str(), "execute-api:invoke" | "appsync:graphql")
}
