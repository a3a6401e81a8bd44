//! Uploads by forms: `multipart/form-data` whose policy is signed (Amazon S3 API Reference, "POST Object", "POST Policy",
//! "Authenticating Requests in Browser-Based Uploads Using POST"). A form without a credential is anonymous; a policy that
//! it brings all the same must hold too.

use super::authorization::{self, Offered, Way, instant};
use super::refusal::Refusal;
use crate::bucket;
use base64::Engine as _;
use model::{HttpRequest, Time};
use serde_json::Value;

/// The fields of a form, and its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Names in lower case with their values, in the order they came; without the file.
    pub fields: Vec<(String, String)>,
    /// The content of the field `file`, after which nothing counts.
    pub file: Option<Vec<u8>>,
    /// The name that the file has at the sender.
    pub file_name: String,
}

/// Fields at most; a form has a dozen.
const MOST: usize = 100;

impl Form {
    /// The form of a request. `None`: it is none, or not whole.
    pub fn read(request: &HttpRequest) -> Option<Self> {
        let kind = request.header("content-type").filter(|_| request.method == "POST")?;
        let parameters = kind.get(..19).filter(|kind| kind.eq_ignore_ascii_case("multipart/form-data")).and_then(|_| kind.get(19..))?;
        let boundary = parameters.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?.trim_matches('"');
        let delimiter = format!("--{boundary}").into_bytes();
        // The first delimiter begins the body; the others begin a line.
        let mut rest = request.body.get(find(&request.body, &delimiter)? + delimiter.len()..)?;
        let next = [b"\r\n".as_slice(), &delimiter].concat();
        let mut form = Self::default();
        while form.file.is_none() && !rest.starts_with(b"--") && form.fields.len() < MOST {
            let end = find(rest, &next)?;
            form.part(rest.get(..end)?.strip_prefix(b"\r\n")?)?;
            rest = rest.get(end + next.len()..)?;
        }
        let name = form.file_name.clone();
        if let Some((_, key)) = form.fields.iter_mut().find(|(own, _)| own == "key") {
            *key = key.replace("${filename}", &name);
        }
        Some(form)
    }

    fn part(&mut self, part: &[u8]) -> Option<()> {
        let end = find(part, b"\r\n\r\n")?;
        let (head, content) = (std::str::from_utf8(part.get(..end)?).ok()?, part.get(end + 4..)?);
        let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
        let disposition = lines.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-disposition"))?.1;
        let parameter = |name: &str| {
            let pairs = disposition.split(';').filter_map(|pair| pair.trim().split_once('='));
            pairs.into_iter().find(|(own, _)| *own == name).map(|(_, value)| value.trim_matches('"').to_owned())
        };
        let name = parameter("name")?.to_ascii_lowercase();
        if name == "file" {
            self.file = Some(content.to_vec());
            let sent = parameter("filename").unwrap_or_default();
            // Some browsers send the whole path.
            self.file_name = sent.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        } else {
            self.fields.push((name, std::str::from_utf8(content).ok()?.to_owned()));
        }
        Some(())
    }

    /// A field, by its name in lower case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        from += bytes.get(from..)?.iter().position(|byte| *byte == first)?;
        if bytes.get(from..)?.starts_with(wanted) {
            return Some(from);
        }
        from += 1;
    }
}

/// Reads what the form offers.
pub(super) fn read(request: &HttpRequest) -> Result<Offered, Refusal> {
    let form = Form::read(request).ok_or(Refusal::Missing)?;
    let field = |name: &str| form.field(name).filter(|value| !value.is_empty());
    let needed = |name: &str| {
        let says = format!("Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields.");
        field(name).ok_or(Refusal::Other(400, "InvalidArgument", says))
    };
    let credential = field("x-amz-credential").ok_or(Refusal::Missing)?;
    if needed("x-amz-algorithm")? != "AWS4-HMAC-SHA256" {
        return Err(Refusal::Other(400, "InvalidArgument", "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"".into()));
    }
    let parts = authorization::Parts {
        credential,
        signed: "",
        signature: needed("x-amz-signature")?,
        time: needed("x-amz-date")?.to_owned(),
        token: field("x-amz-security-token").map(str::to_owned),
    };
    parts.offered(Way::Form { policy: needed("policy")?.to_owned() })
}

/// Whether the form is what its policy demands: not too late, every condition met, and no field that no condition names.
pub(super) fn check(request: &HttpRequest, policy: &str, now: Time) -> Result<(), Refusal> {
    let form = Form::read(request).ok_or(Refusal::Missing)?;
    let wrong = |says: &str| Refusal::Other(400, "InvalidPolicyDocument", format!("Invalid Policy: {says}"));
    let bytes = base64::engine::general_purpose::STANDARD.decode(policy.trim()).map_err(|_| wrong("Invalid Base64."))?;
    let policy: Value = serde_json::from_slice(&bytes).map_err(|_| wrong("Invalid JSON."))?;
    let ends = policy.get("expiration").and_then(Value::as_str).and_then(expiration).ok_or_else(|| wrong("Invalid 'expiration' value"))?;
    let conditions = policy.get("conditions").and_then(Value::as_array).ok_or_else(|| wrong("Policy missing conditions."))?;
    if ends <= now {
        return Err(Refusal::Other(403, "AccessDenied", "Invalid according to Policy: Policy expired.".into()));
    }
    let bucket = bucket::address(request).0.unwrap_or_default();
    let mut named: Vec<String> = Vec::new();
    for condition in conditions {
        let condition = Condition::read(condition).ok_or_else(|| wrong("Invalid Simple-Condition."))?;
        condition.holds(&form, &bucket)?;
        named.extend(condition.field().map(str::to_owned));
    }
    let free = |name: &str| matches!(name, "x-amz-signature" | "policy" | "file") || name.starts_with("x-ignore-");
    match form.fields.iter().find(|(name, _)| !free(name) && !named.contains(name)) {
        Some((name, _)) => {
            Err(Refusal::Other(403, "AccessDenied", format!("Invalid according to Policy: Extra input fields: {}", shown(name))))
        }
        None => Ok(()),
    }
}

/// A field's name in an answer: the sender's own words, cut.
fn shown(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_graphic()).take(64).collect()
}

/// One condition of a policy.
enum Condition {
    Equal(String, String),
    StartsWith(String, String),
    /// The size of the file in bytes, both ends included.
    Length(u64, u64),
}

impl Condition {
    /// `{"acl": "private"}`, `["eq", "$acl", "private"]`, `["starts-with", "$key", "user/"]`, `["content-length-range", 1, 10]`.
    fn read(value: &Value) -> Option<Self> {
        if let Value::Object(members) = value {
            let (name, value) = members.iter().next().filter(|_| members.len() == 1)?;
            return Some(Self::Equal(name.to_ascii_lowercase(), text(value)?));
        }
        let [kind, first, second] = value.as_array()?.as_slice() else { return None };
        let field = || Some(first.as_str()?.strip_prefix('$')?.to_ascii_lowercase());
        match kind.as_str()?.to_ascii_lowercase().as_str() {
            "eq" => Some(Self::Equal(field()?, text(second)?)),
            "starts-with" => Some(Self::StartsWith(field()?, text(second)?)),
            "content-length-range" => Some(Self::Length(number(first)?, number(second)?)),
            _ => None,
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Equal(name, _) | Self::StartsWith(name, _) => Some(name),
            Self::Length(..) => None,
        }
    }

    fn holds(&self, form: &Form, bucket: &str) -> Result<(), Refusal> {
        let value = |name: &str| match name {
            // The bucket is named by the request's address.
            "bucket" => Some(bucket.to_owned()),
            _ => form.field(name).map(str::to_owned),
        };
        let failed = |kind: &str, name: &str, wanted: &str| {
            let says = format!("Invalid according to Policy: Policy Condition failed: [\"{kind}\", \"${name}\", \"{wanted}\"]");
            Err(Refusal::Other(403, "AccessDenied", says))
        };
        match self {
            Self::Equal(name, wanted) if value(name).as_ref() != Some(wanted) => failed("eq", name, wanted),
            Self::StartsWith(name, wanted) if value(name).is_none_or(|value| !value.starts_with(wanted.as_str())) => {
                failed("starts-with", name, wanted)
            }
            Self::Length(least, most) => {
                let size = form.file.as_ref().map_or(0, |file| file.len() as u64);
                if size < *least {
                    let says = "Your proposed upload is smaller than the minimum allowed size";
                    Err(Refusal::Other(400, "EntityTooSmall", says.into()))
                } else if size > *most {
                    let says = "Your proposed upload exceeds the maximum allowed size";
                    Err(Refusal::Other(400, "EntityTooLarge", says.into()))
                } else {
                    Ok(())
                }
            }
            Self::Equal(..) | Self::StartsWith(..) => Ok(()),
        }
    }
}

/// Values are texts; a number stands for its digits.
fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|number| number.to_string()))
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// `2026-11-22T13:44:13.000Z`, of which the fraction may be missing.
fn expiration(text: &str) -> Option<Time> {
    let whole = text.strip_suffix('Z')?.split('.').next()?;
    instant(&format!("{}Z", whole.replace(['-', ':'], "")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn upload(fields: &[(&str, &str)], file: &str) -> HttpRequest {
        let mut body = String::new();
        for (name, value) in fields {
            body += &format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        }
        body += &format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\x\\me.png\"\r\n\r\n{file}\r\n--b--\r\n");
        HttpRequest {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![
                ("Host".into(), "files.s3.us-east-1.amazonaws.com".into()),
                ("Content-Type".into(), "multipart/form-data; boundary=b".into()),
            ],
            body: body.into_bytes(),
            ..HttpRequest::default()
        }
    }

    fn said(policy: &str, fields: &[(&str, &str)], file: &str) -> String {
        let policy = base64::engine::general_purpose::STANDARD.encode(policy);
        match check(&upload(fields, file), &policy, Time(1_795_355_053_000)) {
            Ok(()) => "good".into(),
            Err(Refusal::Other(_, code, says)) => format!("{code} {says}"),
            Err(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn a_form_is_taken_apart() {
        let form = Form::read(&upload(&[("Key", "u/${filename}"), ("X-Amz-Date", "d")], "a\r\n--c\r\nb")).unwrap();
        assert_eq!((form.field("key"), form.field("x-amz-date")), (Some("u/me.png"), Some("d")));
        assert_eq!(form.file.unwrap(), b"a\r\n--c\r\nb");
        let mut cut = upload(&[("key", "k")], "abc");
        cut.body.truncate(cut.body.len() - 8);
        assert_eq!(Form::read(&cut), None);
    }

    #[test]
    fn every_condition_must_hold_and_every_field_be_named() {
        let policy = |conditions: &str| format!("{{\"expiration\": \"2026-11-22T14:00:00.000Z\", \"conditions\": [{conditions}]}}");
        let key = [("key", "u/1.png")];
        for (conditions, fields, file, says) in [
            ("{\"bucket\": \"files\"}, [\"starts-with\", \"$key\", \"u/\"]", &key[..], "abc", "good"),
            ("{\"bucket\": \"other\"}, [\"starts-with\", \"$key\", \"u/\"]", &key, "abc", "AccessDenied"),
            ("[\"eq\", \"$key\", \"u/2.png\"]", &key, "abc", "AccessDenied"),
            ("[\"starts-with\", \"$key\", \"v/\"]", &key, "abc", "AccessDenied"),
            ("{\"bucket\": \"files\"}", &key, "abc", "Extra input fields: key"),
            ("{\"key\": \"u/1.png\"}, {\"acl\": \"private\"}", &key, "abc", "AccessDenied"),
            ("{\"key\": \"u/1.png\"}, [\"content-length-range\", 1, 3]", &key, "abc", "good"),
            ("{\"key\": \"u/1.png\"}, [\"content-length-range\", 1, 2]", &key, "abc", "EntityTooLarge"),
            ("{\"key\": \"u/1.png\"}, [\"content-length-range\", \"4\", \"9\"]", &key, "abc", "EntityTooSmall"),
            ("{\"key\": \"u/1.png\"}, [\"matches\", \"$key\", \".*\"]", &key, "abc", "InvalidPolicyDocument"),
            ("{\"key\": \"u/1.png\"}", &[("key", "u/1.png"), ("x-ignore-me", "1")], "abc", "good"),
        ] {
            let said = said(&policy(conditions), fields, file);
            assert!(said.contains(says), "{conditions}: {said}");
        }
        let late = "{\"expiration\": \"2026-11-22T13:00:00Z\", \"conditions\": []}";
        assert!(said(late, &[], "a").contains("Policy expired"));
        assert!(said("{\"conditions\": []}", &[], "a").contains("InvalidPolicyDocument"));
    }
}
