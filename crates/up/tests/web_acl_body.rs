//! Bodies longer than what a web ACL inspects, over real sockets: judged when that much has arrived, stopped without keeping the
//! rest, passed whole; however the body is cut on its way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod support;

use sekisho_up::Running;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use support::web_acl::{LOGGING, api, no_body_holds, stage};
use support::{Fixture, raw};

/// What API Gateway's stages inspect unless they are told otherwise.
const LIMIT: usize = 16_384;
const WORD: &str = "forbidden-word";

/// A body of this length with the word at a place.
fn body(length: usize, at: usize) -> Vec<u8> {
    let mut body = vec![b'a'; length];
    body[at..at + WORD.len()].copy_from_slice(WORD.as_bytes());
    body
}

fn head(running: &Running, framing: &str) -> String {
    format!("POST {}/notes HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{framing}\r\n\r\n", stage(running))
}

async fn send(running: &Running, body: Vec<u8>) -> String {
    let mut bytes = head(running, &format!("Content-Length: {}", body.len())).into_bytes();
    bytes.extend(body);
    let endpoint = running.endpoint();
    tokio::task::spawn_blocking(move || raw(&endpoint, &bytes)).await.unwrap()
}

/// The same in chunks of these lengths, over and over (RFC 9112, section 7.1).
async fn send_chunked(running: &Running, body: Vec<u8>, lengths: &'static [usize]) -> String {
    let mut bytes = head(running, "Transfer-Encoding: chunked").into_bytes();
    let (mut left, mut lengths) = (&body[..], lengths.iter().cycle());
    while !left.is_empty() {
        let (chunk, rest) = left.split_at(left.len().min(*lengths.next().unwrap()));
        bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
        left = rest;
    }
    bytes.extend(b"0\r\n\r\n");
    let endpoint = running.endpoint();
    tokio::task::spawn_blocking(move || raw(&endpoint, &bytes)).await.unwrap()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_is_judged_by_its_beginning() {
    let fixture = Fixture::new(&format!("{}{}{LOGGING}", api(&[("/notes", &["post"])]), no_body_holds(WORD)), &[]);
    let running = fixture.start().await;
    let edge = LIMIT - WORD.len();
    // Length, where the word stands, what is answered.
    for (length, at, expected) in [
        (9_000_000, 100, "403"),
        (9_000_000, edge, "403"),
        // Its last letter is beyond what is inspected.
        (9_000_000, edge + 1, "200"),
        (9_000_000, 8_000_000, "200"),
        (LIMIT, edge, "403"),
        (LIMIT + 1, edge, "403"),
        (LIMIT + 1, edge + 1, "200"),
        // API Gateway takes 10 MB.
        (10 * 1024 * 1024 + 1, 100, "403"),
        (10 * 1024 * 1024 + 1, edge + 1, "413"),
    ] {
        let answer = send(&running, body(length, at)).await;
        assert_eq!(status(&answer), expected, "{length} bytes, the word at {at}: {answer}");
        for lengths in [&[1 << 20][..], &[LIMIT, 1], &[8192, 8191, 2, 100_000]] {
            let answer = send_chunked(&running, body(length, at), lengths).await;
            assert_eq!(status(&answer), expected, "{length} bytes in chunks of {lengths:?}, the word at {at}: {answer}");
        }
    }
    running.flush_logs();
    kept(&running);
    running.stop().await;
}

/// The log says how long the bodies were; the journal keeps no more of what was stopped than was inspected, and judges it again
/// as it was judged.
fn kept(running: &Running) {
    let mut logs = read::log::open(&[running.logs().to_path_buf()], read::log::Limits::default());
    let blocked: Vec<_> = (&mut logs).filter(|event| event.log == model::LogKind::Waf && event.record["action"] == "BLOCK").collect();
    let sizes: Vec<_> = blocked.iter().map(|event| event.record["requestBodySize"].as_u64().unwrap()).collect();
    let of = |size: u64| sizes.iter().filter(|known| **known == size).count();
    assert_eq!((of(9_000_000), of(LIMIT as u64), of(LIMIT as u64 + 1)), (8, 4, 4), "{sizes:?}");
    assert!(blocked.iter().all(|event| event.record["requestBodySizeInspectedByWAF"] == LIMIT));

    let text = std::fs::read_to_string(running.journal()).unwrap();
    let app = running.app();
    let mut stopped = 0;
    for line in
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|line| line["call"]["ask"]["Invoke"].is_object())
    {
        let entry: gate::Entry = serde_json::from_value(line.clone()).unwrap();
        assert_eq!(serde_json::to_value(entry.replay(&app)).unwrap(), line["verdict"]);
        let model::Ask::Invoke(invoke) = &entry.call.ask else { continue };
        if matches!(entry.verdict.answer, model::Answer::Stop(_)) {
            stopped += 1;
            assert!(invoke.request.body.len() <= LIMIT, "{} bytes are kept", invoke.request.body.len());
        } else {
            assert_eq!(invoke.beyond, 0, "what passes is there whole");
        }
    }
    assert_eq!(stopped, 20);
}

/// The verdict is there before the rest: a client that stops sending has cost what is inspected.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_breaks_off_is_none_of_the_web_acls_business() {
    let fixture = Fixture::new(&format!("{}{}", api(&[("/notes", &["post"])]), no_body_holds(WORD)), &[]);
    let running = fixture.start().await;
    let (endpoint, mut bytes) = (running.endpoint(), head(&running, "Content-Length: 9000000").into_bytes());
    bytes.extend(body(LIMIT + 1, 100));
    let broken = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(endpoint.trim_start_matches("http://")).unwrap();
        stream.write_all(&bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    });
    let answer = broken.await.unwrap();
    assert!(["", "400"].contains(&status(&answer)), "{answer}");
    let answer = send(&running, body(100, 10)).await;
    assert_eq!(status(&answer), "403", "it goes on serving: {answer}");
    running.stop().await;
}
