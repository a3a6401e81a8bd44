//! A request signed in its query string (Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters").

use super::authorization::{self, Offered, Way};
use super::refusal::Refusal;
use model::HttpRequest;
use percent_encoding::percent_decode_str;

/// The longest time that such a URL may live: seven days, in seconds.
const LONGEST: i64 = 604_800;

/// Whether the query carries a signature of this version.
pub(super) fn is(request: &HttpRequest) -> bool {
    parameter(request, "X-Amz-Signature").is_some() || parameter(request, "X-Amz-Algorithm").is_some()
}

/// A parameter of the query, decoded.
pub(super) fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    let mut pairs = request.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let (_, value) = pairs.find(|(own, _)| percent_decode_str(own).decode_utf8_lossy() == name)?;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
}

/// Reads the parameters.
pub(super) fn read(request: &HttpRequest) -> Result<Offered, Refusal> {
    let wrong = |says: &str| Refusal::Other(400, "AuthorizationQueryParametersError", says.to_owned());
    let field = |name: &str| {
        parameter(request, name).filter(|value| !value.is_empty()).ok_or_else(|| {
            wrong(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, \
                 X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
            )
        })
    };
    if field("X-Amz-Algorithm")? != "AWS4-HMAC-SHA256" {
        return Err(wrong("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\""));
    }
    let seconds: i64 = field("X-Amz-Expires")?.parse().map_err(|_| wrong("X-Amz-Expires should be a number"))?;
    if seconds < 0 {
        return Err(wrong("X-Amz-Expires must be non-negative"));
    }
    if seconds > LONGEST {
        return Err(wrong(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
        ));
    }
    let (credential, signature) = (field("X-Amz-Credential")?, field("X-Amz-Signature")?);
    let parts = authorization::Parts {
        credential: &credential,
        signed: &field("X-Amz-SignedHeaders")?,
        signature: &signature,
        time: field("X-Amz-Date")?,
        token: parameter(request, "X-Amz-Security-Token").or_else(|| request.header("x-amz-security-token").map(str::to_owned)),
    };
    parts.offered(Way::Query { seconds })
}
