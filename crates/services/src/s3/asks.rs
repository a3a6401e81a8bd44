//! What a request asks for: which operation it is, and which actions on which ARNs it needs (Amazon S3 User Guide, "Required
//! permissions for Amazon S3 API operations"; Service Authorization Reference, "Actions, resources, and condition keys for Amazon
//! S3").

use super::{Wanted, arn, bucket, need, not_implemented, store, write};
use crate::{Asked, ServiceError};
use gate::bucket::{address, has_acls};
use gate::sigv4::{Chunked, Form, is_chunked, scope_of_upload};
use model::{ApiCall, App, HttpRequest, Resource, World};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Parts of a bucket or an object that a parameter names, with those of a signature and of an answer left out. One that is not
/// served must not be taken for the thing itself.
const PARTS: [&str; 37] = [
    "accelerate",
    "acl",
    "analytics",
    "append",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "rename",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "session",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versioning",
    "versions",
    "website",
];

/// Headers that ask for what is not kept.
const UNKEPT: [&str; 9] = [
    "x-amz-grant-",
    "x-amz-object-lock-",
    "x-amz-server-side-encryption-customer-",
    "x-amz-copy-source-server-side-encryption-customer-",
    "x-amz-tagging",
    "x-amz-copy-source-range",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
    "x-amz-rename-source",
];

/// Reads a request.
///
/// # Errors
/// What S3 answers to what is no request of its own, or not served here.
pub fn asked(app: &App, request: &HttpRequest) -> Result<Asked, ServiceError> {
    refuse_version_two(request)?;
    let (named, key) = address(request);
    let query: BTreeMap<String, String> = pairs(&request.query).collect();
    let form = if key.is_empty() { Form::read(request) } else { None };
    let Some(named) = named else {
        let root = BTreeMap::new();
        return match request.method.as_str() {
            "GET" => Ok(finished(request, Wanted::default(), "ListBuckets", vec![need(app, "ListAllMyBuckets", "*".into(), &root)])),
            _ => Err(not_allowed()),
        };
    };
    let own = bucket(app, &named)?;
    let headers = request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    let mut wanted = Wanted { bucket: named, key, headers: headers.collect(), query, signed: scope_of_upload(request).is_some() };
    let mut content = request.body.clone();
    if let Some(chunked) = wanted.header("x-amz-content-sha256").filter(|said| is_chunked(said)).map(|_| Chunked::read(&request.body)) {
        let chunked = chunked.ok_or_else(|| ServiceError::new(400, "IncompleteBody", "The request body terminated unexpectedly"))?;
        content = chunked.content;
        wanted.headers.extend(chunked.trailers);
        let length = wanted.header("x-amz-decoded-content-length").and_then(|length| length.parse().ok());
        if length.is_some_and(|length: usize| length != content.len()) {
            let says = "You did not provide the number of bytes specified by the Content-Length HTTP header";
            return Err(ServiceError::new(400, "IncompleteBody", says));
        }
    }
    let part = wanted.query.keys().find(|name| PARTS.contains(&name.as_str())).cloned().unwrap_or_default();
    let operation = match (request.method.as_str(), wanted.key.is_empty(), part.as_str()) {
        ("GET", true, "") => "ListObjects",
        ("HEAD", true, "") => "HeadBucket",
        ("GET", true, "location") => "GetBucketLocation",
        ("GET", true, "versioning") => "GetBucketVersioning",
        ("POST", true, "delete") => "DeleteObjects",
        ("POST", true, "") => {
            let form = form.ok_or_else(|| {
                ServiceError::new(412, "PreconditionFailed", "Bucket POST must be of the enclosure-type multipart/form-data")
            })?;
            content = posted(&mut wanted, form)?;
            "PostObject"
        }
        ("GET", false, "") => "GetObject",
        ("HEAD", false, "") => "HeadObject",
        ("PUT", false, "") if wanted.header("x-amz-copy-source").is_some() => "CopyObject",
        ("PUT", false, "") => "PutObject",
        ("DELETE", false, "") => "DeleteObject",
        ("POST", false, "uploads") => "CreateMultipartUpload",
        ("PUT", false, "partNumber") if wanted.header("x-amz-copy-source").is_none() => "UploadPart",
        ("POST", false, "uploadId") => "CompleteMultipartUpload",
        ("DELETE", false, "uploadId") => "AbortMultipartUpload",
        ("GET", false, "uploadId") => "ListParts",
        ("GET" | "HEAD" | "PUT" | "POST" | "DELETE", _, _) => {
            return Err(not_implemented(if part.is_empty() { &request.method } else { &part }));
        }
        _ => return Err(not_allowed()),
    };
    refuse_unkept(app, &wanted)?;
    refuse_list(own, &wanted)?;
    let needs = needs(app, operation, &wanted, request, &content)?;
    Ok(Asked { content, ..finished(request, wanted, operation, needs) })
}

/// Every authorisation that an operation needs.
fn needs(app: &App, operation: &str, wanted: &Wanted, request: &HttpRequest, content: &[u8]) -> Result<Vec<ApiCall>, ServiceError> {
    let object = arn(app, &wanted.bucket, &wanted.key);
    let whole = arn(app, &wanted.bucket, "");
    let mut context = context(wanted, request);
    let one = |action: &str, resource: String, context: &BTreeMap<String, Vec<String>>| vec![need(app, action, resource, context)];
    Ok(match operation {
        "ListObjects" => {
            for (parameter, key) in [("prefix", "s3:prefix"), ("delimiter", "s3:delimiter"), ("max-keys", "s3:max-keys")] {
                context.extend(wanted.query(parameter).map(|value| (key.to_owned(), vec![value.to_owned()])));
            }
            one("ListBucket", whole, &context)
        }
        "HeadBucket" => one("ListBucket", whole, &context),
        "GetBucketLocation" | "GetBucketVersioning" => one(operation, whole, &context),
        "GetObject" | "HeadObject" => one("GetObject", object, &context),
        "DeleteObject" => one("DeleteObject", object, &context),
        "AbortMultipartUpload" => one("AbortMultipartUpload", object, &context),
        "ListParts" => one("ListMultipartUploadParts", object, &context),
        "DeleteObjects" => {
            let keys = write::keys(content)?.0.into_iter();
            keys.map(|key| need(app, "DeleteObject", arn(app, &wanted.bucket, &key), &context)).collect()
        }
        _ => {
            let mut needs = one("PutObject", object.clone(), &context);
            if context.contains_key("s3:x-amz-acl") {
                needs.push(need(app, "PutObjectAcl", object.clone(), &context));
            }
            if wanted.header("if-match").is_some() && operation == "PutObject" {
                needs.push(need(app, "GetObject", object, &context));
            }
            if operation == "CopyObject" {
                let (from, key) = write::source(wanted.header("x-amz-copy-source").unwrap_or_default())?;
                bucket(app, &from)?;
                needs.push(need(app, "GetObject", arn(app, &from, &key), &context));
            }
            needs
        }
    })
}

/// What the service's own store adds: the list of an object that is read; and whether it is there, for who may not list a bucket is
/// not told that a key is missing (Amazon S3 API Reference, "GetObject", "HeadObject": 404 with `s3:ListBucket`, 403 without).
pub fn of_store(app: &App, asked: &mut Asked, world: &dyn World) -> Result<(), ServiceError> {
    let mut missing: Vec<ApiCall> = Vec::new();
    let signed_at = asked.parameters.pointer("/query/X-Amz-Date").and_then(Value::as_str).and_then(gate::sigv4::instant);
    for need in &mut asked.needs {
        if let Some(at) = signed_at {
            need.context.insert("s3:signatureAge".into(), vec![(world.now().0 - at.0).to_string()]);
        }
        if need.action != "s3:GetObject" {
            continue;
        }
        let Some((name, key)) = need.resource.splitn(6, ':').nth(5).and_then(|path| path.split_once('/')) else { continue };
        let lists = has_acls(bucket(app, name)?);
        match store::find(world, name, key)? {
            Some(object) => need.object_acl = object.acl.filter(|_| lists),
            None => missing.push(self::need(app, "ListBucket", arn(app, name, ""), &need.context)),
        }
    }
    asked.needs.extend(missing);
    Ok(())
}

/// Condition keys that every request makes.
fn context(wanted: &Wanted, request: &HttpRequest) -> BTreeMap<String, Vec<String>> {
    let mut context = BTreeMap::new();
    let mut put = |key: &str, value: &str| drop(context.insert(key.to_owned(), vec![value.to_owned()]));
    if wanted.signed {
        let way = match (request.header("authorization"), wanted.query("X-Amz-Credential")) {
            (Some(_), _) => "REST-HEADER",
            (None, Some(_)) => "REST-QUERY-STRING",
            (None, None) => "POST",
        };
        put("s3:authType", way);
        put("s3:signatureversion", "AWS4-HMAC-SHA256");
    }
    const KEYS: [&str; 8] = [
        "x-amz-content-sha256",
        "x-amz-copy-source",
        "x-amz-metadata-directive",
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-storage-class",
        "if-match",
        "if-none-match",
    ];
    for name in KEYS {
        if let Some(value) = wanted.header(name) {
            put(&format!("s3:{name}"), value);
        }
    }
    // In a form the field has no prefix.
    if let Some(acl) = wanted.header("x-amz-acl").or_else(|| wanted.header("acl")) {
        put("s3:x-amz-acl", acl);
    }
    context
}

/// The fields of a form in the place of headers, and its file.
fn posted(wanted: &mut Wanted, form: Form) -> Result<Vec<u8>, ServiceError> {
    let missing = |name: &str| {
        let says = format!("Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields.");
        ServiceError::new(400, "InvalidArgument", says)
    };
    wanted.key = form.field("key").filter(|key| !key.is_empty()).ok_or_else(|| missing("key"))?.to_owned();
    // Of the request's own headers only where it went is left; what the fields say, the policy was asked about.
    wanted.headers.retain(|name, _| name == "host");
    let secret = |name: &str| matches!(name, "policy" | "x-amz-signature" | "x-amz-credential" | "x-amz-security-token");
    wanted.headers.extend(form.fields.into_iter().filter(|(name, _)| !secret(name)));
    form.file.ok_or_else(|| missing("file"))
}

/// The request, as CloudTrail shows it and as `carry_out` wants it.
fn finished(request: &HttpRequest, mut wanted: Wanted, operation: &str, needs: Vec<ApiCall>) -> Asked {
    let mut logged = Map::new();
    let mut log = |name: &str, value: &str| drop(logged.insert(name.to_owned(), value.into()));
    for (name, value) in [("bucketName", &wanted.bucket), ("key", &wanted.key)] {
        if !value.is_empty() {
            log(name, value);
        }
    }
    log("Host", request.header("host").unwrap_or_default());
    const SECRET: [&str; 3] = ["X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token"];
    for (name, value) in wanted.query.iter().filter(|(name, _)| !SECRET.contains(&name.as_str())) {
        log(name, value);
    }
    for name in ["x-amz-acl", "x-amz-copy-source", "x-amz-server-side-encryption", "x-amz-storage-class"] {
        if let Some(value) = wanted.header(name) {
            log(name, value);
        }
    }
    for name in ["authorization", "x-amz-security-token", "cookie"] {
        wanted.headers.remove(name);
    }
    SECRET.iter().for_each(|name| drop(wanted.query.remove(*name)));
    let read_only = matches!(operation.get(..3), Some("Get" | "Hea" | "Lis"));
    let management = matches!(operation, "ListBuckets" | "GetBucketLocation" | "GetBucketVersioning");
    Asked {
        operation: operation.into(),
        needs,
        public: false,
        parameters: serde_json::to_value(&wanted).unwrap_or_default(),
        logged_parameters: Value::Object(logged),
        read_only,
        data_event: !management,
        content: Vec::new(),
    }
}

fn refuse_unkept(app: &App, wanted: &Wanted) -> Result<(), ServiceError> {
    if let Some(name) = wanted.headers.keys().find(|name| UNKEPT.iter().any(|unkept| name.starts_with(unkept))) {
        return Err(not_implemented(name));
    }
    if wanted.query("versionId").is_some_and(|version| version != "null") {
        return Err(not_implemented("versionId"));
    }
    if wanted.header("x-amz-expected-bucket-owner").is_some_and(|owner| owner != app.account) {
        return Err(ServiceError::new(403, "AccessDenied", "Access Denied"));
    }
    Ok(())
}

/// Where access control lists are disabled, a request that brings one fails before anybody asks who may set it (Amazon S3 User
/// Guide, "Controlling ownership of objects and disabling ACLs for your bucket").
fn refuse_list(bucket: &Resource, wanted: &Wanted) -> Result<(), ServiceError> {
    let acl = wanted.header("x-amz-acl").or_else(|| wanted.header("acl"));
    match acl {
        Some(acl) if !has_acls(bucket) && acl != "bucket-owner-full-control" => {
            Err(ServiceError::new(400, "AccessControlListNotSupported", "The bucket does not allow ACLs"))
        }
        _ => Ok(()),
    }
}

/// Buckets that were made since June 2020 take no signature of version 2 (Amazon S3 API Reference, "AWS Signature Version 2 turned
/// off (deprecated) for Amazon S3").
fn refuse_version_two(request: &HttpRequest) -> Result<(), ServiceError> {
    let header = request.header("authorization").is_some_and(|value| !value.starts_with("AWS4-"));
    let query = pairs(&request.query).any(|(name, _)| name == "AWSAccessKeyId");
    let form = !header && Form::read(request).is_some_and(|form| form.field("awsaccesskeyid").is_some());
    if header || query || form {
        let says = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
        return Err(ServiceError::new(400, "InvalidRequest", says));
    }
    Ok(())
}

fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    query.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

fn not_allowed() -> ServiceError {
    ServiceError::new(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
}
