//! A web ACL as it was written: the WAFv2 rule language, typed. Names are the API's (`wafv2/2019-07-29`).

use super::pattern::Pattern;
use crate::transform::Transformation;
use ipnet::IpNet;
use model::Place;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// A web ACL, ready to judge requests.
#[derive(Clone, Debug)]
pub struct WebAcl {
    /// `Name`.
    pub name: String,
    /// `ARN`; made up of the name where there is none.
    pub arn: String,
    /// What a request gets that no rule ended: Allow or Block.
    pub default_action: Action,
    /// Rules by ascending priority.
    pub rules: Vec<Rule>,
    /// `awswaf:<account>:webacl:<name>:`.
    pub label_prefix: String,
    /// `CustomResponseBodies`.
    pub bodies: BTreeMap<String, ResponseBody>,
    /// Seconds for which a solved CAPTCHA counts.
    pub captcha_immunity: u64,
    /// Seconds for which a solved challenge counts.
    pub challenge_immunity: u64,
    /// `AssociationConfig.RequestBody`: bytes of the body that are inspected, by resource type.
    pub body_limits: BTreeMap<ResourceType, usize>,
    /// `VisibilityConfig`.
    pub visibility: Visibility,
    /// Where it was written.
    pub place: Place,
}

/// What a web ACL protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceType {
    /// `CLOUDFRONT`.
    CloudFront,
    /// `API_GATEWAY`: a stage of a REST API.
    ApiGateway,
    /// `COGNITO_USER_POOL`.
    CognitoUserPool,
    /// `APP_RUNNER_SERVICE`.
    AppRunnerService,
    /// `VERIFIED_ACCESS_INSTANCE`.
    VerifiedAccessInstance,
    /// `AGENTCORE_GATEWAY`.
    AgentcoreGateway,
    /// `APPLICATION_LOAD_BALANCER`.
    ApplicationLoadBalancer,
    /// `APPSYNC`.
    AppSync,
    /// `AMPLIFY`, which is inspected as CloudFront is.
    Amplify,
}

/// `VisibilityConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visibility {
    /// `SampledRequestsEnabled`.
    pub sampled: bool,
    /// `CloudWatchMetricsEnabled`.
    pub metrics: bool,
    /// `MetricName`.
    pub metric: String,
}

/// A custom response body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseBody {
    /// The media type.
    pub content_type: &'static str,
    /// The text.
    pub content: String,
}

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `Name`.
    pub name: String,
    /// `Priority`.
    pub priority: i64,
    /// `Statement`.
    pub statement: Statement,
    /// `Action`, or `OverrideAction` for a rule that runs a group.
    pub action: RuleAction,
    /// `RuleLabels`, without prefix.
    pub labels: Vec<String>,
    /// `CaptchaConfig`.
    pub captcha_immunity: Option<u64>,
    /// `ChallengeConfig`.
    pub challenge_immunity: Option<u64>,
    /// `VisibilityConfig`.
    pub visibility: Visibility,
    /// How faithful this rule is, for rules of managed groups; `None` for rules a user wrote.
    pub tier: Option<Tier>,
    /// Where it was written.
    pub place: Place,
}

/// How faithful a rule of a managed group is. AWS withholds the patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// E: exact from the documentation.
    Exact,
    /// B: a built-in statement that the documentation names.
    BuiltIn,
    /// C: our approximation, or a Core Rule Set's.
    Approximation,
    /// P: the documented example patterns only.
    Examples,
    /// X: not simulated.
    NotSimulated,
}

impl Tier {
    /// One letter.
    pub const fn letter(self) -> char {
        match self {
            Self::Exact => 'E',
            Self::BuiltIn => 'B',
            Self::Approximation => 'C',
            Self::Examples => 'P',
            Self::NotSimulated => 'X',
        }
    }
}

/// What a matching rule does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleAction {
    /// `Action`.
    Act(Action),
    /// `OverrideAction`: `true` is Count.
    Group {
        /// The group's result only counts.
        count: bool,
    },
}

/// An action with its customization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `Allow`, inserting headers.
    Allow(Vec<(String, String)>),
    /// `Block`.
    Block(Option<CustomResponse>),
    /// `Count`, inserting headers.
    Count(Vec<(String, String)>),
    /// `Captcha`, inserting headers where the token is valid.
    Captcha(Vec<(String, String)>),
    /// `Challenge`, inserting headers where the token is valid.
    Challenge(Vec<(String, String)>),
    /// `Monetize`: 402 with a price.
    Monetize,
}

impl Action {
    /// As logs write it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Allow(_) => "ALLOW",
            Self::Block(_) => "BLOCK",
            Self::Count(_) => "COUNT",
            Self::Captcha(_) => "CAPTCHA",
            Self::Challenge(_) => "CHALLENGE",
            Self::Monetize => "MONETIZE",
        }
    }

    /// Headers to insert.
    pub fn inserts(&self) -> &[(String, String)] {
        match self {
            Self::Allow(headers) | Self::Count(headers) | Self::Captcha(headers) | Self::Challenge(headers) => headers,
            Self::Block(_) | Self::Monetize => &[],
        }
    }
}

/// `CustomResponse` of a Block action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomResponse {
    /// `ResponseCode`.
    pub status: u16,
    /// `CustomResponseBodyKey`.
    pub body: Option<String>,
    /// `ResponseHeaders`.
    pub headers: Vec<(String, String)>,
}

/// The sixteen statements.
#[derive(Clone, Debug)]
pub enum Statement {
    /// `ByteMatchStatement`.
    ByteMatch {
        /// `SearchString`.
        search: Vec<u8>,
        /// `PositionalConstraint`.
        position: Position,
        /// What is inspected.
        on: Inspect,
    },
    /// `SqliMatchStatement`.
    SqliMatch {
        /// `SensitivityLevel` is HIGH.
        high: bool,
        /// What is inspected.
        on: Inspect,
    },
    /// `XssMatchStatement`.
    XssMatch {
        /// What is inspected.
        on: Inspect,
    },
    /// `SizeConstraintStatement`.
    SizeConstraint {
        /// `ComparisonOperator`.
        comparison: Comparison,
        /// `Size`.
        size: u64,
        /// What is inspected.
        on: Inspect,
    },
    /// `RegexMatchStatement`.
    RegexMatch {
        /// `RegexString`.
        pattern: Arc<Pattern>,
        /// What is inspected.
        on: Inspect,
    },
    /// `RegexPatternSetReferenceStatement`.
    RegexPatternSet {
        /// The set.
        set: Arc<RegexPatternSet>,
        /// What is inspected.
        on: Inspect,
    },
    /// `GeoMatchStatement`.
    GeoMatch {
        /// `CountryCodes`.
        countries: BTreeSet<String>,
        /// `ForwardedIPConfig`.
        forwarded: Option<ForwardedIp>,
    },
    /// `AsnMatchStatement`.
    AsnMatch {
        /// `AsnList`.
        asns: BTreeSet<u32>,
        /// `ForwardedIPConfig`.
        forwarded: Option<ForwardedIp>,
    },
    /// `IPSetReferenceStatement`.
    IpSet {
        /// The set.
        set: Arc<IpSet>,
        /// `IPSetForwardedIPConfig`.
        forwarded: Option<(ForwardedIp, IpPosition)>,
    },
    /// `LabelMatchStatement`.
    LabelMatch {
        /// `Scope` is NAMESPACE.
        namespace: bool,
        /// `Key`.
        key: String,
    },
    /// `RateBasedStatement`.
    RateBased(Box<RateBased>),
    /// `RuleGroupReferenceStatement` and `ManagedRuleGroupStatement`.
    Group(Box<GroupReference>),
    /// `AndStatement`.
    And(Vec<Statement>),
    /// `OrStatement`.
    Or(Vec<Statement>),
    /// `NotStatement`.
    Not(Box<Statement>),
    /// Ours: matches where the request has no header of this name (a managed rule's `NoUserAgent_HEADER`).
    HeaderAbsent(String),
    /// Ours: a managed rule that is not simulated. Never matches, and every request says so.
    NotSimulated,
}

/// `PositionalConstraint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// `EXACTLY`.
    Exactly,
    /// `STARTS_WITH`.
    StartsWith,
    /// `ENDS_WITH`.
    EndsWith,
    /// `CONTAINS`.
    Contains,
    /// `CONTAINS_WORD`.
    ContainsWord,
}

/// `ComparisonOperator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `EQ`.
    Eq,
    /// `NE`.
    Ne,
    /// `LE`.
    Le,
    /// `LT`.
    Lt,
    /// `GE`.
    Ge,
    /// `GT`.
    Gt,
}

/// `FieldToMatch` with what is done to it before it is inspected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Inspect {
    /// The request component.
    pub field: Field,
    /// `TextTransformations` by ascending priority.
    pub transformations: Vec<Transformation>,
    /// `PreParseTextTransformations` by ascending priority.
    pub pre_parse: Vec<PreParse>,
}

impl Inspect {
    /// A component with transformations.
    pub fn new(field: Field, transformations: impl Into<Vec<Transformation>>) -> Self {
        Self { field, transformations: transformations.into(), pre_parse: Vec::new() }
    }
}

/// The fourteen request components.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// `SingleHeader`.
    SingleHeader(String),
    /// `SingleQueryArgument`.
    SingleQueryArgument(String),
    /// `AllQueryArguments`.
    AllQueryArguments,
    /// `UriPath`.
    UriPath,
    /// `QueryString`.
    QueryString,
    /// `Body`.
    Body(Oversize),
    /// `Method`.
    Method,
    /// `JsonBody`.
    JsonBody(JsonBody),
    /// `Headers`.
    Headers(MapMatch),
    /// `Cookies`.
    Cookies(MapMatch),
    /// `HeaderOrder`.
    HeaderOrder(Oversize),
    /// `JA3Fingerprint`; `true` is FallbackBehavior MATCH.
    Ja3(bool),
    /// `JA4Fingerprint`; `true` is FallbackBehavior MATCH.
    Ja4(bool),
    /// `UriFragment`; `true` is FallbackBehavior MATCH.
    UriFragment(bool),
}

/// `OversizeHandling`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Oversize {
    /// `CONTINUE`: inspect what is within the limit. The default outside the console.
    #[default]
    Continue,
    /// `MATCH`.
    Match,
    /// `NO_MATCH`.
    NoMatch,
}

/// `JsonBody`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JsonBody {
    /// `MatchPattern.IncludedPaths` as pointer segments; `None` is `All`.
    pub paths: Option<Vec<Vec<String>>>,
    /// `MatchScope`.
    pub scope: Scope,
    /// `InvalidFallbackBehavior`; `None` inspects up to the error.
    pub fallback: Option<JsonFallback>,
    /// `OversizeHandling`.
    pub oversize: Oversize,
}

/// `InvalidFallbackBehavior`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonFallback {
    /// `MATCH`.
    Match,
    /// `NO_MATCH`.
    NoMatch,
    /// `EVALUATE_AS_STRING`.
    EvaluateAsString,
}

/// `MatchScope`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Keys and values.
    All,
    /// `KEY`.
    Key,
    /// `VALUE`.
    Value,
}

impl Scope {
    /// Whether keys are inspected.
    pub fn keys(self) -> bool {
        self != Self::Value
    }

    /// Whether values are inspected.
    pub fn values(self) -> bool {
        self != Self::Key
    }
}

/// `Headers` and `Cookies`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MapMatch {
    /// `MatchPattern`.
    pub filter: Filter,
    /// `MatchScope`.
    pub scope: Scope,
    /// `OversizeHandling`.
    pub oversize: Oversize,
}

/// Which headers or cookies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// All.
    All,
    /// Only these.
    Included(Vec<String>),
    /// All but these.
    Excluded(Vec<String>),
}

/// `PreParseTextTransformations`: what is done to the raw query before it is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PreParse {
    /// `NONE`.
    None,
    /// `URL_DECODE`.
    UrlDecode,
    /// `URL_DECODE_UNI`.
    UrlDecodeUni,
    /// `COMBINE_DUPLICATE_QUERY_ARGS_BY_COMMA`.
    CombineDuplicates,
    /// `REPLACE_SEMICOLONS_WITH_AMPERSANDS`.
    ReplaceSemicolons,
}

/// `ForwardedIPConfig`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ForwardedIp {
    /// `HeaderName`.
    pub header: String,
    /// `FallbackBehavior` is MATCH.
    pub fallback: bool,
}

/// `Position` of `IPSetForwardedIPConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpPosition {
    /// `FIRST`.
    First,
    /// `LAST`.
    Last,
    /// `ANY`: at most the last ten.
    Any,
}

/// An IP set.
#[derive(Clone, Debug, Default)]
pub struct IpSet {
    /// Its ARN.
    pub arn: String,
    /// Its addresses.
    pub addresses: Vec<IpNet>,
}

impl IpSet {
    /// Whether an address is in the set.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|net| net.contains(&address))
    }
}

/// A regex pattern set.
#[derive(Clone, Debug, Default)]
pub struct RegexPatternSet {
    /// Its ARN.
    pub arn: String,
    /// Its patterns; any may match.
    pub patterns: Vec<Arc<Pattern>>,
}

/// A rule group.
#[derive(Clone, Debug)]
pub struct RuleGroup {
    /// Its name.
    pub name: String,
    /// Its ARN; `<vendor>#<name>` for a managed one, as logs write it.
    pub arn: String,
    /// `Capacity`.
    pub capacity: u64,
    /// Rules by ascending priority.
    pub rules: Vec<Rule>,
    /// `awswaf:<account>:rulegroup:<name>:` or `awswaf:managed:<vendor>:<name>:`.
    pub label_prefix: String,
    /// `CustomResponseBodies`.
    pub bodies: BTreeMap<String, ResponseBody>,
}

/// A reference to a rule group, with overrides.
#[derive(Clone, Debug)]
pub struct GroupReference {
    /// ARN, or `<vendor>#<name>` with `#<version>` where one is set.
    pub id: String,
    /// Whether it is a managed group.
    pub managed: bool,
    /// The group; `None` for a managed group that is not simulated at all.
    pub group: Option<Arc<RuleGroup>>,
    /// `RuleActionOverrides`.
    pub overrides: BTreeMap<String, Action>,
    /// `ExcludedRules`.
    pub excluded: BTreeSet<String>,
    /// `ScopeDownStatement`.
    pub scope_down: Option<Statement>,
}

/// `RateBasedStatement`.
#[derive(Clone, Debug)]
pub struct RateBased {
    /// `Limit`.
    pub limit: u64,
    /// `EvaluationWindowSec`.
    pub window: u64,
    /// `AggregateKeyType` with `CustomKeys`.
    pub keys: RateKeys,
    /// `ForwardedIPConfig`.
    pub forwarded: Option<ForwardedIp>,
    /// `ScopeDownStatement`.
    pub scope_down: Option<Statement>,
}

/// What requests are counted by.
#[derive(Clone, Debug)]
pub enum RateKeys {
    /// `IP`.
    Ip,
    /// `FORWARDED_IP`.
    ForwardedIp,
    /// `CONSTANT`: all together.
    Constant,
    /// `CUSTOM_KEYS`.
    Custom(Vec<RateKey>),
}

/// One of `CustomKeys`.
#[derive(Clone, Debug)]
pub enum RateKey {
    /// `Header`.
    Header(String, Vec<Transformation>),
    /// `Cookie`.
    Cookie(String, Vec<Transformation>),
    /// `QueryArgument`.
    QueryArgument(String, Vec<Transformation>),
    /// `QueryString`.
    QueryString(Vec<Transformation>),
    /// `HTTPMethod`.
    HttpMethod,
    /// `ForwardedIP`.
    ForwardedIp,
    /// `IP`.
    Ip,
    /// `LabelNamespace`.
    LabelNamespace(String),
    /// `UriPath`.
    UriPath(Vec<Transformation>),
    /// `JA3Fingerprint`; `true` is FallbackBehavior MATCH.
    Ja3(bool),
    /// `JA4Fingerprint`; `true` is FallbackBehavior MATCH.
    Ja4(bool),
    /// `ASN`.
    Asn,
}
