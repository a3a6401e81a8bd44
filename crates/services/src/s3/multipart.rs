//! Uploads in parts (Amazon S3 User Guide, "Uploading and copying objects using multipart upload"). The parts' content becomes the
//! object's as it stands: nothing is copied when an upload is completed.

use super::store::{self, Object};
use super::write::{described, written};
use super::{Wanted, checksum, document, empty, internal, malformed, xml};
use crate::wire::xml_escape;
use crate::{Done, ServiceError, draw};
use md5::{Digest as _, Md5};
use model::{HttpResponse, Store, World};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::Write as _;

/// The smallest part but the last, in bytes, and the most parts.
const SMALLEST: usize = 5 << 20;
const PARTS: u32 = 10_000;
const UPLOADS: &str = "uploads";

/// An upload that was begun.
#[derive(Debug, Serialize, Deserialize)]
struct Upload {
    bucket: String,
    key: String,
    object: Object,
}

/// A part of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    number: u32,
    etag: String,
    content: (String, usize),
}

fn parts(id: &str) -> String {
    format!("parts/{id}")
}

pub fn create(wanted: &Wanted, world: &dyn World) -> Result<Done, ServiceError> {
    let upload = Upload { bucket: wanted.bucket.clone(), key: wanted.key.clone(), object: described(wanted)? };
    let id = draw::text(world, draw::BASE36, 64);
    world.store("s3").put(UPLOADS, &id, &serde_json::to_vec(&upload).map_err(|_| internal())?)?;
    let (name, key) = (xml_escape(&wanted.bucket), xml_escape(&wanted.key));
    let inside = format!("<Bucket>{name}</Bucket><Key>{key}</Key><UploadId>{id}</UploadId>");
    Ok(Done::new(document("InitiateMultipartUploadResult", &inside), Value::Null))
}

/// The upload that is wanted, of this bucket and key.
fn upload(wanted: &Wanted, world: &dyn World) -> Result<(String, Upload), ServiceError> {
    let none = || {
        let says = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
        ServiceError::new(404, "NoSuchUpload", says)
    };
    let id = wanted.query("uploadId").ok_or_else(none)?;
    let row = world.store("s3").get(UPLOADS, id)?.ok_or_else(none)?;
    let upload: Upload = serde_json::from_slice(&row).map_err(|_| internal())?;
    let own = (&upload.bucket, &upload.key) == (&wanted.bucket, &wanted.key);
    if own { Ok((id.to_owned(), upload)) } else { Err(none()) }
}

pub fn upload_part(wanted: &Wanted, content: &[u8], world: &dyn World) -> Result<Done, ServiceError> {
    let (id, _) = upload(wanted, world)?;
    let number = wanted.query("partNumber").and_then(|number| number.parse().ok()).filter(|number| (1..=PARTS).contains(number));
    let says = "Part number must be an integer between 1 and 10000, inclusive";
    let number: u32 = number.ok_or_else(|| ServiceError::new(400, "InvalidArgument", says))?;
    checksum::check(wanted.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())), content)?;
    let store = world.store("s3");
    let (table, key) = (parts(&id), format!("{number:05}"));
    let before = part(store.get(&table, &key)?)?;
    let part = Part { number, etag: checksum::etag(content), content: store::keep(world, content)? };
    store.put(&table, &key, &serde_json::to_vec(&part).map_err(|_| internal())?)?;
    store::forget(world, &before.map(|before| before.content).into_iter().collect::<Vec<_>>())?;
    Ok(Done::new(HttpResponse { headers: written(&part.etag).0, ..empty(200) }, Value::Null))
}

fn part(row: Option<Vec<u8>>) -> Result<Option<Part>, ServiceError> {
    row.map(|row| serde_json::from_slice(&row).map_err(|_| internal())).transpose()
}

fn uploaded(id: &str, store: &dyn Store) -> Result<Vec<Part>, ServiceError> {
    let rows = store.scan(&parts(id), "")?;
    rows.into_iter().filter_map(|(_, row)| part(Some(row)).transpose()).collect()
}

pub fn complete(wanted: &Wanted, content: &[u8], world: &dyn World) -> Result<Done, ServiceError> {
    let (id, upload) = upload(wanted, world)?;
    let text = std::str::from_utf8(content).map_err(|_| malformed())?;
    let root = xml::read(text).filter(|root| root.name == "CompleteMultipartUpload").ok_or_else(malformed)?;
    let named = root.children.iter().filter(|child| child.name == "Part").map(|part| {
        let number: u32 = part.child("PartNumber")?.trim().parse().ok()?;
        Some((number, part.child("ETag")?.trim().trim_matches('"').to_owned()))
    });
    let named: Vec<(u32, String)> = named.collect::<Option<_>>().filter(|named: &Vec<_>| !named.is_empty()).ok_or_else(malformed)?;
    if !named.windows(2).all(|two| two.first().zip(two.last()).is_some_and(|(a, b)| a.0 < b.0)) {
        let says = "The list of parts was not in ascending order. Parts must be ordered by part number.";
        return Err(ServiceError::new(400, "InvalidPartOrder", says));
    }
    let all = uploaded(&id, world.store("s3"))?;
    let mut chosen: Vec<Part> = Vec::new();
    for (number, etag) in &named {
        let says = "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity \
                    tag may not match the part's entity tag.";
        let found = all.iter().find(|part| part.number == *number && part.etag == *etag);
        chosen.push(found.cloned().ok_or_else(|| ServiceError::new(400, "InvalidPart", says))?);
    }
    let small = chosen.iter().rev().skip(1).any(|part| part.content.1 < SMALLEST);
    if small {
        return Err(ServiceError::new(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"));
    }
    // The hash of the parts' hashes, and their number ("Checking object integrity", ETags of multipart uploads).
    let mut hash = Md5::new();
    chosen.iter().for_each(|part| hash.update(unhex(&part.etag)));
    let etag = format!("{}-{}", gate::sigv4::hex(&hash.finalize()), chosen.len());
    let content: Vec<(String, usize)> = chosen.iter().map(|part| part.content.clone()).collect();
    let size = content.iter().map(|(_, size)| size).sum();
    let object = Object { etag: etag.clone(), size, modified: world.now(), content, ..upload.object };
    super::conditions::write(wanted, store::find(world, &wanted.bucket, &wanted.key)?.as_ref())?;
    store::put(world, &wanted.bucket, &wanted.key, &object)?;
    let left: Vec<Part> = all.into_iter().filter(|part| chosen.iter().all(|own| own.content != part.content)).collect();
    end(&id, &left, world)?;
    let (name, key) = (xml_escape(&wanted.bucket), xml_escape(&wanted.key));
    let location = format!("https://{name}.s3.amazonaws.com/{key}");
    let inside = format!("<Location>{location}</Location><Bucket>{name}</Bucket><Key>{key}</Key><ETag>&quot;{etag}&quot;</ETag>");
    Ok(Done::new(document("CompleteMultipartUploadResult", &inside), Value::Null))
}

pub fn abort(wanted: &Wanted, world: &dyn World) -> Result<Done, ServiceError> {
    let (id, _) = upload(wanted, world)?;
    let all = uploaded(&id, world.store("s3"))?;
    end(&id, &all, world)?;
    Ok(Done::new(empty(204), Value::Null))
}

/// Forgets an upload, and the content of these of its parts.
fn end(id: &str, content: &[Part], world: &dyn World) -> Result<(), ServiceError> {
    let store = world.store("s3");
    store.delete(UPLOADS, id)?;
    for (key, _) in store.scan(&parts(id), "")? {
        store.delete(&parts(id), &key)?;
    }
    store::forget(world, &content.iter().map(|part| part.content.clone()).collect::<Vec<_>>())
}

pub fn list_parts(wanted: &Wanted, world: &dyn World) -> Result<Done, ServiceError> {
    let (id, _) = upload(wanted, world)?;
    let (name, key) = (xml_escape(&wanted.bucket), xml_escape(&wanted.key));
    let mut out = format!("<Bucket>{name}</Bucket><Key>{key}</Key><UploadId>{id}</UploadId><IsTruncated>false</IsTruncated>");
    for Part { number, etag, content } in uploaded(&id, world.store("s3"))? {
        let _ = write!(out, "<Part><PartNumber>{number}</PartNumber><ETag>&quot;{etag}&quot;</ETag><Size>{}</Size></Part>", content.1);
    }
    Ok(Done::new(document("ListPartsResult", &out), Value::Null))
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
    digits.chunks_exact(2).map(|two| two.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}
