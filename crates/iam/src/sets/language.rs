//! Boolean combinations of wildcard patterns, searched for a shortest text: a walk over the product of their automata.
//! Bounded: a search that grows too large says so.

use crate::glob::Token;
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// Active positions that are still stepped in one search: what bounds its time, however many the patterns.
pub(crate) const STEPS: usize = 1_000_000;

/// The search was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

#[derive(Clone, Copy, PartialEq)]
enum Symbol {
    Char(char),
    One {
        colon: bool,
    },
    Star {
        colon: bool,
    },
    /// The pattern's end: the text so far matches it.
    End {
        pattern: u8,
    },
}

/// The symbols of all patterns, one after the other. A joint state is the set of active positions, as bits.
struct Product {
    symbols: Vec<Symbol>,
    words: usize,
}

/// Visits the truth vectors that some text gives to the patterns, each with a shortest text, until `wanted` says stop.
/// At most 64 patterns. With `within` only texts are visited that the first pattern matches, or that could become such.
/// `most`: steps after which it gives up.
pub(crate) fn search(
    patterns: &[&[Token]],
    within: bool,
    most: usize,
    mut wanted: impl FnMut(u64, &dyn Fn() -> String) -> bool,
) -> Result<bool, TooLarge> {
    if patterns.len() > 64 {
        return Err(TooLarge);
    }
    let (product, starts) = Product::of(patterns);
    let words = product.words;
    let mut next = vec![0u64; words];
    starts.iter().for_each(|start| product.activate(&mut next, *start));
    let mut known: HashSet<Box<[u64]>, BuildHasherDefault<Mixed>> = HashSet::default();
    known.insert(next.as_slice().into());
    // The visited states one after the other, each with the state and character it was reached by. In this order each
    // is visited by its shortest text.
    let mut arena = next.clone();
    let mut reached: Vec<(usize, char)> = vec![(usize::MAX, ' ')];
    let (mut at, mut steps, mut characters) = (0, 0, Vec::new());
    while at < reached.len() {
        let state = at * words..(at + 1) * words;
        let vector = product.look(&arena[state.clone()], &mut characters);
        if wanted(vector, &|| text(&reached, at)) {
            return Ok(true);
        }
        steps += characters.len() * arena[state.clone()].iter().map(|word| word.count_ones() as usize).sum::<usize>();
        if steps > most {
            return Err(TooLarge);
        }
        for character in &characters {
            next.fill(0);
            product.step(&arena[state.clone()], &mut next, *character);
            if within && !product.is_alive(&next, starts.get(1).copied()) {
                continue;
            }
            if !known.contains(next.as_slice()) {
                known.insert(next.as_slice().into());
                arena.extend_from_slice(&next);
                reached.push((at, *character));
            }
        }
        at += 1;
    }
    Ok(false)
}

/// Every truth vector that occurs, with a shortest text.
pub(crate) fn classes(patterns: &[&[Token]]) -> Result<Vec<(u64, String)>, TooLarge> {
    let mut out: Vec<(u64, String)> = Vec::new();
    search(patterns, false, STEPS / 4, |vector, text| {
        if out.iter().all(|(own, _)| *own != vector) {
            out.push((vector, text()));
        }
        false
    })?;
    Ok(out)
}

impl Product {
    fn of(patterns: &[&[Token]]) -> (Self, Vec<usize>) {
        let (mut symbols, mut starts, mut bytes) = (Vec::new(), Vec::with_capacity(patterns.len()), Vec::new());
        let flush = |bytes: &mut Vec<u8>, symbols: &mut Vec<Symbol>| {
            symbols.extend(String::from_utf8_lossy(bytes).chars().map(Symbol::Char));
            bytes.clear();
        };
        for (pattern, tokens) in patterns.iter().enumerate() {
            starts.push(symbols.len());
            for token in *tokens {
                if let Token::Byte(byte) = token {
                    bytes.push(*byte);
                    continue;
                }
                flush(&mut bytes, &mut symbols);
                match token {
                    Token::One { colon } => symbols.push(Symbol::One { colon: *colon }),
                    Token::Star { colon } => symbols.push(Symbol::Star { colon: *colon }),
                    Token::Byte(_) => {}
                }
            }
            flush(&mut bytes, &mut symbols);
            symbols.push(Symbol::End { pattern: pattern as u8 });
        }
        let words = symbols.len().div_ceil(64).max(1);
        (Self { symbols, words }, starts)
    }

    /// Makes a position active, and those that a `*` lets follow for nothing.
    fn activate(&self, state: &mut [u64], mut position: usize) {
        loop {
            state[position / 64] |= 1 << (position % 64);
            match self.symbols[position] {
                Symbol::Star { .. } => position += 1,
                _ => break,
            }
        }
    }

    fn active<'a>(&'a self, state: &'a [u64]) -> impl Iterator<Item = (usize, Symbol)> + 'a {
        state.iter().enumerate().flat_map(move |(word, bits)| {
            let mut bits = *bits;
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some((word * 64 + bit, self.symbols[word * 64 + bit]))
            })
        })
    }

    /// Whether the first pattern, which ends before `second`, can still match.
    fn is_alive(&self, state: &[u64], second: Option<usize>) -> bool {
        let end = second.unwrap_or(self.symbols.len());
        let part = |(word, bits): (usize, &u64)| match end.saturating_sub(word * 64) {
            0 => 0,
            left if left < 64 => bits & ((1 << left) - 1),
            _ => *bits,
        };
        state.iter().enumerate().map(part).any(|bits| bits != 0)
    }

    fn step(&self, state: &[u64], next: &mut [u64], character: char) {
        for (position, symbol) in self.active(state) {
            match symbol {
                Symbol::Char(own) if own == character => self.activate(next, position + 1),
                Symbol::One { colon } if colon || character != ':' => self.activate(next, position + 1),
                Symbol::Star { colon } if colon || character != ':' => self.activate(next, position),
                _ => {}
            }
        }
    }

    /// Which patterns the state matches; and into `characters` those that can tell its positions apart, with one that
    /// is none of them.
    fn look(&self, state: &[u64], characters: &mut Vec<char>) -> u64 {
        characters.clear();
        let (mut vector, mut colon) = (0, false);
        for (_, symbol) in self.active(state) {
            match symbol {
                Symbol::Char(own) if !characters.contains(&own) => characters.push(own),
                Symbol::Char(_) => {}
                Symbol::One { colon: free } | Symbol::Star { colon: free } => colon |= !free,
                Symbol::End { pattern } => vector |= 1 << pattern,
            }
        }
        if colon && !characters.contains(&':') {
            characters.push(':');
        }
        if state.iter().any(|word| *word != 0) {
            let other = ('a'..='z').chain('0'..='9').find(|c| !characters.contains(c)).unwrap_or('~');
            characters.push(other);
        }
        vector
    }
}

/// A hasher of whole words, for states. Colliding states cost time, which the bound on steps limits.
#[derive(Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(26) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }
}

fn text(reached: &[(usize, char)], mut at: usize) -> String {
    let mut out = Vec::new();
    while let Some((before, character)) = reached.get(at).filter(|(before, _)| *before != usize::MAX) {
        out.push(*character);
        at = *before;
    }
    out.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::{STEPS, classes, search};
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
        let found = search(&[&a, &b], false, STEPS, |bits, text| {
            witness = text();
            bits & 0b11 == 0b01
        });
        assert_eq!((found, witness.as_str()), (Ok(true), "arn:aws:s3:::b/"));
        assert_eq!(search(&[&a, &b], true, STEPS, |bits, _| bits & 0b11 == 0b10), Ok(false));
    }
}
