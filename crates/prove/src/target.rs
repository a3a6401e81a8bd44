//! The application that `up` runs in this process, as the target of attacks: every foothold is at hand.

use attack::sigv4::{self, Credentials};
use attack::{Client, Disguise};
use model::{HttpRequest, HttpResponse, ResourceId, Target, TargetError, Time};
use serde_json::Value;
use std::collections::BTreeMap;
use up::Running;

/// A running application and an attacker's disguise.
pub struct UpTarget<'a> {
    running: &'a Running,
    runtime: &'a tokio::runtime::Runtime,
    client: &'a Client,
    /// Base path by API.
    bases: BTreeMap<String, String>,
    region: String,
    token: Option<String>,
    now: fn() -> Time,
    web: Disguise,
    aws: Disguise,
    stolen: BTreeMap<String, Credentials>,
}

impl<'a> UpTarget<'a> {
    /// A target; `token` is one of a signed-in customer.
    pub fn new(
        running: &'a Running,
        runtime: &'a tokio::runtime::Runtime,
        client: &'a Client,
        token: Option<String>,
        now: fn() -> Time,
    ) -> Self {
        let endpoint = running.endpoint();
        let path = |url: &str| url.strip_prefix(&endpoint).unwrap_or(url).to_owned();
        Self {
            bases: running.apis().into_iter().map(|api| (api.api.to_string(), path(&api.url))).collect(),
            region: running.app().region.clone(),
            running,
            runtime,
            client,
            token,
            now,
            web: Disguise::web(),
            aws: Disguise::aws(),
            stolen: BTreeMap::new(),
        }
    }

    /// Path before the path of a request to this API.
    pub fn base(&self, api: &str) -> Option<&str> {
        self.bases.get(api).map(String::as_str)
    }
}

/// `stack/Logical` as an id.
fn id(text: &str) -> Option<ResourceId> {
    // Stack names have no slash; logical ids are alphanumeric.
    text.rsplit_once('/').map(|(stack, logical)| ResourceId::new(stack, logical))
}

impl Target for UpTarget<'_> {
    fn http(&mut self, api: &str, request: &HttpRequest) -> Result<HttpResponse, TargetError> {
        let base = self.base(api).ok_or_else(|| TargetError::NotOffered(format!("{api} has no stage")))?;
        let mut request = request.clone();
        request.path = format!("{base}{}", request.path);
        self.client.send(&request, &self.web).map_err(|error| TargetError::Failed(error.to_string()))
    }

    fn user_token(&mut self) -> Result<String, TargetError> {
        let none = "no customer has a token: describe the application's normal traffic in traffic.http";
        self.token.clone().ok_or_else(|| TargetError::NotOffered(none.into()))
    }

    fn aws_as_function(&mut self, function: &str, service: &str, operation: &str, body: &Value) -> Result<HttpResponse, TargetError> {
        if !self.stolen.contains_key(function) {
            let id = id(function).ok_or_else(|| TargetError::NotOffered(format!("{function} is no function")))?;
            let session = self.running.function_credentials(&id).map_err(|error| TargetError::NotOffered(error.to_string()))?;
            let (access_key_id, secret_access_key, session_token) =
                (session.access_key_id, session.secret_access_key, session.session_token);
            self.stolen.insert(function.to_owned(), Credentials { access_key_id, secret_access_key, session_token });
        }
        let credentials = self.stolen.get(function).ok_or_else(|| TargetError::Failed("no session".into()))?;
        let mut request = HttpRequest {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![
                ("Host".into(), format!("{service}.{}.amazonaws.com", self.region)),
                ("User-Agent".into(), self.aws.user_agent.clone()),
                ("Content-Type".into(), "application/x-amz-json-1.0".into()),
                ("X-Amz-Target".into(), operation.to_owned()),
            ],
            body: body.to_string().into_bytes(),
            ..HttpRequest::default()
        };
        sigv4::sign(&mut request, credentials, &self.region, service, (self.now)());
        self.client.send(&request, &self.aws).map_err(|error| TargetError::Failed(error.to_string()))
    }

    fn database(&mut self, cluster: &str, user: &str, password: &str, query: &str) -> Result<Vec<Vec<String>>, TargetError> {
        let _ = (cluster, user, password, query);
        Err(TargetError::NotOffered("no database yet".into()))
    }
}
