//! The canonical request (IAM User Guide, "Create a signed AWS API request", step 1).

use super::refusal::Refusal;
use super::{hex, sha256};
use model::HttpRequest;
use percent_encoding::percent_decode_str;
use std::fmt::Write as _;

/// Method, path, query, signed headers and payload hash in canonical form.
pub(super) fn request(request: &HttpRequest, signed: &[String], service: &str) -> Result<String, Refusal> {
    // A target header that is not signed could be exchanged for another operation's.
    if request.header("x-amz-target").is_some() && !signed.iter().any(|name| name == "x-amz-target") {
        return Err(Refusal::Mismatch);
    }
    let mut text = format!("{}\n{}\n{}\n", request.method, path(&request.path, service), query(&request.query));
    for name in signed {
        let values = request.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| collapsed(value));
        let _ = writeln!(text, "{name}:{}", values.collect::<Vec<_>>().join(","));
    }
    let _ = write!(text, "\n{}\n{}", signed.join(";"), payload(request, service)?);
    Ok(text)
}

/// S3 signs the path as it is sent; all others encode it once more and resolve `.`, `..` and doubled slashes.
fn path(path: &str, service: &str) -> String {
    let path = if path.is_empty() { "/" } else { path };
    if service == "s3" {
        return path.split('/').map(|segment| encoded(&decoded(segment))).collect::<Vec<_>>().join("/");
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let trailing = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{trailing}", segments.iter().map(|segment| encoded(segment.as_bytes())).collect::<Vec<_>>().join("/"))
}

fn query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encoded(&decoded(name)), encoded(&decoded(value))))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The hash of the body. Only S3 lets the caller leave the body unsigned.
fn payload(request: &HttpRequest, service: &str) -> Result<String, Refusal> {
    let own = hex(&sha256(&request.body));
    match request.header("x-amz-content-sha256") {
        Some(unsigned @ ("UNSIGNED-PAYLOAD" | "STREAMING-UNSIGNED-PAYLOAD-TRAILER")) if service == "s3" => Ok(unsigned.into()),
        Some(said) if service == "s3" && said != own => Err(Refusal::PayloadMismatch),
        _ => Ok(own),
    }
}

/// Spaces around removed, runs of spaces made one.
fn collapsed(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn decoded(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

/// Everything but the unreserved characters of RFC 3986 becomes `%XX`.
fn encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
