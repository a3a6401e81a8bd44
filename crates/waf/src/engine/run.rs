//! One request's run over a plan: texts, what chains make of them, what matched; every answer once.

use super::bytes::ByteSet;
use super::plan::{ChainId, Matcher, MatcherId, Plan};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

/// A text of the run: equal bytes are one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TextId(u32);

const UNKNOWN: u32 = u32::MAX;

struct Text {
    start: usize,
    end: usize,
    set: ByteSet,
    scanned: bool,
}

/// A run's memory, kept between requests so that nothing is allocated anew.
#[derive(Default)]
pub struct Scratch {
    bytes: Vec<u8>,
    texts: Vec<Text>,
    index: HashMap<u64, u32, BuildHasherDefault<Same>>,
    /// Per text and step: the text it becomes.
    next: Vec<u32>,
    /// Per text: three rows of bits, one bit a matcher: candidate, asked, matched.
    bits: Vec<u64>,
    got: Vec<u8>,
    touched: Vec<u16>,
    pieces: Vec<u64>,
    met: Vec<bool>,
}

/// Which matchers could match one of some texts: one bit each.
#[derive(Clone, Debug)]
pub struct Candidates(Box<[u64]>);

impl Candidates {
    /// Whether the matcher is among them.
    #[inline]
    pub fn has(&self, matcher: MatcherId) -> bool {
        self.0[(matcher.0 >> 6) as usize] & (1 << (matcher.0 & 63)) != 0
    }
}

/// A request's run.
pub struct Run<'p> {
    plan: &'p Plan,
    words: usize,
    memory: Scratch,
}

impl<'p> Run<'p> {
    /// A run over the plan, in memory of an earlier one.
    pub fn new(plan: &'p Plan, mut memory: Scratch) -> Self {
        memory.bytes.clear();
        memory.texts.clear();
        memory.index.clear();
        memory.next.clear();
        memory.bits.clear();
        memory.got.clear();
        memory.got.resize(plan.matchers.len(), 0);
        memory.pieces.clear();
        memory.pieces.resize(plan.uses.len().div_ceil(64), 0);
        Self { plan, words: plan.matchers.len().div_ceil(64).max(1), memory }
    }

    /// The memory, for the next run.
    pub fn into_scratch(self) -> Scratch {
        self.memory
    }

    /// Adds a text, or finds the equal one.
    pub fn add(&mut self, bytes: &[u8]) -> TextId {
        let hash = hash(bytes);
        if let Some(known) = self.memory.index.get(&hash) {
            let text = &self.memory.texts[*known as usize];
            if &self.memory.bytes[text.start..text.end] == bytes {
                return TextId(*known);
            }
        }
        let start = self.memory.bytes.len();
        self.memory.bytes.extend_from_slice(bytes);
        let id = self.memory.texts.len() as u32;
        self.memory.texts.push(Text { start, end: start + bytes.len(), set: ByteSet::of(bytes), scanned: false });
        self.memory.index.insert(hash, id);
        let (next, bits) = (self.memory.next.len() + self.plan.steps.len(), self.memory.bits.len() + self.words * 3);
        self.memory.next.resize(next, UNKNOWN);
        self.memory.bits.resize(bits, 0);
        TextId(id)
    }

    /// A text's bytes.
    #[inline]
    pub fn bytes(&self, text: TextId) -> &[u8] {
        let text = &self.memory.texts[text.0 as usize];
        &self.memory.bytes[text.start..text.end]
    }

    /// The bytes that occur in a text.
    pub fn set(&self, text: TextId) -> &ByteSet {
        &self.memory.texts[text.0 as usize].set
    }

    /// The text a chain makes of a text.
    pub fn through(&mut self, text: TextId, chain: ChainId) -> TextId {
        let plan = self.plan;
        plan.chains[chain.0 as usize].iter().fold(text, |text, step| self.step(text, *step))
    }

    /// Every text on the way through a chain, the first and the last included; equal neighbours once.
    pub fn stations(&mut self, text: TextId, chain: ChainId) -> Vec<TextId> {
        let plan = self.plan;
        let mut stations = vec![text];
        let mut here = text;
        for step in &plan.chains[chain.0 as usize] {
            let there = self.step(here, *step);
            if there != here {
                stations.push(there);
            }
            here = there;
        }
        stations
    }

    fn step(&mut self, text: TextId, step: u16) -> TextId {
        let slot = text.0 as usize * self.plan.steps.len() + step as usize;
        let known = self.memory.next[slot];
        if known != UNKNOWN {
            return TextId(known);
        }
        let definition = &self.plan.steps[step as usize];
        let source = &self.memory.texts[text.0 as usize];
        let awake = definition.wakes.is_none_or(|wakes| wakes.meets(&source.set));
        let made = if awake {
            let made = definition.transformation.apply(&self.memory.bytes[source.start..source.end]).into_owned();
            self.add(&made)
        } else {
            text
        };
        self.memory.next[slot] = made.0;
        made
    }

    /// Whether the matcher matches the text.
    pub fn test(&mut self, text: TextId, matcher: MatcherId) -> bool {
        self.scan(text);
        let row = text.0 as usize * self.words * 3;
        let (word, bit) = ((matcher.0 >> 6) as usize, 1u64 << (matcher.0 & 63));
        let bits = &self.memory.bits[row..row + self.words * 3];
        if bits[word] & bit == 0 {
            return false;
        }
        if bits[self.words + word] & bit != 0 {
            return bits[self.words * 2 + word] & bit != 0;
        }
        let bytes = self.bytes(text);
        let matched = match &self.plan.matchers[matcher.0 as usize] {
            // The scan decided it: a candidate matches.
            Matcher::Phrases(_) if self.plan.automaton.is_some() => true,
            other => other.is_match(bytes),
        };
        self.memory.bits[row + self.words + word] |= bit;
        if matched {
            self.memory.bits[row + self.words * 2 + word] |= bit;
        }
        matched
    }

    /// The plan it runs over.
    pub const fn plan(&self) -> &'p Plan {
        self.plan
    }

    /// Where the first of a phrase list's phrases stands in the text.
    pub fn phrase(&self, text: TextId, matcher: MatcherId) -> Option<Range<usize>> {
        let Matcher::Phrases(phrases) = &self.plan.matchers[matcher.0 as usize] else { return None };
        let bytes = self.bytes(text);
        let long = self.plan.automaton.as_ref().and_then(|automaton| {
            let mut found = automaton.find_overlapping_iter(bytes);
            found.find(|found| self.plan.uses[found.pattern().as_usize()].iter().any(|place| place.matcher == matcher.0))
        });
        let long = long.map(|found| found.range());
        let single: Vec<u8> = phrases.iter().filter(|phrase| phrase.len() == 1).map(|phrase| phrase[0]).collect();
        let short = bytes.iter().position(|byte| single.iter().any(|phrase| phrase.eq_ignore_ascii_case(byte)));
        match (long, short) {
            (Some(long), Some(short)) if short < long.end => Some(short..short + 1),
            (Some(long), _) => Some(long),
            (None, short) => short.map(|at| at..at + 1),
        }
    }

    /// Which matchers could match one of the texts after the chain: a `no` is certain, a `yes` is to be asked.
    pub fn candidates(&mut self, texts: impl Iterator<Item = TextId>, chain: ChainId) -> Candidates {
        let mut union = vec![0u64; self.words].into_boxed_slice();
        let mut last = None;
        for text in texts {
            let text = self.through(text, chain);
            if last.replace(text) == Some(text) {
                continue;
            }
            self.scan(text);
            let row = text.0 as usize * self.words * 3;
            for (all, one) in union.iter_mut().zip(&self.memory.bits[row..row + self.words]) {
                *all |= one;
            }
        }
        Candidates(union)
    }

    /// One pass over the text: which matchers could match.
    fn scan(&mut self, text: TextId) {
        let place = &mut self.memory.texts[text.0 as usize];
        if std::mem::replace(&mut place.scanned, true) {
            return;
        }
        let (start, end, set) = (place.start, place.end, place.set);
        let Scratch { bytes, bits, got, touched, pieces, met, .. } = &mut self.memory;
        let row = text.0 as usize * self.words * 3;
        let gates = &self.plan.gates;
        let mut seen = Vec::new();
        if let Some(automaton) = &self.plan.automaton {
            for found in automaton.find_overlapping_iter(&bytes[start..end]) {
                let piece = found.pattern().as_usize();
                if pieces[piece >> 6] & (1 << (piece & 63)) != 0 {
                    continue;
                }
                pieces[piece >> 6] |= 1 << (piece & 63);
                seen.push(piece);
                for place in &self.plan.uses[piece] {
                    if got[place.matcher as usize] == 0 {
                        touched.push(place.matcher);
                    }
                    got[place.matcher as usize] |= 1 << place.clause;
                }
            }
        }
        met.clear();
        met.extend(gates.sets.iter().map(|bytes| bytes.meets(&set)));
        for matcher in touched.iter().chain(&gates.bytewise) {
            let (clauses, length) = &gates.needs[*matcher as usize];
            let got = got[*matcher as usize];
            let open =
                clauses.iter().enumerate().all(|(clause, bytes)| got & (1 << clause) != 0 || bytes.is_some_and(|set| met[set as usize]));
            if open && end - start >= *length {
                bits[row + (*matcher >> 6) as usize] |= 1 << (*matcher & 63);
            }
        }
        for matcher in touched.drain(..) {
            got[matcher as usize] = 0;
        }
        for piece in seen {
            pieces[piece >> 6] = 0;
        }
    }
}

/// Short and good enough: texts with one hash are compared byte by byte, and a clash only costs a second copy.
fn hash(bytes: &[u8]) -> u64 {
    const K: u64 = 0x517c_c1b7_2722_0a95;
    let mut hash = bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk.iter().fold(0u64, |word, byte| (word << 8) | u64::from(*byte));
        hash = (hash.rotate_left(5) ^ word).wrapping_mul(K);
    }
    for byte in chunks.remainder() {
        hash = (hash.rotate_left(5) ^ u64::from(*byte)).wrapping_mul(K);
    }
    hash ^ (hash >> 29)
}

/// Keys are hashes already.
#[derive(Default, Clone, Copy)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash << 8) | u64::from(*byte));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}
