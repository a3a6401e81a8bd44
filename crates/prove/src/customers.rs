//! The customers: they send the application's normal traffic and see whether they are served.

use crate::traffic::Request;
use attack::sigv4::{self, Credentials};
use attack::{Client, Disguise};
use base64::Engine as _;
use model::{App, HttpRequest, HttpResponse, Node, Time};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where the application runs, and the owner's credentials with which its customers' app clients are looked up.
pub struct Customers<'a> {
    pub app: &'a App,
    pub client: &'a Client,
    /// Path before the path of a request: `/restapis/ID/STAGE/_user_request_`.
    pub base: String,
    pub owner: Credentials,
    pub now: fn() -> Time,
    /// What they keep private.
    pub canary: &'a str,
    /// Makes names unique between runs.
    pub nonce: &'a str,
}

/// What a round of normal traffic showed.
#[derive(Debug, Default)]
pub struct Round {
    /// Requests sent.
    pub sent: usize,
    /// Requests that were not answered as expected: a sentence each.
    pub unserved: Vec<String>,
    /// The token of the customer who kept the canary.
    pub token: Option<String>,
    /// Every token that customers sent.
    pub tokens: Vec<String>,
}

impl Customers<'_> {
    /// Sends every request once, in order, from one address.
    pub fn round(&self, traffic: &[Request]) -> Round {
        let disguise = Disguise::web();
        let mut round = Round::default();
        let mut answers: BTreeMap<String, Value> = BTreeMap::new();
        let mut tokens: BTreeMap<String, String> = BTreeMap::new();
        for wanted in traffic {
            round.sent += 1;
            let mut fill = |text: &str| self.fill(text, &answers, &mut tokens, &disguise);
            let keeps = String::from_utf8_lossy(&wanted.request.body).contains("{{canary}}");
            let answer = filled(&wanted.request, &mut fill).and_then(|mut request| {
                let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
                round.tokens.extend(token.clone().filter(|token| !round.tokens.contains(token)));
                if keeps {
                    round.token = token;
                }
                request.path = format!("{}{}", self.base, request.path);
                self.client.send(&request, &disguise).map_err(|error| error.to_string())
            });
            match answer {
                Err(says) => round.unserved.push(format!("{} (line {}): {says}", wanted.title, wanted.line)),
                Ok(response) => {
                    if wanted.expect.is_some_and(|expect| expect != response.status) {
                        round.unserved.push(unserved(wanted, &response));
                    }
                    if let (Some(name), Ok(value)) = (&wanted.name, serde_json::from_slice(&response.body)) {
                        answers.insert(name.clone(), value);
                    }
                }
            }
        }
        round
    }

    /// Replaces every `{{...}}`.
    fn fill(
        &self,
        text: &str,
        answers: &BTreeMap<String, Value>,
        tokens: &mut BTreeMap<String, String>,
        disguise: &Disguise,
    ) -> Result<String, String> {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            let (variable, after) = after.split_once("}}").ok_or("`{{` without `}}`")?;
            out.push_str(before);
            out.push_str(&self.variable(variable.trim(), answers, tokens, disguise)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn variable(
        &self,
        variable: &str,
        answers: &BTreeMap<String, Value>,
        tokens: &mut BTreeMap<String, String>,
        disguise: &Disguise,
    ) -> Result<String, String> {
        match variable.split_once(' ') {
            None if variable == "canary" => Ok(self.canary.to_owned()),
            None if variable == "nonce" => Ok(self.nonce.to_owned()),
            None => answer(variable, answers),
            Some(("filler", length)) => {
                length.trim().parse::<usize>().map(|length| "x".repeat(length.min(1 << 20))).map_err(|_| format!("`{length}` is no length"))
            }
            Some(("token", who)) => {
                if let Some(token) = tokens.get(who) {
                    return Ok(token.clone());
                }
                let (id, secret) = match who.split_once(':') {
                    Some((id, secret)) => (answer(id, answers)?, answer(secret, answers)?),
                    None => self.app_client(who)?,
                };
                let token = self.token(&id, &secret, disguise)?;
                tokens.insert(who.to_owned(), token.clone());
                Ok(token)
            }
            Some(_) => Err(format!("`{{{{{variable}}}}}` is not known: use canary, nonce, filler N, token CLIENT or NAME.FIELD")),
        }
    }

    /// Id and secret of an app client of the template, as its owner looks them up.
    fn app_client(&self, logical: &str) -> Result<(String, String), String> {
        let found = self.app.of_kind("AWS::Cognito::UserPoolClient").find(|r| &*r.id.logical == logical);
        let found = found.ok_or_else(|| format!("the application has no app client {logical}"))?;
        let pool = found.properties.get("UserPoolId").and_then(Node::scalar).ok_or("its user pool is not known")?;
        let mut request = HttpRequest {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![
                ("Host".into(), format!("cognito-idp.{}.amazonaws.com", self.app.region)),
                ("Content-Type".into(), "application/x-amz-json-1.1".into()),
                ("X-Amz-Target".into(), "AWSCognitoIdentityProviderService.DescribeUserPoolClient".into()),
            ],
            body: json!({"UserPoolId": pool, "ClientId": found.physical_id}).to_string().into_bytes(),
            ..HttpRequest::default()
        };
        sigv4::sign(&mut request, &self.owner, &self.app.region, "cognito-idp", (self.now)());
        let response = self.client.send(&request, &Disguise::aws()).map_err(|error| error.to_string())?;
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let secret = body["UserPoolClient"]["ClientSecret"].as_str().ok_or_else(|| format!("looking up {logical}: {}", response.status))?;
        Ok((found.physical_id.clone(), secret.to_owned()))
    }

    /// An access token by the client credentials grant (RFC 6749, section 4.4).
    fn token(&self, id: &str, secret: &str, disguise: &Disguise) -> Result<String, String> {
        let domain = self.app.of_kind("AWS::Cognito::UserPoolDomain").next().ok_or("the application has no user pool domain")?;
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
        let request = HttpRequest {
            method: "POST".into(),
            path: "/oauth2/token".into(),
            headers: vec![
                ("Host".into(), format!("{}.auth.{}.amazoncognito.com", domain.physical_id, self.app.region)),
                ("Authorization".into(), format!("Basic {basic}")),
                ("Content-Type".into(), "application/x-www-form-urlencoded".into()),
            ],
            body: b"grant_type=client_credentials".to_vec(),
            ..HttpRequest::default()
        };
        let response = self.client.send(&request, disguise).map_err(|error| error.to_string())?;
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        body["access_token"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| format!("no token: {} {}", response.status, String::from_utf8_lossy(&response.body)))
    }
}

/// Whose token it is: the claim `sub` (RFC 7519, section 4.1.2); what is no JSON Web Token is its own.
pub fn subject(token: &str) -> String {
    let claims = || {
        let payload = token.split('.').nth(1)?;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
        Some(serde_json::from_slice::<Value>(&bytes).ok()?.get("sub")?.as_str()?.to_owned())
    };
    claims().unwrap_or_else(|| token.to_owned())
}

/// `name.field.field` of an earlier answer.
fn answer(path: &str, answers: &BTreeMap<String, Value>) -> Result<String, String> {
    let (name, fields) = path.split_once('.').unwrap_or((path, ""));
    let value = answers.get(name).ok_or_else(|| format!("no answer named `{name}` came before"))?;
    match fields.split('.').filter(|field| !field.is_empty()).try_fold(value, |value, field| value.get(field)) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Ok(other.to_string()),
        None => Err(format!("the answer `{name}` has no `{fields}`")),
    }
}

fn filled(wanted: &HttpRequest, fill: &mut dyn FnMut(&str) -> Result<String, String>) -> Result<HttpRequest, String> {
    Ok(HttpRequest {
        method: wanted.method.clone(),
        path: fill(&wanted.path)?,
        query: fill(&wanted.query)?,
        headers: wanted.headers.iter().map(|(name, value)| Ok((name.clone(), fill(value)?))).collect::<Result<_, String>>()?,
        body: fill(&String::from_utf8_lossy(&wanted.body))?.into_bytes(),
    })
}

fn unserved(wanted: &Request, response: &HttpResponse) -> String {
    let body: String = String::from_utf8_lossy(&response.body).chars().take(120).collect();
    format!("{} (line {}): {} instead of {}: {body}", wanted.title, wanted.line, response.status, wanted.expect.unwrap_or_default())
}
