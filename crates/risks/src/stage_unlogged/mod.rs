//! A stage that writes no access log.

use crate::Risk;
use crate::setting;
use model::{App, Finding, Resource, Severity};
use serde_json::json;

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "stage-unlogged";

/// What the detections of the other risks read (API Gateway Developer Guide, "Variables for access logging").
const FORMAT: &str = r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","requestTimeEpoch":$context.requestTimeEpoch,"httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath","path":"$context.path","status":"$context.status","principalId":"$context.authorizer.principalId","userAgent":"$context.identity.userAgent","apiId":"$context.apiId","stage":"$context.stage"}"#;
/// The same for HTTP APIs, which name routes by their key.
const FORMAT_2: &str = r#"{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","requestTimeEpoch":$context.requestTimeEpoch,"httpMethod":"$context.httpMethod","resourcePath":"$context.routeKey","path":"$context.path","status":"$context.status","principalId":"$context.authorizer.principalId","userAgent":"$context.identity.userAgent","apiId":"$context.apiId","stage":"$context.stage"}"#;

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage"], |stage| {
        let rest = stage.kind == "AWS::ApiGateway::Stage";
        let key = if rest { "AccessLogSetting" } else { "AccessLogSettings" };
        let told = setting::present(stage, &[key, "DestinationArn"]);
        Some((told, format!("the stage {} writes no access log", stage.id.logical), log(app, stage, key, rest)))
    })
}

fn log(app: &App, stage: &Resource, key: &str, rest: bool) -> Option<model::Fix> {
    let group = "AccessLog";
    let declared = setting::add(app, stage, group, json!({"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 90}}));
    let value = json!({"DestinationArn": {"Fn::GetAtt": [group, "Arn"]}, "Format": if rest { FORMAT } else { FORMAT_2 }});
    let edits = [declared, setting::set(stage, &[key], Some(&[key]), value)];
    let role = "REST APIs write logs only where the account has told API Gateway a role for it (AWS::ApiGateway::Account)";
    if rest { setting::fix_then("write an access log", edits, role) } else { setting::fix("write an access log", true, edits) }
}
