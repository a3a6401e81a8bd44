//! The gate's answer and its reasons.

use crate::call::Call;
use crate::http::HttpResponse;
use crate::identity::Identity;
use crate::place::Place;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What `decide` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Pass, stop, ask first, or it depends.
    pub answer: Answer,
    /// One reason for each phase that was reached, in order. The last one decided.
    pub why: Vec<Reason>,
    /// What the judgement costs; a pass is to be applied atomically with it. Unless `answer` is a pass there are only
    /// the counts of rate-based rules, which count what they stop too.
    pub charges: Vec<Charge>,
    /// The version of the App it holds for.
    pub app_version: u64,
}

/// The four answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// It may pass.
    Pass(Box<Grant>),
    /// It is stopped, with what AWS would answer.
    Stop(Stop),
    /// An authorizer's answer is missing: make this call, put its answer into the State, ask again.
    Needs(Box<Call>),
    /// Something in the App is unknown. `up` stops such a call, `scan` reports it with the condition.
    Depends(Residual),
}

/// What passed, with what the phases found out on the way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// Who the caller is.
    pub identity: Option<Identity>,
    /// For an API: the index of the matched route in [`crate::aws::RestApi::routes`].
    pub route: Option<usize>,
    /// For an API: path parameters.
    pub path_parameters: BTreeMap<String, String>,
    /// For an API: what the authorizer said (`requestContext.authorizer`); `None` when the route has none.
    pub authorizer: Option<serde_json::Map<String, serde_json::Value>>,
    /// For an API: id of the API key that was used.
    pub api_key_id: Option<String>,
    /// For an API: headers that the web ACL inserts into the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inserted_headers: Vec<(String, String)>,
    /// For a connection: where it really leads.
    pub destination: Option<String>,
}

/// A refusal as AWS words it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// HTTP status.
    pub status: u16,
    /// API Gateway's response type (`UNAUTHORIZED`) or the error code of an AWS API (`AccessDenied`).
    pub code: String,
    /// The message of the body.
    pub message: String,
    /// The whole answer, where the control that stopped the call has one of its own: a web ACL's custom response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Box<HttpResponse>>,
}

/// What a verdict depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Residual {
    /// A sentence: "passes if parameter Stage is `dev`".
    pub says: String,
    /// Where the unknown value is written.
    pub place: Option<Place>,
}

/// AWS's phases, in AWS's order for each kind of call (see `gate`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// TLS of the connection.
    Tls,
    /// Finding the route; an unknown one is `MISSING_AUTHENTICATION_TOKEN`.
    Route,
    /// Web ACL.
    Waf,
    /// Who is calling: SigV4 or token.
    Identify,
    /// Resource policy of the API.
    ResourcePolicy,
    /// Lambda, Cognito or JWT authorizer, or IAM authorization.
    Authorizer,
    /// API key.
    ApiKey,
    /// Usage plan: throttle, burst, quota.
    UsagePlan,
    /// Models and request validators.
    Validation,
    /// Whether the API may invoke the integration.
    IntegrationPermission,
    /// IAM decision for an AWS API call.
    Iam,
    /// Security groups of the two ends of a connection.
    SecurityGroup,
    /// Whether the name leads anywhere.
    Dns,
}

/// One sentence of the gate, with the place in the application that made it so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The phase that speaks.
    pub phase: Phase,
    /// "the route has no authorizer", "statement 2 of the role's policy allows dynamodb:* on *".
    pub says: String,
    /// The control or its absence, where it is written.
    pub place: Option<Place>,
}

/// What a pass costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Charge {
    /// One request of a usage plan by an API key.
    UsagePlan {
        /// The plan's physical id.
        plan: String,
        /// The key's id.
        key: String,
    },
    /// One request counted by a rate-based rule of a web ACL.
    Rate {
        /// The rule: web ACL and the names on the way.
        rule: String,
        /// The aggregation instance: an address, or a hash of the custom keys' values.
        instance: String,
        /// The rule's limit. A rule whose limit or window changes begins to count anew.
        limit: u64,
        /// The rule's window, in seconds.
        window: u64,
    },
}

impl Verdict {
    /// Whether the call may pass.
    pub fn passes(&self) -> bool {
        matches!(self.answer, Answer::Pass(_))
    }

    /// The sentence that decided: the last reason.
    pub fn reason(&self) -> Option<&Reason> {
        self.why.last()
    }
}

impl Phase {
    /// The name in `x-sekisho-why` and in the gate's line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Route => "route",
            Self::Waf => "waf",
            Self::Identify => "identify",
            Self::ResourcePolicy => "resource policy",
            Self::Authorizer => "authorizer",
            Self::ApiKey => "api key",
            Self::UsagePlan => "usage plan",
            Self::Validation => "validation",
            Self::IntegrationPermission => "integration permission",
            Self::Iam => "iam",
            Self::SecurityGroup => "security group",
            Self::Dns => "dns",
        }
    }
}
