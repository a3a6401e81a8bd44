//! The service by itself: what requests ask for, and what is answered.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::testing::{Memory, app, call, resource};
use serde_json::json;

fn fixture() -> App {
    let bucket = |logical: &str, name: &str, properties| {
        resource(logical, "AWS::S3::Bucket", name, Some(&format!("arn:aws:s3:::{name}")), properties)
    };
    let open = json!({"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}});
    app([bucket("Files", "files", json!({})), bucket("Old", "old", open)])
}

fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> HttpRequest {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut all = vec![("Host".to_owned(), "s3.us-east-1.amazonaws.com".to_owned())];
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    HttpRequest { method: method.into(), path: path.into(), query: query.into(), headers: all, body: body.to_vec() }
}

/// Status and body, or status and code.
fn said(world: &Memory, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
    match call(&S3::default(), &fixture(), world, &request(method, target, headers, body)) {
        Ok((_, done)) => (done.response.status, String::from_utf8_lossy(&done.response.body).into_owned()),
        Err(error) => (error.status, error.code),
    }
}

fn needs(method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    let asked = S3::default().asks(&fixture(), &request(method, target, headers, b"")).unwrap();
    let needs = asked.needs.iter().map(|need| format!("{} {}", need.action, need.resource));
    format!("{}: {}", asked.operation, needs.collect::<Vec<_>>().join(", "))
}

#[test]
fn what_requests_need() {
    for (method, target, headers, needed) in [
        ("GET", "/", &[][..], "ListBuckets: s3:ListAllMyBuckets *"),
        ("GET", "/files?list-type=2&prefix=a", &[], "ListObjects: s3:ListBucket arn:aws:s3:::files"),
        ("HEAD", "/files", &[], "HeadBucket: s3:ListBucket arn:aws:s3:::files"),
        ("GET", "/files/a%20b/c", &[], "GetObject: s3:GetObject arn:aws:s3:::files/a b/c"),
        (
            "PUT",
            "/old/k",
            &[("x-amz-acl", "public-read")],
            "PutObject: s3:PutObject arn:aws:s3:::old/k, s3:PutObjectAcl arn:aws:s3:::old/k",
        ),
        ("PUT", "/files/k", &[("If-Match", "\"e\"")], "PutObject: s3:PutObject arn:aws:s3:::files/k, s3:GetObject arn:aws:s3:::files/k"),
        (
            "PUT",
            "/files/k",
            &[("x-amz-copy-source", "/old/a%2Fb")],
            "CopyObject: s3:PutObject arn:aws:s3:::files/k, s3:GetObject arn:aws:s3:::old/a/b",
        ),
        ("PUT", "/files/k?partNumber=1&uploadId=u", &[], "UploadPart: s3:PutObject arn:aws:s3:::files/k"),
        ("DELETE", "/files/k?uploadId=u", &[], "AbortMultipartUpload: s3:AbortMultipartUpload arn:aws:s3:::files/k"),
    ] {
        assert_eq!(needs(method, target, headers), needed, "{method} {target}");
    }
}

#[test]
fn what_is_not_served_is_refused() {
    let world = Memory::default();
    for (method, target, headers, status, code) in [
        ("GET", "/nobody/k", &[][..], 404, "NoSuchBucket"),
        ("GET", "/files/k?acl", &[], 501, "NotImplemented"),
        ("PUT", "/files/k?tagging", &[], 501, "NotImplemented"),
        ("GET", "/files?policy", &[], 501, "NotImplemented"),
        ("PUT", "/files", &[], 501, "NotImplemented"),
        ("GET", "/files/k?versionId=7", &[], 501, "NotImplemented"),
        ("PUT", "/files/k", &[("x-amz-tagging", "a=b")], 501, "NotImplemented"),
        ("PUT", "/files/k", &[("x-amz-grant-read", "uri=\"x\"")], 501, "NotImplemented"),
        ("PUT", "/files/k", &[("x-amz-server-side-encryption-customer-algorithm", "AES256")], 501, "NotImplemented"),
        ("GET", "/files/k?AWSAccessKeyId=A&Signature=s&Expires=1", &[], 400, "InvalidRequest"),
        ("GET", "/files/k", &[("Authorization", "AWS A:s")], 400, "InvalidRequest"),
        ("PUT", "/files/k", &[("x-amz-acl", "public-read")], 400, "AccessControlListNotSupported"),
        ("PUT", "/files/k", &[("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==")], 400, "BadDigest"),
        ("GET", "/files/k", &[("x-amz-expected-bucket-owner", "999988887777")], 403, "AccessDenied"),
        ("PATCH", "/files/k", &[], 405, "MethodNotAllowed"),
        ("POST", "/files", &[], 412, "PreconditionFailed"),
    ] {
        assert_eq!(said(&world, method, target, headers, b"x"), (status, code.into()), "{method} {target}");
    }
}

#[test]
fn an_object_lives() {
    let world = Memory::default();
    let kind = [("Content-Type", "text/plain"), ("x-amz-meta-a", "1")];
    assert_eq!(said(&world, "PUT", "/files/a/b", &kind, b"0123456789").0, 200);
    let (_, done) = call(&S3::default(), &fixture(), &world, &request("GET", "/files/a/b", &[], b"")).unwrap();
    assert_eq!(done.response.header("etag"), Some("\"781e5e245d69b566979b86e28d23f2c7\""));
    assert_eq!((done.response.header("content-type"), done.response.header("x-amz-meta-a")), (Some("text/plain"), Some("1")));
    assert_eq!(said(&world, "GET", "/files/a/b", &[("Range", "bytes=2-4")], b""), (206, "234".into()));
    assert_eq!(said(&world, "GET", "/files/a/b", &[("Range", "bytes=20-")], b""), (416, "InvalidRange".into()));
    assert_eq!(said(&world, "GET", "/files/a/b", &[("If-None-Match", "\"781e5e245d69b566979b86e28d23f2c7\"")], b"").0, 304);
    assert_eq!(said(&world, "GET", "/files/a/b", &[("If-Match", "\"x\"")], b""), (412, "PreconditionFailed".into()));
    assert_eq!(said(&world, "PUT", "/files/a/b", &[("If-None-Match", "*")], b"z"), (412, "PreconditionFailed".into()));
    assert_eq!(said(&world, "GET", "/files/a/b?response-content-type=text/html", &[], b""), (400, "InvalidRequest".into()));
    assert_eq!(said(&world, "PUT", "/old/c", &[("x-amz-copy-source", "files/a%2Fb")], b"").0, 200);
    assert_eq!(said(&world, "DELETE", "/files/a/b", &[], b"").0, 204);
    assert_eq!(said(&world, "GET", "/files/a/b", &[], b""), (404, "NoSuchKey".into()));
    assert_eq!(said(&world, "GET", "/old/c", &[], b""), (200, "0123456789".into()));
    let delete = b"<Delete><Object><Key>c</Key></Object><Object><Key>none</Key></Object></Delete>";
    assert!(said(&world, "POST", "/old?delete", &[], delete).1.contains("<Deleted><Key>none</Key></Deleted>"));
    assert_eq!(world.scan("content", "").unwrap().len(), 0, "no content is left behind");
}

use model::Store as _;

#[test]
fn lists_are_rolled_up_and_go_on() {
    let world = Memory::default();
    for key in ["a/1", "a/2", "b", "c/1", "d e"] {
        assert_eq!(said(&world, "PUT", &format!("/files/{}", key.replace(' ', "%20")), &[], b"x").0, 200);
    }
    let part = |text: &str, name: &str| -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        text.split(&open).skip(1).filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned())).collect()
    };
    let (_, all) = said(&world, "GET", "/files?list-type=2&delimiter=/&encoding-type=url", &[], b"");
    assert_eq!(part(&all, "Key"), ["b", "d%20e"]);
    assert_eq!(part(&all, "CommonPrefixes"), ["<Prefix>a/</Prefix>", "<Prefix>c/</Prefix>"]);
    let (mut keys, mut token) = (Vec::new(), String::new());
    for _ in 0..4 {
        let (_, page) = said(&world, "GET", &format!("/files?list-type=2&delimiter=/&max-keys=1{token}"), &[], b"");
        keys.extend(part(&page, "Key").into_iter().chain(part(&page, "CommonPrefixes")));
        let next = part(&page, "NextContinuationToken");
        assert_eq!(next.is_empty(), part(&page, "IsTruncated") == ["false"]);
        token = next.first().map(|next| format!("&continuation-token={}", next.replace('=', "%3D"))).unwrap_or_default();
    }
    assert_eq!(keys, ["<Prefix>a/</Prefix>", "b", "<Prefix>c/</Prefix>", "d e"]);
    let (_, first) = said(&world, "GET", "/files?marker=a/2&max-keys=2", &[], b"");
    assert_eq!((part(&first, "Key"), part(&first, "IsTruncated")), (vec!["b".to_owned(), "c/1".to_owned()], vec!["true".to_owned()]));
}

#[test]
fn an_upload_in_parts() {
    let world = Memory::default();
    let (_, begun) = said(&world, "POST", "/files/big?uploads", &[("Content-Type", "text/plain")], b"");
    let id = begun.split("<UploadId>").nth(1).and_then(|rest| rest.split('<').next()).unwrap().to_owned();
    let etags: Vec<String> = [vec![b'a'; 5 << 20], b"end".to_vec()]
        .iter()
        .zip(1..)
        .map(|(content, number)| {
            let put = request("PUT", &format!("/files/big?partNumber={number}&uploadId={id}"), &[], content);
            call(&S3::default(), &fixture(), &world, &put).unwrap().1.response.header("etag").unwrap().to_owned()
        })
        .collect();
    let document = |order: &[usize]| {
        let part = |n: &usize| format!("<Part><PartNumber>{n}</PartNumber><ETag>{}</ETag></Part>", etags[n - 1].replace('"', "&quot;"));
        format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", order.iter().map(part).collect::<String>()).into_bytes()
    };
    let done = format!("/files/big?uploadId={id}");
    assert_eq!(said(&world, "POST", &done, &[], &document(&[2, 1])), (400, "InvalidPartOrder".into()));
    assert_eq!(said(&world, "POST", "/files/other?uploadId=none", &[], &document(&[1])), (404, "NoSuchUpload".into()));
    assert!(said(&world, "POST", &done, &[], &document(&[1, 2])).1.contains("-2&quot;"));
    let size = (5 << 20) + 3;
    assert_eq!(said(&world, "GET", "/files/big", &[("Range", &format!("bytes={}-", size - 5))], b""), (206, "aaend".into()));
    assert_eq!(said(&world, "POST", &done, &[], &document(&[1, 2])), (404, "NoSuchUpload".into()));
    said(&world, "DELETE", "/files/big", &[], b"");
    assert_eq!(world.scan("content", "").unwrap().len(), 0);
}
