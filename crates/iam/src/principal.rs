//! Who asks (IAM User Guide, "AWS JSON policy elements: Principal"). Never checks a credential: that was done before.

use model::{Arn, Identity};

/// The principal of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// No credentials.
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
    /// A session of a role, service-linked roles included.
    Session {
        /// `arn:aws:sts::111122223333:assumed-role/name/session`.
        arn: String,
        /// `arn:aws:iam::111122223333:role/path/name`; without the path when only the session's ARN is known.
        role_arn: String,
    },
    /// A session from `GetFederationToken`.
    FederatedUser {
        /// `arn:aws:sts::111122223333:federated-user/name`.
        arn: String,
        /// The IAM user who asked for the token, where it is known.
        user_arn: Option<String>,
    },
    /// A user of an identity provider who has no AWS credentials yet: the caller of
    /// `sts:AssumeRoleWithWebIdentity` and `sts:AssumeRoleWithSAML`.
    Federated {
        /// `cognito-identity.amazonaws.com`, or the ARN of the OIDC or SAML provider.
        provider: String,
    },
    /// An AWS service.
    Service {
        /// `lambda.amazonaws.com`.
        name: String,
    },
}

impl Principal {
    /// Reads an ARN, a service principal, a provider, a twelve-digit account (its root user), or `*` for anonymous.
    /// `None` when it is none of these.
    pub fn parse(text: &str) -> Option<Self> {
        if matches!(text, "*" | "anonymous") {
            return Some(Self::Anonymous);
        }
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            return Some(Self::Root { account: text.into() });
        }
        let Some(arn) = Arn::parse(text) else {
            const WEB: [&str; 4] = ["cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com", "accounts.google.com"];
            if WEB.contains(&text) {
                return Some(Self::Federated { provider: text.into() });
            }
            let service = text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn");
            return service.then(|| Self::Service { name: text.into() });
        };
        let kind = arn.resource.split('/').next().unwrap_or_default();
        match (arn.service.as_str(), kind) {
            ("iam", "root") => Some(Self::Root { account: arn.account }),
            ("iam", "user") => Some(Self::User { arn: text.into() }),
            // A role acts only through a session; its name is unknown here.
            ("iam", "role") => Some(Self::Session { arn: session_arn(&arn, "unknown")?, role_arn: text.into() }),
            ("iam", "oidc-provider" | "saml-provider") => Some(Self::Federated { provider: text.into() }),
            ("sts", "assumed-role") => {
                let name = arn.resource.split('/').nth(1)?;
                let role_arn = format!("arn:{}:iam::{}:role/{name}", arn.partition, arn.account);
                Some(Self::Session { arn: text.into(), role_arn })
            }
            ("sts", "federated-user") => Some(Self::FederatedUser { arn: text.into(), user_arn: None }),
            _ => None,
        }
    }

    /// The account the principal belongs to; `None` for anonymous, services and providers.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Anonymous | Self::Service { .. } | Self::Federated { .. } => None,
            Self::Root { account } => Some(account),
            Self::User { arn } | Self::FederatedUser { arn, .. } => part(arn, 4),
            Self::Session { role_arn, .. } => part(role_arn, 4),
        }
    }

    /// The partition, `aws` when nothing says otherwise.
    pub fn partition(&self) -> &str {
        match self {
            Self::User { arn } | Self::FederatedUser { arn, .. } | Self::Session { arn, .. } => part(arn, 1).unwrap_or("aws"),
            _ => "aws",
        }
    }

    /// As it is written in messages and policies.
    pub fn name(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".into(),
            Self::Root { account } => format!("arn:aws:iam::{account}:root"),
            Self::User { arn } | Self::Session { arn, .. } | Self::FederatedUser { arn, .. } => arn.clone(),
            Self::Federated { provider } => provider.clone(),
            Self::Service { name } => name.clone(),
        }
    }

    /// Whether it is a session of a service-linked role: organisation policies do not bind it
    /// (AWS Organizations User Guide, "Service control policies (SCPs)").
    pub fn is_service_linked(&self) -> bool {
        match self {
            Self::Session { role_arn, .. } => {
                let resource = role_arn.splitn(6, ':').nth(5).unwrap_or_default();
                resource.starts_with("role/aws-service-role/") || resource.starts_with("role/AWSServiceRoleFor")
            }
            _ => false,
        }
    }
}

impl From<&Identity> for Principal {
    fn from(identity: &Identity) -> Self {
        match identity {
            Identity::Anonymous => Self::Anonymous,
            Identity::Root { account } => Self::Root { account: account.clone() },
            Identity::User { arn } => Self::User { arn: arn.clone() },
            Identity::AssumedRole { role_arn, .. } => Self::Session { arn: identity.arn().unwrap_or_default(), role_arn: role_arn.clone() },
            Identity::Service { name, .. } => Self::Service { name: name.clone() },
        }
    }
}

/// The n-th part of an ARN, from 0; `None` when it is empty or missing. On the path of every decision, so it looks for
/// the colons of eight bytes at once.
pub(crate) fn part(arn: &str, n: usize) -> Option<&str> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let (mut start, mut seen) = (0, 0);
    let (chunks, rest) = arn.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    for (chunk, eight) in chunks.iter().chain(std::iter::once(&last)).enumerate() {
        let other = u64::from_le_bytes(*eight) ^ (LOW * b':' as u64);
        // The high bit of each byte that is a colon; a borrow may mark the byte after one too, so each is looked at.
        let mut marks = other.wrapping_sub(LOW) & !other & (LOW << 7);
        while marks != 0 {
            let at = chunk * 8 + marks.trailing_zeros() as usize / 8;
            marks &= marks - 1;
            if arn.as_bytes().get(at) != Some(&b':') {
                continue;
            }
            if seen == n {
                return arn.get(start..at).filter(|part| !part.is_empty());
            }
            (start, seen) = (at + 1, seen + 1);
            if seen == 5 {
                return arn.get(start..).filter(|part| n == 5 && !part.is_empty());
            }
        }
    }
    arn.get(start..).filter(|part| seen == n && !part.is_empty())
}

fn session_arn(role: &Arn, session: &str) -> Option<String> {
    let name = role.resource.rsplit('/').next()?;
    Some(format!("arn:{}:sts::{}:assumed-role/{name}/{session}", role.partition, role.account))
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn parts_of_an_arn() {
        let texts = [
            "arn:aws:iam::123456789012:role/x:y",
            "arn:aws:s3:::b/k:k",
            "",
            ":",
            "a;:;:9:::::",
            "arn:aws:sqs:us-east-1:1:",
            "é:ü:::;;;:;",
            "12345678:2345678:",
            "no colon at all, and long",
        ];
        for text in texts {
            for n in 0..7 {
                let plain = text.splitn(6, ':').nth(n).filter(|part| !part.is_empty());
                assert_eq!(part(text, n), plain, "part {n} of {text}");
            }
        }
    }
}
