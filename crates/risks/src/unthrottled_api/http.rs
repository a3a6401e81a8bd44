//! The same of HTTP and WebSocket APIs: a stage's own limits are `DefaultRouteSettings` and, for single routes, `RouteSettings`
//! (API Gateway Developer Guide, "Throttle requests to your HTTP APIs for better throughput in API Gateway"). They know no usage
//! plans. Without a limit the account's counts for them as for REST APIs.

use super::{BURST, RATE, open, reserved, told, users};
use crate::doors::{self, Door};
use crate::setting;
use model::{App, Finding, Fix, Node, Place, Resource};
use serde_json::json;

/// One finding for each stage.
pub(super) fn findings(app: &App) -> Vec<Finding> {
    let doors = doors::all(app);
    app.of_kind("AWS::ApiGatewayV2::Stage").filter_map(|stage| finding(app, &doors, stage)).collect()
}

fn finding(app: &App, doors: &[Door<'_>], stage: &Resource) -> Option<Finding> {
    let says = |key: &str| stage.properties.get(key).and_then(Node::scalar);
    let api = app.by_physical("AWS::ApiGatewayV2::Api", &says("ApiId")?)?;
    let name = says("StageName").unwrap_or_else(|| "$default".into());
    let behind: Vec<&Door<'_>> = doors.iter().filter(|door| door.api == Some(&api.id)).collect();
    let users = users(app, behind.iter().map(|door| door.function));
    let of_users: Vec<&&Door<'_>> = behind.iter().filter(|door| users.contains_key(&door.function.id)).collect();
    if users.is_empty() || reserved(app, users.values().map(|(function, _)| *function)) {
        return None;
    }
    let limited = match limit(stage, &["DefaultRouteSettings"]) {
        Limit::Set => true,
        Limit::Open(why, at) => return open(api, &name, &why, &at),
        // Each route that leads to the database may have a limit of its own.
        Limit::None => of_users.iter().all(|door| {
            let key = if door.path.is_empty() { door.method.clone() } else { format!("{} {}", door.method, door.path) };
            limit(stage, &["RouteSettings", &key]) == Limit::Set
        }),
    };
    if limited {
        return None;
    }
    Some(Finding { fix: fix(stage, api), ..told((api, &name, &stage.place), &users)? })
}

/// What a part of a stage's settings says of the rate.
#[derive(PartialEq)]
enum Limit {
    Set,
    None,
    /// It depends on something that is not known: why, and where.
    Open(String, Place),
}

fn limit(stage: &Resource, path: &[&str]) -> Limit {
    let mut node = &stage.properties;
    for key in path.iter().chain(&["ThrottlingRateLimit"]) {
        match node.get(key) {
            Some(next) => node = next,
            None => return node.unknown().map_or(Limit::None, |unknown| Limit::Open(unknown.why.clone(), node.place.clone())),
        }
    }
    match node.unknown() {
        Some(unknown) => Limit::Open(unknown.why.clone(), node.place.clone()),
        None if node.number().is_some() => Limit::Set,
        None => Limit::None,
    }
}

/// A limit on all routes of the stage, beside what is set there already.
fn fix(stage: &Resource, api: &Resource) -> Option<Fix> {
    let edits = [("ThrottlingRateLimit", RATE), ("ThrottlingBurstLimit", BURST)].map(|(key, number)| {
        let path = ["DefaultRouteSettings", key];
        setting::set(stage, &path, Some(&path), json!(number))
    });
    let then = "measure what your customers need, and set the limits to that";
    let says = format!("let {RATE} requests a second through {}", api.id.logical);
    edits.iter().all(Option::is_some).then(|| setting::fix_then(&says, edits, then)).flatten()
}
