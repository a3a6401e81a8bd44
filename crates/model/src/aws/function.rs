//! `AWS::Lambda::Function`.

use crate::app::{Resource, ResourceId};
use crate::node::{Kind, Node};
use crate::place::Place;
use std::collections::BTreeMap;

/// A Lambda function as its template declares it.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Stack and logical id.
    pub id: ResourceId,
    /// Function name.
    pub name: String,
    /// Unqualified ARN.
    pub arn: String,
    /// Where it is declared.
    pub place: Place,
    /// `nodejs20.x`; empty when it is not known.
    pub runtime: String,
    /// `index.handler`.
    pub handler: String,
    /// Folder of its code relative to the root, when the code is local.
    pub code: Option<String>,
    /// ARN of its execution role.
    pub role_arn: Option<String>,
    /// Where the role is named.
    pub role_place: Option<Place>,
    /// Environment variables. Unknown values are left out here and stand in `unknown_environment`.
    pub environment: BTreeMap<String, String>,
    /// Names of environment variables whose value is not known, with the reason.
    pub unknown_environment: BTreeMap<String, String>,
    /// Seconds; 3 when not set.
    pub timeout: u32,
    /// MiB; 128 when not set.
    pub memory: u32,
    /// Security group ids; empty when it is not in a VPC.
    pub security_groups: Vec<String>,
    /// Subnet ids; empty when it is not in a VPC.
    pub subnets: Vec<String>,
    /// ARNs of its layers.
    pub layers: Vec<String>,
    /// `Active` or `PassThrough`.
    pub tracing: Option<String>,
}

impl Function {
    pub(super) fn of(resource: &Resource) -> Self {
        let p = &resource.properties;
        let text = |key: &str| p.get(key).and_then(Node::scalar);
        let number = |key: &str, default| p.get(key).and_then(Node::integer).and_then(|n| u32::try_from(n).ok()).unwrap_or(default);
        let (mut environment, mut unknown_environment) = (BTreeMap::new(), BTreeMap::new());
        for member in p.at(&["Environment", "Variables"]).map(Node::members).unwrap_or_default() {
            match (&member.value.kind, member.value.scalar()) {
                (Kind::Unknown(unknown), _) => {
                    unknown_environment.insert(member.key.clone(), unknown.why.clone());
                }
                (_, Some(value)) => {
                    environment.insert(member.key.clone(), value);
                }
                _ => {}
            }
        }
        let ids = |key: &str| p.at(&["VpcConfig", key]).map(texts).unwrap_or_default();
        Self {
            id: resource.id.clone(),
            name: resource.physical_id.clone(),
            arn: resource.arn.clone().unwrap_or_default(),
            place: resource.place.clone(),
            runtime: text("Runtime").unwrap_or_default(),
            handler: text("Handler").unwrap_or_default(),
            // `read` resolves CodeUri or a local Code path to a folder below the root.
            code: p.at(&["Code", "LocalPath"]).and_then(Node::scalar),
            role_arn: text("Role"),
            role_place: p.get("Role").map(|role| role.place.clone()),
            environment,
            unknown_environment,
            timeout: number("Timeout", 3),
            memory: number("MemorySize", 128),
            security_groups: ids("SecurityGroupIds"),
            subnets: ids("SubnetIds"),
            layers: p.get("Layers").map(texts).unwrap_or_default(),
            tracing: p.at(&["TracingConfig", "Mode"]).and_then(Node::scalar),
        }
    }
}

/// Known texts of a list.
fn texts(node: &Node) -> Vec<String> {
    node.one_or_many().iter().filter_map(Node::scalar).collect()
}
