//! Objects written: put, by a form, copied, deleted (Amazon S3 API Reference, "PutObject", "POST Object", "CopyObject",
//! "DeleteObject", "DeleteObjects").

use super::store::{self, Object};
use super::{Wanted, checksum, conditions, document, empty, malformed, no_such_key, not_implemented, xml};
use crate::wire::xml_escape;
use crate::{Done, ServiceError};
use model::{HttpResponse, World};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Headers that are kept with an object and answered with it.
const KEPT: [&str; 9] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-server-side-encryption",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
];

/// Bytes of user-defined metadata at most ("Working with object metadata").
const METADATA: usize = 2048;
/// Bytes of a key at most ("Naming Amazon S3 objects").
const KEY: usize = 1024;

/// An object without content, as the request describes it.
///
/// # Errors
/// What cannot be kept of it.
pub fn described(wanted: &Wanted) -> Result<Object, ServiceError> {
    if wanted.key.len() > KEY {
        return Err(ServiceError::new(400, "KeyTooLongError", "Your key is too long"));
    }
    let acl = wanted.header("x-amz-acl").or_else(|| wanted.header("acl")).filter(|acl| *acl != "private");
    if let Some(acl) = acl {
        const KNOWN: [&str; 6] =
            ["public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read", "bucket-owner-full-control"];
        if !KNOWN.contains(&acl) {
            return Err(ServiceError::new(400, "InvalidArgument", ""));
        }
    }
    let kept = |name: &str| KEPT.contains(&name) || name.starts_with("x-amz-meta-");
    let mut headers: BTreeMap<String, String> =
        wanted.headers.iter().filter(|(name, _)| kept(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    if let Some(encoding) = headers.get_mut("content-encoding") {
        // How the body travelled is no property of the object.
        let rest: Vec<&str> = encoding.split(',').map(str::trim).filter(|one| !one.is_empty() && *one != "aws-chunked").collect();
        *encoding = rest.join(",");
    }
    headers.retain(|_, value| !value.is_empty());
    headers.entry("content-type".into()).or_insert_with(|| "binary/octet-stream".into());
    let metadata = headers.iter().filter_map(|(name, value)| Some(name.strip_prefix("x-amz-meta-")?.len() + value.len()));
    if metadata.sum::<usize>() > METADATA {
        return Err(ServiceError::new(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size"));
    }
    Ok(Object { headers, acl: acl.map(str::to_owned), ..Object::default() })
}

/// Keeps a body under the key that is wanted; its ETag.
fn keep(wanted: &Wanted, content: &[u8], world: &dyn World) -> Result<String, ServiceError> {
    let object = described(wanted)?;
    checksum::check(wanted.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())), content)?;
    conditions::write(wanted, store::find(world, &wanted.bucket, &wanted.key)?.as_ref())?;
    let etag = checksum::etag(content);
    let content = vec![store::keep(world, content)?];
    let size = content.iter().map(|(_, size)| size).sum();
    let object = Object { etag: etag.clone(), size, modified: world.now(), content, ..object };
    store::put(world, &wanted.bucket, &wanted.key, &object)?;
    Ok(etag)
}

/// The headers of an answer to a write, and what CloudTrail shows of it.
pub fn written(etag: &str) -> (Vec<(String, String)>, Value) {
    let headers = vec![("ETag".into(), format!("\"{etag}\"")), ("x-amz-server-side-encryption".into(), "AES256".into())];
    (headers, json!({ "x-amz-server-side-encryption": "AES256" }))
}

pub fn put(wanted: &Wanted, content: &[u8], world: &dyn World) -> Result<Done, ServiceError> {
    let (headers, elements) = written(&keep(wanted, content, world)?);
    Ok(Done::new(HttpResponse { headers, ..empty(200) }, elements))
}

/// A form's answer is as the form wants it: a redirect, or a status, 204 unless it names another.
pub fn post(wanted: &Wanted, content: &[u8], world: &dyn World) -> Result<Done, ServiceError> {
    let etag = keep(wanted, content, world)?;
    let (mut headers, elements) = written(&etag);
    let (name, key) = (xml_escape(&wanted.bucket), xml_escape(&wanted.key));
    let location = format!("https://{name}.s3.amazonaws.com/{key}");
    headers.push(("Location".into(), location.clone()));
    let redirect = wanted.header("success_action_redirect").or_else(|| wanted.header("redirect"));
    let redirect = redirect.filter(|to| to.starts_with("https://") || to.starts_with("http://"));
    let response = match (redirect, wanted.header("success_action_status")) {
        (Some(to), _) => {
            let query = if to.contains('?') { '&' } else { '?' };
            headers.retain(|(name, _)| name != "Location");
            headers.push(("Location".into(), format!("{to}{query}bucket={name}&key={key}&etag=%22{etag}%22")));
            HttpResponse { headers, ..empty(303) }
        }
        (None, Some("201")) => {
            let inside = format!("<Location>{location}</Location><Bucket>{name}</Bucket><Key>{key}</Key><ETag>&quot;{etag}&quot;</ETag>");
            let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse>{inside}</PostResponse>").into_bytes();
            headers.push(("Content-Type".into(), "application/xml".into()));
            HttpResponse { status: 201, headers, body }
        }
        (None, Some("200")) => HttpResponse { headers, ..empty(200) },
        (None, _) => HttpResponse { headers, ..empty(204) },
    };
    Ok(Done::new(response, elements))
}

/// The bucket and the key of `x-amz-copy-source`.
///
/// # Errors
/// It names none, or a version.
pub fn source(header: &str) -> Result<(String, String), ServiceError> {
    let (path, version) = header.split_once("?versionId=").map_or((header, None), |(path, version)| (path, Some(version)));
    if version.is_some_and(|version| version != "null") {
        return Err(not_implemented("versionId"));
    }
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let named = decoded.strip_prefix('/').unwrap_or(&decoded).split_once('/').filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty());
    let says = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
    named.map(|(bucket, key)| (bucket.to_owned(), key.to_owned())).ok_or_else(|| ServiceError::new(400, "InvalidArgument", says))
}

pub fn copy(wanted: &Wanted, world: &dyn World) -> Result<Done, ServiceError> {
    let (from, key) = source(wanted.header("x-amz-copy-source").unwrap_or_default())?;
    let original = store::find(world, &from, &key)?.ok_or_else(|| no_such_key(&key))?;
    if !conditions::read(wanted, "x-amz-copy-source-", &original)? {
        return Err(ServiceError::new(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"));
    }
    let mut object = described(wanted)?;
    let replaced = wanted.header("x-amz-metadata-directive") == Some("REPLACE");
    if !replaced {
        if (&from, &key) == (&wanted.bucket, &wanted.key) {
            let says = "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, \
                        storage class, website redirect location or encryption attributes.";
            return Err(ServiceError::new(400, "InvalidRequest", says));
        }
        object.headers = original.headers.clone();
    }
    let content = store::content(world, &original, 0..original.size)?;
    let (etag, modified) = (checksum::etag(&content), world.now());
    let content = vec![store::keep(world, &content)?];
    let object = Object { etag: etag.clone(), size: original.size, modified, content, ..object };
    store::put(world, &wanted.bucket, &wanted.key, &object)?;
    let inside = format!("<LastModified>{}</LastModified><ETag>&quot;{etag}&quot;</ETag>", super::list::iso(&object));
    Ok(Done::new(document("CopyObjectResult", &inside), written(&etag).1))
}

pub fn delete(wanted: &Wanted, world: &dyn World) -> Result<Done, ServiceError> {
    store::delete(world, &wanted.bucket, &wanted.key)?;
    Ok(Done::new(empty(204), Value::Null))
}

/// Keys of one request at most.
const KEYS: usize = 1000;

/// The keys of a `Delete` document, and whether the answer names only what failed.
///
/// # Errors
/// `MalformedXML`, or a version.
pub fn keys(content: &[u8]) -> Result<(Vec<String>, bool), ServiceError> {
    let text = std::str::from_utf8(content).map_err(|_| malformed())?;
    let root = xml::read(text).filter(|root| root.name == "Delete").ok_or_else(malformed)?;
    let objects = root.children.iter().filter(|child| child.name == "Object");
    if objects.clone().any(|object| object.child("VersionId").is_some_and(|version| version != "null")) {
        return Err(not_implemented("VersionId"));
    }
    let keys: Vec<String> = objects.filter_map(|object| object.child("Key").filter(|key| !key.is_empty()).map(str::to_owned)).collect();
    if keys.is_empty() || keys.len() > KEYS {
        return Err(malformed());
    }
    Ok((keys, root.child("Quiet") == Some("true")))
}

pub fn delete_many(wanted: &Wanted, content: &[u8], world: &dyn World) -> Result<Done, ServiceError> {
    checksum::check(wanted.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())), content)?;
    let (keys, quiet) = keys(content)?;
    let mut out = String::new();
    for key in keys {
        store::delete(world, &wanted.bucket, &key)?;
        if !quiet {
            let _ = write!(out, "<Deleted><Key>{}</Key></Deleted>", xml_escape(&key));
        }
    }
    Ok(Done::new(document("DeleteResult", &out), Value::Null))
}
