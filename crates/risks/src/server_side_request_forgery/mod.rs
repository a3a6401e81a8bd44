//! A caller chooses where a function sends its request.

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
    attack: Err(
        "not written yet: up runs nodejs functions, whose clients read no file: URLs, and the Runtime API gives the sender's own event",
    ),
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
