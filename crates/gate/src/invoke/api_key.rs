//! API keys (API Gateway Developer Guide, "Usage plans and API keys for REST APIs"): a key counts only when it is
//! enabled and belongs to a usage plan of this stage. It comes from the `x-api-key` header or from the authorizer.

use super::Found;
use crate::journal::mark;
use crate::walk::{Said, Walk, stop};
use model::aws::UsagePlan;
use model::{App, Charge};

/// Judges the API key.
pub(crate) fn judge(walk: &mut Walk<'_>) -> Said {
    let Some(found) = walk.invoke else { return Said::lost() };
    let place = Some(found.route.place.clone());
    // The key is for this phase only; `requestContext.authorizer` does not have it.
    let from_authorizer = walk.grant.authorizer.as_mut().and_then(|context| context.remove(super::authorizer::USAGE_KEY));
    if !found.route.api_key_required {
        return Said::on(format!("{} takes no API key", found.name()), place);
    }
    let offered = if found.api.api_key_from_authorizer {
        from_authorizer.as_ref().and_then(serde_json::Value::as_str)
    } else {
        found.invoke.request.header("x-api-key")
    };
    let refuse = |says: String| Said::stop(stop(403, "INVALID_API_KEY", "Forbidden"), says, place.clone());
    let Some(offered) = offered.filter(|key| !key.is_empty()) else {
        return refuse(format!("{} takes an API key and none was given", found.name()));
    };
    match plan_of(walk.app, &found, |id, value| mark::is_key(walk.call, offered, id, value)) {
        Some((plan, key, true)) => {
            walk.grant.api_key_id = Some(key.to_owned());
            walk.charges.push(Charge::UsagePlan { plan: plan.plan_id.clone(), key: key.to_owned() });
            Said::on(format!("API key {key} belongs to usage plan {}", plan.plan_id), Some(plan.place.clone()))
        }
        Some((_, key, false)) => refuse(format!("API key {key} is not enabled")),
        None => refuse("the API key belongs to no usage plan of this stage".into()),
    }
}

/// The usage plan of this stage to which the matching key belongs, the key's id, and whether it is enabled.
fn plan_of<'a>(app: &'a App, found: &Found<'_>, matches: impl Fn(&str, &str) -> bool) -> Option<(&'a UsagePlan, &'a str, bool)> {
    let here = |plan: &&UsagePlan| plan.stages.iter().any(|(api, stage)| *api == found.api.api_id && *stage == found.stage.name);
    let plans = app.aws().usage_plans.iter().filter(here);
    plans.flat_map(|plan| plan.keys.iter().map(move |key| (plan, key))).find_map(|(plan, (id, value, enabled))| {
        // A key without a value is one whose value is not known; nothing matches it.
        (!value.is_empty() && matches(id, value)).then_some((plan, id.as_str(), *enabled))
    })
}
