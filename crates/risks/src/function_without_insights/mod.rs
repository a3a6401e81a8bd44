//! A function whose processor, memory and network nobody watches.

use crate::Risk;
use crate::setting::{self};
use model::{App, Finding, Node, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, false);

const SLUG: &str = "function-without-insights";

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::Lambda::Function"], |resource| {
        let is_insights = |layer: &Node| layer.scalar().is_some_and(|arn| arn.contains(":layer:LambdaInsightsExtension"));
        let told = setting::told(resource, &["Layers"], |layers| layers.one_or_many().iter().any(is_insights));
        Some((told, format!("{} has no Lambda Insights", resource.id.logical), None))
    })
}
