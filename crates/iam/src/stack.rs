//! Every policy that bears on one request, by layer. Holds them; judges nothing.

use crate::policy::Policy;
use model::Place;
use std::fmt;
use std::sync::Arc;

/// The policies that bear on a request. What is empty is not attached (an attached policy without statements is a
/// policy, and grants nothing).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stack {
    /// Inline, managed and group policies of the caller.
    pub identity: Vec<Arc<Policy>>,
    /// The caller's permissions boundary.
    pub boundary: Vec<Arc<Policy>>,
    /// Session policies passed with `AssumeRole` or `GetFederationToken`.
    pub session: Vec<Arc<Policy>>,
    /// The resource's policy: bucket policy, function policy, key policy, or a role's trust policy.
    pub resource: Option<Arc<Policy>>,
    /// What settings of the resource say, as policies beside its own: KMS grants, an ACL, Block Public Access (see
    /// [`crate::settings`]).
    pub settings: Vec<Arc<Policy>>,
    /// Policy of the VPC endpoint the request came through.
    pub endpoint: Option<Arc<Policy>>,
    /// SCPs of the caller's account, from the root of the organisation down. Leave empty for the management account.
    pub service_control: Vec<Level>,
    /// RCPs of the resource's account, from the root down. `RCPFullAWSAccess` is implied.
    pub resource_control: Vec<Level>,
}

/// One level of an organisation: the root, a unit, an account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Level {
    /// Its name or id.
    pub name: Arc<str>,
    /// Policies attached at this level.
    pub policies: Vec<Arc<Policy>>,
}

/// A layer of policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// Identity-based policies.
    Identity,
    /// Permissions boundary.
    Boundary,
    /// Session policies.
    Session,
    /// Resource-based policy.
    Resource,
    /// Trust policy of a role.
    Trust,
    /// VPC endpoint policy.
    Endpoint,
    /// Service control policies at a level, from 0 at the root.
    ServiceControl(usize),
    /// Resource control policies at a level, from 0 at the root.
    ResourceControl(usize),
}

impl Stack {
    /// Only identity-based policies.
    pub fn identity(policies: impl IntoIterator<Item = Arc<Policy>>) -> Self {
        Self { identity: policies.into_iter().collect(), ..Self::default() }
    }

    /// The stack of a caller who has every permission in an account of its own: what it may do elsewhere, others decide.
    pub fn of_stranger() -> Self {
        let every = serde_json::json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
        Self::identity([Arc::new(Policy::from_json("the caller's account", &every, &Place::new("", 0, 0)))])
    }

    /// Every policy of every layer.
    pub fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        let levels = self.service_control.iter().chain(&self.resource_control).flat_map(|level| &level.policies);
        let own = self.identity.iter().chain(&self.boundary).chain(&self.session);
        own.chain(&self.resource).chain(&self.settings).chain(&self.endpoint).chain(levels)
    }

    /// The same with the resource's policy.
    #[must_use]
    pub fn with_resource(mut self, policy: Option<Arc<Policy>>) -> Self {
        self.resource = policy;
        self
    }
}

impl Layer {
    /// As AWS's AccessDenied messages name it: "because no identity-based policy allows the ... action".
    pub fn aws_name(self) -> &'static str {
        match self {
            Self::Identity => "identity-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Resource => "resource-based policy",
            Self::Trust => "role trust policy",
            Self::Endpoint => "VPC endpoint policy",
            Self::ServiceControl(_) => "service control policy",
            Self::ResourceControl(_) => "resource control policy",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.aws_name())?;
        match self {
            Self::ServiceControl(level) | Self::ResourceControl(level) => write!(f, " (level {level})"),
            _ => Ok(()),
        }
    }
}
