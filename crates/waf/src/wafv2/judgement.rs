//! What a web ACL answered, and why: everything a log line, a sample or an explanation is made of.

use super::ast::{ResponseBody, Tier};
use super::rate::Counted;
use model::Place;
use std::collections::BTreeSet;

/// How a request fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Allow,
    /// It is refused.
    Block,
    /// It is refused, with a puzzle.
    Captcha,
    /// It is refused, with a silent challenge.
    Challenge,
    /// It is refused until paid for.
    Monetize,
}

impl Outcome {
    /// As logs write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Block => "BLOCK",
            Self::Captcha => "CAPTCHA",
            Self::Challenge => "CHALLENGE",
            Self::Monetize => "MONETIZE",
        }
    }
}

/// The type of the rule that ended the inspection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleType {
    /// `REGULAR`; also the default action's.
    Regular,
    /// `RATE_BASED`.
    RateBased,
    /// `GROUP`.
    Group,
    /// `MANAGED_RULE_GROUP`.
    ManagedRuleGroup,
}

impl RuleType {
    /// As logs write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Regular => "REGULAR",
            Self::RateBased => "RATE_BASED",
            Self::Group => "GROUP",
            Self::ManagedRuleGroup => "MANAGED_RULE_GROUP",
        }
    }
}

/// Where SQL or script was found; logs have these for `SqliMatchStatement` and `XssMatchStatement` only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchDetail {
    /// `SQL_INJECTION` or `XSS`.
    pub condition: &'static str,
    /// `SensitivityLevel` is HIGH; only for SQL.
    pub high: Option<bool>,
    /// `HEADER`, `URI`, ...
    pub location: &'static str,
    /// The first words of what was found.
    pub data: Vec<String>,
    /// The header's, cookie's or argument's name.
    pub field: Option<String>,
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMatch {
    /// Its name.
    pub rule: String,
    /// The action that was applied: `COUNT`, `BLOCK`, ...
    pub action: &'static str,
    /// The action the rule itself has, where `RuleActionOverrides` replaced it.
    pub overridden: Option<&'static str>,
    /// Counted because of `ExcludedRules`.
    pub excluded: bool,
    /// SQL and script that was found.
    pub details: Vec<MatchDetail>,
    /// How faithful a managed group's rule is.
    pub tier: Option<Tier>,
    /// Why the match is inferred rather than documented, if it is.
    pub inferred: Option<&'static str>,
    /// When the CAPTCHA or challenge was solved, for a rule that a valid token passed.
    pub solved: Option<u64>,
    /// Where the rule was written.
    pub place: Place,
}

/// The rule that ended the inspection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminating {
    /// The web ACL's rule: `terminatingRuleId`.
    pub rule: String,
    /// Its type.
    pub kind: RuleType,
    /// The rule that matched: the same, or one inside its group.
    pub matched: RuleMatch,
    /// Why a token did not do: `TOKEN_MISSING`, `TOKEN_EXPIRED`, `TOKEN_INVALID`, `TOKEN_DOMAIN_MISMATCH`.
    pub failure: Option<&'static str>,
}

/// What happened inside a rule group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// ARN, or `<vendor>#<name>`.
    pub id: String,
    /// The rule that ended the group.
    pub terminating: Option<RuleMatch>,
    /// Rules that only counted; those of `ExcludedRules` are marked.
    pub non_terminating: Vec<RuleMatch>,
}

/// A rate-based rule that acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateRecord {
    /// `rateBasedRuleName`.
    pub rule: String,
    /// `limitKey`: `IP`, `FORWARDED_IP`, `CUSTOMKEYS`, `CONSTANT`.
    pub key: &'static str,
    /// `limitValue`: the address, or `INVALID`.
    pub value: Option<String>,
    /// `maxRateAllowed`.
    pub limit: u64,
    /// `evaluationWindowSec`.
    pub window: u64,
    /// `customValues`: kind, name, value.
    pub custom: Vec<(&'static str, Option<String>, String)>,
}

/// What a refused client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body; `None` is the protected resource's own.
    pub body: Option<ResponseBody>,
    /// Whether the rule or the web ACL defines it, so that the resource's own response does not apply.
    pub custom: bool,
}

/// Something that a rule needed to know and nobody could tell: it counted as not matching.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unassessed {
    /// The rule.
    pub rule: String,
    /// What is missing.
    pub why: String,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How the request fared.
    pub outcome: Outcome,
    /// The rule that ended it; `None`: the default action.
    pub terminating: Option<Terminating>,
    /// The web ACL's own rules that matched and did not end it.
    pub non_terminating: Vec<RuleMatch>,
    /// Rule groups that ran.
    pub groups: Vec<GroupRecord>,
    /// Rate-based rules that acted.
    pub rates: Vec<RateRecord>,
    /// What is to be counted for rate-based rules, whatever the outcome.
    pub counted: Vec<Counted>,
    /// Labels in the order they were added.
    pub labels: Vec<String>,
    /// Components that were inspected and are larger than what is.
    pub oversize: BTreeSet<&'static str>,
    /// How many bytes of the body were forwarded for inspection.
    pub body_inspected: usize,
    /// Headers to insert into the request, for the protected resource.
    pub inserted: Vec<(String, String)>,
    /// What the client gets, where the request is refused.
    pub response: Option<Response>,
    /// What could not be assessed.
    pub unassessed: Vec<Unassessed>,
}

impl Judgement {
    /// The rules on the way to the answer: `["group-rule", "inner-rule"]`, or `["Default_Action"]`.
    pub fn path(&self) -> Vec<&str> {
        match &self.terminating {
            None => vec!["Default_Action"],
            Some(end) if end.rule == end.matched.rule => vec![&end.rule],
            Some(end) => vec![&end.rule, &end.matched.rule],
        }
    }

    /// Whether the answer is certain: nothing was left unassessed, and the rule that ended it rests on documented behaviour.
    pub fn is_certain(&self) -> bool {
        let documented =
            |end: &Terminating| end.matched.inferred.is_none() && matches!(end.matched.tier, None | Some(Tier::Exact | Tier::BuiltIn));
        self.unassessed.is_empty() && self.terminating.as_ref().is_none_or(documented)
    }
}
