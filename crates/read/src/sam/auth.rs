//! `Auth` of an API and of its events: security schemes, what each method requires, the resource policy.

use super::api::{ANY, INTEGRATION};
use super::make::{Put as _, is_function, list, map, sub_with, text};
use crate::document::trouble;
use model::{Kind, Node, Place, Trouble};

/// Members of a path that are no methods (OpenAPI "Path Item Object").
const NO_METHODS: [&str; 4] = ["summary", "description", "parameters", "servers"];
/// Markers that an event's `Auth` leaves on a method: no authorizer, no API key.
const NO_AUTHORIZER: &str = "NONE";
const NO_KEY: &str = "api_key_false";

/// Applies the API's `Auth` to every method of its body.
pub(super) fn apply(body: &mut Node, p: &Node) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let Some(auth) = p.get("Auth") else {
        each_method(body, &mut |_, method| unmark(method));
        return troubles;
    };
    let default = auth.get("DefaultAuthorizer").and_then(Node::scalar);
    if let Some(unresolved) = auth.get("DefaultAuthorizer").filter(|default| default.scalar().is_none()) {
        troubles.push(trouble("the default authorizer is not known", unresolved.place.clone(), "write its name as text"));
    }
    let authorizers = auth.get("Authorizers").map(Node::members).unwrap_or_default();
    let mut names: Vec<String> = authorizers.iter().map(|authorizer| authorizer.key.clone()).collect();
    for authorizer in authorizers {
        let scheme = scheme(&authorizer.value, &authorizer.key_place);
        body.entry("securityDefinitions").put(&authorizer.key, scheme);
    }
    names.push("AWS_IAM".to_owned());
    let flag = |key: &str| auth.get(key).and_then(Node::bool).unwrap_or(true);
    if let Some(default) = &default {
        let place = auth.get("DefaultAuthorizer").map_or_else(|| auth.place.clone(), |node| node.place.clone());
        let scopes = authorizers.iter().find(|a| &a.key == default).and_then(|a| a.value.get("AuthorizationScopes")).cloned();
        let required = map([(default, scopes.unwrap_or_else(|| list(Vec::new(), &place)))], &place);
        let preflight = flag("AddDefaultAuthorizerToCorsPreflight");
        each_method(body, &mut |name, method| {
            if method.get(INTEGRATION).is_some() && (preflight || name != "options") {
                default_authorizer(method, &names, &required);
            }
        });
    }
    if auth.get("ApiKeyRequired").and_then(Node::bool) == Some(true) {
        let place = auth.get("ApiKeyRequired").map_or_else(|| auth.place.clone(), |node| node.place.clone());
        let preflight = flag("AddApiKeyRequiredToCorsPreflight");
        each_method(body, &mut |name, method| {
            if method.get(INTEGRATION).is_none() || requires(method, NO_KEY) {
                return;
            }
            // The key comes behind the authorizer, and once.
            if requires(method, "api_key")
                && let Some(entries) = method.items_mut("security")
            {
                entries.retain(|entry| entry.get("api_key").is_none());
            }
            if preflight || name != "options" {
                require(method, map([("api_key", list(Vec::new(), &place))], &place));
            }
        });
    }
    each_method(body, &mut |_, method| unmark(method));
    built_in_schemes(body, &auth.place);
    if let Some(policy) = auth.get("ResourcePolicy") {
        troubles.extend(resource_policy(body, policy, p));
    }
    troubles
}

/// What an event's own `Auth` requires of its method.
pub(super) fn of_event(method: &mut Node, event: &Node, p: &Node) {
    let Some(auth) = event.get("Auth") else { return };
    if let Some(name) = auth.get("Authorizer") {
        let key = name.scalar().unwrap_or_default();
        let declared = p.at(&["Auth", "Authorizers", &key]);
        let scopes = auth.get("AuthorizationScopes").or_else(|| declared?.get("AuthorizationScopes")).cloned();
        require(method, map([(&key, scopes.unwrap_or_else(|| list(Vec::new(), &name.place)))], &name.place));
    }
    if let Some(required) = auth.get("ApiKeyRequired") {
        let key = if required.bool() == Some(false) { NO_KEY } else { "api_key" };
        require(method, map([(key, list(Vec::new(), &required.place))], &required.place));
    }
}

/// The role that API Gateway assumes for a method under `AWS_IAM`: the caller's own by default.
pub(super) fn caller_credentials(event: &Node, p: &Node, place: &Place) -> Option<Node> {
    let is_iam = |node: Option<&Node>| node.and_then(Node::str) == Some("AWS_IAM");
    let own = event.get("Auth").filter(|auth| !auth.members().is_empty());
    if !(is_iam(own.and_then(|auth| auth.get("Authorizer"))) || own.is_none() && is_iam(p.at(&["Auth", "DefaultAuthorizer"]))) {
        return None;
    }
    let role = own.and_then(|auth| auth.get("InvokeRole")).or_else(|| p.at(&["Auth", "InvokeRole"]));
    match role {
        Some(role) if matches!(role.kind, Kind::Null) || role.str() == Some("NONE") => None,
        Some(role) if role.str() != Some("CALLER_CREDENTIALS") => Some(role.clone()),
        _ => Some(text("arn:aws:iam::*:user/*", place)),
    }
}

/// OpenAPI 3 keeps schemes and models under `components`, and the headers of an answer have a schema.
pub(super) fn as_openapi_3(body: &mut Node, p: &Node) {
    let version = p.get("OpenApiVersion").or_else(|| body.get("openapi")).and_then(Node::scalar);
    if body.get("swagger").is_some() || !version.is_some_and(|version| version.starts_with('3')) {
        return;
    }
    for (from, to) in [("securityDefinitions", "securitySchemes"), ("definitions", "schemas")] {
        if let Some(moved) = body.take(from) {
            let known = body.entry("components").entry(to);
            for member in moved.members() {
                known.put(&member.key, member.value.clone());
            }
        }
    }
    each_method(body, &mut |name, method| {
        if name != "options" {
            return;
        }
        method.take("produces");
        method.take("consumes");
        let has_headers = method.at(&["responses", "200", "headers"]).is_some_and(|headers| !headers.members().is_empty());
        if has_headers && let Kind::Map(headers) = &mut method.entry("responses").entry("200").entry("headers").kind {
            for header in headers {
                let place = header.value.place.clone();
                header.value = map([("schema", header.value.clone())], &place);
            }
        }
    });
}

/// Calls `f` for every method, also within `Fn::If`.
pub(super) fn each_method(body: &mut Node, f: &mut dyn FnMut(&str, &mut Node)) {
    let Kind::Map(paths) = &mut body.entry("paths").kind else { return };
    for path in paths {
        contents(&mut path.value, &mut |item| {
            let Kind::Map(methods) = &mut item.kind else { return };
            for method in methods.iter_mut().filter(|method| !NO_METHODS.contains(&method.key.as_str())) {
                let name = method.key.clone();
                contents(&mut method.value, &mut |definition| f(&name, definition));
            }
        });
    }
}

/// A value, or the branches of the `Fn::If` that it is.
pub(super) fn contents(node: &mut Node, f: &mut dyn FnMut(&mut Node)) {
    if node.get("Fn::If").is_none() {
        if !is_function(node) && matches!(node.kind, Kind::Map(_)) {
            f(node);
        }
        return;
    }
    if let Kind::List(branches) = &mut node.entry_any("Fn::If").kind {
        branches.iter_mut().skip(1).for_each(|branch| contents(branch, f));
    }
}

trait EntryAny {
    fn entry_any(&mut self, key: &str) -> &mut Node;
}

impl EntryAny for Node {
    /// The member as it is, or the node itself when there is none.
    fn entry_any(&mut self, key: &str) -> &mut Node {
        let at = self.members().iter().rposition(|member| member.key == key);
        match (&mut self.kind, at) {
            (Kind::Map(members), Some(at)) => &mut members[at].value,
            _ => unreachable!("asked only for members that are there"),
        }
    }
}

fn requires(method: &Node, name: &str) -> bool {
    method.get("security").map(Node::items).unwrap_or_default().iter().any(|entry| entry.get(name).is_some())
}

fn require(method: &mut Node, entry: Node) {
    if let Some(entries) = method.items_mut("security") {
        entries.push(entry);
    }
}

fn default_authorizer(method: &mut Node, names: &[String], required: &Node) {
    let entries = method.get("security").map(Node::items).unwrap_or_default();
    let has_own = entries.iter().any(|entry| names.iter().any(|name| entry.get(name).is_some()));
    if !requires(method, NO_AUTHORIZER) && !has_own {
        require(method, required.clone());
    }
}

/// Takes the markers away.
fn unmark(method: &mut Node) {
    if !requires(method, NO_AUTHORIZER) && !requires(method, NO_KEY) {
        return;
    }
    if let Some(entries) = method.items_mut("security") {
        entries.retain(|entry| entry.get(NO_AUTHORIZER).is_none() && entry.get(NO_KEY).is_none());
    }
}

/// Schemes of API Gateway itself, where a method uses them.
fn built_in_schemes(body: &mut Node, place: &Place) {
    let (mut iam, mut key) = (false, false);
    each_method(body, &mut |_, method| {
        iam |= requires(method, "AWS_IAM");
        key |= requires(method, "api_key");
    });
    let scheme = |name: &str| map([("type", text("apiKey", place)), ("name", text(name, place)), ("in", text("header", place))], place);
    if key {
        body.entry("securityDefinitions").put("api_key", scheme("x-api-key"));
    }
    if iam {
        let mut node = scheme("Authorization");
        node.put("x-amazon-apigateway-authtype", text("awsSigv4", place));
        body.entry("securityDefinitions").put("AWS_IAM", node);
    }
}

/// An authorizer as a security scheme (API Gateway, "x-amazon-apigateway-authorizer object").
fn scheme(p: &Node, place: &Place) -> Node {
    let identity = p.get("Identity");
    let is_request = p.get("FunctionPayloadType").and_then(Node::str) == Some("REQUEST");
    let mut authorizer = map([], place);
    let kind = if let Some(pool) = p.get("UserPoolArn") {
        authorizer.put("type", text("cognito_user_pools", place));
        authorizer.put("providerARNs", list(pool.one_or_many().to_vec(), place));
        "cognito_user_pools"
    } else {
        authorizer.put("type", text(if is_request { "request" } else { "token" }, place));
        let template = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations";
        let function = p.get("FunctionArn").cloned().unwrap_or_else(|| text("", place));
        authorizer.put("authorizerUri", sub_with(template, [("__FunctionArn__", function)], place));
        authorizer.put_some("authorizerResultTtlInSeconds", identity.and_then(|i| i.get("ReauthorizeEvery")).cloned());
        authorizer.put_some("authorizerCredentials", p.get("FunctionInvokeRole").filter(|role| role.str() != Some("NONE")).cloned());
        "custom"
    };
    if is_request && kind == "custom" {
        let mut sources = Vec::new();
        for (key, prefix) in [
            ("Headers", "method.request.header."),
            ("QueryStrings", "method.request.querystring."),
            ("StageVariables", "stageVariables."),
            ("Context", "context."),
        ] {
            let names = identity.and_then(|identity| identity.get(key)).map(Node::items).unwrap_or_default();
            sources.extend(names.iter().filter_map(Node::scalar).map(|name| format!("{prefix}{name}")));
        }
        if !sources.is_empty() {
            authorizer.put("identitySource", text(sources.join(", "), place));
        }
    } else {
        authorizer.put_some("identityValidationExpression", identity.and_then(|i| i.get("ValidationExpression")).cloned());
    }
    let header = match identity.and_then(|identity| identity.get("Header")) {
        _ if is_request && kind == "custom" => text("Unused", place),
        Some(header) => header.clone(),
        None => text("Authorization", place),
    };
    map(
        [
            ("type", text("apiKey", place)),
            ("name", header),
            ("in", text("header", place)),
            ("x-amazon-apigateway-authtype", text(kind, place)),
            ("x-amazon-apigateway-authorizer", authorizer),
        ],
        place,
    )
}

/// `ResourcePolicy`: statements written out, and lists of addresses and accounts for every method.
fn resource_policy(body: &mut Node, policy: &Node, p: &Node) -> Vec<Trouble> {
    let place = &policy.place;
    let mut troubles = Vec::new();
    let resources = list(method_arns(body, p, place), place);
    let statement = |effect: &str, principal: Node| {
        map(
            [
                ("Effect", text(effect, place)),
                ("Action", text("execute-api:Invoke", place)),
                ("Resource", resources.clone()),
                ("Principal", principal),
            ],
            place,
        )
    };
    let mut statements = Vec::new();
    for setting in policy.members() {
        let values = list(setting.value.one_or_many().to_vec(), &setting.value.place);
        match setting.key.as_str() {
            "CustomStatements" => statements.extend(setting.value.one_or_many().to_vec()),
            "AwsAccountWhitelist" => statements.push(statement("Allow", map([("AWS", values)], place))),
            "AwsAccountBlacklist" => statements.push(statement("Deny", map([("AWS", values)], place))),
            "IpRangeWhitelist" | "IpRangeBlacklist" => {
                let operator = if setting.key == "IpRangeWhitelist" { "NotIpAddress" } else { "IpAddress" };
                statements.push(statement("Allow", text("*", place)));
                let mut deny = statement("Deny", text("*", place));
                deny.put("Condition", map([(operator, map([("aws:SourceIp", values)], place))], place));
                statements.push(deny);
            }
            "SourceVpcWhitelist"
            | "SourceVpcBlacklist"
            | "IntrinsicVpcWhitelist"
            | "IntrinsicVpcBlacklist"
            | "IntrinsicVpceWhitelist"
            | "IntrinsicVpceBlacklist" => {
                statements.push(statement("Allow", text("*", place)));
                statements.push(vpc_statement(&setting.key, &setting.value, statement("Deny", text("*", place)), place));
            }
            other => {
                let says = format!("ResourcePolicy.{other} is not understood: the API's resource policy is not assessed");
                troubles.push(trouble(says, setting.key_place.clone(), "write it as CustomStatements"));
            }
        }
    }
    if !statements.is_empty() {
        body.put(
            "x-amazon-apigateway-policy",
            map([("Version", text("2012-10-17", place)), ("Statement", list(statements, place))], place),
        );
    }
    troubles
}

/// A denial for callers from (or not from) VPCs and VPC endpoints.
fn vpc_statement(setting: &str, value: &Node, mut deny: Node, place: &Place) -> Node {
    let operator = if setting.ends_with("Whitelist") { "StringNotEquals" } else { "StringEquals" };
    let (mut vpcs, mut endpoints) = (Vec::new(), Vec::new());
    for item in value.one_or_many() {
        let is_endpoint = setting.starts_with("IntrinsicVpce") || item.str().is_some_and(|id| id.starts_with("vpce-"));
        if is_endpoint { endpoints.push(item.clone()) } else { vpcs.push(item.clone()) }
    }
    let mut keys = map([], place);
    if !vpcs.is_empty() {
        keys.put("aws:SourceVpc", list(vpcs, place));
    }
    if !endpoints.is_empty() {
        keys.put("aws:SourceVpce", list(endpoints, place));
    }
    deny.put("Condition", map([(operator, keys)], place));
    deny
}

/// `execute-api:/stage/METHOD/path` of every method.
fn method_arns(body: &Node, p: &Node, place: &Place) -> Vec<Node> {
    let stage = p.get("StageName").cloned().unwrap_or_else(|| text("*", place));
    let mut arns = Vec::new();
    for path in body.get("paths").map(Node::members).unwrap_or_default() {
        for method in path.value.members().iter().filter(|method| !NO_METHODS.contains(&method.key.as_str())) {
            let verb = if method.key == ANY || method.key.eq_ignore_ascii_case("any") { "*".to_owned() } else { method.key.to_uppercase() };
            arns.push(sub_with(
                format!("execute-api:/${{__Stage__}}/{verb}{}", super::events::in_arn(&path.key)),
                [("__Stage__", stage.clone())],
                place,
            ));
        }
    }
    arns
}
