//! Nobody hears of a database that fails over, runs full or loses its security group.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Edit, Finding, Node, Resource, Severity};
use serde_json::json;
use std::collections::BTreeSet;

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "database-events-unwatched";

/// What the events are about (Amazon RDS User Guide, "Overview of events for Amazon RDS").
const SOURCES: [&str; 2] = ["db-instance", "db-security-group"];

fn check(app: &App) -> Vec<Finding> {
    let Some(database) = app.resources().find(|r| matches!(r.kind.as_str(), "AWS::RDS::DBCluster" | "AWS::RDS::DBInstance")) else {
        return Vec::new();
    };
    let mut watched: BTreeSet<&str> = BTreeSet::new();
    let mut open = None;
    for subscription in app.of_kind("AWS::RDS::EventSubscription") {
        let says = |key: &str| subscription.properties.get(key);
        if says("Enabled").and_then(Node::bool) == Some(false) {
            continue;
        }
        match says("SourceType") {
            Some(node) if node.unknown().is_some() => open = node.unknown().map(|u| Told::Open(u.why.clone(), node.place.clone())),
            Some(node) => watched.extend(SOURCES.iter().filter(|source| node.str() == Some(source))),
            // No type: the events of all of them.
            None => watched.extend(SOURCES),
        }
    }
    let missing: Vec<&str> = SOURCES.into_iter().filter(|source| !watched.contains(source)).collect();
    let told = match (missing.is_empty(), open) {
        (true, _) => Told::Right,
        (false, Some(open)) => open,
        (false, None) => Told::Wrong(database.place.clone()),
    };
    let title = format!("nobody is told of events of {}", missing.join(" and "));
    let found = setting::finding(SLUG, Severity::Low, database, told, title);
    found.into_iter().map(|found| Finding { fix: subscribe(app, database), ..found }).collect()
}

/// One subscription without a type hears of everything; it tells a topic of the stack, or a new one.
fn subscribe(app: &App, database: &Resource) -> Option<model::Fix> {
    let topic = app.of_kind("AWS::SNS::Topic").find(|topic| topic.id.stack == database.id.stack && topic.generated_from.is_none());
    let name = topic.map_or("DatabaseEvents", |topic| &topic.id.logical);
    let mut edits: Vec<Option<Edit>> = Vec::new();
    if topic.is_none() {
        edits.push(setting::add(app, database, name, json!({"Type": "AWS::SNS::Topic"})));
    }
    let subscription = json!({"Type": "AWS::RDS::EventSubscription", "Properties": {"SnsTopicArn": {"Ref": name}}});
    edits.push(setting::add(app, database, "DatabaseEventSubscription", subscription));
    setting::fix_then("tell a topic of the database's events", edits, "subscribe the people who must know to the topic")
}
