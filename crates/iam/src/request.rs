//! What is asked: principal, action, resource, and the request context with its condition keys
//! (IAM User Guide, "AWS global condition context keys"). Never invents a value: a key is known, absent or unknown.

use crate::principal::{Principal, part};
use crate::statement::service_bit;
use model::{Call, Identity};
use std::borrow::Cow;

/// One authorisation request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// The action as written: `dynamodb:PutItem`.
    pub action: String,
    /// ARN of the resource, or `*` for actions without one.
    pub resource: String,
    /// The account that owns the resource; `None`: as its ARN says. Where neither says it, the decision holds
    /// only if it is the same for the caller's account and for another.
    pub resource_account: Option<String>,
    /// Condition keys.
    pub context: Context,
    pub(crate) action_lower: String,
    pub(crate) service_bit: u64,
}

/// The request context: condition keys (without regard to case) and their values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    /// Sorted by lowered key.
    entries: Vec<(String, Entry)>,
    /// Whether keys that are not listed are unknown rather than absent.
    open: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Entry {
    One(String),
    Many(Vec<String>),
    Absent,
    Unknown,
}

/// What is known of a key.
pub(crate) enum Lookup<'a> {
    Absent,
    Unknown,
    One(Cow<'a, str>),
    Many(&'a [String]),
}

impl Context {
    /// A complete context: a key that is not set is not in the request.
    pub fn new() -> Self {
        Self::default()
    }

    /// A context of which only the set keys are known; decisions that need another one depend on it.
    pub fn open() -> Self {
        Self { open: true, ..Self::default() }
    }

    /// Sets a single-valued key.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.put(key, Entry::One(value.into()));
        self
    }

    /// Sets a multivalued key.
    #[must_use]
    pub fn with_many(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.put(key, Entry::Many(values.into_iter().collect()));
        self
    }

    /// Says that the request has this key, or may have it, with a value that is not known here. A key ending in
    /// `/` stands for every key below it (`aws:PrincipalTag/`).
    #[must_use]
    pub fn with_unknown(mut self, key: &str) -> Self {
        self.put(key, Entry::Unknown);
        self
    }

    /// Says that the request does not have this key, also in an open context or where it would be derived.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.put(key, Entry::Absent);
        self
    }

    /// The keys that are set, lowered.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, _)| key.as_str())
    }

    fn put(&mut self, key: &str, entry: Entry) {
        let key = key.to_lowercase();
        match self.entries.binary_search_by(|(own, _)| own.as_str().cmp(&key)) {
            Ok(at) => self.entries[at].1 = entry,
            Err(at) => self.entries.insert(at, (key, entry)),
        }
    }

    fn get(&self, key: &str) -> Option<&Entry> {
        if self.entries.len() <= 16 {
            // Few keys have the same length, and only those are compared.
            return self.entries.iter().find(|(own, _)| own == key).map(|(_, entry)| entry);
        }
        self.entries.binary_search_by(|(own, _)| own.as_str().cmp(key)).ok().map(|at| &self.entries[at].1)
    }
}

impl Request {
    /// A request with an empty, complete context.
    pub fn new(principal: Principal, action: impl Into<String>, resource: impl Into<String>) -> Self {
        let action = action.into();
        let action_lower = action.trim().to_ascii_lowercase();
        let service_bit = service_bit(&action_lower);
        Self { principal, action, resource: resource.into(), resource_account: None, context: Context::new(), action_lower, service_bit }
    }

    /// The request an AWS API call makes, by the identity it proved. Sets `aws:SourceIp`, `aws:SecureTransport`,
    /// `aws:CurrentTime`, `aws:EpochTime`, `aws:RequestedRegion` (from the resource), the call's own keys, and for a
    /// service `aws:SourceArn` and `aws:SourceAccount`. `None` when the call is not an AWS API call.
    pub fn of_call(call: &Call, identity: &Identity) -> Option<Self> {
        let model::Ask::Api(api) = &call.ask else { return None };
        let mut context = Context::of_call(call, identity);
        for (key, values) in &api.context {
            context = match values.as_slice() {
                [value] => context.with(key, value),
                values => context.with_many(key, values.to_vec()),
            };
        }
        if let Some(region) = part(&api.resource, 3) {
            context = context.with("aws:RequestedRegion", region);
        }
        let account = Some(api.resource_account.clone()).filter(|account| !account.is_empty());
        Some(Self { resource_account: account, context, ..Self::new(identity.into(), &api.action, &api.resource) })
    }

    /// Replaces the context.
    #[must_use]
    pub fn with_context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// Says which account owns the resource.
    #[must_use]
    pub fn owned_by(mut self, account: impl Into<String>) -> Self {
        self.resource_account = Some(account.into());
        self
    }

    /// Says that services forwarded the request on the principal's behalf, in their order (IAM User Guide, "AWS global
    /// condition context keys", `aws:CalledVia`; AWS KMS Developer Guide, "AWS KMS condition keys", `kms:ViaService`).
    #[must_use]
    pub fn called_via<'a>(mut self, services: impl IntoIterator<Item = &'a str>) -> Self {
        let services: Vec<String> = services.into_iter().map(str::to_owned).collect();
        let (Some(first), Some(last)) = (services.first().cloned(), services.last().cloned()) else { return self };
        let mut context = std::mem::take(&mut self.context)
            .with("aws:ViaAWSService", "true")
            .with("aws:CalledViaFirst", first)
            .with("aws:CalledViaLast", &*last)
            .with_many("aws:CalledVia", services);
        if self.action_lower.starts_with("kms:")
            && let (Some(service), Some(region)) = (last.strip_suffix(".amazonaws.com"), part(&self.resource, 3))
        {
            context = context.with("kms:ViaService", format!("{service}.{region}.amazonaws.com"));
        }
        self.context = context;
        self
    }

    /// The account that owns the resource, as far as it is known.
    pub fn owner(&self) -> Option<&str> {
        self.owner_beside(self.principal.account())
    }

    /// The same, where the caller's account is known already.
    pub(crate) fn owner_beside<'a>(&'a self, caller: Option<&'a str>) -> Option<&'a str> {
        self.resource_account.as_deref().or_else(|| match self.resource.as_str() {
            "*" => caller,
            arn => part(arn, 4),
        })
    }
}

impl Context {
    /// The keys that every call has: address, transport, time, and what a service acts for.
    pub fn of_call(call: &Call, identity: &Identity) -> Self {
        let mut context = Self::new()
            .with("aws:SourceIp", &call.source_ip)
            .with("aws:SecureTransport", call.tls.to_string())
            .with("aws:CurrentTime", call.time.to_string())
            .with("aws:EpochTime", call.time.seconds().to_string());
        if let Identity::AssumedRole { issued_to: Some(function), .. } = identity
            && function.contains(":lambda:")
        {
            context = context.with("lambda:SourceFunctionArn", function);
        }
        // IAM User Guide, "Monitor and control actions taken with assumed roles".
        if let Some(source) = identity.session().and_then(|session| session.source_identity.as_deref()) {
            context = context.with("aws:SourceIdentity", source);
        }
        if let Identity::Service { source_arn, source_account, .. } = identity {
            if let Some(arn) = source_arn {
                context = context.with("aws:SourceArn", arn);
            }
            if let Some(account) = source_account {
                context = context.with("aws:SourceAccount", account);
            }
        }
        context
    }
}

/// A request with the keys that follow from its principal and resource.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub request: &'a Request,
}

impl<'a> View<'a> {
    /// Looks up a lowered key.
    pub(crate) fn lookup(&self, key: &str) -> Lookup<'a> {
        let context = &self.request.context;
        match context.get(key) {
            Some(Entry::One(value)) => return Lookup::One(Cow::Borrowed(value)),
            Some(Entry::Many(values)) => return Lookup::Many(values),
            Some(Entry::Absent) => return Lookup::Absent,
            Some(Entry::Unknown) => return Lookup::Unknown,
            None => {}
        }
        if let Some((family, _)) = key.split_once('/')
            && context.get(&format!("{family}/")) == Some(&Entry::Unknown)
        {
            return Lookup::Unknown;
        }
        match self.derived(key) {
            Some(lookup) => lookup,
            None if context.open => Lookup::Unknown,
            None => Lookup::Absent,
        }
    }

    /// Keys that the principal and the resource settle.
    fn derived(&self, key: &str) -> Option<Lookup<'a>> {
        let rest = key.strip_prefix("aws:")?;
        let one = |text: &'a str| Some(Lookup::One(Cow::Borrowed(text)));
        let request = self.request;
        match (rest, &request.principal) {
            ("principalarn", Principal::User { arn } | Principal::FederatedUser { arn, .. }) => one(arn),
            ("principalarn", Principal::Session { role_arn, .. }) => one(role_arn),
            ("principalarn", Principal::Root { account }) => Some(Lookup::One(Cow::Owned(format!("arn:aws:iam::{account}:root")))),
            ("principalaccount", principal) => Some(principal.account().map_or(Lookup::Absent, |a| Lookup::One(Cow::Borrowed(a)))),
            ("principaltype", Principal::User { .. }) => one("User"),
            ("principaltype", Principal::Session { .. }) => one("AssumedRole"),
            ("principaltype", Principal::Root { .. }) => one("Account"),
            ("principaltype", Principal::FederatedUser { .. }) => one("FederatedUser"),
            ("principaltype", Principal::Anonymous) => one("Anonymous"),
            ("username", Principal::User { arn }) => one(arn.rsplit('/').next().unwrap_or_default()),
            ("username", _) => Some(Lookup::Absent),
            ("userid", Principal::Anonymous) => one("anonymous"),
            ("userid", Principal::Root { account }) => one(account),
            ("userid", Principal::User { .. } | Principal::Session { .. } | Principal::FederatedUser { .. }) => Some(Lookup::Unknown),
            ("principalisawsservice", principal) => one(if matches!(principal, Principal::Service { .. }) { "true" } else { "false" }),
            ("principalservicename", Principal::Service { name }) => one(name),
            ("principalservicename", _) => Some(Lookup::Absent),
            ("viaawsservice", _) => one("false"),
            ("resourceaccount", _) => request.owner().map(|account| Lookup::One(Cow::Borrowed(account))),
            _ => None,
        }
    }
}
