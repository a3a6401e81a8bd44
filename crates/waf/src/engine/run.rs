//! One request's run over a plan: texts, what chains make of them, what matched; every answer once.

use super::gates::Pass;
use super::plan::{ChainId, MatcherId, Plan};
use crate::bytes::ByteSet;
use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};

/// A text of the run: equal bytes are one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TextId(u32);

const UNKNOWN: u32 = u32::MAX;

struct Text {
    start: usize,
    end: usize,
    /// The bytes that occur, once somebody asked: names and numbers are mostly not.
    set: Option<ByteSet>,
    scanned: bool,
}

/// A run's memory, kept between requests so that nothing is allocated anew.
#[derive(Default)]
pub struct Scratch {
    bytes: Vec<u8>,
    texts: Vec<Text>,
    /// By hash, which is keyed: whoever chooses the texts does not choose the buckets.
    index: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    key: Option<(u64, u64)>,
    /// Per text and step: the text it becomes.
    next: Vec<u32>,
    /// Per text: three rows of bits, one bit a matcher: candidate, asked, matched.
    bits: Vec<u64>,
    pass: Pass,
}

impl std::fmt::Debug for Scratch {
    /// What is in it is a request of the past.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scratch").finish_non_exhaustive()
    }
}

/// Which matchers could match one of some texts: one bit each.
#[derive(Clone, Debug, Default)]
pub struct Candidates(Vec<u64>);

impl Candidates {
    /// Whether they were not found yet.
    pub const fn is_unknown(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets them; the memory is kept.
    pub fn forget(&mut self) {
        self.0.clear();
    }

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
    key: (u64, u64),
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
        let key = *memory.key.get_or_insert_with(|| {
            let state = RandomState::new();
            (state.hash_one(0u64), state.hash_one(1u64))
        });
        Self { plan, words: plan.matchers.len().div_ceil(64).max(1), key, memory }
    }

    /// The memory, for the next run.
    pub fn into_scratch(self) -> Scratch {
        self.memory
    }

    /// Adds a text, or finds the equal one.
    pub fn add(&mut self, bytes: &[u8]) -> TextId {
        let hash = hash(self.key, bytes);
        if let Some(known) = self.memory.index.get(&hash) {
            let text = &self.memory.texts[*known as usize];
            if &self.memory.bytes[text.start..text.end] == bytes {
                return TextId(*known);
            }
        }
        let start = self.memory.bytes.len();
        self.memory.bytes.extend_from_slice(bytes);
        let id = self.memory.texts.len() as u32;
        self.memory.texts.push(Text { start, end: start + bytes.len(), set: None, scanned: false });
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
    pub fn set(&mut self, text: TextId) -> ByteSet {
        let Scratch { bytes, texts, .. } = &mut self.memory;
        let text = &mut texts[text.0 as usize];
        *text.set.get_or_insert_with(|| ByteSet::of(&bytes[text.start..text.end]))
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
        let awake = match definition.wakes {
            Some(wakes) => wakes.meets(&self.set(text)),
            None => true,
        };
        let made = if awake {
            let source = &self.memory.texts[text.0 as usize];
            match definition.transformation.apply(&self.memory.bytes[source.start..source.end]) {
                Cow::Borrowed(same) if same.len() == source.end - source.start => text,
                made => {
                    let made = made.into_owned();
                    self.add(&made)
                }
            }
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
        let matched = self.plan.matchers[matcher.0 as usize].is_match(bytes);
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

    /// Which matchers could match one of the texts after the chain: a `no` is certain, a `yes` is to be asked.
    pub fn candidates(&mut self, texts: impl Iterator<Item = TextId>, chain: ChainId, union: &mut Candidates) {
        union.0.clear();
        union.0.resize(self.words, 0);
        let mut last = None;
        for text in texts {
            let text = self.through(text, chain);
            if last.replace(text) == Some(text) {
                continue;
            }
            self.scan(text);
            let row = text.0 as usize * self.words * 3;
            for (all, one) in union.0.iter_mut().zip(&self.memory.bits[row..row + self.words]) {
                *all |= one;
            }
        }
    }

    /// One pass over the text: which matchers could match.
    fn scan(&mut self, text: TextId) {
        if std::mem::replace(&mut self.memory.texts[text.0 as usize].scanned, true) {
            return;
        }
        let set = self.set(text);
        let Scratch { bytes, texts, bits, pass, .. } = &mut self.memory;
        let Text { start, end, .. } = texts[text.0 as usize];
        let row = text.0 as usize * self.words * 3;
        self.plan.gates.candidates(&bytes[start..end], &set, pass, &mut bits[row..row + self.words]);
    }
}

/// Two multiplications for sixteen bytes, folded, after wyhash; texts with one hash are compared byte by byte, and a clash
/// only costs a second copy.
fn hash(key: (u64, u64), bytes: &[u8]) -> u64 {
    let fold = |one: u64, two: u64| {
        let product = u128::from(one) * u128::from(two);
        product as u64 ^ (product >> 64) as u64
    };
    let whole = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap_or_default());
    let part = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let mut hash = key.0 ^ bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(16);
    for chunk in &mut chunks {
        hash = fold(whole(&chunk[..8]) ^ key.1, whole(&chunk[8..]) ^ hash);
    }
    let (one, two) = chunks.remainder().split_at(chunks.remainder().len().min(8));
    fold(fold(part(one) ^ key.1, part(two) ^ hash), key.0 ^ key.1)
}

/// The hasher of what is a hash.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
