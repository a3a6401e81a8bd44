//! Amazon DynamoDB (API version 2012-08-10): tables, items, expressions, batches and transactions.
//!
//! It never decides whether a caller may do something. Legacy parameters (`Expected`, `KeyConditions`,
//! `AttributesToGet`, ...) are refused, not ignored.

mod asks;
mod batch;
mod control;
pub mod expression;
mod items;
pub mod number;
mod query;
mod rows;
pub mod table;
mod transaction;
pub mod value;

use crate::wire::{self, Protocol};
use crate::{Asked, Done, Service, ServiceError};
use model::{App, HttpRequest, Identity, World};
use serde_json::{Map, Value};
use std::sync::{Mutex, PoisonError};
use table::Table;
use value::Item;

/// The service. Writes happen one at a time, so that a condition still holds when its item is written.
#[derive(Debug, Default)]
pub struct DynamoDb {
    writing: Mutex<()>,
}

impl Service for DynamoDb {
    fn endpoint(&self) -> &'static str {
        "dynamodb"
    }

    fn asks(&self, app: &App, request: &HttpRequest) -> Result<Asked, ServiceError> {
        let operation = wire::target(request, "DynamoDB_20120810").unwrap_or_default();
        asks::asked(app, operation, wire::json_body(request)?)
    }

    fn carry_out(&self, app: &App, asked: &Asked, _: &Identity, world: &dyn World) -> Result<Done, ServiceError> {
        let empty = Map::new();
        let p = asked.parameters.as_object().unwrap_or(&empty);
        let _writing = (!asked.read_only).then(|| self.writing.lock().unwrap_or_else(PoisonError::into_inner));
        let mut changes = Vec::new();
        let body = match asked.operation.as_str() {
            "PutItem" => items::put(app, p, world)?,
            "GetItem" => items::get(app, p, world)?,
            "DeleteItem" => items::delete(app, p, world)?,
            "UpdateItem" => items::update(app, p, world)?,
            "Query" => query::query(app, p, world)?,
            "Scan" => query::scan(app, p, world)?,
            "BatchGetItem" => batch::get(app, p, world)?,
            "BatchWriteItem" => batch::write(app, p, world)?,
            "TransactWriteItems" => transaction::write(app, p, world)?,
            "TransactGetItems" => transaction::get(app, p, world)?,
            "CreateTable" => control::create(app, p, world, &mut changes)?,
            "DescribeTable" => control::describe(app, p, world)?,
            "ListTables" => control::list(app, p)?,
            "DeleteTable" => control::delete(app, p, world, &mut changes)?,
            "DescribeTimeToLive" => control::time_to_live(app, p)?,
            "DescribeContinuousBackups" => control::backups(app, p)?,
            _ => return Err(unknown()),
        };
        let elements = match asked.operation.as_str() {
            "CreateTable" | "DeleteTable" => wire::trail_names(&body),
            _ => Value::Null,
        };
        Ok(Done { changes, ..Done::new(wire::json_answer(Protocol::Json10, &body), elements) })
    }
}

/// A request that is well formed and yet wrong.
fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "ValidationException", message)
}

fn unknown() -> ServiceError {
    ServiceError::new(400, "UnknownOperationException", "")
}

fn not_found() -> ServiceError {
    ServiceError::new(400, "ResourceNotFoundException", "Requested resource not found")
}

/// A required text parameter.
fn text<'a>(p: &'a Map<String, Value>, name: &str) -> Result<&'a str, ServiceError> {
    optional_text(p, name)?.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> ServiceError {
    let mut lower = name.to_owned();
    if let Some(first) = lower.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    invalid(format!("1 validation error detected: Value null at '{lower}' failed to satisfy constraint: Member must not be null"))
}

/// A text parameter.
fn optional_text<'a>(p: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, ServiceError> {
    match p.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ServiceError::new(400, "SerializationException", format!("Unexpected value type for {name}"))),
    }
}

/// A required item or key parameter.
fn item(p: &Map<String, Value>, name: &str) -> Result<Item, ServiceError> {
    match p.get(name) {
        None | Some(Value::Null) => Err(missing(name)),
        Some(Value::Object(members)) => value::item_from_json(members).map_err(invalid),
        Some(_) => Err(ServiceError::new(400, "SerializationException", format!("Unexpected value type for {name}"))),
    }
}

/// The table that `TableName` names.
fn table(app: &App, p: &Map<String, Value>) -> Result<Table, ServiceError> {
    let name = text(p, "TableName")?;
    Table::find(app, name).ok_or_else(not_found)
}

/// Parameters of before expressions: what they would restrict must not be passed over.
fn refuse_legacy(p: &Map<String, Value>) -> Result<(), ServiceError> {
    const LEGACY: [&str; 8] = [
        "AttributesToGet",
        "AttributeUpdates",
        "ConditionalOperator",
        "Expected",
        "KeyConditions",
        "QueryFilter",
        "ScanFilter",
        "ReturnItemsOnly",
    ];
    match LEGACY.iter().find(|name| p.get(**name).is_some_and(|value| !value.is_null())) {
        Some(name) => Err(invalid(format!("The legacy parameter {name} is not supported here; use an expression"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
