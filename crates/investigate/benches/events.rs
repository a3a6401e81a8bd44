//! Events a second: only parsing the records, reading them in order, and investigating them with as many
//! rules as the public collections have. The ratio of the last to the first is what counts.
#![allow(clippy::unwrap_used, missing_docs)]

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use sekisho_investigate::{Rules, run};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

const FILES: usize = 40;
const RECORDS: usize = 500;

fn main() {
    divan::main();
}

/// A record as CloudTrail writes it, about 1.4 kB.
fn record(n: usize) -> String {
    let (minute, second) = (n / 60 % 60, n % 60);
    let name = ["GetObject", "Decrypt", "AssumeRole", "Query", "PutItem", "GetSecretValue", "Invoke", "DescribeInstances"][n % 8];
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLE{0}:fn","arn":"arn:aws:sts::123456789012:assumed-role/app-role-{0}/fn-{0}","accountId":"123456789012","accessKeyId":"ASIAEXAMPLE{0}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLE{0}","arn":"arn:aws:iam::123456789012:role/app-role-{0}","accountId":"123456789012","userName":"app-role-{0}"}},"attributes":{{"creationDate":"2026-11-22T10:00:00Z","mfaAuthenticated":"false"}}}},"inScopeOf":{{"issuerType":"AWS::Lambda::Function","credentialsIssuedTo":"arn:aws:lambda:us-east-1:123456789012:function:fn-{0}"}}}},"eventTime":"2026-11-22T10:{minute:02}:{second:02}Z","eventSource":"service{1}.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","sourceIPAddress":"10.0.3.{0}","userAgent":"aws-sdk-js/3.600.0 ua/2.0 os/linux#5.10 lang/js md/nodejs#20.11 exec-env/AWS_Lambda_nodejs20.x api/dynamodb#3.600.0","requestParameters":{{"tableName":"table-{0}","keyConditionExpression":"id = :id","limit":25,"nested":{{"a":[1,2,3],"b":"value"}}}},"responseElements":null,"requestID":"REQ{n}","eventID":"{n:08x}-0000-4000-8000-000000000000","readOnly":true,"resources":[{{"accountId":"123456789012","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:us-east-1:123456789012:table/table-{0}"}}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"123456789012","eventCategory":"Data","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"dynamodb.us-east-1.amazonaws.com"}}}}"#,
        n % 200,
        n % 30,
    )
}

fn records() -> Vec<String> {
    (0..FILES * RECORDS).map(record).collect()
}

/// Delivery files as CloudTrail writes them.
fn deliver(folder: &Path) {
    for (at, chunk) in records().chunks(RECORDS).enumerate() {
        let file = std::fs::File::create(folder.join(format!("{at:04}.json.gz"))).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::default());
        write!(gzip, r#"{{"Records":[{}]}}"#, chunk.join(",")).unwrap();
        gzip.finish().unwrap();
    }
}

/// The product's rules and 750 of the kind that public collections are made of.
fn rules() -> Rules {
    let mut rules = Rules::of_risks();
    let mut text = String::new();
    for n in 0..750 {
        let more = if n % 10 == 0 { "\n    userAgent|contains: kali\n    userIdentity.arn|endswith: admin" } else { "" };
        write!(
            text,
            "---\ntitle: Rule {n}\nlogsource: {{product: aws, service: cloudtrail}}\ndetection:\n  selection:\n    eventSource: service{}.amazonaws.com\n    eventName: Action{n}{more}\n  condition: selection\n",
            n % 40
        )
        .unwrap();
    }
    rules.add("public.yml", &text, None);
    rules
}

#[divan::bench(sample_count = 5)]
fn parse_only(bencher: Bencher) {
    let records = records();
    let bytes: usize = records.iter().map(String::len).sum();
    bencher
        .counter(ItemsCount::new(records.len()))
        .counter(BytesCount::new(bytes))
        .bench_local(|| records.iter().filter(|text| serde_json::from_str::<serde_json::Value>(text).is_ok()).count());
}

#[divan::bench(sample_count = 5)]
fn read_in_order(bencher: Bencher) {
    let folder = tempfile::tempdir().unwrap();
    deliver(folder.path());
    bencher
        .counter(ItemsCount::new(FILES * RECORDS))
        .bench_local(|| read::log::open(&[folder.path().to_owned()], read::log::Limits::default()).count());
}

#[divan::bench(sample_count = 5)]
fn investigate(bencher: Bencher) {
    let folder = tempfile::tempdir().unwrap();
    deliver(folder.path());
    let rules = rules();
    bencher.counter(ItemsCount::new(FILES * RECORDS)).bench_local(|| {
        let report = run(read::log::open(&[folder.path().to_owned()], read::log::Limits::default()), &rules);
        assert_eq!(report.counts.events["cloudtrail"], (FILES * RECORDS) as u64);
        report.alerts.len()
    });
}
