//! A database whose storage is not encrypted.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Node, Severity};

/// The risk.
pub const RISK: Risk = setting::plain(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "database-unencrypted";

/// What a database may be made from, with its encryption.
const FROM: [&str; 4] = ["SnapshotIdentifier", "DBSnapshotIdentifier", "SourceDBInstanceIdentifier", "SourceDBClusterIdentifier"];

fn check(app: &App) -> Vec<Finding> {
    setting::each(
        app,
        SLUG,
        Severity::Medium,
        &["AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster"],
        |resource| {
            let says = |key: &str| resource.properties.get(key);
            // An instance of a cluster is as its cluster; Aurora Serverless v1 is always encrypted.
            if says("DBClusterIdentifier").is_some_and(|_| resource.kind == "AWS::RDS::DBInstance")
                || says("EngineMode").and_then(Node::str) == Some("serverless")
            {
                return None;
            }
            let told = match (setting::on(resource, &["StorageEncrypted"]), FROM.iter().find_map(|key| says(key))) {
                (Told::Wrong(_), Some(source)) => {
                    Told::Open("it is as the snapshot or database it is made from".into(), source.place.clone())
                }
                (told, _) => told,
            };
            let fix = setting::fix_then(
                "encrypt the storage",
                [setting::set(resource, &["StorageEncrypted"], None, true.into())],
                "an unencrypted database is replaced when it is encrypted: take a snapshot, copy it encrypted, and restore from the copy",
            );
            Some((told, format!("the storage of {} is not encrypted", resource.id.logical), fix))
        },
    )
}
