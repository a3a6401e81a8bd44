//! Alarms that go off where nobody hears them.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Node, Resource, Severity};
use serde_json::json;

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "alarm-unheard";

fn check(app: &App) -> Vec<Finding> {
    let filled = |node: &Node| !node.one_or_many().is_empty();
    let mut findings = setting::each(app, SLUG, Severity::Low, &["AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"], |alarm| {
        let enabled = setting::told_or(alarm, &["ActionsEnabled"], true, |node| node.bool() == Some(true));
        let acts = setting::told(alarm, &["AlarmActions"], filled);
        let edit = topic(app, alarm).and_then(|topic| setting::set(alarm, &["AlarmActions"], None, json!([{"Ref": topic}])));
        let fix = setting::fix("tell a topic", true, [edit]);
        Some((enabled.and(acts), format!("{} tells nobody", alarm.id.logical), fix))
    });
    findings.extend(setting::each(app, SLUG, Severity::Low, &["AWS::AutoScaling::AutoScalingGroup"], |group| {
        let told = match setting::told(group, &["NotificationConfigurations"], filled) {
            Told::Wrong(_) => setting::told(group, &["NotificationConfiguration"], |_| true),
            told => told,
        };
        let configuration = |topic| json!([{"TopicARN": {"Ref": topic}, "NotificationTypes": ["autoscaling:EC2_INSTANCE_LAUNCH_ERROR", "autoscaling:EC2_INSTANCE_TERMINATE", "autoscaling:EC2_INSTANCE_TERMINATE_ERROR"]}]);
        let edit = topic(app, group).and_then(|topic| setting::set(group, &["NotificationConfigurations"], None, configuration(topic)));
        Some((told, format!("{} tells nobody when it grows, shrinks or fails to", group.id.logical), setting::fix("tell a topic", true, [edit])))
    }));
    findings
}

/// A topic of the same stack.
fn topic<'a>(app: &'a App, beside: &Resource) -> Option<&'a str> {
    app.of_kind("AWS::SNS::Topic")
        .find(|topic| topic.id.stack == beside.id.stack && topic.generated_from.is_none())
        .map(|topic| &*topic.id.logical)
}
