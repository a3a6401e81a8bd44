//! What starts functions beside requests: queues, streams, topics, buckets and buses, and who may put something into them.
//! Knows the wiring as templates write it; a wire whose ends are not known is none.

use super::build::Builder;
use super::node::NodeKind;
use super::surface::written;
use crate::app;
use model::aws::Function;
use model::{App, Node, Place};

/// Service of the source's ARN, primitive, the actions that put something in, what follows the ARN in an object's.
const SOURCES: [(&str, &str, &[&str], &str); 6] = [
    ("sqs", "event-injection-queue", &["sqs:SendMessage"], ""),
    ("kinesis", "event-injection-stream", &["kinesis:PutRecord", "kinesis:PutRecords"], ""),
    ("dynamodb", "event-injection-table", &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"], ""),
    ("sns", "event-injection-topic", &["sns:Publish"], ""),
    ("s3", "event-injection-bucket", &["s3:PutObject"], "/object"),
    ("events", "event-injection-bus", &["events:PutEvents"], ""),
];

/// A source and where its events go.
struct Wire<'a> {
    source: String,
    to: End<'a>,
    place: &'a Place,
}

enum End<'a> {
    Function(&'a Function),
    /// Another source, by its ARN.
    Source(String),
}

impl Builder<'_> {
    pub(super) fn events(&mut self, app: &App) {
        let mut senders = std::collections::BTreeSet::new();
        for wire in wires(app) {
            let Some(from) = self.source(app, &wire.source, wire.place, &mut senders) else { continue };
            let to = match wire.to {
                End::Function(function) => Some(self.node(&function.arn, NodeKind::Function, &function.place)),
                End::Source(arn) => self.source(app, &arn, wire.place, &mut senders),
            };
            if let Some(to) = to {
                self.link(from, to, "event-source", written(&wire.source, wire.place.clone()));
            }
        }
    }

    /// The node of a source, with everyone who may put something in.
    fn source(&mut self, app: &App, arn: &str, place: &Place, senders: &mut std::collections::BTreeSet<String>) -> Option<usize> {
        let service = arn.split(':').nth(2)?;
        let (_, primitive, actions, suffix) = SOURCES.iter().find(|(own, ..)| *own == service)?;
        let at = self.node(&format!("{arn} (events)"), NodeKind::Events, app.by_arn(arn).map_or(place, |resource| &resource.place));
        if senders.insert(arn.to_owned()) {
            for able in self.able(actions, &format!("{arn}{suffix}"), app::resource_policy(app, arn)) {
                self.link(able.from, at, primitive, able.evidence);
            }
        }
        Some(at)
    }
}

/// Every wire that the templates declare.
fn wires(app: &App) -> Vec<Wire<'_>> {
    let mut out = Vec::new();
    let end = |text: &str| match function(app, text) {
        Some(function) => Some(End::Function(function)),
        None => text.starts_with("arn:").then(|| End::Source(text.to_owned())),
    };
    for mapping in app.of_kind("AWS::Lambda::EventSourceMapping") {
        let text = |key: &str| mapping.properties.get(key).and_then(Node::scalar);
        let enabled = mapping.properties.get("Enabled").and_then(Node::bool) != Some(false);
        let (Some(source), Some(name)) = (text("EventSourceArn").filter(|_| enabled), text("FunctionName")) else { continue };
        // A table's stream shows what is written to the table.
        let source = source.split("/stream/").next().unwrap_or(&source).to_owned();
        if let Some(function) = function(app, &name) {
            out.push(Wire { source, to: End::Function(function), place: &mapping.place });
        }
    }
    for subscription in app.of_kind("AWS::SNS::Subscription") {
        let text = |key: &str| subscription.properties.get(key).and_then(Node::scalar);
        if let (Some(source), Some(to)) = (text("TopicArn"), text("Endpoint").and_then(|text| end(&text))) {
            out.push(Wire { source, to, place: &subscription.place });
        }
    }
    for bucket in app.of_kind("AWS::S3::Bucket") {
        let (Some(source), Some(notification)) = (&bucket.arn, bucket.properties.get("NotificationConfiguration")) else { continue };
        for (list, key) in [("LambdaConfigurations", "Function"), ("QueueConfigurations", "Queue"), ("TopicConfigurations", "Topic")] {
            for configuration in notification.get(list).map(Node::items).unwrap_or_default() {
                if let Some(to) = configuration.get(key).and_then(Node::scalar).and_then(|text| end(&text)) {
                    out.push(Wire { source: source.clone(), to, place: &configuration.place });
                }
            }
        }
    }
    for rule in app.of_kind("AWS::Events::Rule").filter(|rule| rule.properties.get("EventPattern").is_some()) {
        let bus = rule.properties.get("EventBusName").and_then(Node::scalar).unwrap_or_else(|| "default".into());
        let source = match bus.starts_with("arn:") {
            true => bus,
            false => format!("arn:{}:events:{}:{}:event-bus/{bus}", app.partition, app.region, app.account),
        };
        for target in rule.properties.get("Targets").map(Node::items).unwrap_or_default() {
            if let Some(to) = target.get("Arn").and_then(Node::scalar).and_then(|text| end(&text)) {
                out.push(Wire { source: source.clone(), to, place: &target.place });
            }
        }
    }
    out
}

/// The function that a template names: by name or ARN, with or without a qualifier, or within the ARN of an invocation.
pub(super) fn function<'a>(app: &'a App, text: &str) -> Option<&'a Function> {
    let text = text.split_once("/functions/").map_or(text, |(_, rest)| rest.trim_end_matches("/invocations"));
    let named = || app.aws().functions.values().find(|f| f.name == text || text.strip_prefix(&f.name).is_some_and(|q| q.starts_with(':')));
    app.aws().function_by_arn(text).or_else(named)
}
