//! A distribution that writes no access log.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, false);

const SLUG: &str = "cloudfront-unlogged";

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::CloudFront::Distribution"], |distribution| {
        let delivered =
            |source: &model::Resource| source.properties.get("ResourceArn").is_some_and(|node| setting::names(node, distribution));
        let told = match setting::present(distribution, &["DistributionConfig", "Logging"]) {
            // Standard logging v2 is a delivery of its own (Amazon CloudFront Developer Guide, "Standard logging (v2)").
            Told::Wrong(_) if app.of_kind("AWS::Logs::DeliverySource").any(delivered) => Told::Right,
            told => told,
        };
        Some((told, format!("{} writes no access log", distribution.id.logical), None))
    })
}
