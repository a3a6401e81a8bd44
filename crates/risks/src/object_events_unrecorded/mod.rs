//! A trail that does not record who reads and writes objects.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Node, Resource, Severity};
use serde_json::json;

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "object-events-unrecorded";

fn check(app: &App) -> Vec<Finding> {
    // Without a trail here, another stack may record them: said once, where there is something to record.
    if app.of_kind("AWS::CloudTrail::Trail").next().is_none() {
        let bucket = app.of_kind("AWS::S3::Bucket").next();
        let title = "no template here records who reads and writes objects".to_owned();
        return bucket.and_then(|b| setting::finding(SLUG, Severity::Low, b, Told::Wrong(b.place.clone()), title)).into_iter().collect();
    }
    setting::each(app, SLUG, Severity::Low, &["AWS::CloudTrail::Trail"], |trail| {
        let (reads, writes) = (records(trail, "ReadOnly"), records(trail, "WriteOnly"));
        let missing = match (&reads, &writes) {
            (Told::Right, _) => "written",
            (_, Told::Right) => "read",
            _ => "read or written",
        };
        // Advanced selectors stand in the place of the others; whose list it is decides what may be added.
        let advanced = trail.properties.get("AdvancedEventSelectors").is_some();
        let all = json!([{"ReadWriteType": "All", "IncludeManagementEvents": true,
            "DataResources": [{"Type": "AWS::S3::Object", "Values": [{"Fn::Sub": "arn:${AWS::Partition}:s3"}]}]}]);
        let edit = setting::set(trail, &["EventSelectors"], None, all).filter(|_| !advanced);
        let fix = setting::fix_then(
            "record reads and writes of objects",
            [edit],
            "data events are charged for; narrow the selector to the buckets that matter",
        );
        Some((reads.and(writes), format!("{} does not record which objects are {missing}", trail.id.logical), fix))
    })
}

/// Whether the trail records events of objects of this kind: `ReadOnly` or `WriteOnly`.
fn records(trail: &Resource, kind: &str) -> Told {
    for key in ["EventSelectors", "AdvancedEventSelectors"] {
        if let Some((node, unknown)) = trail.properties.get(key).and_then(Node::first_unknown).filter(|(node, _)| node.items().is_empty()) {
            // A value within a selector that is not known, such as a bucket's name, takes nothing away from it.
            if trail.properties.get(key).is_some_and(|list| list.items().is_empty()) {
                return Told::Open(unknown.why.clone(), node.place.clone());
            }
        }
    }
    let plain = trail.properties.get("EventSelectors").map(Node::items).unwrap_or_default().iter().any(|selector| {
        let of = selector.get("ReadWriteType").and_then(Node::str).unwrap_or("All");
        let data = selector.get("DataResources").map(Node::items).unwrap_or_default();
        (of == "All" || of == kind) && data.iter().any(|data| data.get("Type").and_then(Node::str) == Some("AWS::S3::Object"))
    });
    let advanced = trail.properties.get("AdvancedEventSelectors").map(Node::items).unwrap_or_default().iter().any(|selector| {
        let fields = selector.get("FieldSelectors").map(Node::items).unwrap_or_default();
        let equals = |name: &str| {
            let field = fields.iter().find(|field| field.get("Field").and_then(Node::str) == Some(name))?;
            field.get("Equals").map(|values| values.one_or_many().iter().filter_map(Node::scalar).collect::<Vec<_>>())
        };
        let objects = equals("resources.type").is_some_and(|types| types.iter().any(|t| t == "AWS::S3::Object"));
        let wanted = if kind == "ReadOnly" { "true" } else { "false" };
        objects && equals("readOnly").is_none_or(|values| values.iter().any(|value| value == wanted))
    });
    if plain || advanced { Told::Right } else { Told::Wrong(trail.place.clone()) }
}
