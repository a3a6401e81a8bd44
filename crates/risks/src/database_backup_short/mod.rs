//! A database that keeps its backups for less than a week.

use crate::Risk;
use crate::setting::{self};
use model::{App, Finding, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "database-backup-short";

/// The least that CIS AWS Three-tier Web Architecture 3.8 asks for.
const DAYS: i64 = 7;

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::RDS::DBInstance", "AWS::RDS::DBCluster"], |resource| {
        if resource.kind == "AWS::RDS::DBInstance" && resource.properties.get("DBClusterIdentifier").is_some() {
            return None;
        }
        let days = &["BackupRetentionPeriod"];
        let told = setting::told(resource, days, |node| node.integer().is_some_and(|days| days >= DAYS));
        let fix = setting::fix("keep backups for a week", true, [setting::set(resource, days, None, DAYS.into())]);
        Some((told, format!("{} keeps its backups for less than {DAYS} days", resource.id.logical), fix))
    })
}
