//! Whether a rule of a security group matches a connection (Amazon VPC User Guide, "Security group rules").

use ipnet::Ipv4Net;
use model::aws::{Direction, RulePeer, SecurityGroupRule};
use model::{App, Place, Resource};
use std::net::Ipv4Addr;

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
pub(super) fn judge(app: &App, group: &Resource, side: Direction, peer: &Peer, port: u16, protocol: &str) -> Says {
    let inline = group.properties.get(side.list());
    if side == Direction::Egress && inline.is_none_or(|rules| rules.items().is_empty() && rules.unknown().is_none()) {
        // A group made without egress rules lets everything out.
        return Says::Yes(group.place.clone());
    }
    let mut answer = Says::No;
    for rule in SecurityGroupRule::all(app, group, side) {
        match matches(&rule, peer, port, protocol) {
            Says::Yes(place) => return Says::Yes(place),
            Says::No => {}
            unknown => answer = unknown,
        }
    }
    answer
}

fn matches(rule: &SecurityGroupRule<'_>, peer: &Peer, port: u16, protocol: &str) -> Says {
    let place = || rule.node.place.clone();
    if let Some((node, unknown)) = rule.node.first_unknown() {
        return Says::Unknown(unknown.why.clone(), node.place.clone());
    }
    let own = rule.protocol();
    let number = if protocol == "udp" { "17" } else { "6" };
    if own != "-1" && own != protocol && own != number {
        return Says::No;
    }
    if rule.ports().is_some_and(|(first, last)| !(first..=last).contains(&i64::from(port))) {
        return Says::No;
    }
    let cidr = match rule.peer() {
        Some(RulePeer::Group(group)) => {
            return if group.scalar().is_some_and(|group| peer.groups.contains(&group)) { Says::Yes(place()) } else { Says::No };
        }
        Some(RulePeer::PrefixList(list)) => {
            return Says::Unknown("the addresses of a prefix list are not known".into(), list.place.clone());
        }
        Some(RulePeer::Addresses(cidr)) => cidr,
        None => return Says::No,
    };
    // Of IPv6 nothing is connected here.
    let Some(net) = cidr.str().and_then(|cidr| cidr.parse::<Ipv4Net>().ok()) else { return Says::No };
    if net.prefix_len() == 0 {
        return Says::Yes(place());
    }
    let inside = peer.networks.iter().filter(|own| net.contains(*own)).count();
    let touching = peer.networks.iter().any(|own| own.contains(&net));
    if inside > 0 && inside == peer.networks.len() {
        Says::Yes(place())
    } else if inside > 0 || touching || peer.networks.is_empty() {
        Says::Unknown(format!("whether the other end lies in {net} is not known"), place())
    } else {
        Says::No
    }
}

/// One address as a network.
pub(super) fn host(address: &str) -> Option<Ipv4Net> {
    address.parse::<Ipv4Addr>().ok().map(Ipv4Net::from)
}
