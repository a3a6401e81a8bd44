//! Requests that never reach a function, with and without a web ACL on the stage, over one open connection each, in the same
//! run: medians and their ratios. The web ACL is the workshop's (module 6: size, four SQL injection statements, a rate).
//!
//! `cargo bench -p sekisho-up --bench denied`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use sekisho_up as up;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const TEMPLATE: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: dev
      DefinitionBody:
        swagger: '2.0'
        info: {title: Unicorns, version: '1'}
        paths:
          /socks: {get: {x-amazon-apigateway-integration: {type: mock, responses: {default: {statusCode: '200'}}}}}
";
const ACL: &str = "
  Acl:
    Type: AWS::WAFv2::WebACL
    Properties:
      Name: ProtectUnicorn
      Scope: REGIONAL
      DefaultAction: {Allow: {}}
      VisibilityConfig: &visible {SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: m}
      Rules:
        - Name: Large
          Priority: 1
          Action: {Block: {}}
          VisibilityConfig: *visible
          Statement:
            SizeConstraintStatement:
              {FieldToMatch: {Body: {OversizeHandling: MATCH}}, ComparisonOperator: GT, Size: 3000, TextTransformations: &none [{Priority: 0, Type: NONE}]}
        - Name: Sqli
          Priority: 2
          Action: {Block: {}}
          VisibilityConfig: *visible
          Statement:
            OrStatement:
              Statements:
                - SqliMatchStatement: {FieldToMatch: {Body: {OversizeHandling: CONTINUE}}, TextTransformations: *none}
                - SqliMatchStatement: {FieldToMatch: {Body: {OversizeHandling: CONTINUE}}, TextTransformations: &decoded [{Priority: 0, Type: URL_DECODE}]}
                - SqliMatchStatement: {FieldToMatch: {UriPath: {}}, TextTransformations: *decoded}
                - SqliMatchStatement: {FieldToMatch: {QueryString: {}}, TextTransformations: *decoded}
        - Name: Flood
          Priority: 3
          Action: {Count: {}}
          VisibilityConfig: *visible
          Statement: {RateBasedStatement: {Limit: 2000, AggregateKeyType: IP}}
  Association:
    Type: AWS::WAFv2::WebACLAssociation
    Properties:
      WebACLArn: !GetAtt Acl.Arn
      ResourceArn: !Sub 'arn:aws:apigateway:${AWS::Region}::/restapis/${Api}/stages/dev'
";
const ROUNDS: usize = 20;
const EACH: usize = 100;

fn main() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(bench());
}

async fn bench() {
    let (plain, guarded) = (Client::start(TEMPLATE).await, Client::start(&format!("{TEMPLATE}{ACL}")).await);
    let mut cases = [
        ("no web ACL, no such route", &plain, "/nothing", 403, Vec::new()),
        ("web ACL passes, no such route", &guarded, "/nothing", 403, Vec::new()),
        ("web ACL stops SQL in the URI", &guarded, "/customizations/1;%20drop%20table%20Custom_Unicorns;", 403, Vec::new()),
        ("no web ACL, answered", &plain, "/socks?color=red", 200, Vec::new()),
        ("web ACL passes, answered", &guarded, "/socks?color=red", 200, Vec::new()),
    ];
    for round in 0..=ROUNDS {
        for (_, client, path, status, times) in &mut cases {
            let took = tokio::task::block_in_place(|| client.times(path, *status));
            if round > 0 {
                times.extend(took);
            }
        }
    }
    let medians: Vec<(&str, Duration)> = cases.into_iter().map(|(name, .., times)| (name, median(times))).collect();
    for (name, time) in &medians {
        println!("{name}: {time:?}");
    }
    let ratio = |of: usize, to: usize| medians[of].1.as_secs_f64() / medians[to].1.as_secs_f64();
    println!(
        "denied: passed by the web ACL {:.2}, stopped by it {:.2} of no web ACL · answered: {:.2}",
        ratio(1, 0),
        ratio(2, 0),
        ratio(4, 3)
    );
    plain.running.stop().await;
    guarded.running.stop().await;
}

/// An application and a connection to it.
struct Client {
    running: up::Running,
    stage: String,
    endpoint: String,
    _folder: tempfile::TempDir,
}

impl Client {
    async fn start(template: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("template.yaml"), template).unwrap();
        let app = read::application(folder.path(), &read::Options::default());
        let running = up::start(app, up::Options { port: 0, ..up::Options::new(folder.path()) }, |_| {}).await.unwrap();
        let url = running.apis().into_iter().find(|api| api.stage == "dev").unwrap().url;
        let endpoint = running.endpoint();
        let stage = url.strip_prefix(&endpoint).unwrap().to_owned();
        Self { running, stage, endpoint: endpoint.trim_start_matches("http://").to_owned(), _folder: folder }
    }

    fn times(&self, path: &str, status: u16) -> Vec<Duration> {
        let mut stream = TcpStream::connect(&self.endpoint).unwrap();
        stream.set_nodelay(true).unwrap();
        let request = format!("GET {}{path} HTTP/1.1\r\nHost: h\r\nUser-Agent: bench\r\n\r\n", self.stage);
        (0..EACH)
            .map(|_| {
                let start = Instant::now();
                assert_eq!(exchange(&mut stream, &request), status, "{path}");
                start.elapsed()
            })
            .collect()
    }
}

/// One request on an open connection, read to the end of its body.
fn exchange(stream: &mut TcpStream, request: &str) -> u16 {
    stream.write_all(request.as_bytes()).unwrap();
    let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the connection ended");
        answer.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok()).unwrap_or_default();
        if body.len() >= length {
            return head.split(' ').nth(1).unwrap().parse().unwrap();
        }
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
