//! A website whose files somebody from outside may replace.

use crate::pool::{self, Whom};
use crate::setting::{self, Told};
use crate::{Attack, Risk, grants, objects};
use iam::{Context, Principal, Request, Stack};
use model::attack::{Outcome, PlantAt};
use model::{App, Finding, Foothold, HttpRequest, Node, Place, Profile, Resource, Severity, Step, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
    detections: &[("writable_web_asset/detect.yml", include_str!("detect.yml"))],
    without: &[(crate::Proved::Blocked, crate::Reason::AdviceOnly)],
};

const SLUG: &str = "writable-web-asset";

/// Who needs nothing.
const ANYONE: &str = "anyone on the internet";

/// A file that every page loads.
const ASSET: &str = "index.html";

fn check(app: &App) -> Vec<Finding> {
    app.of_kind("AWS::S3::Bucket").filter_map(|bucket| finding(app, bucket, &serves(app, bucket)?)).collect()
}

/// Where it is said that the bucket serves a website: by itself, or behind a distribution.
fn serves(app: &App, bucket: &Resource) -> Option<Place> {
    if let Some(website) = bucket.properties.get("WebsiteConfiguration") {
        return Some(website.place.clone());
    }
    let host = format!("{}.s3", bucket.physical_id);
    app.of_kind("AWS::CloudFront::Distribution").find_map(|distribution| {
        let origins = distribution.properties.at(&["DistributionConfig", "Origins"])?.items();
        let domain = |origin: &Node| {
            origin.get("DomainName").filter(|name| name.scalar().is_some_and(|name| name.starts_with(&host))).map(|n| n.place.clone())
        };
        origins.iter().find_map(domain)
    })
}

fn finding(app: &App, bucket: &Resource, served: &Place) -> Option<Finding> {
    let arn = format!("{}/{ASSET}", bucket.arn.as_deref()?);
    let (who, place) = writer(app, bucket, &arn)?;
    let title = format!("{who} may replace the files of the website {}", bucket.id.logical);
    let found = setting::finding(SLUG, Severity::High, bucket, Told::Wrong(place.clone()), title)?;
    let path = vec![
        Step { says: format!("{who} may put {ASSET}"), place },
        Step { says: format!("{} serves it to every visitor", bucket.id.logical), place: served.clone() },
    ];
    Some(Finding { path, ..found })
}

/// Who from outside may write a file of it: anyone by the bucket's policy, or a user of an identity pool.
fn writer(app: &App, bucket: &Resource, arn: &str) -> Option<(String, Place)> {
    let allowed = |principal: Principal, stack: &Stack, context: Context| {
        let request = Request::new(principal, "s3:PutObject", arn).with_context(context).owned_by(&*app.account);
        let decision = iam::decide(&request, stack);
        (decision.outcome == iam::Outcome::Allowed)
            .then(|| decision.matched.first().map(|matched| matched.statement.place.clone()))
            .flatten()
    };
    let policy = bucket.arn.as_deref().and_then(|arn| iam::app::resource_policy(app, arn));
    let blocked = ["BlockPublicPolicy", "RestrictPublicBuckets"]
        .iter()
        .any(|key| bucket.properties.at(&["PublicAccessBlockConfiguration", key]).and_then(Node::bool) == Some(true));
    let public = Stack::default().with_resource(policy.clone());
    if let Some(place) = allowed(Principal::Anonymous, &public, grants::stranger()).filter(|_| !blocked) {
        return Some((ANYONE.into(), place));
    }
    pool::given(app).into_iter().find_map(|given| {
        let stack = iam::app::stack_of_role(app, given.role).with_resource(policy.clone());
        let principal =
            Principal::Session { arn: format!("{}/CognitoIdentityCredentials", given.role.arn), role_arn: given.role.arn.clone() };
        let who = if given.whom == Whom::Guests { "any guest" } else { "any user" };
        Some((format!("{who} of {}", given.pool.id.logical), allowed(principal, &stack, Context::open())?))
    })
}

/// Somebody without credentials writes; those of an identity pool's user are not at hand.
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let bucket = objects::of(app, findings)?;
    let arn = format!("{}/{ASSET}", bucket.arn.as_deref().unwrap_or_default());
    match writer(app, bucket, &arn) {
        Some((who, _)) if who == ANYONE => Ok(PlantAt::Upload { bucket: bucket.physical_id.clone() }),
        _ => Err("who may write is a user of an identity pool, whose credentials are not at hand".into()),
    }
}

/// A page of its own beside those of the site: nothing is replaced, and what was written is taken away by the prover.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let (Ok(bucket), text) = (objects::of(app, findings), target.to_write()) else { return };
    let answer = text.and_then(|text| {
        let headers = [("Content-Type", "text/html"), ("If-None-Match", "*")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let (path, body) = (format!("/{text}.html"), format!("<!doctype html><title>{text}</title>").into_bytes());
        target.bucket(&bucket.physical_id, &HttpRequest { method: "PUT".into(), path, headers, body, ..HttpRequest::default() })
    });
    match answer {
        Ok(response) => {
            outcome.took(&response);
            outcome.steps.push(format!("a page was put beside those of {}: {}", bucket.id.logical, response.status));
        }
        Err(error) => outcome.failed(&error),
    }
}
