//! Data that goes when its stack goes.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "data-lost-with-stack";

/// Properties by which a resource refuses to be deleted.
const PROTECTED: [&str; 2] = ["DeletionProtectionEnabled", "DeletionProtection"];

fn check(app: &App) -> Vec<Finding> {
    setting::each(
        app,
        SLUG,
        Severity::Low,
        &[
            "AWS::DynamoDB::Table",
            "AWS::Cognito::UserPool",
            "AWS::EFS::FileSystem",
            "AWS::RDS::DBInstance",
            "AWS::RDS::DBCluster",
            "AWS::KMS::Key",
        ],
        |resource| {
            let kept = matches!(resource.deletion_policy.as_deref(), Some("Retain" | "Snapshot" | "RetainExceptOnCreate"));
            // CloudFormation takes a snapshot of a database by itself, unless the template says otherwise (AWS CloudFormation
            // User Guide, "DeletionPolicy attribute").
            let database = resource.kind.starts_with("AWS::RDS::") && resource.deletion_policy.is_none();
            let told = match resource.kind.as_str() {
                _ if kept || database => Told::Right,
                "AWS::Cognito::UserPool" => setting::told(resource, &["DeletionProtection"], |node| node.str() == Some("ACTIVE")),
                _ => PROTECTED
                    .iter()
                    .map(|key| setting::on(resource, &[key]))
                    .find(|told| !matches!(told, Told::Wrong(_)))
                    .unwrap_or_else(|| Told::Wrong(resource.place.clone())),
            };
            let keep = |name: &str| setting::attribute(resource, name, "Retain".into());
            let fix = setting::fix("keep it when the stack goes", true, [keep("DeletionPolicy"), keep("UpdateReplacePolicy")]);
            Some((told, format!("{} goes when its stack goes, or when an update replaces it", resource.id.logical), fix))
        },
    )
}
