//! Regular expressions as SecLang and AWS WAF write them (PCRE's syntax, over bytes).
//!
//! One parser ([`parse`]) gives a tree ([`Node`]); from it come the spelling for the linear-time engine ([`spell`]), what a
//! text must hold to match at all ([`needs`]), and, where a pattern uses what no automaton can do (backreferences,
//! lookaround, possessive and atomic groups: CRS 3 has six such rules, CRS 4 none), a backtracking matcher with a budget.
//! A budget that runs out is a match: what could not be judged is never let pass.

mod backtrack;
mod class;
pub mod needs;
mod node;
mod parse;
mod spell;

pub use node::{Look, Node};
pub use parse::{Flags, Wrong};

use self::needs::Needs;
use regex_automata::meta;
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;
use std::sync::OnceLock;

/// Byte ranges of a match: the whole first, then each group.
pub type Spans = Vec<Option<(usize, usize)>>;

/// A pattern, checked at once and compiled when first asked.
#[derive(Debug)]
pub struct Rx {
    text: String,
    flags: Flags,
    node: Node,
    linear: bool,
    compiled: OnceLock<Option<meta::Regex>>,
}

impl Rx {
    /// A pattern with the flags its dialect sets (SecLang: dot matches newlines, `^` and `$` match at lines).
    ///
    /// # Errors
    /// What is wrong with the pattern, and at which byte.
    pub fn new(text: &str, flags: Flags) -> Result<Self, Wrong> {
        let node = parse::parse(text, flags)?;
        let linear = spell::is_linear(&node);
        Ok(Self { text: text.to_owned(), flags, node, linear, compiled: OnceLock::new() })
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The flags it was read with.
    pub const fn flags(&self) -> Flags {
        self.flags
    }

    /// Whether an automaton runs it, so that the time is linear in the text.
    pub const fn is_linear(&self) -> bool {
        self.linear
    }

    /// What a text must hold for the pattern to match.
    pub fn needs(&self) -> Needs {
        needs::needs(&self.node)
    }

    /// Compiles now what would be compiled at the first question.
    pub fn warm(&self) {
        self.automaton();
    }

    fn automaton(&self) -> Option<&meta::Regex> {
        if !self.linear {
            return None;
        }
        self.compiled
            .get_or_init(|| {
                let spelled = spell::spell(&self.node)?;
                // A pattern larger than this is left to the other matcher, which answers `yes` to what it cannot judge.
                let config =
                    meta::Config::new().utf8_empty(false).nfa_size_limit(Some(LARGEST)).onepass(false).hybrid_cache_capacity(1 << 21);
                meta::Builder::new().configure(config).syntax(byte_syntax()).build(&spelled).ok()
            })
            .as_ref()
    }

    /// Whether the pattern matches somewhere in `text`.
    pub fn is_match(&self, text: &[u8]) -> bool {
        match self.automaton() {
            Some(automaton) => automaton.is_match(text),
            None => backtrack::find(&self.node, text).is_none_or(|found| found.is_some()),
        }
    }

    /// The first match's spans; for a pattern that could not be judged, one empty span.
    pub fn captures(&self, text: &[u8]) -> Option<Spans> {
        let Some(automaton) = self.automaton() else {
            return backtrack::find(&self.node, text).unwrap_or_else(|| Some(vec![Some((0, 0))]));
        };
        if automaton.captures_len() == 1 {
            // Without groups the match is found both ways by the automaton, with no captures to keep.
            return automaton.find(text).map(|found| vec![Some((found.start(), found.end()))]);
        }
        let mut captures: Captures = automaton.create_captures();
        automaton.captures(text, &mut captures);
        captures
            .is_match()
            .then(|| (0..captures.group_len()).map(|group| captures.get_group(group).map(|span| (span.start, span.end))).collect())
    }
}

/// Bytes an automaton may take.
const LARGEST: usize = 64 << 20;

fn byte_syntax() -> syntax::Config {
    syntax::Config::new().unicode(false).utf8(false).nest_limit(1000)
}
