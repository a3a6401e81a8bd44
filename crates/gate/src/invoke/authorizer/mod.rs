//! Who may call the route: nobody is asked, SigV4 and IAM, a Lambda authorizer, or Cognito user pools. A route
//! whose authorization was not understood cannot be judged.

mod answer;
mod cognito;
mod event;
mod iam;
pub(crate) mod jwt;
pub(crate) mod lambda;
pub(crate) mod sources;

pub(crate) use answer::USAGE_KEY;

use crate::walk::{Said, Walk, stop};
use model::Stop;
use model::aws::{AuthorizerKind, RouteAuth};

/// Judges the authorizer of the route.
pub(crate) fn judge(walk: &mut Walk<'_>) -> Said {
    let Some(found) = walk.invoke else { return Said::lost() };
    match &found.route.auth {
        RouteAuth::None => Said::on(format!("{} has no authorizer", found.name()), Some(found.route.place.clone())),
        RouteAuth::Iam { place } => iam::judge(walk, &found, place),
        RouteAuth::Unknown { why, place } => {
            Said::depends(format!("the authorization of {} is not known: {why}", found.name()), Some(place.clone()))
        }
        RouteAuth::Authorizer { name, scopes, place } => {
            let Some(authorizer) = found.api.authorizers.get(name) else {
                return Said::depends(format!("authorizer {name} is not declared"), Some(place.clone()));
            };
            match &authorizer.kind {
                AuthorizerKind::Token { .. } | AuthorizerKind::Request { .. } => lambda::judge(walk, &found, authorizer),
                AuthorizerKind::Cognito { pools, header } => cognito::judge(walk, &found, authorizer, pools, header, scopes),
                AuthorizerKind::Unknown(why) => {
                    Said::depends(format!("authorizer {name} is not understood: {why}"), Some(authorizer.place.clone()))
                }
            }
        }
    }
}

/// 401, `{"message":"Unauthorized"}`.
pub(crate) fn unauthorized() -> Stop {
    stop(401, "UNAUTHORIZED", "Unauthorized")
}

/// 500, `{"message":null}`: the authorizer failed, or answered what cannot be understood. An empty message is `null`
/// in the body.
pub(crate) fn failure() -> Stop {
    stop(500, "AUTHORIZER_CONFIGURATION_ERROR", "")
}
