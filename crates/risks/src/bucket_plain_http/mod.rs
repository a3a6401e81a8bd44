//! A bucket that answers over plain HTTP.

use crate::setting::{self, Told};
use crate::{Risk, grants};
use iam::{Context, Outcome, Principal, Request};
use model::{App, Edit, Finding, Operation, Resource, Segment, Severity};
use serde_json::{Value, json};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "bucket-plain-http";

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::S3::Bucket"], |bucket| {
        let title = format!("{} answers over plain HTTP", bucket.id.logical);
        Some((told(app, bucket), title, setting::fix("refuse plain HTTP", false, [refuse(app, bucket)])))
    })
}

/// Asks the bucket's policy about somebody of the own account who may do everything, over HTTP.
fn told(app: &App, bucket: &Resource) -> Told {
    let Some(arn) = &bucket.arn else { return Told::Wrong(bucket.place.clone()) };
    let stack = grants::own_account(iam::app::resource_policy(app, arn));
    let somebody = Principal::User { arn: format!("arn:aws:iam::{}:user/somebody", app.account) };
    let context = Context::open().with("aws:SecureTransport", "false");
    let ask = |action: &str, resource: String| {
        let request = Request::new(somebody.clone(), action, resource).with_context(context.clone()).owned_by(&*app.account);
        let decision = iam::decide(&request, &stack);
        match decision.outcome {
            Outcome::ExplicitlyDenied => Told::Right,
            Outcome::Depends => {
                let why = decision.residual.first().map_or_else(|| "its policy is not known".to_owned(), |residue| residue.says.clone());
                Told::Open(why, bucket.place.clone())
            }
            Outcome::Allowed | Outcome::ImplicitlyDenied => Told::Wrong(bucket.place.clone()),
        }
    };
    ask("s3:GetObject", format!("{arn}/x")).and(ask("s3:PutObject", format!("{arn}/x")))
}

/// Adds a denial to the bucket's policy, or a policy to the bucket.
fn refuse(app: &App, bucket: &Resource) -> Option<Edit> {
    let name = &*bucket.id.logical;
    let denial = json!({
        "Sid": "RefusePlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{"Fn::GetAtt": [name, "Arn"]}, {"Fn::Sub": format!("${{{name}.Arn}}/*")}],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    });
    let of = |policy: &&Resource| policy.properties.get("Bucket").is_some_and(|node| setting::names(node, bucket));
    let Some(policy) = app.of_kind("AWS::S3::BucketPolicy").find(of) else {
        let properties: Value = json!({"Bucket": {"Ref": name}, "PolicyDocument": {"Version": "2012-10-17", "Statement": [denial]}});
        return setting::add(app, bucket, &format!("{name}Policy"), json!({"Type": "AWS::S3::BucketPolicy", "Properties": properties}));
    };
    // One statement that is no list has nowhere to put a second.
    let list = !policy.properties.at(&["PolicyDocument", "Statement"])?.items().is_empty();
    let path = ["Resources", &policy.id.logical, "Properties", "PolicyDocument", "Statement"].map(Segment::from);
    (list && policy.generated_from.is_none() && policy.id.stack == bucket.id.stack)
        .then(|| Edit::document(policy.place.file.clone(), path, Operation::Append(denial)))
}
