//! A caller chooses which object of a bucket is read, written or signed for.

use crate::entry::Danger;
use crate::flow::{self, Sinks};
use crate::{Attack, Profile, Proved, Reason, Risk, doors, objects, probe, route};
use model::attack::{Outcome, PlantAt};
use model::code::{Flow, SinkKind};
use model::{App, Finding, Foothold, HttpRequest, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
    detections: &[("s3_key_traversal/detect.yml", include_str!("detect.yml"))],
    without: &[(Proved::Blocked, Reason::AdviceOnly)],
};

const SLUG: &str = "s3-key-traversal";

const SINKS: Sinks = Sinks { slug: SLUG, takes, says, danger: |_| Danger::Leak, credentials: false, fix: flow::advice };

fn check(app: &App) -> Vec<Finding> {
    flow::findings(app, &SINKS)
}

fn takes(flow: &Flow) -> bool {
    matches!(flow.sink, SinkKind::S3Key | SinkKind::Presign) && !flow::is_object_key(&flow.source)
}

fn says(flow: &Flow) -> &'static str {
    match flow.sink {
        SinkKind::Presign => "signs a URL for the object named by",
        _ => "reads or writes the object named by",
    }
}

fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    objects::of_function(app, findings).map(objects::private)
}

/// Ways to a key beside those that the function means: climbing, named whole, and without an ending that is put behind it.
const PAYLOADS: [&str; 3] = ["../private/salaries.csv", objects::PRIVATE, "private/salaries"];

/// Asks for the object by the function's own answer, or by the URL that it signs.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let doors = doors::all(app);
    let flows = findings.iter().flat_map(|finding| flow::of(app, finding, takes));
    for (function, _, flow) in flows {
        for door in doors.iter().filter(|door| door.function.id == *function && door.carries(&flow.source, &flow.methods)) {
            let Some(found) = door.rest() else { continue };
            let method = if &*found.route.method == "ANY" { "GET" } else { &found.route.method };
            for payload in PAYLOADS {
                let path = route::fill(&found.route.path, "1");
                let mut request = HttpRequest { method: method.into(), path, ..HttpRequest::default() };
                probe::put(&mut request, &found.route.path, &flow.source, payload);
                let Some(response) = probe::ask(target, outcome, &found.api.id.to_string(), request) else { return };
                outcome.steps.push(format!("{method} {} with `{payload}`: {}", found.route.path, response.status));
                match objects::signed_url(&response) {
                    Some((bucket, url)) => drop(objects::read(&bucket, &url, target, outcome)),
                    None => drop(outcome.took(&response)),
                }
            }
        }
    }
    if outcome.steps.is_empty() {
        outcome.steps.push("no route of a REST API carries the data: nothing was sent".into());
    }
}
