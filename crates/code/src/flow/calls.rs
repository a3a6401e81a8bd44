//! Calls of the AWS SDKs in the walk: which operation it is, and which environment variable names the resource.

use super::call::Site;
use super::engine::Engine;
use super::external::base;
use super::python::Args;
use super::source::Root;
use super::value::{Atom, External, Value};
use super::write::Operation;
use crate::aws::{Kind, classify, python};
use model::code::{ReviewKind, SinkKind, Trigger};
use std::rc::Rc;
use std::sync::Arc;

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
    /// Notes a call of the SDK for JavaScript.
    pub fn note_aws(&mut self, external: &External, args: &[Value], new: bool, site: Site<'p>) -> Value {
        if !external.package.contains("aws-sdk") {
            return Value::default();
        }
        self.signed(external, args, site);
        let package = if external.package.starts_with("aws-sdk/clients/") { &*external.package } else { base(&external.package) };
        let Kind::Operation { service, mut operation, argument } = classify(package, &external.path, new) else {
            // `client.send(command)` gives what the command asks for.
            let sends = external.path.ends_with(".send") || external.path.ends_with(".promise");
            let content = args
                .iter()
                .flat_map(|a| a.taints.iter())
                .filter(|t| t.source.root == Root::Message(Trigger::S3) && t.source.path.is_empty());
            let taints = if sends { content.cloned().collect() } else { Vec::new() };
            return Value { taints, ..Value::default() };
        };
        if operation.is_none() && argument == 1 {
            // `getSignedUrl("getObject", ...)` names the operation.
            let text = args.first().and_then(|a| a.text()).map(|t| t.to_string());
            operation =
                text.map(|t| t.chars().next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default() + t.get(1..).unwrap_or(""));
        }
        let params = args.get(argument).cloned().unwrap_or_default();
        let content = self.uploaded(operation.as_deref(), &service, &params, None);
        self.operation(Operation { service, name: operation, params, resource: None }, site);
        content
    }

    /// URLs and POST policies that are signed for a key.
    fn signed(&mut self, external: &External, args: &[Value], site: Site<'p>) {
        let name = external.path.rsplit('.').next().unwrap_or("");
        match name {
            "getSignedUrl" | "getSignedUrlPromise" => {
                // Version 3 signs a command, version 2 the parameters.
                let mut params = args.get(1).cloned().unwrap_or_default();
                let made = params.atoms.iter().find_map(|a| match a {
                    Atom::External(command) => command.args.first().cloned(),
                    _ => None,
                });
                params = made.unwrap_or(params);
                self.hit_parts(SinkKind::Presign, &params, &["Key"], name, site);
            }
            "createPresignedPost" => {
                let at = usize::from(external.package.starts_with("@aws-sdk/"));
                let params = args.get(at).cloned().unwrap_or_default();
                self.post_policy(&params, "Fields", "Conditions", site);
            }
            _ => {}
        }
    }

    /// A POST policy: its key, and what it leaves open.
    fn post_policy(&mut self, params: &Value, fields: &str, conditions: &str, site: Site<'p>) {
        self.hit_parts(SinkKind::PostPolicy, params, &["Key"], "the POST policy", site);
        let fields = self.fields_only(params, &[fields]);
        self.hit_parts(SinkKind::PostPolicy, &fields, &["key", "Key"], "the POST policy", site);
        let given = self.fields_only(params, &[conditions]);
        self.hit_deep(SinkKind::PostPolicy, &given, site);
        let mut bounded = given.unknown && given.atoms.is_empty();
        let mut open = false;
        for condition in self.list(&given) {
            let parts: Vec<Value> = (0..3).map(|at| self.element(&condition, at)).collect();
            let text = |at: usize| parts.get(at).and_then(|p| p.text()).map(|t| t.to_string());
            bounded |= text(0).as_deref() == Some("content-length-range");
            open |= text(0).as_deref() == Some("starts-with") && text(1).as_deref() == Some("$key") && text(2).as_deref() == Some("");
        }
        if !bounded || open {
            let what = if open { "any key" } else { "a file of any size" };
            let at = super::value::At { module: site.module, span: site.expr.span };
            self.review(ReviewKind::WidePostPolicy, "", format!("the signed POST policy takes {what}"), at);
        }
    }

    fn hit_deep(&mut self, kind: SinkKind, value: &Value, site: Site<'p>) {
        let taints = self.deep(value, 4);
        self.hit(kind, &Value { taints, ..Value::default() }, "the POST policy", site);
    }

    /// The elements of a list, each apart.
    fn list(&mut self, value: &Value) -> Vec<Value> {
        let mut out = Vec::new();
        for atom in &value.atoms {
            if let Atom::Object(id) = atom
                && let Some(object) = self.state.at(*id)
            {
                let cells: Vec<usize> = object.fields.values().copied().chain(object.any).collect();
                out.extend(cells.into_iter().map(|cell| self.state.get(cell)));
            }
        }
        out
    }

    /// Calls of boto3; `None` when it is none, or when what it gives is not known here.
    pub fn python_aws(&mut self, package: &str, external: &Rc<External>, args: &Args, site: Site<'p>) -> Option<Value> {
        if !matches!(package, "boto3" | "aioboto3" | "botocore") {
            return None;
        }
        let (path, name) = external.path.rsplit_once('.').unwrap_or(("", &external.path));
        let made = |path: String, args: Vec<Value>| {
            Some(Value::of(Atom::External(Rc::new(External {
                package: external.package.clone(),
                path: path.into(),
                args,
                bound: Vec::new(),
            }))))
        };
        if matches!(name, "client" | "resource") {
            let service = self.arg(args, 0, &["service_name"]).and_then(|s| s.text().cloned())?;
            return made(format!("{name}:{service}()"), Vec::new());
        }
        let (kind, rest) = path.split_once(':')?;
        let (service, chain) = rest.split_once("()").unwrap_or((rest, ""));
        let service = python::prefix(service);
        let params = args.named.clone().unwrap_or_default();
        if kind == "resource" && chain.is_empty() && name.starts_with(char::is_uppercase) {
            // `resource("dynamodb").Table(name)`: what it is called goes along.
            return made(format!("{}()", external.path), args.list.iter().cloned().chain(args.named.clone()).collect());
        }
        match name {
            "generate_presigned_url" => {
                let inner = self.arg(args, 1, &["Params"]).unwrap_or_default();
                self.hit_parts(SinkKind::Presign, &inner, &["Key"], name, site);
                let method = self.arg(args, 0, &["ClientMethod"]).and_then(|m| m.text().cloned());
                let operation = method.map(|m| python::operation(&service, &m));
                self.operation(Operation { service, name: operation, params: inner, resource: None }, site);
                return Some(Value::unknown());
            }
            "generate_presigned_post" => {
                let keyed = self.arg(args, 1, &["Key"]).unwrap_or_default();
                self.hit(SinkKind::PostPolicy, &keyed, "the POST policy", site);
                self.post_policy(&params, "Fields", "Conditions", site);
                return Some(Value::unknown());
            }
            "get_paginator" | "get_waiter" => {
                let method = args.list.first().and_then(|m| m.text().cloned())?;
                return made(format!("{kind}:{service}().{method}:paginator()"), Vec::new());
            }
            "paginate" | "wait" if chain.ends_with(":paginator()") => {
                let method = chain.trim_start_matches('.').trim_end_matches(":paginator()");
                let operation = python::operation(&service, method);
                self.operation(Operation { service, name: Some(operation), params, resource: None }, site);
                return None;
            }
            "batch_writer" => return made(format!("{}()", external.path), external.args.clone()),
            "Session" | "setup_default_session" | "meta" | "exceptions" | "close" => return None,
            _ => {}
        }
        if chain.trim_start_matches('.').split('.').filter(|p| !p.is_empty()).count() > usize::from(kind == "resource") * 2 {
            return None;
        }
        if chain.is_empty() && kind == "resource" && !name.starts_with("batch") && !name.starts_with("get_") && !name.starts_with("create_")
        {
            return None;
        }
        if kind == "client" && !chain.is_empty() {
            return None;
        }
        let batched = chain.contains("batch_writer");
        let operation = if batched { "BatchWriteItem".to_owned() } else { python::method(&service, chain, name) };
        let resource = external.args.first().cloned().filter(|_| kind == "resource");
        let params = self.positional(&service, &operation, args, params);
        self.object_key(&service, chain, &external.args, name, site);
        let key = external.args.get(1).filter(|_| chain.contains("Object()"));
        let mut content = self.uploaded(Some(&operation), &service, &params, key);
        self.operation(Operation { service, name: Some(operation), params, resource }, site);
        if content.taints.is_empty() {
            return None;
        }
        content.unknown = true;
        Some(content)
    }

    /// `upload_file(name, bucket, key)` and its kind take their parameters by position.
    fn positional(&mut self, service: &str, operation: &str, args: &Args, params: Value) -> Value {
        let order: &[&str] = match (service, operation) {
            ("s3", "PutObject") => &["Body", "Bucket", "Key"],
            ("s3", "GetObject") => &["Bucket", "Key", "Filename"],
            _ => return params,
        };
        if args.list.is_empty() {
            return params;
        }
        let id = self.state.object(super::state::Object::default());
        for (name, value) in order.iter().zip(&args.list) {
            let cell = self.state.field(id, name);
            self.state.set(cell, value.clone());
        }
        self.spread_into(id, &params);
        Value::of(Atom::Object(id))
    }

    /// `resource("s3").Object(bucket, key).get()`.
    fn object_key(&mut self, service: &str, chain: &str, made_with: &[Value], callee: &str, site: Site<'p>) {
        let of_object = service == "s3" && (chain.contains("Object()") || chain.contains("ObjectSummary()"));
        if let Some(key) = made_with.get(1).filter(|_| of_object) {
            self.hit(SinkKind::S3Key, key, callee, site);
        }
    }

    /// The environment variable among parameters that names the resource.
    pub fn resource(&mut self, params: &Value, depth: usize) -> Option<Arc<str>> {
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
