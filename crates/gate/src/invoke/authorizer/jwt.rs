//! JSON Web Tokens of a Cognito user pool (RFC 7519, RFC 7515 with RS256; Amazon Cognito Developer Guide, "Verifying
//! JSON web tokens"). Never accepts another algorithm than RS256 nor a key that the issuer does not publish.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Time;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Map, Value};

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Not a token, another algorithm, an unknown key, a wrong signature.
    Invalid,
    /// Its time is over.
    Expired,
}

/// The claims of a token that is not verified yet; `None` when it is no token.
pub(crate) fn claims(token: &str) -> Option<Map<String, Value>> {
    match json(token.split('.').nth(1)?)? {
        Value::Object(claims) => Some(claims),
        _ => None,
    }
}

/// Verifies the signature with the issuer's keys, and the expiry.
pub(super) fn verify(token: &str, jwks: &Value, proved: bool, now: Time) -> Result<Map<String, Value>, Refused> {
    let claims = claims(token).ok_or(Refused::Invalid)?;
    if !proved && !signed(token, jwks) {
        return Err(Refused::Invalid);
    }
    let expires = claims.get("exp").and_then(Value::as_i64).ok_or(Refused::Invalid)?;
    if expires <= now.seconds() { Err(Refused::Expired) } else { Ok(claims) }
}

/// Whether the signature is the issuer's.
pub(crate) fn signed(token: &str, jwks: &Value) -> bool {
    check(token, jwks).is_some()
}

fn check(token: &str, jwks: &Value) -> Option<()> {
    let (content, signature) = token.rsplit_once('.')?;
    let header = json(content.split('.').next()?)?;
    if content.matches('.').count() != 1 || header.get("alg")?.as_str()? != "RS256" {
        return None;
    }
    let kid = header.get("kid")?.as_str()?;
    let key = jwks.get("keys")?.as_array()?.iter().find(|key| key.get("kid").and_then(Value::as_str) == Some(kid))?;
    let part = |name: &str| URL_SAFE_NO_PAD.decode(key.get(name)?.as_str()?).ok();
    let key = RsaPublicKeyComponents { n: part("n")?, e: part("e")? };
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    key.verify(&RSA_PKCS1_2048_8192_SHA256, content.as_bytes(), &signature).ok()
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
