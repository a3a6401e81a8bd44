//! Findings from data flows: one for all the data that reaches one expression, with the path from whoever sends it to the sink and
//! to what the function's role reaches. What a risk knows of its sinks is a [`Sinks`]; everything else is the same for all.

use crate::blank;
use crate::entry::{Danger, Entries, Entry};
use iam::{Context, Outcome, Principal, Request};
use model::code::{EventSource, Flow, Handler};
use model::{App, Edit, Finding, Fix, ResourceId, RiskId, Step};
use std::collections::BTreeMap;

/// What a risk knows of its sinks.
pub struct Sinks {
    /// The risk.
    pub slug: RiskId,
    /// Which flows are its own.
    pub takes: fn(&Flow) -> bool,
    /// What happens, of a function and its sources: `runs a shell command made of`.
    pub says: fn(&Flow) -> &'static str,
    /// What it gives the sender.
    pub danger: fn(&Flow) -> Danger,
    /// Whether it gives the function's credentials: the path then goes on to what they reach.
    pub credentials: bool,
    /// An edit that mends it.
    pub fix: fn(&App, &Flow) -> Option<Fix>,
}

/// Every finding of one risk.
pub fn findings(app: &App, sinks: &Sinks) -> Vec<Finding> {
    let entries = Entries::of(app);
    let mut findings = Vec::new();
    for (function, handler) in &app.code.handlers {
        let mut builders: BTreeMap<(&model::Place, &str), Vec<&Flow>> = BTreeMap::new();
        for flow in handler.flows.iter().filter(|flow| (sinks.takes)(flow)) {
            builders.entry((&flow.built_at, &flow.builder)).or_default().push(flow);
        }
        findings.extend(builders.into_values().filter_map(|flows| finding(app, &entries, function, &flows, sinks)));
    }
    findings
}

/// One finding for all the data that reaches one expression.
fn finding(app: &App, entries: &Entries<'_>, function: &ResourceId, flows: &[&Flow], sinks: &Sinks) -> Option<Finding> {
    let found = flows.iter().map(|flow| (entries.find(function, &flow.source, &flow.methods), *flow));
    // The first of the widest: what an attacker takes.
    let (entry, flow): (Entry, &Flow) = found.reduce(|best, next| if next.0.who < best.0.who { next } else { best })?;
    let mut path = entry.steps.clone();
    path.extend(flow.steps.iter().map(|step| Step { says: step.says.clone(), place: step.place.clone() }));
    if sinks.credentials {
        path.extend(reach(app, function));
    }
    Some(Finding {
        title: format!("{} {} {}", flow.builder, (sinks.says)(flow), sources(flows)),
        severity: entry.severity((sinks.danger)(flow)),
        confidence: entry.confidence(),
        path,
        symbol: flow.builder.clone(),
        condition: entry.condition.clone(),
        fix: flows.iter().find_map(|flow| (sinks.fix)(app, flow)),
        ..blank(sinks.slug, function.to_string(), flow.built_at.clone())
    })
}

/// The flows of a finding.
pub fn of<'a>(app: &'a App, finding: &Finding, takes: fn(&Flow) -> bool) -> Vec<(&'a ResourceId, &'a Handler, &'a Flow)> {
    let Some((id, handler)) = app.code.handlers.iter().find(|(id, _)| id.to_string() == finding.resource) else { return Vec::new() };
    let flows = handler.flows.iter().filter(|flow| takes(flow) && flow.built_at == finding.place);
    flows.map(|flow| (id, handler, flow)).collect()
}

/// No edit is certain.
pub fn advice(_: &App, _: &Flow) -> Option<Fix> {
    None
}

/// The rewrite that the code's reader made.
pub fn rewrite(_: &App, flow: &Flow) -> Option<Fix> {
    let rewrite = flow.rewrite.as_ref()?;
    Some(Fix {
        says: rewrite.says.clone(),
        safe: true,
        edits: rewrite.edits.iter().map(|(place, with)| Edit::text(place, with)).collect(),
        then: None,
    })
}

/// Whether a flow begins with the key of an object, a message id and the like: names that a service made or that only say which
/// object an event is about.
pub fn is_object_key(source: &EventSource) -> bool {
    matches!(source, EventSource::Trigger(_, path) if path.last().is_some_and(|last| last == "key"))
}

/// Where the data comes from, in words: `body fields name, cape and path parameter id`.
pub fn sources(flows: &[&Flow]) -> String {
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

/// What data and privileges are asked about: type of resource, action, the object below its ARN.
const REACHED: [(&str, &str, &str); 7] = [
    ("AWS::DynamoDB::Table", "dynamodb:Scan", ""),
    ("AWS::S3::Bucket", "s3:GetObject", "/x"),
    ("AWS::SecretsManager::Secret", "secretsmanager:GetSecretValue", ""),
    ("AWS::SSM::Parameter", "ssm:GetParameter", ""),
    ("AWS::SQS::Queue", "sqs:ReceiveMessage", ""),
    ("AWS::Cognito::UserPool", "cognito-idp:AdminCreateUser", ""),
    ("AWS::Lambda::Function", "lambda:UpdateFunctionCode", ""),
];
/// Things that one step names.
const MOST_NAMED: usize = 4;

/// The last step of a path: what the credentials of a function's role reach.
pub fn reach(app: &App, function: &ResourceId) -> Option<Step> {
    let function = app.aws().functions.get(function)?;
    let role = app.aws().role_by_arn(function.role_arn.as_deref()?)?;
    let principal = Principal::parse(&role.arn)?;
    let stack = iam::app::stack_of_role(app, role);
    let may = |action: &str, arn: &str| {
        let request = Request::new(principal.clone(), action, arn).with_context(Context::open()).owned_by(&*app.account);
        iam::decide(&request, &stack).outcome == Outcome::Allowed
    };
    let place = function.role_place.clone().unwrap_or_else(|| function.place.clone());
    let has = format!("whoever is there has the credentials of {}", role.id.logical);
    if may("iam:CreateAccessKey", &format!("arn:{}:iam::{}:user/anyone", app.partition, app.account)) {
        return Some(Step { says: format!("{has}, which may make keys for any user"), place });
    }
    let mut reached: Vec<String> = Vec::new();
    for (kind, action, object) in REACHED {
        let held = app.of_kind(kind).filter(|resource| resource.arn.as_ref().is_some_and(|arn| may(action, &format!("{arn}{object}"))));
        let names: Vec<String> = held.map(|resource| resource.id.logical.to_string()).take(MOST_NAMED).collect();
        if !names.is_empty() {
            reached.push(format!("{action} on {}", names.join(", ")));
        }
    }
    let reached = if reached.is_empty() {
        "which reaches no data that is declared here".to_owned()
    } else {
        format!("which may {}", reached.join("; "))
    };
    Some(Step { says: format!("{has}, {reached}"), place })
}
