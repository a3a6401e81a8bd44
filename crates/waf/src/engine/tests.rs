//! The engine against slow twins: patterns, needs, candidates.

use super::rx::{Flags, Rx};
use super::{Builder, ChainId, Matcher, Phrases, Run, Scratch};
use crate::transform::Transformation;
use proptest::prelude::*;
use std::sync::Arc;

const SECLANG: Flags = Flags { insensitive: false, dot_all: true, multi_line: true, extended: false, swap_greed: false };

fn rx(pattern: &str) -> Rx {
    Rx::new(pattern, SECLANG).unwrap()
}

#[test]
fn what_an_automaton_cannot_do_is_matched_all_the_same() {
    let cases: &[(&str, &str, bool)] = &[
        (r"(?i)\b(\w+)\b\s*=\s*\b\1\b", "x or Abc = aBC", true),
        (r"(?i)\b(\w+)\b\s*=\s*\b\1\b", "x or abc = abd", false),
        (r"<\?(?!xml)", "<?php", true),
        (r"<\?(?!xml)", "<?xml version", false),
        (r"(?<!&amp);", "a&amp;b", false),
        (r"(?<!&amp|&lt);x", "b;x", true),
        (r"(?<!&amp|&lt);x", "&lt;x", false),
        (r"(?<=a.{1,3})z", "a12z", true),
        (r"^(?>a+)ab", "aaab", false),
        (r"a++b", "aaab", true),
        (r"a++ab", "aaab", false),
        (r"(a*)*b", "aaaaaaaaaaaaaaaaaaaaaac", false),
        (r"(?=.*\d)[a-z]+\d", "abc1", true),
    ];
    for (pattern, text, expected) in cases {
        let rx = rx(pattern);
        assert_eq!(rx.is_match(text.as_bytes()), *expected, "{pattern} on {text}");
    }
}

#[test]
fn a_budget_that_runs_out_is_a_match() {
    let rx = rx(r"(?:(x+x+)+y)\1(?!z)");
    assert!(!rx.is_linear());
    assert!(rx.is_match("x".repeat(64).as_bytes()), "what could not be judged is not let pass");
}

#[test]
fn captures_have_their_spans() {
    let text = b"user=adam&pass=eve";
    let spans = rx(r"(?P<name>\w+)=(\w+)&(x)?").captures(text).unwrap();
    assert_eq!(spans, vec![Some((0, 10)), Some((0, 4)), Some((5, 9)), None]);
    let spans = rx(r"(\w)\1(?!z)").captures(b"abccd").unwrap();
    assert_eq!(spans, vec![Some((2, 4)), Some((2, 3))]);
}

#[test]
fn what_is_not_understood_is_an_error() {
    for pattern in ["(", ")", "[a", "a{3,2}", r"\p{L}", "(?P>x)", "*a", "\\", "(?z)", r"\x{100}", "[z-a]", r"\y", "[[:what:]]"] {
        assert!(Rx::new(pattern, SECLANG).is_err(), "{pattern}");
    }
}

#[test]
fn classes_and_escapes() {
    let cases: &[(&str, &[u8], bool)] = &[
        (r"^[\x80-\xff]$", b"\xe4", true),
        (r"^\x{ff}$", b"\xff", true),
        (r"^[]a]+$", b"a]", true),
        (r"^[^]a]+$", b"b", true),
        (r"^[a\-z]+$", b"-", true),
        (r"^[\w-]+$", b"a-b", true),
        (r"^[[:alpha:]]+$", b"aZ", true),
        (r"^[a&&b]+$", b"&", true),
        (r"^\Qa.b\E$", b"a.b", true),
        (r"^a(?#comment)b$", b"ab", true),
        (r"(?x) a b # c", b"ab", true),
        (r"^.$", b"\n", true),
        (r"^b$", b"a\nb\nc", true),
        (r"a{,2}", b"a{,2}", true),
        (r"x{y", b"x{y", true),
        (r"(?i)[^A]", b"a", false),
        (r"(?i:A)b", b"aB", false),
        (r"\0", b"\0", true),
        (r"[\h]", b"\t", true),
    ];
    for (pattern, text, expected) in cases {
        assert_eq!(rx(pattern).is_match(text), *expected, "{pattern} on {text:?}");
    }
}

#[test]
fn a_phrase_list_finds_its_first_phrase() {
    let mut builder = Builder::new();
    let phrases = Arc::new(Phrases::new([&b"passwd"[..], b"/etc/", b";"].map(<[u8]>::to_vec).into()));
    let matcher = builder.matcher(Matcher::Phrases(Arc::clone(&phrases))).unwrap();
    let plan = builder.build();
    let mut run = Run::new(&plan, Scratch::default());
    // `password` begins as a phrase does, and is none.
    for (text, first) in [("cat /ETC/passwd;", Some(4..9)), ("a;passwd", Some(1..2)), ("nothing", None), ("password", None)] {
        let id = run.add(text.as_bytes());
        assert_eq!(run.test(id, matcher), first.is_some(), "{text}");
        assert_eq!(phrases.find(text.as_bytes()), first, "{text}");
        assert_eq!(phrases.find_slowly(text.as_bytes()), first, "{text}");
    }
}

#[test]
fn chains_that_change_nothing_stay_at_their_text() {
    let mut builder = Builder::new();
    let chain = builder.chain(&[Transformation::UrlDecodeUni, Transformation::Lowercase, Transformation::None]);
    let plan = builder.build();
    let mut run = Run::new(&plan, Scratch::default());
    let plain = run.add(b"plain");
    assert_eq!(run.through(plain, chain), plain);
    assert_eq!(run.through(plain, ChainId::NONE), plain);
    let coded = run.add(b"PL%41IN");
    assert_eq!(run.through(coded, chain), plain);
    assert_eq!(
        run.stations(coded, chain).iter().map(|text| run.bytes(*text).to_vec()).collect::<Vec<_>>(),
        [&b"PL%41IN"[..], b"PLAIN", b"plain"]
    );
}

/// Patterns of the kinds rule sets use, grown from pieces.
fn pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-d]{1,4}",
        Just("[a-c]".to_owned()),
        Just("[^b]".to_owned()),
        Just(r"\s".to_owned()),
        Just(r"\b".to_owned()),
        Just(".".to_owned()),
        Just("^".to_owned()),
        Just("$".to_owned()),
        Just(r"\d".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            (inner.clone(), prop_oneof![Just("*"), Just("+"), Just("?"), Just("{2}"), Just("{1,3}"), Just("*?")])
                .prop_map(|(inner, times)| format!("(?:{inner}){times}")),
            inner.clone().prop_map(|inner| format!("({inner})")),
            inner.prop_map(|inner| format!("(?i:{inner})")),
        ]
    })
}

proptest! {
    #[test]
    fn the_spelling_means_what_the_pattern_does(pattern in pattern(), text in "[a-dA-D 1\n]{0,12}") {
        let own = rx(&pattern);
        let other = regex::bytes::RegexBuilder::new(&pattern).unicode(false).dot_matches_new_line(true).multi_line(true).build().unwrap();
        prop_assert_eq!(own.is_match(text.as_bytes()), other.is_match(text.as_bytes()));
        let spans = own.captures(text.as_bytes());
        let others = other.captures(text.as_bytes()).map(|captures| captures.iter().map(|group| group.map(|group| (group.start(), group.end()))).collect::<Vec<_>>());
        prop_assert_eq!(spans, others);
    }

    #[test]
    fn the_backtracking_twin_agrees(pattern in pattern(), text in "[a-dA-D 1\n]{0,12}") {
        // A lookahead that always holds sends the pattern to the other matcher.
        let own = rx(&format!("(?:{pattern})(?=)"));
        prop_assert!(!own.is_linear());
        prop_assert_eq!(own.is_match(text.as_bytes()), rx(&pattern).is_match(text.as_bytes()));
    }

    #[test]
    fn no_candidate_is_no_match(patterns in prop::collection::vec(pattern(), 1..6), text in "[a-dA-D 1\n]{0,16}") {
        let mut builder = Builder::new();
        let matchers: Vec<_> = patterns.iter().map(|pattern| builder.matcher(Matcher::Regex(Arc::new(rx(pattern)))).unwrap()).collect();
        let plan = builder.build();
        let mut run = Run::new(&plan, Scratch::default());
        let text_id = run.add(text.as_bytes());
        for (pattern, matcher) in patterns.iter().zip(matchers) {
            prop_assert_eq!(run.test(text_id, matcher), rx(pattern).is_match(text.as_bytes()), "{}", pattern);
        }
    }

    #[test]
    fn no_pattern_panics(pattern in "[a-c(){}\\[\\]|*+?.^$\\\\<>=!:#&,0-9dwxQEbPi-]{0,24}", text in "[a-c0-9 ]{0,8}") {
        if let Ok(rx) = Rx::new(&pattern, SECLANG) {
            let matched = rx.is_match(text.as_bytes());
            prop_assert_eq!(matched, rx.captures(text.as_bytes()).is_some());
        }
    }
}
