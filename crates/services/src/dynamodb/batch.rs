//! BatchGetItem and BatchWriteItem.

use super::expression::Path;
use super::items::{consumed, projected, projection, read_units};
use super::rows::Rows;
use super::table::Table;
use super::value::{item_json, item_size};
use super::{invalid, item, missing, not_found};
use crate::ServiceError;
use model::{App, World};
use serde_json::{Map, Value, json};

type Parameters = Map<String, Value>;

/// The requests by table.
pub fn request_items(p: &Parameters) -> Result<&Parameters, ServiceError> {
    match p.get("RequestItems") {
        Some(Value::Object(tables)) if !tables.is_empty() => Ok(tables),
        Some(Value::Object(_)) => Err(invalid(
            "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1",
        )),
        _ => Err(missing("RequestItems")),
    }
}

/// BatchGetItem.
pub fn get(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let mut wanted: Vec<(Table, String, Option<Vec<Path>>)> = Vec::new();
    for (name, request) in request_items(p)? {
        let request = request.as_object().ok_or_else(|| invalid("Unexpected field type"))?;
        let table = Table::find(app, name).ok_or_else(not_found)?;
        let paths = projection(request)?;
        let keys = request.get("Keys").and_then(Value::as_array).ok_or_else(|| missing("Keys"))?;
        for key in keys {
            let key = key.as_object().ok_or_else(|| invalid("Unexpected field type"))?;
            let row = table.row_key(&super::value::item_from_json(key).map_err(invalid)?)?;
            if wanted.iter().any(|(t, r, _)| t.name == table.name && *r == row) {
                return Err(invalid("Provided list of item keys contains duplicates"));
            }
            wanted.push((table.clone(), row, paths.clone()));
        }
    }
    if wanted.len() > 100 {
        return Err(invalid("Too many items requested for the BatchGetItem call"));
    }
    let mut responses: Map<String, Value> = Map::new();
    let mut capacities = Vec::new();
    for (table, row, paths) in &wanted {
        let found = Rows::of(world, table).get(row)?;
        let list = responses.entry(table.name.clone()).or_insert_with(|| json!([]));
        if let (Some(item), Some(list)) = (&found, list.as_array_mut()) {
            list.push(item_json(&projected(item, paths.as_deref())));
        }
        capacities.extend(consumed(p, table, read_units(found.as_ref().map_or(0, item_size), false)));
    }
    let mut body = json!({ "Responses": responses, "UnprocessedKeys": {} });
    if !capacities.is_empty() {
        body["ConsumedCapacity"] = Value::Array(capacities);
    }
    Ok(body)
}

/// BatchWriteItem: every request is checked before the first is done.
pub fn write(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let mut writes = Vec::new();
    for (name, requests) in request_items(p)? {
        let table = Table::find(app, name).ok_or_else(not_found)?;
        for request in requests.as_array().ok_or_else(|| invalid("Unexpected field type"))? {
            let (row, new) = match (request.get("PutRequest"), request.get("DeleteRequest")) {
                (Some(Value::Object(put)), None) => {
                    let new = item(put, "Item")?;
                    (table.item_key(&new)?, Some(new))
                }
                (None, Some(Value::Object(delete))) => (table.row_key(&item(delete, "Key")?)?, None),
                _ => {
                    return Err(invalid(
                        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
                    ));
                }
            };
            if writes.iter().any(|(t, r, _): &(Table, String, _)| t.name == table.name && *r == row) {
                return Err(invalid("Provided list of item keys contains duplicates"));
            }
            writes.push((table.clone(), row, new));
        }
    }
    if writes.len() > 25 {
        return Err(invalid("Too many items requested for the BatchWriteItem call"));
    }
    let mut capacities = Vec::new();
    for (table, row, new) in &writes {
        let rows = Rows::of(world, table);
        match new {
            Some(item) => rows.put(row, item)?,
            None => rows.delete(row)?,
        }
        capacities.extend(consumed(p, table, 1.0));
    }
    let mut body = json!({ "UnprocessedItems": {} });
    if !capacities.is_empty() {
        body["ConsumedCapacity"] = Value::Array(capacities);
    }
    Ok(body)
}
