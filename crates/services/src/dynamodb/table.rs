//! Tables as the App declares them: key schema, attribute types, indexes; and what an item must have to fit.

use super::value::{Attribute, Item};
use super::{invalid, value};
use crate::ServiceError;
use model::{App, Arn, Resource, ResourceId};
use serde_json::Value;
use std::collections::BTreeMap;

/// CloudFormation's type.
pub const KIND: &str = "AWS::DynamoDB::Table";

/// Partition key and sort key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Name of the partition key.
    pub hash: String,
    /// Name of the sort key, if there is one.
    pub range: Option<String>,
}

/// Which attributes an index carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carries {
    /// All.
    All,
    /// The keys and these.
    Keys(Vec<String>),
}

/// A secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondaryIndex {
    /// Its name.
    pub name: String,
    /// Its keys.
    pub keys: Keys,
    /// Global rather than local.
    pub global: bool,
    /// What it carries.
    pub carries: Carries,
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The resource.
    pub id: ResourceId,
    /// Table name.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// Its keys.
    pub keys: Keys,
    /// Types of key attributes: `S`, `N`, `B`.
    pub types: BTreeMap<String, String>,
    /// Its indexes.
    pub indexes: Vec<SecondaryIndex>,
    /// Properties as CloudFormation and the API spell them.
    pub definition: Value,
}

impl Keys {
    fn of(schema: Option<&Value>) -> Option<Self> {
        let of_type = |kind: &str| {
            let items = schema?.as_array()?;
            items.iter().find(|item| item["KeyType"] == kind)?["AttributeName"].as_str().map(str::to_owned)
        };
        Some(Self { hash: of_type("HASH")?, range: of_type("RANGE") })
    }

    /// Names, partition key first.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.hash).chain(&self.range)
    }
}

impl Table {
    /// Reads a table; `None` when its key schema is not known.
    pub fn of(resource: &Resource) -> Option<Self> {
        let definition = resource.properties.json();
        let types = definition["AttributeDefinitions"].as_array().into_iter().flatten();
        let types =
            types.filter_map(|d| Some((d["AttributeName"].as_str()?.to_owned(), d["AttributeType"].as_str()?.to_owned()))).collect();
        let mut indexes = Vec::new();
        for (member, global) in [("GlobalSecondaryIndexes", true), ("LocalSecondaryIndexes", false)] {
            for index in definition[member].as_array().into_iter().flatten() {
                let names = index["Projection"]["NonKeyAttributes"].as_array().into_iter().flatten();
                let carries = match index["Projection"]["ProjectionType"].as_str() {
                    Some("ALL") => Carries::All,
                    _ => Carries::Keys(names.filter_map(|name| name.as_str().map(str::to_owned)).collect()),
                };
                let name = index["IndexName"].as_str()?.to_owned();
                indexes.push(SecondaryIndex { name, keys: Keys::of(index.get("KeySchema"))?, global, carries });
            }
        }
        Some(Self {
            id: resource.id.clone(),
            name: resource.physical_id.clone(),
            arn: resource.arn.clone()?,
            keys: Keys::of(definition.get("KeySchema"))?,
            types,
            indexes,
            definition,
        })
    }

    /// The table with this name or ARN.
    pub fn find(app: &App, name: &str) -> Option<Self> {
        let resource = match Arn::parse(name) {
            Some(_) => app.by_arn(name).filter(|r| r.kind == KIND)?,
            None => app.by_physical(KIND, name)?,
        };
        Self::of(resource)
    }

    /// The index with this name.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn index(&self, name: &str) -> Result<&SecondaryIndex, ServiceError> {
        let found = self.indexes.iter().find(|index| index.name == name);
        found.ok_or_else(|| invalid(format!("The table does not have the specified index: {name}")))
    }

    /// Checks a key given alone and gives the key of its row.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn row_key(&self, key: &Item) -> Result<String, ServiceError> {
        if key.len() != self.keys.names().count() {
            return Err(invalid("The provided key element does not match the schema"));
        }
        for name in self.keys.names() {
            let fits = key.get(name).is_some_and(|value| Some(value.type_name()) == self.types.get(name).map(String::as_str));
            if !fits {
                return Err(invalid("The provided key element does not match the schema"));
            }
            self.check_key_value(name, key)?;
        }
        self.row_key_of(key).ok_or_else(|| invalid("The provided key element does not match the schema"))
    }

    /// Checks a whole item and gives the key of its row.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn item_key(&self, item: &Item) -> Result<String, ServiceError> {
        for name in self.keys.names() {
            let Some(value) = item.get(name) else {
                return Err(invalid(format!("One or more parameter values were invalid: Missing the key {name} in the item")));
            };
            let expected = self.types.get(name).map(String::as_str).unwrap_or_default();
            if value.type_name() != expected {
                let actual = value.type_name();
                return Err(invalid(format!(
                    "One or more parameter values were invalid: Type mismatch for key {name} expected: {expected} actual: {actual}"
                )));
            }
            self.check_key_value(name, item)?;
        }
        self.check_index_keys(item)?;
        if value::item_size(item) > 400 * 1024 {
            return Err(invalid("Item size has exceeded the maximum allowed size"));
        }
        self.row_key_of(item).ok_or_else(|| invalid("The provided key element does not match the schema"))
    }

    /// Checks the attributes that are keys of indexes.
    fn check_index_keys(&self, item: &Item) -> Result<(), ServiceError> {
        for index in &self.indexes {
            for name in index.keys.names() {
                let (Some(value), Some(expected)) = (item.get(name), self.types.get(name)) else { continue };
                if value.type_name() != expected {
                    return Err(invalid(format!(
                        "One or more parameter values were invalid: Type mismatch for Index Key {name} Expected: {expected} Actual: {} IndexName: {}",
                        value.type_name(),
                        index.name
                    )));
                }
            }
        }
        Ok(())
    }

    fn check_key_value(&self, name: &String, item: &Item) -> Result<(), ServiceError> {
        let value = item.get(name);
        let kind = match value {
            Some(Attribute::S(text)) if text.is_empty() => "string",
            Some(Attribute::B(bytes)) if bytes.is_empty() => "binary",
            _ => {
                let (limit, which) = if name == &self.keys.hash { (2048, "hashkey") } else { (1024, "rangekey") };
                let too_long = value.is_some_and(|value| value.size() > limit);
                return if too_long {
                    Err(invalid(format!(
                        "One or more parameter values were invalid: Size of {which} has exceeded the maximum size limit of{limit} bytes"
                    )))
                } else {
                    Ok(())
                };
            }
        };
        Err(invalid(format!(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {kind} value. Key: {name}"
        )))
    }

    /// The row of an item: partition key, `/`, sort key, each in an order-keeping form without `/`.
    pub fn row_key_of(&self, item: &Item) -> Option<String> {
        let hash = item.get(&self.keys.hash)?.sort_key()?;
        let range = match &self.keys.range {
            Some(range) => item.get(range)?.sort_key()?,
            None => String::new(),
        };
        Some(format!("{hash}/{range}"))
    }

    /// The item reduced to the table's key, and the index's where one is read.
    pub fn key_item(&self, item: &Item, index: Option<&SecondaryIndex>) -> Item {
        let of_index = index.into_iter().flat_map(|index| index.keys.names());
        let names = self.keys.names().chain(of_index);
        names.filter_map(|name| Some((name.clone(), item.get(name)?.clone()))).collect()
    }
}
