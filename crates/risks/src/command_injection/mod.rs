//! Data of a caller becomes part of a command or of code that is run.

use crate::Attack;
use crate::entry::Danger;
use crate::flow::{self, Sinks};
use crate::probe::{self, Probe};
use crate::{Profile, Proved, Reason, Risk};
use model::attack::Outcome;
use model::code::{Flow, SinkKind};
use model::{App, Finding};
use model::{Foothold, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant: probe::plant, run }),
    detections: &[("command_injection/detect.yml", include_str!("detect.yml"))],
    without: &[(Proved::Blocked, Reason::AdviceOnly)],
};

const SLUG: &str = "command-injection";

const SINKS: Sinks = Sinks { slug: SLUG, takes, says, danger: |_| Danger::Takeover, credentials: true, fix: flow::advice };

fn check(app: &App) -> Vec<Finding> {
    flow::findings(app, &SINKS)
}

fn takes(flow: &Flow) -> bool {
    matches!(flow.sink, SinkKind::Shell | SinkKind::Eval)
}

fn says(flow: &Flow) -> &'static str {
    match flow.sink {
        SinkKind::Eval => "runs code made of",
        _ => "runs a shell command made of",
    }
}

/// Ways out of the command's own words, and of an expression's: each prints the function's environment.
const PAYLOADS: [&str; 7] = [
    ";env #",
    "$(env)",
    "';env #'",
    "\";env #\"",
    "JSON.stringify(process.env)",
    "require('child_process').execSync('env').toString()",
    // Python.
    "str(dict(__import__('os').environ))",
];

fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    probe::run(app, findings, target, outcome, &Probe { takes, payloads: &PAYLOADS, shows: "AWS_LAMBDA_FUNCTION_NAME" });
}
