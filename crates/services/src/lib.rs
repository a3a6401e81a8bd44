//! What AWS does: one folder is one service.
//!
//! A service understands AWS's wire format, says what a request asks for, and carries out what the gate let
//! pass. It never decides, never calls another service, and reaches the outside only through [`model::World`].

use model::{ApiCall, App, Change, HttpRequest, HttpResponse, Identity, IssuedKey, StoreError, World};
use serde_json::{Map, Value};

pub mod apigateway;
mod cbor;
pub mod cloudwatch;
pub mod cognito;
mod draw;
pub mod dynamodb;
pub mod lambda;
pub mod rds;
pub mod s3;
pub mod secretsmanager;
pub mod sts;
pub mod wafv2;
pub mod wire;

#[cfg(test)]
mod testing;

pub use wire::{answered, render_error, render_stop};

/// Every service of the garden, in the order in which `up` asks them.
pub fn all() -> Vec<Box<dyn Service>> {
    vec![
        Box::new(cloudwatch::CloudWatch),
        Box::new(cognito::Cognito),
        Box::new(dynamodb::DynamoDb::default()),
        Box::new(rds::Rds),
        Box::new(s3::S3::default()),
        Box::new(secretsmanager::SecretsManager),
        Box::new(sts::Sts),
        Box::new(wafv2::Wafv2),
    ]
}

/// One AWS service behind an endpoint such as `dynamodb.us-east-1.amazonaws.com`.
pub trait Service: Send + Sync {
    /// Endpoint prefix and SigV4 service name: `dynamodb`, `cognito-idp`.
    fn endpoint(&self) -> &'static str;

    /// What this request asks for, from the wire.
    ///
    /// # Errors
    /// An operation or a body that is not understood, as the AWS error the caller gets.
    fn asks(&self, app: &App, request: &HttpRequest) -> Result<Asked, ServiceError>;

    /// Adds what follows from who asks, once the gate has proved the caller and before the needs that are left are put to
    /// it: what a session hands on to the next one needs permissions too. Most operations ask the same of everybody.
    fn asks_as(&self, _asked: &mut Asked, _caller: &Identity) {}

    /// Adds what only the service's own store knows to the needs, before they are put to the gate: whether an object is there, and
    /// its access control list.
    ///
    /// # Errors
    /// The store failed.
    fn asks_of_store(&self, _app: &App, _asked: &mut Asked, _world: &dyn World) -> Result<(), ServiceError> {
        Ok(())
    }

    /// Carries out what the gate let pass.
    ///
    /// # Errors
    /// The AWS error the caller gets (`ResourceNotFoundException`); state is then unchanged.
    fn carry_out(&self, app: &App, asked: &Asked, caller: &Identity, world: &dyn World) -> Result<Done, ServiceError>;
}

/// An operation read from the wire, not yet authorised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// Operation in AWS's spelling: `PutItem`.
    pub operation: String,
    /// Every authorisation it needs; all must pass. Empty only for what AWS offers without credentials
    /// (a token endpoint, JWKS), which is then `public`.
    pub needs: Vec<ApiCall>,
    /// Whether AWS serves it to anyone, unsigned.
    pub public: bool,
    /// The parsed parameters, for `carry_out`.
    pub parameters: Value,
    /// What of them CloudTrail writes as `requestParameters`, without secrets.
    pub logged_parameters: Value,
    /// CloudTrail's `readOnly`.
    pub read_only: bool,
    /// CloudTrail data event (`eventCategory: Data`) rather than a management event.
    pub data_event: bool,
    /// The body as it came, where the operation keeps it.
    pub content: Vec<u8>,
}

/// An operation carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// What the caller gets.
    pub response: HttpResponse,
    /// CloudTrail's `responseElements`, without secrets; `null` for reads.
    pub response_elements: Value,
    /// What it changed in the application.
    pub changes: Vec<Change>,
    /// Access keys it issued, for the table from which `State::key` answers.
    pub issued: Vec<Issued>,
}

/// An access key that a service issued (STS `AssumeRole`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// `ASIA...`.
    pub access_key_id: String,
    /// The secret, the session token and whose they are.
    pub key: IssuedKey,
}

impl Done {
    /// An answer that changed nothing in the application and issued nothing.
    pub fn new(response: HttpResponse, response_elements: Value) -> Self {
        Self { response, response_elements, changes: Vec::new(), issued: Vec::new() }
    }
}

/// An answer of a service in the protocol that its request was in, where the service speaks several.
pub fn spoken(endpoint: &str, request: &HttpRequest, response: HttpResponse) -> HttpResponse {
    match endpoint {
        "monitoring" => cloudwatch::answered(request, response),
        _ => response,
    }
}

/// An error as AWS words it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// HTTP status.
    pub status: u16,
    /// `ResourceNotFoundException`.
    pub code: String,
    /// The message.
    pub message: String,
    /// Further members of the error's body in JSON protocols (`CancellationReasons`); mostly empty.
    pub members: Box<Map<String, Value>>,
}

impl ServiceError {
    /// An error with this status, code and message.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), members: Box::default() }
    }
}

/// A store that fails is the service's own fault; its words stay out of the answer.
impl From<StoreError> for ServiceError {
    fn from(_: StoreError) -> Self {
        Self::new(500, "InternalServerError", "The request processing has failed because of an unknown error, exception or failure.")
    }
}
