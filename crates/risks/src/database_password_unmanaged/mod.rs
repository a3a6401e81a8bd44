//! A function that uses a database and has its password from somewhere else than Secrets Manager.

use crate::Risk;
use crate::reach;
use crate::setting::{self, Told};
use model::aws::Function;
use model::{App, Finding, Severity, Step};

/// The risk.
pub const RISK: Risk = setting::plain(SLUG, include_str!("risk.md"), check, false);

const SLUG: &str = "database-password-unmanaged";

/// Ways to a database that need no password kept by the function.
const MANAGED: [&str; 3] = ["secretsmanager:GetSecretValue", "rds-db:connect", "rds-data:ExecuteStatement"];

fn check(app: &App) -> Vec<Finding> {
    app.aws().functions.values().filter_map(|function| finding(app, function)).collect()
}

fn finding(app: &App, function: &Function) -> Option<Finding> {
    let reached = reach::database(app, function)?;
    // A password that stands in the code is a finding of its own, which says more.
    let files = app.code.handlers.get(&function.id).map(|handler| handler.files.as_slice()).unwrap_or_default();
    if app.code.secrets.iter().any(|secret| files.iter().any(|file| **file == *secret.place.file)) {
        return None;
    }
    let resource = app.resource(&function.id)?;
    // A secret that deployment reads into a variable is one in the function's environment, not one that it fetches.
    let title = format!("{} uses a database and may fetch no secret for it", function.id.logical);
    let found = setting::finding(SLUG, Severity::Medium, resource, told(app, function), title)?;
    let what = reached.database.map_or_else(|| "a database".to_owned(), |database| database.id.logical.to_string());
    let mut path = vec![Step { says: format!("{} {}: it uses {what}", function.id.logical, reached.says), place: reached.place }];
    path.extend(function.role_place.clone().map(|place| Step { says: "its role may not read a secret".into(), place }));
    Some(Finding { path, ..found })
}

/// Whether the function's role may do one of these on anything.
fn told(app: &App, function: &Function) -> Told {
    let Some(role) = function.role_arn.as_deref().and_then(|arn| app.aws().role_by_arn(arn)) else {
        return Told::Open("its role is not declared here".into(), function.place.clone());
    };
    let stack = iam::app::stack_of_role(app, role);
    for policy in stack.identity.iter().flat_map(|policy| policy.statements.iter()) {
        if let Some(why) = policy.unknown.as_ref().filter(|_| policy.effect == iam::Effect::Allow) {
            return Told::Open(why.to_string(), policy.place.clone());
        }
    }
    let grants = |pattern: &str| MANAGED.iter().any(|action| matches(pattern, action));
    let allows = stack.identity.iter().flat_map(|policy| policy.statements.iter()).filter(|s| s.effect == iam::Effect::Allow);
    let managed = allows.into_iter().any(|statement| {
        let named = statement.actions.any_of.iter().any(|pattern| grants(&pattern.text.text));
        named != statement.actions.not
    });
    if managed { Told::Right } else { Told::Wrong(function.place.clone()) }
}

/// Whether an action matches a pattern with `*`: whole, by service, or by how it begins.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    pattern.split_once('*').map_or(pattern == action, |(head, tail)| action.starts_with(head) && action.ends_with(tail))
}
