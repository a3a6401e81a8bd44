//! Signed requests to AWS APIs, made by hand, so that a test needs no AWS client.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)]

use gate::sigv4::{hex, hmac, sha256, signing_key};
use sekisho_up as up;
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

/// Who signs.
pub struct Signer {
    endpoint: String,
    key: String,
    secret: String,
    token: Option<String>,
}

impl Signer {
    /// The root user.
    pub fn root(running: &up::Running) -> Self {
        let text = std::fs::read_to_string(running.credentials_file()).unwrap();
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('=')).unwrap().trim().to_owned();
        Self { endpoint: running.endpoint(), key: value("aws_access_key_id"), secret: value("aws_secret_access_key"), token: None }
    }

    /// A function's session.
    pub fn session(running: &up::Running, credentials: &up::Credentials) -> Self {
        let up::Credentials { access_key_id, secret_access_key, session_token, .. } = credentials.clone();
        Self { endpoint: running.endpoint(), key: access_key_id, secret: secret_access_key, token: session_token }
    }

    /// An operation of AWS WAF: status and body.
    pub async fn waf(&self, operation: &str, body: &Value) -> (u16, Value) {
        self.call("wafv2", &format!("AWSWAF_20190729.{operation}"), body).await
    }

    /// An operation of CloudWatch.
    pub async fn cloudwatch(&self, operation: &str, body: &Value) -> (u16, Value) {
        self.call("monitoring", &format!("GraniteServiceVersion20100801.{operation}"), body).await
    }

    async fn call(&self, service: &str, target: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let time = model::Time(i64::try_from(now).unwrap()).basic();
        let day = &time[..8];
        let mut headers = vec![("host", "127.0.0.1".to_owned()), ("x-amz-date", time.clone())];
        headers.extend(self.token.clone().map(|token| ("x-amz-security-token", token)));
        headers.push(("x-amz-target", target.to_owned()));
        let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", hex(&sha256(body.as_bytes())));
        let scope = format!("{day}/us-east-1/{service}/aws4_request");
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&sha256(canonical.as_bytes())));
        let signature = hex(&hmac(&signing_key(&self.secret, day, "us-east-1", service), text.as_bytes()));
        let mut sent: Vec<String> = headers.iter().skip(1).map(|(name, value)| format!("{name}: {value}")).collect();
        sent.push(format!("Authorization: AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", self.key));
        let sent: Vec<&str> = sent.iter().map(String::as_str).collect();
        let (status, answer) = super::http(&self.endpoint, "POST", "/", &sent, &body).await;
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }
}
