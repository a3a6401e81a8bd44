//! A resource policy lets in anyone, or anyone with an AWS account.

use crate::grants::{self, Grant, STRANGER};
use crate::{Attack, Profile, Risk, blank, objects};
use iam::Principal;
use model::attack::{Outcome, PlantAt};
use model::{App, Confidence, Finding, Fix, Foothold, Node, Severity, Step, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
    detections: &[("public_resource_policy/detect.yml", include_str!("detect.yml"))],
    without: &[],
};

const SLUG: &str = "public-resource-policy";

fn check(app: &App) -> Vec<Finding> {
    grants::all(app).iter().filter(|grant| grant.names_everyone()).filter_map(|grant| finding(app, grant)).collect()
}

fn finding(app: &App, grant: &Grant<'_>) -> Option<Finding> {
    let context = grants::stranger();
    // Who has no credentials has no principal to name.
    let absent = ["aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "kms:CallerAccount"];
    let url = absent.iter().fold(context.clone(), |context, key| context.without(key)).with("lambda:FunctionUrlAuthType", "NONE");
    let somebody = Principal::User { arn: format!("arn:aws:iam::{STRANGER}:user/anyone") };
    let anonymous = grant.lets(app, &Principal::Anonymous, &url);
    let anonymous_may = anonymous.is_some();
    let (who, (action, depends)) = match anonymous {
        Some(found) => ("anyone on the internet", found),
        None => ("anyone with an AWS account", grant.lets(app, &somebody, &context)?),
    };
    let blocked = blocks(grant);
    if blocked == Some(true) {
        return None;
    }
    let (name, actions) = (&grant.target.id.logical, grant.actions().join(", "));
    let mut path = vec![Step { says: format!("{who} may {actions} on {name}"), place: grant.place() }];
    path.push(Step { says: format!("{name} is declared here"), place: grant.target.place.clone() });
    let mut conditions: Vec<String> = depends.into_iter().collect();
    if blocked.is_none() && grant.target.kind == "AWS::S3::Bucket" {
        conditions.push("the bucket does not say that public policies are allowed; buckets made since April 2023 refuse them".into());
    }
    if action.starts_with("lambda:InvokeFunctionUrl") && !invoked_via_url(app, grant) {
        conditions.push("Lambda asks for lambda:InvokeFunction too since October 2025, which the function's policy does not grant".into());
    }
    let sure = conditions.is_empty();
    // Who may call a function or send to a queue reaches the application; who may read, its data; who may write into a store,
    // everyone who reads there.
    let stores = ["AWS::S3::Bucket", "AWS::DynamoDB::Table"].contains(&grant.target.kind.as_str());
    let overwrites = anonymous_may && stores && grant.changes();
    let severity = match (sure, action.starts_with("lambda:InvokeFunctionUrl")) {
        (true, false) if overwrites => Severity::Critical,
        (true, false) => Severity::High,
        _ => Severity::Medium,
    };
    Some(Finding {
        title: format!("{who} may {actions} on {name}"),
        severity,
        confidence: if sure { Confidence::High } else { Confidence::Medium },
        path,
        symbol: actions,
        condition: (!sure).then(|| conditions.join("; ")),
        fix: fix(grant),
        ..blank(SLUG, grant.target.id.to_string(), grant.place())
    })
}

/// Whether the function's policy as a whole lets anyone invoke it through its URL, the second of the two permissions.
fn invoked_via_url(app: &App, grant: &Grant<'_>) -> bool {
    let Some(arn) = &grant.target.arn else { return false };
    let [_, second] = iam::settings::function_url_requests(Principal::Anonymous, arn, "NONE");
    let stack = iam::Stack::default().with_resource(iam::app::function_policy(app, arn));
    iam::decide(&second.owned_by(&*app.account), &stack).outcome != iam::Outcome::ImplicitlyDenied
}

/// Whether the bucket's own block holds public policies off; `None` when it does not say (Amazon S3 User Guide,
/// "Blocking public access to your Amazon S3 storage").
fn blocks(grant: &Grant<'_>) -> Option<bool> {
    let block = grant.target.properties.get("PublicAccessBlockConfiguration")?;
    let on = |key: &str| block.get(key).and_then(Node::bool) == Some(true);
    Some(on("BlockPublicPolicy") || on("RestrictPublicBuckets"))
}

fn fix(grant: &Grant<'_>) -> Option<Fix> {
    // A function URL is made for the public; its authentication is the question, and that is not in the policy.
    if grant.actions().iter().any(|action| action.contains("InvokeFunctionUrl")) {
        return None;
    }
    let edit = grant.own_account_only()?;
    Some(Fix { says: "allow the application's own account alone".into(), safe: false, edits: vec![edit], then: None })
}

/// An object of a bucket. Of what `up` serves nothing else is public by its policy alone: DynamoDB refuses a public policy, a secret
/// needs a key that is public too (Amazon DynamoDB Developer Guide, "Blocking public access with resource-based policies in DynamoDB";
/// AWS Secrets Manager User Guide, "Access AWS Secrets Manager secrets from a different account").
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let bucket = objects::of(app, findings)?;
    let arn = format!("{}/{}", bucket.arn.as_deref().unwrap_or_default(), objects::PRIVATE);
    let request = iam::Request::new(Principal::Anonymous, "s3:GetObject", arn.as_str()).with_context(grants::stranger());
    let policy = bucket.arn.as_deref().and_then(|arn| iam::app::resource_policy(app, arn));
    let stack = iam::Stack::default().with_resource(policy);
    let reads = iam::decide(&request.owned_by(&*app.account), &stack).outcome == iam::Outcome::Allowed;
    if reads { Ok(objects::private(bucket)) } else { Err("it lets nobody read the objects, and nothing else is planted".into()) }
}

fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    if let Ok(bucket) = objects::of(app, findings) {
        objects::read(&bucket.physical_id, &format!("/{}", objects::PRIVATE), target, outcome);
    }
}
