//! A function that runs whatever code it is given.

use crate::Risk;
use crate::setting::{self};
use model::{App, Finding, Node, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, false);

const SLUG: &str = "function-code-unsigned";

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::Lambda::Function"], |resource| {
        // Images are signed in their registry; code that stands in the template is deployed by the template's author.
        let outside = resource.properties.get("PackageType").and_then(Node::str) == Some("Image")
            || resource.properties.at(&["Code", "ZipFile"]).is_some();
        let told = setting::present(resource, &["CodeSigningConfigArn"]);
        (!outside).then(|| (told, format!("{} runs unsigned code", resource.id.logical), None))
    })
}
