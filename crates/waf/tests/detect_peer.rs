//! The detectors against the C library, over its corpora and millions of mutations of them.
//!
//! `SEKISHO_LIBINJECTION` names a program that reads frames (length as four little-endian bytes, then the field) and answers
//! each with a line `SQLI XSS FINGERPRINT`, by calling `libinjection_sqli` and `libinjection_xss` on a buffer that is
//! followed by NUL bytes. `SEKISHO_LIBINJECTION_DATA` names a folder of corpora, a URL-encoded field a line;
//! `SEKISHO_LIBINJECTION_ROUNDS` how many mutations to try of each. Without the program nothing is compared, and it says so.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

/// Fields to begin with when no corpus is named.
const SEEDS: [&str; 12] = [
    "1' OR '1'='1",
    "1 UNION ALL SELECT (2,3,4) FROM users --",
    "admin'/*!50000 or*/ 1=1#",
    "x\" AND sleep(5) -- ",
    "{`a`.``.id} $tag$text$tag$ @@version q'(text)' x'0f' 1.5e+3f",
    "; IF 1=1 WAITFOR DELAY '0:0:5'; EXEC sp_password",
    "<script>alert(1)</script>",
    "<a href=&#x6a;avascript:alert(1) onerror=x>",
    "' onmouseover='a' style=x \"><svg/onload=1><!--[if IE]-->",
    "<% %><!DOCTYPE x><![CDATA[ x ]]><?import x>",
    "`attributename=onclick xmlns:a=b <xsl:x>",
    "plain words, 3 of them - no more",
];

const PIECES: [&str; 40] = [
    "'",
    "\"",
    "`",
    "--",
    "#",
    "/*",
    "*/",
    "/*!",
    ";",
    "(",
    ")",
    "{",
    "}",
    "\\",
    "\\N",
    " ",
    "\0",
    "@",
    "@@",
    "$",
    "$$",
    "1",
    "0x",
    "1e",
    ".",
    ",",
    "::",
    "<=>",
    "||",
    "UNION ",
    "SELECT ",
    "NOT ",
    "IN ",
    "COLLATE a_b",
    "<",
    ">",
    "=",
    "&#x",
    "on",
    "\u{a0}",
];

/// A small generator; the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

fn mutate(seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut field = seeds[numbers.below(seeds.len())].clone();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(field.len() + 1);
        match numbers.below(7) {
            0 if at < field.len() => field[at] = numbers.below(256) as u8,
            1 if at < field.len() => drop(field.remove(at)),
            2 => field.truncate(at),
            3 => {
                let other = &seeds[numbers.below(seeds.len())];
                let from = numbers.below(other.len() + 1);
                let to = from + numbers.below(other.len() - from + 1);
                field.splice(at..at, other[from..to].iter().copied());
            }
            4 => drop(field.drain(..at)),
            _ => {
                field.splice(at..at, PIECES[numbers.below(PIECES.len())].bytes());
            }
        }
    }
    field.truncate(600);
    field
}

fn decoded(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < line.len() {
        let hex = line.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (line[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
                continue;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    out
}

fn corpora() -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = SEEDS.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    let Ok(folder) = std::env::var("SEKISHO_LIBINJECTION_DATA") else { return out };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        for line in std::fs::read(file).unwrap().split(|byte| *byte == b'\n') {
            if !line.is_empty() && line[0] != b'#' {
                out.push(decoded(line));
                out.push(line.to_vec());
            }
        }
    }
    out
}

fn ours(field: &[u8]) -> String {
    let print = sekisho_waf::detect::sqli(field);
    let shown = print.map_or(String::new(), |print| print.to_string());
    format!("{} {} {shown}", u8::from(print.is_some()), u8::from(sekisho_waf::detect::xss(field)))
}

#[test]
fn same_verdict_and_fingerprint_as_the_c_library() {
    let Ok(program) = std::env::var("SEKISHO_LIBINJECTION") else {
        return println!("the C library is missing: SEKISHO_LIBINJECTION is not set; nothing was compared");
    };
    let rounds: usize = std::env::var("SEKISHO_LIBINJECTION_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let seeds = corpora();
    let mut peer = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut sink = std::io::BufWriter::new(peer.stdin.take().unwrap());
    let source = BufReader::new(peer.stdout.take().unwrap());
    let all = seeds.clone();
    let writer = std::thread::spawn(move || {
        let mut numbers = Numbers(0x5eed);
        let mut send = |field: &[u8]| {
            sink.write_all(&(field.len() as u32).to_le_bytes()).unwrap();
            sink.write_all(field).unwrap();
        };
        all.iter().for_each(|field| send(field));
        (0..rounds).for_each(|_| send(&mutate(&all, &mut numbers)));
    });
    let mut numbers = Numbers(0x5eed);
    let (mut compared, mut attacks, mut scripts, mut wrong) = (0, 0, 0, Vec::new());
    for (at, answer) in source.lines().enumerate() {
        let answer = answer.unwrap();
        let field = if at < seeds.len() { seeds[at].clone() } else { mutate(&seeds, &mut numbers) };
        compared += 1;
        attacks += usize::from(answer.starts_with('1'));
        scripts += usize::from(answer[2..].starts_with('1'));
        let ours = ours(&field);
        if ours != answer && wrong.len() < 20 {
            wrong.push(format!("{:?}: C {answer:?}, ours {ours:?}", String::from_utf8_lossy(&field)));
        }
    }
    writer.join().unwrap();
    assert!(peer.wait().unwrap().success());
    println!("{compared} fields compared ({} of the corpora), {attacks} SQL, {scripts} script, {} mismatches", seeds.len(), wrong.len());
    assert_eq!(compared, seeds.len() + rounds);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
