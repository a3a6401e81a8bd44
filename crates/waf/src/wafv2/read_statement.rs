//! `Statement`: the sixteen kinds, each with AWS's own limits. What is unknown is an error with its place.

use super::ast::{Comparison, Field, GroupReference, Inspect, IpPosition, Position, RateBased, RateKey, RateKeys, Statement};
use super::pattern::Pattern;
use super::read::{Form, Read, Shape, fault, number, text};
use super::read_acl::{Library, Names, action};
use super::read_field::{FALLBACK, forwarded, inspect, transformations};
use base64::Engine;
use model::Node;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const STATEMENTS: &[&str] = &[
    "ByteMatchStatement",
    "SqliMatchStatement",
    "XssMatchStatement",
    "SizeConstraintStatement",
    "GeoMatchStatement",
    "RuleGroupReferenceStatement",
    "IPSetReferenceStatement",
    "RegexPatternSetReferenceStatement",
    "RateBasedStatement",
    "AndStatement",
    "OrStatement",
    "NotStatement",
    "ManagedRuleGroupStatement",
    "LabelMatchStatement",
    "RegexMatchStatement",
    "AsnMatchStatement",
];

/// Where a statement stands: what AWS lets stand there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A rule of a web ACL.
    WebAcl,
    /// A rule of a rule group: no reference to another group.
    RuleGroup,
    /// Inside another statement: no group and no rate either.
    Nested,
}

/// Reads statements of one document.
pub struct Statements<'a> {
    /// The document's spelling.
    pub form: Form,
    /// What references lead to.
    pub library: &'a Library,
}

const MATCH: [&str; 3] = ["FieldToMatch", "TextTransformations", "PreParseTextTransformations"];

impl Statements<'_> {
    /// One statement.
    ///
    /// # Errors
    /// Everything that AWS refuses or that is not known, with its place.
    pub fn read(&self, node: &Node, level: Level) -> Read<Statement> {
        let (name, inner) = Shape::of(node, "Statement", STATEMENTS)?.one()?;
        let shape = |known: &[&str]| Shape::of(inner, shorten(name), &[known, &MATCH[..]].concat());
        let bare = |known: &[&str]| Shape::of(inner, shorten(name), known);
        let allowed =
            |ok: bool| if ok { Ok(()) } else { Err(fault(&node.place, format!("{name} cannot stand here"), "AWS does not nest it")) };
        Ok(match name {
            "ByteMatchStatement" => self.byte_match(&shape(&["SearchString", "SearchStringBase64", "PositionalConstraint"])?)?,
            "SqliMatchStatement" => {
                let shape = shape(&["SensitivityLevel"])?;
                let high = shape.maybe_choice("SensitivityLevel", &[("LOW", false), ("HIGH", true)])?.unwrap_or(false);
                Statement::SqliMatch { high, on: self.inspected(&shape)? }
            }
            "XssMatchStatement" => Statement::XssMatch { on: self.inspected(&shape(&[])?)? },
            "SizeConstraintStatement" => {
                let shape = shape(&["ComparisonOperator", "Size"])?;
                let size = number(shape.need("Size")?, "Size", 0..=21_474_836_480)?;
                Statement::SizeConstraint {
                    comparison: shape.choice("ComparisonOperator", COMPARISONS)?,
                    size: size as u64,
                    on: self.inspected(&shape)?,
                }
            }
            "RegexMatchStatement" => {
                let shape = shape(&["RegexString"])?;
                Statement::RegexMatch { pattern: Arc::new(pattern(shape.need("RegexString")?)?), on: self.inspected(&shape)? }
            }
            "RegexPatternSetReferenceStatement" => {
                let shape = shape(&["ARN", "Arn"])?;
                let (arn, place) = arn(&shape)?;
                let set = self.library.regex_pattern_sets.get(&arn).cloned();
                let set = set.ok_or_else(|| missing(&place, "regex pattern set", &arn))?;
                Statement::RegexPatternSet { set, on: self.inspected(&shape)? }
            }
            "GeoMatchStatement" => geo(&bare(&["CountryCodes", "ForwardedIPConfig"])?)?,
            "AsnMatchStatement" => {
                let shape = bare(&["AsnList", "ForwardedIPConfig"])?;
                let asns = shape.list("AsnList")?.iter().map(|item| number(item, "AsnList", 0..=i64::from(u32::MAX)).map(|asn| asn as u32));
                Statement::AsnMatch {
                    asns: asns.collect::<Read<_>>()?,
                    forwarded: shape.get("ForwardedIPConfig").map(forwarded).transpose()?,
                }
            }
            "IPSetReferenceStatement" => self.ip_set(&bare(&["ARN", "Arn", "IPSetForwardedIPConfig"])?)?,
            "LabelMatchStatement" => label_match(&bare(&["Scope", "Key"])?)?,
            "RateBasedStatement" => {
                allowed(level != Level::Nested)?;
                let known = ["Limit", "EvaluationWindowSec", "AggregateKeyType", "ScopeDownStatement", "ForwardedIPConfig", "CustomKeys"];
                Statement::RateBased(Box::new(self.rate_based(&bare(&known)?)?))
            }
            "AndStatement" => Statement::And(self.several(inner, "AndStatement")?),
            "OrStatement" => Statement::Or(self.several(inner, "OrStatement")?),
            "NotStatement" => Statement::Not(Box::new(self.read(bare(&["Statement"])?.need("Statement")?, Level::Nested)?)),
            "RuleGroupReferenceStatement" => {
                allowed(level == Level::WebAcl)?;
                self.rule_group(&bare(&["ARN", "Arn", "ExcludedRules", "RuleActionOverrides"])?)?
            }
            _ => {
                allowed(level == Level::WebAcl)?;
                let known = [
                    "VendorName",
                    "Name",
                    "Version",
                    "ExcludedRules",
                    "ScopeDownStatement",
                    "ManagedRuleGroupConfigs",
                    "RuleActionOverrides",
                ];
                self.managed(&bare(&known)?)?
            }
        })
    }

    fn inspected(&self, shape: &Shape<'_>) -> Read<Inspect> {
        let on = inspect(shape, self.form)?;
        if matches!(on.field, Field::Ja3(_) | Field::Ja4(_)) {
            return Err(fault(&shape.node.place, "a TLS fingerprint outside a string match", "use ByteMatchStatement with EXACTLY"));
        }
        Ok(on)
    }

    fn byte_match(&self, shape: &Shape<'_>) -> Read<Statement> {
        let decode = |node: &Node| {
            let text = text(node, "SearchString")?;
            let decoded = base64::engine::general_purpose::STANDARD.decode(&text);
            decoded.map_err(|_| fault(&node.place, "the search string is not Base64", "AWS's API carries it as Base64"))
        };
        let (search, place) = match (shape.get("SearchString"), shape.get("SearchStringBase64")) {
            (Some(node), None) if self.form == Form::Wire => (decode(node)?, &node.place),
            (Some(node), None) => (text(node, "SearchString")?.into_bytes(), &node.place),
            (None, Some(node)) if self.form == Form::CloudFormation => (decode(node)?, &node.place),
            _ => return Err(fault(&shape.node.place, "ByteMatchStatement needs one search string", "give SearchString")),
        };
        if search.is_empty() || search.len() > 200 {
            return Err(fault(place, format!("the search string has {} bytes", search.len()), "AWS takes 1 to 200"));
        }
        let position = shape.choice("PositionalConstraint", POSITIONS)?;
        if position == Position::ContainsWord && !search.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            return Err(fault(place, "CONTAINS_WORD with another character than letters, digits and _", "use CONTAINS"));
        }
        let on = inspect(shape, self.form)?;
        if matches!(on.field, Field::Ja3(_) | Field::Ja4(_)) && position != Position::Exactly {
            return Err(fault(&shape.node.place, "a TLS fingerprint is matched with another position than EXACTLY", "use EXACTLY"));
        }
        Ok(Statement::ByteMatch { search, position, on })
    }

    fn several(&self, node: &Node, name: &'static str) -> Read<Vec<Statement>> {
        let items = Shape::of(node, name, &["Statements"])?.list("Statements")?;
        if items.len() < 2 {
            return Err(fault(&node.place, format!("{name} has {} statements", items.len()), "AWS wants at least two"));
        }
        items.iter().map(|item| self.read(item, Level::Nested)).collect()
    }

    fn ip_set(&self, shape: &Shape<'_>) -> Read<Statement> {
        let (arn, place) = arn(shape)?;
        let set = self.library.ip_sets.get(&arn).cloned().ok_or_else(|| missing(&place, "IP set", &arn))?;
        let positions = [("FIRST", IpPosition::First), ("LAST", IpPosition::Last), ("ANY", IpPosition::Any)];
        let config = |node: &Node| {
            let shape = Shape::of(node, "IPSetForwardedIPConfig", &["HeaderName", "FallbackBehavior", "Position"])?;
            Ok((forwarded(node)?, shape.choice("Position", &positions)?))
        };
        Ok(Statement::IpSet { set, forwarded: shape.get("IPSetForwardedIPConfig").map(config).transpose()? })
    }

    fn rate_based(&self, shape: &Shape<'_>) -> Read<RateBased> {
        let limit = number(shape.need("Limit")?, "Limit", 10..=2_000_000_000)? as u64;
        let window = shape.maybe_number("EvaluationWindowSec", 60..=600)?.unwrap_or(300);
        if ![60, 120, 300, 600].contains(&window) {
            return Err(fault(&shape.node.place, format!("EvaluationWindowSec is {window}"), "AWS takes 60, 120, 300 and 600"));
        }
        let place = &shape.node.place;
        let custom = shape.maybe_list("CustomKeys")?;
        let keys = match shape.text("AggregateKeyType")?.as_str() {
            "IP" => RateKeys::Ip,
            "FORWARDED_IP" => RateKeys::ForwardedIp,
            "CONSTANT" => RateKeys::Constant,
            "CUSTOM_KEYS" => RateKeys::Custom(custom.iter().map(rate_key).collect::<Read<_>>()?),
            other => {
                return Err(fault(
                    place,
                    format!("AggregateKeyType {other} is unknown"),
                    "AWS has: IP, FORWARDED_IP, CUSTOM_KEYS, CONSTANT",
                ));
            }
        };
        let rate = RateBased {
            limit,
            window: window as u64,
            forwarded: shape.get("ForwardedIPConfig").map(forwarded).transpose()?,
            scope_down: shape.get("ScopeDownStatement").map(|node| self.read(node, Level::Nested)).transpose()?,
            keys,
        };
        let refuse = |says: &str, help: &str| Err(fault(place, says, help));
        match &rate.keys {
            RateKeys::Custom(keys) if keys.is_empty() || keys.len() > 5 => {
                return refuse("CUSTOM_KEYS without one to five CustomKeys", "give them");
            }
            RateKeys::Custom(keys) if keys.len() == 1 && matches!(keys[0], RateKey::Ip | RateKey::ForwardedIp) => {
                return refuse("an IP address alone is no custom key", "use AggregateKeyType IP or FORWARDED_IP, or add a key");
            }
            RateKeys::Constant if rate.scope_down.is_none() => return refuse("CONSTANT without ScopeDownStatement", "AWS requires one"),
            RateKeys::ForwardedIp if rate.forwarded.is_none() => {
                return refuse("FORWARDED_IP without ForwardedIPConfig", "AWS requires one");
            }
            RateKeys::Custom(keys) if keys.iter().any(|key| matches!(key, RateKey::ForwardedIp)) && rate.forwarded.is_none() => {
                return refuse("a ForwardedIP key without ForwardedIPConfig", "AWS requires one");
            }
            RateKeys::Custom(_) => {}
            _ if !custom.is_empty() => return refuse("CustomKeys without AggregateKeyType CUSTOM_KEYS", "set it, or remove them"),
            _ => {}
        }
        Ok(rate)
    }

    fn overrides(&self, shape: &Shape<'_>) -> Read<Overrides> {
        let mut overrides = BTreeMap::new();
        for item in shape.maybe_list("RuleActionOverrides")? {
            let item = Shape::of(item, "RuleActionOverride", &["Name", "ActionToUse"])?;
            overrides.insert(item.text("Name")?, action(item.need("ActionToUse")?, Names::Rule)?);
        }
        let mut excluded = BTreeSet::new();
        for item in shape.maybe_list("ExcludedRules")? {
            excluded.insert(Shape::of(item, "ExcludedRule", &["Name"])?.text("Name")?);
        }
        Ok((overrides, excluded))
    }

    fn rule_group(&self, shape: &Shape<'_>) -> Read<Statement> {
        let (arn, place) = arn(shape)?;
        let group = self.library.rule_groups.get(&arn).cloned().ok_or_else(|| missing(&place, "rule group", &arn))?;
        let (overrides, excluded) = self.overrides(shape)?;
        // "With customer-owned rule groups, invalid rule names in your overrides will cause web ACL updates to fail."
        if let Some(name) = overrides.keys().chain(&excluded).find(|name| !group.rules.iter().any(|rule| rule.name == **name)) {
            return Err(fault(&shape.node.place, format!("rule group {} has no rule {name}", group.name), "use a rule's exact name"));
        }
        let reference = GroupReference { id: arn, managed: false, group: Some(group), overrides, excluded, scope_down: None };
        Ok(Statement::Group(Box::new(reference)))
    }

    fn managed(&self, shape: &Shape<'_>) -> Read<Statement> {
        let (vendor, name) = (shape.text("VendorName")?, shape.text("Name")?);
        let version = shape.maybe_text("Version")?;
        // With managed rule groups, AWS WAF silently ignores any override that uses an invalid rule name.
        let (overrides, excluded) = self.overrides(shape)?;
        let scope_down = shape.get("ScopeDownStatement").map(|node| self.read(node, Level::Nested)).transpose()?;
        let group = self.library.managed.get(&(vendor.clone(), name.clone())).cloned();
        let id = version.map_or_else(|| format!("{vendor}#{name}"), |version| format!("{vendor}#{name}#{version}"));
        Ok(Statement::Group(Box::new(GroupReference { id, managed: true, group, overrides, excluded, scope_down })))
    }
}

type Overrides = (BTreeMap<String, super::ast::Action>, BTreeSet<String>);

const COMPARISONS: &[(&str, Comparison)] = &[
    ("EQ", Comparison::Eq),
    ("NE", Comparison::Ne),
    ("LE", Comparison::Le),
    ("LT", Comparison::Lt),
    ("GE", Comparison::Ge),
    ("GT", Comparison::Gt),
];
const POSITIONS: &[(&str, Position)] = &[
    ("EXACTLY", Position::Exactly),
    ("STARTS_WITH", Position::StartsWith),
    ("ENDS_WITH", Position::EndsWith),
    ("CONTAINS", Position::Contains),
    ("CONTAINS_WORD", Position::ContainsWord),
];

/// The name without a lifetime, for messages.
fn shorten(name: &str) -> &'static str {
    STATEMENTS.iter().find(|known| **known == name).copied().unwrap_or("Statement")
}

/// A regular expression.
///
/// # Errors
/// What AWS refuses, what is longer than its quota, what cannot be run here.
pub fn pattern(node: &Node) -> Read<Pattern> {
    let text = text(node, "the regular expression")?;
    if text.is_empty() || text.chars().count() > 512 {
        return Err(fault(&node.place, format!("the regular expression has {} characters", text.chars().count()), "AWS takes 1 to 512"));
    }
    Pattern::new(&text).map_err(|why| fault(&node.place, format!("the regular expression {why}"), "change it"))
}

fn arn(shape: &Shape<'_>) -> Read<(String, model::Place)> {
    let node = shape.get("ARN").map_or_else(|| shape.need("Arn"), Ok)?;
    Ok((text(node, "ARN")?, node.place.clone()))
}

fn missing(place: &model::Place, what: &str, arn: &str) -> model::Trouble {
    fault(place, format!("{what} {arn} is not here"), format!("give the {what} with the web ACL"))
}

fn geo(shape: &Shape<'_>) -> Read<Statement> {
    let mut countries = BTreeSet::new();
    for item in shape.list("CountryCodes")? {
        let code = text(item, "CountryCodes")?;
        if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(fault(&item.place, format!("{code} is no country code"), "use two capital letters (ISO 3166)"));
        }
        countries.insert(code);
    }
    if countries.is_empty() {
        return Err(fault(&shape.node.place, "CountryCodes is empty", "give at least one"));
    }
    Ok(Statement::GeoMatch { countries, forwarded: shape.get("ForwardedIPConfig").map(forwarded).transpose()? })
}

fn label_match(shape: &Shape<'_>) -> Read<Statement> {
    let key = shape.text("Key")?;
    if key.is_empty() || key.len() > 1024 || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-:".contains(&byte)) {
        return Err(fault(&shape.node.place, format!("{key} is no label key"), "use letters, digits, _, - and : (1 to 1,024 characters)"));
    }
    Ok(Statement::LabelMatch { namespace: shape.choice("Scope", &[("LABEL", false), ("NAMESPACE", true)])?, key })
}

fn rate_key(node: &Node) -> Read<RateKey> {
    let known = [
        "Header",
        "Cookie",
        "QueryArgument",
        "QueryString",
        "HTTPMethod",
        "ForwardedIP",
        "IP",
        "LabelNamespace",
        "UriPath",
        "JA3Fingerprint",
        "JA4Fingerprint",
        "ASN",
    ];
    let (name, inner) = Shape::of(node, "CustomKeys", &known)?.one()?;
    let named = |what: &'static str| {
        let shape = Shape::of(inner, what, &["Name", "TextTransformations"])?;
        Ok((shape.text("Name")?, transformations(shape.need("TextTransformations")?)?))
    };
    let plain = |what: &'static str| transformations(Shape::of(inner, what, &["TextTransformations"])?.need("TextTransformations")?);
    let fallback = |what: &'static str| Shape::of(inner, what, &["FallbackBehavior"])?.choice("FallbackBehavior", FALLBACK);
    let empty = |key: RateKey| Shape::of(inner, "CustomKeys", &[]).map(|_| key);
    match name {
        "Header" => named("Header").map(|(name, chain)| RateKey::Header(name, chain)),
        "Cookie" => named("Cookie").map(|(name, chain)| RateKey::Cookie(name, chain)),
        "QueryArgument" => named("QueryArgument").map(|(name, chain)| RateKey::QueryArgument(name, chain)),
        "QueryString" => plain("QueryString").map(RateKey::QueryString),
        "UriPath" => plain("UriPath").map(RateKey::UriPath),
        "LabelNamespace" => Shape::of(inner, "LabelNamespace", &["Namespace"])?.text("Namespace").map(RateKey::LabelNamespace),
        "JA3Fingerprint" => fallback("JA3Fingerprint").map(RateKey::Ja3),
        "JA4Fingerprint" => fallback("JA4Fingerprint").map(RateKey::Ja4),
        "HTTPMethod" => empty(RateKey::HttpMethod),
        "ForwardedIP" => empty(RateKey::ForwardedIp),
        "IP" => empty(RateKey::Ip),
        _ => empty(RateKey::Asn),
    }
}
