//! Text of a caller is compiled as a template.

use crate::entry::Danger;
use crate::flow::{self, Sinks};
use crate::{Profile, Proved, Reason, Risk};
use model::code::{Flow, SinkKind};
use model::{App, Finding};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err("not written yet: the prover installs no template engine"),
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
