//! Log groups that no template declares, or that keep their records for ever.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Node, Resource, Severity};
use serde_json::json;

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "log-retention";

/// Days that the fix keeps a record: long enough to look into an incident that was noticed late.
const DAYS: u32 = 90;

fn check(app: &App) -> Vec<Finding> {
    let mut findings = setting::each(app, SLUG, Severity::Low, &["AWS::Logs::LogGroup"], |group| {
        let days = &["RetentionInDays"];
        let fix = setting::fix(&format!("keep its records for {DAYS} days"), false, [setting::set(group, days, None, DAYS.into())]);
        Some((setting::present(group, days), format!("{} keeps its records for ever", group.id.logical), fix))
    });
    findings.extend(setting::each(app, SLUG, Severity::Low, &["AWS::Lambda::Function"], |function| {
        if function.properties.at(&["LoggingConfig", "LogGroup"]).is_some() || has_group(app, function) {
            return None;
        }
        let name = &function.id.logical;
        let group = json!({
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": {"Fn::Sub": format!("/aws/lambda/${{{name}}}")}, "RetentionInDays": DAYS},
        });
        // A function that SAM generated under its own name can be referred to; any other cannot.
        let there = function.generated_from.as_ref().is_none_or(|origin| origin.logical == *name);
        let add = there.then(|| setting::add(app, function, &format!("{name}Logs"), group)).flatten();
        let then = "delete the log group that Lambda made, or import it: CloudFormation does not take over one that is there";
        let title = format!("no log group is declared for {name}: Lambda makes one that keeps everything for ever");
        Some((Told::Wrong(function.place.clone()), title, setting::fix_then("declare its log group", [add], then)))
    }));
    findings
}

fn has_group(app: &App, function: &Resource) -> bool {
    let own = format!("/aws/lambda/{}", function.physical_id);
    let is_own = |group: &Resource| match group.properties.get("LogGroupName") {
        Some(name) => {
            name.str() == Some(own.as_str())
                || name.unknown().and_then(|u| u.pattern.as_deref()).is_some_and(|p| p.contains('*') && p.starts_with("/aws/lambda/"))
        }
        None => false,
    };
    app.of_kind("AWS::Logs::LogGroup").any(is_own)
        || function.properties.get("FunctionName").and_then(Node::unknown).is_some() && app.of_kind("AWS::Logs::LogGroup").next().is_some()
}
