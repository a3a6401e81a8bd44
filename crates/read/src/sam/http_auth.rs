//! `Auth` of an HTTP API and of its events (AWS SAM Developer Guide, "HttpApiAuth"; API Gateway Developer Guide,
//! "x-amazon-apigateway-authorizer" for HTTP APIs).

use super::api_events::requirement;
use super::body::{contents, each_integrated, each_method, normal_method, paths};
use super::make::{Put as _, given, is_list, is_map, is_no_value, list, map, set, sub_with, text};
use model::{Kind, Node, Place};

/// Brings `Auth` of the API into its body.
pub(super) fn apply(body: &mut Node, auth: &Node, partition: &str) {
    let authorizers = set(auth, "Authorizers").map(Node::members).unwrap_or_default();
    let mut schemes = map([], &auth.place);
    if is_true(auth.get("EnableIamAuthorizer")) {
        let place = &auth.place;
        let scheme = [
            ("type", text("apiKey", place)),
            ("name", text("Authorization", place)),
            ("in", text("header", place)),
            ("x-amazon-apigateway-authtype", text("awsSigv4", place)),
        ];
        schemes.put("AWS_IAM", map(scheme, place));
    }
    for authorizer in authorizers {
        schemes.put(&authorizer.key, scheme(&authorizer.value, partition, &authorizer.key_place));
    }
    if !schemes.members().is_empty() {
        let known = body.entry("components").entry("securitySchemes");
        schemes.members().iter().for_each(|scheme| known.put(&scheme.key, scheme.value.clone()));
    }
    let Some(default) = set(auth, "DefaultAuthorizer").filter(|name| !is_no_value(name)) else { return };
    let name = default.scalar().unwrap_or_default();
    let scopes = authorizers.iter().find(|a| a.key == name).and_then(|a| given(&a.value, "AuthorizationScopes"));
    let entry = requirement(&name, scopes.cloned(), &default.place);
    for path in paths(body) {
        each_method(body, &path, &mut |method, definition| {
            if method != "options" && set(definition, "security").is_none() {
                definition.put("security", list(vec![entry.clone()], &default.place));
            }
        });
    }
}

fn is_true(node: Option<&Node>) -> bool {
    matches!(node.map(|node| &node.kind), Some(Kind::Bool(true)))
}

/// What an event's own `Auth` requires of its route; gives what is wrong with it.
pub(super) fn of_event(body: &mut Node, path: &str, method: &str, own: &Node, api: Option<&Node>) -> Vec<String> {
    let fault = |says: &str| vec![format!("Auth on {method} {path}: {says}")];
    let default = api.and_then(|api| set(api, "DefaultAuthorizer"));
    let Some(authorizer) = set(own, "Authorizer").or(default) else {
        return fault("it wants an Authorizer, or the API a DefaultAuthorizer");
    };
    let Some(name) = authorizer.str() else { return fault("the authorizer must be named by text") };
    let authorizers = api.and_then(|api| set(api, "Authorizers"));
    let is_built_in = name == "AWS_IAM" && api.is_some_and(|api| is_true(api.get("EnableIamAuthorizer")));
    match authorizers {
        _ if name == "NONE" && default.is_none() => return fault("NONE wants a DefaultAuthorizer of the API"),
        _ if name == "NONE" || is_built_in => {}
        None => return fault("the API defines no Authorizers"),
        Some(authorizers) if !is_map(authorizers) || set(authorizers, name).is_none() => {
            return fault(&format!("the API defines no authorizer {name}"));
        }
        Some(_) => {}
    }
    let own_scopes = set(own, "AuthorizationScopes");
    if own_scopes.is_some_and(|scopes| !is_list(scopes)) {
        return fault("AuthorizationScopes must be a list");
    }
    let declared = authorizers.and_then(|authorizers| authorizers.get(name)).filter(|_| !matches!(name, "NONE" | "AWS_IAM"));
    let scopes = declared.and_then(|declared| own_scopes.or_else(|| set(declared, "AuthorizationScopes")));
    let entry = requirement(name, scopes.cloned(), &authorizer.place);
    each_integrated(body, path, method, &mut |definition| {
        if let Some(entries) = definition.items_mut("security") {
            entries.push(entry.clone());
        }
    });
    Vec::new()
}

/// An authorizer as a security scheme.
fn scheme(p: &Node, partition: &str, place: &Place) -> Node {
    let mut node = map([], place);
    if let Some(jwt) = set(p, "JwtConfiguration") {
        let mut lower = map([], place);
        jwt.members().iter().for_each(|member| lower.put(&member.key.to_lowercase(), member.value.clone()));
        node.put("jwtConfiguration", lower);
        node.put_some("identitySource", given(p, "IdentitySource").cloned());
        node.put("type", text("jwt", place));
        return map([("type", text("oauth2", place)), ("x-amazon-apigateway-authorizer", node)], place);
    }
    let arn = format!("arn:{partition}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{__FunctionArn__}}/invocations");
    let function = p.get("FunctionArn").cloned().unwrap_or_else(|| text("", place));
    node.put("type", text("request", place));
    node.put("authorizerUri", sub_with(arn, [("__FunctionArn__", function)], place));
    node.put_some("authorizerCredentials", set(p, "FunctionInvokeRole").filter(|role| role.str() != Some("NONE")).cloned());
    if let Some(identity) = set(p, "Identity") {
        node.put_some("authorizerResultTtlInSeconds", given(identity, "ReauthorizeEvery").cloned());
        let mut sources = Vec::new();
        for (key, prefix) in [
            ("Headers", "$request.header."),
            ("QueryStrings", "$request.querystring."),
            ("StageVariables", "$stageVariables."),
            ("Context", "$context."),
        ] {
            let names = identity.get(key).map(Node::items).unwrap_or_default();
            sources.extend(names.iter().filter_map(Node::scalar).map(|name| text(format!("{prefix}{name}"), place)));
        }
        node.put("identitySource", list(sources, place));
    }
    node.put_some("authorizerPayloadFormatVersion", given(p, "AuthorizerPayloadFormatVersion").cloned());
    node.put_some("enableSimpleResponses", set(p, "EnableSimpleResponses").cloned());
    let head = [("type", text("apiKey", place)), ("name", text("Unused", place)), ("in", text("header", place))];
    let mut scheme = map(head, place);
    scheme.put("x-amazon-apigateway-authorizer", node);
    scheme
}

/// What is wrong with `Auth` of an HTTP API.
pub(super) fn faults(auth: &Node, logical: &str) -> Vec<String> {
    let is_known = |key: &str| matches!(key, "Authorizers" | "DefaultAuthorizer" | "EnableIamAuthorizer");
    let unknown = auth.members().iter().filter(|member| !is_known(&member.key));
    let mut found: Vec<String> = unknown.map(|member| format!("{} is no member of Auth of {logical}", member.key)).collect();
    let authorizers = set(auth, "Authorizers");
    if authorizers.is_some_and(|authorizers| !is_map(authorizers)) {
        found.push(format!("Auth.Authorizers of {logical} must be a mapping"));
    }
    for authorizer in authorizers.map(Node::members).unwrap_or_default() {
        found.extend(authorizer_faults(&authorizer.value).into_iter().map(|says| format!("the authorizer {}: {says}", authorizer.key)));
    }
    if let Some(default) = set(auth, "DefaultAuthorizer").filter(|name| !is_no_value(name)) {
        let name = default.str().unwrap_or_default();
        let is_iam = name == "AWS_IAM" && is_true(auth.get("EnableIamAuthorizer"));
        if !is_iam && authorizers.is_none_or(|authorizers| authorizers.get(name).is_none()) {
            found.push(format!("the DefaultAuthorizer of {logical} is not among its Authorizers"));
        }
    }
    found
}

/// Methods that the default authorizer does not reach because of how they are spelt.
pub(super) fn method_faults(body: &Node, auth: &Node) -> Vec<String> {
    let mut found = Vec::new();
    if set(auth, "DefaultAuthorizer").is_none_or(is_no_value) {
        return found;
    }
    for path in body.get("paths").map(Node::members).unwrap_or_default() {
        for item in contents(&path.value) {
            for method in item.members() {
                let name = normal_method(&method.key);
                if !matches!(name.as_str(), "parameters" | "options") && item.get(&name).is_none() {
                    found.push(format!("the method {} of {} must be written as {name}", method.key, path.key));
                }
            }
        }
    }
    found
}

fn authorizer_faults(p: &Node) -> Vec<String> {
    const OF_JWT: [&str; 3] = ["AuthorizationScopes", "JwtConfiguration", "IdentitySource"];
    const OF_LAMBDA: [&str; 6] = [
        "FunctionArn",
        "FunctionInvokeRole",
        "Identity",
        "AuthorizerPayloadFormatVersion",
        "EnableSimpleResponses",
        "EnableFunctionDefaultPermissions",
    ];
    if !is_map(p) {
        return vec!["it must be a mapping".to_owned()];
    }
    let mut found = Vec::new();
    if p.get("OpenIdConnectUrl").is_some() {
        found.push("OpenIdConnectUrl is no longer supported".to_owned());
    }
    let jwt = set(p, "JwtConfiguration");
    let others: &[&str] = if jwt.is_some() { &OF_LAMBDA } else { &OF_JWT };
    found.extend(others.iter().filter(|key| given(p, key).is_some()).map(|key| format!("{key} is for the other kind of authorizer")));
    let wanted: &[&str] = if jwt.is_some() { &["IdentitySource"] } else { &["FunctionArn", "AuthorizerPayloadFormatVersion"] };
    found.extend(wanted.iter().filter(|key| set(p, key).is_none()).map(|key| format!("{key} is missing")));
    if jwt.is_some_and(|jwt| !is_map(jwt)) {
        found.push("JwtConfiguration must be a mapping".to_owned());
    }
    if given(p, "AuthorizationScopes").is_some_and(|scopes| !is_list(scopes)) {
        found.push("AuthorizationScopes must be a list".to_owned());
    }
    if given(p, "EnableFunctionDefaultPermissions").is_some_and(|flag| !matches!(flag.kind, Kind::Bool(_))) {
        found.push("EnableFunctionDefaultPermissions must be true or false".to_owned());
    }
    if let Some(identity) = set(p, "Identity") {
        let lists = ["Headers", "QueryStrings", "StageVariables", "Context"];
        let is_bad =
            |key: &&str| set(identity, key).is_some_and(|names| !is_list(names) || names.items().iter().any(|name| name.str().is_none()));
        if !is_map(identity) || lists.iter().any(is_bad) {
            found.push("Identity must be a mapping of lists of texts".to_owned());
        }
    }
    found
}
