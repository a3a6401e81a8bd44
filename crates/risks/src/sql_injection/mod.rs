//! Data of a request becomes part of an SQL statement's text.

mod union;

use crate::doors;
use crate::entry::Danger;
use crate::flow::{self, Sinks};
use crate::{Attack, Profile, Risk};
use model::attack::{Outcome, PlantAt};
use model::code::SinkKind;
use model::{App, Finding, Foothold, Target};

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::SignedInUser, plant, run }),
    detections: &[("sql_injection/detect.yml", include_str!("detect.yml"))],
    without: &[],
};

const SLUG: &str = "sql-injection";

const SINKS: Sinks = Sinks {
    slug: SLUG,
    takes: |flow| flow.sink == SinkKind::Sql,
    says: |_| "builds SQL text from",
    danger: |_| Danger::Takeover,
    credentials: false,
    fix: flow::rewrite,
};

fn check(app: &App) -> Vec<Finding> {
    flow::findings(app, &SINKS)
}

fn plant(app: &App, _: &[&Finding]) -> Result<PlantAt, String> {
    app.of_kind("AWS::RDS::DBCluster").next().ok_or("the application declares no database cluster to plant a canary in")?;
    // A table of the prover's own: no route reads it, so only the statement's text can lead there.
    Ok(PlantAt::Database { statement: "CREATE OR REPLACE TABLE sekisho_canary AS SELECT ? AS note".into() })
}

/// Takes the findings whose data comes from a GET route's path or query, and reads the whole database through
/// each until one gives it away.
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let token = match target.user_token() {
        Ok(token) => token,
        Err(error) => return outcome.failed(&error),
    };
    let doors = doors::all(app);
    for finding in findings {
        for (function, _, flow) in flow::of(app, finding, SINKS.takes) {
            let gets = doors
                .iter()
                .filter(|door| door.function.id == *function && door.method == "GET" && door.carries(&flow.source, &flow.methods));
            for found in gets.filter_map(doors::Door::rest) {
                let hole = union::Hole { api: found.api.id.to_string(), path: &found.route.path, source: &flow.source, token: &token };
                if hole.read_everything(target, outcome) {
                    return;
                }
            }
        }
    }
    if outcome.steps.is_empty() {
        outcome.steps.push("no GET route carries the data: nothing comes back to read, and writing is left alone".into());
    }
}
