//! Where the request that passes a web ACL is sent: the routes behind it that take such a request.

use super::{behind, holes, library, read, web_acls};
use crate::route;
use model::aws::{RestApi, Route, RouteAuth};
use model::{App, Finding, HttpRequest, Resource};
use waf::coverage::{Component, Witness};
use waf::request::Request;
use waf::wafv2::{At, Outcome, ResourceType, WebAcl};

/// A witness on its way to one route.
pub(super) struct Shot<'a> {
    /// The API.
    pub api: &'a RestApi,
    /// What it is sent for.
    pub witness: Witness,
    /// The request, which the web ACL lets pass there too.
    pub request: HttpRequest,
    /// Whether the route asks who is there.
    pub closed: bool,
}

/// Routes that one witness is sent to.
const MOST: usize = 4;

/// The witnesses of the web ACLs that the findings are about, at the routes behind them; those that read come first.
pub(super) fn shots<'a>(app: &'a App, findings: &[&Finding]) -> Vec<Shot<'a>> {
    let library = library(app);
    let named = |acl: &&Resource| findings.iter().any(|found| found.resource == acl.id.to_string());
    let mut shots = Vec::new();
    for resource in web_acls(app).filter(named) {
        let Ok(acl) = read(app, resource, &library) else { continue };
        for witness in holes(app, resource, &acl, &library).into_iter().filter_map(|hole| hole.witness) {
            let at = behind(app, resource)
                .flat_map(|(api, stage)| api.routes.iter().filter_map(|route| shot(api, stage, route, &acl, &witness)).collect::<Vec<_>>());
            shots.extend(at.take(MOST));
        }
    }
    shots.sort_by_key(|shot| (shot.closed, shot.witness.component.is_body()));
    shots
}

/// The witness at a route; `None` when the route does not take it, or the web ACL does not let it pass there.
fn shot<'a>(api: &'a RestApi, stage: &str, route: &Route, acl: &WebAcl, witness: &Witness) -> Option<Shot<'a>> {
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
    let passes = acl.judge(&Request::of(&seen), ResourceType::ApiGateway, &At(0)).outcome == Outcome::Allow;
    let closed = !matches!(route.auth, RouteAuth::None);
    passes.then(|| Shot { api, witness: witness.clone(), request, closed })
}

/// The path of a route whose last part is a parameter, with the witness there.
fn in_path(route: &str, witness: &str) -> Option<String> {
    let (before, last) = route.rsplit_once('/')?;
    last.starts_with('{').then(|| format!("{}/{}", route::fill(before, "1"), witness.trim_start_matches('/')))
}
