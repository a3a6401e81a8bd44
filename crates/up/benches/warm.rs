//! A warm request through the whole gate (socket, authorizer from the cache, permissions, journal, logs) to an empty handler,
//! against the bare Runtime API round trip to the same handler, in the same run: medians and their ratio.
//!
//! `cargo bench -p sekisho-up --bench warm`. The aim is a ratio of at most 1.5.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use bytes::Bytes;
use model::aws::Function;
use model::{ResourceId, Time};
use sekisho_up as up;
use services::lambda::Credentials;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use up::functions::{Caller, Config, FunctionLog, Functions, Installed, Interpreters, Outside, Request};

const TEMPLATE: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: dev
      Auth: {DefaultAuthorizer: Gatekeeper, Authorizers: {Gatekeeper: {FunctionArn: !GetAtt Gatekeeper.Arn}}}
  Gatekeeper:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs20.x, Handler: index.authorizer, CodeUri: src/, MemorySize: 512}
  Empty:
    Type: AWS::Serverless::Function
    Properties:
      {Runtime: nodejs20.x, Handler: index.empty, CodeUri: src/, MemorySize: 512, Events: {Get: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /, Method: get}}}}
";
const CODE: &str = "
exports.authorizer = async event => ({ principalId: 'p', policyDocument: { Version: '2012-10-17',
  Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event.methodArn }] } });
exports.empty = async () => ({ statusCode: 200 });
";
const ROUNDS: usize = 20;
const EACH: usize = 50;

/// Nothing is reachable and nothing is written: the Runtime API alone.
struct Nothing;

impl Outside for Nothing {
    fn resolve(&self, _: &ResourceId, _: &str) -> bool {
        false
    }

    fn address(&self, _: &Function) -> Ipv4Addr {
        Ipv4Addr::LOCALHOST
    }

    fn arrived(&self, _: Caller, _: String, _: u16, _: tokio::net::TcpStream) {}
}

impl FunctionLog for Nothing {
    fn line(&self, _: &Function, _: &str, _: Time, _: &str) {}

    fn notice(&self, _: String) {}
}

fn main() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(bench());
}

async fn bench() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("template.yaml"), TEMPLATE).unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("src/index.js"), CODE).unwrap();
    let app = read::application(folder.path(), &read::Options::default());
    let empty = app.aws().functions.values().find(|function| function.handler == "index.empty").unwrap().clone();
    let options = up::Options { port: 0, ..up::Options::new(folder.path()) };
    let running = up::start(app, options, |_| {}).await.unwrap();
    let base = running.apis().into_iter().find(|api| api.stage == "dev").unwrap().url;
    let request = format!("GET {}/ HTTP/1.1\r\nHost: h\r\nAuthorization: t\r\n\r\n", base.strip_prefix(&running.endpoint()).unwrap());
    let interpreters = Interpreters::find(["nodejs20.x"]).unwrap();
    let config = Config { region: "us-east-1".into(), interpreters, ca: Vec::new(), idle: Duration::from_secs(600), concurrency: 1 };
    let bare = Functions::new(config, Arc::new(Nothing), Arc::new(Nothing));
    bare.install(empty.id.clone(), Installed { code: folder.path().join("src"), modules: None, runtime_modules: None });
    let event = Bytes::from(serde_json::json!({ "httpMethod": "GET", "path": "/", "headers": { "Host": "h" } }).to_string());

    let mut stream = TcpStream::connect(running.endpoint().trim_start_matches("http://")).unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut through, mut direct) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let begun = through.len();
        for _ in 0..EACH {
            let start = Instant::now();
            tokio::task::block_in_place(|| exchange(&mut stream, &request));
            through.push(start.elapsed());
            let asked = Request { payload: event.clone(), id: format!("{round}"), trace_id: None };
            let start = Instant::now();
            bare.invoke(&empty, nobody, asked).await.unwrap();
            direct.push(start.elapsed());
        }
        if round == 0 {
            // The first round starts the processes.
            through.truncate(begun);
            direct.truncate(begun);
        }
    }
    bare.stop().await;
    running.stop().await;
    let (through, direct) = (median(through), median(direct));
    println!(
        "bare Runtime API round trip: {direct:?} · through the whole gate: {through:?} · ratio {:.2}",
        through.as_secs_f64() / direct.as_secs_f64()
    );
}

fn nobody() -> Credentials {
    Credentials { access_key_id: String::new(), secret_access_key: String::new(), session_token: String::new() }
}

/// One request on an open connection; its answer has no body.
fn exchange(stream: &mut TcpStream, request: &str) {
    stream.write_all(request.as_bytes()).unwrap();
    let (mut answer, mut buffer) = (Vec::new(), [0; 2048]);
    while !answer.ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the connection ended");
        answer.extend_from_slice(&buffer[..read]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
