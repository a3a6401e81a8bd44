//! Requests as JSON, with what the caller knows about them and expects of them.

use super::acl::text;
use crate::exit::Exit;
use crate::output;
use model::{Kind, Node, Place};
use std::net::IpAddr;
use std::path::Path;
use waf::request::Request;
use waf::wafv2::{Judgement, Location, RateKeyValues, RateTable, State, Token};

/// A request of a file.
#[derive(Default)]
pub struct Asked {
    /// Its line.
    pub line: usize,
    name: Option<String>,
    method: String,
    uri: String,
    headers: Vec<(String, String)>,
    body: String,
    client_ip: Option<IpAddr>,
    country: Option<String>,
    region: Option<String>,
    asn: Option<u32>,
    ja3: Option<String>,
    ja4: Option<String>,
    /// Seconds since 1970, for rates and tokens.
    pub time: u64,
    /// How often it is sent.
    pub times: u64,
    token: Token,
    /// Whom forwarded addresses belong to.
    locations: Vec<(IpAddr, Location)>,
    /// What should come of it.
    pub expect: Option<Expect>,
}

/// An expectation: an action, and the rule that ends the inspection where it is named.
pub struct Expect {
    action: String,
    rule: Option<String>,
}

impl Expect {
    /// Whether an answer is as expected.
    pub fn holds(&self, judgement: &Judgement) -> bool {
        let path = judgement.path();
        let by = |rule: &String| path.join("/") == *rule || path.first() == Some(&rule.as_str());
        judgement.outcome.name().eq_ignore_ascii_case(&self.action) && self.rule.as_ref().is_none_or(by)
    }

    /// In words.
    pub fn says(&self) -> String {
        self.rule.as_ref().map_or_else(|| self.action.clone(), |rule| format!("{} by {rule}", self.action))
    }
}

/// What is wrong, and where.
type Fault = (Place, String);

fn texted(node: &Node) -> Result<String, Fault> {
    node.str().map(str::to_owned).ok_or_else(|| (node.place.clone(), "is no text".into()))
}

fn counted(node: &Node) -> Result<u64, Fault> {
    node.integer().and_then(|number| u64::try_from(number).ok()).ok_or_else(|| (node.place.clone(), "is no count".into()))
}

fn address(text: &str, place: &Place) -> Result<IpAddr, Fault> {
    text.parse().map_err(|_| (place.clone(), format!("{text} is no address")))
}

fn asn(node: &Node) -> Result<u32, Fault> {
    u32::try_from(counted(node)?).map_err(|_| (node.place.clone(), "is no autonomous system number".into()))
}

/// Headers: pairs, which may repeat, or an object.
fn headers(node: &Node) -> Result<Vec<(String, String)>, Fault> {
    if let Kind::List(pairs) = &node.kind {
        let pair = |pair: &Node| match pair.items() {
            [name, value] => Ok((texted(name)?, texted(value)?)),
            _ => Err((pair.place.clone(), "is no pair of name and value".into())),
        };
        return pairs.iter().map(pair).collect();
    }
    node.members().iter().map(|member| Ok((member.key.clone(), texted(&member.value)?))).collect()
}

fn token(node: &Node) -> Result<Token, Fault> {
    match node.str() {
        Some("invalid") => return Ok(Token::Invalid),
        Some("other-domain") => return Ok(Token::DomainMismatch),
        _ => {}
    }
    let time = |key: &str| node.get(key).map(counted).transpose();
    Ok(Token::Present { captcha: time("captcha")?, challenge: time("challenge")? })
}

fn location(node: &Node) -> Result<Location, Fault> {
    let text = |key: &str| node.get(key).map(texted).transpose();
    Ok(Location { country: text("country")?, region: text("region")?, asn: node.get("asn").map(asn).transpose()? })
}

fn expect(node: &Node) -> Result<Expect, Fault> {
    match node.get("action") {
        Some(action) => Ok(Expect { action: action_of(action)?, rule: node.get("rule").map(texted).transpose()? }),
        None => Ok(Expect { action: action_of(node)?, rule: None }),
    }
}

/// What a request may come to, as AWS WAF logs it.
const ACTIONS: [&str; 5] = ["ALLOW", "BLOCK", "CAPTCHA", "CHALLENGE", "MONETIZE"];

fn action_of(node: &Node) -> Result<String, Fault> {
    let action = texted(node)?;
    if ACTIONS.iter().any(|known| known.eq_ignore_ascii_case(&action)) {
        return Ok(action);
    }
    Err((node.place.clone(), format!("no request comes to {action}: expect one of {}", ACTIONS.join(", "))))
}

fn asked(node: &Node) -> Result<Asked, Fault> {
    if !matches!(node.kind, Kind::Map(_)) {
        return Err((node.place.clone(), "is no object".into()));
    }
    let mut asked = Asked { method: "GET".into(), uri: "/".into(), times: 1, ..Asked::default() };
    for member in node.members() {
        let value = &member.value;
        match member.key.as_str() {
            "name" => asked.name = Some(texted(value)?),
            "method" => asked.method = texted(value)?,
            "uri" => asked.uri = texted(value)?,
            "headers" => asked.headers = headers(value)?,
            "body" => asked.body = texted(value)?,
            "clientIp" => asked.client_ip = Some(address(&texted(value)?, &value.place)?),
            "country" => asked.country = Some(texted(value)?),
            "region" => asked.region = Some(texted(value)?),
            "asn" => asked.asn = Some(asn(value)?),
            "ja3" => asked.ja3 = Some(texted(value)?),
            "ja4" => asked.ja4 = Some(texted(value)?),
            "time" => asked.time = counted(value)?,
            "times" => asked.times = counted(value)?,
            "token" => asked.token = token(value)?,
            "locations" => {
                let located = |member: &model::Member| Ok((address(&member.key, &member.key_place)?, location(&member.value)?));
                asked.locations = value.members().iter().map(located).collect::<Result<_, Fault>>()?;
            }
            "expect" => asked.expect = Some(expect(value)?),
            other => return Err((member.key_place.clone(), format!("a request has no member {other}"))),
        }
    }
    Ok(asked)
}

/// Reads one request whose text begins at a line of a file.
fn read_one(path: &Path, line: usize, text: &str) -> Result<Asked, Exit> {
    let (documents, troubles) = read::document(&path.to_string_lossy(), text);
    let answer = match (troubles.into_iter().next(), documents.first()) {
        (Some(trouble), _) => Err((trouble.place, trouble.says)),
        (None, Some(node)) => asked(node),
        (None, None) => Err((Place::new(path.to_string_lossy(), 1, 1), "holds no request".into())),
    };
    answer.map(|asked| Asked { line, ..asked }).map_err(|(place, says)| {
        let at = place.line as usize + line - 1;
        output::error(&format!(
            "{}:{at}:{}: {says}; write a request as JSON: {{\"method\": \"GET\", \"uri\": \"/?a=b\"}}",
            place.file, place.column
        ));
        Exit::Unfinished
    })
}

/// The requests of a file, one a line.
///
/// # Errors
/// After it was said why.
pub fn lines(path: &Path) -> Result<Vec<Asked>, Exit> {
    let all = text(path)?;
    let given = all.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let asked = given.map(|(at, line)| read_one(path, at + 1, line)).collect::<Result<Vec<_>, Exit>>()?;
    if asked.is_empty() {
        output::error(&format!("nothing to read: {} holds no requests", path.display()));
        return Err(Exit::Nothing);
    }
    Ok(asked)
}

/// The one request of a file.
///
/// # Errors
/// After it was said why.
pub fn one(path: &Path) -> Result<Asked, Exit> {
    read_one(path, 1, &text(path)?)
}

impl Asked {
    /// The request's name, or its first line.
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("{} {}", self.method, self.uri))
    }

    /// The request as it is inspected.
    pub fn request(&self) -> Request<'_> {
        let (whole, fragment) = self.uri.split_once('#').map_or((self.uri.as_str(), None), |(whole, fragment)| (whole, Some(fragment)));
        let (path, query) = whole.split_once('?').unwrap_or((whole, ""));
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        Request {
            method: &self.method,
            path: path.as_bytes(),
            query: query.as_bytes(),
            fragment: fragment.map(str::as_bytes),
            http_version: "HTTP/1.1",
            headers,
            body: self.body.as_bytes(),
            body_size: self.body.len(),
            client_ip: self.client_ip,
            country: self.country.as_deref(),
            region: self.region.as_deref(),
            asn: self.asn,
            ja3: self.ja3.as_deref(),
            ja4: self.ja4.as_deref(),
        }
    }

    /// What the caller knows.
    pub fn state<'a>(&'a self, rates: &'a RateTable) -> impl State + 'a {
        Known { asked: self, rates }
    }
}

struct Known<'a> {
    asked: &'a Asked,
    rates: &'a RateTable,
}

impl State for Known<'_> {
    fn now(&self) -> u64 {
        self.asked.time
    }
    fn is_limited(&self, instance: &RateKeyValues) -> bool {
        self.rates.is_limited(instance)
    }
    fn locate(&self, address: IpAddr) -> Option<Location> {
        self.asked.locations.iter().find(|(known, _)| *known == address).map(|(_, location)| location.clone())
    }
    fn token(&self, _: &Request<'_>) -> Token {
        self.asked.token
    }
}
