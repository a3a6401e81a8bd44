//! The endpoint over real sockets: start, stop, second start, bad input.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use sekisho_up as up;
use support::{Fixture, http, raw};
use up::UpError;

const EMPTY: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
";

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_said_before_any_state_is_touched() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let fixture = Fixture::new(EMPTY, &[]);
    let port = taken.local_addr().unwrap().port();
    let refused = up::start(fixture.app(), up::Options { port, ..fixture.options() }, |_| {}).await.err().unwrap();
    assert!(matches!(refused, UpError::PortInUse { port: said } if said == port), "{refused}");
    assert!(!fixture.folder.path().join(".sekisho").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_for_one_folder_and_nothing_listens_after_the_end() {
    let fixture = Fixture::new(EMPTY, &[]);
    let running = fixture.start().await;
    let refused = up::start(fixture.app(), fixture.options(), |_| {}).await.err().unwrap();
    assert!(matches!(refused, UpError::Locked { .. }), "{refused}");
    let endpoint = running.endpoint();
    running.stop().await;
    assert!(std::net::TcpStream::connect(endpoint.trim_start_matches("http://")).is_err());
    fixture.start().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leads_nowhere_says_where_to_go() {
    let fixture = Fixture::new(EMPTY, &[]);
    let running = fixture.start().await;
    let (status, answer) = http(&running.endpoint(), "GET", "/", &[], "").await;
    assert_eq!(status, 404);
    assert!(answer.contains("/restapis/"), "{answer}");
    let (status, answer) = http(&running.endpoint(), "GET", "/restapis/none/dev/_user_request_/x", &[], "").await;
    assert_eq!((status, answer.ends_with(r#"{"message":"Forbidden"}"#)), (403, true), "{answer}");
    let (status, answer) = http(&running.endpoint(), "POST", "/", &["X-Amz-Target: DynamoDB_20120810.ListTables"], "{}").await;
    assert_eq!(status, 400, "{answer}");
    assert!(answer.contains("MissingAuthenticationToken"), "{answer}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bytes_get_an_answer_and_hurt_nobody() {
    let fixture = Fixture::new(EMPTY, &[]);
    let running = fixture.start().await;
    let endpoint = running.endpoint();
    for bytes in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x00\x05hello",
        b"GET /restapis/%00/\xff/_user_request_/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\nGET",
        b"GET / HTTP/1.1\r\nHost: \x1b[2J\r\nConnection: close\r\n\r\n",
    ] {
        let (endpoint, bytes) = (endpoint.clone(), bytes.to_vec());
        tokio::task::spawn_blocking(move || raw(&endpoint, &bytes)).await.unwrap();
    }
    assert_eq!(http(&endpoint, "GET", "/", &[], "").await.0, 404);
    let big = "x".repeat(11 * 1024 * 1024);
    let (status, answer) = http(&endpoint, "POST", "/", &[], &big).await;
    assert!(status == 413 || answer.is_empty(), "{status}");
    running.stop().await;
}
