//! Whether there is a way from the origin to the destination: into the VPC, or out of it (Lambda Developer Guide,
//! "Giving Lambda functions access to resources in an Amazon VPC", "Enable internet access for VPC-connected Lambda
//! functions"; Amazon VPC User Guide, "Configure route tables").

use super::{Destination, connect, function, refused};
use crate::walk::{Said, Walk};
use model::aws::Function;
use model::call::Origin;
use model::{App, Node, Place, Resource};

/// Judges the way.
pub(crate) fn judge(walk: &mut Walk<'_>) -> Said {
    let (Some(connect), Some(destination)) = (connect(walk), walk.connect.clone()) else { return Said::lost() };
    let stop = |says: String, place: Option<Place>| Said::stop(refused("NoRoute", &says), says, place);
    match (&connect.from, &destination) {
        (Origin::Host { address }, Destination::Cluster(_)) => Said::on(format!("host {address} is in the VPC"), None),
        (Origin::Host { address }, _) => stop(format!("host {address} reaches databases of its VPC only"), None),
        (Origin::Function(id), destination) => {
            let Some(function) = function(walk) else { return stop(format!("there is no function {id}"), None) };
            let place = Some(function.place.clone());
            let properties = walk.app.resource(id).and_then(|r| r.properties.get("VpcConfig"));
            if let Some((node, unknown)) = properties.and_then(Node::first_unknown) {
                return Said::depends(
                    format!("the VPC of function {} is not known: {}", function.name, unknown.why),
                    Some(node.place.clone()),
                );
            }
            let in_vpc = !function.subnets.is_empty();
            match (destination, in_vpc) {
                (Destination::Cluster(cluster), true) => same_vpc(walk.app, function, cluster),
                (Destination::Cluster(_), false) => stop(format!("function {} is not in the database's VPC", function.name), place),
                (_, false) => Said::on(format!("function {} is outside of any VPC and reaches public endpoints", function.name), place),
                (Destination::Aws(service), true) if endpoint(walk.app, service).is_some() => {
                    let endpoint = endpoint(walk.app, service).map(|r| r.place.clone());
                    Said::on(format!("a VPC endpoint leads to {service}"), endpoint)
                }
                (_, true) => way_out(walk.app, function),
            }
        }
    }
}

fn same_vpc(app: &App, function: &Function, cluster: &Resource) -> Said {
    let vpc = |group: &str| app.by_physical("AWS::EC2::SecurityGroup", group)?.properties.get("VpcId")?.scalar();
    let own = function.security_groups.iter().find_map(|group| vpc(group));
    let other = super::groups::of_cluster(cluster).iter().find_map(|group| vpc(group));
    let place = Some(function.place.clone());
    match (own, other) {
        (Some(own), Some(other)) if own != other => {
            let says = format!("function {} and {} are in different VPCs", function.name, cluster.id);
            Said::stop(refused("NoRoute", &says), says, place)
        }
        _ => Said::on(format!("function {} is in the VPC", function.name), place),
    }
}

/// A VPC endpoint of the service that has no policy of its own.
fn endpoint<'a>(app: &'a App, service: &str) -> Option<&'a Resource> {
    app.of_kind("AWS::EC2::VPCEndpoint").find(|r| {
        let name = r.properties.get("ServiceName").and_then(Node::scalar).unwrap_or_default();
        name.rsplit('.').next() == Some(service) && r.properties.get("PolicyDocument").is_none()
    })
}

/// A function in a VPC has no public address: it leaves through a NAT gateway.
fn way_out(app: &App, function: &Function) -> Said {
    let mut unknown = None;
    for subnet in &function.subnets {
        match default_route(app, subnet) {
            Route::Out(place) => return Said::on(format!("subnet {subnet} leads out through a NAT gateway"), Some(place)),
            Route::None => {}
            Route::Unknown(why, place) => unknown = unknown.or(Some((why, place))),
        }
    }
    match unknown {
        Some((why, place)) => Said::depends(why, place),
        None => {
            let says = format!("the subnets of function {} have no route out of the VPC (no NAT gateway, no VPC endpoint)", function.name);
            Said::stop(refused("NoRoute", &says), says, Some(function.place.clone()))
        }
    }
}

enum Route {
    Out(Place),
    None,
    Unknown(String, Option<Place>),
}

fn default_route(app: &App, subnet: &str) -> Route {
    if app.by_physical("AWS::EC2::Subnet", subnet).is_none() {
        return Route::Unknown(format!("subnet {subnet} is not declared in this application"), None);
    }
    let is = |r: &Resource, key: &str, value: &str| r.properties.get(key).and_then(Node::str) == Some(value);
    let association = app.of_kind("AWS::EC2::SubnetRouteTableAssociation").find(|r| is(r, "SubnetId", subnet));
    let Some(table) = association.and_then(|r| r.properties.get("RouteTableId")).and_then(Node::str) else { return Route::None };
    let default = app.of_kind("AWS::EC2::Route").find(|r| is(r, "RouteTableId", table) && is(r, "DestinationCidrBlock", "0.0.0.0/0"));
    let Some(route) = default else { return Route::None };
    let through = ["NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "InstanceId"];
    if through.iter().any(|key| route.properties.get(key).is_some()) { Route::Out(route.place.clone()) } else { Route::None }
}
