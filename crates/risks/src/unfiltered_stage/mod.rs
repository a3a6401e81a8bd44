//! A stage before which no web ACL stands.

use crate::Risk;
use crate::setting::{self, Told};
use model::aws::RestApi;
use model::{App, Finding, Fix, Node, Resource, Severity};
use serde_json::{Value, json};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "unfiltered-stage";
/// Names of what the fix adds.
const NAMES: [&str; 2] = ["StageWebAcl", "StageWebAclAssociation"];

fn check(app: &App) -> Vec<Finding> {
    setting::each(app, SLUG, Severity::Low, &["AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage"], |stage| {
        let wrong = Told::Wrong(stage.place.clone());
        if stage.kind == "AWS::ApiGatewayV2::Stage" {
            let says = format!("the stage {} of an HTTP or WebSocket API cannot carry a web ACL", stage.id.logical);
            return Some((wrong, says, None));
        }
        let (api, bare) = unfiltered(app, stage)?;
        bare.then(|| (wrong, format!("no web ACL stands before the stage {}", stage.id.logical), filter(app, stage, api)))
    })
}

/// The API of a stage, and whether it has no web ACL. A stage beside one that has it is `web-acl-bypass`'s: there the
/// web ACL that is gone around is named.
fn unfiltered<'a>(app: &'a App, stage: &Resource) -> Option<(&'a RestApi, bool)> {
    let text = |key: &str| stage.properties.get(key).and_then(Node::scalar);
    let (id, name) = (text("RestApiId")?, text("StageName")?);
    let api = app.aws().rest_apis.iter().find(|api| api.api_id == id)?;
    let own = api.stages.iter().find(|own| own.name == name)?;
    let regional = |acl: &Resource| acl.properties.get("Scope").and_then(Node::str) == Some("REGIONAL");
    let elsewhere = app.of_kind("AWS::WAFv2::WebACL").any(regional) || app.of_kind("AWS::WAFRegional::WebACL").next().is_some();
    Some((api, own.web_acl.is_none() && !elsewhere))
}

/// The web ACL of "How to secure your serverless applications", module 6, and its association with the stage.
fn filter(app: &App, stage: &Resource, api: &RestApi) -> Option<Fix> {
    let [acl, association] = NAMES;
    let arn =
        format!("arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::/restapis/${{{}}}/stages/${{{}}}", api.id.logical, stage.id.logical);
    let associated = json!({"Type": "AWS::WAFv2::WebACLAssociation", "Properties": {
        "ResourceArn": {"Fn::Sub": arn}, "WebACLArn": {"Fn::GetAtt": [acl, "Arn"]}}});
    let edits = [setting::add(app, stage, acl, web_acl()), setting::add(app, stage, association, associated)];
    let then = "look at the web ACL's sampled requests for a week: what it stops should be no customer";
    setting::fix_then("put a web ACL before the stage", edits, then)
}

fn web_acl() -> Value {
    let seen = |name: &str| json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": name});
    let rule = |name: &str, priority: u32, statement: Value| json!({"Name": name, "Priority": priority, "Action": {"Block": {}}, "Statement": statement, "VisibilityConfig": seen(name)});
    let sql = |field: Value, decode: &str| json!({"SqliMatchStatement": {"FieldToMatch": field, "TextTransformations": [{"Priority": 0, "Type": decode}]}});
    let body = json!({"Body": {"OversizeHandling": "MATCH"}});
    let long = json!({"SizeConstraintStatement": {"FieldToMatch": body, "ComparisonOperator": "GT", "Size": 3000,
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}]}});
    let json_body = json!({"JsonBody": {"MatchPattern": {"All": {}}, "MatchScope": "ALL", "InvalidFallbackBehavior": "EVALUATE_AS_STRING",
        "OversizeHandling": "MATCH"}});
    let injected = json!({"OrStatement": {"Statements": [
        sql(json_body, "NONE"), sql(body, "URL_DECODE"), sql(json!({"UriPath": {}}), "URL_DECODE"), sql(json!({"QueryString": {}}), "URL_DECODE"),
    ]}});
    let flood = json!({"RateBasedStatement": {"Limit": 2000, "AggregateKeyType": "IP"}});
    json!({"Type": "AWS::WAFv2::WebACL", "Properties": {
        "Scope": "REGIONAL",
        "DefaultAction": {"Allow": {}},
        "VisibilityConfig": seen("stage-web-acl"),
        "Rules": [rule("long-bodies", 0, long), rule("sql-injection", 1, injected), rule("floods", 2, flood)],
    }})
}
