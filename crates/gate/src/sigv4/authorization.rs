//! What a signed request offers, its scope and its time.

use super::refusal::{Protocol, Refusal, protocol};
use super::{form, presigned};
use model::{HttpRequest, Time};

/// What a request offers as proof.
pub(super) struct Offered {
    pub access_key_id: String,
    pub date: String,
    pub region: String,
    pub service: String,
    /// `x-amz-date` as it was sent.
    pub time: String,
    pub signed_headers: Vec<String>,
    pub signature: Vec<u8>,
    /// The session token, wherever it stands.
    pub token: String,
    pub way: Way,
    terminator: String,
    at: Time,
}

/// Where the signature stands, and what it signs.
pub(super) enum Way {
    /// The `Authorization` header.
    Header,
    /// The query string, for this many seconds.
    Query { seconds: i64 },
    /// A form whose policy, as it stands there in Base64, is what was signed.
    Form { policy: String },
}

/// The parts of an offer as they are written.
pub(super) struct Parts<'a> {
    pub credential: &'a str,
    pub signed: &'a str,
    pub signature: &'a str,
    pub time: String,
    pub token: Option<String>,
}

/// Reads what a request offers: its header, and for Amazon S3 its query string or its form.
pub(super) fn read(request: &HttpRequest, service: &str) -> Result<Offered, Refusal> {
    match request.header("authorization") {
        None if service != "s3" => Err(Refusal::Missing),
        None if presigned::is(request) => presigned::read(request),
        None => form::read(request),
        Some(_) if service == "s3" && presigned::is(request) => {
            Err(Refusal::Other(400, "InvalidArgument", "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified".into()))
        }
        Some(header) => read_header(request, header),
    }
}

/// Reads the header.
fn read_header(request: &HttpRequest, header: &str) -> Result<Offered, Refusal> {
    let rest =
        header.strip_prefix("AWS4-HMAC-SHA256").ok_or_else(|| incomplete("Unsupported AWS 'algorithm' in the Authorization header."))?;
    let field = |name: &str| {
        let value = rest.split(',').filter_map(|part| part.trim().split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value);
        value.filter(|value| !value.is_empty()).ok_or_else(|| incomplete(&format!("Authorization header requires '{name}' parameter.")))
    };
    let (credential, signed, signature) = (field("Credential")?, field("SignedHeaders")?, field("Signature")?);
    let time = request.header("x-amz-date").or_else(|| request.header("date")).map(str::to_owned);
    let time = time.ok_or_else(|| incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."))?;
    let token = request.header("x-amz-security-token").map(str::to_owned);
    Parts { credential, signed, signature, time, token }.offered(Way::Header)
}

impl Parts<'_> {
    /// The offer that these parts make.
    pub fn offered(self, way: Way) -> Result<Offered, Refusal> {
        // An access key id has no slash, so the last four parts are the scope.
        let mut scope = self.credential.rsplitn(5, '/');
        let mut part =
            || scope.next().map(str::to_owned).ok_or_else(|| incomplete("Credential must have at least 5 slash-delimited elements."));
        let (terminator, service, region, date, access_key_id) = (part()?, part()?, part()?, part()?, part()?);
        let at = instant(&self.time).ok_or_else(|| incomplete("Date must be in ISO-8601 'basic format'."))?;
        Ok(Offered {
            access_key_id,
            date,
            region,
            service,
            time: self.time,
            signed_headers: self.signed.split(';').filter(|name| !name.is_empty()).map(str::to_ascii_lowercase).collect(),
            signature: unhex(self.signature).ok_or(Refusal::Mismatch)?,
            token: self.token.unwrap_or_default(),
            way,
            terminator,
            at,
        })
    }
}

impl Offered {
    /// `20260101/us-east-1/dynamodb/aws4_request`.
    pub fn scope(&self) -> String {
        format!("{}/{}/{}/{}", self.date, self.region, self.service, self.terminator)
    }

    /// The scope must name the endpoint's service and region, and the day of the date.
    pub fn check_scope(&self, service: &str, region: &str) -> Result<(), Refusal> {
        let wrong = |says: String| Err(Refusal::Scope(says));
        let global = matches!(service, "iam" | "sts" | "cloudfront" | "route53") && self.region == "us-east-1";
        if self.service != service {
            return wrong(format!("Credential should be scoped to correct service: '{service}'. "));
        }
        if self.region != region && !global {
            return wrong(format!("Credential should be scoped to a valid region, not '{}'. ", printable(&self.region)));
        }
        if self.terminator != "aws4_request" {
            return wrong("Credential should be scoped with a valid terminator: 'aws4_request'. ".into());
        }
        if !self.time.starts_with(&self.date) {
            return wrong("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP. ".into());
        }
        let form = matches!(self.way, Way::Form { .. });
        if !form && !self.signed_headers.iter().any(|name| name == "host") {
            return wrong("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization. ".into());
        }
        Ok(())
    }

    /// The date must be near: within 5 minutes, 15 for the services that say so. A signed URL lives as long as it says.
    pub fn check_time(&self, service: &str, now: Time) -> Result<(), Refusal> {
        match self.way {
            Way::Header => {}
            // A policy says itself when it ends.
            Way::Form { .. } => return Ok(()),
            Way::Query { seconds } if now.0 > self.at.0 + seconds * 1000 => {
                return Err(Refusal::Other(403, "AccessDenied", "Request has expired".into()));
            }
            Way::Query { .. } if now.0 + 15 * 60_000 < self.at.0 => {
                return Err(Refusal::Other(403, "AccessDenied", "Request is not valid yet".into()));
            }
            Way::Query { .. } => return Ok(()),
        }
        let minutes = match service {
            "sts" | "iam" | "s3" => 15,
            _ => 5,
        };
        let (signed, window) = (self.at.0, minutes * 60_000);
        if protocol(service) == Protocol::RestXml && (now.0 - signed).abs() > window {
            return Err(Refusal::Skewed("The difference between the request time and the current time is too large.".into()));
        }
        let (early, late) = (Time(now.0 - window), Time(now.0 + window));
        let (own, now) = (self.at.basic(), now.basic());
        if signed < early.0 {
            return Err(Refusal::Skewed(format!(
                "Signature expired: {own} is now earlier than {} ({now} - {minutes} min.)",
                early.basic()
            )));
        }
        if signed > late.0 {
            return Err(Refusal::Skewed(format!(
                "Signature not yet current: {own} is still later than {} ({now} + {minutes} min.)",
                late.basic()
            )));
        }
        Ok(())
    }
}

fn incomplete(says: &str) -> Refusal {
    Refusal::Incomplete(says.to_owned())
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(32).collect()
}

/// The instant of `20260101T120000Z`.
pub fn instant(text: &str) -> Option<Time> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes.get(8) != Some(&b'T') || bytes.get(15) != Some(&b'Z') {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<i64>().ok())?
    };
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let (hour, minute, second) = (number(9..11)?, number(11..13)?, number(13..15)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Howard Hinnant's `days_from_civil`.
    let y = year - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468;
    Some(Time((days * 86_400 + hour * 3600 + minute * 60 + second) * 1000))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    if text.len() != 64 {
        return None;
    }
    text.as_bytes().chunks(2).map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::instant;
    use model::Time;

    #[test]
    fn instants_read_as_they_are_written() {
        for at in [0, 951_827_696_000, 1_795_355_053_000] {
            assert_eq!(instant(&Time(at).basic()), Some(Time(at)));
        }
        assert_eq!(instant("20261322T134413Z"), None);
        assert_eq!(instant("2026-11-22T13:44"), None);
    }
}
