//! The detectors, per field, beside the C library in the same run.
//!
//! `SEKISHO_LIBINJECTION` names the program that `tests/detect_peer.rs` describes; with the arguments `time ROUNDS` it reads
//! all frames, runs each detector over all fields ROUNDS times and prints `sqli_ns=N xss_ns=N`, the best round's mean.
//! `SEKISHO_LIBINJECTION_DATA` names a folder of corpora to be measured too. Run: `cargo bench -p sekisho-waf --bench detect`.
#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Fields as rules see them: mostly harmless, some attacks.
const FIELDS: [&str; 24] = [
    "unicorn",
    "42",
    "2024-03-01T10:00:00Z",
    "dog apple cat banana bar",
    "Mozilla/5.0 (X11; Linux x86_64; rv:124.0) Gecko/20100101 Firefox/124.0",
    "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark",
    "{\"name\":\"Sparkle\",\"cape\":\"4\",\"horn\":\"2\"}",
    "it's a \"small\" test",
    "APPLE 19.123 'FOO' \"BAR\"",
    "102 TABLE CLOTH",
    "https://example.com/a/b?c=d&e=f",
    "x=1&y=2&z=three",
    "1 || COS(+0X04) --FOOBAR",
    "123 LIKE -1234.5678E+2;",
    "/* BAR */ UNION ALL SELECT (2,3,4)",
    "(1001-'1') union select 1,2,3,4 from credit_cards",
    "1' AND sleep(5)-- ",
    "x\" or \"a\"=\"a",
    "<script>alert(1);</script>",
    "' ><script>alert(1);</script>",
    "<a href=\"javascript:alert(1)\">",
    "x' onerror=alert(1);>",
    "<b>bold</b> and <i>italic</i>",
    "red;}</style><img src=x>",
];
const ROUNDS: usize = 400;

fn best(fields: &[Vec<u8>], rounds: usize, mut run: impl FnMut(&[u8]) -> bool) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..rounds {
        let start = Instant::now();
        let hits = fields.iter().filter(|field| run(field)).count();
        std::hint::black_box(hits);
        best = best.min(start.elapsed().as_nanos() as f64 / fields.len() as f64);
    }
    best
}

fn peer(fields: &[Vec<u8>], rounds: usize) -> Option<(f64, f64)> {
    let program = std::env::var("SEKISHO_LIBINJECTION").ok()?;
    let mut child = Command::new(program).args(["time", &rounds.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut sink = child.stdin.take().unwrap();
    for field in fields {
        sink.write_all(&(field.len() as u32).to_le_bytes()).unwrap();
        sink.write_all(field).unwrap();
    }
    drop(sink);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let number = |name: &str| text.split_whitespace().find_map(|word| word.strip_prefix(name)?.parse().ok());
    Some((number("sqli_ns=")?, number("xss_ns=")?))
}

fn measure(name: &str, fields: &[Vec<u8>], rounds: usize) {
    let sqli = best(fields, rounds, |field| sekisho_waf::detect::sqli(field).is_some());
    let xss = best(fields, rounds, sekisho_waf::detect::xss);
    match peer(fields, rounds) {
        Some((c_sqli, c_xss)) => println!(
            "{name}: {} fields; SQLi {sqli:.1} ns, C {c_sqli:.1} ns, ratio {:.2}; XSS {xss:.1} ns, C {c_xss:.1} ns, ratio {:.2}",
            fields.len(),
            sqli / c_sqli,
            xss / c_xss
        ),
        None => {
            println!("{name}: {} fields; SQLi {sqli:.1} ns; XSS {xss:.1} ns; the C library is missing (SEKISHO_LIBINJECTION)", fields.len())
        }
    }
}

fn main() {
    let own: Vec<Vec<u8>> = FIELDS.iter().map(|field| field.as_bytes().to_vec()).collect();
    measure("own fields", &own, ROUNDS * 100);
    let Ok(folder) = std::env::var("SEKISHO_LIBINJECTION_DATA") else { return };
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && line[0] != b'#');
        let fields: Vec<Vec<u8>> = lines.map(<[u8]>::to_vec).collect();
        if fields.len() >= 1000 || path.ends_with("false_positives.txt") {
            measure(&path.file_name().unwrap().to_string_lossy(), &fields, ROUNDS / 10);
        }
    }
}
