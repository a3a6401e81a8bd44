//! A list of phrases, ASCII case ignored.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::ops::Range;
use std::sync::OnceLock;

/// Phrases and, once a text was a candidate, their automaton.
#[derive(Debug)]
pub struct Phrases {
    list: Vec<Vec<u8>>,
    automaton: OnceLock<Option<AhoCorasick>>,
}

impl Phrases {
    /// A list.
    pub const fn new(list: Vec<Vec<u8>>) -> Self {
        Self { list, automaton: OnceLock::new() }
    }

    /// The phrases as they were given.
    pub fn list(&self) -> &[Vec<u8>] {
        &self.list
    }

    /// Builds now what would be built at the first question.
    pub fn warm(&self) {
        self.automaton();
    }

    /// Whether one of them occurs.
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.find(text).is_some()
    }

    /// The phrase that ends first.
    pub fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        match self.automaton() {
            Some(automaton) => automaton.find(text).map(|found| found.range()),
            None => self.find_slowly(text),
        }
    }

    fn automaton(&self) -> Option<&AhoCorasick> {
        let build = || {
            let mut builder = AhoCorasick::builder();
            builder.ascii_case_insensitive(true).match_kind(MatchKind::Standard).kind(Some(AhoCorasickKind::ContiguousNFA));
            builder.build(&self.list).ok()
        };
        self.automaton.get_or_init(build).as_ref()
    }

    /// The same without an automaton: for a list too large for one, and the twin it is held against.
    pub fn find_slowly(&self, text: &[u8]) -> Option<Range<usize>> {
        (0..=text.len()).find_map(|end| {
            let ends = |phrase: &&Vec<u8>| end >= phrase.len() && text[end - phrase.len()..end].eq_ignore_ascii_case(phrase);
            self.list.iter().filter(ends).map(Vec::len).max().map(|length| end - length..end)
        })
    }
}

impl PartialEq for Phrases {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}
