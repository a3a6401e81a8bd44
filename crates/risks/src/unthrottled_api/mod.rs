//! An API that lets through more than what stands behind it can bear.

mod http;
mod reserved;

use crate::Risk;
use crate::reach;
use crate::route;
use crate::setting::{self, Told};
use model::aws::{Function, RestApi};
use model::{App, Finding, Node, Resource, Severity, Step};
use serde_json::json;
use std::collections::BTreeMap;

/// The risk.
pub const RISK: Risk = setting::plain(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "unthrottled-api";

/// What an account lets through where nothing else is said: requests in a second (API Gateway Developer Guide, "Amazon API
/// Gateway quotas"), and executions of all functions at once (AWS Lambda Developer Guide, "Lambda quotas").
const ACCOUNT_RATE: f64 = 10_000.0;
const ACCOUNT_EXECUTIONS: f64 = 1_000.0;

/// What the fix gives a caller: requests in a second, and in a burst.
const RATE: u32 = 50;
const BURST: u32 = 100;

/// One finding for each stage whose traffic ends in a database, with the sum that shows it.
fn check(app: &App) -> Vec<Finding> {
    let rest = app.aws().rest_apis.iter();
    let rest = rest.flat_map(|api| api.stages.iter().filter_map(move |stage| finding(app, api, &stage.name, &stage.place)));
    rest.chain(http::findings(app)).chain(reserved::findings(app)).collect()
}

/// The functions behind an API that use a database, and how.
type Users<'a> = BTreeMap<&'a model::ResourceId, (&'a Function, reach::Reached<'a>)>;

/// Of the functions behind an API those that hold connections of a database.
fn users<'a>(app: &'a App, behind: impl Iterator<Item = &'a Function>) -> Users<'a> {
    // Connections through a proxy are shared.
    let shared = app.of_kind("AWS::RDS::DBProxy").next().is_some();
    let reaching = behind.filter(|_| !shared).filter_map(|function| Some((&function.id, (function, reach::database(app, function)?))));
    reaching.collect()
}

/// The finding, with the sum: what is let through in a second, for how long each request may run, and what the database takes.
fn told((resource, stage, place): (&Resource, &str, &model::Place), users: &Users<'_>) -> Option<Finding> {
    let (function, reached) = users.values().next()?;
    let seconds = f64::from(function.timeout);
    let at_once = (ACCOUNT_RATE * seconds).min(ACCOUNT_EXECUTIONS);
    let title =
        format!("the stage {stage} of {} has no limit of its own: {at_once} executions at once reach the database", resource.id.logical);
    let found = setting::finding(SLUG, Severity::Medium, resource, Told::Wrong(place.clone()), title)?;
    let takes = reached.database.and_then(connections);
    let takes = takes.map_or_else(String::new, |(most, class)| format!(", of which a {class} takes about {most}"));
    let path = vec![
        Step { says: format!("the stage lets through {ACCOUNT_RATE} requests a second, the account's limit"), place: place.clone() },
        Step {
            says: format!(
                "{} may run for {seconds} s, so {ACCOUNT_EXECUTIONS} executions are reached with {} requests a second",
                function.id.logical,
                (ACCOUNT_EXECUTIONS / seconds.max(1.0)).ceil()
            ),
            place: function.place.clone(),
        },
        Step { says: format!("each {} and holds a connection of it{takes}", reached.says), place: reached.place.clone() },
    ];
    Some(Finding { path, symbol: stage.to_owned(), ..found })
}

/// Connections that a database takes when nothing else is set, and its class. `None` where engine or class is not known, or a
/// parameter group may say otherwise.
fn connections(database: &Resource) -> Option<(u64, String)> {
    let says = |key: &str| database.properties.get(key).and_then(Node::scalar);
    if database.properties.get("DBParameterGroupName").is_some() {
        return None;
    }
    let (engine, class) = (says("Engine")?, says("DBInstanceClass")?);
    Some((most_connections(&engine, &says("EngineVersion").unwrap_or_default(), &class)?, class))
}

/// The default of `max_connections` (Amazon RDS User Guide, "Quotas and constraints for Amazon RDS", "Maximum number of database
/// connections"): by the memory of the class, of which some is not the database's, so it is an upper bound.
fn most_connections(engine: &str, version: &str, class: &str) -> Option<u64> {
    let (family, size) = class.strip_prefix("db.")?.split_once('.')?;
    let small: u64 = match size {
        "micro" => 1,
        "small" => 2,
        "medium" => 4,
        "large" => 8,
        "xlarge" => 16,
        "2xlarge" => 32,
        "4xlarge" => 64,
        _ => return None,
    };
    // Memory-optimised classes have twice the memory of a size, compute-optimised ones are not databases.
    let gib = match family.chars().next()? {
        't' | 'm' => small,
        'r' => small * 2,
        _ => return None,
    };
    let bytes = gib << 30;
    match engine {
        "mysql" => Some(bytes / 12_582_880),
        "mariadb" if version.starts_with("10.4") => Some(bytes / 12_582_880),
        "mariadb" => Some((bytes / 25_165_760).min(12_000)),
        "postgres" => Some((bytes / 9_531_392).min(5_000)),
        _ => None,
    }
}

fn finding(app: &App, api: &RestApi, stage: &str, place: &model::Place) -> Option<Finding> {
    let resource = app.resource(&api.id)?;
    // Beside the stage it is told of, SAM's deployment makes one named Stage, of which nothing can be said.
    if resource.generated_from.is_some() && stages(app, api, stage).is_none() {
        return None;
    }
    let behind = route::all(app).filter(|found| found.api.id == api.id).map(|found| found.function);
    let users = users(app, behind);
    if users.is_empty() {
        return None;
    }
    let plan = app.aws().usage_plans.iter().find(|plan| plan.stages.iter().any(|(id, name)| *id == api.api_id && name == stage));
    let all_keyed = api.routes.iter().filter(|route| route.method != "OPTIONS").all(|route| route.api_key_required);
    let rate = match (plan, stage_rate(app, api, stage)) {
        // A plan counts for the requests that carry one of its keys; without a key a route is not in any plan.
        (Some(plan), _) if all_keyed => match (&plan.unknown, plan.rate) {
            (Some((why, at)), _) => return open(resource, stage, why, at),
            (None, rate) => rate,
        },
        (_, rate) => match rate {
            Ok(rate) => rate,
            Err((why, at)) => return open(resource, stage, &why, &at),
        },
    };
    if rate.is_some() || reserved(app, users.values().map(|(function, _)| *function)) {
        return None;
    }
    Some(Finding { fix: fix(app, api, resource, stage), ..told((resource, stage, place), &users)? })
}

fn open(resource: &Resource, stage: &str, why: &str, at: &model::Place) -> Option<Finding> {
    let title = format!("the stage {stage} of {} lets through more than the database bears", resource.id.logical);
    let found = setting::finding(SLUG, Severity::Low, resource, Told::Open(why.to_owned(), at.clone()), title)?;
    Some(Finding { symbol: stage.to_owned(), ..found })
}

/// The rate that the stage itself allows all its methods (`MethodSettings` for `/*` and `*`).
fn stage_rate(app: &App, api: &RestApi, stage: &str) -> Result<Option<f64>, (String, model::Place)> {
    let Some(resource) = stages(app, api, stage) else { return Ok(None) };
    let Some(settings) = resource.properties.get("MethodSettings") else { return Ok(None) };
    if let Some((node, unknown)) = settings.first_unknown() {
        return Err((unknown.why.clone(), node.place.clone()));
    }
    let every = |setting: &&Node| {
        let says = |key: &str| setting.get(key).and_then(Node::str).unwrap_or_default();
        says("HttpMethod") == "*" && matches!(says("ResourcePath"), "/*" | "*")
    };
    Ok(settings.items().iter().find(every).and_then(|setting| setting.get("ThrottlingRateLimit")?.number()))
}

/// Whether each of these functions has a limit of its own on its executions.
fn reserved<'a>(app: &App, mut functions: impl Iterator<Item = &'a Function>) -> bool {
    functions.all(|function| app.resource(&function.id).is_some_and(|r| r.properties.get("ReservedConcurrentExecutions").is_some()))
}

/// A limit on all methods of the stage. Keys and plans for each customer stay with people: a key shuts out whoever has none.
fn fix(app: &App, api: &RestApi, resource: &Resource, stage: &str) -> Option<model::Fix> {
    let limit = json!([{"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": RATE, "ThrottlingBurstLimit": BURST}]);
    let own = stages(app, api, stage)?;
    let edit = setting::set(own, &["MethodSettings"], Some(&["MethodSettings"]), limit);
    let then = "measure what your customers need, and set the limits to that; give each customer a key and a usage plan of its own";
    setting::fix_then(&format!("let {RATE} requests a second through {}", resource.id.logical), [edit], then)
}

/// The stage's own resource; a stage that a deployment makes has none.
fn stages<'a>(app: &'a App, api: &RestApi, stage: &str) -> Option<&'a Resource> {
    let is_own = |r: &&Resource| {
        let says = |key: &str| r.properties.get(key).and_then(Node::scalar);
        says("RestApiId").as_deref() == Some(api.api_id.as_str()) && says("StageName").as_deref() == Some(stage)
    };
    app.of_kind("AWS::ApiGateway::Stage").find(is_own)
}

#[cfg(test)]
mod tests {
    use super::most_connections;

    #[test]
    fn what_a_class_takes() {
        for (engine, version, class, expected) in [
            ("mysql", "8.0.36", "db.t3.micro", Some(85)),
            ("mysql", "", "db.r5.large", Some(1_365)),
            ("mariadb", "10.11", "db.r5.large", Some(682)),
            ("mariadb", "10.4.33", "db.r5.large", Some(1_365)),
            ("postgres", "16.3", "db.t3.medium", Some(450)),
            ("postgres", "16.3", "db.r6g.4xlarge", Some(5_000)),
            ("oracle-se2", "19", "db.m5.large", None),
            ("mysql", "8.0", "db.x2g.large", None),
        ] {
            assert_eq!(most_connections(engine, version, class), expected, "{engine} {version} {class}");
        }
    }
}
