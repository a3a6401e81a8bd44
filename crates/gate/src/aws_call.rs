//! An AWS API operation: who calls, and what the policies say. Nobody passes for being unknown.

use crate::policies::{self, Effect};
use crate::sigv4::{self, Protocol, Refusal};
use crate::walk::{Said, Walk, stop};
use model::{ApiCall, Ask, Credential, Identity, Stop};

/// The service prefix of an action: `dynamodb` of `dynamodb:PutItem`.
fn service_of(api: &ApiCall) -> &str {
    api.action.split(':').next().unwrap_or_default()
}

/// STS gives the root user no session of a role, whatever the policies say (IAM User Guide, "Switch to an IAM role (AWS CLI)").
const ROOT_ASSUMES: &str = "Roles may not be assumed by root accounts.";

/// Finds out who calls.
pub(crate) fn identify(walk: &mut Walk<'_>) -> Said {
    let Ask::Api(api) = &walk.call.ask else { return Said::lost() };
    match caller(walk, service_of(api)) {
        Ok(identity) => {
            let says = format!("the caller is {}", name(&identity));
            walk.grant.identity = Some(identity);
            Said::on(says, None)
        }
        Err(refused) => {
            let says = refused.message.clone();
            Said::stop(refused, says, None)
        }
    }
}

/// The identity that the call's credential proves; `service` words the refusal of a call without one.
pub(crate) fn caller(walk: &Walk<'_>, service: &str) -> Result<Identity, Stop> {
    match &walk.call.credential {
        // Amazon S3 hears everyone; its policies and lists say whether nobody in particular may (Amazon S3 User Guide, "Bucket policies").
        Credential::Proved(Identity::Anonymous) | Credential::None if service == "s3" => Ok(Identity::Anonymous),
        Credential::Proved(Identity::Anonymous) | Credential::None => Err(Refusal::Missing.stop(service)),
        Credential::Proved(identity) => Ok(identity.clone()),
        Credential::Refused(refused) => Err(refused.clone()),
        Credential::SigV4 { request, service } => sigv4::verify(request, service, &walk.app.region, walk.call.time, walk.state),
    }
}

/// Judges the policies.
pub(crate) fn permit(walk: &mut Walk<'_>) -> Said {
    let (Ask::Api(api), Some(identity)) = (&walk.call.ask, &walk.grant.identity) else { return Said::lost() };
    if let (Identity::Root { .. }, "sts:AssumeRole") = (identity, api.action.as_str()) {
        return Said::stop(stop(403, "AccessDenied", ROOT_ASSUMES), ROOT_ASSUMES, None);
    }
    match policies::judge(walk.app, walk.call, identity, api) {
        policies::Judged { effect: Effect::Allow(says), place } => Said::on(says, place),
        policies::Judged { effect: Effect::Unknown(says), place } => Said::depends(says, place),
        policies::Judged { effect: Effect::Deny(says) | Effect::Neither(says), place } => {
            let (status, code) = match sigv4::protocol(service_of(api)) {
                Protocol::Json => (400, "AccessDeniedException"),
                Protocol::RestJson => (403, "AccessDeniedException"),
                Protocol::Query | Protocol::RestXml => (403, "AccessDenied"),
            };
            // Who has no account is told no more.
            let message = if *identity == Identity::Anonymous { "Access Denied".to_owned() } else { says.clone() };
            Said::stop(stop(status, code, message), says, place)
        }
    }
}

fn name(identity: &Identity) -> String {
    match identity {
        Identity::Service { name, .. } => name.clone(),
        other => other.arn().unwrap_or_else(|| "nobody".into()),
    }
}
