//! The application that `up` runs in this process, as the target of attacks: every foothold is at hand.

use crate::browser;
use crate::sign_in::SignIn;
use attack::sigv4::{self, Credentials};
use attack::{Client, Disguise};
use model::attack::{Lured, UserSession};
use model::{App, HttpRequest, HttpResponse, Identity, ResourceId, Target, TargetError, Time};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
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
    customers: Known,
    /// What an attack is to leave.
    left: String,
    /// Where an attacker reads mail.
    address: String,
    /// What pages may read in a customer's browser.
    session: String,
    customer: Disguise,
    now: fn() -> Time,
    web: Disguise,
    aws: Disguise,
    stolen: BTreeMap<String, Credentials>,
    vpc_host: Ipv4Addr,
}

impl<'a> UpTarget<'a> {
    /// A target.
    pub fn new(running: &'a Running, client: &'a Client, customers: Known, now: fn() -> Time) -> Self {
        let endpoint = running.endpoint();
        let path = |url: &str| url.strip_prefix(&endpoint).unwrap_or(url).to_owned();
        Self {
            bases: running.apis().into_iter().map(|api| (api.api.to_string(), path(&api.url))).collect(),
            region: running.app().region.clone(),
            running,
            client,
            customers,
            left: String::new(),
            address: String::new(),
            session: String::new(),
            customer: Disguise::web(),
            now,
            web: Disguise::web(),
            aws: Disguise::aws(),
            stolen: BTreeMap::new(),
            vpc_host: vpc_host(&running.app()),
        }
    }

    /// A call of a JSON protocol.
    fn json(&self, credentials: &Credentials, service: &str, operation: &str, body: &Value) -> Result<HttpResponse, TargetError> {
        self.send(credentials, service, ("application/x-amz-json-1.0", Some(operation)), body.to_string().into_bytes())
    }

    fn send(
        &self,
        credentials: &Credentials,
        service: &str,
        (content_type, operation): (&str, Option<&str>),
        body: Vec<u8>,
    ) -> Result<HttpResponse, TargetError> {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut headers = vec![
            header("Host", &format!("{service}.{}.amazonaws.com", self.region)),
            header("User-Agent", &self.aws.user_agent),
            header("Content-Type", content_type),
        ];
        headers.extend(operation.map(|operation| header("X-Amz-Target", operation)));
        let mut request = HttpRequest { method: "POST".into(), path: "/".into(), headers, body, ..HttpRequest::default() };
        sigv4::sign(&mut request, credentials, &self.region, service, (self.now)());
        self.client.send(&request, &self.aws).map_err(|error| TargetError::Failed(error.to_string()))
    }

    /// Puts a secret where the pages that a customer opens can read it.
    pub fn in_browser(&mut self, secret: &str) {
        secret.clone_into(&mut self.session);
    }

    /// Gives the attack a text to leave.
    pub fn to_leave(&mut self, text: &str) {
        text.clone_into(&mut self.left);
    }

    /// Reads once more what customers read; the first answer that holds what was left.
    fn finds(&self, reads: &[(String, HttpRequest)]) -> Result<Option<HttpResponse>, TargetError> {
        for (_, request) in reads {
            let answer = self.client.send(request, &self.customer).map_err(|error| TargetError::Failed(error.to_string()))?;
            if String::from_utf8_lossy(&answer.body).contains(&self.left) {
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    /// Path before the path of a request to this API.
    pub fn base(&self, api: &str) -> Option<&str> {
        self.bases.get(api).map(String::as_str)
    }
}

/// What is known of the customers.
pub struct Known {
    /// A token of the customer who keeps the canary.
    pub token: Option<String>,
    /// How the others sign in.
    pub others: Vec<SignIn>,
    /// The requests that kept the canary.
    pub kept: Vec<HttpRequest>,
    /// What they said of their own: the canary, and what makes names unique.
    pub said: [String; 2],
    /// What the customer who keeps the canary reads, and what others read.
    pub reads: [Vec<(String, HttpRequest)>; 2],
}

/// A session as a client signs with it.
fn signer(session: up::Credentials) -> Credentials {
    let up::Credentials { access_key_id, secret_access_key, session_token, .. } = session;
    Credentials { access_key_id, secret_access_key, session_token }
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

    fn http_at(&mut self, api: &str, stage: &str, request: &HttpRequest) -> Result<HttpResponse, TargetError> {
        let base = self.base(api).ok_or_else(|| TargetError::NotOffered(format!("{api} has no stage")))?;
        // A stage that is gone is still asked for: the answer of API Gateway is what counts.
        let id = base.split('/').nth(2).unwrap_or_default();
        let mut request = request.clone();
        request.path = format!("/restapis/{id}/{stage}/_user_request_{}", request.path);
        self.client.send(&request, &self.web).map_err(|error| TargetError::Failed(error.to_string()))
    }

    fn bucket(&mut self, bucket: &str, request: &HttpRequest) -> Result<HttpResponse, TargetError> {
        let mut request = request.clone();
        request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("host"));
        request.headers.push(("Host".into(), format!("{bucket}.s3.{}.amazonaws.com", self.region)));
        self.client.send(&request, &self.web).map_err(|error| TargetError::Failed(error.to_string()))
    }

    fn to_write(&mut self) -> Result<String, TargetError> {
        Ok(self.left.clone())
    }

    fn user_token(&mut self) -> Result<String, TargetError> {
        let none = "no customer has a token: describe the application's normal traffic in traffic.http";
        self.customers.token.clone().ok_or_else(|| TargetError::NotOffered(none.into()))
    }

    fn other_tokens(&mut self) -> Result<Vec<String>, TargetError> {
        if self.customers.others.is_empty() {
            let none = "only one customer is known: describe the normal traffic of a second one in traffic.http";
            return Err(TargetError::NotOffered(none.into()));
        }
        let app = self.running.app();
        self.customers.others.iter().map(|by| by.token(&app, self.client, &self.web).map_err(TargetError::Failed)).collect()
    }

    fn other_sessions(&mut self) -> Result<Vec<UserSession>, TargetError> {
        let app = self.running.app();
        let session = |by: &SignIn| by.session(&app, self.client, &self.web).map_err(TargetError::Failed).transpose();
        let sessions = self.customers.others.iter().filter_map(session).collect::<Result<Vec<_>, _>>()?;
        match sessions.is_empty() {
            true => Err(TargetError::NotOffered("no second customer has an account in a user pool: describe one in traffic.http".into())),
            false => Ok(sessions),
        }
    }

    fn aws_unsigned(&mut self, service: &str, operation: &str, body: &Value) -> Result<HttpResponse, TargetError> {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let request = HttpRequest {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![
                header("Host", &format!("{service}.{}.amazonaws.com", self.region)),
                header("User-Agent", &self.aws.user_agent),
                header("Content-Type", "application/x-amz-json-1.1"),
                header("X-Amz-Target", operation),
            ],
            body: body.to_string().into_bytes(),
            ..HttpRequest::default()
        };
        self.client.send(&request, &self.aws).map_err(|error| TargetError::Failed(error.to_string()))
    }

    fn own_address(&mut self) -> Result<String, TargetError> {
        let number: u64 = rand::thread_rng().r#gen();
        self.address = format!("{number:016x}@example.net");
        Ok(self.address.clone())
    }

    fn own_mail(&mut self) -> Result<String, TargetError> {
        Ok(self.running.mailbox(&self.address))
    }

    fn lure(&mut self, api: &str, link: &HttpRequest, script: &str) -> Result<Lured, TargetError> {
        let base = self.base(api).ok_or_else(|| TargetError::NotOffered(format!("{api} has no stage")))?;
        // A browser follows a link with a GET and sends no header that the link's author chose.
        let mut request = HttpRequest { path: format!("{base}{}", link.path), query: link.query.clone(), ..HttpRequest::default() };
        request.method = "GET".into();
        let response = self.client.send(&request, &self.customer).map_err(|error| TargetError::Failed(error.to_string()))?;
        let stolen = browser::runs(&response, script).then(|| self.session.clone());
        Ok(Lured { response, stolen })
    }

    fn keeping(&mut self) -> Result<Vec<HttpRequest>, TargetError> {
        let mut bytes = [0; 10];
        rand::thread_rng().fill(&mut bytes);
        let nonce: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let [canary, unique] = &self.customers.said;
        // A record of the attacker's own: none of its names are the customer's.
        let own = |text: &str| text.replace(canary.as_str(), &self.left).replace(unique.as_str(), &nonce);
        let again = |request: &HttpRequest| {
            let path = self.bases.values().find_map(|base| request.path.strip_prefix(base.as_str())).unwrap_or(&request.path);
            let signed = |name: &str| name.eq_ignore_ascii_case("authorization");
            HttpRequest {
                method: request.method.clone(),
                path: own(path),
                query: own(&request.query),
                headers: request.headers.iter().filter(|(name, _)| !signed(name)).cloned().collect(),
                body: own(&String::from_utf8_lossy(&request.body)).into_bytes(),
            }
        };
        Ok(self.customers.kept.iter().map(again).collect())
    }

    fn victim_reads(&mut self) -> Result<Option<HttpResponse>, TargetError> {
        let [own, of_others] = &self.customers.reads;
        let found = self.finds(own)?;
        // What everybody finds is in nobody's place.
        Ok(if found.is_some() && self.finds(of_others)?.is_some() { None } else { found })
    }

    fn aws_as_function(&mut self, function: &str, service: &str, operation: &str, body: &Value) -> Result<HttpResponse, TargetError> {
        if !self.stolen.contains_key(function) {
            let id = id(function).ok_or_else(|| TargetError::NotOffered(format!("{function} is no function")))?;
            let session = self.running.function_credentials(&id).map_err(|error| TargetError::NotOffered(error.to_string()))?;
            self.stolen.insert(function.to_owned(), signer(session));
        }
        let credentials = self.stolen.get(function).cloned().ok_or_else(|| TargetError::Failed("no session".into()))?;
        self.json(&credentials, service, operation, body)
    }

    fn aws_as_outsider(
        &mut self,
        who: &Identity,
        role: Option<&str>,
        service: &str,
        operation: &str,
        body: &Value,
    ) -> Result<HttpResponse, TargetError> {
        let session = self.running.outsider_credentials(who).map_err(|error| TargetError::NotOffered(error.to_string()))?;
        let own = signer(session);
        let Some(role) = role else { return self.json(&own, service, operation, body) };
        let form = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleSessionName=outsider&RoleArn={}",
            utf8_percent_encode(role, NON_ALPHANUMERIC)
        );
        let answer = self.send(&own, "sts", ("application/x-www-form-urlencoded; charset=utf-8", None), form.into_bytes())?;
        if answer.status != 200 {
            return Ok(answer);
        }
        let text = String::from_utf8_lossy(&answer.body);
        let part = |name: &str| Some(text.split_once(&format!("<{name}>"))?.1.split_once(&format!("</{name}>"))?.0.to_owned());
        let (Some(access_key_id), Some(secret_access_key)) = (part("AccessKeyId"), part("SecretAccessKey")) else {
            return Err(TargetError::Failed("sts:AssumeRole answered without credentials".into()));
        };
        self.json(&Credentials { access_key_id, secret_access_key, session_token: part("SessionToken") }, service, operation, body)
    }

    fn database(&mut self, cluster: &str, user: &str, password: &str, query: &str) -> Result<Vec<Vec<String>>, TargetError> {
        let id = id(cluster).ok_or_else(|| TargetError::NotOffered(format!("{cluster} is no cluster")))?;
        self.running.query_from_vpc_host(&id, self.vpc_host, (user, password), query).map_err(|error| match error {
            up::UpError::Refused { why } => TargetError::Refused(why),
            other => TargetError::NotOffered(other.to_string()),
        })
    }
}
