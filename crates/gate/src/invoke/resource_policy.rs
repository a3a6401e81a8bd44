//! The API's resource policy, and how it combines with what the authorizer says (API Gateway Developer Guide, "How
//! API Gateway resource policies affect authorization workflow", tables A and B).

use super::Found;
use crate::policies::{self, Effect};
use crate::walk::{Said, Walk, stop};
use model::aws::{AuthorizerKind, RouteAuth};
use model::{Identity, Stop};

/// Judges the resource policy on its own: an explicit deny always halts; where nothing else authorises the caller,
/// or a Cognito authorizer does, the policy must allow.
pub(crate) fn judge(walk: &mut Walk<'_>) -> Said {
    let Some(found) = walk.invoke else { return Said::lost() };
    let Some(policy) = &found.api.resource_policy else {
        return Said::on(format!("{} has no resource policy", found.api.name), Some(found.api.place.clone()));
    };
    let place = Some(policy.place.clone());
    let alone = match &found.route.auth {
        RouteAuth::None => true,
        RouteAuth::Authorizer { name, .. } => {
            matches!(found.api.authorizers.get(name).map(|a| &a.kind), Some(AuthorizerKind::Cognito { .. }))
        }
        RouteAuth::Iam { .. } | RouteAuth::Unknown { .. } => false,
    };
    match policies::of_api(walk, &found, &Identity::Anonymous) {
        Effect::Deny(says) => Said::stop(refusal(walk, &found, " with an explicit deny"), says, place),
        Effect::Unknown(says) => Said::depends(says, place),
        Effect::Allow(says) => Said::on(says, place),
        Effect::Neither(says) if alone => Said::stop(refusal(walk, &found, ""), says, place),
        Effect::Neither(says) => Said::on(format!("{says}; the authorizer decides"), place),
    }
}

/// `User: anonymous is not authorized to perform: execute-api:Invoke on resource: ...`, the account masked.
fn refusal(walk: &Walk<'_>, found: &Found<'_>, explicit: &str) -> Stop {
    let account = &walk.app.account;
    let masked = format!("********{}", account.get(account.len().saturating_sub(4)..).unwrap_or_default());
    let arn = found.method_arn(walk.app).replacen(account.as_str(), &masked, 1);
    let message = format!("User: anonymous is not authorized to perform: execute-api:Invoke on resource: {arn}{explicit}");
    stop(403, "ACCESS_DENIED", message)
}
