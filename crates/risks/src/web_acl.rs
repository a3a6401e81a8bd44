//! Web ACLs as several risks see them: what they stand before, and where a request that shows one is sent.

use crate::route;
use model::aws::{RestApi, Route, RouteAuth, Stage};
use model::{App, HttpRequest, Resource, Trouble};
use waf::coverage::{Component, Witness};
use waf::request::Request;
use waf::wafv2::{At, Library, Outcome, ResourceType, WebAcl};
use waf::{classic, managed};

/// Types of web ACLs; the second are those of AWS WAF Classic.
const TYPES: [&str; 2] = ["AWS::WAFv2::WebACL", "AWS::WAFRegional::WebACL"];

/// Every web ACL.
pub fn web_acls(app: &App) -> impl Iterator<Item = &Resource> {
    TYPES.iter().flat_map(|kind| app.of_kind(kind))
}

/// Reads one.
///
/// # Errors
/// What of it is not understood.
pub fn read(app: &App, resource: &Resource, library: &Library) -> Result<WebAcl, Vec<Trouble>> {
    match is_classic(resource) {
        true => classic::from_cloudformation(app, resource),
        false => WebAcl::from_cloudformation(app, resource, library),
    }
}

/// Whether it is one of AWS WAF Classic.
pub fn is_classic(resource: &Resource) -> bool {
    resource.kind == TYPES[1]
}

/// What associations name a web ACL by: its ARN, or Classic's id.
pub fn name(acl: &Resource) -> Option<&str> {
    if is_classic(acl) { Some(&acl.physical_id) } else { acl.arn.as_deref() }
}

/// What rules may refer to: the managed groups, as far as their rules are known.
pub fn library(app: &App) -> Library {
    Library { account: app.account.clone(), managed: managed::groups(None), ..Library::default() }
}

/// The APIs and stages that a web ACL stands before.
pub fn behind<'a>(app: &'a App, acl: &'a Resource) -> impl Iterator<Item = (&'a RestApi, &'a str)> {
    let mine = |(_, stage): &(&RestApi, &Stage)| stage.web_acl.is_some() && stage.web_acl.as_deref() == name(acl);
    stages(app).filter(mine).map(|(api, stage)| (api, stage.name.as_str()))
}

/// Every stage of every API.
pub fn stages(app: &App) -> impl Iterator<Item = (&RestApi, &Stage)> {
    app.aws().rest_apis.iter().flat_map(|api| api.stages.iter().map(move |stage| (api, stage)))
}

/// A witness on its way to one route.
pub struct Shot<'a> {
    /// The API.
    pub api: &'a RestApi,
    /// What it is sent for.
    pub witness: Witness,
    /// The request, of which the web ACL says the same there.
    pub request: HttpRequest,
    /// Whether the route asks who is there.
    pub closed: bool,
}

/// Routes that one witness is sent to.
pub const MOST: usize = 4;

/// A witness at the routes of a stage that take it, where a web ACL says this of it.
pub fn shots<'a>((api, stage): (&'a RestApi, &str), acl: &WebAcl, witness: &Witness, says: Outcome) -> Vec<Shot<'a>> {
    api.routes.iter().filter_map(|route| shot((api, stage), route, acl, witness, says)).collect()
}

/// Those that nobody asks about come first, then those that read.
pub fn least_harm_first(shots: &mut [Shot<'_>]) {
    shots.sort_by_key(|shot| (shot.closed, shot.witness.component.is_body()));
}

/// The witness at a route; `None` when the route does not take it, or the web ACL says something else of it there.
fn shot<'a>((api, stage): (&'a RestApi, &str), route: &Route, acl: &WebAcl, witness: &Witness, says: Outcome) -> Option<Shot<'a>> {
    let writes = witness.component.is_body();
    let takes = match &*route.method {
        "ANY" => true,
        "POST" | "PUT" | "PATCH" => writes,
        "GET" => !writes,
        _ => false,
    };
    let mut request = witness.request.clone();
    request.path = match (takes, witness.component) {
        (false, _) => return None,
        (true, Component::UriPath) => in_path(&route.path, &request.path)?,
        (true, _) => route::fill(&route.path, "1"),
    };
    if route.method != "ANY" {
        request.method.clone_from(&route.method);
    }
    let seen = HttpRequest { path: format!("/{stage}{}", request.path), ..request.clone() };
    let judged = acl.judge(&Request::of(&seen), ResourceType::ApiGateway, &At(0)).outcome;
    let closed = !matches!(route.auth, RouteAuth::None);
    (judged == says).then(|| Shot { api, witness: witness.clone(), request, closed })
}

/// The path of a route whose last part is a parameter, with the witness there.
fn in_path(route: &str, witness: &str) -> Option<String> {
    let (before, last) = route.rsplit_once('/')?;
    last.starts_with('{').then(|| format!("{}/{}", route::fill(before, "1"), witness.trim_start_matches('/')))
}
