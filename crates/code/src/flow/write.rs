//! Operations of AWS's services, whichever SDK calls them: statements and expressions among their parameters, keys of S3 objects, and
//! what is written where another function may read it.

use super::call::Site;
use super::engine::Engine;
use super::source::{Root, Source};
use super::value::{Atom, ObjectId, Value};
use crate::aws::Found;
use model::code::{EventSource, ResourceName, ReviewKind, SinkKind, Trigger, Write, WritePart, WrittenText};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A call of an operation.
pub(super) struct Operation {
    /// IAM prefix.
    pub service: String,
    /// API name; `None` when it is chosen at run time.
    pub name: Option<String>,
    /// Its parameters.
    pub params: Value,
    /// The resource where the call names it outside the parameters (`Table("x").put_item(...)`).
    pub resource: Option<Value>,
}

/// Parameters that hold a statement, wherever a service takes one (RDS Data API, Redshift Data API, DynamoDB PartiQL, Athena).
const STATEMENTS: [&str; 6] = ["sql", "Sql", "Sqls", "sqlStatements", "Statement", "QueryString"];
/// Parameters of DynamoDB in which a text of the caller changes what is asked.
const EXPRESSIONS: [&str; 8] = [
    "FilterExpression",
    "KeyConditionExpression",
    "ConditionExpression",
    "UpdateExpression",
    "ProjectionExpression",
    "ScanFilter",
    "QueryFilter",
    "KeyConditions",
];
/// Where an operation says where it writes: service, operation, parameter, the list it stands in, the parts that are written.
const WRITES: [(&str, &str, &str, &str, &[&str]); 17] = [
    ("s3", "PutObject", "Bucket", "", &["Key", "Body", "Metadata", "Tagging"]),
    ("s3", "CopyObject", "Bucket", "", &["Key", "CopySource", "Metadata"]),
    ("dynamodb", "PutItem", "TableName", "", &["Item"]),
    ("dynamodb", "UpdateItem", "TableName", "", &["Key", "ExpressionAttributeValues", "AttributeUpdates"]),
    ("dynamodb", "BatchWriteItem", "", "", &["RequestItems", "Item"]),
    ("dynamodb", "TransactWriteItems", "", "", &["TransactItems"]),
    ("sqs", "SendMessage", "QueueUrl", "", &["MessageBody", "MessageAttributes"]),
    ("sqs", "SendMessageBatch", "QueueUrl", "Entries", &["MessageBody", "MessageAttributes"]),
    ("sns", "Publish", "TopicArn", "", &["Message", "Subject", "MessageAttributes"]),
    ("sns", "PublishBatch", "TopicArn", "PublishBatchRequestEntries", &["Message", "Subject", "MessageAttributes"]),
    ("events", "PutEvents", "EventBusName", "Entries", &["Detail", "DetailType", "Source"]),
    ("kinesis", "PutRecord", "StreamName", "", &["Data", "PartitionKey"]),
    ("kinesis", "PutRecords", "StreamName", "Records", &["Data", "PartitionKey"]),
    ("firehose", "PutRecord", "DeliveryStreamName", "Record", &["Data"]),
    ("firehose", "PutRecordBatch", "DeliveryStreamName", "Records", &["Data"]),
    ("lambda", "Invoke", "FunctionName", "", &["Payload"]),
    ("states", "StartExecution", "stateMachineArn", "", &["input"]),
];
/// Longer texts are data; no filter asks for them.
const MOST_TEXT: usize = 1024;
/// How deep a written value is looked into.
const DEPTH: usize = 5;

impl<'p> Engine<'p> {
    /// Notes a call of an operation.
    pub fn operation(&mut self, operation: Operation, site: Site<'p>) {
        let Operation { service, name, params, resource } = &operation;
        let from_outside = resource.as_ref().and_then(environment_name);
        let from_params = self.resource(params, 3).map(|name| name.to_string());
        let found = Found {
            service: service.clone(),
            operation: name.clone(),
            resource: from_outside.or(from_params),
            module: site.module,
            span: site.expr.span,
        };
        if !self.aws.contains(&found) {
            self.aws.push(found);
        }
        let Some(name) = name.as_deref() else { return };
        if name.contains("Statement") || name == "StartQueryExecution" || (name == "Query" && service != "dynamodb") {
            let kind = if service == "dynamodb" { SinkKind::PartiQl } else { SinkKind::Sql };
            self.hit_parts(kind, params, &STATEMENTS, name, site);
        }
        if service == "dynamodb" {
            self.hit_parts(SinkKind::NoSql, params, &EXPRESSIONS, name, site);
            self.whole_query(name, params, site);
            // Which table, and which comparison.
            self.hit_parts(SinkKind::NoSql, params, &["TableName"], name, site);
            let filters = self.fields_only(params, &["ScanFilter", "QueryFilter", "KeyConditions", "Expected"]);
            let each = self.elements(&filters);
            self.hit_parts(SinkKind::NoSql, &each, &["ComparisonOperator"], name, site);
            self.tenant(params, site);
        }
        if service == "s3" && !name.starts_with("List") {
            self.hit_parts(SinkKind::S3Key, params, &["Key", "CopySource"], name, site);
        }
        self.write(&operation, site);
    }

    /// What stands in the object that started the function, whose uploader chose it; nothing of any other call.
    pub fn uploaded(&mut self, operation: Option<&str>, service: &str, params: &Value, key: Option<&Value>) -> Value {
        let mut out = Value::default();
        if service != "s3" || operation != Some("GetObject") {
            return out;
        }
        let mut keys = self.fields_only(params, &["Key"]);
        if let Some(key) = key {
            keys = keys.join(key);
        }
        for taint in &keys.taints {
            let named = match taint.source.model() {
                EventSource::Trigger(Trigger::S3, path) => path == ["key"],
                EventSource::Trigger(Trigger::EventBridge | Trigger::Sqs | Trigger::Sns, path) => {
                    path.ends_with(&["object".to_owned(), "key".to_owned()])
                }
                _ => false,
            };
            if named {
                let source = std::rc::Rc::new(Source::of(Root::Message(Trigger::S3)));
                let content = super::value::Taint { source, whole: true, form: 0, built: None, safe: 0, reading: false, ..taint.clone() };
                out.taint(&[content]);
            }
        }
        out
    }

    /// Parameters themselves, not what is spread over all of them.
    pub fn hit_parts(&mut self, kind: SinkKind, params: &Value, names: &[&str], callee: &str, site: Site<'p>) {
        let fields = self.fields(params, names);
        let taints = fields.taints.into_iter().filter(|t| !params.taints.iter().any(|p| p.same(t))).collect();
        let only = Value { taints, ..Value::default() };
        self.sink_package.clear();
        self.hit(kind, &only, callee, site);
    }

    /// Parameters of which the caller chooses all: table, filter and keys.
    fn whole_query(&mut self, name: &str, params: &Value, site: Site<'p>) {
        let mut taints = params.taints.clone();
        for atom in &params.atoms {
            if let Atom::Object(id) = atom
                && let Some(spread) = self.state.at(*id).and_then(|o| o.spread)
            {
                taints.extend(self.state.get(spread).taints);
            }
        }
        taints.retain(|t| t.form == 0 && t.whole && t.safe & super::value::safe::PASSED == 0);
        self.sink_package.clear();
        self.hit(SinkKind::NoSql, &Value { taints, ..Value::default() }, name, site);
    }

    fn write(&mut self, operation: &Operation, site: Site<'p>) {
        let row = WRITES.iter().find(|row| row.0 == operation.service && Some(row.1) == operation.name.as_deref());
        let Some((service, name, parameter, list, parts)) = row else { return };
        let params = &operation.params;
        let mut inner = params.clone();
        if !list.is_empty() {
            let listed = self.fields_only(params, &[list]);
            inner = self.elements(&listed).join(&listed);
        }
        let named = match &operation.resource {
            Some(value) => value.clone(),
            None => self.fields_only(params, &[parameter]).join(&self.fields_only(&inner, &[parameter])),
        };
        let resource = match (self.resource_name(&named), *service) {
            (ResourceName::Unknown, "events") if named.is_nothing() => ResourceName::Literal("default".to_owned()),
            (ResourceName::Unknown, "dynamodb") if parameter.is_empty() => {
                self.resource(params, 3).map_or(ResourceName::Unknown, |name| ResourceName::Environment(name.to_string()))
            }
            (name, _) => name,
        };
        let mut found: BTreeMap<Vec<String>, Vec<EventSource>> = BTreeMap::new();
        let mut texts = Vec::new();
        for (key, value) in self.named_fields(&inner) {
            if parts.contains(&&*key) {
                self.texts(&value, vec![key.to_string()], &mut texts, DEPTH);
                self.parts(&value, vec![key.to_string()], &mut found, DEPTH);
            }
        }
        let parts = found.into_iter().map(|(path, sources)| WritePart { path, sources }).collect();
        let place = self.module(site.module).place(site.expr.span);
        let write = Write { service: (*service).to_owned(), operation: (*name).to_owned(), resource, parts, texts, place };
        for resource in several(&named).unwrap_or_else(|| vec![write.resource.clone()]) {
            let write = Write { resource, ..write.clone() };
            if !self.writes.contains(&write) {
                self.writes.push(write);
            }
        }
    }

    /// The texts of a written value whose beginning is known, by their path. Of a list nothing: its elements are told apart no further.
    fn texts(&mut self, value: &Value, path: Vec<String>, out: &mut Vec<WrittenText>, depth: usize) {
        if let Some(pattern) = value.text_pattern().filter(|pattern| pattern.len() <= MOST_TEXT) {
            out.push(WrittenText { path, pattern });
            return;
        }
        // Two possibilities are no text that is known.
        let [Atom::Object(id) | Atom::Json(id)] = value.atoms.as_slice() else { return };
        let Some(object) =
            self.state.at(*id).filter(|object| depth > 0 && !object.array && object.spread.is_none() && object.any.is_none())
        else {
            return;
        };
        for (name, cell) in object.fields.clone() {
            let part = self.state.get(cell);
            let typed = path.len() > 1 && matches!(&*name, "S" | "N" | "StringValue" | "DataType");
            let mut path = path.clone();
            if !typed || &*name == "DataType" {
                path.push(name.to_string());
            }
            self.texts(&part, path, out, depth - 1);
        }
    }

    /// The parts of a written value that hold data, by their path.
    fn parts(&mut self, value: &Value, path: Vec<String>, out: &mut BTreeMap<Vec<String>, Vec<EventSource>>, depth: usize) {
        let objects: Vec<ObjectId> = value
            .atoms
            .iter()
            .filter_map(|a| match a {
                Atom::Object(id) | Atom::Json(id) => Some(*id),
                _ => None,
            })
            .collect();
        let mut inner = Vec::new();
        for id in objects.iter().filter(|_| depth > 0) {
            let Some(object) = self.state.at(*id) else { continue };
            let is_list = object.array;
            let mut cells: Vec<(Option<Arc<str>>, usize)> = object.fields.iter().map(|(name, cell)| (Some(name.clone()), *cell)).collect();
            cells.extend(object.any.into_iter().chain(object.spread).map(|cell| (None, cell)));
            for (name, cell) in cells {
                let part = self.state.get(cell);
                let mut path = path.clone();
                // Elements of a list, and the type names of DynamoDB's values, are no names of their own.
                let typed = |n: &str| path.len() > 1 && matches!(n, "S" | "N" | "B" | "M" | "L" | "BOOL" | "SS" | "NS");
                if let Some(name) = name.filter(|n| !is_list && !typed(n)) {
                    path.push(name.to_string());
                }
                inner.push((part, path));
            }
        }
        if inner.is_empty() {
            let sources = out.entry(path.clone()).or_default();
            for taint in value.taints.iter().filter(|t| t.source.is_data()) {
                let source = taint.source.model();
                if !sources.contains(&source) {
                    sources.push(source);
                }
            }
            if sources.is_empty() {
                out.remove(&path);
            }
        }
        for (part, path) in inner {
            self.parts(&part, path, out, depth - 1);
        }
    }

    fn resource_name(&self, value: &Value) -> ResourceName {
        if let Some(name) = environment_name(value) {
            return ResourceName::Environment(name);
        }
        value.text().map_or(ResourceName::Unknown, |text| ResourceName::Literal(text.to_string()))
    }

    /// A key of a table that is the caller's word about whose data it is.
    fn tenant(&mut self, params: &Value, site: Site<'p>) {
        let keys = self.fields_only(params, &["Key", "ExpressionAttributeValues", "KeyConditionExpression"]);
        let taints = self.deep(&keys, 4);
        if taints.iter().any(|t| !t.source.is_data()) {
            return;
        }
        for taint in taints.iter().filter(|t| t.whole) {
            let Some(name) = taint.source.path.last().filter(|name| super::tokens::is_tenant(name)) else { continue };
            let at = super::value::At { module: site.module, span: site.expr.span };
            let says = format!("`{name}` of the request alone says whose data is read or written");
            self.review(ReviewKind::ClientControlledTenant, name, says, at);
        }
    }

    /// The named properties of objects, without what the value itself holds.
    pub fn fields_only(&mut self, value: &Value, names: &[&str]) -> Value {
        let mut out = Value::default();
        for (key, field) in self.named_fields(value) {
            if names.contains(&&*key) {
                out = out.join(&field);
            }
        }
        out
    }
}

/// The names that a value may be, when it is one of several and nothing else (`name = kind === "a" ? "one" : "two"`).
fn several(value: &Value) -> Option<Vec<ResourceName>> {
    let names = value.atoms.iter().filter(|atom| !matches!(atom, Atom::Null)).map(|atom| match atom {
        Atom::Text(text) if !text.is_empty() => Some(ResourceName::Literal(text.to_string())),
        Atom::Env(name) => Some(ResourceName::Environment(name.to_string())),
        _ => None,
    });
    let names: Vec<ResourceName> = names.collect::<Option<_>>()?;
    (names.len() > 1 && !value.unknown && value.taints.is_empty()).then_some(names)
}

fn environment_name(value: &Value) -> Option<String> {
    value.atoms.iter().find_map(|a| match a {
        Atom::Env(name) => Some(name.to_string()),
        _ => None,
    })
}
