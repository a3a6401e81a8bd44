//! `Cors` of a REST API: an `OPTIONS` method with a mock integration for each path that has none (API Gateway Developer
//! Guide, "Enable CORS on a resource using the API Gateway import API").

use super::api::{ANY, INTEGRATION};
use super::auth::contents;
use super::make::{Put as _, is_function, list, map, text};
use model::{Kind, Node, Place};

/// Adds the methods.
pub(super) fn add(body: &mut Node, cors: &Node) {
    let place = cors.place.clone();
    let setting = |key: &str| if is_function(cors) { None } else { cors.get(key).cloned() };
    let origin = match cors.str() {
        _ if is_function(cors) => cors.clone(),
        Some(_) => cors.clone(),
        None => setting("AllowOrigin").unwrap_or_else(|| text("'*'", &place)),
    };
    let Kind::Map(paths) = &mut body.entry("paths").kind else { return };
    for path in paths {
        contents(&mut path.value, &mut |item| {
            if item.get("options").is_some() {
                return;
            }
            let methods = setting("AllowMethods").unwrap_or_else(|| text(format!("'{}'", allowed(item)), &place));
            let mut headers = vec![("Access-Control-Allow-Origin", origin.clone(), "string")];
            headers.extend(setting("AllowHeaders").map(|value| ("Access-Control-Allow-Headers", value, "string")));
            headers.push(("Access-Control-Allow-Methods", methods, "string"));
            headers.extend(setting("MaxAge").map(|value| ("Access-Control-Max-Age", value, "integer")));
            if setting("AllowCredentials").and_then(|value| value.bool()) == Some(true) {
                headers.push(("Access-Control-Allow-Credentials", text("'true'", &place), "string"));
            }
            item.put("options", options(&headers, &place));
        });
    }
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
