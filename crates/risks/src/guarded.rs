//! Routes whose callers a handler itself looks at: those of the function, and those of which it is the authorizer.

use crate::doors::Door;
use crate::route::{self, FunctionRoute};
use model::aws::{AuthorizerKind, RouteAuth};
use model::{App, Finding, HttpRequest};

/// The GET routes of REST APIs that a finding's function answers or guards, those without parameters first.
pub fn readable<'d>(app: &App, doors: &'d [Door<'_>], finding: &Finding) -> Vec<&'d FunctionRoute<'d>> {
    let asked = |found: &FunctionRoute<'_>| {
        let RouteAuth::Authorizer { name, .. } = &found.route.auth else { return false };
        let asks = match found.api.authorizers.get(name).map(|authorizer| &authorizer.kind) {
            Some(AuthorizerKind::Token { function_arn, .. } | AuthorizerKind::Request { function_arn, .. }) => function_arn,
            _ => return false,
        };
        app.aws().function_by_arn(asks).is_some_and(|function| function.id.to_string() == finding.resource)
    };
    let reads = |found: &&FunctionRoute<'_>| matches!(&*found.route.method, "GET" | "ANY");
    let of = |found: &&FunctionRoute<'_>| found.function.id.to_string() == finding.resource || asked(found);
    let mut routes: Vec<&FunctionRoute<'_>> = doors.iter().filter_map(|door| door.rest()).filter(reads).filter(of).collect();
    routes.sort_by_key(|found| found.route.path.matches('{').count());
    routes
}

/// The route of a REST API that a finding's function answers and that takes a request as it is: its method and its path.
pub fn taking<'d>(doors: &'d [Door<'_>], finding: &Finding, request: &HttpRequest) -> Option<&'d FunctionRoute<'d>> {
    let fits = |found: &&FunctionRoute<'_>| {
        let (written, sent) = (found.route.path.split('/'), request.path.split('/'));
        let same = written.clone().count() == sent.clone().count()
            && written.zip(sent).all(|(written, sent)| written == sent || (written.starts_with('{') && !sent.is_empty()));
        same && (found.route.method == "ANY" || found.route.method == request.method)
    };
    let of = |found: &&FunctionRoute<'_>| found.function.id.to_string() == finding.resource;
    doors.iter().filter_map(|door| door.rest()).filter(of).find(fits)
}

/// A request to such a route, with a token.
pub fn get(found: &FunctionRoute<'_>, filled: &str, token: &str) -> HttpRequest {
    let headers = vec![("Authorization".into(), format!("Bearer {token}"))];
    HttpRequest { method: "GET".into(), path: route::fill(&found.route.path, filled), headers, ..HttpRequest::default() }
}
