//! A bucket whose access control list lets in everyone.

use crate::{Attack, Risk, objects};
use model::attack::{Outcome, PlantAt};
use model::{App, Confidence, Edit, Finding, Fix, Foothold, Node, Operation, Profile, Resource, Segment, Severity, Step, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
    detections: &[("public_bucket_acl/detect.yml", include_str!("detect.yml"))],
    without: &[],
};

const SLUG: &str = "public-bucket-acl";

/// Canned lists that name everyone, or everyone with an AWS account (Amazon S3 User Guide, "Canned ACL").
const OPEN: [(&str, &str); 3] = [
    ("PublicRead", "anyone on the internet may read"),
    ("PublicReadWrite", "anyone on the internet may read and write"),
    ("AuthenticatedRead", "anyone with an AWS account may read"),
];

fn check(app: &App) -> Vec<Finding> {
    app.of_kind("AWS::S3::Bucket").filter_map(finding).collect()
}

fn finding(bucket: &Resource) -> Option<Finding> {
    let acl = bucket.properties.get("AccessControl")?;
    let (_, who) = OPEN.iter().find(|(name, _)| acl.str() == Some(name))?;
    let block = |key: &str| bucket.properties.at(&["PublicAccessBlockConfiguration", key]).map(|node| node.bool());
    let rules = bucket.properties.at(&["OwnershipControls", "Rules"]).map(Node::items).unwrap_or_default();
    let enforced = rules.iter().any(|rule| rule.get("ObjectOwnership").and_then(Node::str) == Some("BucketOwnerEnforced"));
    if block("IgnorePublicAcls") == Some(Some(true)) || block("BlockPublicAcls") == Some(Some(true)) || enforced {
        return None;
    }
    // A bucket that says nothing of it refuses lists since April 2023; one that is older does not.
    let opened = bucket.properties.get("PublicAccessBlockConfiguration").is_some() && !rules.is_empty();
    let condition = (!opened).then(|| "buckets made since April 2023 refuse access control lists unless they say otherwise".to_owned());
    let path = ["Resources", &bucket.id.logical, "Properties", "AccessControl"].map(Segment::from);
    let edits = vec![Edit::document(bucket.place.file.clone(), path, Operation::Remove)];
    let title = format!("{who} {}", bucket.id.logical);
    Some(Finding {
        path: vec![Step { says: title.clone(), place: acl.place.clone() }],
        title,
        severity: if opened { Severity::High } else { Severity::Medium },
        confidence: if opened { Confidence::High } else { Confidence::Medium },
        condition,
        fix: Some(Fix { says: "take the list out".into(), safe: false, edits, then: None }),
        ..crate::blank(SLUG, bucket.id.to_string(), acl.place.clone())
    })
}

/// What the list gives away is the names of objects.
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let bucket = objects::of(app, findings)?;
    match bucket.properties.get("AccessControl").and_then(Node::str) {
        Some("AuthenticatedRead") => Err("only callers with an AWS account of their own are let in, and none of them is tried".into()),
        _ => Ok(PlantAt::Object { bucket: bucket.physical_id.clone(), key: "invoices/{canary}.pdf".into() }),
    }
}

fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    if let Ok(bucket) = objects::of(app, findings) {
        objects::read(&bucket.physical_id, "/?list-type=2", target, outcome);
    }
}
