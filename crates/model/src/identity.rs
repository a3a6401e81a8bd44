//! Who a caller has proved to be.

use serde::{Deserialize, Serialize};

/// The principal behind a call (IAM User Guide, "AWS JSON policy elements: Principal").
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Identity {
    /// Nobody: no credential was offered.
    Anonymous,
    /// The root user of an account.
    Root {
        /// Twelve digits.
        account: String,
    },
    /// An IAM user.
    User {
        /// `arn:aws:iam::111122223333:user/path/name`.
        arn: String,
    },
    /// A session of a role.
    AssumedRole {
        /// `arn:aws:iam::111122223333:role/path/name`.
        role_arn: String,
        /// Session name; for a function's role the function's name.
        session_name: String,
        /// The resource the credentials were issued to, such as a function's ARN (CloudTrail
        /// `userIdentity.inScopeOf.credentialsIssuedTo`).
        issued_to: Option<String>,
    },
    /// An AWS service acting for the account: `apigateway.amazonaws.com`.
    Service {
        /// Service principal.
        name: String,
        /// `aws:SourceArn`: the resource on whose behalf the service acts.
        source_arn: Option<String>,
        /// `aws:SourceAccount`.
        source_account: Option<String>,
    },
}

impl Identity {
    /// The ARN as it stands in a policy's Principal element and in AccessDenied messages:
    /// `arn:aws:sts::111122223333:assumed-role/name/session` for a session. `None` for anonymous and services.
    pub fn arn(&self) -> Option<String> {
        match self {
            Self::Anonymous | Self::Service { .. } => None,
            Self::Root { account } => Some(format!("arn:aws:iam::{account}:root")),
            Self::User { arn } => Some(arn.clone()),
            Self::AssumedRole { role_arn, session_name, .. } => {
                let arn = crate::Arn::parse(role_arn)?;
                // A session's ARN leaves out the role's path.
                let name = arn.resource.rsplit('/').next()?;
                Some(format!("arn:{}:sts::{}:assumed-role/{name}/{session_name}", arn.partition, arn.account))
            }
        }
    }

    /// The account the identity belongs to.
    pub fn account(&self) -> Option<String> {
        match self {
            Self::Anonymous => None,
            Self::Root { account } => Some(account.clone()),
            Self::User { arn } => crate::Arn::parse(arn).map(|arn| arn.account),
            Self::AssumedRole { role_arn, .. } => crate::Arn::parse(role_arn).map(|arn| arn.account),
            Self::Service { source_account, .. } => source_account.clone(),
        }
    }
}
