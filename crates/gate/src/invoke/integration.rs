//! Whether API Gateway may invoke the integration: the function's resource policy, or the role named in the
//! integration (API Gateway Developer Guide, "Lambda proxy integrations"; Lambda Developer Guide, "Using resource-based
//! policies"). Without the permission AWS answers 500.

use crate::policies::{self, Effect};
use crate::walk::{Said, Walk, stop};
use model::aws::Integration;

/// Judges the permission to invoke the integration.
pub(crate) fn judge(walk: &mut Walk<'_>) -> Said {
    let Some(found) = walk.invoke else { return Said::lost() };
    let place = Some(found.route.integration_place.clone());
    let (function_arn, credentials) = match &found.route.integration {
        Integration::Mock { .. } => return Said::on(format!("{} answers by itself", found.name()), place),
        Integration::Unsupported(why) => return Said::depends(format!("the integration of {}: {why}", found.name()), place),
        Integration::LambdaProxy { function_arn, credentials } => (function_arn, credentials),
    };
    let source = super::method_arn(walk.app, found.api, &found.stage.name, &found.invoke.request.method, &found.route.path);
    let caller = match credentials {
        Some(role) => policies::gateway_session(role),
        None => policies::gateway(walk.app, source),
    };
    match policies::permits(walk.app, walk.call, &caller, &policies::invocation(walk.app, function_arn)) {
        Effect::Allow(says) => Said::on(says, place),
        Effect::Unknown(says) => Said::depends(says, place),
        Effect::Deny(says) | Effect::Neither(says) => Said::stop(
            stop(500, "INTEGRATION_FAILURE", "Internal server error"),
            format!("API Gateway may not invoke the function: {says}"),
            place,
        ),
    }
}
