//! A caller chooses which file a function reads or writes.

use crate::Attack;
use crate::entry::Danger;
use crate::flow::{self, Sinks};
use crate::probe::{self, Probe};
use crate::{Profile, Proved, Reason, Risk};
use model::attack::Outcome;
use model::code::{Flow, SinkKind};
use model::{App, Finding, Foothold, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant: probe::plant, run }),
    detections: &[("path_traversal/detect.yml", include_str!("detect.yml"))],
    without: &[(Proved::Blocked, Reason::AdviceOnly)],
};

const SLUG: &str = "path-traversal";

const SINKS: Sinks =
    Sinks { slug: SLUG, takes, says: |_| "opens a file named by", danger: |_| Danger::Takeover, credentials: true, fix: flow::advice };

fn check(app: &App) -> Vec<Finding> {
    flow::findings(app, &SINKS)
}

fn takes(flow: &Flow) -> bool {
    matches!(flow.sink, SinkKind::File)
}

/// Ways to the process's environment from a folder of any depth, and past a fixed ending.
const PAYLOADS: [&str; 4] = [
    "../../../../../../../../proc/self/environ",
    "/proc/self/environ",
    "....//....//....//....//....//proc/self/environ",
    "../../../../../../../../proc/self/environ\0",
];

fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    probe::run(app, findings, target, outcome, &Probe { takes, payloads: &PAYLOADS, shows: "AWS_LAMBDA_FUNCTION_NAME" });
}
