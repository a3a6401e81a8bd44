//! Amazon Simple Storage Service (API version 2006-03-01): the objects of the buckets that templates declare, over the REST
//! protocol, in path style and virtual-hosted style; uploads in parts and by forms.
//!
//! It never decides whether a caller may do something. What is not kept: versions, tags, locks, encryption with customers' keys; a
//! request that asks for them is refused as `NotImplemented`, never passed over. Every object belongs to the bucket's owner, whoever
//! put it there. Of `DeleteObjects` all keys are deleted, or none: one that may not be deleted refuses the whole request.

mod asks;
mod checksum;
mod conditions;
mod list;
mod multipart;
mod objects;
mod store;
mod write;
mod xml;

use crate::{Asked, Done, Service, ServiceError};
use model::{ApiCall, App, HttpRequest, HttpResponse, Identity, Resource, World};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// The service. Writes happen one at a time, and never while an object is read.
#[derive(Debug, Default)]
pub struct S3 {
    writing: RwLock<()>,
}

/// What a request says, as far as an operation wants it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Wanted {
    bucket: String,
    /// Decoded; empty for operations on a bucket.
    key: String,
    /// The fields of a form, or the headers; names in lower case.
    headers: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    /// Whether it was signed.
    signed: bool,
}

impl Wanted {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}

impl Service for S3 {
    fn endpoint(&self) -> &'static str {
        "s3"
    }

    fn asks(&self, app: &App, request: &HttpRequest) -> Result<Asked, ServiceError> {
        asks::asked(app, request)
    }

    fn asks_of_store(&self, app: &App, asked: &mut Asked, world: &dyn World) -> Result<(), ServiceError> {
        let _reading = self.writing.read().unwrap_or_else(PoisonError::into_inner);
        asks::of_store(app, asked, world)
    }

    fn carry_out(&self, app: &App, asked: &Asked, _: &Identity, world: &dyn World) -> Result<Done, ServiceError> {
        let wanted: Wanted = serde_json::from_value(asked.parameters.clone()).map_err(|_| internal())?;
        let (_reading, _writing);
        if asked.read_only {
            _reading = self.writing.read().unwrap_or_else(PoisonError::into_inner);
        } else {
            _writing = self.writing.write().unwrap_or_else(PoisonError::into_inner);
        }
        match asked.operation.as_str() {
            "ListBuckets" => Ok(list::buckets(app)),
            "ListObjects" => list::objects(&wanted, world),
            "HeadBucket" => Ok(list::head_bucket(app)),
            "GetBucketLocation" => Ok(list::location(app)),
            "GetBucketVersioning" => Ok(list::versioning(bucket(app, &wanted.bucket)?)),
            "GetObject" | "HeadObject" => objects::get(&wanted, world),
            "PutObject" => write::put(&wanted, &asked.content, world),
            "PostObject" => write::post(&wanted, &asked.content, world),
            "CopyObject" => write::copy(&wanted, world),
            "DeleteObject" => write::delete(&wanted, world),
            "DeleteObjects" => write::delete_many(&wanted, &asked.content, world),
            "CreateMultipartUpload" => multipart::create(&wanted, world),
            "UploadPart" => multipart::upload_part(&wanted, &asked.content, world),
            "CompleteMultipartUpload" => multipart::complete(&wanted, &asked.content, world),
            "AbortMultipartUpload" => multipart::abort(&wanted, world),
            "ListParts" => multipart::list_parts(&wanted, world),
            other => Err(not_implemented(other)),
        }
    }
}

fn bucket<'a>(app: &'a App, name: &str) -> Result<&'a Resource, ServiceError> {
    app.by_physical("AWS::S3::Bucket", name).ok_or_else(|| {
        let mut error = ServiceError::new(404, "NoSuchBucket", "The specified bucket does not exist");
        error.members.insert("BucketName".into(), name.into());
        error
    })
}

fn arn(app: &App, bucket: &str, key: &str) -> String {
    let slash = if key.is_empty() { "" } else { "/" };
    format!("arn:{}:s3:::{bucket}{slash}{key}", app.partition)
}

fn need(app: &App, action: &str, resource: String, context: &BTreeMap<String, Vec<String>>) -> ApiCall {
    let (resource_account, context) = (app.account.clone(), context.clone());
    ApiCall { action: format!("s3:{action}"), resource, resource_account, context, ..ApiCall::default() }
}

/// A document as S3 answers it; `inside` is XML already.
fn document(root: &str, inside: &str) -> HttpResponse {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">{inside}</{root}>");
    HttpResponse { status: 200, headers: vec![("Content-Type".into(), "application/xml".into())], body: body.into_bytes() }
}

/// An answer without a body.
fn empty(status: u16) -> HttpResponse {
    HttpResponse { status, ..HttpResponse::default() }
}

fn not_implemented(what: &str) -> ServiceError {
    let mut error = ServiceError::new(501, "NotImplemented", "A header you provided implies functionality that is not implemented.");
    error.members.insert("Header".into(), what.chars().filter(char::is_ascii_graphic).take(64).collect::<String>().into());
    error
}

fn no_such_key(key: &str) -> ServiceError {
    let mut error = ServiceError::new(404, "NoSuchKey", "The specified key does not exist.");
    error.members.insert("Key".into(), key.into());
    error
}

fn malformed() -> ServiceError {
    ServiceError::new(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

fn internal() -> ServiceError {
    ServiceError::new(500, "InternalError", "We encountered an internal error. Please try again.")
}

#[cfg(test)]
mod tests;
