//! Web ACLs, rule groups, IP sets and regex pattern sets as resources of the App, in CloudFormation's shape. The API's
//! own shape differs in two places: a `SearchString` is base64, and a regular expression is an object.

use super::error;
use crate::ServiceError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{App, Resource};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// A kind of resource, with what its API calls it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// CloudFormation's type.
    pub cloudformation: &'static str,
    /// In operations and answers: `WebACL`.
    pub name: &'static str,
    /// In ARNs: `webacl`.
    pub path: &'static str,
    /// Members that Create must have, beside `Name` and `Scope`.
    pub required: &'static [&'static str],
    /// Members that Create and Update may have.
    pub optional: &'static [&'static str],
    /// Required members that Update does not change.
    pub fixed: &'static [&'static str],
}

/// All kinds.
pub(super) const KINDS: [Kind; 4] = [
    Kind {
        cloudformation: "AWS::WAFv2::WebACL",
        name: "WebACL",
        path: "webacl",
        required: &["DefaultAction", "VisibilityConfig"],
        optional: &[
            "Description",
            "Rules",
            "DataProtectionConfig",
            "CustomResponseBodies",
            "CaptchaConfig",
            "ChallengeConfig",
            "TokenDomains",
            "AssociationConfig",
            "OnSourceDDoSProtectionConfig",
            "ApplicationConfig",
        ],
        fixed: &[],
    },
    Kind {
        cloudformation: "AWS::WAFv2::RuleGroup",
        name: "RuleGroup",
        path: "rulegroup",
        required: &["Capacity", "VisibilityConfig"],
        optional: &["Description", "Rules", "CustomResponseBodies"],
        fixed: &["Capacity"],
    },
    Kind {
        cloudformation: "AWS::WAFv2::IPSet",
        name: "IPSet",
        path: "ipset",
        required: &["IPAddressVersion", "Addresses"],
        optional: &["Description"],
        fixed: &["IPAddressVersion"],
    },
    Kind {
        cloudformation: "AWS::WAFv2::RegexPatternSet",
        name: "RegexPatternSet",
        path: "regexpatternset",
        required: &["RegularExpressionList"],
        optional: &["Description"],
        fixed: &[],
    },
];

/// The web ACLs' kind.
pub(super) const WEB_ACL: &Kind = &KINDS[0];

impl Kind {
    /// ARN of one of this kind (AWS WAF Developer Guide, "Resource types defined by AWS WAF V2").
    pub fn arn(&self, app: &App, scope: &str, name: &str, id: &str) -> String {
        let (region, scope) = if scope == "CLOUDFRONT" { ("us-east-1", "global") } else { (app.region.as_str(), "regional") };
        format!("arn:{}:wafv2:{region}:{}:{scope}/{}/{name}/{id}", app.partition, app.account, self.path)
    }

    /// Every one of this kind and scope, by name.
    pub fn all<'a>(&'static self, app: &'a App, scope: &'a str) -> Vec<Entity<'a>> {
        let mut found: Vec<_> = app.of_kind(self.cloudformation).filter_map(Entity::of).filter(|entity| entity.scope == scope).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// The one with this name, scope and id.
    ///
    /// # Errors
    /// `WAFNonexistentItemException`.
    pub fn named<'a>(&'static self, app: &'a App, scope: &'a str, name: &str, id: &str) -> Result<Entity<'a>, ServiceError> {
        self.all(app, scope).into_iter().find(|entity| entity.name == name && entity.id == id).ok_or_else(error::nonexistent)
    }

    /// The one with this ARN.
    ///
    /// # Errors
    /// `WAFNonexistentItemException`.
    pub fn by_arn<'a>(&self, app: &'a App, arn: &str) -> Result<Entity<'a>, ServiceError> {
        let found = app.by_arn(arn).filter(|resource| resource.kind == self.cloudformation).and_then(Entity::of);
        found.ok_or_else(error::nonexistent)
    }
}

/// One of them.
#[derive(Debug)]
pub(super) struct Entity<'a> {
    pub resource: &'a Resource,
    pub arn: &'a str,
    pub name: String,
    pub id: String,
    pub scope: &'static str,
}

impl<'a> Entity<'a> {
    /// From its resource; `None` when it has no ARN.
    pub fn of(resource: &'a Resource) -> Option<Self> {
        let arn = resource.arn.as_deref()?;
        let mut parts = arn.rsplit('/');
        let (id, name) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let scope = if arn.contains(":global/") { "CLOUDFRONT" } else { "REGIONAL" };
        Some(Self { resource, arn, name, id, scope })
    }

    /// "To mark the state of the entity at the time of the request": made of that state, so that resources of templates have one too.
    pub fn lock_token(&self) -> String {
        let digest = Sha256::digest(format!("{} {}", self.arn, self.resource.properties.json()));
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
        [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
    }

    /// What Create answers with and List lists.
    pub fn summary(&self) -> Value {
        let description = self.resource.properties.json().get("Description").cloned().unwrap_or_else(|| json!(""));
        json!({ "Name": self.name, "Id": self.id, "Description": description, "LockToken": self.lock_token(), "ARN": self.arn })
    }

    /// The whole, in the API's shape.
    pub fn described(&self, kind: &Kind) -> Map<String, Value> {
        let properties = to_api(self.resource.properties.json());
        let mut body = Map::new();
        for (key, value) in [("Name", &self.name), ("Id", &self.id)] {
            body.insert(key.into(), json!(value));
        }
        body.insert("ARN".into(), json!(self.arn));
        for key in kind.required.iter().chain(kind.optional) {
            if let Some(value) = properties.get(*key).filter(|value| !value.is_null()) {
                body.insert((*key).into(), value.clone());
            }
        }
        if kind.optional.contains(&"Rules") {
            body.entry("Rules").or_insert_with(|| json!([]));
        }
        body
    }
}

/// The API's shape as CloudFormation's.
pub(super) fn to_cloudformation(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(key, value)| match (key.as_str(), value) {
                    ("SearchString", value @ Value::String(_)) => ("SearchStringBase64".to_owned(), value),
                    ("RegularExpressionList", Value::Array(items)) => {
                        let texts = items.into_iter().map(|item| item.get("RegexString").cloned().unwrap_or(item));
                        (key, Value::Array(texts.collect()))
                    }
                    (_, value) => (key, to_cloudformation(value)),
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(to_cloudformation).collect()),
        other => other,
    }
}

/// CloudFormation's shape as the API's.
fn to_api(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(key, value)| match (key.as_str(), value) {
                    ("SearchString", Value::String(text)) => (key, json!(STANDARD.encode(text))),
                    ("SearchStringBase64", value) => ("SearchString".to_owned(), value),
                    ("RegularExpressionList", Value::Array(items)) => {
                        (key, items.into_iter().map(|text| json!({ "RegexString": text })).collect())
                    }
                    (_, value) => (key, to_api(value)),
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(to_api).collect()),
        other => other,
    }
}

/// Every ARN that rules refer to.
pub(super) fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("ARN" | "Arn", Value::String(arn)) => found.push(arn.clone()),
                    _ => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}
