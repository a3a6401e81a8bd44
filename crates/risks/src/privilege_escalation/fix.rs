//! The fix: take away the permissions that make the step, where the function's code does not use them.

use iam::paths;
use model::aws::Function;
use model::{App, Edit, Fix, Node, Operation};

/// Takes the needed actions out of the statement that grants them. `None` when the code was not read, when it uses one of
/// them, or when the statement does not name them: then a person should decide.
pub fn without(app: &App, function: &Function, step: &paths::Step) -> Option<Fix> {
    let handler = app.code.handlers.get(&function.id)?;
    let role = function.role_arn.as_deref().and_then(|arn| app.aws().role_by_arn(arn))?;
    let needed: Vec<&str> = step.primitive.needs.iter().flat_map(|need| &need.any_of).map(String::as_str).collect();
    let uses = |call: &model::code::AwsCall| {
        let called = call.operation.as_deref();
        needed.iter().any(|n| n.split_once(':').is_some_and(|(service, name)| service == call.service && called.is_none_or(|c| c == name)))
    };
    if handler.aws_calls.iter().any(uses) {
        return None;
    }
    let all = role.policies.iter().filter_map(|policy| policy.document.get("Statement")).flat_map(Node::one_or_many);
    // Without one of its permissions the step is gone; the first that can be taken out will do.
    let granting = all.filter(|statement| statement.get("Effect").and_then(Node::str) == Some("Allow"));
    for statement in granting.filter(|statement| step.by.iter().any(|(_, place)| *place == statement.place)) {
        let Some(action) = statement.get("Action") else { continue };
        let items = action.one_or_many();
        let named: Vec<&Node> = items.iter().filter(|item| item.str().is_some_and(|text| names(text, &needed))).collect();
        if named.is_empty() {
            continue;
        }
        let says: Vec<&str> = named.iter().filter_map(|item| item.str()).collect();
        let says = format!("no longer allow {}", says.join(", "));
        let places: Vec<_> = if named.len() == items.len() { vec![&statement.place] } else { named.iter().map(|n| &n.place).collect() };
        let edits = places.into_iter().map(|place| Edit::Value { place: place.clone(), operation: Operation::Remove }).collect();
        return Some(Fix { says, safe: true, edits, then: None });
    }
    None
}

/// Whether a pattern of actions is about what the step needs and no wider than its service.
fn names(pattern: &str, needed: &[&str]) -> bool {
    needed.iter().any(|action| {
        let (Some((own, name)), Some((service, wanted))) = (pattern.split_once(':'), action.split_once(':')) else { return false };
        let fits = name.strip_suffix('*').map_or(name.eq_ignore_ascii_case(wanted), |prefix| {
            wanted.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        });
        own.eq_ignore_ascii_case(service) && fits
    })
}
