//! A rule set's distinct transformation chains and matchers, and the one automaton that finds candidates for all.

use super::gates::Gates;
use super::phrases::Phrases;
use super::rx::{Flags, Rx};
use crate::bytes::ByteSet;
use crate::transform::Transformation;
use memchr::memmem;
use std::collections::HashMap;
use std::sync::Arc;

/// A transformation and the bytes that wake it; none when it may change any text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub transformation: Transformation,
    pub wakes: Option<ByteSet>,
}

/// A chain of transformations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ChainId(pub(super) u16);

impl ChainId {
    /// The chain without a step.
    pub const NONE: Self = Self(0);

    /// Its number, below [`Plan::chain_count`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A matcher.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct MatcherId(pub(super) u16);

/// A question about one text.
#[derive(Clone, Debug)]
pub enum Matcher {
    /// A regular expression.
    Regex(Arc<Rx>),
    /// One of these phrases occurs, ASCII case ignored.
    Phrases(Arc<Phrases>),
    /// These bytes occur, case and all.
    Contains(Vec<u8>),
    /// A detector; false for a text that holds none of the bytes.
    Detector {
        /// Its name; two detectors with one name are the same.
        name: &'static str,
        /// The question.
        test: fn(&[u8]) -> bool,
        /// Without one of these the answer is no.
        wakes: ByteSet,
    },
}

impl Matcher {
    /// The answer, asked directly: what a run answers once and by candidates.
    pub fn is_match(&self, text: &[u8]) -> bool {
        match self {
            Self::Regex(rx) => rx.is_match(text),
            Self::Contains(needle) => memmem::find(text, needle).is_some(),
            Self::Detector { test, .. } => test(text),
            Self::Phrases(phrases) => phrases.is_match(text),
        }
    }
}

/// Collects chains and matchers, equal ones once.
#[derive(Default)]
pub struct Builder {
    steps: Vec<Step>,
    chains: Vec<Vec<u16>>,
    matchers: Vec<Matcher>,
    known: HashMap<(Flags, String), u16>,
}

impl Builder {
    /// A builder that knows the empty chain.
    pub fn new() -> Self {
        Self { chains: vec![Vec::new()], ..Self::default() }
    }

    /// The chain of these transformations, in order; `None` among them is dropped.
    pub fn chain(&mut self, steps: &[Transformation]) -> ChainId {
        let numbers: Vec<u16> = steps.iter().filter(|step| **step != Transformation::None).map(|step| self.step(*step)).collect();
        let index = self.chains.iter().position(|known| *known == numbers).unwrap_or_else(|| {
            self.chains.push(numbers);
            self.chains.len() - 1
        });
        ChainId(index as u16)
    }

    fn step(&mut self, transformation: Transformation) -> u16 {
        let index = self.steps.iter().position(|known| known.transformation == transformation).unwrap_or_else(|| {
            let wakes = transformation.triggers();
            self.steps.push(Step { transformation, wakes });
            self.steps.len() - 1
        });
        index as u16
    }

    /// The matcher's number. At most 65,535 distinct ones; beyond, none.
    pub fn matcher(&mut self, matcher: Matcher) -> Option<MatcherId> {
        let known = match &matcher {
            Matcher::Regex(rx) => self.known.get(&(rx.flags(), rx.text().to_owned())).copied(),
            Matcher::Phrases(phrases) => self.position(|other| matches!(other, Matcher::Phrases(known) if known == phrases)),
            Matcher::Contains(needle) => self.position(|other| matches!(other, Matcher::Contains(known) if known == needle)),
            Matcher::Detector { name, .. } => {
                self.position(|other| matches!(other, Matcher::Detector { name: known, .. } if known == name))
            }
        };
        if let Some(index) = known {
            return Some(MatcherId(index));
        }
        let index = u16::try_from(self.matchers.len()).ok().filter(|index| *index < u16::MAX)?;
        if let Matcher::Regex(rx) = &matcher {
            self.known.insert((rx.flags(), rx.text().to_owned()), index);
        }
        self.matchers.push(matcher);
        Some(MatcherId(index))
    }

    fn position(&self, same: impl Fn(&Matcher) -> bool) -> Option<u16> {
        self.matchers.iter().position(same).map(|index| index as u16)
    }

    /// The plan.
    pub fn build(self) -> Plan {
        let gates = Gates::new(&self.matchers);
        Plan { steps: self.steps, chains: self.chains, matchers: self.matchers, gates }
    }
}

/// A rule set's chains and matchers, compiled.
#[derive(Debug)]
pub struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) chains: Vec<Vec<u16>>,
    pub(super) matchers: Vec<Matcher>,
    pub(super) gates: Gates,
}

impl Plan {
    /// How many chains; their numbers are below.
    pub const fn chain_count(&self) -> usize {
        self.chains.len()
    }

    /// How many matchers.
    pub const fn matcher_count(&self) -> usize {
        self.matchers.len()
    }

    /// The matcher of a number.
    pub fn matcher(&self, id: MatcherId) -> &Matcher {
        &self.matchers[id.0 as usize]
    }

    /// Every matcher.
    pub fn matchers(&self) -> impl Iterator<Item = &Matcher> {
        self.matchers.iter()
    }

    /// Compiles every pattern now rather than at its first candidate.
    pub fn warm(&self) {
        for matcher in &self.matchers {
            match matcher {
                Matcher::Regex(rx) => rx.warm(),
                Matcher::Phrases(phrases) => phrases.warm(),
                Matcher::Contains(_) | Matcher::Detector { .. } => {}
            }
        }
    }
}
