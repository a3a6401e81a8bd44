//! `Principal` and `NotPrincipal` (IAM User Guide, "AWS JSON policy elements: Principal" and "... NotPrincipal").
//! There are no partial wildcards here, and a unique id that AWS put in place of a deleted principal matches nobody.

use crate::principal::{Principal, part};
use crate::statement::Effect;
use crate::truth::Truth;
use model::{Kind, Node, Place};
use std::sync::Arc;

/// The principals a statement names.
#[derive(Clone, Debug, PartialEq)]
pub struct PrincipalSet {
    /// Whether it is `NotPrincipal`.
    pub not: bool,
    /// The principals.
    pub any_of: Box<[Named]>,
}

/// One principal of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// What it names.
    pub who: Who,
    /// Where it was written.
    pub place: Place,
}

/// Kinds of principals in policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// `*` or `{"AWS": "*"}`: everybody, anonymous callers included.
    Everyone,
    /// An account, as `111122223333` or the ARN of its root: whoever the account itself allows.
    Account(Box<str>),
    /// ARN of a user, a role, a session.
    Arn(Box<str>),
    /// A service principal, or `*` for any.
    Service(Box<str>),
    /// An identity provider.
    Federated(Box<str>),
    /// A canonical user id of S3.
    Canonical(Box<str>),
    /// A unique id (`AROA...`), left where a principal was deleted.
    Dangling(Box<str>),
    /// Something that is not known or cannot stand here: why.
    Unknown(Arc<str>),
}

/// How a statement's principals reach a caller; what each kind of match is worth in the caller's own account
/// (IAM User Guide, "Policy evaluation logic", "Resource-based policies").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The caller is meant.
    pub matched: Truth,
    /// A grant needs no identity-based policy.
    pub direct: Truth,
    /// A grant is not limited by an implicit deny in a permissions boundary or session policy.
    pub past_limits: Truth,
}

impl Reach {
    pub(crate) const NONE: Self = Self { matched: Truth::No, direct: Truth::No, past_limits: Truth::No };
    pub(crate) const UNKNOWN: Self = Self { matched: Truth::Depends, direct: Truth::Depends, past_limits: Truth::Depends };
    const FULL: Self = Self { matched: Truth::Yes, direct: Truth::Yes, past_limits: Truth::Yes };
    const ROLE: Self = Self { matched: Truth::Yes, direct: Truth::Yes, past_limits: Truth::No };
    const DELEGATED: Self = Self { matched: Truth::Yes, direct: Truth::No, past_limits: Truth::No };

    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            matched: self.matched.or(other.matched),
            direct: self.direct.or(other.direct),
            past_limits: self.past_limits.or(other.past_limits),
        }
    }

    pub(crate) fn and(self, truth: Truth) -> Self {
        Self { matched: self.matched.and(truth), direct: self.direct.and(truth), past_limits: self.past_limits.and(truth) }
    }
}

impl PrincipalSet {
    pub(crate) fn of(node: &Node, not: bool) -> Self {
        let mut any_of = Vec::new();
        match &node.kind {
            Kind::Map(members) => {
                for member in members {
                    for item in member.value.one_or_many() {
                        any_of.push(Named { who: Who::of(&member.key, item), place: item.place.clone() });
                    }
                }
            }
            Kind::String(text) if text == "*" => any_of.push(Named { who: Who::Everyone, place: node.place.clone() }),
            Kind::Unknown(unknown) => any_of.push(Named { who: Who::Unknown(unknown.why.as_str().into()), place: node.place.clone() }),
            _ => any_of.push(Named { who: Who::Unknown("this is not a principal".into()), place: node.place.clone() }),
        }
        Self { not, any_of: any_of.into() }
    }

    /// How the set reaches a caller.
    pub(crate) fn reach(&self, caller: &Principal, effect: Effect, has_boundary: bool) -> Reach {
        if self.not {
            return self.reach_not(caller, effect, has_boundary);
        }
        let mut all = Reach::NONE;
        for named in &*self.any_of {
            all = all.or(named.who.reach(caller));
            if all == Reach::FULL {
                break;
            }
        }
        all
    }

    /// `NotPrincipal` with `Deny` spares a caller only when its account, and then itself, are listed (for a session
    /// also its role), and never one that has a permissions boundary. With `Allow` it is not supported.
    fn reach_not(&self, caller: &Principal, effect: Effect, has_boundary: bool) -> Reach {
        if effect != Effect::Deny {
            return Reach::UNKNOWN;
        }
        if has_boundary {
            return Reach::FULL;
        }
        let lists = |wanted: &dyn Fn(&Who) -> bool| Truth::from(self.any_of.iter().any(|named| wanted(&named.who)));
        let account = || lists(&|who| matches!(who, Who::Account(own) if Some(&**own) == caller.account()));
        let arn = |wanted: &str| lists(&|who| matches!(who, Who::Arn(own) if **own == *wanted));
        let spared = match caller {
            _ if self.any_of.iter().any(|named| named.who == Who::Everyone) => Truth::Yes,
            Principal::Anonymous => Truth::No,
            Principal::Root { .. } => account(),
            Principal::User { arn: own } | Principal::FederatedUser { arn: own, .. } => account().and(arn(own)),
            Principal::Session { arn: own, role_arn } => {
                account().and(arn(own)).and(lists(&|who| matches!(who, Who::Arn(named) if same_role(named, role_arn))))
            }
            Principal::Federated { provider } => lists(&|who| matches!(who, Who::Federated(own) if **own == **provider)),
            Principal::Service { name } => lists(&|who| matches!(who, Who::Service(own) if **own == **name)),
        };
        match spared {
            Truth::No if self.any_of.iter().any(|named| matches!(named.who, Who::Unknown(_) | Who::Canonical(_))) => Reach::UNKNOWN,
            Truth::No => Reach::FULL,
            _ => Reach::NONE,
        }
    }
}

impl Who {
    fn of(kind: &str, node: &Node) -> Self {
        if let Kind::Unknown(unknown) = &node.kind {
            return Self::Unknown(unknown.why.as_str().into());
        }
        let Some(text) = node.scalar() else { return Self::Unknown("this is not a principal".into()) };
        match kind {
            "AWS" => Self::aws(&text),
            "Service" => Self::Service(text.into()),
            "Federated" => Self::Federated(text.into()),
            "CanonicalUser" => Self::Canonical(text.into()),
            _ => Self::Unknown(format!("{kind} is not a kind of principal").into()),
        }
    }

    fn aws(text: &str) -> Self {
        if text == "*" {
            return Self::Everyone;
        }
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            return Self::Account(text.into());
        }
        const UNIQUE: [&str; 3] = ["AIDA", "AROA", "AGPA"];
        if UNIQUE.iter().any(|prefix| text.starts_with(prefix)) && !text.contains(':') {
            return Self::Dangling(text.into());
        }
        if text.contains(['*', '?']) {
            return Self::Unknown("a principal's ARN cannot hold wildcards".into());
        }
        match (text.splitn(6, ':').nth(5), part(text, 4)) {
            (Some("root"), Some(account)) => Self::Account(account.into()),
            (Some(_), Some(_)) => Self::Arn(text.into()),
            _ => Self::Unknown("this is not the ARN of a principal".into()),
        }
    }

    fn reach(&self, caller: &Principal) -> Reach {
        match (self, caller) {
            // Only a provider named as such is known to be trusted with a web identity.
            (Self::Everyone, Principal::Federated { .. }) => Reach::UNKNOWN,
            (Self::Everyone, _) => Reach::FULL,
            (Self::Account(own), Principal::Root { account }) if **own == **account => Reach::FULL,
            (Self::Account(own), _) if Some(&**own) == caller.account() => Reach::DELEGATED,
            (Self::Arn(own), Principal::User { arn }) if **own == **arn => Reach::FULL,
            (Self::Arn(own), Principal::FederatedUser { arn, .. }) if **own == **arn => Reach::FULL,
            (Self::Arn(own), Principal::FederatedUser { user_arn: Some(user), .. }) if **own == **user => Reach::DELEGATED,
            (Self::Arn(own), Principal::Session { arn, .. }) if **own == **arn => Reach::FULL,
            (Self::Arn(own), Principal::Session { role_arn, .. }) if same_role(own, role_arn) => Reach::ROLE,
            (Self::Service(own), Principal::Service { name }) if **own == **name || **own == *"*" => Reach::FULL,
            (Self::Federated(own), Principal::Federated { provider }) if **own == **provider || **own == *"*" => Reach::FULL,
            (Self::Unknown(_) | Self::Canonical(_), _) => Reach::UNKNOWN,
            _ => Reach::NONE,
        }
    }
}

/// Whether two ARNs name one role. A session's ARN leaves out the path, and names are unique within an account.
fn same_role(named: &str, role_arn: &str) -> bool {
    if named == role_arn {
        return true;
    }
    let split = |arn: &'_ str| -> Option<(String, String)> {
        let arn = model::Arn::parse(arn)?;
        let name = arn.resource.strip_prefix("role/")?.rsplit('/').next()?.to_owned();
        Some((arn.account, name))
    };
    let pathless = |arn: &str| arn.matches('/').count() == 1;
    (pathless(named) || pathless(role_arn)) && split(named).is_some_and(|own| split(role_arn) == Some(own))
}
