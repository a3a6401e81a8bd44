//! `ResourcePolicy` of a REST API or of one of its events (AWS SAM Developer Guide, "ResourcePolicyStatement"): statements
//! written out, and lists of accounts, addresses and VPCs for every method of a path.

use super::api_events::in_arn;
use super::body::{ANY, contents};
use super::make::{Put as _, given, is_list, is_truthy, list, map, set, sub_with, text};
use model::Node;

const POLICY: &str = "x-amazon-apigateway-policy";

/// Adds what the policy says about one path; gives what is wrong with it.
pub(super) fn add(body: &mut Node, policy: &Node, path: &str, stage: &Node) -> Vec<String> {
    let place = &policy.place;
    let mut found = Vec::new();
    let resources = list(method_arns(body, path, stage), place);
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
    let many = |node: &Node| if is_list(node) { node.clone() } else { list(vec![node.clone()], place) };
    for (key, effect) in [("AwsAccountWhitelist", "Allow"), ("AwsAccountBlacklist", "Deny")] {
        if let Some(accounts) = set(policy, key) {
            push(body, statement(effect, map([("AWS", many(accounts))], place)), false);
        }
    }
    let everyone = || text("*", place);
    let deny = |body: &mut Node, condition: Node| {
        push(body, statement("Allow", everyone()), true);
        let mut denial = statement("Deny", everyone());
        denial.put("Condition", condition);
        push(body, denial, true);
    };
    for (key, operator) in [("IpRangeWhitelist", "NotIpAddress"), ("IpRangeBlacklist", "IpAddress")] {
        if let Some(ranges) = set(policy, key) {
            deny(body, map([(operator, map([("aws:SourceIp", many(ranges))], place))], place));
        }
    }
    for (side, operator) in [("Blacklist", "StringEquals"), ("Whitelist", "StringNotEquals")] {
        let named = given(policy, &format!("SourceVpc{side}"));
        if named.is_some_and(|named| !is_list(named) || named.items().iter().any(|id| id.str().is_none())) {
            found.push(format!("SourceVpc{side} must be a list of texts; for functions there is IntrinsicVpc{side}"));
            continue;
        }
        let starting = |prefix: &str| -> Vec<Node> {
            let ids = named.map(Node::items).unwrap_or_default();
            ids.iter().filter(|id| id.str().is_some_and(|id| id.starts_with(prefix))).cloned().collect()
        };
        let listed = |key: String| policy.get(&key).map(Node::items).unwrap_or_default().to_vec();
        let mut keys = map([], place);
        for (key, prefix, more) in [("aws:SourceVpc", "vpc-", "IntrinsicVpc"), ("aws:SourceVpce", "vpce-", "IntrinsicVpce")] {
            let ids: Vec<Node> = starting(prefix).into_iter().chain(listed(format!("{more}{side}"))).collect();
            if !ids.is_empty() {
                keys.put(key, list(ids, place));
            }
        }
        if is_truthy(&keys) {
            deny(body, map([(operator, keys)], place));
        }
    }
    body.entry(POLICY);
    found
}

/// Adds `CustomStatements`.
pub(super) fn add_statements(body: &mut Node, policy: &Node) {
    let Some(statements) = set(policy, "CustomStatements") else { return };
    if body.at(&[POLICY, "Statement"]).is_none() {
        let known = body.entry(POLICY);
        known.put("Version", text("2012-10-17", &policy.place));
        known.put("Statement", statements.clone());
        return;
    }
    for statement in statements.one_or_many() {
        push(body, statement.clone(), true);
    }
}

/// Adds a statement; `once` where the same must not stand there twice.
fn push(body: &mut Node, statement: Node, once: bool) {
    let place = statement.place.clone();
    let policy = body.entry(POLICY);
    policy.put("Version", text("2012-10-17", &place));
    let mut all = policy.get("Statement").map(Node::one_or_many).unwrap_or_default().to_vec();
    if !once || !all.iter().any(|known| known.json() == statement.json()) {
        all.push(statement);
    }
    policy.put("Statement", list(all, &place));
}

/// `execute-api:/stage/METHOD/path` of every method of a path.
fn method_arns(body: &Node, path: &str, stage: &Node) -> Vec<Node> {
    let Some(item) = body.get("paths").and_then(|paths| paths.get(path)) else { return Vec::new() };
    let methods = contents(item).into_iter().flat_map(Node::members);
    methods
        .map(|method| {
            let name = method.key.to_lowercase();
            let verb = if name == ANY || name == "any" { "*".to_owned() } else { method.key.to_uppercase() };
            let arn = format!("execute-api:/${{__Stage__}}/{verb}{}", in_arn(path, true));
            sub_with(arn, [("__Stage__", stage.clone())], &stage.place)
        })
        .collect()
}
