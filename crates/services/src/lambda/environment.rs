//! The environment variables of a function (AWS Lambda Developer Guide, "Defined runtime environment variables").

use model::aws::Function;
use std::collections::BTreeMap;
use std::fmt;

/// `AWS_LAMBDA_RUNTIME_API`: where the Runtime API listens inside the sandbox, as on Lambda.
pub const RUNTIME_API: &str = "127.0.0.1:9001";

/// Session credentials of the function's role.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `ASIA...`.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
    /// The session token.
    pub session_token: String,
}

/// Never shows the secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// What the environment of one execution environment is made of.
#[derive(Clone, Debug)]
pub struct Environment<'a> {
    /// The function.
    pub function: &'a Function,
    /// The region.
    pub region: &'a str,
    /// Of its role.
    pub credentials: &'a Credentials,
    /// Its log stream.
    pub log_stream: &'a str,
}

impl Environment<'_> {
    /// All variables, the function's own first. A reserved name wins over the function's own variable, since Lambda
    /// refuses such a function.
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut all: BTreeMap<String, String> = self.function.environment.clone();
        let mut defaults = vec![
            ("LANG", "en_US.UTF-8".to_owned()),
            ("TZ", ":UTC".to_owned()),
            ("PATH", "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin".to_owned()),
            (
                "LD_LIBRARY_PATH",
                "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib".to_owned(),
            ),
            // Certificates of the names that lead to the gate; for OpenSSL, the AWS SDKs, Python's requests.
            ("SSL_CERT_FILE", super::CA_PATH.to_owned()),
            ("AWS_CA_BUNDLE", super::CA_PATH.to_owned()),
            ("REQUESTS_CA_BUNDLE", super::CA_PATH.to_owned()),
        ];
        if let Some(Managed::Node(major)) = managed_runtime(&self.function.runtime) {
            let path =
                format!("/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task");
            defaults.extend([("NODE_PATH", path), ("NODE_EXTRA_CA_CERTS", super::CA_PATH.to_owned())]);
        }
        for (name, value) in defaults {
            all.entry(name.to_owned()).or_insert(value);
        }
        let reserved = [
            ("_HANDLER", self.function.handler.clone()),
            ("AWS_REGION", self.region.to_owned()),
            ("AWS_DEFAULT_REGION", self.region.to_owned()),
            ("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", self.function.runtime)),
            ("AWS_LAMBDA_FUNCTION_NAME", self.function.name.clone()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", self.function.memory.to_string()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", self.function.name)),
            ("AWS_LAMBDA_LOG_STREAM_NAME", self.log_stream.to_owned()),
            ("AWS_LAMBDA_RUNTIME_API", RUNTIME_API.to_owned()),
            ("AWS_ACCESS_KEY_ID", self.credentials.access_key_id.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.credentials.secret_access_key.clone()),
            ("AWS_SESSION_TOKEN", self.credentials.session_token.clone()),
            ("LAMBDA_TASK_ROOT", "/var/task".to_owned()),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
            ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned()),
            ("AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129:2000".to_owned()),
            ("_AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129".to_owned()),
            ("_AWS_XRAY_DAEMON_PORT", "2000".to_owned()),
        ];
        for (name, value) in reserved {
            all.insert(name.to_owned(), value);
        }
        all.into_iter().collect()
    }
}

/// A managed runtime that can run here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Managed {
    /// Node.js of this major version: 20 of `nodejs20.x`.
    Node(u32),
    /// Python 3 of this minor version: 13 of `python3.13`.
    Python(u32),
}

/// What a runtime's name asks for. `None` for every runtime that cannot run here.
pub fn managed_runtime(runtime: &str) -> Option<Managed> {
    if let Some(version) = runtime.strip_prefix("nodejs") {
        return version.split('.').next()?.parse().ok().map(Managed::Node);
    }
    runtime.strip_prefix("python3.")?.parse().ok().map(Managed::Python)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes() {
        for (name, expected) in [
            ("nodejs20.x", Some(Managed::Node(20))),
            ("nodejs8.10", Some(Managed::Node(8))),
            ("python3.13", Some(Managed::Python(13))),
            ("python2.7", None),
            ("python3", None),
            ("java21", None),
            ("", None),
        ] {
            assert_eq!(managed_runtime(name), expected, "{name}");
        }
    }
}
