//! `Api` and `HttpApi` events of functions: the permission for API Gateway, and the route in the API's body.

use super::body::{self, ANY, INTEGRATION};
use super::function::Target;
use super::implicit::{self, stage_suffix};
use super::make::{Put as _, given, is_map, list, map, named_by_ref, set, sub, sub_with, text, when};
use super::{Work, alphanumeric_id, auth, request, resource_policy};
use model::{Node, Place};

impl Work<'_> {
    /// `Api`: `id` is the logical id of function and event together, `name` the event's own.
    pub(super) fn rest_event(&mut self, id: &str, name: &str, target: &Target, p: &Node, place: &Place) {
        let Some(route) = route(p, "RestApiId") else { return };
        let suffix = stage_suffix(self.declared(&route.api));
        if suffix.is_empty() {
            self.refuse(format!("StageName of {} is empty", route.api), place);
        }
        let verb = if route.method == "any" { "*".to_owned() } else { route.method.to_uppercase() };
        let path = in_arn(strip_slash(&route.path), true);
        let arn =
            format!("arn:{}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}/{verb}{path}", self.partition);
        let source = sub_with(arn, [("__ApiId__", route.reference.clone()), ("__Stage__", text("*", place))], place);
        let permission = target.permission("apigateway.amazonaws.com", Some(source), place);
        self.generate(&alphanumeric_id(&format!("{id}Permission"), &suffix, ""), "AWS::Lambda::Permission", permission, place);
        self.rest_route(name, target, &route, p, &suffix, place);
        self.overridden_auth(name, &route, p, &suffix, place);
    }

    fn rest_route(&mut self, name: &str, target: &Target, route: &Route, p: &Node, suffix: &str, place: &Place) {
        let Some(api) = self.declared(&route.api).and_then(|api| api.get("Properties")).cloned() else { return };
        let merges = set(&api, "MergeDefinitions").is_some();
        if !self.managed.contains(&route.api) && !merges {
            return;
        }
        let Some(written) = given(&api, "DefinitionBody") else { return };
        let mut body = if merges { implicit::skeleton(false, place) } else { written.clone() };
        if !body::is_valid(&body, false) {
            return self.refuse(format!("the body of {} is no OpenAPI document", route.api), place);
        }
        if body::has_integration(&body, &route.path, &route.method) {
            return self.refuse(format!("{} {} is defined more than once in {}", route.method, route.path, route.api), place);
        }
        let streams = p.get("ResponseTransferMode").and_then(Node::str) == Some("RESPONSE_STREAM");
        let uri = target.integration_uri(self.partition, streams, place);
        let mut integration = map(
            [("type", text("aws_proxy", place)), ("httpMethod", text("POST", place)), ("uri", when(target.condition(), uri, place))],
            place,
        );
        if streams {
            integration.put("responseTransferMode", text("STREAM", place));
        }
        integration.put_some("credentials", auth::caller_credentials(p, &api, self.partition, place));
        body::add_path(&mut body, &route.path, &route.method, place);
        body::each_definition(&mut body, &route.path, &route.method, &mut |definition| {
            if !is_map(definition) {
                *definition = map([], place);
            }
            definition.put(INTEGRATION, integration.clone());
            if definition.get("responses").is_none() {
                definition.put("responses", map([], place));
            }
            *definition = when(target.condition(), definition.clone(), place);
        });
        if let Some(own) = set(p, "Auth").cloned() {
            self.event_auth(name, route, &own, &api, &text(suffix, place), &mut body);
        }
        if let Some(timeout) = set(p, "TimeoutInMillis") {
            body::each_integrated(&mut body, &route.path, &route.method, &mut |definition| {
                definition.entry(INTEGRATION).put("timeoutInMillis", timeout.clone());
            });
        }
        for says in request::apply(&mut body, &route.path, &route.method, p, &api) {
            self.refuse(format!("the event {name}: {says}"), place);
        }
        if merges {
            body = merged(written.clone(), &body, route);
        }
        if let Some(declared) = self.declared_mut(&route.api) {
            declared.entry("Properties").put("DefinitionBody", body);
        }
    }

    /// `OverrideApiAuth`: an event's authorizer for a method of a body that the template gives.
    fn overridden_auth(&mut self, name: &str, route: &Route, p: &Node, suffix: &str, place: &Place) {
        let Some(own) = set(p, "Auth").filter(|auth| set(auth, "OverrideApiAuth").is_some()).cloned() else { return };
        let Some(api) = self.declared(&route.api).and_then(|api| api.get("Properties")).cloned() else { return };
        let Some(mut body) = set(&api, "DefinitionBody").cloned() else { return };
        if ["Authorizer", "ApiKeyRequired", "ResourcePolicy"].iter().all(|key| set(&own, key).is_none()) {
            return self.refuse(format!("OverrideApiAuth of the event {name} wants Authorizer, ApiKeyRequired or ResourcePolicy"), place);
        }
        self.event_auth(name, route, &own, &api, &text(suffix, place), &mut body);
        if let Some(declared) = self.declared_mut(&route.api) {
            declared.entry("Properties").put("DefinitionBody", body);
        }
    }

    /// What an event's `Auth` makes of its method and of the API's policy.
    pub(super) fn event_auth(&mut self, name: &str, route: &Route, own: &Node, api: &Node, stage: &Node, body: &mut Node) {
        let place = &own.place;
        let api_auth = given(api, "Auth").map(|auth| self.resolved(auth));
        for says in auth::event_faults(own, api_auth.as_ref(), &route.method, &route.path) {
            self.refuse(format!("the event {name}: {says}"), place);
        }
        auth::of_event(body, &route.path, &route.method, own, api_auth.as_ref());
        let Some(policy) = set(own, "ResourcePolicy") else { return };
        let faults = resource_policy::add(body, policy, &route.path, stage);
        resource_policy::add_statements(body, policy);
        for says in faults {
            self.refuse(says, place);
        }
    }

    /// `HttpApi`.
    pub(super) fn http_event(&mut self, id: &str, name: &str, target: &Target, p: &Node, place: &Place) {
        let Some(route) = route(p, "ApiId") else { return };
        let Some(api) = self.declared(&route.api).map(|api| api.get("Properties").cloned().unwrap_or_else(|| map([], place))) else {
            return self.refuse(format!("the event {name} names {}, which is no API of this template", route.api), place);
        };
        let body = set(&api, "DefinitionBody").cloned();
        let path = strip_slash(&route.path);
        let is_default = path == "$default";
        let has_default = body.as_ref().is_some_and(|body| default_calls(body, &target.logical));
        if is_default || !has_default {
            let end = if is_default { String::new() } else { in_arn(path, false) };
            let is_any = route.method == "any" || route.method == ANY;
            let verb = if is_any { "*".to_owned() } else { route.method.to_uppercase() };
            let tail = if route.method == "any" && end == "/$default" { end } else { format!("/{verb}{end}") };
            let arn =
                format!("arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/${{__Stage__}}{tail}");
            let source = sub_with(arn, [("__ApiId__", route.reference.clone()), ("__Stage__", text("*", place))], place);
            let permission = target.permission("apigateway.amazonaws.com", Some(source), place);
            self.generate(&format!("{id}Permission"), "AWS::Lambda::Permission", permission, place);
        }
        if let Some(body) = body {
            self.http_route(name, target, &route, p, &api, body, place);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what one route is made of")]
    fn http_route(&mut self, name: &str, target: &Target, route: &Route, p: &Node, api: &Node, mut body: Node, place: &Place) {
        if !body::is_valid(&body, true) {
            return self.refuse(format!("the body of {} is no OpenAPI 3 document", route.api), place);
        }
        let is_there = body::has_integration(&body, &route.path, &route.method);
        if is_there && self.managed.contains(&route.api) {
            return self.refuse(format!("{} {} is defined more than once in {}", route.method, route.path, route.api), place);
        }
        if !is_there {
            let uri = when(target.condition(), target.integration_uri("${AWS::Partition}", false, place), place);
            let integration = map(
                [
                    ("type", text("aws_proxy", place)),
                    ("httpMethod", text("POST", place)),
                    ("payloadFormatVersion", text("2.0", place)),
                    ("uri", uri),
                ],
                place,
            );
            let is_default = route.path == "$default" && body::normal_method(&route.method) == ANY;
            body::add_path(&mut body, &route.path, &route.method, place);
            body::each_definition(&mut body, &route.path, &route.method, &mut |definition| {
                if !is_map(definition) {
                    *definition = map([], place);
                }
                definition.put(INTEGRATION, integration.clone());
                if is_default {
                    definition.put("isDefaultRoute", super::make::boolean(true, place));
                }
                if definition.get("responses").is_none() {
                    definition.put("responses", map([], place));
                }
                *definition = when(target.condition(), definition.clone(), place);
            });
        }
        if let Some(own) = set(p, "Auth") {
            for says in super::http_auth::of_event(&mut body, &route.path, &route.method, own, given(api, "Auth")) {
                self.refuse(format!("the event {name}: {says}"), place);
            }
        }
        request::of_http(&mut body, &route.path, &route.method, p);
        if let Some(declared) = self.declared_mut(&route.api) {
            declared.entry("Properties").put("DefinitionBody", body);
        }
    }
}

/// What an event says about its route.
pub(super) struct Route {
    pub api: String,
    /// The API as the event names it.
    pub reference: Node,
    pub path: String,
    /// In lower case.
    pub method: String,
}

/// The route of an event; nothing when it does not say one, which was named before.
pub(super) fn route(p: &Node, id: &str) -> Option<Route> {
    let reference = p.get(id)?.clone();
    Some(Route {
        api: named_by_ref(&reference)?.to_owned(),
        path: p.get("Path")?.str()?.to_owned(),
        method: p.get("Method")?.str()?.to_lowercase(),
        reference,
    })
}

/// A path without the slash at its end.
fn strip_slash(path: &str) -> &str {
    path.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(path)
}

/// A path as ARNs have it: `*` for each parameter; greedy ones (`{all+}`) too in a REST API, only `{proxy+}` in an HTTP API.
pub(super) fn in_arn(path: &str, greedy: bool) -> String {
    let (mut out, mut rest) = (String::new(), path);
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        let plain = name.strip_suffix('+').filter(|plain| greedy || *plain == "proxy").unwrap_or(name);
        let is_name = !plain.is_empty() && plain.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        match is_name {
            true => out.push('*'),
            false => {
                out.push('{');
                out.push_str(name);
                out.push('}');
            }
        }
        rest = behind;
    }
    out + rest
}

/// Whether `$default` of an HTTP API calls this function in every branch; its permission then covers every route.
fn default_calls(body: &Node, function: &str) -> bool {
    if !body::has_integration(body, "$default", ANY) {
        return false;
    }
    let Some(item) = body.at(&["paths", "$default"]) else { return false };
    let definitions = body::contents(item).into_iter().filter_map(|item| item.get(ANY)).flat_map(body::contents);
    definitions.into_iter().all(|definition| {
        let Some(uri) = definition.at(&[INTEGRATION, "uri"]).filter(|uri| is_map(uri)) else { return false };
        body::contents(uri).into_iter().all(|uri| {
            let arn = uri.get("Fn::Sub").and_then(Node::str).unwrap_or_default();
            arn.find(".Arn")
                .and_then(|end| arn.get(..end))
                .is_some_and(|before| before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next() == Some(function))
        })
    })
}

/// `MergeDefinitions`: what the event says wins over the method that the body has.
fn merged(mut written: Node, made: &Node, route: &Route) -> Node {
    // A body without paths gets none.
    if set(&written, "paths").is_none() {
        return written;
    }
    let item = written.entry("paths").entry(&route.path);
    let place = item.place.clone();
    let mut method = item.take(&route.method).filter(is_map).unwrap_or_else(|| map([], &place));
    let generated = made.get("paths").and_then(|paths| paths.at(&[&route.path, &body::normal_method(&route.method)]));
    for member in generated.map(Node::members).unwrap_or_default() {
        method.put(&member.key, member.value.clone());
    }
    item.put(&route.method, method);
    written
}

impl Target {
    /// What API Gateway calls to reach the function.
    pub(super) fn integration_uri(&self, partition: &str, streams: bool, place: &Place) -> Node {
        let (version, end) = if streams { ("2021-11-15", "response-streaming-invocations") } else { ("2015-03-31", "invocations") };
        let function = match self.is_alias {
            true => format!("${{{}}}", self.logical),
            false => format!("${{{}.Arn}}", self.logical),
        };
        sub(format!("arn:{partition}:apigateway:${{AWS::Region}}:lambda:path/{version}/functions/{function}/{end}"), place)
    }
}

/// A `security` entry.
pub(super) fn requirement(name: &str, scopes: Option<Node>, place: &Place) -> Node {
    map([(name, scopes.unwrap_or_else(|| list(Vec::new(), place)))], place)
}
