//! Which matchers a text leaves as candidates: bits, all matchers at once.
//!
//! A matcher has up to three clauses, which must all hold ([`needs`](super::rx::needs)); a clause holds by one of its bytes
//! or one of its pieces. So a text's candidates are: for each clause, the bits of the bytes that occur and of the pieces
//! that were found; then all clauses and the least length together.

use super::phrases::Phrases;
use super::pieces::Pieces;
use super::plan::Matcher;
use super::rx::needs::{Clause, Needs, PIECE};
use crate::bytes::ByteSet;
use std::collections::{BTreeMap, HashMap};

/// Clauses of a matcher that are looked at.
const CLAUSES: usize = super::rx::needs::CLAUSES;
/// Lengths that are told apart; beyond, every matcher's need is met.
const LENGTHS: usize = 64;

/// The words that one piece sets bits in, and the bits.
type Uses = Vec<(u32, u64)>;

/// What all matchers need before one is asked.
#[derive(Debug)]
pub(super) struct Gates {
    words: usize,
    /// Per clause, the matchers that have none of that number.
    without: Vec<u64>,
    /// Per byte, its row.
    classes: Box<[u8; 256]>,
    /// Per row and clause, the matchers whose clause such a byte meets.
    rows: Vec<u64>,
    /// Per length, the matchers it is enough for.
    lengths: Vec<u64>,
    automaton: Option<Pieces>,
    /// Per piece.
    uses: Vec<Uses>,
}

/// What a pass needs, kept between texts.
#[derive(Default)]
pub(super) struct Pass {
    held: Vec<u64>,
    seen: Vec<u64>,
}

impl Gates {
    /// The gates of these matchers, by their numbers.
    pub fn new(matchers: &[Matcher]) -> Self {
        let words = matchers.len().div_ceil(64).max(1);
        let row = CLAUSES * words;
        let mut all = vec![0u64; 256 * row];
        let mut without = vec![0u64; row];
        let mut lengths = vec![0u64; (LENGTHS + 1) * words];
        let mut pieces: BTreeMap<Vec<u8>, Uses> = BTreeMap::new();
        for (index, matcher) in matchers.iter().enumerate() {
            let needs = needs(matcher);
            let (word, bit) = (index >> 6, 1u64 << (index & 63));
            (needs.length.min(LENGTHS)..=LENGTHS).for_each(|length| lengths[length * words + word] |= bit);
            for number in 0..CLAUSES {
                let at = number * words + word;
                let Some(clause) = needs.clauses.get(number) else {
                    without[at] |= bit;
                    continue;
                };
                clause.bytes.iter().for_each(|byte| all[usize::from(byte) * row + at] |= bit);
                clause.pieces.iter().for_each(|piece| pieces.entry(piece.clone()).or_default().push((at as u32, bit)));
            }
        }
        let (texts, uses): (Vec<Vec<u8>>, Vec<Uses>) = pieces.into_iter().map(|(text, uses)| (text, joined(uses))).unzip();
        let automaton = Pieces::new(&texts);
        if automaton.is_none() {
            // Too many pieces for one automaton: every matcher is asked.
            without.fill(u64::MAX);
        }
        let (classes, rows) = distinct(&all, row);
        Self { words, without, classes, rows, lengths, automaton, uses }
    }

    /// Puts into `bits` which matchers could match the text, which holds these bytes: a `no` is certain, a `yes` is to be asked.
    pub fn candidates(&self, text: &[u8], set: &ByteSet, pass: &mut Pass, bits: &mut [u64]) {
        let row = CLAUSES * self.words;
        pass.held.clear();
        pass.held.extend_from_slice(&self.without);
        for byte in set.iter() {
            let start = usize::from(self.classes[usize::from(byte)]) * row;
            pass.held.iter_mut().zip(&self.rows[start..start + row]).for_each(|(held, met)| *held |= met);
        }
        if let Some(automaton) = &self.automaton {
            let Pass { held, seen } = pass;
            seen.clear();
            seen.resize(self.uses.len().div_ceil(64), 0);
            automaton.each(text, |piece| {
                let (word, bit) = (piece >> 6, 1 << (piece & 63));
                if seen[word] & bit == 0 {
                    seen[word] |= bit;
                    self.uses[piece].iter().for_each(|(at, bits)| held[*at as usize] |= bits);
                }
            });
        }
        let length = text.len().min(LENGTHS) * self.words;
        for (word, bits) in bits.iter_mut().enumerate() {
            let held = (0..CLAUSES).fold(u64::MAX, |all, clause| all & pass.held[clause * self.words + word]);
            *bits = held & self.lengths[length + word];
        }
    }
}

/// What a text must hold for the matcher to match.
fn needs(matcher: &Matcher) -> Needs {
    match matcher {
        Matcher::Regex(rx) => rx.needs(),
        Matcher::Phrases(phrases) => Needs { length: 0, clauses: clause(phrases).into_iter().collect() },
        Matcher::Contains(needle) => {
            let clause = match needle.as_slice() {
                [] => None,
                [byte] => Some(Clause { bytes: ByteSet::of(&[*byte]), pieces: Vec::new() }),
                needle => Some(Clause { bytes: ByteSet::EMPTY, pieces: vec![piece(needle)] }),
            };
            Needs { length: needle.len(), clauses: clause.into_iter().collect() }
        }
        Matcher::Detector { wakes, .. } => Needs { length: 1, clauses: vec![Clause { bytes: *wakes, pieces: Vec::new() }] },
    }
}

/// One of the phrases' beginnings; none when a phrase is empty and so is everywhere.
fn clause(phrases: &Phrases) -> Option<Clause> {
    let mut clause = Clause::default();
    for phrase in phrases.list() {
        match phrase.as_slice() {
            [] => return None,
            [byte] => clause.bytes.insert(*byte),
            phrase => clause.pieces.push(piece(phrase)),
        }
    }
    clause.bytes = clause.bytes.fold();
    clause.pieces.sort_unstable();
    clause.pieces.dedup();
    Some(clause)
}

fn piece(text: &[u8]) -> Vec<u8> {
    text[..text.len().min(PIECE)].to_ascii_lowercase()
}

/// The bits of one word together.
fn joined(uses: Uses) -> Uses {
    let mut joined: BTreeMap<u32, u64> = BTreeMap::new();
    uses.into_iter().for_each(|(at, bit)| *joined.entry(at).or_default() |= bit);
    joined.into_iter().collect()
}

/// Equal rows once, and which row each byte has: bytes that no pattern tells apart have one.
fn distinct(all: &[u64], row: usize) -> (Box<[u8; 256]>, Vec<u64>) {
    let mut known: HashMap<&[u64], u8> = HashMap::new();
    let mut classes = Box::new([0; 256]);
    let mut rows = Vec::new();
    for (class, row) in classes.iter_mut().zip(all.chunks_exact(row)) {
        let next = known.len() as u8;
        *class = *known.entry(row).or_insert_with(|| {
            rows.extend_from_slice(row);
            next
        });
    }
    (classes, rows)
}
