//! Tags: SAM writes them as a mapping, most of CloudFormation as a list; `PropagateTags` gives them to what is generated.

use super::make::{Put as _, is_truthy, list as sequence, map, set, text};
use super::{Work, kind_of};
use model::{Kind, Node, Place};

/// `{"Key": …, "Value": …}` for each tag of a mapping.
pub(super) fn list(node: Option<&Node>, place: &Place) -> Vec<Node> {
    let value = |value: &Node| if matches!(value.kind, Kind::Null) { text("", place) } else { value.clone() };
    let members = node.map(Node::members).unwrap_or_default();
    members.iter().map(|tag| map([("Key", text(tag.key.as_str(), place)), ("Value", value(&tag.value))], place)).collect()
}

/// The same behind the tag that says who made the resource.
pub(super) fn created(by: &str, node: Option<&Node>, place: &Place) -> Vec<Node> {
    let mut all = vec![map([("Key", text(by, place)), ("Value", text("SAM", place))], place)];
    all.extend(list(node, place));
    all
}

/// Types that SAM generates and tags.
const TAGGED: [&str; 20] = [
    "AWS::Lambda::Function",
    "AWS::SNS::Topic",
    "AWS::IoT::TopicRule",
    "AWS::IAM::Role",
    "AWS::ApiGatewayV2::Stage",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::S3::Bucket",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::DomainName",
    "AWS::ApiGateway::DomainNameV2",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::ApiKey",
    "AWS::ApiGateway::DomainNameAccessAssociation",
    "AWS::SQS::Queue",
    "AWS::Lambda::CapacityProvider",
    "AWS::StepFunctions::StateMachine",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::AppSync::GraphQLApi",
];

impl Work<'_> {
    /// Gives the tags of a SAM resource to everything that it generated.
    pub(super) fn propagate_tags(&mut self, kind: &str, p: &Node) {
        let wants = match kind {
            "AWS::Serverless::HttpApi" => set(p, "DefinitionBody").is_some(),
            "AWS::Serverless::Function"
            | "AWS::Serverless::Api"
            | "AWS::Serverless::WebSocketApi"
            | "AWS::Serverless::StateMachine"
            | "AWS::Serverless::CapacityProvider" => p.get("PropagateTags").is_some_and(is_truthy),
            _ => false,
        };
        let written = match kind {
            "AWS::Serverless::HttpApi" => super::http_api::http_tags(p, &p.place),
            "AWS::Serverless::WebSocketApi" => Some(super::websocket::all_tags(p, &p.place)),
            _ => set(p, "Tags").cloned(),
        };
        let Some(written) = written.filter(|_| wants && set(p, "Tags").is_some()) else { return };
        for id in self.made.clone() {
            let Some(node) = self.output(&id).filter(|node| TAGGED.contains(&kind_of(node))) else { continue };
            let is_v2 = kind_of(node).starts_with("AWS::ApiGatewayV2::");
            let properties = node.entry("Properties");
            let tags = match kind {
                "AWS::Serverless::CapacityProvider" => {
                    let mut all = properties.get("Tags").map(Node::items).unwrap_or_default().to_vec();
                    let new = list(Some(&written), &written.place);
                    let key = |tag: &Node| tag.get("Key").and_then(Node::scalar);
                    all.retain(|tag| !new.iter().any(|new| key(new) == key(tag)));
                    all.extend(new);
                    sequence(all, &written.place)
                }
                _ if is_v2 => written.clone(),
                _ => sequence(list(Some(&written), &written.place), &written.place),
            };
            properties.put("Tags", tags);
        }
    }
}
