//! IAM authorization of a route: SigV4 for `execute-api`, then the caller's policies and the API's resource policy
//! (API Gateway Developer Guide, "Control access to a REST API with IAM permissions").

use super::super::Found;
use crate::aws_call;
use crate::policies::{self, Effect};
use crate::walk::{Said, Walk};
use model::{ApiCall, Place};

/// Judges a route with IAM authorization.
pub(super) fn judge(walk: &mut Walk<'_>, found: &Found<'_>, place: &Place) -> Said {
    let identity = match aws_call::caller(walk, "execute-api") {
        Ok(identity) => identity,
        Err(refused) => {
            return Said::stop(refused, format!("{} takes requests signed for execute-api only", found.name()), Some(place.clone()));
        }
    };
    let api = ApiCall {
        action: "execute-api:Invoke".into(),
        resource: found.method_arn(walk.app),
        resource_account: walk.app.account.clone(),
        ..ApiCall::default()
    };
    walk.grant.identity = Some(identity.clone());
    match policies::permits(walk.app, walk.call, &identity, &api) {
        Effect::Allow(says) => Said::on(says, Some(place.clone())),
        Effect::Unknown(says) => Said::depends(says, Some(place.clone())),
        Effect::Deny(says) | Effect::Neither(says) => {
            let refused = crate::walk::stop(403, "ACCESS_DENIED", says.clone());
            Said::stop(refused, says, Some(place.clone()))
        }
    }
}
