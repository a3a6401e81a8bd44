//! Which policies bear on a call, and what `iam` says of them, in AWS's words. Decides nothing itself.

use crate::bucket;
use crate::compiled;
use crate::invoke::Found;
use crate::walk::Walk;
use iam::{Context, Decision, Layer, Outcome, Policy, Principal, Request, Stack};
use model::{ApiCall, App, Call, Identity, Node, Place, Session};
use std::sync::Arc;

/// What policies say of a call, each with a sentence.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Allowed.
    Allow(String),
    /// A statement denies it.
    Deny(String),
    /// Nothing allows it.
    Neither(String),
    /// It depends on something that is not known.
    Unknown(String),
}

/// An effect and the statement, or the policy that lacks one, that made it so.
pub(crate) struct Judged {
    pub effect: Effect,
    pub place: Option<Place>,
}

/// Judges an AWS API call by an identity: its own policies and the resource's.
pub(crate) fn judge(app: &App, call: &Call, identity: &Identity, api: &ApiCall) -> Judged {
    let mut stack = compiled::stack_of(app, identity).with_resource(compiled::resource_policy(app, &api.resource));
    let mut request = request(app, call, identity, api);
    if let Some(settings) = bucket::settings(app, api) {
        // A bucket's settings ask for no further authorisation.
        iam::settings::apply(&settings, &mut request, &mut stack);
    }
    let decision = iam::decide(&request, &stack);
    let by_place = decision.matched.first().map(|matched| matched.statement.place.clone());
    let effect = match decision.outcome {
        Outcome::Allowed => Effect::Allow(allowed(&decision, &request)),
        Outcome::ExplicitlyDenied => Effect::Deny(denied(&decision, &request)),
        Outcome::ImplicitlyDenied => Effect::Neither(lacking(&decision, &request)),
        Outcome::Depends => Effect::Unknown(undecided(&decision)),
    };
    let residual = decision.residual.iter().find_map(|residue| residue.place.clone());
    let place = match &effect {
        Effect::Neither(_) => own_place(app, identity),
        Effect::Unknown(_) => residual.or(by_place),
        Effect::Allow(_) | Effect::Deny(_) => by_place,
    };
    Judged { effect, place: place.or_else(|| own_place(app, identity)) }
}

/// The effect alone; for an invocation of a function it must be one that the application declares.
pub(crate) fn permits(app: &App, call: &Call, identity: &Identity, api: &ApiCall) -> Effect {
    if api.action == "lambda:InvokeFunction" && app.aws().function_by_arn(&api.resource).is_none() {
        return Effect::Unknown(format!("function {} is not declared in this application", api.resource));
    }
    match trusted(app, identity) {
        Effect::Allow(_) => judge(app, call, identity, api).effect,
        refused => refused,
    }
}

/// Whether a role that API Gateway is to assume trusts it. Other identities hold their session already.
fn trusted(app: &App, identity: &Identity) -> Effect {
    let Identity::AssumedRole { role_arn, issued_to: Some(issued), .. } = identity else { return Effect::Allow(String::new()) };
    if issued != GATEWAY {
        return Effect::Allow(String::new());
    }
    let Some(role) = app.aws().role_by_arn(role_arn) else {
        return Effect::Unknown(format!("role {role_arn} is not declared in this application"));
    };
    let request = Request::new(Principal::Service { name: GATEWAY.into() }, "sts:AssumeRole", role_arn);
    let stack = Stack::default().with_resource(compiled::resource_policy(app, &role.arn));
    let decision = iam::decide(&request, &stack);
    match decision.outcome {
        Outcome::Allowed => Effect::Allow(String::new()),
        Outcome::Depends => Effect::Unknown(undecided(&decision)),
        Outcome::ExplicitlyDenied | Outcome::ImplicitlyDenied => Effect::Neither(format!("{role_arn} does not trust {GATEWAY}")),
    }
}

/// API Gateway's service principal.
const GATEWAY: &str = "apigateway.amazonaws.com";

/// API Gateway acting for a resource of this application.
pub(crate) fn gateway(app: &App, source_arn: String) -> Identity {
    Identity::Service { name: GATEWAY.into(), source_arn: Some(source_arn), source_account: Some(app.account.clone()) }
}

/// API Gateway acting with a role.
pub(crate) fn gateway_session(role_arn: &str) -> Identity {
    let session_name = "BackplaneAssumeRoleSession".into();
    Identity::AssumedRole { role_arn: role_arn.into(), session_name, issued_to: Some(GATEWAY.into()), session: Session::default() }
}

/// The invocation of a function.
pub(crate) fn invocation(app: &App, function_arn: &str) -> ApiCall {
    ApiCall {
        action: "lambda:InvokeFunction".into(),
        resource: function_arn.into(),
        resource_account: app.account.clone(),
        ..ApiCall::default()
    }
}

/// What the API's resource policy alone says of a request by nobody in particular.
pub(crate) fn of_api(walk: &Walk<'_>, found: &Found<'_>, identity: &Identity) -> Effect {
    let Some(policy) = compiled::api_policy(walk.app, found.api) else { return Effect::Neither("the API has no resource policy".into()) };
    let stack = Stack::default().with_resource(Some(policy));
    said(&iam::decide(&route_request(walk, found, identity), &stack), "the API's resource policy")
}

/// What the policy that an authorizer returned says of this method.
pub(crate) fn of_authorizer(walk: &Walk<'_>, found: &Found<'_>, document: &Node) -> Effect {
    let policy = Arc::new(Policy::parse("the authorizer's policy", document));
    said(&iam::decide_by(&route_request(walk, found, &Identity::Anonymous), &policy), "the authorizer's policy")
}

fn route_request(walk: &Walk<'_>, found: &Found<'_>, identity: &Identity) -> Request {
    let context = context(walk.app, walk.call, identity);
    Request::new(identity.into(), "execute-api:Invoke", found.method_arn(walk.app)).with_context(context)
}

fn said(decision: &Decision<'_>, who: &str) -> Effect {
    match decision.outcome {
        Outcome::Allowed => Effect::Allow(format!("{who} allows it")),
        Outcome::ExplicitlyDenied => Effect::Deny(format!("{who} denies it")),
        Outcome::ImplicitlyDenied => Effect::Neither(format!("{who} does not allow it")),
        Outcome::Depends => Effect::Unknown(undecided(decision)),
    }
}

/// What a call says of itself and of its caller: the tags of a session come over those of its role (IAM User Guide, "Pass
/// session tags in AWS STS").
fn context(app: &App, call: &Call, identity: &Identity) -> Context {
    const FAMILY: &str = "aws:PrincipalTag/";
    let context = Context::of_call(call, identity);
    let arn = match identity {
        Identity::User { arn } => arn,
        Identity::AssumedRole { role_arn, .. } => role_arn,
        Identity::Anonymous | Identity::Root { .. } | Identity::Service { .. } => return context,
    };
    let context = match compiled::tags_of(app, arn) {
        Some(tags) => tags.enter(FAMILY, context),
        None => context,
    };
    let passed = identity.session().into_iter().flat_map(|session| &session.tags);
    passed.fold(context, |context, (key, value)| context.with(&format!("{FAMILY}{key}"), value.as_str()))
}

fn request(app: &App, call: &Call, identity: &Identity, api: &ApiCall) -> Request {
    let mut context = context(app, call, identity);
    if let Some(tags) = api.action.starts_with("sts:").then(|| compiled::tags_of(app, &api.resource)).flatten() {
        // Of the services that tag principals only STS is served.
        context = tags.enter("aws:ResourceTag/", context);
    }
    if matches!(identity, Identity::Service { .. }) {
        // A service's own call has no caller's address.
        context = context.without("aws:SourceIp");
    }
    for (key, values) in &api.context {
        context = match values.as_slice() {
            [value] => context.with(key, value),
            values => context.with_many(key, values.to_vec()),
        };
    }
    let region = api.resource.split(':').nth(3).filter(|region| !region.is_empty()).unwrap_or(&app.region);
    let request = Request::new(identity.into(), &api.action, &api.resource).with_context(context.with("aws:RequestedRegion", region));
    if api.resource_account.is_empty() { request } else { request.owned_by(&api.resource_account) }
}

fn own_place(app: &App, identity: &Identity) -> Option<Place> {
    match identity {
        Identity::AssumedRole { role_arn, .. } => app.aws().role_by_arn(role_arn).map(|role| role.place.clone()),
        Identity::User { arn } => app.by_arn(arn).map(|user| user.place.clone()),
        Identity::Anonymous | Identity::Root { .. } | Identity::Service { .. } => None,
    }
}

fn allowed(decision: &Decision<'_>, request: &Request) -> String {
    let what = format!("{} on {}", request.action, request.resource);
    match decision.matched.first() {
        None => format!("{} may {what}", request.principal.name()),
        Some(matched) => format!("statement {} of {} allows {what}", matched.statement.index, matched.policy.name),
    }
}

fn undecided(decision: &Decision<'_>) -> String {
    decision.residual.first().map_or_else(|| "it depends on something that is not known".into(), |residue| residue.says.clone())
}

/// `User: ARN is not authorized to perform: ACTION on resource: ARN` (IAM User Guide, "Troubleshoot access denied error
/// messages").
fn refusal(request: &Request) -> String {
    let quote = if request.action.starts_with("s3:") { "\"" } else { "" };
    let Request { principal, action, resource, .. } = request;
    format!("User: {} is not authorized to perform: {action} on resource: {quote}{resource}{quote}", principal.name())
}

fn denied(decision: &Decision<'_>, request: &Request) -> String {
    let layer = decision.matched.first().map_or(Layer::Identity, |matched| matched.layer);
    let article = if layer == Layer::Identity { "an" } else { "a" };
    format!("{} with an explicit deny in {article} {}", refusal(request), layer.aws_name())
}

/// AWS names one layer: the organisation's before the caller's own limits, those before what nobody granted.
fn lacking(decision: &Decision<'_>, request: &Request) -> String {
    let rank = |layer: &&Layer| match layer {
        Layer::ServiceControl(_) | Layer::ResourceControl(_) => 0,
        Layer::Endpoint => 1,
        Layer::Boundary => 2,
        Layer::Session => 3,
        Layer::Identity => 4,
        Layer::Resource | Layer::Trust => 5,
    };
    match decision.lacking.iter().min_by_key(rank) {
        // Assuming a role is refused without saying why.
        None | Some(Layer::Trust) => refusal(request),
        Some(layer) => format!("{} because no {} allows the {} action", refusal(request), layer.aws_name(), request.action),
    }
}
