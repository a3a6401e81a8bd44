//! Data of a caller stands unescaped in an HTML page.

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
    attack: Err("not written yet: a proof needs a browser that runs the page"),
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
