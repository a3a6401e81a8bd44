//! The canonical request (IAM User Guide, "Create a signed AWS API request", step 1).

use super::authorization::{Offered, Way};
use super::refusal::Refusal;
use super::{hex, is_chunked, sha256};
use model::HttpRequest;
use percent_encoding::percent_decode_str;
use std::fmt::Write as _;

/// Method, path, query, signed headers and payload hash in canonical form.
pub(super) fn request(request: &HttpRequest, offered: &Offered, service: &str) -> Result<String, Refusal> {
    let signed = &offered.signed_headers;
    let unsigned = |name: &str| !signed.iter().any(|own| own.eq_ignore_ascii_case(name));
    // A target header that is not signed could be exchanged for another operation's.
    if request.header("x-amz-target").is_some() && unsigned("x-amz-target") {
        return Err(Refusal::Mismatch);
    }
    if service == "s3" && request.headers.iter().any(|(name, _)| amazon(name) && unsigned(name)) {
        return Err(Refusal::Other(403, "AccessDenied", "There were headers present in the request which were not signed".into()));
    }
    let mut text = format!("{}\n{}\n{}\n", request.method, path(&request.path, service), query(&request.query));
    for name in signed {
        let values = request.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| collapsed(value));
        let _ = writeln!(text, "{name}:{}", values.collect::<Vec<_>>().join(","));
    }
    let _ = write!(text, "\n{}\n{}", signed.join(";"), payload(request, offered, service)?);
    Ok(text)
}

/// Whether a header is one of Amazon's, all of which must be signed (Amazon S3 API Reference, "Signature Calculations for the
/// Authorization Header"). The hash of the body is part of the signed text itself.
fn amazon(name: &str) -> bool {
    name.get(..6).is_some_and(|begin| begin.eq_ignore_ascii_case("x-amz-")) && !name.eq_ignore_ascii_case("x-amz-content-sha256")
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
        // What stands in the query itself is no part of what it signs.
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| (encoded(&decoded(name)), encoded(&decoded(value))))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The hash of the body. Only S3 lets the caller leave the body unsigned, or sign it in chunks.
fn payload(request: &HttpRequest, offered: &Offered, service: &str) -> Result<String, Refusal> {
    let said = request.header("x-amz-content-sha256");
    match said {
        None if matches!(offered.way, Way::Query { .. }) => Ok("UNSIGNED-PAYLOAD".into()),
        Some("UNSIGNED-PAYLOAD") if service == "s3" => Ok("UNSIGNED-PAYLOAD".into()),
        Some(said) if service == "s3" && is_chunked(said) => Ok(said.into()),
        _ => {
            let own = hex(&sha256(&request.body));
            if service == "s3" && said.is_some_and(|said| said != own) { Err(Refusal::PayloadMismatch) } else { Ok(own) }
        }
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
