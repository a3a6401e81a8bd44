//! Refusals in AWS's words. The code and the status depend on the protocol of the service (the "Common errors" pages of
//! the API references; Amazon S3 API Reference, "Error responses").

use model::Stop;

/// The wire protocol of a service, as far as its errors depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// AWS JSON 1.0 and 1.1: errors are 400.
    Json,
    /// REST JSON: errors of identity are 403.
    RestJson,
    /// Query: errors of identity are 403, codes without `Exception`.
    Query,
    /// REST XML: Amazon S3.
    RestXml,
}

/// The protocol of a service by its signing name; JSON for one that is not known.
pub fn protocol(service: &str) -> Protocol {
    match service {
        "sts" | "iam" | "sns" | "cloudformation" | "rds" | "ec2" | "monitoring" | "elasticloadbalancing" | "autoscaling" => Protocol::Query,
        "s3" | "cloudfront" | "route53" => Protocol::RestXml,
        "lambda" | "apigateway" | "execute-api" | "scheduler" | "xray" | "ses" | "appsync" | "es" => Protocol::RestJson,
        _ => Protocol::Json,
    }
}

/// Why a signed request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No credentials.
    Missing,
    /// The header lacks a part.
    Incomplete(String),
    /// No such key, or a session token that is not the key's.
    UnknownKey,
    /// The session is over.
    ExpiredToken,
    /// The scope names another service, region or day.
    Scope(String),
    /// Too old, or from the future.
    Skewed(String),
    /// The signature is another one.
    Mismatch,
    /// S3: the body is not the one that was signed.
    PayloadMismatch,
    /// S3: status, code and message of its own.
    Other(u16, &'static str, String),
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and \
                        signing method. Consult the service documentation for details.";

impl Refusal {
    /// The refusal as this service words it.
    pub fn stop(&self, service: &str) -> Stop {
        let protocol = protocol(service);
        let (code, message) = match protocol {
            Protocol::RestXml => self.of_s3(),
            _ => self.of_others(protocol, service),
        };
        let status = match (protocol, self) {
            (_, Self::Other(status, ..)) => *status,
            (Protocol::Json, _)
            | (Protocol::RestXml, Self::ExpiredToken | Self::PayloadMismatch)
            | (Protocol::Query, Self::Incomplete(_)) => 400,
            _ => 403,
        };
        Stop { status, code: code.into(), message, response: None }
    }

    fn of_others(&self, protocol: Protocol, service: &str) -> (&'static str, String) {
        let query = protocol == Protocol::Query;
        let pick = |for_query, other| if query { for_query } else { other };
        let signature = pick("SignatureDoesNotMatch", "InvalidSignatureException");
        match self {
            Self::Missing if query || service == "dynamodb" => (
                pick("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
                "Request is missing Authentication Token".into(),
            ),
            Self::Missing => ("MissingAuthenticationTokenException", "Missing Authentication Token".into()),
            Self::Incomplete(says) => (pick("IncompleteSignature", "IncompleteSignatureException"), says.clone()),
            Self::UnknownKey => (
                pick("InvalidClientTokenId", "UnrecognizedClientException"),
                "The security token included in the request is invalid.".into(),
            ),
            Self::ExpiredToken => {
                (pick("ExpiredToken", "ExpiredTokenException"), "The security token included in the request is expired".into())
            }
            Self::Scope(says) | Self::Skewed(says) => (signature, says.clone()),
            Self::Mismatch | Self::PayloadMismatch => (signature, MISMATCH.into()),
            Self::Other(_, code, says) => (code, says.clone()),
        }
    }

    fn of_s3(&self) -> (&'static str, String) {
        match self {
            Self::Missing => ("AccessDenied", "Access Denied".into()),
            Self::Other(_, code, says) => (code, says.clone()),
            Self::Incomplete(_) | Self::Scope(_) => ("AuthorizationHeaderMalformed", "The authorization header is malformed.".into()),
            Self::UnknownKey => ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.".into()),
            Self::ExpiredToken => ("ExpiredToken", "The provided token has expired.".into()),
            Self::Skewed(says) => ("RequestTimeTooSkewed", says.clone()),
            Self::Mismatch => {
                let says =
                    "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
                ("SignatureDoesNotMatch", says.into())
            }
            Self::PayloadMismatch => {
                ("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.".into())
            }
        }
    }
}
