//! Query and Scan.

use super::expression::{self, Condition, KeyCondition, Path, Placeholders, SortCondition};
use super::items::{consumed, projected, read_units};
use super::rows::Rows;
use super::table::{Carries, SecondaryIndex, Table};
use super::value::{Item, item_from_json, item_json, item_size};
use super::{invalid, optional_text, refuse_legacy, table};
use crate::ServiceError;
use model::{App, World};
use serde_json::{Map, Value, json};

type Parameters = Map<String, Value>;

/// One answer holds at most so many bytes of items.
const PAGE: usize = 1024 * 1024;

/// The parsed parameters that Query and Scan share.
pub struct Reading {
    /// `FilterExpression`.
    pub filter: Option<Condition>,
    /// `ProjectionExpression`.
    pub projection: Option<Vec<Path>>,
    /// `KeyConditionExpression`; empty for a scan.
    pub keys: Vec<KeyCondition>,
}

impl Reading {
    /// Parses the expressions.
    pub fn of(p: &Parameters) -> Result<Self, ServiceError> {
        refuse_legacy(p)?;
        let placeholders = Placeholders::read(p).map_err(invalid)?;
        let keys = optional_text(p, "KeyConditionExpression")?.map(|text| expression::key_condition(text, &placeholders));
        let filter = optional_text(p, "FilterExpression")?.map(|text| expression::condition("FilterExpression", text, &placeholders));
        let projection = optional_text(p, "ProjectionExpression")?.map(|text| expression::projection(text, &placeholders));
        let read = Self {
            keys: keys.transpose().map_err(invalid)?.unwrap_or_default(),
            filter: filter.transpose().map_err(invalid)?,
            projection: projection.transpose().map_err(invalid)?,
        };
        placeholders.all_used().map_err(invalid)?;
        Ok(read)
    }

    /// The partition key's value and the sort key's condition of a query.
    pub fn partition(
        &self,
        table: &Table,
        index: Option<&SecondaryIndex>,
    ) -> Result<(&expression::KeyCondition, Option<&SortCondition>), ServiceError> {
        let keys = index.map_or(&table.keys, |index| &index.keys);
        for condition in &self.keys {
            let expected = table.types.get(&condition.attribute).filter(|_| keys.names().any(|name| name == &condition.attribute));
            let Some(expected) = expected else {
                let missed = keys.names().find(|name| self.keys.iter().all(|c| &c.attribute != *name)).unwrap_or(&keys.hash);
                return Err(invalid(format!("Query condition missed key schema element: {missed}")));
            };
            if condition.sort.values().iter().any(|value| value.type_name() != expected) {
                return Err(invalid("One or more parameter values were invalid: Condition parameter type does not match schema type"));
            }
        }
        let Some(hash) = self.keys.iter().find(|c| c.attribute == keys.hash) else {
            return Err(invalid(format!("Query condition missed key schema element: {}", keys.hash)));
        };
        if !matches!(hash.sort, SortCondition::Equal(_)) {
            return Err(invalid("Query key condition not supported"));
        }
        Ok((hash, self.keys.iter().find(|c| Some(&c.attribute) == keys.range.as_ref()).map(|c| &c.sort)))
    }
}

/// Query.
pub fn query(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let table = table(app, p)?;
    let reading = Reading::of(p)?;
    if !p.contains_key("KeyConditionExpression") {
        return Err(invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."));
    }
    let index = optional_text(p, "IndexName")?.map(|name| table.index(name)).transpose()?;
    let (hash, sort) = reading.partition(&table, index)?;
    let keys = index.map_or(&table.keys, |index| &index.keys);
    if let Some(filter) = &reading.filter
        && let Some(name) = filter.attributes().into_iter().find(|name| keys.names().any(|key| key == name))
    {
        return Err(invalid(format!("Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}")));
    }
    let prefix = match (index, hash.sort.values().first().and_then(|value| value.sort_key())) {
        (None, Some(hash)) => format!("{hash}/"),
        _ => String::new(),
    };
    let mut rows = Rows::of(world, &table).scan(&prefix)?;
    rows.retain(|(_, item)| {
        let meets = |name: &str, sort: &SortCondition| item.get(name).is_some_and(|value| sort.holds(value));
        let in_range = match (&keys.range, sort) {
            (Some(range), Some(sort)) => meets(range, sort),
            (Some(range), None) => item.contains_key(range),
            (None, _) => true,
        };
        meets(&hash.attribute, &hash.sort) && in_range
    });
    rows.sort_by_cached_key(|(row, item)| position(keys.range.as_ref(), item, row));
    if p.get("ScanIndexForward").and_then(Value::as_bool) == Some(false) {
        rows.reverse();
    }
    page(p, &table, index, &reading, rows)
}

/// Scan.
pub fn scan(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let table = table(app, p)?;
    let reading = Reading::of(p)?;
    let index = optional_text(p, "IndexName")?.map(|name| table.index(name)).transpose()?;
    let mut rows = Rows::of(world, &table).scan("")?;
    if let Some(index) = index {
        rows.retain(|(_, item)| index.keys.names().all(|name| item.contains_key(name)));
    }
    match (p.get("Segment").and_then(Value::as_u64), p.get("TotalSegments").and_then(Value::as_u64)) {
        (None, None) => {}
        (Some(segment), Some(total)) if total > 0 && segment < total => rows.retain(|(row, _)| spread(row) % total == segment),
        (Some(segment), Some(total)) => {
            return Err(invalid(format!(
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {segment} is not less than TotalSegments: {total}"
            )));
        }
        (Some(_), None) => {
            return Err(invalid(
                "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
            ));
        }
        (None, Some(_)) => {
            return Err(invalid(
                "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
            ));
        }
    }
    page(p, &table, index, &reading, rows)
}

/// Where an item stands in an index's order.
fn position(range: Option<&String>, item: &Item, row: &str) -> (String, String) {
    let sort = range.and_then(|range| item.get(range)).and_then(|value| value.sort_key());
    (sort.unwrap_or_default(), row.to_owned())
}

/// FNV-1a, to spread rows over segments.
fn spread(row: &str) -> u64 {
    row.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// One page: after the start key, up to the limit, filtered and projected.
fn page(
    p: &Parameters,
    table: &Table,
    index: Option<&SecondaryIndex>,
    reading: &Reading,
    mut rows: Vec<(String, Item)>,
) -> Result<Value, ServiceError> {
    let consistent = p.get("ConsistentRead").and_then(Value::as_bool).unwrap_or(false);
    if consistent && index.is_some_and(|index| index.global) {
        return Err(invalid("Consistent reads are not supported on global secondary indexes"));
    }
    let select = optional_text(p, "Select")?;
    if select == Some("SPECIFIC_ATTRIBUTES") && reading.projection.is_none() {
        return Err(invalid("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"));
    }
    if let (Some(select), Some(_)) = (select.filter(|s| *s != "SPECIFIC_ATTRIBUTES"), &reading.projection) {
        return Err(invalid(format!("Cannot specify the ProjectionExpression when choosing to get {select}")));
    }
    let limit = match p.get("Limit").filter(|limit| !limit.is_null()) {
        None => usize::MAX,
        Some(limit) => match limit.as_u64() {
            Some(limit) if limit > 0 => usize::try_from(limit).unwrap_or(usize::MAX),
            _ => {
                return Err(invalid(format!(
                    "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"
                )));
            }
        },
    };
    if let Some(Value::Object(start)) = p.get("ExclusiveStartKey") {
        let start = item_from_json(start).map_err(|says| invalid(format!("The provided starting key is invalid: {says}")))?;
        let wanted = table.key_item(&start, index);
        if wanted.len() != start.len() || table.row_key_of(&start).is_none() {
            return Err(invalid("The provided starting key is invalid"));
        }
        // The rows stand in the order of the answer; an item that was deleted since still has its position.
        let range = index.map_or(&table.keys, |index| &index.keys).range.as_ref();
        let is_query = !reading.keys.is_empty();
        let of = |item: &Item, row: &str| if is_query { position(range, item, row) } else { (String::new(), row.to_owned()) };
        let mark = of(&start, &table.row_key_of(&start).unwrap_or_default());
        let backward = p.get("ScanIndexForward").and_then(Value::as_bool) == Some(false);
        rows.retain(|(row, item)| if backward && is_query { of(item, row) < mark } else { of(item, row) > mark });
    }
    let (mut items, mut scanned, mut bytes, mut last) = (Vec::new(), 0_usize, 0_usize, None);
    let more = rows.len();
    for (_, item) in &rows {
        scanned += 1;
        bytes += item_size(item);
        if reading.filter.as_ref().is_none_or(|filter| expression::holds(filter, item)) {
            items.push(carried(item, table, index));
        }
        if scanned >= limit || bytes >= PAGE {
            last = (scanned < more || scanned >= limit).then(|| table.key_item(item, index));
            break;
        }
    }
    let mut body = Map::new();
    body.insert("Count".into(), json!(items.len()));
    if select != Some("COUNT") {
        let shown: Vec<Value> = items.iter().map(|item| item_json(&projected(item, reading.projection.as_deref()))).collect();
        body.insert("Items".into(), Value::Array(shown));
    }
    if let Some(last) = last {
        body.insert("LastEvaluatedKey".into(), item_json(&last));
    }
    body.insert("ScannedCount".into(), json!(scanned));
    if let Some(capacity) = consumed(p, table, read_units(bytes, consistent)) {
        body.insert("ConsumedCapacity".into(), capacity);
    }
    Ok(Value::Object(body))
}

/// The part of an item that an index carries.
fn carried(item: &Item, table: &Table, index: Option<&SecondaryIndex>) -> Item {
    match index.map(|index| &index.carries) {
        Some(Carries::Keys(more)) => {
            let mut part = table.key_item(item, index);
            part.extend(more.iter().filter_map(|name| Some((name.clone(), item.get(name)?.clone()))));
            part
        }
        _ => item.clone(),
    }
}
