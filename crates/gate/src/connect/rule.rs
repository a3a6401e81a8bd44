//! Rules of security groups, inline and as resources of their own, and whether one matches (Amazon VPC User Guide,
//! "Security group rules").

use ipnet::Ipv4Net;
use model::{App, Node, Place, Resource};
use std::net::Ipv4Addr;

/// One side of a security group.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Traffic that leaves.
    Egress,
    /// Traffic that arrives.
    Ingress,
}

impl Side {
    fn inline(self) -> &'static str {
        if self == Self::Egress { "SecurityGroupEgress" } else { "SecurityGroupIngress" }
    }

    fn kind(self) -> &'static str {
        if self == Self::Egress { "AWS::EC2::SecurityGroupEgress" } else { "AWS::EC2::SecurityGroupIngress" }
    }

    fn peer(self) -> &'static str {
        if self == Self::Egress { "DestinationSecurityGroupId" } else { "SourceSecurityGroupId" }
    }
}

/// The other end of a connection.
pub(super) struct Peer {
    /// Its security groups.
    pub groups: Vec<String>,
    /// Where its addresses lie; empty when that is not known.
    pub networks: Vec<Ipv4Net>,
}

/// What a side of a group says.
pub(super) enum Says {
    /// A rule matches, written there.
    Yes(Place),
    /// None does.
    No,
    /// One might.
    Unknown(String, Place),
}

/// Judges one side of a group for a connection with this peer.
pub(super) fn judge(app: &App, group: &Resource, side: Side, peer: &Peer, port: u16, protocol: &str) -> Says {
    let inline = group.properties.get(side.inline());
    if side == Side::Egress && inline.is_none_or(|rules| rules.items().is_empty() && rules.unknown().is_none()) {
        // A group made without egress rules lets everything out.
        return Says::Yes(group.place.clone());
    }
    let own = app.of_kind(side.kind()).filter(|r| names_group(r, group)).map(|r| &r.properties);
    let mut answer = Says::No;
    for rule in inline.map(Node::one_or_many).unwrap_or_default().iter().chain(own) {
        match matches(rule, side, peer, port, protocol) {
            Says::Yes(place) => return Says::Yes(place),
            Says::No => {}
            unknown => answer = unknown,
        }
    }
    answer
}

/// Whether a rule resource is of this group; one whose group is not known may be.
fn names_group(rule: &Resource, group: &Resource) -> bool {
    let id = rule.properties.get("GroupId").or_else(|| rule.properties.get("GroupName"));
    id.is_some_and(|id| id.str() == Some(group.physical_id.as_str()) || id.unknown().is_some())
}

fn matches(rule: &Node, side: Side, peer: &Peer, port: u16, protocol: &str) -> Says {
    if let Some((node, unknown)) = rule.first_unknown() {
        return Says::Unknown(unknown.why.clone(), node.place.clone());
    }
    let own = rule.get("IpProtocol").and_then(Node::scalar).unwrap_or_default().to_ascii_lowercase();
    let all = own == "-1";
    let number = if protocol == "udp" { "17" } else { "6" };
    if !all && own != protocol && own != number {
        return Says::No;
    }
    let bound = |key: &str, default| rule.get(key).and_then(Node::integer).unwrap_or(default);
    if !all && !(bound("FromPort", 0)..=bound("ToPort", 65_535)).contains(&i64::from(port)) {
        return Says::No;
    }
    if let Some(group) = rule.get(side.peer()).and_then(Node::scalar) {
        return if peer.groups.contains(&group) { Says::Yes(rule.place.clone()) } else { Says::No };
    }
    if let Some(list) = rule.get("DestinationPrefixListId").or_else(|| rule.get("SourcePrefixListId")) {
        return Says::Unknown("the addresses of a prefix list are not known".into(), list.place.clone());
    }
    let Some(net) = rule.get("CidrIp").and_then(Node::str).and_then(|cidr| cidr.parse::<Ipv4Net>().ok()) else { return Says::No };
    if net.prefix_len() == 0 {
        return Says::Yes(rule.place.clone());
    }
    let inside = peer.networks.iter().filter(|own| net.contains(*own)).count();
    let touching = peer.networks.iter().any(|own| own.contains(&net));
    if inside > 0 && inside == peer.networks.len() {
        Says::Yes(rule.place.clone())
    } else if inside > 0 || touching || peer.networks.is_empty() {
        Says::Unknown(format!("whether the other end lies in {net} is not known"), rule.place.clone())
    } else {
        Says::No
    }
}

/// One address as a network.
pub(super) fn host(address: &str) -> Option<Ipv4Net> {
    address.parse::<Ipv4Addr>().ok().map(Ipv4Net::from)
}
