//! The fix: the operations that the code calls, on the resources it names.

use super::{Wide, name};
use model::aws::Function;
use model::code::AwsCall;
use model::{App, Edit, Fix, Operation};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Narrows a statement. `None` when the code chooses an operation at run time, or uses nothing of the grant: a
/// person should then take the statement out.
pub fn narrow(app: &App, function: &Function, wide: &Wide<'_>, used: &[&AwsCall]) -> Option<Fix> {
    if used.is_empty() || used.iter().any(|call| call.operation.is_none()) {
        return None;
    }
    let actions: BTreeSet<String> = used.iter().map(|call| name(call)).collect();
    let resources: Option<BTreeSet<String>> = used.iter().map(|call| resource(app, function, call)).collect();
    let mut edits = vec![Edit::Value {
        place: wide.action.place.clone(),
        operation: Operation::Set(one_or_list(actions.iter().map(|action| json!(action)))),
    }];
    let mut says = format!("allow {}", actions.into_iter().collect::<Vec<_>>().join(", "));
    if let Some(resources) = resources {
        says = format!("{says} on {}", resources.iter().cloned().collect::<Vec<_>>().join(", "));
        let arns = resources.iter().map(|logical| json!({"Fn::GetAtt": [logical, "Arn"]}));
        edits.push(Edit::Value { place: wide.resource.place.clone(), operation: Operation::Set(one_or_list(arns)) });
    }
    Some(Fix { says, safe: true, edits, then: None })
}

/// Logical id of the resource a call names through an environment variable, in the function's own stack.
fn resource(app: &App, function: &Function, call: &AwsCall) -> Option<String> {
    let value = function.environment.get(call.resource_from_environment.as_ref()?)?;
    let found = app.resources().find(|resource| {
        resource.id.stack == function.id.stack
            && resource.arn.is_some()
            && (resource.physical_id == *value || resource.arn.as_ref() == Some(value))
    })?;
    Some(found.id.logical.to_string())
}

fn one_or_list(values: impl Iterator<Item = Value>) -> Value {
    let mut values: Vec<Value> = values.collect();
    if values.len() == 1 { values.remove(0) } else { Value::Array(values) }
}
