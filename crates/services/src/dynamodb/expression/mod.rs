//! DynamoDB's expressions: conditions, filters, key conditions, projections, updates (Amazon DynamoDB Developer
//! Guide, "Expressions"). Text becomes a tree with all names and values resolved; the tree is applied to an item.

mod condition;
mod key_condition;
mod lexer;
mod parser;
mod projection;
mod reserved;
mod tree;
mod update;

pub use key_condition::{KeyCondition, SortCondition};
pub use tree::{Condition, Element, Path, Update};

use super::value::{Attribute, Item};
use parser::Parser;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

pub use projection::project;
pub use tree::{at, head};

/// The placeholders of a request, and which of them no expression has used yet.
#[derive(Debug, Default)]
pub struct Placeholders {
    names: BTreeMap<String, String>,
    values: BTreeMap<String, Attribute>,
    unused: RefCell<BTreeSet<String>>,
}

impl Placeholders {
    /// Reads `ExpressionAttributeNames` and `ExpressionAttributeValues`.
    ///
    /// # Errors
    /// The message of the ValidationException.
    pub fn read(parameters: &Map<String, Value>) -> Result<Self, String> {
        let mut placeholders = Self::default();
        for (parameter, sign) in [("ExpressionAttributeNames", '#'), ("ExpressionAttributeValues", ':')] {
            let Some(members) = parameters.get(parameter).and_then(Value::as_object) else { continue };
            if members.is_empty() {
                return Err(format!("{parameter} must not be empty"));
            }
            for (key, value) in members {
                let rest = key.strip_prefix(sign).unwrap_or_default();
                if rest.is_empty() || !rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                    return Err(format!("{parameter} contains invalid key: Syntax error; key: \"{key}\""));
                }
                placeholders.unused.get_mut().insert(key.clone());
                if sign == '#' {
                    let name = value.as_str().ok_or("Unexpected value type in payload")?;
                    placeholders.names.insert(key.clone(), name.to_owned());
                } else {
                    let value =
                        Attribute::from_json(value).map_err(|says| format!("{parameter} contains invalid value: {says} for key {key}"))?;
                    placeholders.values.insert(key.clone(), value);
                }
            }
        }
        Ok(placeholders)
    }

    fn name(&self, placeholder: &str) -> Result<String, String> {
        self.unused.borrow_mut().remove(placeholder);
        self.names
            .get(placeholder)
            .cloned()
            .ok_or_else(|| format!("An expression attribute name used in the document path is not defined; attribute name: {placeholder}"))
    }

    fn value(&self, placeholder: &str) -> Result<Attribute, String> {
        self.unused.borrow_mut().remove(placeholder);
        self.values
            .get(placeholder)
            .cloned()
            .ok_or_else(|| format!("An expression attribute value used in expression is not defined; attribute value: {placeholder}"))
    }

    /// To be asked after all expressions were parsed.
    ///
    /// # Errors
    /// Placeholders that no expression used: DynamoDB refuses those.
    pub fn all_used(&self) -> Result<(), String> {
        let unused = self.unused.borrow();
        for (parameter, sign) in [("ExpressionAttributeNames", '#'), ("ExpressionAttributeValues", ':')] {
            let keys: Vec<&str> = unused.iter().filter(|key| key.starts_with(sign)).map(String::as_str).collect();
            if !keys.is_empty() {
                return Err(format!("Value provided in {parameter} unused in expressions: keys: {{{}}}", keys.join(", ")));
            }
        }
        Ok(())
    }
}

/// Parses a condition or a filter. `parameter` is the request parameter it came in.
///
/// # Errors
/// The message of the ValidationException.
pub fn condition(parameter: &str, text: &str, placeholders: &Placeholders) -> Result<Condition, String> {
    parse(parameter, text, placeholders, Parser::condition)
}

/// Parses a projection.
///
/// # Errors
/// The message of the ValidationException.
pub fn projection(text: &str, placeholders: &Placeholders) -> Result<Vec<Path>, String> {
    let paths = parse("ProjectionExpression", text, placeholders, Parser::projection)?;
    tree::check_overlap(&paths).map_err(|says| format!("Invalid ProjectionExpression: {says}"))?;
    Ok(paths)
}

/// Parses an update.
///
/// # Errors
/// The message of the ValidationException.
pub fn update(text: &str, placeholders: &Placeholders) -> Result<Update, String> {
    let update = parse("UpdateExpression", text, placeholders, Parser::update)?;
    tree::check_overlap(&update.paths()).map_err(|says| format!("Invalid UpdateExpression: {says}"))?;
    Ok(update)
}

/// Parses a key condition.
///
/// # Errors
/// The message of the ValidationException.
pub fn key_condition(text: &str, placeholders: &Placeholders) -> Result<Vec<KeyCondition>, String> {
    KeyCondition::of(condition("KeyConditionExpression", text, placeholders)?)
}

fn parse<'a, T>(
    parameter: &str,
    text: &'a str,
    placeholders: &'a Placeholders,
    rule: fn(&mut Parser<'a>) -> Result<T, String>,
) -> Result<T, String> {
    let in_context = |says: String| format!("Invalid {parameter}: {says}");
    if text.trim().is_empty() {
        return Err(in_context("The expression can not be empty;".into()));
    }
    if text.len() > 4096 {
        return Err(in_context(format!("Expression size has exceeded the maximum allowed size; expression size: {}", text.len())));
    }
    let mut parser = Parser::new(text, placeholders).map_err(in_context)?;
    let parsed = rule(&mut parser).map_err(in_context)?;
    parser.end().map_err(in_context)?;
    Ok(parsed)
}

/// Whether an item meets a condition.
pub fn holds(condition: &Condition, item: &Item) -> bool {
    condition::holds(condition, item)
}

/// The item after an update.
///
/// # Errors
/// The message of the ValidationException; the item given is unchanged.
pub fn apply(update: &Update, item: &Item) -> Result<Item, String> {
    update::apply(update, item)
}
