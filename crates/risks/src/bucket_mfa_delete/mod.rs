//! Versions of objects that one stolen key is enough to delete.

use crate::setting;
use crate::{Proved, Reason, Risk};
use model::{App, Finding, Node, Profile, Severity};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Hygiene,
    check,
    attack: Err(Reason::NoAttacker.says()),
    detections: &[("bucket_mfa_delete/detect.yml", include_str!("detect.yml"))],
    without: &[(Proved::Exploited, Reason::NoAttacker), (Proved::Blocked, Reason::NotInTemplate)],
};

const SLUG: &str = "bucket-mfa-delete";

/// Once for each bucket that keeps versions: CloudFormation has no property for it, and its absence is all that can be said.
fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::S3::Bucket"], |bucket| {
        let status = bucket.properties.at(&["VersioningConfiguration", "Status"]).and_then(Node::str);
        let locked = bucket.properties.get("ObjectLockEnabled").and_then(Node::bool) == Some(true);
        let title = format!("no template can say that deleting versions of {} takes a second factor", bucket.id.logical);
        (status == Some("Enabled") && !locked).then(|| (setting::Told::Wrong(bucket.place.clone()), title, None))
    })
}
