//! ModSecurity's own transformation tests (`secrules-language-tests`, Apache-2.0), which this repository does not hold.
//!
//! `SECRULES_LANGUAGE_TESTS` names their folder. Without it nothing is compared, and it says so.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use sekisho_waf::transform::Transformation;
use std::fs;

/// Cases that the suite's own conversion to JSON garbled. The first had `\0` and two spaces, of which the escape takes one,
/// and got a NUL byte for it; the second keeps the backslash of `\xag`, which the code under test drops (`*d++ = input[i + 1]`
/// in `escape_seq_decode.cc`).
const GARBLED: [(&str, &str); 2] =
    [("cssDecode", "test\n\u{b}\u{f}nrtv?'\"\0\u{12}#4EV!~\0 string"), ("escapeSeqDecode", "89\\xb6\\xag\\xga\\x0a3")];

/// The files write bytes as `\xHH` and `\u00HH` inside JSON strings, on top of JSON's own escapes.
fn bytes(text: &str) -> Vec<u8> {
    let text: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (Vec::new(), 0);
    let hex = |from: usize, count: usize| {
        let digits: String = text.get(from..from + count)?.iter().collect();
        u8::from_str_radix(&digits, 16).ok()
    };
    while at < text.len() {
        if text[at] == '\\' && text.get(at + 1) == Some(&'x') && hex(at + 2, 2).is_some() {
            out.extend(hex(at + 2, 2));
            at += 4;
        } else if text[at] == '\\' && text.get(at + 1) == Some(&'u') && hex(at + 2, 4).is_some() {
            out.extend(hex(at + 2, 4));
            at += 6;
        } else {
            out.extend(text[at].to_string().bytes());
            at += 1;
        }
    }
    out
}

#[test]
fn transformations_agree() {
    let Ok(folder) = std::env::var("SECRULES_LANGUAGE_TESTS") else {
        return println!("no tests: SECRULES_LANGUAGE_TESTS is not set; nothing was compared");
    };
    let (mut passed, mut failed, mut garbled, mut without) = (0, 0, 0, Vec::new());
    let mut files: Vec<_> = fs::read_dir(format!("{folder}/transformations")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let cases: Vec<serde_json::Value> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let Some(transformation) = Transformation::from_seclang(&name) else {
            without.push(format!("{name} ({})", cases.len()));
            continue;
        };
        for case in cases {
            let text = |key: &str| case[key].as_str().unwrap_or_default().to_owned();
            let (input, output) = (text("input"), text("output"));
            // Escapes are ambiguous where the transformation itself reads them: either reading may be meant.
            let readings = [
                (bytes(&input), bytes(&output)),
                (input.clone().into_bytes(), output.clone().into_bytes()),
                (input.clone().into_bytes(), bytes(&output)),
                (latin(&input), latin(&output)),
            ];
            if GARBLED.contains(&(name.as_str(), output.as_str())) {
                garbled += 1;
            } else if readings.iter().any(|(input, output)| *transformation.apply(input) == **output) {
                passed += 1;
            } else {
                failed += 1;
                println!(
                    "{name}: {input:?}: expected {output:?}, got {:?}",
                    String::from_utf8_lossy(&transformation.apply(&readings[0].0))
                );
            }
        }
    }
    println!("{passed} passed, {failed} failed, {garbled} garbled in the file; not implemented: {}", without.join(", "));
    assert_eq!(failed, 0);
}

fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| c as u8).collect()
}
