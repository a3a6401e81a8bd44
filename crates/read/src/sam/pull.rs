//! Event sources that Lambda polls: an event source mapping, and what the role needs to read them.

use super::Work;
use super::function::Target;
use super::make::{Put as _, copy, given, is_map, map, set, text};
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
            _ => (None, None),
        };
        let mut properties = map([("FunctionName", target.name.clone())], place);
        properties.put_some("EventSourceArn", source.cloned());
        copy(&mut properties, p, &SAME);
        if let Some(servers) = set(p, "KafkaBootstrapServers") {
            let endpoints = map([("Endpoints", map([("KafkaBootstrapServers", servers.clone())], place))], place);
            properties.put("SelfManagedEventSource", endpoints);
        }
        let kafka = if kind == "MSK" { "AmazonManagedKafkaEventSourceConfig" } else { "SelfManagedKafkaEventSourceConfig" };
        for key in ["ConsumerGroupId", "SchemaRegistryConfig"] {
            match set(p, key) {
                Some(value) if matches!(kind, "MSK" | "SelfManagedKafka") => properties.entry(kafka).put(key, value.clone()),
                Some(_) if key == "ConsumerGroupId" => self.refuse(format!("ConsumerGroupId is not for {kind} events"), place),
                _ => {}
            }
        }
        if kind == "DocumentDB" {
            let mut config = map([], place);
            config.put_some("DatabaseName", given(p, "DatabaseName").cloned());
            for key in ["CollectionName", "FullDocument"] {
                config.put_some(key, set(p, key).cloned());
            }
            properties.put("DocumentDBEventSourceConfig", config);
        }
        let sends = set(p, "DestinationConfig").and_then(|config| self.failure(id, config, &mut properties));
        self.generate(id, "AWS::Lambda::EventSourceMapping", properties, place);
        let (policies, faults) = self.pull_policies(id, kind, p, place);
        for says in faults {
            self.refuse(format!("{kind} event: {says}"), place);
        }
        let Some(role) = role else { return };
        let arn = managed.map(|name| self.managed_policy(&format!("service-role/{name}"), place));
        let Some(properties) = self.output(role).map(|node| node.entry("Properties")) else { return };
        if let (Some(arn), Some(arns)) = (arn, properties.items_mut("ManagedPolicyArns"))
            && !arns.iter().any(|known| known.str() == arn.str())
        {
            arns.push(arn);
        }
        for policy in policies.into_iter().chain(sends) {
            let Some(known) = properties.items_mut("Policies") else { continue };
            let document = policy.get("PolicyDocument").map(Node::json);
            if !known.iter().any(|known| known.get("PolicyDocument").map(Node::json) == document) {
                known.push(policy);
            }
        }
    }

    /// `DestinationConfig`: where what failed goes; gives the policy that the role needs for it.
    fn failure(&mut self, id: &str, config: &Node, properties: &mut Node) -> Option<Node> {
        let place = &config.place;
        let Some(failure) = given(config, "OnFailure").filter(|failure| is_map(failure)) else {
            self.refuse("DestinationConfig wants a mapping OnFailure", place);
            return None;
        };
        let mut written = config.clone();
        let kind = set(failure, "Type");
        if kind.is_some() {
            written.entry("OnFailure").take("Type");
        }
        properties.put("DestinationConfig", written);
        let destination = failure.get("Destination").cloned().unwrap_or_else(|| text("", place));
        match kind?.str().unwrap_or_default() {
            "SQS" => Some(super::make::policy(&format!("{id}SQSPolicy"), "sqs:SendMessage", destination, place)),
            "SNS" => Some(super::make::policy(&format!("{id}SNSPolicy"), "sns:publish", destination, place)),
            "S3" => Some(super::invoke_config::bucket_policy(id, &destination, place)),
            "Kafka" => None,
            _ => {
                self.refuse("the Type of OnFailure must be SQS, SNS, S3 or Kafka", place);
                None
            }
        }
    }
}
