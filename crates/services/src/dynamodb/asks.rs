//! What a request asks for: the IAM actions, resources and condition keys (Service Authorization Reference,
//! "Actions, resources, and condition keys for Amazon DynamoDB"), and what CloudTrail may write of it
//! (DynamoDB Developer Guide, "Understanding DynamoDB log file entries": keys and names, no other values).

use super::expression;
use super::items::{expressions, leading, projection};
use super::query::Reading;
use super::table::{Keys, Table};
use super::value::{Item, item_from_json};
use super::{batch, invalid, item, optional_text, text, transaction, unknown};
use crate::{Asked, ServiceError, wire};
use model::{ApiCall, App, Arn};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Parameters = Map<String, Value>;
type Context = BTreeMap<String, Vec<String>>;

/// Reads a request.
pub fn asked(app: &App, operation: &str, p: Parameters) -> Result<Asked, ServiceError> {
    let (read_only, data_event) = match operation {
        "GetItem" | "Query" | "Scan" | "BatchGetItem" | "TransactGetItems" => (true, true),
        "PutItem" | "DeleteItem" | "UpdateItem" | "BatchWriteItem" | "TransactWriteItems" => (false, true),
        "DescribeTable" | "ListTables" | "DescribeTimeToLive" | "DescribeContinuousBackups" => (true, false),
        "CreateTable" | "DeleteTable" => (false, false),
        _ => return Err(unknown()),
    };
    let needs = match operation {
        "BatchGetItem" => batch_get(app, &p)?,
        "BatchWriteItem" => batch_write(app, &p)?,
        "TransactWriteItems" | "TransactGetItems" => transact(app, &p, operation)?,
        "ListTables" => vec![call(app, operation, "*".into(), Context::new())],
        _ => vec![one(app, operation, &p)?],
    };
    let logged_parameters = if data_event { logged_data(app, operation, &p) } else { wire::trail_names(&Value::Object(p.clone())) };
    Ok(Asked {
        operation: operation.into(),
        needs,
        public: false,
        parameters: Value::Object(p),
        logged_parameters,
        read_only,
        data_event,
        ..Asked::default()
    })
}

fn call(app: &App, action: &str, resource: String, context: Context) -> ApiCall {
    let resource_account = Arn::parse(&resource).map_or_else(|| app.account.clone(), |arn| arn.account);
    ApiCall { action: format!("dynamodb:{action}"), resource, resource_account, context, ..ApiCall::default() }
}

/// The ARN that a table name means, whether or not the table is there.
fn arn_of(app: &App, name: &str) -> String {
    match Arn::parse(name) {
        Some(_) => name.to_owned(),
        None => format!("arn:{}:dynamodb:{}:{}:table/{name}", app.partition, app.region, app.account),
    }
}

/// An operation on one table or index.
fn one(app: &App, operation: &str, p: &Parameters) -> Result<ApiCall, ServiceError> {
    let name = text(p, "TableName")?;
    let table = Table::find(app, name);
    let mut arn = arn_of(app, name);
    let mut context = Context::new();
    for (parameter, key) in [("ReturnConsumedCapacity", "dynamodb:ReturnConsumedCapacity"), ("ReturnValues", "dynamodb:ReturnValues")] {
        if let Some(value) = optional_text(p, parameter)? {
            context.insert(key.into(), vec![value.into()]);
        }
    }
    // Without the table there is no key schema; the operation itself will say that it is not found.
    if let Some(table) = &table {
        match operation {
            "PutItem" => of_put(table, p, &mut context)?,
            "GetItem" | "DeleteItem" | "UpdateItem" | "ConditionCheckItem" => of_key(table, operation, p, &mut context)?,
            "Query" | "Scan" => of_reading(table, operation, p, &mut context)?,
            _ => {}
        }
    }
    if let ("Query" | "Scan", Some(index)) = (operation, optional_text(p, "IndexName")?) {
        arn = format!("{arn}/index/{index}");
    }
    Ok(call(app, operation, arn, context))
}

fn set(context: &mut Context, key: &str, values: impl IntoIterator<Item = String>) {
    context.insert(format!("dynamodb:{key}"), values.into_iter().collect::<BTreeSet<_>>().into_iter().collect());
}

fn leading_key(table: &Table, key: &Item, context: &mut Context) -> Result<(), ServiceError> {
    let value = leading(table, key).ok_or_else(|| invalid("The provided key element does not match the schema"))?;
    set(context, "LeadingKeys", [value]);
    Ok(())
}

fn of_put(table: &Table, p: &Parameters, context: &mut Context) -> Result<(), ServiceError> {
    let new = item(p, "Item")?;
    table.item_key(&new)?;
    leading_key(table, &new, context)?;
    let conditions = expressions(p)?.condition;
    let read = conditions.iter().flat_map(|c| c.attributes()).map(str::to_owned);
    set(context, "Attributes", new.keys().cloned().chain(read));
    context.entry("dynamodb:ReturnValues".into()).or_insert_with(|| vec!["NONE".into()]);
    Ok(())
}

fn of_key(table: &Table, operation: &str, p: &Parameters, context: &mut Context) -> Result<(), ServiceError> {
    let key = item(p, "Key")?;
    table.row_key(&key)?;
    leading_key(table, &key, context)?;
    let mut attributes: Vec<String> = key.keys().cloned().collect();
    if operation == "GetItem" {
        let paths = projection(p)?;
        let select = if paths.is_some() { "SPECIFIC_ATTRIBUTES" } else { "ALL_ATTRIBUTES" };
        set(context, "Select", [select.to_owned()]);
        attributes.extend(paths.iter().flatten().filter_map(expression::head).map(str::to_owned));
    } else {
        let expressions = expressions(p)?;
        attributes.extend(expressions.condition.iter().flat_map(|c| c.attributes()).map(str::to_owned));
        let paths = expressions.update.map(|update| update.paths()).unwrap_or_default();
        attributes.extend(paths.iter().filter_map(expression::head).map(str::to_owned));
        context.entry("dynamodb:ReturnValues".into()).or_insert_with(|| vec!["NONE".into()]);
    }
    set(context, "Attributes", attributes);
    Ok(())
}

fn of_reading(table: &Table, operation: &str, p: &Parameters, context: &mut Context) -> Result<(), ServiceError> {
    let reading = Reading::of(p)?;
    let index = optional_text(p, "IndexName")?.map(|name| table.index(name)).transpose()?;
    if operation == "Query" {
        let (hash, _) = reading.partition(table, index)?;
        let value = hash.sort.values().first().and_then(|value| value.scalar_text());
        set(context, "LeadingKeys", [value.ok_or_else(|| invalid("Query key condition not supported"))?]);
    } else {
        context.insert("dynamodb:FullTableScan".into(), vec!["true".into()]);
    }
    let default = match (&reading.projection, index) {
        (Some(_), _) => "SPECIFIC_ATTRIBUTES",
        (None, Some(_)) => "ALL_PROJECTED_ATTRIBUTES",
        (None, None) => "ALL_ATTRIBUTES",
    };
    set(context, "Select", [optional_text(p, "Select")?.unwrap_or(default).to_owned()]);
    let projected = reading.projection.iter().flatten().filter_map(expression::head);
    let filtered = reading.filter.iter().flat_map(|filter| filter.attributes());
    let keyed = reading.keys.iter().map(|key| key.attribute.as_str());
    let attributes: Vec<String> = projected.chain(filtered).chain(keyed).map(str::to_owned).collect();
    if !attributes.is_empty() {
        set(context, "Attributes", attributes);
    }
    Ok(())
}

/// One call a table, with all its leading keys.
fn batch_get(app: &App, p: &Parameters) -> Result<Vec<ApiCall>, ServiceError> {
    let mut calls = Vec::new();
    for (name, request) in batch::request_items(p)? {
        let request = request.as_object().ok_or_else(|| invalid("Unexpected field type"))?;
        let mut context = Context::new();
        if let Some(table) = Table::find(app, name) {
            let keys = request.get("Keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            many_keys(&table, keys.iter(), &mut context)?;
            let paths = projection(request)?;
            let select = if paths.is_some() { "SPECIFIC_ATTRIBUTES" } else { "ALL_ATTRIBUTES" };
            set(&mut context, "Select", [select.to_owned()]);
            let named = paths.iter().flatten().filter_map(expression::head).map(str::to_owned);
            set(&mut context, "Attributes", names_of(&table.keys).chain(named));
        }
        calls.push(call(app, "BatchGetItem", arn_of(app, name), context));
    }
    Ok(calls)
}

fn batch_write(app: &App, p: &Parameters) -> Result<Vec<ApiCall>, ServiceError> {
    let mut calls = Vec::new();
    for (name, requests) in batch::request_items(p)? {
        let mut context = Context::new();
        if let Some(table) = Table::find(app, name) {
            let requests = requests.as_array().map(Vec::as_slice).unwrap_or_default();
            let items = || requests.iter().filter_map(|r| r.pointer("/PutRequest/Item").or_else(|| r.pointer("/DeleteRequest/Key")));
            if items().count() < requests.len() {
                return Err(invalid("Unexpected field type"));
            }
            many_keys(&table, items(), &mut context)?;
            let named = items().filter_map(Value::as_object).flat_map(|item| item.keys().cloned());
            set(&mut context, "Attributes", names_of(&table.keys).chain(named));
        }
        calls.push(call(app, "BatchWriteItem", arn_of(app, name), context));
    }
    Ok(calls)
}

fn names_of(keys: &Keys) -> impl Iterator<Item = String> {
    keys.names().cloned().collect::<Vec<_>>().into_iter()
}

fn many_keys<'a>(table: &Table, keys: impl Iterator<Item = &'a Value>, context: &mut Context) -> Result<(), ServiceError> {
    let mut values = Vec::new();
    for key in keys {
        let key = key.as_object().ok_or_else(|| invalid("Unexpected field type"))?;
        let key = item_from_json(key).map_err(invalid)?;
        values.push(leading(table, &key).ok_or_else(|| invalid("The provided key element does not match the schema"))?);
    }
    set(context, "LeadingKeys", values);
    Ok(())
}

/// One call an action: a transaction needs the permission of each (Developer Guide, "Using IAM with DynamoDB
/// transactions").
fn transact(app: &App, p: &Parameters, enclosing: &str) -> Result<Vec<ApiCall>, ServiceError> {
    let mut calls = Vec::new();
    for (kind, parameters) in transaction::actions(p)? {
        let operation = match (kind, enclosing) {
            ("Put", "TransactWriteItems") => "PutItem",
            ("Update", "TransactWriteItems") => "UpdateItem",
            ("Delete", "TransactWriteItems") => "DeleteItem",
            ("ConditionCheck", "TransactWriteItems") => "ConditionCheckItem",
            ("Get", "TransactGetItems") => "GetItem",
            _ => return Err(invalid("TransactItems can only contain one of Check, Put, Update or Delete")),
        };
        let mut call = one(app, operation, parameters)?;
        call.context.insert("dynamodb:EnclosingOperation".into(), vec![enclosing.into()]);
        calls.push(call);
    }
    Ok(calls)
}

/// Names and key values; of other attributes the names alone, and of expressions nothing that holds a value.
fn logged_data(app: &App, operation: &str, p: &Parameters) -> Value {
    match operation {
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = p.get("RequestItems").and_then(Value::as_object).into_iter().flatten();
            let shown: Map<String, Value> = tables.map(|(name, requests)| (name.clone(), logged_batch(app, name, requests))).collect();
            json!({ "requestItems": shown })
        }
        "TransactWriteItems" | "TransactGetItems" => {
            let items = p.get("TransactItems").and_then(Value::as_array).into_iter().flatten();
            let shown = |entry: &Value| -> Value {
                let members = entry.as_object().into_iter().flatten();
                members.map(|(kind, inner)| (wire::trail_name(kind), logged_one(app, inner))).collect::<Map<_, _>>().into()
            };
            json!({ "transactItems": items.map(shown).collect::<Vec<_>>() })
        }
        _ => logged_one(app, &Value::Object(p.clone())),
    }
}

fn logged_batch(app: &App, name: &str, requests: &Value) -> Value {
    let table = Table::find(app, name);
    let keys = |item: &Value| key_values(table.as_ref(), item);
    match requests {
        Value::Array(list) => Value::Array(
            list.iter()
                .map(|request| match (request.pointer("/PutRequest/Item"), request.pointer("/DeleteRequest/Key")) {
                    (Some(item), _) => json!({ "putRequest": { "key": keys(item), "items": names(item) } }),
                    (None, Some(key)) => json!({ "deleteRequest": { "key": keys(key) } }),
                    _ => json!({}),
                })
                .collect(),
        ),
        request => {
            let all = request["Keys"].as_array().map(|list| list.iter().map(keys).collect::<Vec<_>>());
            json!({ "keys": all })
        }
    }
}

fn logged_one(app: &App, p: &Value) -> Value {
    let table = p["TableName"].as_str().and_then(|name| Table::find(app, name));
    let mut shown = Map::new();
    for name in [
        "TableName",
        "IndexName",
        "ReturnConsumedCapacity",
        "ReturnItemCollectionMetrics",
        "ReturnValues",
        "Select",
        "Limit",
        "ConsistentRead",
        "ScanIndexForward",
        "Segment",
        "TotalSegments",
    ] {
        if let Some(value) = p.get(name) {
            shown.insert(wire::trail_name(name), value.clone());
        }
    }
    if let Some(item) = p.get("Item") {
        shown.insert("key".into(), key_values(table.as_ref(), item));
        shown.insert("items".into(), names(item));
    }
    if let Some(key) = p.get("Key") {
        shown.insert("key".into(), key_values(table.as_ref(), key));
    }
    Value::Object(shown)
}

fn names(item: &Value) -> Value {
    item.as_object().into_iter().flatten().map(|(name, _)| json!(name)).collect()
}

fn key_values(table: Option<&Table>, item: &Value) -> Value {
    let Some(item) = item.as_object().and_then(|item| item_from_json(item).ok()) else { return Value::Null };
    let Some(table) = table else { return Value::Null };
    let key = table.key_item(&item, None);
    key.iter().filter_map(|(name, value)| Some((name.clone(), json!(value.scalar_text()?)))).collect::<Map<_, _>>().into()
}
