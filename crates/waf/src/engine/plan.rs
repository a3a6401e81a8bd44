//! A rule set's distinct transformation chains and matchers, and the one automaton that finds candidates for all.

use super::bytes::ByteSet;
use super::rx::needs::{Clause, Needs};
use super::rx::{Flags, Rx};
use crate::transform::Transformation;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use memchr::memmem;
use std::collections::{BTreeMap, HashMap};
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
    Phrases(Arc<[Vec<u8>]>),
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
            Self::Phrases(phrases) => phrases
                .iter()
                .any(|phrase| phrase.is_empty() || text.windows(phrase.len()).any(|window| window.eq_ignore_ascii_case(phrase))),
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
            let wakes = transformation.triggers().map(|triggers| {
                let mut wakes = ByteSet::EMPTY;
                (0..=u8::MAX).filter(|byte| triggers.contains(*byte)).for_each(|byte| wakes.insert(byte));
                wakes
            });
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
        let mut gates = Gates::default();
        let mut pieces: BTreeMap<Vec<u8>, Vec<Use>> = BTreeMap::new();
        for (index, matcher) in self.matchers.iter().enumerate() {
            gates.add(index as u16, matcher, &mut pieces);
        }
        let (texts, uses): (Vec<Vec<u8>>, Vec<Vec<Use>>) = pieces.into_iter().unzip();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&texts)
            .ok();
        if automaton.is_none() {
            // Too many pieces for one automaton: every matcher is asked.
            gates.open();
        }
        Plan { steps: self.steps, chains: self.chains, matchers: self.matchers, automaton, uses, gates }
    }
}

/// Where a piece counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub matcher: u16,
    pub clause: u8,
}

/// What each matcher needs before it is asked.
#[derive(Default, Debug)]
pub(super) struct Gates {
    /// Distinct byte sets of all clauses.
    pub sets: Vec<ByteSet>,
    /// Per matcher.
    pub needs: Vec<Gate>,
    /// The byte sets of rarest clauses, and whose rarest clause each is: looked at for every text that meets the set.
    pub rarest: Vec<(u16, Vec<u16>)>,
    /// Matchers that need nothing: looked at for every text.
    pub always: Vec<u16>,
}

/// One matcher's clauses and least length.
#[derive(Default, Debug)]
pub(super) struct Gate {
    /// Per clause the byte set that meets it; [`PIECE_ONLY`] where none does.
    sets: [u16; 3],
    count: u8,
    pub length: usize,
}

const PIECE_ONLY: u16 = u16::MAX;

impl Gate {
    /// Whether every clause holds: by a piece that was found (a bit of `got`) or by a byte of the text.
    #[inline]
    pub fn is_open(&self, got: u8, sets: &[ByteSet], text: &ByteSet) -> bool {
        (0..self.count as usize)
            .all(|clause| got & (1 << clause) != 0 || sets.get(self.sets[clause] as usize).is_some_and(|set| set.meets(text)))
    }
}

impl Gates {
    fn add(&mut self, index: u16, matcher: &Matcher, pieces: &mut BTreeMap<Vec<u8>, Vec<Use>>) {
        let needs = match matcher {
            Matcher::Regex(rx) => rx.needs(),
            Matcher::Phrases(phrases) => {
                let mut clause = Clause::default();
                let mut always = false;
                for phrase in phrases.iter() {
                    match phrase.as_slice() {
                        [] => always = true,
                        [byte] => clause.bytes.insert(*byte),
                        phrase => clause.pieces.push(phrase.to_ascii_lowercase()),
                    }
                }
                clause.bytes = clause.bytes.fold();
                Needs { length: 0, clauses: if always { Vec::new() } else { vec![clause] } }
            }
            Matcher::Contains(needle) => {
                let clause = match needle.as_slice() {
                    [] => None,
                    [byte] => Some(Clause { bytes: ByteSet::of(&[*byte]), pieces: Vec::new() }),
                    needle => Some(Clause { bytes: ByteSet::EMPTY, pieces: vec![needle[..needle.len().min(8)].to_ascii_lowercase()] }),
                };
                Needs { length: needle.len(), clauses: clause.into_iter().collect() }
            }
            Matcher::Detector { wakes, .. } => Needs { length: 1, clauses: vec![Clause { bytes: *wakes, pieces: Vec::new() }] },
        };
        let mut gate = Gate { length: needs.length, ..Gate::default() };
        for (clause, need) in needs.clauses.iter().take(gate.sets.len()).enumerate() {
            for piece in &need.pieces {
                pieces.entry(piece.clone()).or_default().push(Use { matcher: index, clause: clause as u8 });
            }
            gate.sets[clause] = if need.bytes.is_empty() { PIECE_ONLY } else { self.set(need.bytes) };
            gate.count += 1;
        }
        // Clauses come rarest first: where the first does not hold, nothing else is looked at.
        match gate.sets[0] {
            _ if gate.count == 0 => self.always.push(index),
            PIECE_ONLY => {}
            set => match self.rarest.iter_mut().find(|(known, _)| *known == set) {
                Some((_, matchers)) => matchers.push(index),
                None => self.rarest.push((set, vec![index])),
            },
        }
        self.needs.push(gate);
    }

    fn set(&mut self, set: ByteSet) -> u16 {
        let index = self.sets.iter().position(|known| *known == set).unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        });
        index as u16
    }

    fn open(&mut self) {
        self.always = (0..self.needs.len() as u16).collect();
        self.rarest.clear();
        self.needs.iter_mut().for_each(|gate| gate.count = 0);
    }
}

/// A rule set's chains and matchers, compiled.
#[derive(Debug)]
pub struct Plan {
    pub(super) steps: Vec<Step>,
    pub(super) chains: Vec<Vec<u16>>,
    pub(super) matchers: Vec<Matcher>,
    pub(super) automaton: Option<AhoCorasick>,
    pub(super) uses: Vec<Vec<Use>>,
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
            if let Matcher::Regex(rx) = matcher {
                rx.warm();
            }
        }
    }
}
