//! `Auth` of a REST API and of its events: security schemes and what each method requires (API Gateway Developer Guide,
//! "x-amazon-apigateway-authorizer object"; AWS SAM Developer Guide, "ApiAuth"). `NONE` and `api_key_false` stand in a
//! method's `security` as the transform leaves them there: they require nothing.

use super::api_events::requirement;
use super::body::{each_integrated, each_method, paths};
use super::make::{Put as _, given, is_function, is_list, is_map, list, map, set, sub_with, text};
use model::{Node, Place};

/// The role with which API Gateway calls a method under `AWS_IAM`: the caller's own by default.
pub(super) fn caller_credentials(event: &Node, api: &Node, partition: &str, place: &Place) -> Option<Node> {
    let is_iam = |auth: Option<&Node>, key: &str| auth.and_then(|auth| auth.get(key)).and_then(Node::str) == Some("AWS_IAM");
    let (own, of_api) = (set(event, "Auth"), set(api, "Auth"));
    if !(is_iam(own, "Authorizer") || own.is_none() && is_iam(of_api, "DefaultAuthorizer")) {
        return None;
    }
    let role = |auth: Option<&Node>| match auth.and_then(|auth| auth.get("InvokeRole")) {
        Some(role) if !super::make::is_truthy(role) => Some(text("NONE", place)),
        role => role.cloned(),
    };
    match role(own).or_else(|| role(of_api)) {
        Some(role) if role.str() == Some("NONE") => None,
        Some(role) if role.str() != Some("CALLER_CREDENTIALS") => Some(role),
        _ => Some(text(format!("arn:{partition}:iam::*:user/*"), place)),
    }
}

/// What is wrong with an event's `Auth`.
pub(super) fn event_faults(own: &Node, api: Option<&Node>, method: &str, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fault = |says: String| found.push(format!("Auth on {method} {path}: {says}"));
    let authorizers = api.and_then(|api| set(api, "Authorizers"));
    if let Some(authorizer) = set(own, "Authorizer").filter(|authorizer| authorizer.str() != Some("AWS_IAM")) {
        match (authorizer.str(), authorizers) {
            (Some("NONE"), _) if api.and_then(|api| set(api, "DefaultAuthorizer")).is_none() => {
                fault("NONE wants a DefaultAuthorizer of the API".to_owned());
            }
            (Some("NONE"), _) => {}
            (_, None) => fault("the API defines no Authorizers".to_owned()),
            (Some(name), Some(authorizers)) if set(authorizers, name).is_none() => fault(format!("the API defines no authorizer {name}")),
            (None, _) => fault("the authorizer must be named by text".to_owned()),
            _ => {}
        }
    }
    if let Some(scopes) = set(own, "AuthorizationScopes") {
        if !is_list(scopes) {
            fault("AuthorizationScopes must be a list".to_owned());
        }
        if set(own, "Authorizer").is_none() {
            fault("AuthorizationScopes wants an Authorizer".to_owned());
        }
    }
    let is_off = given(own, "ApiKeyRequired").is_some() && set(own, "ApiKeyRequired").is_none();
    if is_off && api.and_then(|api| set(api, "ApiKeyRequired")).is_none() {
        fault("ApiKeyRequired: false wants ApiKeyRequired of the API".to_owned());
    }
    if set(own, "ResourcePolicy").is_some_and(|policy| !is_map(policy)) {
        fault("ResourcePolicy must be a mapping".to_owned());
    }
    found
}

/// What an event's own `Auth` requires of its method.
pub(super) fn of_event(body: &mut Node, path: &str, method: &str, own: &Node, api: Option<&Node>) {
    if let Some(authorizer) = set(own, "Authorizer") {
        let name = authorizer.scalar().unwrap_or_default();
        let declared = api.and_then(|api| api.at(&["Authorizers", &name])).filter(|_| name != "NONE");
        let scopes = given(own, "AuthorizationScopes").or_else(|| given(declared?, "AuthorizationScopes"));
        let entry = requirement(&name, scopes.filter(|_| declared.is_some()).cloned(), &authorizer.place);
        let mut is_iam = false;
        each_integrated(body, path, method, &mut |definition| {
            require(definition, entry.clone());
            is_iam |= first_is_iam(definition);
        });
        if is_iam {
            iam_scheme(body, &authorizer.place);
        }
    }
    if let Some(required) = given(own, "ApiKeyRequired") {
        let key = if set(own, "ApiKeyRequired").is_some() { "api_key" } else { "api_key_false" };
        each_integrated(body, path, method, &mut |definition| require(definition, requirement(key, None, &required.place)));
        if key == "api_key" {
            key_scheme(body, &required.place);
        }
    }
}

/// Brings `Auth` of the API into its body, without the resource policy.
pub(super) fn apply(body: &mut Node, auth: &Node, partition: &str) {
    let default = set(auth, "DefaultAuthorizer").and_then(Node::str);
    let authorizers = set(auth, "Authorizers").map(Node::members).unwrap_or_default();
    let flag = |key: &str| auth.get(key).is_none_or(super::make::is_truthy);
    if default == Some("AWS_IAM") {
        let scheme = iam(&auth.place);
        body.entry("securityDefinitions").put("AWS_IAM", scheme);
    }
    for authorizer in authorizers {
        let scheme = scheme(&authorizer.value, partition, &authorizer.key_place);
        body.entry("securityDefinitions").put(&authorizer.key, scheme);
    }
    if let Some(name) = default.filter(|name| *name == "AWS_IAM" || !authorizers.is_empty()) {
        let place = auth.get("DefaultAuthorizer").map_or(&auth.place, |node| &node.place);
        let scopes = authorizers.iter().find(|a| a.key == name).and_then(|a| given(&a.value, "AuthorizationScopes"));
        let entry = requirement(name, scopes.cloned(), place);
        let names: Vec<&str> = std::iter::once("AWS_IAM").chain(authorizers.iter().map(|a| a.key.as_str())).collect();
        default_authorizer(body, &names, &entry, flag("AddDefaultAuthorizerToCorsPreflight"));
    }
    if let Some(required) = set(auth, "ApiKeyRequired") {
        key_scheme(body, &required.place);
        default_key(body, flag("AddApiKeyRequiredToCorsPreflight"), &required.place);
    }
}

/// The default authorizer for each method that has no other and does not say `NONE`.
fn default_authorizer(body: &mut Node, names: &[&str], default: &Node, preflight: bool) {
    let mut is_iam = false;
    for path in paths(body) {
        each_method(body, &path, &mut |name, definition| {
            if name == "options" && !preflight {
                return;
            }
            let existing = definition.get("security").map(Node::items).unwrap_or_default().to_vec();
            let (own, mut others): (Vec<Node>, Vec<Node>) =
                existing.into_iter().partition(|entry| names.iter().any(|name| entry.get(name).is_some()));
            match others.iter().position(|entry| entry.get("NONE").is_some()) {
                Some(at) => {
                    others.remove(at);
                }
                None if own.is_empty() => others.push(default.clone()),
                None => others.extend(own),
            }
            if !others.is_empty() {
                definition.put("security", list(others, &default.place));
                is_iam |= first_is_iam(definition);
            }
        });
    }
    if is_iam {
        iam_scheme(body, &default.place);
    }
}

/// The API key for each method that does not say otherwise; it stands behind the authorizer, once.
fn default_key(body: &mut Node, preflight: bool, place: &Place) {
    for path in paths(body) {
        each_method(body, &path, &mut |name, definition| {
            let existing = definition.get("security").map(Node::items).unwrap_or_default().to_vec();
            let is_key = |entry: &Node| entry.get("api_key").is_some() || entry.get("api_key_false").is_some();
            let is_off = existing.iter().any(|entry| entry.get("api_key_false").is_some());
            let mut wanted: Vec<Node> = existing.iter().filter(|entry| !is_key(entry)).cloned().collect();
            if !is_off && (name != "options" || preflight) {
                wanted.push(requirement("api_key", None, place));
            }
            if wanted != existing {
                definition.put("security", list(wanted, place));
            }
        });
    }
}

fn require(definition: &mut Node, entry: Node) {
    if let Some(entries) = definition.items_mut("security") {
        entries.push(entry);
    }
}

fn first_is_iam(definition: &Node) -> bool {
    definition.get("security").and_then(|entries| entries.items().first()).is_some_and(|first| first.get("AWS_IAM").is_some())
}

fn iam(place: &Place) -> Node {
    map(
        [
            ("type", text("apiKey", place)),
            ("name", text("Authorization", place)),
            ("in", text("header", place)),
            ("x-amazon-apigateway-authtype", text("awsSigv4", place)),
        ],
        place,
    )
}

fn iam_scheme(body: &mut Node, place: &Place) {
    let known = body.entry("securityDefinitions");
    if known.get("AWS_IAM").is_none() {
        known.put("AWS_IAM", iam(place));
    }
}

fn key_scheme(body: &mut Node, place: &Place) {
    let known = body.entry("securityDefinitions");
    if known.get("api_key").is_none() {
        let scheme = [("type", text("apiKey", place)), ("name", text("x-api-key", place)), ("in", text("header", place))];
        known.put("api_key", map(scheme, place));
    }
}

/// An authorizer as a security scheme.
fn scheme(p: &Node, partition: &str, place: &Place) -> Node {
    let identity = set(p, "Identity");
    let is_request = p.get("FunctionPayloadType").and_then(Node::str) == Some("REQUEST");
    let pool = set(p, "UserPoolArn");
    let mut authorizer = map([], place);
    match pool {
        Some(pool) => {
            authorizer.put("type", text("cognito_user_pools", place));
            authorizer.put("providerARNs", if is_list(pool) { pool.clone() } else { list(vec![pool.clone()], place) });
        }
        None => {
            authorizer.put("type", text(if is_request { "request" } else { "token" }, place));
            let arn =
                format!("arn:{partition}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{__FunctionArn__}}/invocations");
            let function = p.get("FunctionArn").cloned().unwrap_or_else(|| Node::new(model::Kind::Null, place.clone()));
            authorizer.put("authorizerUri", sub_with(arn, [("__FunctionArn__", function)], place));
            authorizer.put_some("authorizerResultTtlInSeconds", identity.and_then(|i| given(i, "ReauthorizeEvery")).cloned());
            authorizer.put_some("authorizerCredentials", set(p, "FunctionInvokeRole").filter(|role| role.str() != Some("NONE")).cloned());
            if is_request {
                let sources = sources(identity);
                if !sources.is_empty() {
                    authorizer.put("identitySource", text(sources.join(", "), place));
                }
            }
        }
    }
    if pool.is_some() || !is_request {
        authorizer.put_some("identityValidationExpression", identity.and_then(|i| set(i, "ValidationExpression")).cloned());
    }
    let header = match identity.and_then(|identity| set(identity, "Header")) {
        _ if is_request && pool.is_none() => text("Unused", place),
        Some(header) => header.clone(),
        None => text("Authorization", place),
    };
    map(
        [
            ("type", text("apiKey", place)),
            ("name", header),
            ("in", text("header", place)),
            ("x-amazon-apigateway-authtype", text(if pool.is_some() { "cognito_user_pools" } else { "custom" }, place)),
            ("x-amazon-apigateway-authorizer", authorizer),
        ],
        place,
    )
}

fn sources(identity: Option<&Node>) -> Vec<String> {
    const PREFIXES: [(&str, &str); 4] = [
        ("Headers", "method.request.header."),
        ("QueryStrings", "method.request.querystring."),
        ("StageVariables", "stageVariables."),
        ("Context", "context."),
    ];
    let of = |(key, prefix): (&str, &'static str)| {
        let names = identity.and_then(|identity| identity.get(key)).map(Node::items).unwrap_or_default();
        names.iter().filter_map(Node::scalar).map(move |name| format!("{prefix}{name}")).collect::<Vec<_>>()
    };
    PREFIXES.into_iter().flat_map(of).collect()
}

/// What is wrong with `Auth` of an API.
pub(super) fn faults(auth: &Node, logical: &str) -> Vec<String> {
    const KNOWN: [&str; 8] = [
        "Authorizers",
        "DefaultAuthorizer",
        "InvokeRole",
        "AddDefaultAuthorizerToCorsPreflight",
        "AddApiKeyRequiredToCorsPreflight",
        "ApiKeyRequired",
        "ResourcePolicy",
        "UsagePlan",
    ];
    let mut found: Vec<String> = auth
        .members()
        .iter()
        .filter(|member| !KNOWN.contains(&member.key.as_str()))
        .map(|member| format!("{} is no member of Auth of {logical}", member.key))
        .collect();
    let authorizers = set(auth, "Authorizers");
    if authorizers.is_some_and(|authorizers| !is_map(authorizers)) {
        found.push(format!("Auth.Authorizers of {logical} must be a mapping"));
    }
    for authorizer in authorizers.map(Node::members).unwrap_or_default() {
        found.extend(authorizer_faults(&authorizer.value).into_iter().map(|says| format!("the authorizer {}: {says}", authorizer.key)));
    }
    match set(auth, "DefaultAuthorizer") {
        Some(name) if name.str().is_none() => found.push(format!("DefaultAuthorizer of {logical} must be a text")),
        Some(name) if name.str() != Some("AWS_IAM") => {
            let is_known = authorizers.is_some_and(|authorizers| authorizers.get(name.str().unwrap_or_default()).is_some());
            if authorizers.is_some() && !is_known {
                found.push(format!("the DefaultAuthorizer of {logical} is not among its Authorizers"));
            }
        }
        _ => {}
    }
    if set(auth, "ResourcePolicy").is_some_and(|policy| !is_map(policy)) {
        found.push(format!("ResourcePolicy of {logical} must be a mapping"));
    }
    found
}

fn authorizer_faults(p: &Node) -> Vec<String> {
    let mut found = Vec::new();
    if !is_map(p) {
        return vec!["it must be a mapping".to_owned()];
    }
    let kind = given(p, "FunctionPayloadType");
    if kind.is_some_and(|kind| !matches!(kind.str(), Some("TOKEN" | "REQUEST"))) {
        found.push("FunctionPayloadType must be TOKEN or REQUEST".to_owned());
    }
    let identity = set(p, "Identity");
    if identity.is_some_and(|identity| !is_map(identity)) {
        found.push("Identity must be a mapping".to_owned());
    }
    const SOURCES: [&str; 4] = ["Headers", "QueryStrings", "StageVariables", "Context"];
    if kind.and_then(Node::str) == Some("REQUEST") {
        let has_source = SOURCES.iter().any(|key| identity.and_then(|identity| set(identity, key)).is_some());
        let never_cached =
            identity.and_then(|identity| given(identity, "ReauthorizeEvery")).and_then(Node::integer).is_some_and(|ttl| ttl <= 0);
        if !has_source && !never_cached {
            found.push("Identity wants one of Headers, QueryStrings, StageVariables or Context".to_owned());
        }
        for key in SOURCES {
            let Some(names) = identity.and_then(|identity| set(identity, key)) else { continue };
            if !is_list(names) || names.items().iter().any(|name| name.str().is_none()) {
                found.push(format!("Identity.{key} must be a list of texts"));
            }
        }
    }
    if given(p, "AuthorizationScopes").is_some_and(|scopes| !is_list(scopes)) {
        found.push("AuthorizationScopes must be a list".to_owned());
    }
    if given(p, "DisableFunctionDefaultPermissions").is_some_and(|flag| !matches!(flag.kind, model::Kind::Bool(_))) {
        found.push("DisableFunctionDefaultPermissions must be true or false".to_owned());
    }
    found
}

/// What is wrong with the `security` of a body that the template gives, where SAM has to add to it.
pub(super) fn security_faults(body: &Node, auth: &Node) -> Vec<String> {
    let mut found = Vec::new();
    if body.get("securityDefinitions").is_some_and(|schemes| !is_map(schemes) && super::make::is_truthy(schemes)) {
        found.push("securityDefinitions must be a mapping".to_owned());
    }
    if set(auth, "DefaultAuthorizer").is_none() && set(auth, "ApiKeyRequired").is_none() {
        return found;
    }
    let mut copy = body.clone();
    for path in paths(body) {
        each_method(&mut copy, &path, &mut |name, definition| {
            let Some(security) = definition.get("security") else { return };
            if !is_list(security) || security.items().iter().any(|entry| !is_map(entry) || is_function(entry)) {
                found.push(format!("security of {name} {path} must be a list of mappings"));
            }
        });
    }
    found
}
