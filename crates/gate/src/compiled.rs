//! The policies and web ACLs of an application, read and compiled once for each of its versions: a decision must not read
//! them anew.
//! Decides nothing; what is not kept here is read where it is asked for.

use crate::web_acl;
use iam::{Policy, Stack, Tags};
use model::aws::RestApi;
use model::{App, Identity};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

struct Compiled {
    /// By ARN of the role or user.
    stacks: HashMap<String, Stack>,
    /// By ARN of the role or user; only those that have some.
    tags: HashMap<String, Tags>,
    /// Trust policies and the policies of functions and other resources, by ARN; only resources that have one.
    resources: HashMap<String, Arc<Policy>>,
    /// By API id.
    apis: HashMap<String, Arc<Policy>>,
    /// By ARN, or by id, which is how those of AWS WAF Classic are associated.
    web_acls: HashMap<String, Arc<web_acl::Compiled>>,
}

/// What was compiled of this version; `None` when something else is kept in its place.
fn of(app: &App) -> Option<&Compiled> {
    app.derived.get(|| {
        let roles = app.aws().roles.values().map(|role| (role.arn.clone(), iam::app::stack_of_role(app, role)));
        let user = |arn: &String| (arn.clone(), iam::app::stack_of(app, &Identity::User { arn: arn.clone() }));
        let users = app.of_kind("AWS::IAM::User").filter_map(|user| user.arn.as_ref()).map(user);
        let principals = app.of_kind("AWS::IAM::Role").chain(app.of_kind("AWS::IAM::User"));
        let tagged = principals.filter(|principal| principal.properties.get("Tags").is_some());
        let arns = app.resources().filter_map(|resource| resource.arn.as_ref());
        let resources = arns.filter_map(|arn| Some((arn.clone(), iam::app::resource_policy(app, arn)?)));
        let apis = app.aws().rest_apis.iter().filter_map(|api| Some((api.api_id.clone(), iam::app::api_policy(app, api)?)));
        let compile = |acl| web_acl::kept(app, acl);
        let classic = app.of_kind(web_acl::CLASSIC).map(|acl| (acl.physical_id.clone(), compile(acl)));
        let web_acls = app.of_kind(web_acl::WEB_ACL).filter_map(|acl| Some((acl.arn.clone()?, compile(acl)))).chain(classic);
        Compiled {
            stacks: roles.chain(users).collect(),
            tags: tagged.map(|principal| (principal.arn.clone().unwrap_or_default(), Tags::of(principal))).collect(),
            resources: resources.collect(),
            apis: apis.collect(),
            web_acls: web_acls.collect(),
        }
    })
}

/// The policies of an identity ([`iam::app::stack_of`]). A user or role of another account is taken to have every permission
/// there: its own account is no protection of this one, whose resources' policies must let it in besides.
pub fn stack_of(app: &App, identity: &Identity) -> Stack {
    let foreign = |account: &str| !account.is_empty() && account != app.account;
    if !matches!(identity, Identity::Service { .. }) && identity.account().as_deref().is_some_and(foreign) {
        return with_session(app, identity, Stack::of_stranger());
    }
    let arn = match identity {
        Identity::AssumedRole { role_arn, .. } => Some(role_arn),
        Identity::User { arn } => Some(arn),
        Identity::Anonymous | Identity::Root { .. } | Identity::Service { .. } => None,
    };
    let kept = arn.and_then(|arn| of(app)?.stacks.get(arn));
    with_session(app, identity, kept.cloned().unwrap_or_else(|| iam::app::stack_of(app, identity)))
}

fn with_session(app: &App, identity: &Identity, mut stack: Stack) -> Stack {
    if let Some(session) = identity.session() {
        stack.session.extend(iam::app::session_policies(app, session));
    }
    stack
}

/// The tags of the role or user with this ARN. `None`: it is declared and has none.
pub fn tags_of<'a>(app: &'a App, arn: &str) -> Option<Cow<'a, Tags>> {
    match of(app) {
        Some(compiled) if app.by_arn(arn).is_some() => compiled.tags.get(arn).map(Cow::Borrowed),
        _ => Some(Cow::Owned(Tags::of_arn(app, arn))),
    }
}

/// The policy of the resource with this ARN, of the API behind a method's ARN. `None`: it has none.
pub fn resource_policy(app: &App, arn: &str) -> Option<Arc<Policy>> {
    if arn.contains(":execute-api:") {
        let id = arn.splitn(6, ':').nth(5)?.split('/').next()?;
        return api_policy(app, app.aws().rest_apis.iter().find(|api| api.api_id == id)?);
    }
    match of(app) {
        // Only an ARN that is declared as it stands is kept: an object, an alias, a name within a table is looked up by its rules.
        Some(compiled) if app.by_arn(arn).is_some() => compiled.resources.get(arn).cloned(),
        _ => iam::app::resource_policy(app, arn),
    }
}

/// The policy of an API. `None`: it has none.
pub fn api_policy(app: &App, api: &RestApi) -> Option<Arc<Policy>> {
    match of(app) {
        Some(compiled) => compiled.apis.get(&api.api_id).cloned(),
        None => iam::app::api_policy(app, api),
    }
}

/// The web ACL with this ARN (of AWS WAF Classic: this id), or why it cannot judge. `None`: it is not declared.
pub fn web_acl(app: &App, arn: &str) -> Option<Arc<web_acl::Compiled>> {
    match of(app) {
        Some(compiled) => compiled.web_acls.get(arn).cloned(),
        None => {
            let own = app.by_arn(arn).filter(|found| found.kind == web_acl::WEB_ACL);
            own.or_else(|| app.by_physical(web_acl::CLASSIC, arn)).map(|acl| web_acl::kept(app, acl))
        }
    }
}
