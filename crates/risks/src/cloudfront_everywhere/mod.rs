//! A distribution that serves every country.

use crate::Risk;
use crate::setting;
use model::{App, Finding, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, false);

const SLUG: &str = "cloudfront-everywhere";

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::CloudFront::Distribution"], |distribution| {
        let path = &["DistributionConfig", "Restrictions", "GeoRestriction", "RestrictionType"];
        let told = setting::told(distribution, path, |kind| matches!(kind.str(), Some("whitelist" | "blacklist")));
        Some((told, format!("{} serves every country", distribution.id.logical), None))
    })
}
