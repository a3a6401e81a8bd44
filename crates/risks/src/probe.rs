//! Attacks that send a text where a flow begins and read the answer: one for all sinks whose harm shows in the answer. Sends only
//! to the routes that carry the flow, reads only, and stops at the first answer that shows what it looked for.

use crate::doors::{self, Door};
use crate::flow;
use crate::route;
use model::attack::{Outcome, PlantAt};
use model::code::{EventSource, Flow};
use model::{App, Finding, HttpRequest, HttpResponse, Target};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// What is sent and what is looked for.
pub struct Probe<'a> {
    /// The flows that are tried.
    pub takes: fn(&Flow) -> bool,
    /// Texts, the most common first.
    pub payloads: &'a [&'a str],
    /// What an answer holds when a payload worked, known beforehand: never the canary.
    pub shows: &'a str,
}

/// The canary goes into the environment of the function, beside the credentials that Lambda puts there.
pub fn plant(_: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let function = findings.first().map(|finding| finding.resource.clone()).ok_or("no finding to attack")?;
    Ok(PlantAt::Environment { function })
}

/// Sends each payload through each door that carries the flow until an answer shows what is looked for.
pub fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome, probe: &Probe<'_>) {
    let doors = doors::all(app);
    for finding in findings {
        for (function, _, flow) in flow::of(app, finding, probe.takes) {
            let open = doors.iter().filter(|door| door.function.id == *function && door.carries(&flow.source, &flow.methods));
            for door in open {
                if through(door, flow, target, outcome, probe) {
                    return;
                }
            }
        }
    }
    if outcome.steps.is_empty() {
        outcome.steps.push("no route of a REST API carries the data: nothing was sent".into());
    }
}

fn through(door: &Door<'_>, flow: &Flow, target: &mut dyn Target, outcome: &mut Outcome, probe: &Probe<'_>) -> bool {
    let Some(found) = door.rest() else { return false };
    let method = match (flow.methods.first(), &*found.route.method, &flow.source) {
        (Some(wanted), "ANY", _) => wanted.clone(),
        (None, "ANY", EventSource::Body(_)) => "POST".into(),
        (None, "ANY", _) => "GET".into(),
        (_, method, _) => method.to_owned(),
    };
    let name = format!("{method} {}", found.route.path);
    for payload in probe.payloads {
        let mut request = HttpRequest { method: method.clone(), path: route::fill(&found.route.path, "1"), ..HttpRequest::default() };
        put(&mut request, &found.route.path, &flow.source, payload);
        let Some(response) = ask(target, outcome, &found.api.id.to_string(), request) else { return false };
        let body = String::from_utf8_lossy(&response.body).into_owned();
        if body.contains(probe.shows) {
            outcome.steps.push(format!("{name}: `{payload}` brought back what the answer should not hold"));
            outcome.loot.push(body);
            (outcome.refused, outcome.broke) = (None, None);
            return true;
        }
        // The application's own answer: whatever it is, it is not what was looked for.
        outcome.refused = Some(format!("{} {}", response.status, body.chars().take(200).collect::<String>()));
    }
    outcome.steps.push(format!("{name}: {} payloads brought nothing back", probe.payloads.len()));
    false
}

/// Sends as nobody; as a signed-in user where nobody is not let in.
pub fn ask(target: &mut dyn Target, outcome: &mut Outcome, api: &str, mut request: HttpRequest) -> Option<HttpResponse> {
    let first = target.http(api, &request);
    let response = match first {
        Ok(response) if matches!(response.status, 401 | 403) => match target.user_token() {
            Ok(token) => {
                request.headers.push(("Authorization".into(), format!("Bearer {token}")));
                target.http(api, &request)
            }
            Err(_) => Ok(response),
        },
        other => other,
    };
    match response {
        Ok(response) => Some(response),
        Err(error) => {
            outcome.failed(&error);
            None
        }
    }
}

/// Puts a text where a flow begins.
pub fn put(request: &mut HttpRequest, path: &str, source: &EventSource, payload: &str) {
    let encoded = utf8_percent_encode(payload, NON_ALPHANUMERIC).to_string();
    match source {
        EventSource::Query(name) => {
            let name = if name.is_empty() { "q" } else { name };
            request.query = format!("{name}={encoded}");
        }
        EventSource::Header(name) => request.headers.push((name.clone(), payload.to_owned())),
        EventSource::Body(fields) => {
            let body = fields.iter().rev().fold(Value::String(payload.to_owned()), |inner, name| json!({ name.clone(): inner }));
            request.body = if fields.is_empty() { payload.as_bytes().to_vec() } else { body.to_string().into_bytes() };
            let is_xml = request.body.starts_with(b"<?xml");
            request.headers.push(("Content-Type".into(), if is_xml { "application/xml" } else { "application/json" }.into()));
        }
        _ => request.path = route::fill(path, &encoded),
    }
}
