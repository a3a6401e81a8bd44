//! A database that does not take minor upgrades by itself.

use crate::Risk;
use crate::setting::{self};
use model::{App, Finding, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "database-upgrades-off";

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::RDS::DBInstance"], |resource| {
        let upgrades = &["AutoMinorVersionUpgrade"];
        let told = setting::told_or(resource, upgrades, true, |node| node.bool() == Some(true));
        let fix = setting::fix("take minor upgrades", true, [setting::set(resource, upgrades, None, true.into())]);
        Some((told, format!("{} takes no minor upgrades by itself", resource.id.logical), fix))
    })
}
