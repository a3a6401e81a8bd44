//! Who a caller has proved to be.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
        /// What was passed when it began.
        #[serde(default, skip_serializing_if = "Session::is_empty")]
        session: Session,
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

/// What was passed when a session of a role began, and stays with it (AWS Security Token Service API Reference,
/// "AssumeRole").
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Session tags, the inherited ones included. No two keys differ only in case.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The keys of those that the next session of a chain inherits.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub transitive: BTreeSet<String>,
    /// `aws:SourceIdentity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// Inline session policies, as they were passed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// ARNs of managed session policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policy_arns: Vec<String>,
}

impl Session {
    /// Whether nothing was passed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What the next session of a role chain begins with: the transitive tags and the source identity (IAM User Guide, "Pass
    /// session tags in AWS STS", Chaining roles with session tags).
    #[must_use]
    pub fn inherited(&self) -> Self {
        let tags = self.tags.iter().filter(|(key, _)| self.transitive.contains(*key));
        Self {
            tags: tags.map(|(key, value)| (key.clone(), value.clone())).collect(),
            transitive: self.transitive.clone(),
            source_identity: self.source_identity.clone(),
            ..Self::default()
        }
    }
}

impl Identity {
    /// What was passed when its session began; `None` for what is no session of a role.
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::AssumedRole { session, .. } => Some(session),
            _ => None,
        }
    }

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
