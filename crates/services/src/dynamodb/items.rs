//! PutItem, GetItem, DeleteItem, UpdateItem.

use super::expression::{self, Condition, Element, Path, Placeholders, Update};
use super::rows::Rows;
use super::table::Table;
use super::value::{Attribute, Item, item_json, item_size};
use super::{invalid, item, optional_text, refuse_legacy, table};
use crate::ServiceError;
use model::{App, World};
use serde_json::{Map, Value, json};

type Parameters = Map<String, Value>;

/// The expressions of a request that writes.
pub struct Expressions {
    /// `ConditionExpression`.
    pub condition: Option<Condition>,
    /// `UpdateExpression`.
    pub update: Option<Update>,
}

/// Parses the expressions of a writing request.
pub fn expressions(p: &Parameters) -> Result<Expressions, ServiceError> {
    refuse_legacy(p)?;
    let placeholders = Placeholders::read(p).map_err(invalid)?;
    let update = optional_text(p, "UpdateExpression")?.map(|text| expression::update(text, &placeholders)).transpose().map_err(invalid)?;
    let condition = optional_text(p, "ConditionExpression")?
        .map(|text| expression::condition("ConditionExpression", text, &placeholders))
        .transpose()
        .map_err(invalid)?;
    if condition.is_none() && update.is_none() {
        for (parameter, says) in [
            ("ExpressionAttributeNames", "ExpressionAttributeNames can only be specified when using expressions"),
            (
                "ExpressionAttributeValues",
                "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
            ),
        ] {
            if p.get(parameter).is_some_and(|value| !value.is_null()) {
                return Err(invalid(says));
            }
        }
    }
    placeholders.all_used().map_err(invalid)?;
    Ok(Expressions { condition, update })
}

/// The conditional check. `old` is the item there is, if there is one.
pub fn check(condition: Option<&Condition>, old: Option<&Item>, p: &Parameters) -> Result<(), ServiceError> {
    let empty = Item::new();
    if condition.is_none_or(|condition| expression::holds(condition, old.unwrap_or(&empty))) {
        return Ok(());
    }
    let mut error = ServiceError::new(400, "ConditionalCheckFailedException", "The conditional request failed");
    if let (Some(old), Some("ALL_OLD")) = (old, optional_text(p, "ReturnValuesOnConditionCheckFailure")?) {
        error.members.insert("Item".into(), item_json(old));
    }
    Err(error)
}

/// One write, checked against the item there is but not yet done.
pub struct Write {
    /// Key of the row.
    pub key: String,
    /// The item before.
    pub old: Option<Item>,
    /// The item after; `None` removes it.
    pub new: Option<Item>,
    /// Paths an update names, for `UPDATED_OLD` and `UPDATED_NEW`.
    pub paths: Vec<Path>,
}

impl Write {
    /// Does it.
    pub fn commit(&self, rows: &Rows<'_>) -> Result<(), ServiceError> {
        match &self.new {
            Some(item) => rows.put(&self.key, item),
            None => rows.delete(&self.key),
        }
    }
}

/// What a PutItem would do.
pub fn plan_put(table: &Table, p: &Parameters, world: &dyn World) -> Result<Write, ServiceError> {
    let expressions = expressions(p)?;
    let new = item(p, "Item")?;
    let key = table.item_key(&new)?;
    let old = Rows::of(world, table).get(&key)?;
    check(expressions.condition.as_ref(), old.as_ref(), p)?;
    Ok(Write { key, old, new: Some(new), paths: Vec::new() })
}

/// What a DeleteItem would do.
pub fn plan_delete(table: &Table, p: &Parameters, world: &dyn World) -> Result<Write, ServiceError> {
    let expressions = expressions(p)?;
    let key = table.row_key(&item(p, "Key")?)?;
    let old = Rows::of(world, table).get(&key)?;
    check(expressions.condition.as_ref(), old.as_ref(), p)?;
    Ok(Write { key, old, new: None, paths: Vec::new() })
}

/// What an UpdateItem would do.
pub fn plan_update(table: &Table, p: &Parameters, world: &dyn World) -> Result<Write, ServiceError> {
    let expressions = expressions(p)?;
    let given = item(p, "Key")?;
    let key = table.row_key(&given)?;
    let update = expressions.update.unwrap_or_default();
    let paths = update.paths();
    for path in &paths {
        if let Some(name) = expression::head(path).filter(|name| table.keys.names().any(|key| key == name)) {
            return Err(invalid(format!(
                "One or more parameter values were invalid: Cannot update attribute {name}. This attribute is part of the key"
            )));
        }
    }
    let old = Rows::of(world, table).get(&key)?;
    check(expressions.condition.as_ref(), old.as_ref(), p)?;
    let new = expression::apply(&update, old.as_ref().unwrap_or(&given)).map_err(invalid)?;
    if item_size(&new) > 400 * 1024 {
        return Err(invalid("Item size to update has exceeded the maximum allowed size"));
    }
    table.item_key(&new)?;
    Ok(Write { key, old, new: Some(new), paths })
}

/// What a ConditionCheck of a transaction checks.
pub fn plan_check(table: &Table, p: &Parameters, world: &dyn World) -> Result<(), ServiceError> {
    let expressions = expressions(p)?;
    let Some(condition) = &expressions.condition else { return Err(super::missing("ConditionExpression")) };
    let key = table.row_key(&item(p, "Key")?)?;
    check(Some(condition), Rows::of(world, table).get(&key)?.as_ref(), p)
}

/// PutItem.
pub fn put(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let table = table(app, p)?;
    let returns = old_or_none(p)?;
    let write = plan_put(&table, p, world)?;
    write.commit(&Rows::of(world, &table))?;
    Ok(written(p, &table, &write, write.old.as_ref().filter(|_| returns).map(item_json)))
}

/// DeleteItem.
pub fn delete(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let table = table(app, p)?;
    let returns = old_or_none(p)?;
    let write = plan_delete(&table, p, world)?;
    write.commit(&Rows::of(world, &table))?;
    Ok(written(p, &table, &write, write.old.as_ref().filter(|_| returns).map(item_json)))
}

/// UpdateItem.
pub fn update(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let table = table(app, p)?;
    let returns = optional_text(p, "ReturnValues")?.unwrap_or("NONE");
    if !["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"].contains(&returns) {
        return Err(not_in_set(returns, "[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"));
    }
    let write = plan_update(&table, p, world)?;
    write.commit(&Rows::of(world, &table))?;
    let some = |item: &Option<Item>| item.as_ref().map(|item| expression::project(item, &write.paths)).filter(|item| !item.is_empty());
    let attributes = match returns {
        "ALL_OLD" => write.old.clone(),
        "ALL_NEW" => write.new.clone(),
        "UPDATED_OLD" => some(&write.old),
        "UPDATED_NEW" => some(&write.new),
        _ => None,
    };
    Ok(written(p, &table, &write, attributes.as_ref().map(item_json)))
}

/// GetItem.
pub fn get(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let table = table(app, p)?;
    let paths = projection(p)?;
    let key = table.row_key(&item(p, "Key")?)?;
    let found = Rows::of(world, &table).get(&key)?;
    let mut body = Map::new();
    if let Some(item) = &found {
        body.insert("Item".into(), item_json(&projected(item, paths.as_deref())));
    }
    let consistent = p.get("ConsistentRead").and_then(Value::as_bool).unwrap_or(false);
    if let Some(capacity) = consumed(p, &table, read_units(found.as_ref().map_or(0, item_size), consistent)) {
        body.insert("ConsumedCapacity".into(), capacity);
    }
    Ok(Value::Object(body))
}

/// The projection of a reading request.
pub fn projection(p: &Parameters) -> Result<Option<Vec<Path>>, ServiceError> {
    refuse_legacy(p)?;
    let placeholders = Placeholders::read(p).map_err(invalid)?;
    let paths =
        optional_text(p, "ProjectionExpression")?.map(|text| expression::projection(text, &placeholders)).transpose().map_err(invalid)?;
    if paths.is_none() && p.get("ExpressionAttributeNames").is_some_and(|value| !value.is_null()) {
        return Err(invalid("ExpressionAttributeNames can only be specified when using expressions"));
    }
    placeholders.all_used().map_err(invalid)?;
    Ok(paths)
}

/// The item as a projection leaves it.
pub fn projected(item: &Item, paths: Option<&[Vec<Element>]>) -> Item {
    paths.map_or_else(|| item.clone(), |paths| expression::project(item, paths))
}

fn old_or_none(p: &Parameters) -> Result<bool, ServiceError> {
    match optional_text(p, "ReturnValues")? {
        None | Some("NONE") => Ok(false),
        Some("ALL_OLD") => Ok(true),
        Some("ALL_NEW" | "UPDATED_OLD" | "UPDATED_NEW") => Err(invalid("ReturnValues can only be ALL_OLD or NONE")),
        Some(other) => Err(not_in_set(other, "[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]")),
    }
}

fn not_in_set(value: &str, set: &str) -> ServiceError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: {set}"
    ))
}

fn written(p: &Parameters, table: &Table, write: &Write, attributes: Option<Value>) -> Value {
    let mut body = Map::new();
    if let Some(attributes) = attributes {
        body.insert("Attributes".into(), attributes);
    }
    let size = |item: &Option<Item>| item.as_ref().map_or(0, item_size);
    let units = size(&write.old).max(size(&write.new)).div_ceil(1024).max(1);
    if let Some(capacity) = consumed(p, table, u32::try_from(units).map_or(f64::MAX, f64::from)) {
        body.insert("ConsumedCapacity".into(), capacity);
    }
    Value::Object(body)
}

/// Read capacity units for so many bytes.
pub fn read_units(bytes: usize, consistent: bool) -> f64 {
    let blocks = u32::try_from(bytes.div_ceil(4096).max(1)).map_or(f64::MAX, f64::from);
    if consistent { blocks } else { blocks / 2.0 }
}

/// `ConsumedCapacity`, when it was asked for.
pub fn consumed(p: &Parameters, table: &Table, units: f64) -> Option<Value> {
    match p.get("ReturnConsumedCapacity").and_then(Value::as_str) {
        Some("TOTAL") => Some(json!({ "TableName": table.name, "CapacityUnits": units })),
        Some("INDEXES") => Some(json!({ "TableName": table.name, "CapacityUnits": units, "Table": { "CapacityUnits": units } })),
        _ => None,
    }
}

/// Key values of a partition key, for `dynamodb:LeadingKeys`.
pub fn leading(table: &Table, key: &Item) -> Option<String> {
    key.get(&table.keys.hash).and_then(Attribute::scalar_text)
}
