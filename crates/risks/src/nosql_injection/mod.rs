//! Data of a caller becomes part of a NoSQL query itself: its operators, its expression, its statement.

use crate::Attack;
use crate::entry::Danger;
use crate::flow::{self, Sinks};
use crate::probe::{self, Probe};
use crate::{Profile, Proved, Reason, Risk};
use model::attack::{Outcome, PlantAt};
use model::code::{Flow, SinkKind};
use model::{App, Finding, Foothold, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::Anyone, plant, run }),
    detections: &[],
    without: &[(Proved::Blocked, Reason::AdviceOnly), (Proved::Detected, Reason::NoLog)],
};

const SLUG: &str = "nosql-injection";

const SINKS: Sinks = Sinks { slug: SLUG, takes, says, danger: |_| Danger::Takeover, credentials: false, fix: flow::advice };

fn check(app: &App) -> Vec<Finding> {
    flow::findings(app, &SINKS)
}

fn takes(flow: &Flow) -> bool {
    matches!(flow.sink, SinkKind::NoSql | SinkKind::PartiQl)
}

fn says(flow: &Flow) -> &'static str {
    match flow.sink {
        SinkKind::PartiQl => "builds a PartiQL statement from",
        _ => "builds a query from",
    }
}

/// Conditions that every item fulfils: in the place of an attribute's name, of a value, and of a text in PartiQL.
const PAYLOADS: [&str; 4] = [
    "x, :text) OR attribute_not_exists(sekisho) OR contains(x",
    "x OR attribute_not_exists(sekisho)",
    ":x OR attribute_not_exists(sekisho)",
    "' OR sekisho IS MISSING OR '1' = '",
];

/// An item of a table that the finding's function reads, in an attribute that no query of the application asks for.
fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let of = |finding: &&&Finding| app.code.handlers.iter().find(|(id, _)| id.to_string() == finding.resource);
    let (function, handler) = findings.iter().find_map(|finding| of(&finding)).ok_or("no function to attack")?;
    let environment = &app.aws().functions.get(function).ok_or("no function to attack")?.environment;
    let mut named = handler.aws_calls.iter().filter_map(|call| environment.get(call.resource_from_environment.as_ref()?));
    let tables = app.of_kind("AWS::DynamoDB::Table").map(|table| table.physical_id.clone());
    let known: Vec<String> = tables.collect();
    let table = named.find(|name| known.contains(*name)).cloned().or_else(|| known.first().cloned());
    Ok(PlantAt::Table { table: table.ok_or("the application declares no table to plant a canary in")? })
}

fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    probe::run(app, findings, target, outcome, &Probe { takes, payloads: &PAYLOADS, shows: "canary" });
}
