//! A database that takes connections without TLS.

use crate::Risk;
use crate::reach;
use crate::setting::{self, Told};
use model::{App, Edit, Finding, Node, Resource, Severity, Step};
use serde_json::json;

/// The risk.
pub const RISK: Risk = setting::plain(SLUG, include_str!("risk.md"), check, true);

const SLUG: &str = "database-plain-connection";

/// What is known of an engine: the parameter that refuses connections without TLS, the major versions from which it is on
/// by default, and the family of parameter groups for a version (Amazon RDS User Guide and Aurora User Guide, "Requiring
/// SSL/TLS").
struct Engine {
    name: &'static str,
    parameter: &'static str,
    on: &'static str,
    default_from: Option<f64>,
    family: fn(&str) -> Option<String>,
}

const ENGINES: [Engine; 5] = [
    Engine { name: "aurora-mysql", parameter: "require_secure_transport", on: "ON", default_from: Some(8.4), family: aurora_mysql },
    Engine {
        name: "aurora-postgresql",
        parameter: "rds.force_ssl",
        on: "1",
        default_from: Some(17.0),
        family: |v| major("aurora-postgresql", v),
    },
    Engine { name: "mysql", parameter: "require_secure_transport", on: "ON", default_from: Some(8.4), family: |v| minor("mysql", v) },
    Engine { name: "mariadb", parameter: "require_secure_transport", on: "ON", default_from: Some(11.8), family: |v| minor("mariadb", v) },
    Engine { name: "postgres", parameter: "rds.force_ssl", on: "1", default_from: Some(15.0), family: |v| major("postgres", v) },
];

fn aurora_mysql(version: &str) -> Option<String> {
    // "8.0.mysql_aurora.3.08.0", or nothing: version 3 is the default.
    Some(if version.starts_with("5.7") { "aurora-mysql5.7".into() } else { "aurora-mysql8.0".into() })
}

fn major(engine: &str, version: &str) -> Option<String> {
    version.split('.').next().filter(|major| !major.is_empty()).map(|major| format!("{engine}{major}"))
}

fn minor(engine: &str, version: &str) -> Option<String> {
    let mut parts = version.split('.');
    Some(format!("{engine}{}.{}", parts.next().filter(|part| !part.is_empty())?, parts.next()?))
}

fn check(app: &App) -> Vec<Finding> {
    let own = |r: &&Resource| matches!(r.kind.as_str(), "AWS::RDS::DBCluster" | "AWS::RDS::DBInstance");
    reach::databases(app).filter(own).filter_map(|database| finding(app, database)).collect()
}

fn finding(app: &App, database: &Resource) -> Option<Finding> {
    let name = database.properties.get("Engine").and_then(Node::str).unwrap_or("an engine that is not known");
    let engine = ENGINES.iter().find(|engine| engine.name == name);
    // Only what a function of the application talks to: whether others need TLS, their clients decide.
    let users = app.aws().functions.values().filter_map(|f| Some((f, reach::database(app, f)?)));
    let (function, reached) = users.into_iter().find(|(_, reached)| reached.database.is_some_and(|d| d.id == database.id))?;
    // Functions that talk to a proxy which insists on TLS do so encrypted, whatever the database would take.
    let proxied = |proxy: &Resource| proxy.properties.get("RequireTLS").and_then(Node::bool) == Some(true);
    if app.of_kind("AWS::RDS::DBProxy").any(proxied) {
        return None;
    }
    let unsaid = || Told::Open(format!("whether {name} refuses connections without TLS is not known here"), database.place.clone());
    let told = engine.map_or_else(unsaid, |engine| told(app, database, engine));
    let title = format!("{} takes connections without TLS", database.id.logical);
    let known = matches!(told, Told::Wrong(_));
    let found = setting::finding(SLUG, Severity::Medium, database, told, title)?;
    let path = vec![
        Step { says: format!("{} {}", function.id.logical, reached.says), place: reached.place },
        Step { says: format!("{} does not insist on TLS", database.id.logical), place: database.place.clone() },
    ];
    Some(Finding { path, fix: engine.and_then(|engine| fix(app, database, engine)).filter(|_| known), ..found })
}

fn told(app: &App, database: &Resource, engine: &Engine) -> Told {
    let (key, kind, _) = group(database);
    let by_default = || match (database.properties.get("EngineVersion"), engine.default_from) {
        (Some(node), Some(_)) if node.unknown().is_some() => {
            Told::Open(node.unknown().map(|u| u.why.clone()).unwrap_or_default(), node.place.clone())
        }
        (Some(node), Some(from)) if version(&node.scalar().unwrap_or_default()) >= from => Told::Right,
        _ => Told::Wrong(database.place.clone()),
    };
    let Some(node) = database.properties.get(key) else { return by_default() };
    let Some(group) = app.of_kind(kind).find(|group| setting::names(node, group)) else {
        let why = "its parameter group is not declared here".to_owned();
        return Told::Open(node.unknown().map_or(why, |unknown| unknown.why.clone()), node.place.clone());
    };
    match setting::told(group, &["Parameters", engine.parameter], |value| {
        value.scalar().is_some_and(|v| v == "1" || v.eq_ignore_ascii_case("on"))
    }) {
        Told::Wrong(place) if place == group.place => by_default(),
        told => told,
    }
}

/// Major and minor version as one number: 8.4.
fn version(text: &str) -> f64 {
    let mut parts = text.split('.');
    let mut next = || parts.next().unwrap_or("0").to_owned();
    format!("{}.{}", next(), next()).parse().unwrap_or(0.0)
}

/// The property that names the parameter group, its type, and the property of its family.
fn group(database: &Resource) -> (&'static str, &'static str, &'static str) {
    match database.kind.as_str() {
        "AWS::RDS::DBCluster" => ("DBClusterParameterGroupName", "AWS::RDS::DBClusterParameterGroup", "Family"),
        _ => ("DBParameterGroupName", "AWS::RDS::DBParameterGroup", "Family"),
    }
}

/// Sets the parameter in the group that the database has, or gives it one.
fn fix(app: &App, database: &Resource, engine: &Engine) -> Option<model::Fix> {
    let (key, kind, family) = group(database);
    let edits: Vec<Option<Edit>> = match database.properties.get(key) {
        Some(node) => {
            let group = app.of_kind(kind).find(|group| setting::names(node, group))?;
            vec![setting::set(group, &["Parameters", engine.parameter], None, engine.on.into())]
        }
        None => {
            let version = database.properties.get("EngineVersion").and_then(Node::scalar).unwrap_or_default();
            let name = format!("{}Parameters", database.id.logical);
            let mut properties = json!({"Description": "Refuses connections without TLS", "Parameters": {engine.parameter: engine.on}});
            properties[family] = (engine.family)(&version)?.into();
            vec![
                setting::add(app, database, &name, json!({"Type": kind, "Properties": properties})),
                setting::set(database, &[key], None, json!({"Ref": name})),
            ]
        }
    };
    let then =
        "let the functions connect with TLS first, and check the certificate (mysql2: `ssl: 'Amazon RDS'`); what does not is refused";
    setting::fix_then("refuse connections without TLS", edits, then)
}
