//! Which data events the trails of an application record (AWS CloudTrail User Guide, "Logging data events"; AWS CloudTrail API
//! Reference, "EventSelector", "AdvancedFieldSelector"). Without a selector that names them there is none; what of a selector is not
//! known selects nothing.

use crate::{App, Node, Resource};

/// A data event, as far as selectors ask about it.
#[derive(Clone, Copy, Debug)]
pub struct DataEvent<'a> {
    /// `AWS::S3::Object`.
    pub kind: &'a str,
    /// `arn:aws:s3:::bucket/key`; for an operation on the objects of a bucket the bucket's ARN with a slash at the end.
    pub arn: &'a str,
    /// `s3.amazonaws.com`.
    pub source: &'a str,
    /// `GetObject`.
    pub name: &'a str,
    /// CloudTrail's `readOnly`.
    pub read_only: bool,
}

/// Whether a trail of the application records it.
pub fn records(app: &App, event: &DataEvent<'_>) -> bool {
    app.of_kind("AWS::CloudTrail::Trail").any(|trail| {
        let logs = trail.properties.get("IsLogging").and_then(Node::bool) != Some(false);
        logs && (plain(trail, event) || advanced(trail, event))
    })
}

fn selectors<'a>(trail: &'a Resource, key: &str) -> &'a [Node] {
    trail.properties.get(key).map(Node::items).unwrap_or_default()
}

fn plain(trail: &Resource, event: &DataEvent<'_>) -> bool {
    let kinds: [Option<&str>; 3] = [None, Some("All"), Some(if event.read_only { "ReadOnly" } else { "WriteOnly" })];
    selectors(trail, "EventSelectors").iter().filter(|selector| kinds.contains(&selector.get("ReadWriteType").and_then(Node::str))).any(
        |selector| {
            let resources = selector.get("DataResources").map(Node::items).unwrap_or_default();
            let of_kind = resources.iter().filter(|data| data.get("Type").and_then(Node::str) == Some(event.kind));
            let values = of_kind.flat_map(|data| data.get("Values").map(Node::one_or_many).unwrap_or_default());
            // `arn:aws:s3` and `arn:aws:lambda` stand for everything of theirs, like any other beginning.
            values.into_iter().filter_map(Node::scalar).any(|value| event.arn.starts_with(&value))
        },
    )
}

fn advanced(trail: &Resource, event: &DataEvent<'_>) -> bool {
    selectors(trail, "AdvancedEventSelectors").iter().any(|selector| {
        let fields = selector.get("FieldSelectors").map(Node::items).unwrap_or_default();
        let about_data = fields.iter().any(|field| field.get("Field").and_then(Node::str) == Some("resources.type"));
        about_data && fields.iter().all(|field| chooses(field, event))
    })
}

/// Whether one field lets the event through: one of each list that allows, none of a list that excludes.
fn chooses(field: &Node, event: &DataEvent<'_>) -> bool {
    let value = match field.get("Field").and_then(Node::str) {
        Some("eventCategory") => "Data",
        Some("resources.type") => event.kind,
        Some("resources.ARN") => event.arn,
        Some("eventSource") => event.source,
        Some("eventName") => event.name,
        Some("readOnly") if event.read_only => "true",
        Some("readOnly") => "false",
        _ => return false,
    };
    type Test = fn(&str, &str) -> bool;
    const TESTS: [(&str, &str, Test); 3] = [
        ("Equals", "NotEquals", |value, wanted| value == wanted),
        ("StartsWith", "NotStartsWith", |value, wanted| value.starts_with(wanted)),
        ("EndsWith", "NotEndsWith", |value, wanted| value.ends_with(wanted)),
    ];
    let list = |name: &str| field.get(name).map(|list| list.one_or_many().iter().filter_map(Node::scalar).collect::<Vec<_>>());
    let known =
        field.members().iter().all(|member| member.key == "Field" || TESTS.iter().any(|t| [t.0, t.1].contains(&member.key.as_str())));
    known
        && TESTS.iter().all(|(wants, excludes, test)| {
            list(wants).is_none_or(|values| values.iter().any(|wanted| test(value, wanted)))
                && list(excludes).is_none_or(|values| !values.iter().any(|unwanted| test(value, unwanted)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Place, ResourceId};
    use serde_json::{Value, json};

    fn recorded(properties: Value, arn: &str, read_only: bool) -> bool {
        let place = Place::new("template.yaml", 1, 1);
        let trail = Resource {
            id: ResourceId::new("app", "Trail"),
            kind: "AWS::CloudTrail::Trail".into(),
            properties: Node::from_json(&properties, &place),
            place,
            physical_id: "Trail".into(),
            arn: None,
            generated_from: None,
            condition: None,
            deletion_policy: None,
            metadata: None,
        };
        let app = App::new("123456789012", "us-east-1", [trail]);
        records(&app, &DataEvent { kind: "AWS::S3::Object", arn, source: "s3.amazonaws.com", name: "GetObject", read_only })
    }

    #[test]
    fn selectors_choose() {
        let data = |kind: &str, value: &str| json!({"EventSelectors": [{"ReadWriteType": kind, "DataResources": [{"Type": "AWS::S3::Object", "Values": [value]}]}]});
        let (object, other) = ("arn:aws:s3:::b/k", "arn:aws:s3:::bb/k");
        assert!(!recorded(json!({"EventSelectors": [{"ReadWriteType": "All"}]}), object, true));
        assert!(recorded(data("All", "arn:aws:s3"), object, true));
        assert!(recorded(data("ReadOnly", "arn:aws:s3:::b/"), object, true));
        assert!(!recorded(data("WriteOnly", "arn:aws:s3:::b/"), object, true));
        assert!(!recorded(data("All", "arn:aws:s3:::b/"), other, true));
        let fields = |more: Value| {
            let mut all = vec![
                json!({"Field": "eventCategory", "Equals": ["Data"]}),
                json!({"Field": "resources.type", "Equals": ["AWS::S3::Object"]}),
            ];
            all.push(more);
            json!({"AdvancedEventSelectors": [{"FieldSelectors": all}]})
        };
        assert!(recorded(fields(json!({"Field": "readOnly", "Equals": ["false"]})), object, false));
        assert!(!recorded(fields(json!({"Field": "readOnly", "Equals": ["false"]})), object, true));
        assert!(recorded(fields(json!({"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::b/"]})), object, true));
        assert!(!recorded(fields(json!({"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::b/"]})), object, true));
        assert!(!recorded(fields(json!({"Field": "userIdentity.arn", "Equals": ["x"]})), object, true));
        assert!(!recorded(json!({"IsLogging": false, "EventSelectors": data("All", "arn:aws:s3")["EventSelectors"]}), object, true));
    }
}
