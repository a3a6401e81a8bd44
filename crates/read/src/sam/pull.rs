//! Event sources that Lambda polls: an event source mapping, and what the role needs to read them.

use super::Work;
use super::function::Target;
use super::make::{Put as _, list, map, text};
use model::{Node, Place};

/// Properties that the mapping has under the same name.
const SAME: [&str; 20] = [
    "StartingPosition",
    "StartingPositionTimestamp",
    "BatchSize",
    "Enabled",
    "MaximumBatchingWindowInSeconds",
    "MaximumRetryAttempts",
    "BisectBatchOnFunctionError",
    "MaximumRecordAgeInSeconds",
    "ParallelizationFactor",
    "Topics",
    "Queues",
    "SourceAccessConfigurations",
    "TumblingWindowInSeconds",
    "FunctionResponseTypes",
    "FilterCriteria",
    "KmsKeyArn",
    "ScalingConfig",
    "ProvisionedPollerConfig",
    "MetricsConfig",
    "LoggingConfig",
];

impl Work<'_> {
    pub(super) fn pull_event(&mut self, id: &str, kind: &str, target: &Target, role: Option<&str>, p: &Node, place: &Place) {
        let (source, managed) = match kind {
            "SQS" => (p.get("Queue"), Some("AWSLambdaSQSQueueExecutionRole")),
            "DynamoDB" => (p.get("Stream"), Some("AWSLambdaDynamoDBExecutionRole")),
            "Kinesis" => (p.get("Stream"), Some("AWSLambdaKinesisExecutionRole")),
            "MSK" => (p.get("Stream"), Some("AWSLambdaMSKExecutionRole")),
            "MQ" => (p.get("Broker"), None),
            "DocumentDB" => (p.get("Cluster"), None),
            "SelfManagedKafka" => (None, None),
            _ => {
                let says = format!("events of type {kind} are not expanded: what they grant is not assessed");
                return self.trouble(says, place, "write the permission and the event source out");
            }
        };
        let mut properties = map([("FunctionName", target.name.clone())], place);
        properties.put_some("EventSourceArn", source.cloned());
        for key in SAME {
            properties.put_some(key, p.get(key).cloned());
        }
        if let Some(servers) = p.get("KafkaBootstrapServers") {
            let endpoints = map([("Endpoints", map([("KafkaBootstrapServers", servers.clone())], place))], place);
            properties.put("SelfManagedEventSource", endpoints);
        }
        if let Some(group) = p.get("ConsumerGroupId") {
            let key = if kind == "MSK" { "AmazonManagedKafkaEventSourceConfig" } else { "SelfManagedKafkaEventSourceConfig" };
            properties.put(key, map([("ConsumerGroupId", group.clone())], place));
        }
        let failure = p.at(&["DestinationConfig", "OnFailure"]);
        if let Some(mut destination) = p.get("DestinationConfig").cloned() {
            destination.entry("OnFailure").take("Type");
            properties.put("DestinationConfig", destination);
        }
        self.generate(id, "AWS::Lambda::EventSourceMapping", properties, place);
        let Some(role) = role else { return };
        if managed.is_none() {
            self.trouble(format!("what the role needs for {kind} events is not expanded"), place, "its policies were not assessed");
        }
        let sends = failure.and_then(|failure| {
            let destination = failure.get("Destination")?.clone();
            match failure.get("Type").and_then(Node::str)? {
                "SQS" => Some(super::make::policy(&format!("{id}SQSPolicy"), "sqs:SendMessage", destination, place)),
                "SNS" => Some(super::make::policy(&format!("{id}SNSPolicy"), "sns:publish", destination, place)),
                _ => None,
            }
        });
        let Some(properties) = self.output(role).map(|node| node.entry("Properties")) else { return };
        if let (Some(name), Some(arns)) = (managed, properties.items_mut("ManagedPolicyArns")) {
            let arn = format!("arn:aws:iam::aws:policy/service-role/{name}");
            if !arns.iter().any(|known| known.str() == Some(arn.as_str())) {
                arns.push(text(arn, place));
            }
        }
        if let Some(policy) = sends {
            match properties.items_mut("Policies") {
                Some(policies) => policies.push(policy),
                None => properties.put("Policies", list(vec![policy], place)),
            }
        }
    }
}
