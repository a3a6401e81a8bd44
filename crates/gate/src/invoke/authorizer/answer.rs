//! The answer of a Lambda authorizer: its policy judged for this method, its context handed on (API Gateway
//! Developer Guide, "Output from an API Gateway Lambda authorizer"). What is malformed never passes.

use super::super::Found;
use super::{failure, unauthorized};
use crate::policies::{self, Effect};
use crate::walk::{Said, Walk, stop};
use model::aws::Authorizer;
use model::{AuthorizerAnswer, Identity, Node};
use serde_json::{Map, Value};

/// The name under which the API key of the answer travels to the next phase.
pub(crate) const USAGE_KEY: &str = "usageIdentifierKey";

/// Judges a fresh answer.
pub(super) fn judge(walk: &mut Walk<'_>, found: &Found<'_>, authorizer: &Authorizer, answer: &AuthorizerAnswer) -> Said {
    let place = Some(authorizer.place.clone());
    let name = &authorizer.name;
    let value = match &answer.result {
        Ok(value) => value,
        Err(message) if message == "Unauthorized" => {
            return Said::stop(unauthorized(), format!("authorizer {name} failed with \"Unauthorized\""), place);
        }
        Err(_) => return Said::stop(failure(), format!("authorizer {name} failed"), place),
    };
    let malformed = |what: &str| Said::stop(failure(), format!("the answer of authorizer {name} has {what}"), place.clone());
    // The documentation asks for a principalId, but API Gateway takes answers without one: authorizers in use copy a claim
    // that client-credentials tokens do not have.
    let principal = value.get("principalId").and_then(Value::as_str);
    if principal.is_none() && value.get("principalId").is_some_and(|written| !written.is_null()) {
        return malformed("a principalId that is no text");
    }
    let Some(policy) = value.get("policyDocument").filter(|policy| policy.is_object()) else { return malformed("no policyDocument") };
    let Some(context) = context(value, principal) else { return malformed("a context value that is no text, number or boolean") };
    let document = Node::from_json(policy, &authorizer.place);
    let effect = policies::of_authorizer(walk, found, &document);
    let by_resource = found.api.resource_policy.is_some().then(|| policies::of_api(walk, found, &Identity::Anonymous));
    let refused = |explicit: &str| stop(403, "ACCESS_DENIED", format!("User is not authorized to access this resource{explicit}"));
    match (effect, by_resource) {
        (Effect::Unknown(says), _) | (_, Some(Effect::Unknown(says))) => Said::depends(says, place),
        (Effect::Deny(_), _) | (_, Some(Effect::Deny(_))) => {
            Said::stop(refused(" with an explicit deny"), format!("the policy of authorizer {name} denies {}", found.name()), place)
        }
        (Effect::Neither(_), None | Some(Effect::Neither(_))) => {
            Said::stop(refused(""), format!("the policy of authorizer {name} does not allow {}", found.name()), place)
        }
        (Effect::Allow(_), _) | (_, Some(Effect::Allow(_))) => {
            walk.grant.authorizer = Some(context);
            Said::on(format!("authorizer {name} let principal {} pass", principal.unwrap_or("(none)")), place)
        }
    }
}

/// `requestContext.authorizer`: the context's values as text, and the principal. `None` when a value is an object
/// or a list, which API Gateway refuses.
fn context(answer: &Value, principal: Option<&str>) -> Option<Map<String, Value>> {
    let mut context = Map::new();
    match answer.get("context") {
        None | Some(Value::Null) => {}
        Some(Value::Object(members)) => {
            for (key, value) in members {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Bool(_) | Value::Number(_) => value.to_string(),
                    Value::Null => continue,
                    Value::Array(_) | Value::Object(_) => return None,
                };
                context.insert(key.clone(), Value::String(text));
            }
        }
        Some(_) => return None,
    }
    if let Some(principal) = principal {
        context.insert("principalId".into(), Value::String(principal.to_owned()));
    }
    if let Some(key) = answer.get(USAGE_KEY).and_then(Value::as_str) {
        context.insert(USAGE_KEY.into(), Value::String(key.to_owned()));
    }
    context.insert("integrationLatency".into(), Value::from(0));
    Some(context)
}
