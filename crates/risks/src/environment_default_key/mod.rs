//! Environment variables that only AWS's own key encrypts.

use crate::Risk;
use crate::setting::{self};
use model::{App, Finding, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, false);

const SLUG: &str = "environment-default-key";

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::Lambda::Function"], |resource| {
        let variables = resource.properties.at(&["Environment", "Variables"])?;
        let told = setting::present(resource, &["KmsKeyArn"]);
        let has = !variables.members().is_empty() || variables.unknown().is_some();
        has.then(|| (told, format!("the environment of {} is encrypted with no key of yours", resource.id.logical), None))
    })
}
