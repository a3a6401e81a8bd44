//! Attribute values: DynamoDB's ten types, from and to their JSON (API Reference, "AttributeValue"). It checks
//! what DynamoDB checks of a value by itself; it knows no table.

use super::number::Number;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};
use std::hash::Hash;

/// An item or a key: attribute values by name.
pub type Item = BTreeMap<String, Attribute>;

/// A value of one of DynamoDB's types.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// Text.
    S(String),
    /// Number.
    N(Number),
    /// Bytes.
    B(Vec<u8>),
    /// Truth value.
    Bool(bool),
    /// Null.
    Null,
    /// Set of texts, in the order given.
    Ss(Vec<String>),
    /// Set of numbers, in the order given.
    Ns(Vec<Number>),
    /// Set of bytes, in the order given.
    Bs(Vec<Vec<u8>>),
    /// List.
    L(Vec<Attribute>),
    /// Map.
    M(Item),
}

/// Levels of lists and maps that DynamoDB allows in an item.
const DEPTH: usize = 32;

impl Attribute {
    /// Reads `{"S": "text"}`.
    ///
    /// # Errors
    /// The message of the ValidationException.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        Self::read(value, 0)
    }

    fn read(value: &Value, depth: usize) -> Result<Self, String> {
        if depth > DEPTH {
            return Err("Nesting Levels have exceeded supported limits".into());
        }
        let members: Vec<_> = value.as_object().map(|m| m.iter().filter(|(_, v)| !v.is_null()).collect()).unwrap_or_default();
        let (name, inner) = match members.as_slice() {
            [] => return Err("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes".into()),
            [one] => *one,
            _ => {
                return Err(
                    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes".into()
                );
            }
        };
        let wrong = || format!("Unexpected value type in payload for {name}");
        let text = || inner.as_str().ok_or_else(wrong);
        let texts = || -> Result<Vec<&str>, String> {
            let items = inner.as_array().ok_or_else(wrong)?;
            items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect()
        };
        let empty_set = |what: &str| format!("One or more parameter values were invalid: An {what} set  may not be empty");
        match name.as_str() {
            "S" => Ok(Self::S(text()?.to_owned())),
            "N" => Number::parse(text()?).map(Self::N).map_err(|e| e.0),
            "B" => bytes(text()?).map(Self::B),
            "BOOL" => inner.as_bool().map(Self::Bool).ok_or_else(wrong),
            "NULL" if inner == &Value::Bool(true) => Ok(Self::Null),
            "NULL" => Err("One or more parameter values were invalid: Null attribute value types must have the value of true".into()),
            "SS" => {
                let items: Vec<String> = texts()?.into_iter().map(str::to_owned).collect();
                if items.is_empty() {
                    return Err(empty_set("string"));
                }
                if duplicates(&items) {
                    let shown = items.join(", ");
                    return Err(format!("One or more parameter values were invalid: Input collection [{shown}] contains duplicates."));
                }
                Ok(Self::Ss(items))
            }
            "NS" => {
                let items = texts()?.into_iter().map(|t| Number::parse(t).map_err(|e| e.0)).collect::<Result<Vec<_>, _>>()?;
                match items.as_slice() {
                    [] => Err(empty_set("number")),
                    _ if duplicates(&items) => Err("Input collection contains duplicates".into()),
                    _ => Ok(Self::Ns(items)),
                }
            }
            "BS" => {
                let given = texts()?;
                let items = given.iter().map(|t| bytes(t)).collect::<Result<Vec<_>, _>>()?;
                if items.is_empty() {
                    return Err("One or more parameter values were invalid: Binary sets should not be empty".into());
                }
                if duplicates(&items) {
                    let shown = given.join(", ");
                    return Err(format!(
                        "One or more parameter values were invalid: Input collection [{shown}]of type BS contains duplicates."
                    ));
                }
                Ok(Self::Bs(items))
            }
            "L" => {
                let items = inner.as_array().ok_or_else(wrong)?;
                items.iter().map(|item| Self::read(item, depth + 1)).collect::<Result<_, _>>().map(Self::L)
            }
            "M" => {
                let members = inner.as_object().ok_or_else(wrong)?;
                members.iter().map(|(k, v)| Ok((k.clone(), Self::read(v, depth + 1)?))).collect::<Result<_, String>>().map(Self::M)
            }
            _ => Err("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes".into()),
        }
    }

    /// `{"S": "text"}`.
    pub fn json(&self) -> Value {
        match self {
            Self::S(text) => json!({ "S": text }),
            Self::N(number) => json!({ "N": number.to_string() }),
            Self::B(bytes) => json!({ "B": STANDARD.encode(bytes) }),
            Self::Bool(value) => json!({ "BOOL": value }),
            Self::Null => json!({ "NULL": true }),
            Self::Ss(items) => json!({ "SS": items }),
            Self::Ns(items) => json!({ "NS": items.iter().map(Number::to_string).collect::<Vec<_>>() }),
            Self::Bs(items) => json!({ "BS": items.iter().map(|b| STANDARD.encode(b)).collect::<Vec<_>>() }),
            Self::L(items) => json!({ "L": items.iter().map(Self::json).collect::<Vec<_>>() }),
            Self::M(members) => json!({ "M": item_json(members) }),
        }
    }

    /// `S`, `N`, `BOOL`, ...
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::S(_) => "S",
            Self::N(_) => "N",
            Self::B(_) => "B",
            Self::Bool(_) => "BOOL",
            Self::Null => "NULL",
            Self::Ss(_) => "SS",
            Self::Ns(_) => "NS",
            Self::Bs(_) => "BS",
            Self::L(_) => "L",
            Self::M(_) => "M",
        }
    }

    /// Equal as DynamoDB compares: sets without regard to order.
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ss(a), Self::Ss(b)) => same_members(a, b),
            (Self::Ns(a), Self::Ns(b)) => same_members(a, b),
            (Self::Bs(a), Self::Bs(b)) => same_members(a, b),
            (Self::L(a), Self::L(b)) => a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.equals(y)),
            (Self::M(a), Self::M(b)) => a.len() == b.len() && a.iter().all(|(k, x)| b.get(k).is_some_and(|y| x.equals(y))),
            _ => self == other,
        }
    }

    /// Bytes it counts for in an item's size (Developer Guide, "DynamoDB item sizes and formats").
    pub fn size(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(number) => number.size(),
            Self::B(bytes) => bytes.len(),
            Self::Bool(_) | Self::Null => 1,
            Self::Ss(items) => items.iter().map(String::len).sum(),
            Self::Ns(items) => items.iter().map(Number::size).sum(),
            Self::Bs(items) => items.iter().map(Vec::len).sum(),
            Self::L(items) => 3 + items.iter().map(|item| 1 + item.size()).sum::<usize>(),
            Self::M(members) => 3 + members.len() + item_size(members),
        }
    }

    /// For `S`, `N` and `B`: a text whose byte order is the values' order within their type.
    pub fn sort_key(&self) -> Option<String> {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        match self {
            Self::S(text) => Some(hex(text.as_bytes())),
            Self::N(number) => Some(number.sort_key()),
            Self::B(bytes) => Some(hex(bytes)),
            _ => None,
        }
    }

    /// A key value as a policy's condition sees it (`dynamodb:LeadingKeys`) and as CloudTrail writes it.
    pub fn scalar_text(&self) -> Option<String> {
        match self {
            Self::S(text) => Some(text.clone()),
            Self::N(number) => Some(number.to_string()),
            Self::B(bytes) => Some(STANDARD.encode(bytes)),
            _ => None,
        }
    }
}

fn bytes(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|_| "Invalid base64 data".to_owned())
}

fn duplicates<T: Eq + Hash>(items: &[T]) -> bool {
    items.iter().collect::<HashSet<_>>().len() < items.len()
}

fn same_members<T: Eq + Hash>(a: &[T], b: &[T]) -> bool {
    a.iter().collect::<HashSet<_>>() == b.iter().collect::<HashSet<_>>()
}

/// Reads an item or a key.
///
/// # Errors
/// The message of the ValidationException.
pub fn item_from_json(value: &Map<String, Value>) -> Result<Item, String> {
    value.iter().map(|(name, value)| Ok((name.clone(), Attribute::from_json(value)?))).collect()
}

/// An item as JSON.
pub fn item_json(item: &Item) -> Value {
    Value::Object(item.iter().map(|(name, value)| (name.clone(), value.json())).collect())
}

/// Bytes of an item: names and values.
pub fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value.size()).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_come_back_as_they_went_in() {
        for value in [
            json!({"S": ""}),
            json!({"N": "1.5"}),
            json!({"B": "AAEC"}),
            json!({"BOOL": false}),
            json!({"NULL": true}),
            json!({"SS": ["b", "a"]}),
            json!({"NS": ["2", "1"]}),
            json!({"BS": ["AA=="]}),
            json!({"L": [{"S": "x"}, {"M": {"y": {"N": "1"}}}]}),
        ] {
            assert_eq!(Attribute::from_json(&value).unwrap().json(), value);
        }
        assert_eq!(Attribute::from_json(&json!({"N": "1.50e1"})).unwrap().json(), json!({"N": "15"}));
    }

    #[test]
    fn bad_values_are_refused_in_dynamodbs_words() {
        let cases = [
            (json!({}), "Supplied AttributeValue is empty"),
            (json!({"S": "a", "N": "1"}), "more than one datatypes set"),
            (json!({"SS": []}), "An string set  may not be empty"),
            (json!({"SS": ["a", "a"]}), "Input collection [a, a] contains duplicates."),
            (json!({"NS": ["1", "1.0"]}), "Input collection contains duplicates"),
            (json!({"NULL": false}), "must have the value of true"),
            (json!({"N": "abc"}), "cannot be converted to a numeric value: abc"),
            (json!({"S": 1}), "Unexpected value type"),
            (json!("S"), "is empty"),
        ];
        for (value, says) in cases {
            let error = Attribute::from_json(&value).unwrap_err();
            assert!(error.contains(says), "{value}: {error}");
        }
        let mut deep = json!({"S": "x"});
        for _ in 0..40 {
            deep = json!({ "L": [deep] });
        }
        assert!(Attribute::from_json(&deep).unwrap_err().contains("Nesting Levels"));
    }

    #[test]
    fn sets_are_equal_without_order() {
        let set = |items: Value| Attribute::from_json(&json!({ "SS": items })).unwrap();
        assert!(set(json!(["a", "b"])).equals(&set(json!(["b", "a"]))));
        assert!(!set(json!(["a", "b"])).equals(&set(json!(["a"]))));
    }
}
