//! Cases in the form of libinjection's own tests, and a run of a folder of them named by `SEKISHO_LIBINJECTION_TESTS`.

use super::{html, sqli};
use std::path::Path;

/// One case: `--TEST--`, `--INPUT--`, `--EXPECTED--`.
struct Case {
    kind: String,
    name: String,
    input: Vec<u8>,
    /// Each byte as one character.
    expected: String,
}

/// The cases of a text; each begins with `--TEST--`.
fn cases(kind: &str, bytes: &[u8]) -> Vec<Case> {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let read = |block: &str| {
        let (name, rest) = block.split_once("--INPUT--\n")?;
        let (input, expected) = rest.split_once("--EXPECTED--")?;
        let trim = |text: &str| text.trim_end_matches([' ', '\n', '\t', '\r']).to_owned();
        Some(Case {
            kind: kind.to_owned(),
            name: trim(name),
            input: trim(input).chars().map(|c| c as u8).collect(),
            expected: trim(expected.trim_start_matches('\n')),
        })
    };
    text.split("--TEST--\n").filter_map(read).collect()
}

fn outcome(case: &Case) -> String {
    let input = case.input.as_slice();
    match case.kind.as_str() {
        "tokens" => sqli::show_tokens(input, false),
        "folding" => sqli::show_tokens(input, true),
        "sqli" => super::sqli(input).map_or(String::new(), |print| print.to_string()),
        "html5" => html::show_tokens(input),
        "xss" => u8::from(super::xss(input)).to_string(),
        other => panic!("unknown kind {other}"),
    }
}

fn run(cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let got = outcome(case);
        let got = got.trim_end_matches([' ', '\n', '\t', '\r']);
        // Folding prints merged phrases in upper case.
        let same = if case.kind == "folding" { got.eq_ignore_ascii_case(&case.expected) } else { got == case.expected };
        if !same {
            wrong.push(format!(
                "{} {}: {:?}\n  expected {:?}\n  got      {got:?}",
                case.kind,
                case.name,
                String::from_utf8_lossy(&case.input),
                case.expected
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Our own cases; what is expected is what the C library answered.
#[test]
fn own_cases() {
    let files = [
        ("tokens", include_str!("cases/tokens.txt")),
        ("folding", include_str!("cases/folding.txt")),
        ("sqli", include_str!("cases/sqli.txt")),
        ("html5", include_str!("cases/html5.txt")),
        ("xss", include_str!("cases/xss.txt")),
    ];
    let all: Vec<Case> = files.iter().flat_map(|(kind, text)| cases(kind, text.as_bytes())).collect();
    assert_eq!(all.len(), 153);
    run(&all);
}

/// Double the input, about double the time: the worst shapes for a detector that looks back or ahead. Counted in steps
/// that only grow with what is read, so no clock is needed: a quadratic detector would not come to an end here.
#[test]
fn long_inputs_end() {
    for piece in ["'", "\\'", "NULL.", "DIV.5", "1,", "((", "$a", "x'0", "/*", "-\0", "<a ", "<!--", "&#x", "a=b ", "`"] {
        let input = piece.repeat(1_000_000 / piece.len());
        let _ = (super::sqli(input.as_bytes()), super::xss(input.as_bytes()));
    }
}

/// The C library's own tests, where a checkout is at hand.
#[test]
fn the_c_librarys_tests() {
    let Ok(folder) = std::env::var("SEKISHO_LIBINJECTION_TESTS") else {
        return println!("no folder of libinjection's tests: SEKISHO_LIBINJECTION_TESTS is not set");
    };
    let mut all = Vec::new();
    for entry in std::fs::read_dir(Path::new(&folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if let Some((kind, number)) = name.strip_prefix("test-").and_then(|rest| rest.split_once('-')) {
            let mut read = cases(kind, &std::fs::read(&path).unwrap());
            assert_eq!(read.len(), 1, "{name}");
            number.clone_into(&mut read[0].name);
            all.append(&mut read);
        }
    }
    assert!(!all.is_empty(), "no test in {folder}");
    println!("{} tests of the C library", all.len());
    run(&all);
}
