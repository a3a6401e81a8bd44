//! Attacks on the objects of a bucket: where a canary is planted, and how a signed URL or form that a function gave is used. Reads the
//! object that was planted, and writes the one that the prover asked for, never over another.

use crate::probe;
use model::attack::{Outcome, PlantAt};
use model::{App, Finding, HttpRequest, HttpResponse, Resource, ResourceId, Target};
use serde_json::Value;

/// A key that nobody outside is meant to read.
pub const PRIVATE: &str = "private/salaries.csv";

/// The bucket that a finding is about.
pub fn of<'a>(app: &'a App, findings: &[&Finding]) -> Result<&'a Resource, String> {
    let named = findings.first().map(|finding| finding.resource.as_str()).ok_or("no finding to attack")?;
    let mut buckets = app.of_kind("AWS::S3::Bucket");
    buckets.find(|bucket| bucket.id.to_string() == named).ok_or_else(|| format!("{named} is no bucket, and of others nothing is planted"))
}

/// The bucket that a function works with: one that its environment names, or the only one.
pub fn of_function<'a>(app: &'a App, findings: &[&Finding]) -> Result<&'a Resource, String> {
    let named = findings.first().map(|finding| finding.resource.as_str()).ok_or("no finding to attack")?;
    let function = app.aws().functions.values().find(|function| function.id.to_string() == named).ok_or("no such function")?;
    let buckets: Vec<&Resource> = app.of_kind("AWS::S3::Bucket").collect();
    let used = buckets.iter().find(|bucket| function.environment.values().any(|value| *value == bucket.physical_id));
    match (used, buckets.as_slice()) {
        (Some(bucket), _) | (None, [bucket]) => Ok(bucket),
        _ => Err("which bucket the function works with is not known".into()),
    }
}

/// An object under that key.
pub fn private(bucket: &Resource) -> PlantAt {
    PlantAt::Object { bucket: bucket.physical_id.clone(), key: PRIVATE.into() }
}

/// Reads an object as nobody in particular.
pub fn read(bucket: &str, target: &str, at: &mut dyn Target, outcome: &mut Outcome) -> bool {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = HttpRequest { method: "GET".into(), path: path.into(), query: query.into(), ..HttpRequest::default() };
    match at.bucket(bucket, &request) {
        Ok(response) => {
            let took = outcome.took(&response);
            let shown = if query.contains("X-Amz-Signature=") { "the signed URL".to_owned() } else { format!("GET {target}") };
            outcome.steps.push(format!("{shown} of {bucket}: {}", response.status));
            took
        }
        Err(error) => {
            outcome.failed(&error);
            false
        }
    }
}

/// The signed URL of an answer: where it redirects to, or what stands in its body. Bucket, and path with query.
pub fn signed_url(response: &HttpResponse) -> Option<(String, String)> {
    let body = String::from_utf8_lossy(&response.body).replace("\\u0026", "&").replace("&amp;", "&");
    let texts = [response.header("location").unwrap_or_default(), &body];
    texts.into_iter().find_map(|text| {
        let url = text.get(text.find("https://")?..)?;
        let url = url.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>')).next()?;
        url.contains("X-Amz-Signature=").then(|| place(url)).flatten()
    })
}

/// The bucket of an S3 URL that names it in its host, and what comes after.
fn place(url: &str) -> Option<(String, String)> {
    let (host, rest) = url.strip_prefix("https://")?.split_once('/').unwrap_or((url.strip_prefix("https://")?, ""));
    // A bucket in the path: what was signed is the whole path, so it cannot be asked for at the bucket's own host.
    host.split_once(".s3.").map(|(bucket, _)| (bucket.to_owned(), format!("/{rest}")))
}

/// The signed form of an answer: the URL it goes to and its fields.
pub fn signed_form(response: &HttpResponse) -> Option<(String, Vec<(String, String)>)> {
    fn find(value: &Value) -> Option<(String, Vec<(String, String)>)> {
        if let (Some(Value::String(url)), Some(Value::Object(fields))) = (value.get("url"), value.get("fields")) {
            let fields = fields.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
            return Some((url.clone(), fields.collect()));
        }
        match value {
            Value::Object(members) => members.values().find_map(find),
            Value::Array(items) => items.iter().find_map(find),
            _ => None,
        }
    }
    let (url, fields) = find(&serde_json::from_slice(&response.body).ok()?)?;
    Some((place(&url)?.0, fields))
}

/// What separates the parts of a form; a text like this is in no field.
const BOUNDARY: &str = "----formBoundary7MA4YWxkTrZu0gW";

/// A form with its fields and its file.
pub fn form(fields: &[(String, String)], file: &[u8]) -> HttpRequest {
    let mut body = Vec::with_capacity(file.len() + 4096);
    for (name, value) in fields {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"photo.png\"\r\n\r\n");
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    let headers = vec![("Content-Type".to_owned(), format!("multipart/form-data; boundary={BOUNDARY}"))];
    HttpRequest { method: "POST".into(), path: "/".into(), headers, body, ..HttpRequest::default() }
}

/// Asks every route of a function that answers, until one gives what is looked for.
pub fn ask<T>(
    app: &App,
    function: &ResourceId,
    at: &mut dyn Target,
    outcome: &mut Outcome,
    given: impl Fn(&HttpResponse) -> Option<T>,
) -> Option<T> {
    for door in crate::doors::all(app).iter().filter(|door| door.function.id == *function) {
        let Some(found) = door.rest() else { continue };
        let method = if &*found.route.method == "ANY" { "POST" } else { &found.route.method };
        let path = crate::route::fill(&found.route.path, "1");
        let mut request = HttpRequest { method: method.into(), path, ..HttpRequest::default() };
        if method != "GET" {
            request.headers.push(("Content-Type".into(), "application/json".into()));
            request.body = b"{}".to_vec();
        }
        let response = probe::ask(at, outcome, &found.api.id.to_string(), request)?;
        if let Some(given) = given(&response) {
            outcome.steps.push(format!("{method} {} gave it", found.route.path));
            return Some(given);
        }
        outcome.refused =
            Some(format!("{} {}", response.status, String::from_utf8_lossy(&response.body).chars().take(200).collect::<String>()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_function_signed_is_found_in_its_answer() {
        let url = "https://files.s3.us-east-1.amazonaws.com/a%2Fb?X-Amz-Date=1&X-Amz-Signature=2";
        let answer = |headers: Vec<(String, String)>, body: String| HttpResponse { status: 200, headers, body: body.into_bytes() };
        let found = Some(("files".to_owned(), "/a%2Fb?X-Amz-Date=1&X-Amz-Signature=2".to_owned()));
        assert_eq!(signed_url(&answer(vec![("Location".into(), url.into())], String::new())), found);
        assert_eq!(signed_url(&answer(Vec::new(), format!("{{\"url\":\"{url}\"}}"))), found);
        assert_eq!(signed_url(&answer(Vec::new(), "https://example.com/".into())), None);
        let form = "{\"post\":{\"url\":\"https://files.s3.amazonaws.com/\",\"fields\":{\"key\":\"k\"}}}";
        assert_eq!(signed_form(&answer(Vec::new(), form.into())), Some(("files".into(), vec![("key".into(), "k".into())])));
    }
}
