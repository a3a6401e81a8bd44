//! What an application shows to outsiders: routes, function URLs, identity pools, and the functions behind them. Where
//! a way in is not known to be open or closed, the step is not sure.

use super::build::Builder;
use super::node::NodeKind;
use super::outside::{POOLS, pool_context};
use super::reach::{Evidence, evidence};
use crate::app;
use crate::principal::Principal;
use crate::request::{Context, Request};
use crate::settings::function_url_requests;
use crate::stack::Stack;
use model::aws::{AuthorizerKind, Integration, RestApi, Route, RouteAuth};
use model::{App, Node, Place, Resource};
use std::sync::Arc;

impl Builder<'_> {
    pub(super) fn surface(&mut self, app: &App) {
        self.routes(app);
        self.http_apis(app);
        self.function_urls(app);
        self.identity_pools(app);
        if self.assume {
            for function in app.aws().functions.values() {
                let role = function.role_arn.as_deref().and_then(|arn| self.by_arn.get(arn).copied());
                if let Some(role) = role {
                    let from = self.node(&function.arn, NodeKind::Function, &function.place);
                    let place = function.role_place.clone().unwrap_or_else(|| function.place.clone());
                    self.link(from, role, "function-ssrf", written(&function.name, place));
                }
            }
        }
    }

    fn routes(&mut self, app: &App) {
        for api in &app.aws().rest_apis {
            for route in api.routes.iter().filter(|route| route.method != "OPTIONS") {
                let Integration::LambdaProxy { function_arn, .. } = &route.integration else { continue };
                let Some(function) = app.aws().function_by_arn(function_arn) else { continue };
                let arn = format!(
                    "arn:{}:execute-api:{}:{}:{}/*/{}{}",
                    app.partition, app.region, app.account, api.api_id, route.method, route.path
                );
                let Some((primitive, open)) = entrance(app, api, route, &arn) else { continue };
                let (internet, at) = (self.internet(), self.node(&arn, NodeKind::Route, &route.place));
                let to = self.node(&function.arn, NodeKind::Function, &function.place);
                self.link(internet, at, primitive, open);
                self.link(at, to, "api-integration", written(&api.name, route.integration_place.clone()));
            }
        }
    }

    fn function_urls(&mut self, app: &App) {
        for url in app.of_kind("AWS::Lambda::Url") {
            let Some(target) = url.properties.get("TargetFunctionArn").and_then(Node::scalar) else { continue };
            let found = app
                .aws()
                .functions
                .values()
                .find(|f| f.arn == target || f.name == target || app.aws().function_by_arn(&target).is_some_and(|g| g.id == f.id));
            let Some(function) = found else { continue };
            let open = url.properties.get("AuthType").and_then(Node::str) == Some("NONE");
            let stack = Stack::default().with_resource(app::function_policy(app, &function.arn));
            let asks = |request: Request| evidence(&request.owned_by(&*app.account), &stack);
            let [by_url, invoked] = function_url_requests(Principal::Anonymous, &function.arn, "NONE").map(asks);
            if let Some(found) = by_url.and_then(|found| Some(found.and(invoked?))).filter(|_| open) {
                let (internet, to) = (self.internet(), self.node(&function.arn, NodeKind::Function, &function.place));
                self.link(internet, to, "function-url-open", found);
            }
        }
    }

    fn identity_pools(&mut self, app: &App) {
        for pool in app.of_kind("AWS::Cognito::IdentityPool") {
            let guests = pool.properties.get("AllowUnauthenticatedIdentities").and_then(Node::bool) == Some(true);
            let providers = pool.properties.get("CognitoIdentityProviders").map(Node::items).unwrap_or_default();
            let signs_up = providers.iter().filter_map(|p| p.get("ProviderName").and_then(Node::scalar)).find_map(|name| {
                app.of_kind("AWS::Cognito::UserPool").find(|own| name.ends_with(&own.physical_id)).filter(|own| signs_up(app, own))
            });
            for attachment in app.of_kind("AWS::Cognito::IdentityPoolRoleAttachment") {
                let named = attachment.properties.get("IdentityPoolId").and_then(Node::scalar);
                if named.as_deref() != Some(pool.physical_id.as_str()) {
                    continue;
                }
                let role = |kind: &str| attachment.properties.at(&["Roles", kind]);
                if let Some(role) = role("unauthenticated").filter(|_| guests) {
                    self.pool(pool, "guests", "unauthenticated", (role, true), "identity-pool-guest", None);
                }
                if let Some(users) = signs_up {
                    for role in roles_of_users(pool, attachment) {
                        self.pool(pool, "signed-in users", "authenticated", role, "identity-pool-user", Some(users));
                    }
                }
            }
        }
    }

    /// `role`: with whether who is meant surely gets it.
    fn pool(&mut self, pool: &Resource, who: &str, amr: &str, role: (&Node, bool), primitive: &str, users: Option<&Resource>) {
        let (role, gets) = role;
        let Some(&to) = role.scalar().and_then(|arn| self.by_arn.get(arn.as_str())) else { return };
        let account = self.graph.account;
        let member = &account.members[to];
        let principal = Principal::Federated { provider: POOLS.into() };
        let request = Request::new(principal, "sts:AssumeRoleWithWebIdentity", &*member.arn)
            .with_context(pool_context(&pool.physical_id, amr))
            .owned_by(&*account.id);
        let Some(found) = evidence(&request, &Stack::default().with_resource(member.trust.clone())) else { return };
        let (internet, at) = (self.internet(), self.node(&format!("{} ({who})", pool.id), NodeKind::IdentityPool, &pool.place));
        let (way, declared) = users.map_or(("identity-pool-guest", pool), |users| ("cognito-sign-up", users));
        self.link(internet, at, way, written(&declared.id.logical, declared.place.clone()));
        let classic = pool.properties.get("AllowClassicFlow");
        if amr == "authenticated" || classic.is_some_and(|classic| classic.bool() != Some(false)) {
            let known = gets && (amr == "authenticated" || classic.and_then(Node::bool).is_some());
            self.link(at, to, primitive, Evidence { sure: found.sure && known, ..found });
            return;
        }
        // The enhanced flow alone: the guests' session has the role's permissions within Cognito's own session policy.
        let mut guest = member.clone();
        guest.stack.session.push(super::guest::scope_down());
        self.acts(at, &guest);
        self.sessions.push((at, guest));
    }
}

/// The roles that users who signed up themselves can get of an identity pool, and whether they surely do (Amazon Cognito
/// Developer Guide, "Using role-based access control"): with rules each rule's role by claims that nobody knows here; with
/// tokens the roles of groups, into which nobody signs up; the authenticated role where nothing else is said, where it is
/// the answer to an ambiguous choice, and in the classic flow.
fn roles_of_users<'n>(pool: &Resource, attachment: &'n Resource) -> Vec<(&'n Node, bool)> {
    let mappings = attachment.properties.get("RoleMappings");
    let known = mappings.is_none_or(|mappings| mappings.unknown().is_none());
    let mappings: Vec<&Node> = mappings.map(Node::members).unwrap_or_default().iter().map(|member| &member.value).collect();
    let otherwise = |mapping: &Node, what: &str| mapping.get("AmbiguousRoleResolution").and_then(Node::str) == Some(what);
    let classic = pool.properties.get("AllowClassicFlow").is_some_and(|classic| classic.bool() != Some(false));
    let refused = !mappings.is_empty() && !classic && mappings.iter().all(|mapping| otherwise(mapping, "Deny"));
    let surely = known && (mappings.is_empty() || mappings.iter().any(|mapping| otherwise(mapping, "AuthenticatedRole")));
    let own = attachment.properties.at(&["Roles", "authenticated"]).filter(|_| !refused).map(|role| (role, surely));
    let rules = mappings.into_iter().filter_map(|mapping| mapping.at(&["RulesConfiguration", "Rules"])).flat_map(Node::items);
    own.into_iter().chain(rules.filter_map(|rule| Some((rule.get("RoleARN")?, false)))).collect()
}

/// How anyone passes a route, if anyone does.
fn entrance<'p>(app: &App, api: &RestApi, route: &Route, arn: &str) -> Option<(&'p str, Evidence)> {
    let open = written(&api.name, route.place.clone());
    match &route.auth {
        RouteAuth::None => match app::api_policy(app, api) {
            None => Some(("api-open", open)),
            Some(policy) => {
                let arn = arn.replace('*', "stage");
                let request = Request::new(Principal::Anonymous, "execute-api:Invoke", arn).with_context(outside()).owned_by(&*app.account);
                evidence(&request, &Stack::default().with_resource(Some(policy))).map(|found| ("api-open", open.and(found)))
            }
        },
        RouteAuth::Unknown { .. } => Some(("api-open", Evidence { sure: false, ..open })),
        RouteAuth::Authorizer { name, .. } => match &api.authorizers.get(name)?.kind {
            AuthorizerKind::Cognito { pools, .. } => {
                let users = pools.iter().filter_map(|arn| app.by_arn(arn)).find(|pool| signs_up(app, pool))?;
                Some(("cognito-sign-up", written(&users.id.logical, users.place.clone())))
            }
            AuthorizerKind::Token { .. } | AuthorizerKind::Request { .. } | AuthorizerKind::Unknown(_) => None,
        },
        RouteAuth::Iam { .. } => None,
    }
}

/// A caller from the internet: of the keys of the network none is that of a VPC endpoint.
pub(super) fn outside() -> Context {
    Context::open().without("aws:SourceVpce").without("aws:SourceVpc").without("aws:VpcSourceIp").without("aws:PrincipalOrgID")
}

/// Whether anybody may sign up with a pool, through a client that is open to them (Amazon Cognito API Reference,
/// "AdminCreateUserConfigType": the default allows it; "SignUp" needs a client id, and its secret if it has one).
pub(super) fn signs_up(app: &App, pool: &Resource) -> bool {
    let closed = pool.properties.at(&["AdminCreateUserConfig", "AllowAdminCreateUserOnly"]).is_some_and(|only| only.bool() != Some(false));
    let client = |client: &&Resource| {
        let own = client.properties.get("UserPoolId").and_then(Node::scalar);
        own.as_deref() == Some(pool.physical_id.as_str()) && client.properties.get("GenerateSecret").and_then(Node::bool) != Some(true)
    };
    !closed && app.of_kind("AWS::Cognito::UserPoolClient").any(|c| client(&c))
}

/// Evidence by what a template says, without a policy.
pub(super) fn written(name: &str, place: Place) -> Evidence {
    Evidence { sure: true, by: vec![(Arc::from(name), place)] }
}
