//! The customers: they send the application's normal traffic and see whether they are served.

use crate::sign_in::{Owner, SignIn, subject};
use crate::traffic::Request;
use attack::sigv4::Credentials;
use attack::{Client, Disguise};
use model::{App, HttpRequest, HttpResponse, Time};
use serde_json::Value;
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
    /// With which users sign in.
    pub password: &'a str,
}

/// What a round of normal traffic showed.
#[derive(Default)]
pub struct Round {
    /// Requests sent.
    pub sent: usize,
    /// Requests that were not answered as expected: a sentence each.
    pub unserved: Vec<String>,
    /// The token of the customer who kept the canary.
    pub token: Option<String>,
    /// Every token that customers sent, with how its bearer signed in.
    pub tokens: Vec<(String, SignIn)>,
    /// The requests that kept the canary, as they were sent.
    pub kept: Vec<HttpRequest>,
    /// The requests of signed-in customers that read, as they were sent: whose, and what.
    pub reads: Vec<(String, HttpRequest)>,
}

/// Who has signed in this round, by the name that the traffic gives them.
type SignedIn = BTreeMap<String, (String, SignIn)>;

impl Customers<'_> {
    /// Sends every request once, in order, from one address.
    pub fn round(&self, traffic: &[Request]) -> Round {
        let disguise = Disguise::web();
        let mut round = Round::default();
        let mut answers: BTreeMap<String, Value> = BTreeMap::new();
        let mut tokens = SignedIn::new();
        for wanted in traffic {
            round.sent += 1;
            let mut fill = |text: &str| self.fill(text, &answers, &mut tokens, &disguise);
            let keeps = String::from_utf8_lossy(&wanted.request.body).contains("{{canary}}");
            let answer = filled(&wanted.request, &mut fill).and_then(|mut request| {
                let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
                if let Some(token) = token.as_ref().filter(|token| round.tokens.iter().all(|(known, _)| known != *token)) {
                    let by = tokens.values().find(|(own, _)| own == token).map(|(_, by)| by.clone());
                    round.tokens.push((token.clone(), by.unwrap_or_else(|| SignIn::Token(token.clone()))));
                }
                // What names a bucket's host goes there, everything else to the API.
                if !request.header("host").is_some_and(|host| host.ends_with(".amazonaws.com")) {
                    request.path = format!("{}{}", self.base, request.path);
                }
                if let (Some(token), "GET") = (&token, request.method.as_str()) {
                    round.reads.push((subject(token), request.clone()));
                }
                if keeps {
                    round.token = token;
                    round.kept.push(request.clone());
                }
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

    fn owner(&self) -> Owner<'_> {
        Owner { app: self.app, client: self.client, credentials: &self.owner, now: self.now }
    }

    /// Replaces every `{{...}}`.
    fn fill(&self, text: &str, answers: &BTreeMap<String, Value>, tokens: &mut SignedIn, disguise: &Disguise) -> Result<String, String> {
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
        tokens: &mut SignedIn,
        disguise: &Disguise,
    ) -> Result<String, String> {
        match variable.split_once(' ') {
            None if variable == "canary" => Ok(self.canary.to_owned()),
            None if variable == "nonce" => Ok(self.nonce.to_owned()),
            None => answer(variable, answers),
            Some(("filler", length)) => {
                length.trim().parse::<usize>().map(|length| "x".repeat(length.min(1 << 20))).map_err(|_| format!("`{length}` is no length"))
            }
            Some(("bucket", logical)) => {
                let found = self.app.of_kind("AWS::S3::Bucket").find(|bucket| &*bucket.id.logical == logical);
                let found = found.ok_or_else(|| format!("the application has no bucket {logical}"))?;
                Ok(format!("{}.s3.{}.amazonaws.com", found.physical_id, self.app.region))
            }
            Some(("token", who)) => {
                if let Some((token, _)) = tokens.get(who) {
                    return Ok(token.clone());
                }
                let by = match who.split_once(':') {
                    Some((id, secret)) => SignIn::Client { id: answer(id, answers)?, secret: answer(secret, answers)? },
                    None => self.owner().app_client(who)?,
                };
                let token = by.token(self.app, self.client, disguise)?;
                tokens.insert(who.to_owned(), (token.clone(), by));
                Ok(token)
            }
            Some(("user", who)) => {
                if let Some((token, _)) = tokens.get(variable) {
                    return Ok(token.clone());
                }
                let mut words = who.split_whitespace();
                let (Some(client), Some(name)) = (words.next(), words.next()) else { return Err(format!("`{who}` is no CLIENT NAME")) };
                let attributes: Vec<(&str, &str)> = words.filter_map(|word| word.split_once('=')).collect();
                let by = self.owner().user(client, name, &attributes, self.password)?;
                let token = by.token(self.app, self.client, disguise)?;
                tokens.insert(variable.to_owned(), (token.clone(), by));
                Ok(token)
            }
            Some(_) => Err(format!(
                "`{{{{{variable}}}}}` is not known: use canary, nonce, filler N, bucket BUCKET, token CLIENT, user CLIENT NAME ATTRIBUTE=VALUE or \
                 NAME.FIELD"
            )),
        }
    }
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
