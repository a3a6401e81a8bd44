//! What lists: buckets, and the objects of one (Amazon S3 API Reference, "ListBuckets", "ListObjects", "ListObjectsV2"; Amazon S3
//! User Guide, "Organizing objects using prefixes").

use super::store::{self, Object};
use super::{Wanted, document, empty};
use crate::wire::xml_escape;
use crate::{Done, ServiceError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{App, HttpResponse, Resource, World};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::fmt::Write as _;

/// Keys of one answer at most.
const PAGE: usize = 1000;
/// What stays as it is with `encoding-type=url`.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b'/');

pub fn buckets(app: &App) -> Done {
    let mut names: Vec<&str> = app.of_kind("AWS::S3::Bucket").map(|bucket| bucket.physical_id.as_str()).collect();
    names.sort_unstable();
    let mut inside = format!("<Owner><ID>{}</ID></Owner><Buckets>", owner(app));
    for name in names {
        let region = &app.region;
        let _ = write!(
            inside,
            "<Bucket><Name>{}</Name><CreationDate>{CREATED}</CreationDate><BucketRegion>{region}</BucketRegion></Bucket>",
            xml_escape(name)
        );
    }
    Done::new(document("ListAllMyBucketsResult", &(inside + "</Buckets>")), Value::Null)
}

/// Buckets stand in templates, which say no date.
const CREATED: &str = "2026-01-01T00:00:00.000Z";

/// The canonical user id of the account: 64 hexadecimal digits, the same in every run.
fn owner(app: &App) -> String {
    gate::sigv4::hex(&gate::sigv4::sha256(app.account.as_bytes()))
}

pub fn head_bucket(app: &App) -> Done {
    let headers = vec![("x-amz-bucket-region".into(), app.region.clone())];
    Done::new(HttpResponse { headers, ..empty(200) }, Value::Null)
}

pub fn location(app: &App) -> Done {
    // The first region has no constraint.
    let region = if app.region == "us-east-1" { "" } else { &app.region };
    Done::new(document("LocationConstraint", region), Value::Null)
}

pub fn versioning(bucket: &Resource) -> Done {
    let status = bucket.properties.at(&["VersioningConfiguration", "Status"]).and_then(model::Node::scalar);
    let inside = status.map(|status| format!("<Status>{}</Status>", xml_escape(&status))).unwrap_or_default();
    Done::new(document("VersioningConfiguration", &inside), Value::Null)
}

/// One entry of a list.
enum Entry {
    Object(String, Box<Object>),
    /// What keys with the same beginning up to the delimiter are rolled up to.
    Prefix(String),
}

impl Entry {
    fn name(&self) -> &str {
        match self {
            Self::Object(name, _) | Self::Prefix(name) => name,
        }
    }
}

/// Both versions of the operation, which CloudTrail calls by one name.
pub fn objects(wanted: &Wanted, world: &dyn World) -> Result<Done, ServiceError> {
    let second = wanted.query("list-type") == Some("2");
    let prefix = wanted.query("prefix").unwrap_or_default();
    let delimiter = wanted.query("delimiter").unwrap_or_default();
    let most = wanted.query("max-keys").map_or(Ok(PAGE), |text| text.parse::<usize>().map_err(|_| invalid("max-keys", text)))?.min(PAGE);
    let token = wanted.query("continuation-token").filter(|_| second);
    let after = match token {
        Some(token) => {
            let read = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            read.ok_or_else(|| ServiceError::new(400, "InvalidArgument", "The continuation token provided is incorrect"))?
        }
        None => wanted.query(if second { "start-after" } else { "marker" }).unwrap_or_default().to_owned(),
    };
    let mut entries: Vec<Entry> = Vec::new();
    for (key, object) in store::all(world, &wanted.bucket, prefix)?.into_iter().filter(|(key, _)| *key > after) {
        let rest = key.get(prefix.len()..).unwrap_or_default();
        let rolled = rest.find(delimiter).filter(|_| !delimiter.is_empty()).map(|at| prefix.len() + at + delimiter.len());
        match rolled.and_then(|end| key.get(..end)) {
            Some(common) if common == after => {}
            Some(common) if entries.last().is_some_and(|last| last.name() == common) => {}
            Some(common) => entries.push(Entry::Prefix(common.to_owned())),
            None => entries.push(Entry::Object(key, Box::new(object))),
        }
    }
    let truncated = entries.len() > most;
    entries.truncate(most);
    let url = wanted.query("encoding-type") == Some("url");
    let shown = |text: &str| if url { utf8_percent_encode(text, PLAIN).to_string() } else { xml_escape(text) };
    let mut out = format!("<Name>{}</Name><Prefix>{}</Prefix><MaxKeys>{most}</MaxKeys>", xml_escape(&wanted.bucket), shown(prefix));
    let mut optional = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(out, "<{name}>{value}</{name}>");
        }
    };
    optional("Delimiter", Some(delimiter).filter(|d| !d.is_empty()).map(shown));
    optional("EncodingType", url.then(|| "url".to_owned()));
    optional("IsTruncated", Some(truncated.to_string()));
    let last = entries.last().map(Entry::name).filter(|_| truncated);
    if second {
        optional("KeyCount", Some(entries.len().to_string()));
        optional("ContinuationToken", token.map(xml_escape));
        optional("StartAfter", wanted.query("start-after").map(shown));
        optional("NextContinuationToken", last.map(|last| STANDARD.encode(last)));
    } else {
        optional("Marker", Some(shown(&after)));
        // Only a list with a delimiter says where the next one begins.
        optional("NextMarker", last.filter(|_| !delimiter.is_empty()).map(shown));
    }
    for entry in &entries {
        if let Entry::Object(key, object) = entry {
            let (etag, size, modified) = (&object.etag, object.size, iso(object));
            let class = object.headers.get("x-amz-storage-class").map_or("STANDARD", String::as_str);
            let _ = write!(
                out,
                "<Contents><Key>{}</Key><LastModified>{modified}</LastModified><ETag>&quot;{etag}&quot;</ETag><Size>{size}</Size>\
                 <StorageClass>{}</StorageClass></Contents>",
                shown(key),
                xml_escape(class)
            );
        }
    }
    for entry in &entries {
        if let Entry::Prefix(prefix) = entry {
            let _ = write!(out, "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", shown(prefix));
        }
    }
    Ok(Done::new(document("ListBucketResult", &out), Value::Null))
}

/// `2026-11-22T13:44:13.000Z`.
pub fn iso(object: &Object) -> String {
    object.modified.to_string().replace('Z', ".000Z")
}

fn invalid(name: &str, value: &str) -> ServiceError {
    let mut error = ServiceError::new(400, "InvalidArgument", format!("Provided {name} not an integer or within integer range"));
    error.members.insert("ArgumentName".into(), name.into());
    error.members.insert("ArgumentValue".into(), value.into());
    error
}
