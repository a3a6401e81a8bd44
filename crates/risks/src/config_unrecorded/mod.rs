//! Nothing records how functions are configured, and what they were before.

use crate::Risk;
use crate::setting::{self, Told};
use model::{App, Finding, Node, Severity};

/// The risk.
pub const RISK: Risk = setting::hygiene(SLUG, include_str!("risk.md"), check, false);

const SLUG: &str = "config-unrecorded";

/// Once: AWS Config is switched on for an account.
fn check(app: &App) -> Vec<Finding> {
    let Some(function) = app.of_kind("AWS::Lambda::Function").next() else { return Vec::new() };
    let Some(recorder) = app.of_kind("AWS::Config::ConfigurationRecorder").next() else {
        let title = "no template here lets AWS Config record functions".to_owned();
        return setting::finding(SLUG, Severity::Low, function, Told::Wrong(function.place.clone()), title).into_iter().collect();
    };
    let group = |key: &str| recorder.properties.at(&["RecordingGroup", key]);
    let lists = |key: &str| group(key).is_some_and(|types| types.items().iter().any(|t| t.str() == Some("AWS::Lambda::Function")));
    let excluded = group("ExclusionByResourceTypes")
        .and_then(|e| e.get("ResourceTypes"))
        .is_some_and(|types| types.items().iter().any(|t| t.str() == Some("AWS::Lambda::Function")));
    let only_some = group("ResourceTypes").is_some_and(|types| !types.items().is_empty());
    let told = match recorder.properties.get("RecordingGroup").and_then(Node::first_unknown) {
        Some((node, unknown)) => Told::Open(unknown.why.clone(), node.place.clone()),
        None if excluded || (only_some && !lists("ResourceTypes")) => Told::Wrong(recorder.place.clone()),
        // Without a group, or with one that names none, every supported type is recorded.
        None if !only_some && group("AllSupported").and_then(Node::bool) == Some(false) && group("ExclusionByResourceTypes").is_none() => {
            Told::Wrong(recorder.place.clone())
        }
        None => Told::Right,
    };
    let title = format!("{} does not record functions", recorder.id.logical);
    setting::finding(SLUG, Severity::Low, recorder, told, title).into_iter().collect()
}
