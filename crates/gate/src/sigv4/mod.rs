//! AWS Signature Version 4, the verifying side (IAM User Guide, "AWS Signature Version 4 for API requests", "Create a
//! signed AWS API request"). Never compares signatures in a time that depends on them, never echoes a header.

mod authorization;
mod canonical;
mod chunked;
mod form;
mod presigned;
mod refusal;

use authorization::{Offered, Way};
use hmac::{Hmac, Mac};
use model::{HttpRequest, Identity, State, Stop, Time};
use sha2::{Digest, Sha256};

pub use authorization::instant;
pub use chunked::{Chunked, is_chunked};
pub use form::Form;
pub use refusal::{Protocol, Refusal, protocol};

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// HMAC-SHA-256.
pub fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    keyed(key).chain_update(message).finalize().into_bytes().into()
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of any length, so the error cannot occur; an empty key would only make verification fail.
    <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap_or_else(|_| <Hmac<Sha256> as Mac>::new(&Default::default()))
}

/// The identity that a signed request proves.
///
/// `service` is the signing name of the endpoint the request came to, `region` the endpoint's region, `now` the time
/// of arrival. The key pair comes from `state`.
///
/// # Errors
/// The refusal as AWS words it for the protocol of the service.
pub fn verify(request: &HttpRequest, service: &str, region: &str, now: Time, state: &dyn State) -> Result<Identity, Stop> {
    prove(request, service, region, now, state).map_err(|refusal| refusal.stop(service))
}

fn prove(request: &HttpRequest, service: &str, region: &str, now: Time, state: &dyn State) -> Result<Identity, Refusal> {
    let offered = authorization::read(request, service)?;
    offered.check_scope(service, region)?;
    offered.check_time(service, now)?;
    let key = state.key(&offered.access_key_id).ok_or(Refusal::UnknownKey)?;
    if key.expires.is_some_and(|end| end <= now) {
        return Err(Refusal::ExpiredToken);
    }
    if !same(offered.token.as_bytes(), key.session_token.as_deref().unwrap_or_default().as_bytes()) {
        return Err(Refusal::UnknownKey);
    }
    let signing = signing_key(&key.secret, &offered.date, &offered.region, &offered.service);
    let mut mac = keyed(&signing);
    match &offered.way {
        Way::Form { policy } => mac.update(policy.as_bytes()),
        Way::Header | Way::Query { .. } => {
            let canonical = canonical::request(request, &offered, service)?;
            let hash = hex(&sha256(canonical.as_bytes()));
            mac.update(format!("AWS4-HMAC-SHA256\n{}\n{}\n{hash}", offered.time, offered.scope()).as_bytes());
        }
    }
    // `verify_slice` takes the same time for every signature.
    mac.verify_slice(&offered.signature).map_err(|_| Refusal::Mismatch)?;
    body(request, &offered, &signing, service, now)?;
    Ok(key.identity)
}

/// What of a request its own signature does not cover: the chunks of a body, what a form's policy demands.
fn body(request: &HttpRequest, offered: &Offered, signing: &[u8], service: &str, now: Time) -> Result<(), Refusal> {
    if let Way::Form { policy } = &offered.way {
        return form::check(request, policy, now);
    }
    let said = request.header("x-amz-content-sha256").filter(|said| service == "s3" && is_chunked(said));
    let Some(said) = said else { return Ok(()) };
    let chunked = Chunked::read(&request.body)
        .ok_or_else(|| Refusal::Other(400, "IncompleteBody", "The request body terminated unexpectedly".into()))?;
    match said {
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Ok(()),
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" | "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => {
            chunked.signed(signing, (&offered.time, &offered.scope()), &hex(&offered.signature))
        }
        _ => Err(Refusal::PayloadMismatch),
    }
}

/// The scope of the credential that a request offers, without proving it: `AKID/20261122/us-east-1/s3/aws4_request`; from the
/// header or the query string.
pub fn scope(request: &HttpRequest) -> Option<String> {
    if let Some(rest) = request.header("authorization").and_then(|value| value.strip_prefix("AWS4-HMAC-SHA256")) {
        let credential = rest.split(',').find_map(|part| part.trim().strip_prefix("Credential="))?;
        return Some(credential.to_owned());
    }
    presigned::parameter(request, "X-Amz-Credential")
}

/// The same for Amazon S3, where the form of an upload may carry it too.
pub fn scope_of_upload(request: &HttpRequest) -> Option<String> {
    scope(request).or_else(|| Form::read(request)?.field("x-amz-credential").map(str::to_owned))
}

/// The signing key of a day, region and service.
pub fn signing_key(secret: &str, date: &str, region: &str, service: &str) -> [u8; 32] {
    let day = hmac(format!("AWS4{secret}").as_bytes(), date.as_bytes());
    let region = hmac(&day, region.as_bytes());
    hmac(&hmac(&region, service.as_bytes()), b"aws4_request")
}

/// Whether two secrets are the same, in a time that depends on neither: the hashes are compared.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    let (left, right) = (sha256(left), sha256(right));
    left.iter().zip(right).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
