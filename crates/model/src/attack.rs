//! What an attack starts from, what the prover plants for it, and the target it may touch.

use crate::finding::RiskId;
use crate::http::{HttpRequest, HttpResponse};
use crate::identity::Identity;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What the attacker has before the attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Foothold {
    /// Anyone on the internet.
    Anyone,
    /// A signed-in user of the application.
    SignedInUser,
    /// A function's stolen credentials.
    FunctionCredentials,
    /// A user or role of another account, which may do everything there.
    OtherAccount,
    /// Somebody who has read the source and has a host in the VPC.
    SourceAndVpcHost,
}

/// A secret that the prover hides where an attack should not reach, and looks for in what it brings back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plant {
    /// Where.
    pub at: PlantAt,
    /// Only the prover knows it before the attack.
    pub canary: String,
}

/// Where a canary is planted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlantAt {
    /// Where a signed-in user keeps something private: the `{{canary}}` of the application's own traffic.
    Traffic,
    /// A row of the application's database: statement with `?` for the canary.
    Database {
        /// `INSERT INTO ... VALUES (?)`.
        statement: String,
    },
    /// An item of a DynamoDB table, in an attribute named `canary`.
    Table {
        /// Table name.
        table: String,
    },
    /// A variable of every stage of the application's APIs: part of every event, of no answer.
    Stages,
    /// An environment variable of a function, beside the credentials that Lambda puts there.
    Environment {
        /// `stack/LogicalId` of the function.
        function: String,
    },
    /// The name of the file in which a function's handler stands.
    HandlerFile {
        /// `stack/LogicalId` of the function.
        function: String,
    },
    /// An object of a bucket: its content, and in its key what `{canary}` stands for.
    Object {
        /// The bucket's name.
        bucket: String,
        /// `private/salaries.csv`.
        key: String,
    },
    /// Nowhere: the attack is to write it into an object of this bucket. The prover looks for it there, as the bucket's owner, and
    /// takes it away.
    Upload {
        /// The bucket's name.
        bucket: String,
    },
    /// A comment in the source of a function's handler, beside whatever else its code holds.
    Source {
        /// `stack/LogicalId` of the function.
        function: String,
    },
    /// What the pages that a customer opens may read in their browser: a cookie with a token, say.
    Browser,
    /// The application's own traffic, and a text that the attack may leave where only somebody else may write: who reads there
    /// finds it.
    TrafficOrLeft,
}

/// What an attack may touch: the application the user named, and nothing else.
pub trait Target {
    /// A request to an API of the application, by the API's resource and stage, without credentials added.
    fn http(&mut self, api: &str, request: &HttpRequest) -> Result<HttpResponse, TargetError>;
    /// The same to another stage of the API than the one that its customers use.
    fn http_at(&mut self, api: &str, stage: &str, request: &HttpRequest) -> Result<HttpResponse, TargetError>;
    /// A request to a bucket of the application, without credentials added: its path is the key. A signed URL, a form and nobody's
    /// own request look like this.
    fn bucket(&mut self, bucket: &str, request: &HttpRequest) -> Result<HttpResponse, TargetError>;
    /// What the attack is to write, where the prover wants to find it written ([`PlantAt::Upload`]).
    fn to_write(&mut self) -> Result<String, TargetError>;
    /// A token of a signed-in user of the application, for the foothold `SignedInUser`.
    fn user_token(&mut self) -> Result<String, TargetError>;
    /// Tokens of signed-in users who are not the one that keeps the canary: what an attacker among the customers has. Each call
    /// signs them in anew where that is known: a token that nothing has seen yet.
    fn other_tokens(&mut self) -> Result<Vec<String>, TargetError>;
    /// The same users where they have accounts in a user pool, with what they manage their accounts with.
    fn other_sessions(&mut self) -> Result<Vec<UserSession>, TargetError>;
    /// An AWS API call that AWS serves without a signature: `("cognito-idp", "AWSCognitoIdentityProviderService.SignUp", body)`.
    fn aws_unsigned(&mut self, service: &str, operation: &str, body: &serde_json::Value) -> Result<HttpResponse, TargetError>;
    /// An address of the attacker's own, at which nobody has written yet.
    fn own_address(&mut self) -> Result<String, TargetError>;
    /// What the attacker reads at that address.
    fn own_mail(&mut self) -> Result<String, TargetError>;
    /// A customer follows a link of the attacker's making. What `script`, which sends home what a page may read in the customer's
    /// browser, brought home; `None` when the answer is no page in which just that script runs.
    fn lure(&mut self, api: &str, link: &HttpRequest, script: &str) -> Result<Lured, TargetError>;
    /// The requests by which customers keep something, as another customer sends them: with the text to be left in the place of
    /// theirs, and without credentials.
    fn keeping(&mut self) -> Result<Vec<HttpRequest>, TargetError>;
    /// The answer in which the customer who keeps a canary finds what the attack left, reading as in normal traffic; `None` when
    /// no read of theirs holds it, or one of another customer does too.
    fn victim_reads(&mut self) -> Result<Option<HttpResponse>, TargetError>;
    /// An AWS API call with the credentials of this function's role, from outside the function:
    /// `("app/ManagePartnerFunction", "dynamodb", "DynamoDB_20120810.Scan", body)`.
    fn aws_as_function(
        &mut self,
        function: &str,
        service: &str,
        operation: &str,
        body: &serde_json::Value,
    ) -> Result<HttpResponse, TargetError>;
    /// An AWS API call by a user or role of another account, whose own account lets it do everything; with `role`, as a
    /// session of that role, which it takes first: the answer is that of STS when it does not get it.
    fn aws_as_outsider(
        &mut self,
        who: &Identity,
        role: Option<&str>,
        service: &str,
        operation: &str,
        body: &serde_json::Value,
    ) -> Result<HttpResponse, TargetError>;
    /// Logs in to a database cluster from a host in the VPC and runs one query; rows as text.
    fn database(&mut self, cluster: &str, user: &str, password: &str, query: &str) -> Result<Vec<Vec<String>>, TargetError>;
}

/// What a user of a user pool holds after signing in.
#[derive(Clone, PartialEq, Eq)]
pub struct UserSession {
    /// Says who they are, with their attributes.
    pub id_token: String,
    /// Manages their own account.
    pub access_token: String,
}

/// What became of a customer who followed a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lured {
    /// What the customer's browser got.
    pub response: HttpResponse,
    /// What the script sent home, when it ran.
    pub stolen: Option<String>,
}

/// A target that could not be reached or refused below the level of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetError {
    /// The target does not offer this foothold (a URL without credentials, say).
    NotOffered(String),
    /// Refused: by a security group, a failed log-in, a closed port. The words of whoever refused.
    Refused(String),
    /// It broke; this proves nothing.
    Failed(String),
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOffered(says) | Self::Refused(says) | Self::Failed(says) => f.write_str(says),
        }
    }
}

impl std::error::Error for TargetError {}

/// What an attack did at a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Slug.
    pub risk: RiskId,
    /// `stack/LogicalId` of the finding that was attacked.
    pub resource: String,
    /// What each step did, in order, for a person to read.
    pub steps: Vec<String>,
    /// Everything that was brought back, to be searched for canaries by the prover.
    #[serde(skip)]
    pub loot: Vec<String>,
    /// How the last step was refused, if it was: status and body, or the words of the refusal.
    pub refused: Option<String>,
    /// Something broke (a 5xx, a time-out): neither exploited nor blocked.
    pub broke: Option<String>,
}

impl Outcome {
    /// An attack that has not begun.
    pub fn new(risk: RiskId, resource: impl Into<String>) -> Self {
        Self { risk, resource: resource.into(), steps: Vec::new(), loot: Vec::new(), refused: None, broke: None }
    }

    /// Takes note of an answer; true when it was a success and its body is now loot.
    pub fn took(&mut self, response: &HttpResponse) -> bool {
        let body = String::from_utf8_lossy(&response.body);
        match response.status {
            200..=299 => {
                self.loot.push(body.into_owned());
                return true;
            }
            500..=599 => self.broke = Some(format!("{} {body}", response.status)),
            status => self.refused = Some(format!("{status} {body}")),
        }
        false
    }

    /// Takes note of a target that did not answer.
    pub fn failed(&mut self, error: &TargetError) {
        match error {
            TargetError::Refused(says) => self.refused = Some(says.clone()),
            TargetError::NotOffered(says) | TargetError::Failed(says) => self.broke = Some(says.clone()),
        }
    }

    /// Whether a text that only the prover knew was brought back.
    pub fn brought_back(&self, canary: &str) -> bool {
        self.loot.iter().any(|loot| loot.contains(canary))
    }
}
