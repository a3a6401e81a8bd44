//! Amazon S3 with real clients: the AWS CLI, curl, and Node.js's SDK inside a function.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use support::{Fixture, aws, credentials_file, raw, run};

const TEMPLATE: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Files:
    Type: AWS::S3::Bucket
    Properties: {BucketName: files}
  Site:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: site
      PublicAccessBlockConfiguration: {BlockPublicPolicy: false, RestrictPublicBuckets: false}
  SitePolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Site
      PolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: !Sub '${Site.Arn}/*'}]
  Trail:
    Type: AWS::CloudTrail::Trail
    Properties:
      IsLogging: true
      S3BucketName: elsewhere
      EventSelectors: [{DataResources: [{Type: 'AWS::S3::Object', Values: ['arn:aws:s3:::site/']}]}]
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.handler
      CodeUri: src/
      Policies: [{Statement: [{Effect: Allow, Action: 's3:GetObject', Resource: !Sub '${Files.Arn}/*'}]}]
";
const CODE: [(&str, &str); 1] = [("src/index.js", "exports.handler = async () => ({ statusCode: 200 });\n")];

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", words(output)))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_copies_lists_and_syncs() {
    let fixture = Fixture::new(TEMPLATE, &CODE);
    let running = fixture.start().await;
    let (endpoint, credentials) = (running.endpoint(), running.credentials_file().to_path_buf());
    let call = async |arguments: &[&str]| {
        let output = run(aws(&endpoint, &credentials, arguments)).await?;
        assert!(output.status.success(), "{arguments:?}: {}", words(&output));
        Some(output)
    };
    let folder = fixture.folder.path().join("local");
    std::fs::create_dir_all(folder.join("deep")).unwrap();
    let small = folder.join("a b.txt");
    std::fs::write(&small, "0123456789").unwrap();
    // Larger than eight megabytes: the CLI sends it in parts.
    let large: Vec<u8> = (0..9_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    std::fs::write(folder.join("deep/large.bin"), &large).unwrap();
    // `sync` sends what is newer than the object, whose time S3 gives in whole seconds: the files are a minute old.
    let earlier = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    for file in [&small, &folder.join("deep/large.bin")] {
        std::fs::File::options().write(true).open(file).unwrap().set_modified(earlier).unwrap();
    }
    let (small, local) = (small.to_str().unwrap(), folder.to_str().unwrap());
    if call(&["s3", "cp", small, "s3://files/x/a b.txt"]).await.is_none() {
        return running.stop().await;
    }
    let listed = words(&call(&["s3", "ls", "s3://files/x/"]).await.unwrap());
    assert!(listed.contains("10 a b.txt"), "{listed}");
    assert!(words(&call(&["s3", "ls"]).await.unwrap()).contains(" site"));
    // Outside what is synced: it is as new as the objects.
    let part = fixture.folder.path().join("part");
    let range = ["s3api", "get-object", "--bucket", "files", "--key", "x/a b.txt", "--range", "bytes=2-4", part.to_str().unwrap()];
    assert_eq!(json(&call(&range).await.unwrap())["ContentRange"], "bytes 2-4/10");
    assert_eq!(std::fs::read_to_string(&part).unwrap(), "234");
    call(&["s3", "sync", local, "s3://files/sync"]).await.unwrap();
    let again = words(&call(&["s3", "sync", local, "s3://files/sync"]).await.unwrap());
    assert!(!again.contains("upload:"), "nothing has changed: {again}");
    let back = fixture.folder.path().join("back");
    call(&["s3", "cp", "--recursive", "s3://files/sync", back.to_str().unwrap()]).await.unwrap();
    assert!(std::fs::read(back.join("deep/large.bin")).unwrap() == large, "what came back is another file");
    call(&["s3", "mv", "s3://files/x/a b.txt", "s3://files/y"]).await.unwrap();
    call(&["s3", "rm", "--recursive", "s3://files/sync"]).await.unwrap();
    let left = json(&call(&["s3api", "list-objects-v2", "--bucket", "files"]).await.unwrap());
    assert_eq!((left["KeyCount"].as_u64(), left["Contents"][0]["Key"].as_str()), (None, Some("y")));
    let missing =
        run(aws(&endpoint, &credentials, &["s3api", "get-object", "--bucket", "files", "--key", "no", "/dev/null"])).await.unwrap();
    assert!(words(&missing).contains("NoSuchKey"), "{}", words(&missing));

    let link = presigned(&endpoint, &credentials).await;
    let mut curl = Command::new("curl");
    curl.args(["-s", "-w", " %{http_code}", link.trim()]);
    assert_eq!(words(&run(curl).await.unwrap()), "0123456789 200");
    let mut other = Command::new("curl");
    other.args(["-s", "-w", " %{http_code}", &link.trim().replace("/files/y", "/files/z")]);
    let refused = words(&run(other).await.unwrap());
    assert!(refused.contains("<Code>SignatureDoesNotMatch</Code>") && refused.ends_with(" 403"), "{refused}");
    running.stop().await;
}

/// A URL that lives a minute. In this region the CLI signs URLs with version 2 unless it is told otherwise.
async fn presigned(endpoint: &str, credentials: &Path) -> String {
    let config = credentials.with_file_name("config");
    std::fs::write(&config, "[default]\ns3 =\n  signature_version = s3v4\n").unwrap();
    let mut presign = aws(endpoint, credentials, &["s3", "presign", "s3://files/y", "--expires-in", "60"]);
    presign.env("AWS_CONFIG_FILE", config);
    words(&run(presign).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_functions_get_what_the_policies_say() {
    let fixture = Fixture::new(TEMPLATE, &CODE);
    let running = fixture.start().await;
    let (endpoint, credentials) = (running.endpoint(), running.credentials_file().to_path_buf());
    let page = fixture.folder.path().join("index.html");
    std::fs::write(&page, "<p>hello</p>").unwrap();
    for bucket in ["s3://site/", "s3://files/"] {
        let Some(put) = run(aws(&endpoint, &credentials, &["s3", "cp", page.to_str().unwrap(), bucket])).await else {
            return running.stop().await;
        };
        assert!(put.status.success(), "{}", words(&put));
    }
    let ask = async |method: &str, bucket: &str, key: &str| {
        let request = format!(
            "{method} {key} HTTP/1.1\r\nHost: {bucket}.s3.us-east-1.amazonaws.com\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        let to = endpoint.clone();
        let answer = tokio::task::spawn_blocking(move || raw(&to, request.as_bytes())).await.unwrap();
        let status: u16 = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let code = answer.split_once("<Code>").and_then(|(_, rest)| rest.split_once('<')).map_or("", |(code, _)| code).to_owned();
        (status, code)
    };
    assert_eq!(ask("GET", "site", "/index.html").await, (200, String::new()));
    assert_eq!(ask("HEAD", "site", "/index.html").await, (200, String::new()));
    // Who may not list is not told what is missing.
    for (method, bucket, key) in [("GET", "site", "/no"), ("GET", "site", "/"), ("PUT", "site", "/x"), ("GET", "files", "/index.html")] {
        assert_eq!(ask(method, bucket, key).await, (403, "AccessDenied".into()), "{method} {bucket}{key}");
    }
    assert_eq!(ask("GET", "nobody", "/").await, (404, "NoSuchBucket".into()));

    let session = fixture.folder.path().join("session");
    let reader = running.app().resources().find(|r| &*r.id.logical == "Reader" && r.kind == "AWS::Lambda::Function").unwrap().id.clone();
    credentials_file(&session, &running.function_credentials(&reader).unwrap());
    let get = |key: &str| run(aws(&endpoint, &session, &["s3api", "get-object", "--bucket", "files", "--key", key, "/dev/null"]));
    assert!(get("index.html").await.unwrap().status.success());
    let missing = words(&get("missing").await.unwrap());
    assert!(missing.contains("AccessDenied") && missing.contains("s3:ListBucket"), "{missing}");

    running.flush_logs();
    let trail = trail(running.logs());
    let of =
        |bucket: &str| trail.iter().filter(|r| r["requestParameters"]["bucketName"] == bucket && r["managementEvent"] == false).count();
    assert!(of("site") >= 5 && of("files") == 0, "only what a selector names is recorded: {trail:?}");
    let anonymous =
        |r: &&Value| r["userIdentity"]["accountId"] == "ANONYMOUS_PRINCIPAL" && r["eventName"] == "GetObject" && r["errorCode"].is_null();
    let read = trail.iter().find(anonymous).unwrap();
    assert_eq!(read["resources"][0]["ARN"], "arn:aws:s3:::site/index.html");
    assert_eq!(read["additionalEventData"]["bytesTransferredOut"], 12);
    running.stop().await;
}

/// Every CloudTrail record below a folder.
fn trail(folder: &Path) -> Vec<Value> {
    let mut records = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            records.extend(trail(&entry));
        } else if entry.to_string_lossy().ends_with(".json.gz") {
            let file = flate2::read::GzDecoder::new(std::fs::File::open(entry).unwrap());
            let delivered: Value = serde_json::from_reader(file).unwrap();
            records.extend(delivered["Records"].as_array().unwrap().iter().cloned());
        }
    }
    records
}
