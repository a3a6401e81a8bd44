//! Nobody looks for personal data in the buckets.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, false);

const SLUG: &str = "bucket-unclassified";

/// Once: Macie is switched on for an account, not for a bucket.
fn check(app: &App) -> Vec<Finding> {
    let Some(bucket) = app.of_kind("AWS::S3::Bucket").next() else { return Vec::new() };
    let session = app.of_kind("AWS::Macie::Session").next();
    let told = match session {
        Some(session) => setting::told_or(session, &["Status"], true, |status| status.str() == Some("ENABLED")),
        None => Told::Wrong(bucket.place.clone()),
    };
    let title = "no template here switches on Macie, which finds what personal data lies in the buckets".to_owned();
    setting::finding(SLUG, Severity::Low, session.unwrap_or(bucket), told, title).into_iter().collect()
}
