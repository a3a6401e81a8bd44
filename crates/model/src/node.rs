//! A value that knows where it was written: the form in which every template, policy and OpenAPI body is kept.

use crate::place::Place;
use serde::{Deserialize, Serialize};

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it was written. A value that an intrinsic function produced has the place of the function.
    pub place: Place,
}

/// The value itself. Map members keep their order and duplicates (IAM policies are judged on both).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    /// `null`, `~` or an empty value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(String),
    /// Text.
    String(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Map(Vec<Member>),
    /// A value that cannot be known here; never to be taken for a safe one.
    Unknown(Box<Unknown>),
}

/// One member of a mapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The key as text.
    pub key: String,
    /// Where the key was written.
    pub key_place: Place,
    /// The value.
    pub value: Node,
}

/// Why a value is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// A sentence: "parameter DbPassword has no default and none was given".
    pub why: String,
    /// What is known of the text: the known parts with `*` for each unknown one. `None`: nothing.
    pub pattern: Option<String>,
}

impl Kind {
    /// A value that cannot be known, with why, and what is known of its text.
    pub fn unknown(why: impl Into<String>, pattern: Option<String>) -> Self {
        Self::Unknown(Box::new(Unknown { why: why.into(), pattern }))
    }
}

impl Node {
    /// A node of any kind.
    pub fn new(kind: Kind, place: Place) -> Self {
        Self { kind, place }
    }

    /// A text node.
    pub fn string(text: impl Into<String>, place: Place) -> Self {
        Self::new(Kind::String(text.into()), place)
    }

    /// The last member with this key, as YAML and JSON readers commonly resolve duplicates.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.members().iter().rev().find(|m| m.key == key).map(|m| &m.value)
    }

    /// Descends through mappings: `node.at(&["Properties", "Policies"])`.
    pub fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Members of a mapping; empty for anything else.
    pub fn members(&self) -> &[Member] {
        match &self.kind {
            Kind::Map(members) => members,
            _ => &[],
        }
    }

    /// Items of a sequence; empty for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// Items of a sequence, or the value itself where AWS accepts one value for a list of one.
    pub fn one_or_many(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// Text, where this is text.
    pub fn str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    /// The scalar as CloudFormation hands it on: text, number or boolean as text.
    pub fn scalar(&self) -> Option<String> {
        match &self.kind {
            Kind::String(text) | Kind::Number(text) => Some(text.clone()),
            Kind::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// A boolean, also where CloudFormation accepts `"true"` for `true`.
    pub fn bool(&self) -> Option<bool> {
        match &self.kind {
            Kind::Bool(value) => Some(*value),
            Kind::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Kind::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// A whole number, also where it was written as text.
    pub fn integer(&self) -> Option<i64> {
        match &self.kind {
            Kind::Number(text) | Kind::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A number, also where it was written as text.
    pub fn number(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(text) | Kind::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Why this value is not known, if it is not.
    pub fn unknown(&self) -> Option<&Unknown> {
        match &self.kind {
            Kind::Unknown(unknown) => Some(unknown),
            _ => None,
        }
    }

    /// The first unknown value in this tree, itself included.
    pub fn first_unknown(&self) -> Option<(&Node, &Unknown)> {
        match &self.kind {
            Kind::Unknown(unknown) => Some((self, unknown)),
            Kind::List(items) => items.iter().find_map(Node::first_unknown),
            Kind::Map(members) => members.iter().find_map(|m| m.value.first_unknown()),
            _ => None,
        }
    }

    /// The same value as JSON. Unknown values become `null`; duplicates keep the last.
    pub fn json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.kind {
            Kind::Null | Kind::Unknown(_) => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())),
            Kind::String(text) => Value::String(text.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Node::json).collect()),
            Kind::Map(members) => Value::Object(members.iter().map(|m| (m.key.clone(), m.value.json())).collect()),
        }
    }

    /// JSON as a node; every part gets the same place.
    pub fn from_json(value: &serde_json::Value, place: &Place) -> Self {
        use serde_json::Value;
        let kind = match value {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::Number(number) => Kind::Number(number.to_string()),
            Value::String(text) => Kind::String(text.clone()),
            Value::Array(items) => Kind::List(items.iter().map(|item| Self::from_json(item, place)).collect()),
            Value::Object(members) => Kind::Map(
                members
                    .iter()
                    .map(|(key, value)| Member { key: key.clone(), key_place: place.clone(), value: Self::from_json(value, place) })
                    .collect(),
            ),
        };
        Self::new(kind, place.clone())
    }
}
