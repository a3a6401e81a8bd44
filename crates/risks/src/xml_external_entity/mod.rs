//! XML of a caller is read by a parser that resolves external entities.

use crate::entry::Danger;
use crate::flow::{self, Sinks};
use crate::source;
use crate::{Profile, Proved, Reason, Risk};
use model::Fix;
use model::code::{Flow, SinkKind};
use model::{App, Finding};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Err("up runs nodejs functions; the parsers that resolve entities by themselves are Python's"),
    detections: &[],
    without: &[(Proved::Detected, Reason::NoLog)],
};

const SLUG: &str = "xml-external-entity";

const SINKS: Sinks =
    Sinks { slug: SLUG, takes, says: |_| "resolves the external entities of", danger: |_| Danger::Takeover, credentials: true, fix };

fn check(app: &App) -> Vec<Finding> {
    flow::findings(app, &SINKS)
}

fn takes(flow: &Flow) -> bool {
    matches!(flow.sink, SinkKind::Xml)
}

/// lxml is given a parser that resolves nothing and connects nowhere.
fn fix(app: &App, flow: &Flow) -> Option<Fix> {
    let call = source::text(app, &flow.sink_at)?;
    let module =
        ["fromstring(", "XML(", "parse("].iter().find_map(|name| call.split_once(&format!(".{name}"))).map(|(module, _)| module)?;
    let [only] = source::arguments(app, &flow.sink_at)?.try_into().ok()?;
    let lxml = app.sources.get(&flow.sink_at.file)?.text.contains("lxml");
    let plain = module.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    (lxml && plain).then(|| Fix {
        says: "read it with a parser that resolves no entities".into(),
        safe: true,
        edits: vec![source::after(&only, &format!(", {module}.XMLParser(resolve_entities=False, no_network=True)"))],
        then: None,
    })
}
