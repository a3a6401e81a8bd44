//! Signing a request as an AWS client does (IAM User Guide, "Create a signed AWS API request").

use hmac::{Hmac, Mac};
use model::{HttpRequest, Time};
use sha2::{Digest, Sha256};

/// Credentials of a session or a user.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `ASIA...` or `AKIA...`.
    pub access_key_id: String,
    /// Never printed.
    pub secret_access_key: String,
    /// Present for sessions.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.access_key_id)
    }
}

/// Adds `x-amz-date`, `x-amz-security-token` and `Authorization` to a request whose path is `/` and which has no
/// query, as the JSON protocols send it. Every header the request has is signed.
pub fn sign(request: &mut HttpRequest, credentials: &Credentials, region: &str, service: &str, now: Time) {
    let date = now.basic();
    let day = date.get(..8).unwrap_or_default().to_owned();
    request.headers.push(("X-Amz-Date".into(), date.clone()));
    if let Some(token) = &credentials.session_token {
        request.headers.push(("X-Amz-Security-Token".into(), token.clone()));
    }
    let mut headers: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.split_whitespace().collect::<Vec<_>>().join(" ")))
        .collect();
    headers.sort();
    let names = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical =
        format!("{}\n{}\n{}\n{lines}\n{names}\n{}", request.method, request.path, request.query, hex(&Sha256::digest(&request.body)));
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(canonical.as_bytes())));
    let key = [day.as_str(), region, service, "aws4_request"]
        .iter()
        .fold(format!("AWS4{}", credentials.secret_access_key).into_bytes(), |key, part| mac(&key, part.as_bytes()));
    let signature = hex(&mac(&key, to_sign.as_bytes()));
    let value = format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", credentials.access_key_id);
    request.headers.push(("Authorization".into(), value));
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `get-vanilla` of AWS's published Signature Version 4 test suite.
    #[test]
    fn get_vanilla() {
        let mut request = HttpRequest {
            method: "GET".into(),
            path: "/".into(),
            headers: vec![("Host".into(), "example.amazonaws.com".into())],
            ..HttpRequest::default()
        };
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: None,
        };
        sign(&mut request, &credentials, "us-east-1", "service", Time(1_440_938_160_000));
        assert!(
            request
                .header("authorization")
                .unwrap()
                .ends_with("Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
        );
    }
}
