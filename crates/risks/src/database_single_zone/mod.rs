//! A database that stands in one availability zone.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Node, Resource, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "database-single-zone";

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::RDS::DBInstance", "AWS::RDS::DBCluster"], |resource| {
        let title = format!("{} stands in one availability zone", resource.id.logical);
        if resource.kind == "AWS::RDS::DBCluster" {
            return cluster(app, resource).map(|told| (told, title, None));
        }
        let engine = resource.properties.get("Engine").and_then(Node::str).unwrap_or_default();
        if resource.properties.get("DBClusterIdentifier").is_some() || engine.starts_with("aurora") {
            return None;
        }
        let key = &["MultiAZ"];
        let fix = setting::fix("keep a standby in a second zone", false, [setting::set(resource, key, None, true.into())]);
        Some((setting::on(resource, key), title, fix))
    })
}

/// A cluster stands in as many zones as it has instances, one in each. Serverless v1 moves by itself; a Multi-AZ cluster
/// says its instance class itself.
fn cluster(app: &App, cluster: &Resource) -> Option<Told> {
    let says = |key: &str| cluster.properties.get(key);
    if says("EngineMode").and_then(Node::str) == Some("serverless") || says("DBClusterInstanceClass").is_some() {
        return None;
    }
    let of = |instance: &&Resource| instance.properties.get("DBClusterIdentifier").is_some_and(|node| setting::names(node, cluster));
    let instances = app.of_kind("AWS::RDS::DBInstance").filter(of).count();
    Some(if instances > 1 { Told::Right } else { Told::Wrong(cluster.place.clone()) })
}
