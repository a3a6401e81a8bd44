//! A bucket switches off a part of Block Public Access.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "bucket-opens-public-access";

/// The four parts of it (Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage").
const KEYS: [&str; 4] = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::S3::Bucket"], |resource| {
        let block = "PublicAccessBlockConfiguration";
        // Buckets made since April 2023 have all four on until a template says otherwise; a template that names some
        // leaves the others off.
        resource.properties.get(block)?;
        let one = |key: &str| setting::on(resource, &[block, key]);
        let told = KEYS.iter().map(|key| one(key)).fold(Told::Right, Told::and);
        let off: Vec<&str> = KEYS.into_iter().filter(|key| one(key) != Told::Right).collect();
        let all: serde_json::Map<_, _> = KEYS.iter().map(|key| ((*key).to_owned(), true.into())).collect();
        let fix = setting::fix("block public access", false, [setting::set(resource, &[block], None, all.into())]);
        Some((told, format!("{} switches off {}", resource.id.logical, off.join(", ")), fix))
    })
}
