//! TransactWriteItems and TransactGetItems: all or nothing.

use super::items::{self, Write};
use super::rows::Rows;
use super::table::Table;
use super::value::item_json;
use super::{invalid, item, missing, table};
use crate::ServiceError;
use model::{App, World};
use serde_json::{Map, Value, json};

type Parameters = Map<String, Value>;

/// One action of a transaction: `Put`, `Update`, `Delete`, `ConditionCheck` or `Get`, and its parameters.
pub fn actions(p: &Parameters) -> Result<Vec<(&str, &Parameters)>, ServiceError> {
    let list = p.get("TransactItems").and_then(Value::as_array).ok_or_else(|| missing("TransactItems"))?;
    if list.is_empty() || list.len() > 100 {
        let bound = if list.is_empty() { "greater than or equal to 1" } else { "less than or equal to 100" };
        return Err(invalid(format!(
            "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length {bound}"
        )));
    }
    let one = |entry: &'_ Value| -> Option<()> { (entry.as_object()?.len() == 1).then_some(()) };
    list.iter()
        .map(|entry| {
            let inner = one(entry).and_then(|()| entry.as_object()?.iter().next());
            let inner = inner.and_then(|(kind, parameters)| Some((kind.as_str(), parameters.as_object()?)));
            inner.ok_or_else(|| invalid("TransactItems can only contain one of Check, Put, Update or Delete"))
        })
        .collect()
}

/// TransactWriteItems.
pub fn write(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let mut planned: Vec<(Table, Option<Write>)> = Vec::new();
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut reasons: Vec<Value> = Vec::new();
    let mut cancelled = false;
    for (kind, parameters) in actions(p)? {
        let table = table(app, parameters)?;
        let row = match kind {
            "Put" => table.item_key(&item(parameters, "Item")?)?,
            _ => table.row_key(&item(parameters, "Key")?)?,
        };
        if rows.contains(&(table.name.clone(), row.clone())) {
            return Err(invalid("Transaction request cannot include multiple operations on one item"));
        }
        rows.push((table.name.clone(), row));
        let outcome = match kind {
            "Put" => items::plan_put(&table, parameters, world).map(Some),
            "Delete" => items::plan_delete(&table, parameters, world).map(Some),
            "Update" => items::plan_update(&table, parameters, world).map(Some),
            "ConditionCheck" => items::plan_check(&table, parameters, world).map(|()| None),
            _ => return Err(invalid("TransactItems can only contain one of Check, Put, Update or Delete")),
        };
        match outcome {
            Ok(write) => {
                reasons.push(json!({ "Code": "None" }));
                planned.push((table, write));
            }
            Err(error) if error.code == "ConditionalCheckFailedException" => {
                cancelled = true;
                let mut reason = json!({ "Code": "ConditionalCheckFailed", "Message": error.message });
                if let Some(old) = error.members.get("Item") {
                    reason["Item"] = old.clone();
                }
                reasons.push(reason);
            }
            Err(error) => return Err(error),
        }
    }
    if cancelled {
        let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
        let mut error = ServiceError::new(
            400,
            "TransactionCanceledException",
            format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", ")),
        );
        error.members.insert("CancellationReasons".into(), Value::Array(reasons));
        return Err(error);
    }
    for (table, write) in &planned {
        if let Some(write) = write {
            write.commit(&Rows::of(world, table))?;
        }
    }
    Ok(json!({}))
}

/// TransactGetItems.
pub fn get(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let mut responses = Vec::new();
    for (kind, parameters) in actions(p)? {
        if kind != "Get" {
            return Err(missing("Get"));
        }
        let table = table(app, parameters)?;
        let paths = items::projection(parameters)?;
        let row = table.row_key(&item(parameters, "Key")?)?;
        responses.push(match Rows::of(world, &table).get(&row)? {
            Some(item) => json!({ "Item": item_json(&items::projected(&item, paths.as_deref())) }),
            None => json!({}),
        });
    }
    Ok(json!({ "Responses": responses }))
}
