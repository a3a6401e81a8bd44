//! AWS WAF Classic, regional: `AWS::WAFRegional::*` resources of an application, mapped onto the WAFv2 rule language.
//!
//! "Migrating a web ACL from AWS WAF Classic to AWS WAF" and the CloudFormation reference: a rule is the AND of its
//! predicates, a condition (match set) the OR of its tuples, a negated predicate its NOT; a web ACL has one default action
//! and rules by priority. Classic inspects the first 8,192 bytes of a body.

use crate::transform::Transformation;
use crate::wafv2::Pattern;
use crate::wafv2::ast::{
    Action, Comparison, Field, Inspect, IpSet, Oversize, Position, RateBased, RateKeys, Rule, RuleAction, Statement, Visibility, WebAcl,
};
use model::{App, Node, Place, Resource, Trouble};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

type Read<T> = Result<T, Trouble>;

/// What is inspected of a body.
const BODY_LIMIT: usize = 8192;

fn fault(place: &Place, says: impl Into<String>, help: &str) -> Trouble {
    Trouble { says: says.into(), place: place.clone(), help: help.into() }
}

fn need<'n>(node: &'n Node, key: &str) -> Read<&'n Node> {
    node.get(key).ok_or_else(|| fault(&node.place, format!("has no {key}"), "add it"))
}

fn text(node: &Node, key: &str) -> Read<String> {
    let value = need(node, key)?;
    value.scalar().ok_or_else(|| fault(&value.place, format!("{key} is not known"), "give the value"))
}

fn one_of<T: Copy>(node: &Node, key: &str, names: &[(&str, T)]) -> Read<T> {
    let name = text(node, key)?;
    let found = names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    found.ok_or_else(|| fault(&node.place, format!("{key} {name} is unknown"), "use one of AWS WAF Classic's names"))
}

/// An `AWS::WAFRegional::WebACL` as a web ACL.
///
/// # Errors
/// Everything in it or behind it that is not known, with its place.
pub fn from_cloudformation(app: &App, resource: &Resource) -> Result<WebAcl, Vec<Trouble>> {
    let properties = &resource.properties;
    let mut troubles = Vec::new();
    let mut rules = Vec::new();
    for node in properties.get("Rules").map_or(&[][..], Node::items) {
        match activated(app, node) {
            Ok(rule) => rules.push(rule),
            Err(trouble) => troubles.push(trouble),
        }
    }
    let default_action = need(properties, "DefaultAction").and_then(action).map_err(|trouble| troubles.push(trouble)).ok();
    let Some(default_action) = default_action.filter(|_| troubles.is_empty()) else { return Err(troubles) };
    rules.sort_by_key(|rule| rule.priority);
    let name = properties.get("Name").and_then(Node::scalar).unwrap_or_else(|| resource.id.logical.to_string());
    let limits = [crate::wafv2::ResourceType::ApiGateway].map(|kind| (kind, BODY_LIMIT));
    Ok(WebAcl {
        arn: format!("arn:aws:waf-regional:{}:{}:webacl/{}", app.region, app.account, resource.physical_id),
        label_prefix: format!("awswaf:{}:webacl:{name}:", app.account),
        visibility: Visibility {
            sampled: true,
            metrics: true,
            metric: properties.get("MetricName").and_then(Node::scalar).unwrap_or_default(),
        },
        bodies: BTreeMap::new(),
        captcha_immunity: 300,
        challenge_immunity: 300,
        body_limits: limits.into_iter().collect(),
        place: resource.place.clone(),
        default_action,
        rules,
        name,
    })
}

fn action(node: &Node) -> Read<Action> {
    #[derive(Clone, Copy)]
    enum Kind {
        Allow,
        Block,
        Count,
    }
    Ok(match one_of(node, "Type", &[("ALLOW", Kind::Allow), ("BLOCK", Kind::Block), ("COUNT", Kind::Count)])? {
        Kind::Allow => Action::Allow(Vec::new()),
        Kind::Block => Action::Block(None),
        Kind::Count => Action::Count(Vec::new()),
    })
}

/// One of a web ACL's rules.
fn activated(app: &App, node: &Node) -> Read<Rule> {
    let id = text(node, "RuleId")?;
    let plain = app.by_physical("AWS::WAFRegional::Rule", &id);
    let rated = app.by_physical("AWS::WAFRegional::RateBasedRule", &id);
    let rule = plain.or(rated).ok_or_else(|| fault(&node.place, format!("rule {id} is not here"), "declare it in the template"))?;
    let key = if rated.is_some() { "MatchPredicates" } else { "Predicates" };
    let mut predicates = Vec::new();
    for predicate in rule.properties.get(key).map_or(&[][..], Node::items) {
        predicates.push(predicate_statement(app, predicate)?);
    }
    let all = match predicates.len() {
        0 => None,
        1 => predicates.pop(),
        _ => Some(Statement::And(predicates)),
    };
    let statement = match (all, rated) {
        (scope_down, Some(rated)) => {
            let limit = need(&rated.properties, "RateLimit")?;
            let limit = limit
                .integer()
                .and_then(|limit| u64::try_from(limit).ok())
                .ok_or_else(|| fault(&limit.place, "RateLimit is no number", "write one"))?;
            Statement::RateBased(Box::new(RateBased { limit, window: 300, keys: RateKeys::Ip, forwarded: None, scope_down }))
        }
        (Some(statement), None) => statement,
        // "If you don't add conditions to a rule, it never matches."
        (None, None) => Statement::Or(Vec::new()),
    };
    let priority = need(node, "Priority")?;
    Ok(Rule {
        name: rule.properties.get("Name").and_then(Node::scalar).unwrap_or_else(|| rule.id.logical.to_string()),
        priority: priority.integer().ok_or_else(|| fault(&priority.place, "Priority is no number", "write one"))?,
        action: RuleAction::Act(action(need(node, "Action")?)?),
        labels: Vec::new(),
        captcha_immunity: None,
        challenge_immunity: None,
        visibility: Visibility {
            sampled: true,
            metrics: true,
            metric: rule.properties.get("MetricName").and_then(Node::scalar).unwrap_or_default(),
        },
        tier: None,
        place: rule.place.clone(),
        statement,
    })
}

/// A predicate: a condition, or its NOT.
fn predicate_statement(app: &App, node: &Node) -> Read<Statement> {
    type Build = fn(&Resource) -> Read<Statement>;
    const KINDS: [(&str, (&str, Build)); 7] = [
        ("ByteMatch", ("AWS::WAFRegional::ByteMatchSet", byte_match)),
        ("SqlInjectionMatch", ("AWS::WAFRegional::SqlInjectionMatchSet", sql)),
        ("XssMatch", ("AWS::WAFRegional::XssMatchSet", script)),
        ("SizeConstraint", ("AWS::WAFRegional::SizeConstraintSet", size)),
        ("IPMatch", ("AWS::WAFRegional::IPSet", ip)),
        ("GeoMatch", ("AWS::WAFRegional::GeoMatchSet", geo)),
        ("RegexMatch", ("AWS::WAFRegional::RegexPatternSet", no_regex)),
    ];
    let (kind, build) = one_of(node, "Type", &KINDS)?;
    let id = text(node, "DataId")?;
    let set =
        app.by_physical(kind, &id).ok_or_else(|| fault(&node.place, format!("{kind} {id} is not here"), "declare it in the template"))?;
    let statement = build(set)?;
    let negated = need(node, "Negated")?;
    let negated = negated.bool().ok_or_else(|| fault(&negated.place, "Negated is no boolean", "write true or false"))?;
    Ok(if negated { Statement::Not(Box::new(statement)) } else { statement })
}

/// The OR of a set's tuples; an empty set matches nothing.
fn any(set: &Resource, key: &str, tuple: impl Fn(&Node) -> Read<Statement>) -> Read<Statement> {
    let tuples = set.properties.get(key).map_or(&[][..], Node::items);
    tuples.iter().map(tuple).collect::<Read<Vec<_>>>().map(Statement::Or)
}

fn inspect(node: &Node) -> Read<Inspect> {
    let on = need(node, "FieldToMatch")?;
    let data = || text(on, "Data");
    let field = match text(on, "Type")?.as_str() {
        "URI" => Field::UriPath,
        "QUERY_STRING" => Field::QueryString,
        "HEADER" => Field::SingleHeader(data()?),
        "METHOD" => Field::Method,
        "BODY" => Field::Body(Oversize::Continue),
        "SINGLE_QUERY_ARG" => Field::SingleQueryArgument(data()?),
        "ALL_QUERY_ARGS" => Field::AllQueryArguments,
        other => return Err(fault(&on.place, format!("FieldToMatch {other} is unknown"), "use one of AWS WAF Classic's names")),
    };
    const NAMES: [&str; 6] = ["NONE", "COMPRESS_WHITE_SPACE", "HTML_ENTITY_DECODE", "LOWERCASE", "CMD_LINE", "URL_DECODE"];
    let name = text(node, "TextTransformation")?;
    let known = Transformation::from_aws(&name).filter(|_| NAMES.contains(&name.as_str()));
    let transformation =
        known.ok_or_else(|| fault(&node.place, format!("TextTransformation {name} is unknown"), "use one of AWS WAF Classic's names"))?;
    Ok(Inspect::new(field, [transformation]))
}

fn byte_match(set: &Resource) -> Read<Statement> {
    const POSITIONS: [(&str, Position); 5] = [
        ("EXACTLY", Position::Exactly),
        ("STARTS_WITH", Position::StartsWith),
        ("ENDS_WITH", Position::EndsWith),
        ("CONTAINS", Position::Contains),
        ("CONTAINS_WORD", Position::ContainsWord),
    ];
    any(set, "ByteMatchTuples", |node| {
        use base64::Engine;
        let search = match node.get("TargetStringBase64") {
            Some(encoded) => {
                let decoded = encoded.str().and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
                decoded.ok_or_else(|| fault(&encoded.place, "TargetStringBase64 is no Base64", "encode it"))?
            }
            None => text(node, "TargetString")?.into_bytes(),
        };
        Ok(Statement::ByteMatch { search, position: one_of(node, "PositionalConstraint", &POSITIONS)?, on: inspect(node)? })
    })
}

fn sql(set: &Resource) -> Read<Statement> {
    any(set, "SqlInjectionMatchTuples", |node| Ok(Statement::SqliMatch { high: false, on: inspect(node)? }))
}

fn script(set: &Resource) -> Read<Statement> {
    any(set, "XssMatchTuples", |node| Ok(Statement::XssMatch { on: inspect(node)? }))
}

fn size(set: &Resource) -> Read<Statement> {
    const OPERATORS: [(&str, Comparison); 6] = [
        ("EQ", Comparison::Eq),
        ("NE", Comparison::Ne),
        ("LE", Comparison::Le),
        ("LT", Comparison::Lt),
        ("GE", Comparison::Ge),
        ("GT", Comparison::Gt),
    ];
    any(set, "SizeConstraints", |node| {
        let size = need(node, "Size")?;
        let bytes = size
            .integer()
            .and_then(|bytes| u64::try_from(bytes).ok())
            .ok_or_else(|| fault(&size.place, "Size is no number", "write one"))?;
        Ok(Statement::SizeConstraint { comparison: one_of(node, "ComparisonOperator", &OPERATORS)?, size: bytes, on: inspect(node)? })
    })
}

fn ip(set: &Resource) -> Read<Statement> {
    let mut addresses = Vec::new();
    for node in set.properties.get("IPSetDescriptors").map_or(&[][..], Node::items) {
        let value = text(node, "Value")?;
        addresses.push(value.parse().map_err(|_| fault(&node.place, format!("{value} is no range of addresses"), "write it as CIDR"))?);
    }
    Ok(Statement::IpSet { set: Arc::new(IpSet { arn: set.physical_id.clone(), addresses }), forwarded: None })
}

fn geo(set: &Resource) -> Read<Statement> {
    let constraints = set.properties.get("GeoMatchConstraints").map_or(&[][..], Node::items);
    let countries = constraints.iter().map(|node| text(node, "Value")).collect::<Read<BTreeSet<_>>>()?;
    Ok(Statement::GeoMatch { countries, forwarded: None })
}

/// CloudFormation has no regex match sets for AWS WAF Classic, only the patterns; a predicate on one cannot be deployed.
fn no_regex(set: &Resource) -> Read<Statement> {
    for node in set.properties.get("RegexPatternStrings").map_or(&[][..], Node::items) {
        let pattern = node.scalar().unwrap_or_default();
        Pattern::new(&pattern).map_err(|why| fault(&node.place, format!("the regular expression {why}"), "change it"))?;
    }
    Err(fault(&set.place, "CloudFormation has no regex match condition for AWS WAF Classic", "use AWS::WAFv2::WebACL"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::request::Request;
    use crate::wafv2::{At, Outcome, ResourceType};
    use model::ResourceId;
    use serde_json::json;

    fn resource(kind: &str, id: &str, properties: serde_json::Value) -> Resource {
        let place = Place::new("t.yaml", 1, 1);
        Resource {
            id: ResourceId::new("app", id),
            kind: format!("AWS::WAFRegional::{kind}"),
            properties: Node::from_json(&properties, &place),
            place,
            physical_id: id.into(),
            arn: None,
            generated_from: None,
            condition: None,
            deletion_policy: None,
            metadata: None,
        }
    }

    /// Rule `r`: SQL in the query AND NOT from an address. Rate rule `s`.
    fn app(field: &str) -> App {
        let tuple = json!({"FieldToMatch": {"Type": field}, "TextTransformation": "URL_DECODE"});
        App::new(
            "111122223333",
            "us-east-1",
            [
                resource("SqlInjectionMatchSet", "sql", json!({"SqlInjectionMatchTuples": [tuple]})),
                resource("IPSet", "ips", json!({"IPSetDescriptors": [{"Type": "IPV4", "Value": "192.0.2.0/24"}]})),
                resource(
                    "Rule",
                    "r",
                    json!({"Name": "sqli", "MetricName": "sqli", "Predicates": [
                    {"DataId": "sql", "Negated": false, "Type": "SqlInjectionMatch"}, {"DataId": "ips", "Negated": true, "Type": "IPMatch"}]}),
                ),
                resource("RateBasedRule", "s", json!({"Name": "rate", "RateKey": "IP", "RateLimit": 2000})),
                resource(
                    "WebACL",
                    "acl",
                    json!({"Name": "classic", "DefaultAction": {"Type": "ALLOW"}, "Rules": [
                    {"Action": {"Type": "BLOCK"}, "Priority": 2, "RuleId": "r"}, {"Action": {"Type": "COUNT"}, "Priority": 1, "RuleId": "s"}]}),
                ),
            ],
        )
    }

    #[test]
    fn predicates_are_anded_and_negated() {
        let app = app("QUERY_STRING");
        let acl = from_cloudformation(&app, app.of_kind("AWS::WAFRegional::WebACL").next().unwrap()).unwrap();
        assert_eq!(acl.rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(), ["rate", "sqli"]);
        let judged = |query: &str, ip: &str| {
            let request = Request { method: "GET", path: b"/", query: query.as_bytes(), client_ip: ip.parse().ok(), ..Request::default() };
            acl.judge(&request, ResourceType::ApiGateway, &At(0))
        };
        assert_eq!(judged("1%27%20OR%20%271%27%3D%271", "10.0.0.1").outcome, Outcome::Block);
        assert_eq!(judged("1%27%20OR%20%271%27%3D%271", "192.0.2.1").outcome, Outcome::Allow);
        assert_eq!(judged("a=1", "10.0.0.1").outcome, Outcome::Allow);
        assert_eq!(judged("a=1", "10.0.0.1").counted[0].window, 300);
    }

    #[test]
    fn what_is_unknown_is_an_error() {
        let app = app("TRAILER");
        let troubles = from_cloudformation(&app, app.of_kind("AWS::WAFRegional::WebACL").next().unwrap()).unwrap_err();
        assert!(troubles[0].says.contains("FieldToMatch TRAILER is unknown"), "{troubles:?}");
    }
}
