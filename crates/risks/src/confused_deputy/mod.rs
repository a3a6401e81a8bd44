//! A service is let in whomever it acts for: also for the resources of other accounts.

use crate::grants::{self, Grant, STRANGER};
use crate::{Profile, Proved, Reason, Risk, blank};
use iam::{Context, Principal, Who};
use model::{App, Finding, Fix, Severity, Step};
use serde_json::{Value, json};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err("the prover's target has no service that acts for another account"),
    detections: &[],
    // A record of a service's call names the service, not the account it acts for (CloudTrail User Guide, "CloudTrail
    // userIdentity element": AWSService has `invokedBy` alone).
    without: &[(Proved::Detected, Reason::NoLog)],
};

const SLUG: &str = "confused-deputy";

/// Services that act on behalf of a resource which may belong to any account, say so in `aws:SourceArn` or
/// `aws:SourceAccount`, and can be told what to call (IAM User Guide, "The confused deputy problem"); the prefix of the
/// resource's ARN, which for a bucket names no account.
const DEPUTIES: [(&str, Option<&str>); 13] = [
    ("apigateway.amazonaws.com", Some("execute-api")),
    ("cloudtrail.amazonaws.com", Some("cloudtrail")),
    ("cognito-idp.amazonaws.com", Some("cognito-idp")),
    ("config.amazonaws.com", Some("config")),
    ("delivery.logs.amazonaws.com", Some("logs")),
    ("events.amazonaws.com", Some("events")),
    ("iot.amazonaws.com", Some("iot")),
    ("lex.amazonaws.com", Some("lex")),
    ("lexv2.amazonaws.com", Some("lex")),
    ("logs.amazonaws.com", Some("logs")),
    ("s3.amazonaws.com", None),
    ("ses.amazonaws.com", None),
    ("sns.amazonaws.com", Some("sns")),
];

/// Conditions that tell for whom the service acts.
const TELLING: [&str; 6] =
    ["aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourceorgid", "aws:sourceorgpaths", "lambda:eventsourcetoken"];

fn check(app: &App) -> Vec<Finding> {
    grants::all(app).iter().filter_map(|grant| finding(app, grant)).collect()
}

fn finding(app: &App, grant: &Grant<'_>) -> Option<Finding> {
    let (service, prefix) = grant.named().find_map(|named| match &named.who {
        Who::Service(name) => DEPUTIES.iter().find(|(own, _)| *own == &**name).copied(),
        _ => None,
    })?;
    // Keys of services use grants; a value that is not known here still tells for whom.
    if grant.target.kind == "AWS::KMS::Key" || grant.asks_for(&TELLING) {
        return None;
    }
    // What the CDK writes for a rule that publishes to a topic; EventBridge took no conditions there for years.
    let rule = service == "events.amazonaws.com";
    if rule && grant.target.kind == "AWS::SNS::Topic" {
        return None;
    }
    let arn = format!("arn:aws:{}:{}:{STRANGER}:x", prefix.unwrap_or("s3"), app.region);
    let context = Context::open().with("aws:SourceArn", arn).with("aws:SourceAccount", STRANGER).with("aws:SourceOrgID", "o-stranger");
    let (_, depends) = grant.lets(app, &Principal::Service { name: service.into() }, &context)?;
    let (name, actions) = (&grant.target.id.logical, grant.actions().join(", "));
    let short = service.split('.').next().unwrap_or(service);
    Some(Finding {
        title: format!("{service} may {actions} on {name} for anyone's resources"),
        // A rule reaches other accounts with a role of its own, as a rule.
        severity: if rule { Severity::Low } else { Severity::Medium },
        path: vec![
            Step {
                says: format!("a resource of {short} in another account can name {name} as its target"),
                place: grant.target.place.clone(),
            },
            Step { says: format!("{service} may {actions} whomever it acts for"), place: grant.place() },
        ],
        symbol: format!("{service} {actions}"),
        condition: depends,
        fix: fix(grant, prefix),
        ..blank(SLUG, grant.target.id.to_string(), grant.place())
    })
}

fn fix(grant: &Grant<'_>, prefix: Option<&str>) -> Option<Fix> {
    let own = || json!({"Ref": "AWS::AccountId"});
    let permission: (&str, Value) = match prefix {
        Some(prefix) => {
            let region = if prefix == "execute-api" || prefix == "sns" { "${AWS::Region}" } else { "*" };
            ("SourceArn", json!({"Fn::Sub": format!("arn:${{AWS::Partition}}:{prefix}:{region}:${{AWS::AccountId}}:*")}))
        }
        None => ("SourceAccount", own()),
    };
    let edit = grant.add(permission, ["StringEquals", "aws:SourceAccount"], own())?;
    Some(Fix { says: "only for resources of this account".into(), safe: false, edits: vec![edit], then: None })
}
