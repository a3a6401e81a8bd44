//! Boolean combinations of wildcard patterns, searched for a shortest text: a walk over the product of their automata.
//! Bounded: a search that grows too large says so.

use crate::glob::Token;
use std::collections::{HashMap, VecDeque};

/// Product states that are still visited.
const STATES: usize = 20_000;

/// The search was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

#[derive(Clone, Copy, PartialEq)]
enum Symbol {
    Char(char),
    One { colon: bool },
    Star { colon: bool },
}

/// One automaton: a position is active or not.
struct Automaton {
    symbols: Vec<Symbol>,
    /// Where its positions begin in the joint state.
    offset: usize,
}

/// Visits the truth vectors that some text gives to the patterns, each with a shortest text, until `wanted` says stop.
/// At most 64 patterns.
pub(crate) fn search(patterns: &[&[Token]], mut wanted: impl FnMut(u64, &str) -> bool) -> Result<bool, TooLarge> {
    if patterns.len() > 64 {
        return Err(TooLarge);
    }
    let mut offset = 0;
    let automata: Vec<Automaton> = patterns
        .iter()
        .map(|tokens| {
            let automaton = Automaton { symbols: symbols(tokens), offset };
            offset += automaton.symbols.len() + 1;
            automaton
        })
        .collect();
    let words = offset.div_ceil(64).max(1);
    let mut start = vec![0u64; words];
    for automaton in &automata {
        activate(&mut start, automaton, 0);
    }
    // Each visited state with the state and character it was reached by.
    let mut states: Vec<(Vec<u64>, usize, char)> = vec![(start.clone(), usize::MAX, ' ')];
    let mut known: HashMap<Vec<u64>, ()> = HashMap::from([(start, ())]);
    let mut queue = VecDeque::from([0usize]);
    while let Some(at) = queue.pop_front() {
        let state = states[at].0.clone();
        let vector = automata
            .iter()
            .enumerate()
            .fold(0, |bits, (n, automaton)| bits | (u64::from(active(&state, automaton.offset + automaton.symbols.len())) << n));
        if wanted(vector, &text(&states, at)) {
            return Ok(true);
        }
        for character in alphabet(&automata, &state) {
            let mut next = vec![0u64; words];
            for automaton in &automata {
                step(&state, &mut next, automaton, character);
            }
            if known.insert(next.clone(), ()).is_none() {
                if states.len() >= STATES {
                    return Err(TooLarge);
                }
                queue.push_back(states.len());
                states.push((next, at, character));
            }
        }
    }
    Ok(false)
}

/// Every truth vector that occurs, with a shortest text.
pub(crate) fn classes(patterns: &[&[Token]]) -> Result<Vec<(u64, String)>, TooLarge> {
    let mut out: Vec<(u64, String)> = Vec::new();
    search(patterns, |vector, text| {
        if out.iter().all(|(own, _)| *own != vector) {
            out.push((vector, text.to_owned()));
        }
        false
    })?;
    Ok(out)
}

fn symbols(tokens: &[Token]) -> Vec<Symbol> {
    let (mut out, mut bytes) = (Vec::with_capacity(tokens.len()), Vec::new());
    let flush = |bytes: &mut Vec<u8>, out: &mut Vec<Symbol>| {
        out.extend(String::from_utf8_lossy(bytes).chars().map(Symbol::Char));
        bytes.clear();
    };
    for token in tokens {
        match token {
            Token::Byte(byte) => bytes.push(*byte),
            Token::One { colon } => {
                flush(&mut bytes, &mut out);
                out.push(Symbol::One { colon: *colon });
            }
            Token::Star { colon } => {
                flush(&mut bytes, &mut out);
                out.push(Symbol::Star { colon: *colon });
            }
        }
    }
    flush(&mut bytes, &mut out);
    out
}

fn active(state: &[u64], bit: usize) -> bool {
    state[bit / 64] & (1 << (bit % 64)) != 0
}

/// Makes a position active, and those that a `*` lets follow for nothing.
fn activate(state: &mut [u64], automaton: &Automaton, mut position: usize) {
    loop {
        let bit = automaton.offset + position;
        state[bit / 64] |= 1 << (bit % 64);
        match automaton.symbols.get(position) {
            Some(Symbol::Star { .. }) => position += 1,
            _ => break,
        }
    }
}

fn step(state: &[u64], next: &mut [u64], automaton: &Automaton, character: char) {
    for (position, symbol) in automaton.symbols.iter().enumerate() {
        if !active(state, automaton.offset + position) {
            continue;
        }
        match symbol {
            Symbol::Char(own) if *own == character => activate(next, automaton, position + 1),
            Symbol::One { colon } if *colon || character != ':' => activate(next, automaton, position + 1),
            Symbol::Star { colon } if *colon || character != ':' => activate(next, automaton, position),
            _ => {}
        }
    }
}

/// The characters that can tell the active positions apart, and one that is none of them.
fn alphabet(automata: &[Automaton], state: &[u64]) -> Vec<char> {
    let mut out = Vec::new();
    let mut colon = false;
    for automaton in automata {
        for (position, symbol) in automaton.symbols.iter().enumerate() {
            if active(state, automaton.offset + position) {
                match symbol {
                    Symbol::Char(own) if !out.contains(own) => out.push(*own),
                    Symbol::One { colon: false } | Symbol::Star { colon: false } => colon = true,
                    _ => {}
                }
            }
        }
    }
    if colon && !out.contains(&':') {
        out.push(':');
    }
    let other = ('a'..='z').chain('0'..='9').find(|c| !out.contains(c)).unwrap_or('~');
    out.push(other);
    out
}

fn text(states: &[(Vec<u64>, usize, char)], mut at: usize) -> String {
    let mut out = Vec::new();
    while let Some((_, before, character)) = states.get(at).filter(|(_, before, _)| *before != usize::MAX) {
        out.push(*character);
        at = *before;
    }
    out.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::{classes, search};
    use crate::glob::{Segments, Token, matches, tokens};

    fn vector(patterns: &[Vec<Token>], text: &str) -> u64 {
        patterns.iter().enumerate().fold(0, |bits, (n, p)| bits | (u64::from(matches(p, text.as_bytes())) << n))
    }

    #[test]
    fn every_class_has_a_true_witness() {
        let sets: [&[&str]; 5] = [
            &["arn:aws:s3:::a/*", "arn:aws:s3:::*/b", "arn:aws:s3:::a/?"],
            &["*", "a*", "*a", "a"],
            &["arn:aws:sqs:us-*-1:*:q", "arn:aws:sqs:*:q"],
            &["é*", "?", "??"],
            &["a*b*c", "*b", "ab?"],
        ];
        for set in sets {
            let patterns: Vec<Vec<Token>> = set.iter().map(|p| tokens(p, Segments::Arn)).collect();
            let refs: Vec<&[Token]> = patterns.iter().map(Vec::as_slice).collect();
            let found = classes(&refs).unwrap_or_default();
            for (own, text) in &found {
                assert_eq!(*own, vector(&patterns, text), "{set:?} {text:?}");
            }
            // Every text over a small alphabet falls in a class that was found.
            let alphabet = ['a', 'b', 'c', ':', '/', 'é'];
            let mut texts = vec![String::new()];
            for _ in 0..4 {
                texts = texts.iter().flat_map(|t| alphabet.iter().map(move |c| format!("{t}{c}"))).chain(texts.clone()).collect();
            }
            assert!(texts.iter().all(|t| found.iter().any(|(own, _)| *own == vector(&patterns, t))), "{set:?}");
        }
    }

    #[test]
    fn finds_what_one_has_and_the_other_has_not() {
        let (a, b) = (tokens("arn:aws:s3:::b/*", Segments::Arn), tokens("arn:aws:s3:::b/k*", Segments::Arn));
        let mut witness = String::new();
        let found = search(&[&a, &b], |bits, text| {
            witness = text.to_owned();
            bits & 0b11 == 0b01
        });
        assert_eq!((found, witness.as_str()), (Ok(true), "arn:aws:s3:::b/"));
        assert_eq!(search(&[&a, &b], |bits, _| bits & 0b11 == 0b10), Ok(false));
    }
}
