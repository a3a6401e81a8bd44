//! Refused API calls and changed bucket policies that raise no alarm.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Node, Resource, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, false);

const SLUG: &str = "account-changes-unwatched";

/// What to watch (CIS AWS Foundations v2.0.0, 4.1 and 4.8), and words that a filter pattern for it has.
const WATCHED: [(&str, &[&str]); 2] = [
    ("refused API calls", &["UnauthorizedOperation", "AccessDenied"]),
    ("changes of bucket policies", &["PutBucketPolicy", "DeleteBucketPolicy"]),
];

/// Once for each trail; where no trail is declared, once at the first function.
fn check(app: &App) -> Vec<Finding> {
    let trails: Vec<&Resource> = app.of_kind("AWS::CloudTrail::Trail").collect();
    let anchors = if trails.is_empty() { app.of_kind("AWS::Lambda::Function").take(1).collect() } else { trails };
    let found = anchors.into_iter().filter_map(|anchor| {
        let unheard: Vec<&str> = WATCHED.iter().filter(|(_, words)| !watched(app, anchor, words)).map(|(what, _)| *what).collect();
        let what = unheard.join(" and ");
        let title = match anchor.kind.as_str() {
            "AWS::CloudTrail::Trail" => format!("no alarm tells of {what} that {} records", anchor.id.logical),
            _ => format!("no template here has an alarm for {what}"),
        };
        let told = if unheard.is_empty() { Told::Right } else { Told::Wrong(anchor.place.clone()) };
        Some(Finding { symbol: what, ..setting::finding(SLUG, Severity::Low, anchor, told, title)? })
    });
    found.collect()
}

/// Whether the trail's log group has a metric filter with these words, the metric an alarm, and the alarm somebody to tell.
fn watched(app: &App, anchor: &Resource, words: &[&str]) -> bool {
    let group = anchor.properties.get("CloudWatchLogsLogGroupArn");
    let reads = |filter: &&Resource| {
        let name = filter.properties.get("LogGroupName");
        let same = match (group, name) {
            // The trail is elsewhere, or one of the two is not known: the filter's own words say what it reads.
            (None, _) | (_, None) => anchor.kind != "AWS::CloudTrail::Trail",
            (Some(group), Some(name)) if group.unknown().is_some() || name.unknown().is_some() => true,
            (Some(group), Some(name)) => match (group.scalar(), name.scalar()) {
                (Some(arn), Some(name)) => arn.trim_end_matches(":*").ends_with(&format!(":log-group:{name}")),
                _ => false,
            },
        };
        let pattern = filter.properties.get("FilterPattern").and_then(Node::scalar).unwrap_or_default();
        same && words.iter().any(|word| pattern.contains(word))
    };
    app.of_kind("AWS::Logs::MetricFilter").filter(reads).any(|filter| {
        let metrics = filter.properties.get("MetricTransformations").map(Node::items).unwrap_or_default();
        let names: Vec<String> = metrics.iter().filter_map(|metric| metric.get("MetricName")?.scalar()).collect();
        app.of_kind("AWS::CloudWatch::Alarm").any(|alarm| {
            let of = alarm.properties.get("MetricName").and_then(Node::scalar).is_some_and(|name| names.contains(&name));
            of && alarm.properties.get("AlarmActions").is_some_and(|actions| !actions.one_or_many().is_empty())
        })
    })
}
