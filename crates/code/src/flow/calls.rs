//! Calls of the AWS SDK in the walk: which environment variable names the resource, and statements among their parameters.

use super::call::Site;
use super::engine::Engine;
use super::external::base;
use super::value::{Atom, External, Value};
use crate::aws::{Found, Kind, classify};
use model::code::SinkKind;
use std::sync::Arc;

/// Parameters that hold a statement, wherever a service takes one (RDS Data API, Redshift Data API, DynamoDB PartiQL, Athena).
const STATEMENTS: [&str; 5] = ["sql", "Sql", "Sqls", "Statement", "QueryString"];
/// Parameters that name a resource, the likeliest first.
const RESOURCES: [&str; 22] = [
    "TableName",
    "Bucket",
    "QueueUrl",
    "TopicArn",
    "FunctionName",
    "stateMachineArn",
    "SecretId",
    "UserPoolId",
    "StreamName",
    "DeliveryStreamName",
    "EventBusName",
    "KeyId",
    "resourceArn",
    "secretArn",
    "TargetArn",
    "Name",
    "RoleArn",
    "Destination",
    "RequestItems",
    "TransactItems",
    "Entries",
    "Source",
];

impl<'p> Engine<'p> {
    /// Notes a call of the SDK.
    pub fn note_aws(&mut self, external: &External, args: &[Value], new: bool, site: Site<'p>) {
        if !external.package.contains("aws-sdk") {
            return;
        }
        let package = if external.package.starts_with("aws-sdk/clients/") { &*external.package } else { base(&external.package) };
        let Kind::Operation { service, mut operation, argument } = classify(package, &external.path, new) else { return };
        if operation.is_none() {
            // `getSignedUrl("getObject", ...)` names the operation.
            let text = args.first().and_then(|a| a.text()).map(|t| t.to_string());
            operation =
                text.map(|t| t.chars().next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default() + t.get(1..).unwrap_or(""));
        }
        let params = args.get(argument).cloned().unwrap_or_default();
        let resource = self.resource(&params, 3).map(|name| name.to_string());
        if operation.as_deref().is_some_and(|o| o.contains("Statement") || o == "StartQueryExecution" || o == "Query") {
            let statements = self.fields(&params, &STATEMENTS);
            let only = Value {
                atoms: Vec::new(),
                taints: statements.taints.into_iter().filter(|t| !params.taints.iter().any(|p| p.same(t))).collect(),
                ..Value::default()
            };
            self.hit(SinkKind::Sql, &only, operation.as_deref().unwrap_or("statement"), site);
        }
        let found = Found { service, operation, resource, module: site.module, span: site.expr.span };
        if !self.aws.contains(&found) {
            self.aws.push(found);
        }
    }

    /// The environment variable among parameters that names the resource.
    fn resource(&mut self, params: &Value, depth: usize) -> Option<Arc<str>> {
        let fields = self.named_fields(params);
        let of = |value: &Value| {
            value.atoms.iter().find_map(|a| match a {
                Atom::Env(name) => Some(name.clone()),
                _ => None,
            })
        };
        let mut ordered: Vec<&(Arc<str>, Value)> = fields.iter().collect();
        ordered.sort_by_key(|(key, _)| RESOURCES.iter().position(|r| r == &&**key).unwrap_or(RESOURCES.len()));
        for (key, value) in &ordered {
            if let Some(name) = key.strip_prefix("${").and_then(|k| k.strip_suffix('}')) {
                return Some(name.into());
            }
            if RESOURCES.contains(&&**key)
                && let Some(name) = of(value)
            {
                return Some(name);
            }
        }
        if depth == 0 {
            return None;
        }
        let inner: Vec<Value> = ordered
            .iter()
            .filter(|(key, _)| {
                RESOURCES.contains(&&**key) || key.parse::<usize>().is_ok() || key.chars().next().is_some_and(char::is_uppercase)
            })
            .map(|(_, v)| v.clone())
            .collect();
        inner.iter().find_map(|value| self.resource(value, depth - 1)).or_else(|| ordered.iter().find_map(|(_, value)| of(value)))
    }
}
