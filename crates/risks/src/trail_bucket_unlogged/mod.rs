//! Nobody sees who reads the bucket in which a trail keeps its records.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Severity};
use serde_json::json;

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "trail-bucket-unlogged";

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::CloudTrail::Trail"], |resource| {
        let name = resource.properties.get("S3BucketName")?;
        let title = format!("reads of the bucket of {} leave no log", resource.id.logical);
        let Some(bucket) = app.of_kind("AWS::S3::Bucket").find(|bucket| setting::names(name, bucket)) else {
            return Some((Told::Open("the bucket is not declared here".into(), name.place.clone()), title, None));
        };
        let told = setting::present(bucket, &["LoggingConfiguration"]);
        let own = |other: &&model::Resource| other.id.stack == bucket.id.stack && other.id != bucket.id;
        // A bucket for logs that is there already; which one else, only its owner knows.
        let logs = app.of_kind("AWS::S3::Bucket").filter(own).find(|other| other.id.logical.to_lowercase().contains("log"));
        let edit = logs.and_then(|logs| {
            let to = json!({"DestinationBucketName": {"Ref": &*logs.id.logical}, "LogFilePrefix": "trail-bucket/"});
            setting::set(bucket, &["LoggingConfiguration"], None, to)
        });
        let then = "let logging.s3.amazonaws.com write to that bucket in its policy";
        Some((told, title, edit.and_then(|edit| setting::fix_then("log reads of the bucket", [Some(edit)], then))))
    })
}
