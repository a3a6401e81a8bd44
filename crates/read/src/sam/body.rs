//! The OpenAPI body of an API, with what CloudFormation allows in it: paths and methods may stand in `Fn::If`.

use super::make::{Put as _, is_map, is_no_value, map};
use model::{Kind, Member, Node, Place};

/// API Gateway's extension for "any method".
pub(super) const ANY: &str = "x-amazon-apigateway-any-method";
/// The extension that says what answers a method.
pub(super) const INTEGRATION: &str = "x-amazon-apigateway-integration";
/// Members of a path that are no methods.
pub(super) const NO_METHODS: [&str; 3] = ["summary", "description", "parameters"];

/// The name under which a method stands in a body.
pub(super) fn normal_method(method: &str) -> String {
    let lower = method.to_lowercase();
    if lower == "any" { ANY.to_owned() } else { lower }
}

/// Whether this is a body that SAM can work on; `only_openapi` for HTTP APIs.
pub(super) fn is_valid(body: &Node, only_openapi: bool) -> bool {
    let version = |key: &str| body.get(key).and_then(Node::scalar).filter(|version| !version.is_empty());
    body.get("paths").is_some_and(is_map)
        && (!only_openapi && version("swagger").is_some() || version("openapi").is_some_and(|version| is_three(&version)))
}

/// Whether a version of OpenAPI is 3.
pub(super) fn is_three(version: &str) -> bool {
    let mut parts = version.split('.');
    let is_digit = |part: &str| part.len() == 1 && part.bytes().all(|b| b.is_ascii_digit());
    parts.next() == Some("3") && (1..=2).contains(&version.matches('.').count()) && parts.all(is_digit)
}

/// A value, or the branches of the `Fn::If` that it is, without `AWS::NoValue`.
pub(super) fn contents(node: &Node) -> Vec<&Node> {
    match node.get("Fn::If") {
        Some(parts) => parts.items().iter().skip(1).filter(|part| !is_no_value(part)).collect(),
        None => vec![node],
    }
}

/// The same, to change them.
pub(super) fn each_content(node: &mut Node, f: &mut dyn FnMut(&mut Node)) {
    let at = node.members().iter().rposition(|member| member.key == "Fn::If");
    match (&mut node.kind, at) {
        (Kind::Map(members), Some(at)) => {
            if let Some(Node { kind: Kind::List(parts), .. }) = members.get_mut(at).map(|member| &mut member.value) {
                parts.iter_mut().skip(1).filter(|part| !is_no_value(part)).for_each(f);
            }
        }
        _ => f(node),
    }
}

/// The names of all paths.
pub(super) fn paths(body: &Node) -> Vec<String> {
    body.get("paths").map(Node::members).unwrap_or_default().iter().map(|path| path.key.clone()).collect()
}

/// Whether every branch of a path has this method with an integration.
pub(super) fn has_integration(body: &Node, path: &str, method: &str) -> bool {
    let method = normal_method(method);
    let Some(item) = body.get("paths").and_then(|paths| paths.get(path)) else { return false };
    contents(item).into_iter().all(|item| item.get(&method).is_some_and(|definition| contents(definition).into_iter().any(integrates)))
}

fn integrates(definition: &Node) -> bool {
    definition.get(INTEGRATION).is_some_and(super::make::is_truthy)
}

/// Makes a path with a method, where they are missing: they stand where the event does that asks for them.
pub(super) fn add_path(body: &mut Node, path: &str, method: &str, place: &Place) {
    let method = normal_method(method);
    let paths = body.entry("paths");
    add(paths, path, place);
    each_content(paths.entry(path), &mut |item| add(item, &method, place));
}

/// Makes an empty member at a place, where it is missing.
fn add(node: &mut Node, key: &str, place: &Place) {
    if !is_map(node) {
        node.kind = Kind::Map(Vec::new());
    }
    if let Kind::Map(members) = &mut node.kind
        && members.iter().all(|member| member.key != key)
    {
        members.push(Member { key: key.to_owned(), key_place: place.clone(), value: map([], place) });
    }
}

/// Calls `f` for each definition of a method, in every branch.
pub(super) fn each_definition(body: &mut Node, path: &str, method: &str, f: &mut dyn FnMut(&mut Node)) {
    let method = normal_method(method);
    let Some(item) = member_mut(body, "paths").and_then(|paths| member_mut(paths, path)) else { return };
    each_content(item, &mut |item| {
        if let Some(definition) = member_mut(item, &method) {
            each_content(definition, f);
        }
    });
}

/// Calls `f` for each definition of a method that has an integration.
pub(super) fn each_integrated(body: &mut Node, path: &str, method: &str, f: &mut dyn FnMut(&mut Node)) {
    each_definition(body, path, method, &mut |definition| {
        if integrates(definition) {
            f(definition);
        }
    });
}

/// Calls `f` with the name of each method of a path that has an integration, and its definition.
pub(super) fn each_method(body: &mut Node, path: &str, f: &mut dyn FnMut(&str, &mut Node)) {
    let Some(item) = member_mut(body, "paths").and_then(|paths| member_mut(paths, path)) else { return };
    each_content(item, &mut |item| {
        let Kind::Map(methods) = &mut item.kind else { return };
        for method in methods.iter_mut().filter(|method| !NO_METHODS.contains(&method.key.as_str())) {
            let name = normal_method(&method.key);
            each_content(&mut method.value, &mut |definition| {
                if integrates(definition) {
                    f(&name, definition);
                }
            });
        }
    });
}

/// A member, if it is there.
pub(super) fn member_mut<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    match &mut node.kind {
        Kind::Map(members) => members.iter_mut().rev().find(|member| member.key == key).map(|member| &mut member.value),
        _ => None,
    }
}

/// What is wrong with the paths of a body; with `methods` also with what stands below them.
pub(super) fn faults(body: &Node, methods: bool) -> Vec<(String, model::Place)> {
    let mut found = Vec::new();
    for path in body.get("paths").map(Node::members).unwrap_or_default() {
        if path.value.get("Fn::If").is_some_and(|parts| !super::make::is_list(parts)) {
            found.push(("the value of Fn::If must be a list".to_owned(), path.key_place.clone()));
        }
        for item in contents(&path.value) {
            if !is_map(item) {
                found.push((format!("the value of the path {} must be a mapping", path.key), path.key_place.clone()));
            }
            let defined = item.members().iter().filter(|method| methods && !NO_METHODS.contains(&method.key.as_str()));
            for method in defined.filter(|method| contents(&method.value).into_iter().any(|definition| !is_map(definition))) {
                found.push((format!("the method {} of the path {} must be a mapping", method.key, path.key), method.key_place.clone()));
            }
        }
    }
    found
}

/// What is wrong with the `options` methods of a body of OpenAPI 3, which SAM rewrites.
pub(super) fn options_faults(p: &Node) -> Vec<String> {
    let Some(body) = p.get("DefinitionBody").filter(|body| body.get("swagger").is_none()) else { return Vec::new() };
    let version = p.get("OpenApiVersion").or_else(|| body.get("openapi")).and_then(Node::scalar);
    if !version.is_some_and(|version| is_three(&version)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for path in body.get("paths").map(Node::members).unwrap_or_default() {
        if !is_map(&path.value) {
            found.push(format!("the value of the path {} must be a mapping", path.key));
        }
        let Some(options) = super::make::set(&path.value, "options") else { continue };
        let responses = options.get("responses");
        let headers = responses.and_then(|responses| responses.at(&["200", "headers"]));
        if !is_map(options) || responses.is_some_and(|responses| !is_map(responses)) || headers.is_some_and(|headers| !is_map(headers)) {
            found.push(format!("the method options of the path {} is not understood", path.key));
        }
    }
    found
}
