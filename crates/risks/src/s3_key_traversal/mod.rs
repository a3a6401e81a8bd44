//! A caller chooses which object of a bucket is read, written or signed for.

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
    attack: Err("not written yet: up has no S3"),
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
