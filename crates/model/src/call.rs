//! What is asked of the application. Whatever crosses a border is one of these, and the gate judges it.

use crate::app::ResourceId;
use crate::http::HttpRequest;
use crate::identity::Identity;
use crate::time::Time;
use crate::verdict::Stop;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One question to the gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Unique in a run; AWS's request id in answers and logs.
    pub id: String,
    /// When it arrived.
    pub time: Time,
    /// The address it came from.
    pub source_ip: String,
    /// Whether it came over TLS (`aws:SecureTransport`).
    pub tls: bool,
    /// What it offers as proof of who it is.
    pub credential: Credential,
    /// What it wants.
    pub ask: Ask,
}

/// A proof of identity, as it arrived or already proved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Credential {
    /// None, or one that the API itself must judge (an `Authorization` header for an authorizer).
    None,
    /// A SigV4-signed request. The gate finds the secret key in its State and checks the signature.
    SigV4 {
        /// The request that was signed, whole.
        request: Box<HttpRequest>,
        /// The service the request was sent to (`dynamodb`): the scope must name it.
        service: String,
    },
    /// The identity was proved before: inside the process, or in a journal that keeps no secrets.
    Proved(Identity),
    /// The proof was judged before and refused: only in a journal.
    Refused(Stop),
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// To invoke a route of an API stage.
    Invoke(Invoke),
    /// To perform an AWS API operation.
    Api(ApiCall),
    /// To open a connection out of a function.
    Connect(Connect),
}

/// A request to a stage of an API Gateway API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invoke {
    /// The API.
    pub api: ResourceId,
    /// Stage name.
    pub stage: String,
    /// The request; its path is the path after the stage.
    pub request: HttpRequest,
    /// Bytes of the body that came after those in `request` and were not kept. Such a request may be refused, never passed.
    #[serde(default, skip_serializing_if = "is_none")]
    pub beyond: usize,
}

fn is_none(bytes: &usize) -> bool {
    *bytes == 0
}

/// An AWS API operation. One operation may need several authorisations (`TransactWriteItems`): then it is
/// several calls, and all must pass.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ApiCall {
    /// IAM action: `dynamodb:PutItem`.
    pub action: String,
    /// ARN of the resource acted on, or `*` for actions without one.
    pub resource: String,
    /// The account that owns the resource.
    pub resource_account: String,
    /// Condition keys that only the request knows: `dynamodb:LeadingKeys` to its values.
    pub context: BTreeMap<String, Vec<String>>,
    /// The canned access control list of the object acted on (`public-read`), which only Amazon S3's own store knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_acl: Option<String>,
    /// For a call that the gate asked for ([`crate::Answer::Needs`]): what to send and where to keep the answer.
    #[serde(default)]
    pub invocation: Option<Box<Invocation>>,
}

/// The invocation of a Lambda authorizer that the gate needs before it can judge a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    /// The event to invoke the function with.
    pub payload: serde_json::Value,
    /// The key under which [`crate::State::authorizer_answer`] must give the answer.
    pub cache_key: String,
}

/// A connection out of a function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connect {
    /// The function or host that connects.
    pub from: Origin,
    /// The name it asked for, or an address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `tcp` or `udp`.
    pub protocol: String,
}

/// Where a connection starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A function, with the security groups and subnets of its `VpcConfig`.
    Function(ResourceId),
    /// A host in a VPC with this address and no security group that we know.
    Host {
        /// IPv4 address.
        address: String,
    },
}
