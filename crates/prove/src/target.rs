//! The application that `up` runs in this process, as the target of attacks: every foothold is at hand.

use attack::sigv4::{self, Credentials};
use attack::{Client, Disguise};
use model::{App, HttpRequest, HttpResponse, ResourceId, Target, TargetError, Time};
use rand::Rng;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use up::Running;

/// A running application and an attacker's disguise.
pub struct UpTarget<'a> {
    running: &'a Running,
    client: &'a Client,
    /// Base path by API.
    bases: BTreeMap<String, String>,
    region: String,
    token: Option<String>,
    now: fn() -> Time,
    web: Disguise,
    aws: Disguise,
    stolen: BTreeMap<String, Credentials>,
    vpc_host: Ipv4Addr,
}

impl<'a> UpTarget<'a> {
    /// A target; `token` is one of a signed-in customer.
    pub fn new(running: &'a Running, client: &'a Client, token: Option<String>, now: fn() -> Time) -> Self {
        let endpoint = running.endpoint();
        let path = |url: &str| url.strip_prefix(&endpoint).unwrap_or(url).to_owned();
        Self {
            bases: running.apis().into_iter().map(|api| (api.api.to_string(), path(&api.url))).collect(),
            region: running.app().region.clone(),
            running,
            client,
            token,
            now,
            web: Disguise::web(),
            aws: Disguise::aws(),
            stolen: BTreeMap::new(),
            vpc_host: vpc_host(&running.app()),
        }
    }

    /// Path before the path of a request to this API.
    pub fn base(&self, api: &str) -> Option<&str> {
        self.bases.get(api).map(String::as_str)
    }
}

/// A random address of a subnet that no function uses: a bastion or a workstation in the VPC.
fn vpc_host(app: &App) -> Ipv4Addr {
    let functions: BTreeSet<&String> = app.aws().functions.values().flat_map(|function| &function.subnets).collect();
    let others = app.of_kind("AWS::EC2::Subnet").filter(|subnet| !functions.contains(&subnet.physical_id));
    let block = others.filter_map(|subnet| subnet.properties.get("CidrBlock")?.scalar()).next();
    let network = block.and_then(|block| block.split_once('/')?.0.parse::<Ipv4Addr>().ok()).unwrap_or(Ipv4Addr::new(10, 0, 1, 0));
    let [a, b, c, _] = network.octets();
    // AWS keeps the first four addresses of a subnet and the last.
    Ipv4Addr::new(a, b, c, rand::thread_rng().gen_range(20..250))
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
        let id = id(cluster).ok_or_else(|| TargetError::NotOffered(format!("{cluster} is no cluster")))?;
        self.running.query_from_vpc_host(&id, self.vpc_host, (user, password), query).map_err(|error| match error {
            up::UpError::Refused { why } => TargetError::Refused(why),
            other => TargetError::NotOffered(other.to_string()),
        })
    }
}
