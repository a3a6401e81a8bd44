//! Requests of a corpus, each changed at random: the Core Rule Set matches the same rules here as in the reference engines.
//!
//! The corpus is that of `tests/accuracy.rs`; without one, our own mix of traffic. `SEKISHO_WAF_MUTANTS` says how many are made
//! (2,600), always the same ones. `SEKISHO_CRS` names the rule set; without a reference (`tests/peer`) nothing is compared, and it
//! says so.
#![allow(clippy::unwrap_used)]

mod peer;

use peer::{Answer, Peer, Sent, corpus, traffic};

/// 901xxx set up what the rules read, 949xxx and 959xxx add up what they found, 980xxx report it: engines log them or not.
fn is_detection(id: u32) -> bool {
    !matches!(id / 1000, 901 | 949 | 959 | 980)
}

/// Knuth's numbers ("The Art of Computer Programming", volume 2, MMIX): the same mutants in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most.max(1)
    }
}

/// Pieces that patterns, detectors and transformations look for.
const PIECES: [&str; 24] = [
    "%27",
    "%22",
    "%3C",
    "%00",
    "%2e%2e%2f",
    "%252e",
    "%u0027",
    "/*x*/",
    "--%20",
    "%0a",
    "+",
    "&",
    "=",
    ";",
    "%24%7B",
    "`id`",
    "%7C",
    "union",
    "select",
    "script",
    "onload=",
    "../",
    "%5c",
    "%ef%bc%9c",
];

/// One change: a piece put in, bytes taken out, doubled, encoded, or in the other case.
fn change(value: &mut Vec<u8>, numbers: &mut Numbers, pieces: bool) {
    let at = numbers.below(value.len() + 1);
    match numbers.below(if pieces { 6 } else { 4 }) {
        0 if at < value.len() => {
            value.remove(at);
        }
        1 if at < value.len() => value[at] ^= if value[at].is_ascii_alphabetic() { 0x20 } else { 0 },
        2 => {
            let end = (at + 1 + numbers.below(6)).min(value.len());
            let doubled = value[at..end].to_vec();
            value.splice(at..at, doubled);
        }
        3 => {
            let other = numbers.below(value.len() + 1);
            let piece = value[other..(other + 4).min(value.len())].to_vec();
            value.splice(at..at, piece);
        }
        4 if at < value.len() => {
            let encoded = format!("%{:02x}", value[at]).into_bytes();
            value.splice(at..=at, encoded);
        }
        _ => {
            let piece = PIECES[numbers.below(PIECES.len())].bytes();
            value.splice(at..at, piece);
        }
    }
}

fn mutant(of: &Sent, numbers: &mut Numbers) -> Sent {
    let (mut uri, mut headers, mut body) = (of.uri.clone(), of.headers.clone(), of.body.clone());
    for _ in 0..=numbers.below(4) {
        match numbers.below(6) {
            0..3 => change(&mut uri, numbers, true),
            3 if !headers.is_empty() => {
                let one = numbers.below(headers.len());
                // The length and the kind of a body are what the transport says of it.
                if !headers[one].0.to_ascii_lowercase().starts_with(b"content-") {
                    change(&mut headers[one].1, numbers, false);
                }
            }
            _ if !body.is_empty() => change(&mut body, numbers, true),
            _ => change(&mut uri, numbers, true),
        }
    }
    // A URI is one word that begins with a slash.
    uri.retain(|byte| *byte > b' ' && *byte != 0x7f && *byte != b'#');
    if !uri.starts_with(b"/") {
        uri.insert(0, b'/');
    }
    for (name, value) in &mut headers {
        if name.eq_ignore_ascii_case(b"content-length") {
            *value = body.len().to_string().into_bytes();
        }
    }
    Sent { method: of.method.clone(), uri, headers, body }
}

#[test]
fn mutants_match_the_same_rules() {
    let Some((files, paths)) = peer::rules(&peer::rule_folder()) else { return println!("no Core Rule Set: SEKISHO_CRS names none") };
    let peers = Peer::all();
    if peers.is_empty() {
        return println!("no reference is here: install libmodsecurity-dev");
    }
    let mut seeds: Vec<Sent> =
        corpus::files().iter().flat_map(|(_, lines)| lines).map(|line| corpus::sent(&corpus::request(line))).collect();
    if seeds.is_empty() {
        seeds = traffic::mix();
    }
    let count = std::env::var("SEKISHO_WAF_MUTANTS").ok().and_then(|count| count.parse().ok()).unwrap_or(2600);
    let mut numbers = Numbers(20_261_122);
    let mutants: Vec<Sent> = (0..count).map(|_| mutant(&seeds[numbers.below(seeds.len())], &mut numbers)).collect();
    let program = peer::compile(&files);
    let ours: Vec<Answer> = mutants.iter().map(|sent| peer::ask(&program, sent)).collect();
    let matched = ours.iter().filter(|answer| answer.rules.iter().copied().any(is_detection)).count();
    println!("{count} mutants of {} requests, of which {matched} match rules", seeds.len());
    let theirs: Vec<(String, Vec<Answer>)> = peers.iter().map(|peer| (peer.name.clone(), peer.run(&mutants, 1, &paths).0)).collect();
    let same = |one: &Answer, other: &Answer| !one.rules.symmetric_difference(&other.rules).any(|id| is_detection(*id));
    let share = |some: usize, all: usize| format!("{some} of {all} ({:.2} %)", some as f64 * 100.0 / all.max(1) as f64);
    for (name, answers) in &theirs {
        let equal = ours.iter().zip(answers).filter(|(own, other)| same(own, other)).count();
        let verdicts = ours.iter().zip(answers).filter(|(own, other)| own.stopped == other.stopped).count();
        println!("{name}: {} match the same rules, {} verdicts are equal", share(equal, count), share(verdicts, count));
    }
    // Where the references differ from each other, nobody can equal all of them.
    let (mut agreed, mut as_agreed) = (0, 0);
    let (mut contested, mut as_one) = (0, 0);
    for (at, (own, sent)) in ours.iter().zip(&mutants).enumerate() {
        let others: Vec<&Answer> = theirs.iter().map(|(_, answers)| &answers[at]).collect();
        let as_any = others.iter().any(|other| same(own, other));
        if others.windows(2).all(|two| same(two[0], two[1])) {
            (agreed, as_agreed) = (agreed + 1, as_agreed + usize::from(as_any));
        } else {
            (contested, as_one) = (contested + 1, as_one + usize::from(as_any));
        }
        if !as_any {
            let rules = |answer: &Answer| answer.rules.iter().copied().filter(|id| is_detection(*id)).collect::<Vec<_>>();
            let others: Vec<_> = others.iter().map(|other| rules(other)).collect();
            println!("  ours {:?}, theirs {others:?}: {sent}", rules(own));
        }
    }
    println!("where the references agree: {}; where they do not, as one of them: {}", share(as_agreed, agreed), share(as_one, contested));
}
