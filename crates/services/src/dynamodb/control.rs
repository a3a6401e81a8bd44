//! CreateTable, DescribeTable, ListTables, DeleteTable. A table is a resource of the App, so that its creation
//! and removal are changes of the App; its rows are the service's own.

use super::rows::Rows;
use super::table::{KIND, Table};
use super::{invalid, missing, optional_text, text};
use crate::ServiceError;
use model::{App, Change, Node, Place, Resource, ResourceId, World};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

type Parameters = Map<String, Value>;

/// The stack of resources that were made by API calls and stand in no template.
pub const NO_STACK: &str = "(none)";

fn find(app: &App, name: &str) -> Result<Table, ServiceError> {
    Table::find(app, name).ok_or_else(|| {
        ServiceError::new(400, "ResourceNotFoundException", format!("Requested resource not found: Table: {name} not found"))
    })
}

/// CreateTable.
pub fn create(app: &App, p: &Parameters, world: &dyn World, changes: &mut Vec<Change>) -> Result<Value, ServiceError> {
    let name = text(p, "TableName")?;
    check_name(name)?;
    if Table::find(app, name).is_some() {
        return Err(ServiceError::new(400, "ResourceInUseException", format!("Table already exists: {name}")));
    }
    for required in ["AttributeDefinitions", "KeySchema"] {
        if !p.get(required).is_some_and(Value::is_array) {
            return Err(missing(required));
        }
    }
    let place = Place::new("CreateTable", 1, 1);
    let arn = format!("arn:{}:dynamodb:{}:{}:table/{name}", app.partition, app.region, app.account);
    let resource = Resource {
        id: ResourceId::new(NO_STACK, format!("dynamodb/{name}")),
        kind: KIND.into(),
        properties: Node::from_json(&Value::Object(p.clone()), &place),
        place,
        physical_id: name.into(),
        arn: Some(arn),
        generated_from: None,
        condition: None,
        deletion_policy: None,
        metadata: None,
    };
    let table = Table::of(&resource).ok_or_else(|| {
        invalid("1 validation error detected: Value at 'keySchema' failed to satisfy constraint: Member must have a HASH key")
    })?;
    check_definitions(&table)?;
    // Rows that a table of this name left behind when its template went.
    Rows::of(world, &table).clear()?;
    let created = created(&table, world, true)?;
    changes.push(Change::Put(Box::new(resource)));
    Ok(json!({ "TableDescription": description(&table, created, 0, 0, "CREATING") }))
}

fn check_name(name: &str) -> Result<(), ServiceError> {
    if name.len() < 3 || name.len() > 255 {
        return Err(invalid("TableName must be at least 3 characters long and at most 255 characters long"));
    }
    if name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b)) {
        return Ok(());
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
    )))
}

fn check_definitions(table: &Table) -> Result<(), ServiceError> {
    let keyed: std::collections::BTreeSet<&String> =
        table.keys.names().chain(table.indexes.iter().flat_map(|index| index.keys.names())).collect();
    let defined: std::collections::BTreeSet<&String> = table.types.keys().collect();
    let shown = |names: Vec<&&String>| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    if !keyed.is_subset(&defined) {
        return Err(invalid(format!(
            "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], \
             AttributeDefinitions: [{}]",
            shown(keyed.iter().collect()),
            shown(defined.iter().collect())
        )));
    }
    if keyed != defined {
        return Err(invalid(
            "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes \
             defined in AttributeDefinitions",
        ));
    }
    if let Some(kind) = table.types.values().find(|kind| !["S", "N", "B"].contains(&kind.as_str())) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{kind}' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: \
             Member must satisfy enum value set: [B, N, S]"
        )));
    }
    Ok(())
}

/// DescribeTable.
pub fn describe(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let table = find(app, text(p, "TableName")?)?;
    let rows = Rows::of(world, &table).scan("")?;
    let bytes = rows.iter().map(|(_, item)| super::value::item_size(item)).sum();
    Ok(json!({ "Table": description(&table, created(&table, world, false)?, rows.len(), bytes, "ACTIVE") }))
}

/// ListTables.
pub fn list(app: &App, p: &Parameters) -> Result<Value, ServiceError> {
    let limit = p.get("Limit").and_then(Value::as_u64).map_or(100, |limit| usize::try_from(limit).unwrap_or(100));
    if !(1..=100).contains(&limit) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100"
        )));
    }
    let start = optional_text(p, "ExclusiveStartTableName")?.unwrap_or_default();
    let mut names: Vec<&str> = app.of_kind(KIND).map(|r| r.physical_id.as_str()).filter(|name| *name > start).collect();
    names.sort_unstable();
    let more = names.len() > limit;
    names.truncate(limit);
    let mut body = json!({ "TableNames": names });
    if more {
        body["LastEvaluatedTableName"] = json!(names.last());
    }
    Ok(body)
}

/// DeleteTable.
pub fn delete(app: &App, p: &Parameters, world: &dyn World, changes: &mut Vec<Change>) -> Result<Value, ServiceError> {
    let table = find(app, text(p, "TableName")?)?;
    if table.definition["DeletionProtectionEnabled"] == true {
        return Err(invalid(format!(
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.: Table: {}",
            table.name
        )));
    }
    let created = created(&table, world, false)?;
    Rows::of(world, &table).clear()?;
    world.store("dynamodb").delete("(tables)", &table.name)?;
    changes.push(Change::Remove(table.id.clone()));
    Ok(json!({ "TableDescription": description(&table, created, 0, 0, "DELETING") }))
}

/// DescribeTimeToLive.
pub fn time_to_live(app: &App, p: &Parameters) -> Result<Value, ServiceError> {
    let table = find(app, text(p, "TableName")?)?;
    let specification = &table.definition["TimeToLiveSpecification"];
    Ok(match (specification["Enabled"] == true, specification["AttributeName"].as_str()) {
        (true, Some(name)) => json!({ "TimeToLiveDescription": { "TimeToLiveStatus": "ENABLED", "AttributeName": name } }),
        _ => json!({ "TimeToLiveDescription": { "TimeToLiveStatus": "DISABLED" } }),
    })
}

/// DescribeContinuousBackups.
pub fn backups(app: &App, p: &Parameters) -> Result<Value, ServiceError> {
    let table = find(app, text(p, "TableName")?)?;
    let on = table.definition["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] == true;
    let status = if on { "ENABLED" } else { "DISABLED" };
    Ok(json!({ "ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": { "PointInTimeRecoveryStatus": status },
    } }))
}

/// Seconds at which the table came to be: the first time anybody asked, for a table of a template.
fn created(table: &Table, world: &dyn World, anew: bool) -> Result<i64, ServiceError> {
    let store = world.store("dynamodb");
    let known = if anew { None } else { store.get("(tables)", &table.name)? };
    if let Some(seconds) = known.and_then(|row| String::from_utf8(row).ok()).and_then(|text| text.parse().ok()) {
        return Ok(seconds);
    }
    let now = world.now().seconds();
    store.put("(tables)", &table.name, now.to_string().as_bytes())?;
    Ok(now)
}

fn description(table: &Table, created: i64, items: usize, bytes: usize, status: &str) -> Value {
    let d = &table.definition;
    let on_demand = d["BillingMode"] == "PAY_PER_REQUEST";
    let units = |of: &Value, name: &str| if on_demand { 0 } else { of["ProvisionedThroughput"][name].as_u64().unwrap_or(5) };
    let throughput = |of: &Value| {
        json!({
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": units(of, "ReadCapacityUnits"),
            "WriteCapacityUnits": units(of, "WriteCapacityUnits"),
        })
    };
    let mut id = String::with_capacity(36);
    for (at, byte) in Sha256::digest(&table.arn).iter().take(16).enumerate() {
        if [4, 6, 8, 10].contains(&at) {
            id.push('-');
        }
        id.push_str(&format!("{byte:02x}"));
    }
    let mut body = json!({
        "AttributeDefinitions": d["AttributeDefinitions"],
        "TableName": table.name,
        "KeySchema": d["KeySchema"],
        "TableStatus": status,
        "CreationDateTime": created,
        "ProvisionedThroughput": throughput(d),
        "TableSizeBytes": bytes,
        "ItemCount": items,
        "TableArn": table.arn,
        "TableId": id,
        "DeletionProtectionEnabled": d["DeletionProtectionEnabled"] == true,
    });
    if on_demand {
        body["BillingModeSummary"] = json!({ "BillingMode": "PAY_PER_REQUEST", "LastUpdateToPayPerRequestDateTime": created });
    }
    for (member, global) in [("GlobalSecondaryIndexes", true), ("LocalSecondaryIndexes", false)] {
        let indexes: Vec<Value> = d[member]
            .as_array()
            .into_iter()
            .flatten()
            .map(|index| {
                let name = index["IndexName"].as_str().unwrap_or_default();
                let mut shown = json!({
                    "IndexName": name,
                    "KeySchema": index["KeySchema"],
                    "Projection": index["Projection"],
                    "IndexSizeBytes": 0,
                    "ItemCount": items,
                    "IndexArn": format!("{}/index/{name}", table.arn),
                });
                if global {
                    shown["IndexStatus"] = json!("ACTIVE");
                    shown["ProvisionedThroughput"] = throughput(index);
                }
                shown
            })
            .collect();
        if !indexes.is_empty() {
            body[member] = Value::Array(indexes);
        }
    }
    body
}
