//! A caller chooses where a function sends its request.

use crate::Attack;
use crate::entry::Danger;
use crate::flow::{self, Sinks};
use crate::probe::{self, Probe};
use crate::{Profile, Proved, Reason, Risk};
use model::attack::{Outcome, PlantAt};
use model::code::{Flow, SinkKind};
use model::{App, Finding, Foothold, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
    detections: &[("server_side_request_forgery/detect.yml", include_str!("detect.yml"))],
    without: &[(Proved::Blocked, Reason::AdviceOnly)],
};

const SLUG: &str = "server-side-request-forgery";

const SINKS: Sinks = Sinks {
    slug: SLUG,
    takes,
    says: |_| "sends a request to where it is told by",
    danger: |_| Danger::Takeover,
    credentials: true,
    fix: flow::advice,
};

fn check(app: &App) -> Vec<Finding> {
    flow::findings(app, &SINKS)
}

fn takes(flow: &Flow) -> bool {
    matches!(flow.sink, SinkKind::Url)
}

/// The Lambda Runtime API, whose `next` gives the event again, and files for clients that read them.
const PAYLOADS: [&str; 4] = [
    "http://localhost:9001/2018-06-01/runtime/invocation/next",
    "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
    "http://[::1]:9001/2018-06-01/runtime/invocation/next",
    "file:///proc/self/environ",
];

/// What the event holds and no caller sees.
fn plant(_: &App, _: &[&Finding]) -> Result<PlantAt, String> {
    Ok(PlantAt::Stages)
}

fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    probe::run(app, findings, target, outcome, &Probe { takes, payloads: &PAYLOADS, shows: "requestContext" });
}
