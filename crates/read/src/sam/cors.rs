//! `Cors` of a REST API: an `OPTIONS` method with a mock integration for each path that has none (API Gateway Developer
//! Guide, "Enable CORS on a resource using the API Gateway import API").

use super::body::{ANY, INTEGRATION, each_content, member_mut, paths};
use super::make::{Put as _, given, is_function, is_map, is_truthy, list, map, set, text};
use model::{Kind, Node, Place};
use std::collections::BTreeSet;

/// Adds the methods. Paths that differ only in a slash at the end are one resource.
pub(super) fn add(body: &mut Node, cors: &Node) {
    let place = cors.place.clone();
    let setting = |key: &str| if is_function(cors) { None } else { set(cors, key).cloned() };
    let origin = match cors.str() {
        Some(_) => cors.clone(),
        None if is_function(cors) => cors.clone(),
        None => given(cors, "AllowOrigin").cloned().unwrap_or_else(|| text("'*'", &place)),
    };
    let age = if is_function(cors) { None } else { given(cors, "MaxAge").cloned() };
    let credentials = matches!(cors.get("AllowCredentials").map(|value| &value.kind), Some(Kind::Bool(true)));
    let mut done = BTreeSet::new();
    for path in paths(body) {
        let same = if path == "/" { path.as_str() } else { path.trim_end_matches('/') };
        if !done.insert(same.to_owned()) {
            continue;
        }
        let Some(item) = member_mut(body, "paths").and_then(|paths| member_mut(paths, &path)) else { continue };
        let mut methods = setting("AllowMethods");
        each_content(item, &mut |item| {
            if item.get("options").is_some() || !is_map(item) {
                return;
            }
            let methods = methods.get_or_insert_with(|| text(format!("'{}'", allowed(item)), &place)).clone();
            let mut headers = vec![("Access-Control-Allow-Origin", origin.clone(), "string")];
            headers.extend(setting("AllowHeaders").map(|value| ("Access-Control-Allow-Headers", value, "string")));
            headers.push(("Access-Control-Allow-Methods", methods, "string"));
            headers.extend(age.clone().map(|value| ("Access-Control-Max-Age", value, "integer")));
            if credentials {
                headers.push(("Access-Control-Allow-Credentials", text("'true'", &place), "string"));
            }
            item.put("options", options(&headers, &place));
        });
    }
}

/// What is wrong with `Cors`.
pub(super) fn faults(cors: &Node) -> Vec<String> {
    const KNOWN: [&str; 5] = ["AllowMethods", "AllowHeaders", "AllowOrigin", "MaxAge", "AllowCredentials"];
    if cors.str().is_some() || is_function(cors) {
        return Vec::new();
    }
    if !is_map(cors) {
        return vec!["it must be a text or a mapping".to_owned()];
    }
    let mut found: Vec<String> =
        cors.members().iter().filter(|m| !KNOWN.contains(&m.key.as_str())).map(|m| format!("{} is no member of it", m.key)).collect();
    let origin = cors.get("AllowOrigin");
    if origin.is_some_and(|origin| !is_truthy(origin)) {
        found.push("AllowOrigin is empty".to_owned());
    }
    let is_any = origin.is_none_or(|origin| origin.str() == Some("'*'"));
    if is_any && matches!(cors.get("AllowCredentials").map(|value| &value.kind), Some(Kind::Bool(true))) {
        found.push("AllowCredentials wants an AllowOrigin that is not '*'".to_owned());
    }
    found
}

/// The methods of a path, and `OPTIONS`.
fn allowed(item: &Node) -> String {
    let mut methods: Vec<String> = item.members().iter().map(|member| member.key.to_uppercase()).collect();
    if item.get(ANY).is_some() {
        methods = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"].map(str::to_owned).to_vec();
    }
    methods.push("OPTIONS".to_owned());
    methods.sort();
    methods.dedup();
    methods.join(",")
}

fn options(headers: &[(&str, Node, &str)], place: &Place) -> Node {
    let json = |value: Node| map([("application/json", value)], place);
    let (mut parameters, mut declared) = (map([], place), map([], place));
    for (name, value, kind) in headers {
        parameters.put(&format!("method.response.header.{name}"), value.clone());
        declared.put(name, map([("type", text(*kind, place))], place));
    }
    let answer = map(
        [("statusCode", text("200", place)), ("responseParameters", parameters), ("responseTemplates", json(text("{}\n", place)))],
        place,
    );
    let integration = map(
        [
            ("type", text("mock", place)),
            ("requestTemplates", json(text("{\n  \"statusCode\" : 200\n}\n", place))),
            ("responses", map([("default", answer)], place)),
        ],
        place,
    );
    let response = map([("description", text("Default response for CORS method", place)), ("headers", declared)], place);
    let accepts = || list(vec![text("application/json", place)], place);
    map(
        [
            ("summary", text("CORS support", place)),
            ("consumes", accepts()),
            ("produces", accepts()),
            (INTEGRATION, integration),
            ("responses", map([("200", response)], place)),
        ],
        place,
    )
}
