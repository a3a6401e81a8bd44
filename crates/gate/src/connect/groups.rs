//! Security groups of both ends: the origin's must let the connection out, the destination's must let it in. A group
//! that is not declared cannot be judged.

use super::rule::{self, Peer, Says};
use super::{Destination, connect, function, refused};
use crate::walk::{Said, Walk};
use ipnet::Ipv4Net;
use model::aws::Direction;
use model::call::Origin;
use model::{App, Connect, Node, Place, Resource};

/// Judges the security groups.
pub(crate) fn judge(walk: &mut Walk<'_>) -> Said {
    let (Some(connect), Some(destination)) = (connect(walk), walk.connect.clone()) else { return Said::lost() };
    let target = target(walk.app, &destination);
    let (groups, origin) = match (&connect.from, function(walk)) {
        (Origin::Host { address }, _) => (None, Peer { groups: Vec::new(), networks: rule::host(address).into_iter().collect() }),
        (Origin::Function(_), Some(function)) => {
            let networks = networks(walk.app, &function.subnets);
            (Some(function.security_groups.clone()), Peer { groups: function.security_groups.clone(), networks })
        }
        (Origin::Function(_), None) => return Said::lost(),
    };
    let mut last = None;
    if let Some(groups) = groups.filter(|groups| !groups.is_empty()) {
        match side(walk.app, &groups, Direction::Egress, &target, connect) {
            Ok(place) => last = Some(place),
            Err(said) => return said,
        }
    }
    match &destination {
        Destination::Cluster(cluster) => {
            if let Some((node, unknown)) = groups_of(cluster).and_then(Node::first_unknown) {
                return Said::depends(
                    format!("the security groups of {} are not known: {}", cluster.id, unknown.why),
                    Some(node.place.clone()),
                );
            }
            match side(walk.app, &target.groups, Direction::Ingress, &origin, connect) {
                Ok(place) => Said::on(format!("a security group lets port {} of {} in", connect.port, cluster.id), Some(place)),
                Err(said) => said,
            }
        }
        _ => Said::on(format!("the security groups let port {} out", connect.port), last),
    }
}

/// Any of the groups suffices.
fn side(app: &App, groups: &[String], side: Direction, peer: &Peer, connect: &Connect) -> Result<Place, Said> {
    let verb = if side == Direction::Egress { "out" } else { "in" };
    let (mut unknown, mut seen) = (None, None);
    for id in groups {
        let Some(group) = app.by_physical("AWS::EC2::SecurityGroup", id) else {
            unknown = Some((format!("security group {id} is not declared in this application"), None));
            continue;
        };
        seen = Some(group.place.clone());
        match rule::judge(app, group, side, peer, connect.port, &connect.protocol) {
            Says::Yes(place) => return Ok(place),
            Says::No => {}
            Says::Unknown(why, place) => unknown = Some((why, Some(place))),
        }
    }
    match unknown {
        Some((why, place)) => {
            Err(Said::depends(format!("whether a security group lets port {} {verb} is not known: {why}", connect.port), place))
        }
        None => {
            let says = format!("no security group lets {} port {} {verb}", connect.protocol, connect.port);
            Err(Said::stop(refused("SecurityGroup", &says), says, seen))
        }
    }
}

/// The far end as the origin's egress rules see it.
fn target(app: &App, destination: &Destination<'_>) -> Peer {
    match destination {
        Destination::Cluster(cluster) => Peer { groups: of_cluster(cluster), networks: networks(app, &subnets(app, cluster)) },
        // Public addresses of AWS: only a rule for the whole internet is known to contain them.
        _ => Peer { groups: Vec::new(), networks: Vec::new() },
    }
}

fn groups_of(cluster: &Resource) -> Option<&Node> {
    cluster.properties.get("VpcSecurityGroupIds").or_else(|| cluster.properties.get("VPCSecurityGroups"))
}

/// Security group ids of a cluster or instance.
pub(super) fn of_cluster(cluster: &Resource) -> Vec<String> {
    groups_of(cluster).map(Node::items).unwrap_or_default().iter().filter_map(Node::scalar).collect()
}

fn subnets(app: &App, cluster: &Resource) -> Vec<String> {
    let name = cluster.properties.get("DBSubnetGroupName").and_then(Node::scalar).unwrap_or_default();
    let group = app.of_kind("AWS::RDS::DBSubnetGroup").find(|r| r.physical_id.eq_ignore_ascii_case(&name));
    let ids = group.and_then(|r| r.properties.get("SubnetIds")).map(Node::items).unwrap_or_default();
    ids.iter().filter_map(Node::scalar).collect()
}

/// The address ranges of subnets; empty unless all are known.
fn networks(app: &App, subnets: &[String]) -> Vec<Ipv4Net> {
    let cidr = |id: &String| app.by_physical("AWS::EC2::Subnet", id)?.properties.get("CidrBlock")?.str()?.parse().ok();
    subnets.iter().map(cidr).collect::<Option<Vec<_>>>().unwrap_or_default()
}
