//! Escalation primitives as data (`data/primitives.json`): what they need, what they give, how they are done, what
//! CloudTrail shows of them, how to close them. Nothing here knows a service.

use serde::Deserialize;
use std::sync::OnceLock;

/// One way to gain something.
#[derive(Clone, Debug, Deserialize)]
pub struct Primitive {
    /// Slug.
    pub id: String,
    /// Group of the catalogue of primitives, 1 to 36.
    pub group: u8,
    /// A sentence.
    pub title: String,
    /// Who starts: `principal` or `internet`.
    pub source: String,
    /// What the caller must be allowed.
    pub needs: Vec<Need>,
    /// What it acts on.
    pub target: Target,
    /// What it gives.
    pub gains: Gain,
    /// What must hold beside the permissions and cannot be seen in policies.
    pub assumes: Option<String>,
    /// How it is done.
    pub exploit: String,
    /// The CloudTrail events it leaves.
    pub cloudtrail: Vec<Signature>,
    /// How to close it.
    pub fix: String,
    /// Where it is described.
    pub references: Vec<String>,
}

/// A permission that is needed.
#[derive(Clone, Debug, Deserialize)]
pub struct Need {
    /// One of these actions.
    pub any_of: Vec<String>,
    /// On what.
    pub on: On,
}

/// What an action must be allowed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// Any resource of the caller's choice.
    Any,
    /// The role that is passed, with `iam:PassedToService`.
    Role,
    /// The target.
    Target,
    /// A customer managed policy attached to the target.
    TargetPolicy,
    /// The role, whose trust policy must agree.
    Trust,
    /// The caller's own user.
    SelfUser,
    /// The caller's own role.
    SelfRole,
    /// A group of the caller.
    SelfGroup,
    /// A customer managed policy attached to the caller.
    Policy,
}

/// What a primitive acts on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Target {
    /// `role-trusting`, `role-trusting-federated`, `holder`, `role`, `role-any`, `role-assumable`, `user`, `group`, `policy`,
    /// `self-user`, `self-role`, `self-group`, `none`.
    pub kind: String,
    /// The service or provider, for the first three.
    pub service: Option<String>,
}

/// What a primitive gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gain {
    /// The target's permissions.
    Target,
    /// Every permission.
    Admin,
    /// What a boundary or a denial took away.
    Unlimited,
    /// Data.
    Data,
    /// The invocation of a function or route.
    Invoke,
    /// A stronger role within the application.
    Application,
}

/// A CloudTrail event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Signature {
    /// `eventSource`
    pub source: String,
    /// `eventName`
    pub name: String,
    /// Whether the trail must record data events to see it.
    pub data_event: bool,
}

static PRIMITIVES: OnceLock<Vec<Primitive>> = OnceLock::new();

/// All primitives.
pub fn primitives() -> &'static [Primitive] {
    // The text is our own; a test reads it whole.
    PRIMITIVES.get_or_init(|| serde_json::from_str(include_str!("../../data/primitives.json")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{Gain, primitives};
    use crate::catalogue::catalogue;
    use std::collections::BTreeSet;

    #[test]
    fn every_group_and_only_real_actions() {
        let all = primitives();
        assert!(all.len() >= 150, "{}", all.len());
        assert_eq!(all.iter().map(|p| p.group).collect::<BTreeSet<_>>(), (1..=36).collect());
        assert_eq!(all.iter().map(|p| &p.id).collect::<BTreeSet<_>>().len(), all.len());
        let unknown: Vec<&String> =
            all.iter().flat_map(|p| &p.needs).flat_map(|n| &n.any_of).filter(|action| catalogue().action(action).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert!(all.iter().all(|p| !p.exploit.is_empty() && !p.fix.is_empty() && !p.references.is_empty()));
        assert!(all.iter().any(|p| p.gains == Gain::Admin));
    }
}
