//! Data of a request becomes part of an SQL statement's text.

mod union;

use crate::route::{self, FunctionRoute};
use crate::{Attack, Profile, Risk};
use model::attack::{Outcome, PlantAt};
use model::code::{EventSource, Flow, SinkKind};
use model::{App, Confidence, Edit, Finding, Fix, Foothold, ResourceId, Severity, Status, Step, Target};
use std::collections::BTreeMap;

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::SignedInUser, plant, run }),
    detections: &[("sql_injection/detect.yml", include_str!("detect.yml"))],
    without: &[],
};

const SLUG: &str = "sql-injection";

fn check(app: &App) -> Vec<Finding> {
    let routes: Vec<FunctionRoute<'_>> = route::all(app).collect();
    let mut findings = Vec::new();
    for (function, handler) in &app.code.handlers {
        let mut builders: BTreeMap<(&model::Place, &str), Vec<&Flow>> = BTreeMap::new();
        for flow in handler.flows.iter().filter(|flow| flow.sink == SinkKind::Sql) {
            builders.entry((&flow.built_at, &flow.builder)).or_default().push(flow);
        }
        findings.extend(builders.into_values().filter_map(|flows| finding(app, function, &flows, &routes)));
    }
    findings
}

/// One finding for all the data that reaches one statement.
fn finding(app: &App, function: &ResourceId, flows: &[&Flow], routes: &[FunctionRoute<'_>]) -> Option<Finding> {
    let first = flows.first()?;
    let mut reached = routes.iter().filter(|found| found.function.id == *function && flows.iter().any(|flow| carries(found, flow)));
    // The route that asks for least is the one an attacker takes.
    let route = reached.clone().find(|found| !found.refuses_anyone(app)).or_else(|| reached.next());
    let open = route.is_some_and(|found| !found.refuses_anyone(app));
    let mut path = Vec::new();
    if let Some(found) = route {
        let who = if open { "anyone on the internet" } else { "a signed-in caller" };
        path.extend(found.steps(format!("{who} may send {}", found.name())));
    }
    path.extend(first.steps.iter().map(|step| Step { says: step.says.clone(), place: step.place.clone() }));
    Some(Finding {
        risk: SLUG,
        title: format!("{} builds SQL text from {}", first.builder, sources(flows)),
        severity: if open { Severity::Critical } else { Severity::High },
        confidence: if route.is_some() { Confidence::High } else { Confidence::Medium },
        resource: function.to_string(),
        place: first.built_at.clone(),
        path,
        maps: Vec::new(),
        fingerprint: String::new(),
        profile: Profile::Default,
        status: Status::Found,
        symbol: first.builder.clone(),
        condition: None,
        fix: flows.iter().find_map(|flow| fix(flow)),
    })
}

/// Whether a request to this route can carry the data that the flow begins with.
fn carries(found: &FunctionRoute<'_>, flow: &Flow) -> bool {
    let method_fits = flow.methods.is_empty() || found.route.method == "ANY" || flow.methods.contains(&found.route.method);
    let source_fits = match &flow.source {
        EventSource::PathParameter(name) => {
            found.route.path.contains(&format!("{{{name}}}"))
                || found.route.path.contains(&format!("{{{name}+}}"))
                || (name.is_empty() && found.route.path.contains('{'))
        }
        EventSource::Trigger(..) => false,
        EventSource::Body(_) => !matches!(found.route.method.as_str(), "GET" | "HEAD"),
        _ => true,
    };
    method_fits && source_fits
}

/// Where the data comes from, in words: `body fields name, cape and path parameter id`.
fn sources(flows: &[&Flow]) -> String {
    let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for flow in flows {
        let (kind, name) = match &flow.source {
            EventSource::Body(path) => ("body field", path.join(".")),
            EventSource::PathParameter(name) => ("path parameter", name.clone()),
            EventSource::Query(name) => ("query parameter", name.clone()),
            EventSource::Header(name) => ("header", name.clone()),
            EventSource::Field(path) => ("event field", path.join(".")),
            EventSource::Trigger(_, path) => ("field of the triggering event", path.join(".")),
            EventSource::Event => ("the event", String::new()),
        };
        let known = names.entry(kind).or_default();
        if !name.is_empty() && !known.contains(&name) {
            known.push(name);
        }
    }
    let words = names.into_iter().map(|(kind, names)| match names.as_slice() {
        [] if kind == "body field" => "the body".to_owned(),
        [] => kind.to_owned(),
        [name] => format!("{kind} {name}"),
        names => format!("{kind}s {}", names.join(", ")),
    });
    words.collect::<Vec<_>>().join(" and ")
}

fn fix(flow: &Flow) -> Option<Fix> {
    let rewrite = flow.rewrite.as_ref()?;
    Some(Fix {
        says: rewrite.says.clone(),
        safe: true,
        edits: rewrite.edits.iter().map(|(place, with)| Edit::text(place, with)).collect(),
        then: None,
    })
}

fn plant(app: &App, _: &[&Finding]) -> Result<PlantAt, String> {
    app.of_kind("AWS::RDS::DBCluster").next().ok_or("the application declares no database cluster to plant a canary in")?;
    // A table of the prover's own: no route reads it, so only the statement's text can lead there.
    Ok(PlantAt::Database { statement: "CREATE OR REPLACE TABLE sekisho_canary AS SELECT ? AS note".into() })
}

/// Takes the findings whose data comes from a GET route's path or query, and reads the whole database through
/// each until one gives it away.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let token = match target.user_token() {
        Ok(token) => token,
        Err(error) => return outcome.failed(&error),
    };
    for finding in findings {
        let Some((function, handler)) = app.code.handlers.iter().find(|(id, _)| id.to_string() == finding.resource) else { continue };
        for flow in handler.flows.iter().filter(|flow| flow.sink == SinkKind::Sql && flow.built_at == finding.place) {
            for found in
                route::all(app).filter(|found| found.function.id == *function && found.route.method == "GET" && carries(found, flow))
            {
                let hole = union::Hole { api: found.api.id.to_string(), path: &found.route.path, source: &flow.source, token: &token };
                if hole.read_everything(target, outcome) {
                    return;
                }
            }
        }
    }
    if outcome.steps.is_empty() {
        outcome.steps.push("no GET route carries the data: nothing comes back to read, and writing is left alone".into());
    }
}
