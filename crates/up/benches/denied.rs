//! Requests that never reach a function, with and without a web ACL on the stage, over one open connection each, in the same
//! run: medians and their ratios. The web ACL is the workshop's (module 6: size, four SQL injection statements, a rate).
//!
//! `cargo bench -p sekisho-up --bench denied`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../tests/support/mod.rs"]
mod support;

use sekisho_up::Running;
use std::time::{Duration, Instant};
use support::web_acl::{api, module_six, stage};
use support::{Fixture, KeepAlive};

const ROUNDS: usize = 20;
const EACH: usize = 100;

fn main() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(bench());
}

async fn bench() {
    let template = api(&[("/socks", &["get"])]);
    // Floods are counted only: what is measured is one.
    let guarded = format!("{template}{}", module_six("Count"));
    let (plain, guarded) = (Client::start(&template).await, Client::start(&guarded).await);
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

/// An application and where its stage is.
struct Client {
    running: Running,
    stage: String,
    _fixture: Fixture,
}

impl Client {
    async fn start(template: &str) -> Self {
        let fixture = Fixture::new(template, &[]);
        let running = fixture.start().await;
        Self { stage: stage(&running), running, _fixture: fixture }
    }

    /// How long each of some requests on one connection took, read to the end of its body.
    fn times(&self, path: &str, status: u16) -> Vec<Duration> {
        let mut stream = KeepAlive::new(&self.running.endpoint());
        let path = format!("{}{path}", self.stage);
        let timed = |_| {
            let start = Instant::now();
            assert_eq!(stream.get(&path), status, "{path}");
            start.elapsed()
        };
        (0..EACH).map(timed).collect()
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
