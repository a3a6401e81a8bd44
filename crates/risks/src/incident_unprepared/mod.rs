//! When something happens, nobody is told and nothing is done.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Node, Resource, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, false);

const SLUG: &str = "incident-unprepared";

/// Sources of events that say something is wrong.
const SECURITY: [&str; 7] =
    ["aws.guardduty", "aws.securityhub", "aws.config", "aws.macie", "aws.inspector2", "aws.access-analyzer", "aws.health"];

/// Once, where there is something to defend: an API, or a function with a URL.
fn check(app: &App) -> Vec<Finding> {
    let kinds = ["AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api", "AWS::Lambda::Url", "AWS::AppSync::GraphQLApi"];
    let Some(door) = app.resources().find(|resource| kinds.contains(&resource.kind.as_str())) else { return Vec::new() };
    let rule = |rule: &Resource| {
        let sources = rule.properties.at(&["EventPattern", "source"]).map(Node::one_or_many).unwrap_or_default();
        let answers = rule.properties.get("Targets").is_some_and(|targets| !targets.one_or_many().is_empty());
        answers && sources.iter().any(|source| source.str().is_some_and(|source| SECURITY.contains(&source)))
    };
    let alarm = |alarm: &Resource| alarm.properties.get("AlarmActions").is_some_and(|actions| !actions.one_or_many().is_empty());
    let prepared = app.of_kind("AWS::Events::Rule").any(rule) || app.of_kind("AWS::CloudWatch::Alarm").any(alarm);
    let told = if prepared { Told::Right } else { Told::Wrong(door.place.clone()) };
    let title = "no alarm and no rule on a security service's findings tells anybody of an incident".to_owned();
    setting::finding(SLUG, Severity::Low, door, told, title).into_iter().collect()
}
