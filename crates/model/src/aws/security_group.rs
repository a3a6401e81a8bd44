//! Rules of security groups as templates write them: in the lists of a group and as resources of their own (Amazon VPC User
//! Guide, "Security group rules"). The one place that reads them; what a rule lets through is judged elsewhere.

use crate::app::{App, Resource};
use crate::node::Node;

/// One side of a security group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Traffic that arrives.
    Ingress,
    /// Traffic that leaves.
    Egress,
}

impl Direction {
    /// The property of the group that lists its rules.
    pub fn list(self) -> &'static str {
        if self == Self::Egress { "SecurityGroupEgress" } else { "SecurityGroupIngress" }
    }

    fn kind(self) -> &'static str {
        if self == Self::Egress { "AWS::EC2::SecurityGroupEgress" } else { "AWS::EC2::SecurityGroupIngress" }
    }

    fn group(self) -> &'static str {
        if self == Self::Egress { "DestinationSecurityGroupId" } else { "SourceSecurityGroupId" }
    }

    fn prefix_list(self) -> &'static str {
        if self == Self::Egress { "DestinationPrefixListId" } else { "SourcePrefixListId" }
    }
}

/// A rule of a security group.
#[derive(Clone, Copy, Debug)]
pub struct SecurityGroupRule<'a> {
    /// Its members.
    pub node: &'a Node,
    /// The resource that holds it: the group, or a rule that is a resource.
    pub holder: &'a Resource,
    /// Its position in the group's own list; `None` for a rule that is a resource.
    pub at: Option<usize>,
    /// Whether it is known to be of this group: the group of a rule that is a resource may be a value that is not known.
    pub certain: bool,
    direction: Direction,
}

/// The other end that a rule speaks of.
#[derive(Clone, Copy, Debug)]
pub enum RulePeer<'a> {
    /// `CidrIp` or `CidrIpv6`.
    Addresses(&'a Node),
    /// Members of a security group.
    Group(&'a Node),
    /// The addresses of a prefix list.
    PrefixList(&'a Node),
}

impl<'a> RulePeer<'a> {
    /// Where it is written, and its value.
    pub fn node(self) -> &'a Node {
        match self {
            Self::Addresses(node) | Self::Group(node) | Self::PrefixList(node) => node,
        }
    }
}

impl<'a> SecurityGroupRule<'a> {
    /// The rules of a group in one direction, its own list first.
    pub fn all(app: &'a App, group: &'a Resource, direction: Direction) -> Vec<Self> {
        let own = group.properties.get(direction.list()).map(Node::one_or_many).unwrap_or_default().iter().enumerate();
        let own = own.map(|(at, node)| Self { node, holder: group, at: Some(at), certain: true, direction });
        let apart = app.of_kind(direction.kind()).filter_map(|holder| {
            let named = holder.properties.get("GroupId").or_else(|| holder.properties.get("GroupName"))?;
            let certain = is_group(named, group);
            let rule = Self { node: &holder.properties, holder, at: None, certain, direction };
            (certain || named.unknown().is_some()).then_some(rule)
        });
        own.chain(apart).collect()
    }

    /// The protocol in lower case: a name or a number; `-1` is all of them.
    pub fn protocol(&self) -> String {
        self.node.get("IpProtocol").and_then(Node::scalar).unwrap_or_default().to_ascii_lowercase()
    }

    /// The first and the last port; `None` for all.
    pub fn ports(&self) -> Option<(i64, i64)> {
        let port = |key: &str| self.node.get(key).and_then(Node::integer);
        port("FromPort").zip(port("ToPort")).filter(|_| self.protocol() != "-1")
    }

    /// Whom it lets in, or out to; `None` where it does not say.
    pub fn peer(&self) -> Option<RulePeer<'a>> {
        let addresses = ["CidrIp", "CidrIpv6"].iter().find_map(|key| self.node.get(key)).map(RulePeer::Addresses);
        addresses
            .or_else(|| self.node.get(self.direction.group()).map(RulePeer::Group))
            .or_else(|| self.node.get(self.direction.prefix_list()).map(RulePeer::PrefixList))
    }
}

/// Whether a value names this security group: by what `Ref` or `GroupId` gives, or by its ARN.
pub fn is_group(node: &Node, group: &Resource) -> bool {
    node.scalar().is_some_and(|text| {
        text.split('|').next() == Some(group.physical_id.as_str()) || group.arn.as_ref().is_some_and(|arn| text.contains(arn.as_str()))
    })
}
