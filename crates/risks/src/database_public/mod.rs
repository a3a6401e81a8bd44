//! A database with an address on the internet.

use crate::Risk;
use crate::reach::{self, From};
use crate::setting::{self, Told};
use model::{App, Finding, Node, Profile, Resource, Severity, Step};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err("the database that up runs listens on the loopback address alone"),
    detections: &[("database_public/detect.yml", include_str!("detect.yml"))],
    without: &[],
};

const SLUG: &str = "database-public";

fn check(app: &App) -> Vec<Finding> {
    app.of_kind("AWS::RDS::DBInstance").filter_map(|instance| finding(app, instance)).collect()
}

fn finding(app: &App, instance: &Resource) -> Option<Finding> {
    let key = &["PubliclyAccessible"];
    let cluster = instance.properties.get("DBClusterIdentifier");
    // What is not said depends on the network: a database in a subnet group of its own is private (Amazon RDS API
    // Reference, "CreateDBInstance").
    let grouped = cluster.is_some() || instance.properties.get("DBSubnetGroupName").is_some();
    let told = match setting::told(instance, key, |node| node.bool() == Some(false)) {
        Told::Wrong(place) if place == instance.place && grouped => Told::Right,
        Told::Wrong(place) if place == instance.place => {
            Told::Open("it stands in the default network, whose databases are public unless PubliclyAccessible says no".into(), place)
        }
        told => told,
    };
    let known = matches!(told, Told::Wrong(_));
    // Which addresses are let in is said by the security groups of the instance or of its cluster.
    let behind = cluster.and_then(|node| app.of_kind("AWS::RDS::DBCluster").find(|cluster| setting::names(node, cluster)));
    let open = reach::ingress(app, instance).into_iter().chain(behind.into_iter().flat_map(|c| reach::ingress(app, c)));
    let door = open.into_iter().find(|rule| matches!(&rule.from, From::Cidr(_)) && rule.is_everyone());
    let severity = if door.is_some() { Severity::Critical } else { Severity::Medium };
    let title = format!("{} has an address on the internet", instance.id.logical);
    let found = setting::finding(SLUG, severity, instance, told, title)?;
    let mut path = vec![Step { says: format!("anyone may look up the address of {}", instance.id.logical), place: found.place.clone() }];
    path.extend(door.map(|rule| Step { says: "its security group lets in every address".into(), place: rule.place }));
    let fix = setting::fix("keep it off the internet", false, [setting::set(instance, key, None, false.into())]);
    Some(Finding {
        path,
        fix: fix.filter(|_| known || instance.properties.get("PubliclyAccessible").and_then(Node::unknown).is_none()),
        ..found
    })
}
