//! `AWS::IAM::Role` with every policy attached to it.

use crate::app::{Resource, ResourceId};
use crate::node::Node;
use crate::place::Place;

/// An IAM role.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// Stack and logical id.
    pub id: ResourceId,
    /// `arn:aws:iam::111122223333:role/name`.
    pub arn: String,
    /// Where it is declared.
    pub place: Place,
    /// `AssumeRolePolicyDocument`.
    pub trust: Option<Node>,
    /// Inline policies, and `AWS::IAM::Policy` resources that name this role.
    pub policies: Vec<PolicyDocument>,
    /// ARNs of managed policies with the place where each is attached.
    pub managed_policies: Vec<(String, Place)>,
    /// ARN of the permissions boundary.
    pub boundary: Option<String>,
}

/// One policy document.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDocument {
    /// Policy name.
    pub name: String,
    /// The document.
    pub document: Node,
}

impl Role {
    /// `policies` are the application's policies that are resources of their own.
    pub(super) fn of(resource: &Resource, policies: &[&Resource]) -> Self {
        let p = &resource.properties;
        let inline = p.get("Policies").map(Node::items).unwrap_or_default();
        let names = |role: &Node| role.str() == Some(resource.physical_id.as_str());
        let attached = policies.iter().filter(|r| r.properties.get("Roles").is_some_and(|roles| roles.items().iter().any(names)));
        let named = |node: &Node| {
            let document = node.get("PolicyDocument")?.clone();
            Some(PolicyDocument { name: node.get("PolicyName").and_then(Node::scalar).unwrap_or_default(), document })
        };
        Self {
            id: resource.id.clone(),
            arn: resource.arn.clone().unwrap_or_default(),
            place: resource.place.clone(),
            trust: p.get("AssumeRolePolicyDocument").cloned(),
            policies: inline.iter().filter_map(named).chain(attached.filter_map(|r| named(&r.properties))).collect(),
            managed_policies: p
                .get("ManagedPolicyArns")
                .map(Node::items)
                .unwrap_or_default()
                .iter()
                .filter_map(|arn| Some((arn.scalar()?, arn.place.clone())))
                .collect(),
            boundary: p.get("PermissionsBoundary").and_then(Node::scalar),
        }
    }
}
