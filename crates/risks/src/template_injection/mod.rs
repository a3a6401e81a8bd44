//! Text of a caller is compiled as a template.

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
    detections: &[],
    without: &[(Proved::Blocked, Reason::AdviceOnly), (Proved::Detected, Reason::NoLog)],
};

const SLUG: &str = "template-injection";

const SINKS: Sinks = Sinks {
    slug: SLUG,
    takes,
    says: |_| "compiles a template made of",
    danger: |_| Danger::Takeover,
    credentials: true,
    fix: flow::advice,
};

fn check(app: &App) -> Vec<Finding> {
    flow::findings(app, &SINKS)
}

fn takes(flow: &Flow) -> bool {
    matches!(flow.sink, SinkKind::Template)
}

/// Expressions that print the function's environment: EJS, lodash and eta; Nunjucks; Pug; doT; Jinja2; Mako.
const PAYLOADS: [&str; 6] = [
    "<%= JSON.stringify(process.env) %>",
    "{{range.constructor('return JSON.stringify(process.env)')()}}",
    "p #{JSON.stringify(process.env)}",
    "{{=JSON.stringify(process.env)}}",
    "{{cycler.__init__.__globals__.os.environ}}",
    "${self.module.cache.util.os.environ}",
];

fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    probe::run(app, findings, target, outcome, &Probe { takes, payloads: &PAYLOADS, shows: "AWS_LAMBDA_FUNCTION_NAME" });
}
