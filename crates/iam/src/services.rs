//! Rules of single services, as data. What is not listed follows the general rule.

use crate::catalogue::catalogue;

/// Actions that a role's trust policy must allow (IAM User Guide, "Roles terms and concepts").
const ROLE_TRUST: [&str; 5] =
    ["sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity", "sts:setsourceidentity", "sts:tagsession"];

/// The service prefix of a lowered action.
fn service(action: &str) -> &str {
    action.split(':').next().unwrap_or_default()
}

/// Whether RCPs govern this action (AWS Organizations User Guide, "Resource control policies (RCPs)").
pub(crate) fn has_resource_control(action: &str) -> bool {
    catalogue().has_resource_control(service(action))
}

/// Whether the root user of the owner may always do it, whatever the resource's own policy denies (Amazon S3 API Reference,
/// "PutBucketPolicy": only VPC endpoint policies and AWS Organizations policies can keep it off).
pub(crate) fn root_keeps(action: &str) -> bool {
    matches!(action, "s3:getbucketpolicy" | "s3:putbucketpolicy" | "s3:deletebucketpolicy")
}

/// Whether the resource's policy must allow, in the same account too: because it is a role's trust policy, and because
/// it is a key policy (AWS KMS Developer Guide, "Key policies in AWS KMS"). On the path of every decision.
pub(crate) fn must_allow(action: &str, resource: &str) -> (bool, bool) {
    let trust = action.starts_with("sts:") && ROLE_TRUST.contains(&action);
    let key = action.starts_with("kms:") && resource.splitn(6, ':').nth(5).is_some_and(|r| r.starts_with("key/"));
    (trust, key)
}
