//! A function's role may do more than its code needs.

mod fix;
mod unused;
mod wide;

use crate::{Attack, Profile, Risk};
use model::attack::{Outcome, PlantAt};
use model::aws::{Function, Role};
use model::code::AwsCall;
use model::{App, Confidence, Finding, Foothold, Node, Place, Severity, Status, Step, Target};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The risk.
pub const RISK: Risk = Risk {
    slug: SLUG,
    page: include_str!("risk.md"),
    profile: Profile::Default,
    check,
    attack: Ok(Attack { foothold: Foothold::FunctionCredentials, plant, run }),
    detections: &[("over_privileged_role/detect.yml", include_str!("detect.yml"))],
    without: &[],
};

const SLUG: &str = "over-privileged-role";

/// Managed policies that hand over a whole account or a whole service (AWS managed policy reference).
fn check(app: &App) -> Vec<Finding> {
    let mut findings = Vec::new();
    for function in app.aws().functions.values() {
        let Some(role) = function.role_arn.as_deref().and_then(|arn| app.aws().role_by_arn(arn)) else { continue };
        let stack = iam::app::stack_of_role(app, role);
        for (wide, said) in wide::statements(app, role, &stack) {
            findings.push(Finding { condition: said, ..statement_finding(app, function, role, &wide) });
        }
        for (arn, place) in &role.managed_policies {
            let name = arn.rsplit('/').next().unwrap_or(arn);
            if arn.contains(":iam::aws:policy/") && wide::broad(app, role, &stack, arn, place) {
                findings.push(managed_finding(app, function, name, place));
            }
        }
    }
    findings.extend(unused::findings(app));
    findings
}

/// An Allow statement over all operations of a service, or over all but a few, and over all resources.
pub(crate) struct Wide<'a> {
    /// `dynamodb:*`, or `everything but iam:*`.
    actions: Vec<String>,
    action: &'a Node,
    resource: &'a Node,
    /// Whether the actions are written as such, so that narrower ones can be written in their place.
    plain: bool,
}

fn statement_finding(app: &App, function: &Function, role: &Role, wide: &Wide<'_>) -> Finding {
    let used = used(app, function, &wide.actions.iter().map(String::as_str).collect::<Vec<_>>());
    let granted = wide.actions.join(", ");
    let mut path = vec![
        Step { says: format!("{} runs as {}", function.id.logical, role.id.logical), place: function.place.clone() },
        Step { says: format!("which may {granted} on every resource"), place: wide.action.place.clone() },
    ];
    path.extend(used.iter().map(|call| Step { says: format!("its code calls {}", name(call)), place: call.place.clone() }));
    let read = app.code.handlers.contains_key(&function.id);
    let title = if !read {
        // What its code needs is not known; `not assessed` says why.
        format!("{} may {granted} on *", function.id.logical)
    } else if used.is_empty() {
        format!("{} may {granted} on *, and its code uses none of it", function.id.logical)
    } else {
        let names: BTreeSet<String> = used.iter().map(|call| name(call)).collect();
        let names: Vec<String> = names.into_iter().collect();
        format!("{} may {granted} on *; its code needs {}", function.id.logical, names.join(", "))
    };
    let administrator = wide.actions.iter().any(|action| action == "*");
    Finding {
        severity: if administrator { Severity::Critical } else { Severity::High },
        symbol: granted,
        fix: if wide.plain { fix::narrow(app, function, wide, &used) } else { None },
        ..blank(function, title, path, &wide.action.place)
    }
}

fn managed_finding(app: &App, function: &Function, policy: &str, place: &Place) -> Finding {
    let administrator = policy == "AdministratorAccess";
    let mut path = vec![
        Step { says: format!("{} is declared here", function.id.logical), place: function.place.clone() },
        Step { says: format!("its role has the managed policy {policy}"), place: place.clone() },
    ];
    if let Some(handler) = app.code.handlers.get(&function.id) {
        path.extend(
            handler.aws_calls.iter().map(|call| Step { says: format!("its code calls {}", name(call)), place: call.place.clone() }),
        );
    }
    Finding {
        severity: if administrator { Severity::Critical } else { Severity::High },
        symbol: policy.to_owned(),
        ..blank(function, format!("{} has the managed policy {policy}", function.id.logical), path, place)
    }
}

fn blank(function: &Function, title: String, path: Vec<Step>, place: &Place) -> Finding {
    Finding {
        risk: SLUG,
        title,
        severity: Severity::High,
        confidence: Confidence::High,
        resource: function.id.to_string(),
        place: place.clone(),
        path,
        maps: Vec::new(),
        fingerprint: String::new(),
        profile: Profile::Default,
        status: Status::Found,
        symbol: String::new(),
        condition: None,
        fix: None,
    }
}

/// SDK calls of the function's code that these wildcards allow.
fn used<'a>(app: &'a App, function: &Function, actions: &[&str]) -> Vec<&'a AwsCall> {
    let calls = app.code.handlers.get(&function.id).map(|handler| handler.aws_calls.as_slice()).unwrap_or_default();
    let service = |action: &str| action.strip_suffix(":*").map(str::to_lowercase);
    let covered = |call: &AwsCall| {
        actions
            .iter()
            .any(|action| *action == "*" || action.starts_with("everything") || service(action).as_deref() == Some(call.service.as_str()))
    };
    calls.iter().filter(|call| covered(call)).collect()
}

/// `dynamodb:PutItem`.
fn name(call: &AwsCall) -> String {
    format!("{}:{}", call.service, call.operation.as_deref().unwrap_or("*"))
}

fn plant(app: &App, findings: &[&Finding]) -> Result<PlantAt, String> {
    let dynamodb = findings.iter().any(|finding| {
        let mut grants = finding.symbol.split([',', ' ']);
        grants.any(|grant| matches!(grant, "*" | "AdministratorAccess" | "dynamodb" | "dynamodb:*"))
    });
    let table = app.of_kind("AWS::DynamoDB::Table").next();
    match (dynamodb, table) {
        (true, Some(table)) => Ok(PlantAt::Table { table: table.physical_id.clone() }),
        (true, None) => Err("the role reaches DynamoDB, but the application declares no table to plant a canary in".into()),
        (false, _) => Err("none of the wide services keeps data that can be planted here".into()),
    }
}

/// With the stolen credentials: which tables are there, by the answer of DynamoDB or by the names in the function's environment,
/// which stand beside the credentials; and what is in them?
fn run(app: &App, findings: &[&Finding], target: &mut dyn Target, outcome: &mut Outcome) {
    let Some(function) = findings.first().map(|finding| finding.resource.clone()) else { return };
    let mut names = BTreeSet::new();
    if let Some(tables) = ask(target, outcome, &function, "ListTables", &json!({})) {
        names.extend(tables["TableNames"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        outcome.steps.push(format!("dynamodb:ListTables answers: {}", names.iter().cloned().collect::<Vec<_>>().join(", ")));
    }
    let own = app.aws().functions.values().find(|own| own.id.to_string() == function);
    let tables: BTreeSet<&str> = app.of_kind("AWS::DynamoDB::Table").map(|table| table.physical_id.as_str()).collect();
    names.extend(own.into_iter().flat_map(|own| own.environment.values()).filter(|value| tables.contains(value.as_str())).cloned());
    for table in names {
        if let Some(items) = ask(target, outcome, &function, "Scan", &json!({ "TableName": table })) {
            outcome.steps.push(format!("dynamodb:Scan of {table}: {} items", items["Count"]));
        }
    }
}

/// One DynamoDB operation as the function; its answer when it was allowed.
fn ask(target: &mut dyn Target, outcome: &mut Outcome, function: &str, operation: &str, body: &Value) -> Option<Value> {
    match target.aws_as_function(function, "dynamodb", &format!("DynamoDB_20120810.{operation}"), body) {
        Ok(response) if outcome.took(&response) => serde_json::from_slice(&response.body).ok(),
        Ok(response) => {
            outcome.steps.push(format!("dynamodb:{operation}: {}", response.status));
            None
        }
        Err(error) => {
            outcome.failed(&error);
            None
        }
    }
}
