//! Several functions run as one role, so that each may do what any of them needs.

use crate::{Risk, blank, setting};
use model::aws::{Function, Role};
use model::{App, Finding, Severity, Step};
use std::collections::BTreeMap;

/// The risk: which permission belongs to which function, only its authors know.
pub const RISK: Risk = setting::plain(SLUG, include_str!("risk.md"), check, false);

const SLUG: &str = "shared-role";

fn check(app: &App) -> Vec<Finding> {
    let mut users: BTreeMap<&str, Vec<&Function>> = BTreeMap::new();
    for function in app.aws().functions.values() {
        if let Some(arn) = &function.role_arn {
            users.entry(arn).or_default().push(function);
        }
    }
    let shared = users.into_iter().filter(|(_, functions)| functions.len() > 1);
    shared.filter_map(|(arn, functions)| finding(app, app.aws().role_by_arn(arn)?, &functions)).collect()
}

fn finding(app: &App, role: &Role, functions: &[&Function]) -> Option<Finding> {
    // A role that may do nothing but write logs is no more in one hand than in another.
    let rights = rights(app, role);
    if rights.is_empty() {
        return None;
    }
    let names: Vec<&str> = functions.iter().map(|function| &*function.id.logical).collect();
    let mut path: Vec<Step> = functions
        .iter()
        .map(|function| Step {
            says: format!("{} runs as {}", function.id.logical, role.id.logical),
            place: function.role_place.clone().unwrap_or_else(|| function.place.clone()),
        })
        .collect();
    path.extend(rights.into_iter().take(3).map(|(actions, place)| Step { says: format!("which may {actions}"), place }));
    Some(Finding {
        title: format!("{} functions run as {}: {}", functions.len(), role.id.logical, names.join(", ")),
        severity: Severity::Low,
        path,
        ..blank(SLUG, role.id.to_string(), role.place.clone())
    })
}

/// What the role may do beside writing logs and traces, and living in a VPC: actions and their place.
fn rights(app: &App, role: &Role) -> Vec<(String, model::Place)> {
    const OWN: [&str; 5] = ["logs:", "xray:", "ec2:", "cloudwatch:putmetricdata", "lambda:getlayerversion"];
    let stack = iam::app::stack_of_role(app, role);
    let granting = stack.identity.iter().flat_map(|policy| policy.statements.iter()).filter(|s| s.effect == iam::Effect::Allow);
    let more = granting.filter_map(|statement| {
        let plain = |text: &str| OWN.iter().any(|own| text.to_lowercase().starts_with(own));
        let actions: Vec<String> = statement.actions.any_of.iter().map(|p| p.text.text.to_string()).filter(|a| !plain(a)).collect();
        (statement.actions.not || !actions.is_empty()).then(|| (actions.join(", "), statement.place.clone()))
    });
    more.collect()
}
