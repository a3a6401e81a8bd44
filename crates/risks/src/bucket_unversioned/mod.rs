//! A bucket keeps one version of each object: what is overwritten or deleted is gone.

use crate::Risk;
use crate::setting::{self};
use model::{App, Finding, Severity};
use serde_json::json;

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "bucket-unversioned";

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::S3::Bucket"], |resource| {
        let told = setting::told(resource, &["VersioningConfiguration", "Status"], |status| status.str() == Some("Enabled"));
        let edit = setting::set(resource, &["VersioningConfiguration"], None, json!({"Status": "Enabled"}));
        Some((
            told,
            format!("{} keeps no earlier versions of its objects", resource.id.logical),
            setting::fix("keep earlier versions", true, [edit]),
        ))
    })
}
