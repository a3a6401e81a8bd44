//! One automaton that finds every piece of text any matcher needs, ASCII case ignored, in one pass.
//!
//! The pieces are in lower case and each byte is put in lower case on its way in: half the classes, half the table.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind, StartKind};

/// All pieces, by number.
#[derive(Debug)]
pub(super) enum Pieces {
    /// A table with every transition: one load a byte.
    Table(DFA),
    /// What would be too large as a table.
    Links(NFA),
}

/// Bytes of all pieces beyond which no table is made; one of these takes up to 256 bytes there.
const LARGEST: usize = 1 << 16;

impl Pieces {
    /// An automaton over pieces in lower case; none when there are too many for one.
    pub fn new(pieces: &[Vec<u8>]) -> Option<Self> {
        if pieces.iter().map(Vec::len).sum::<usize>() > LARGEST {
            return NFA::builder().match_kind(MatchKind::Standard).build(pieces).ok().map(Self::Links);
        }
        DFA::builder().match_kind(MatchKind::Standard).start_kind(StartKind::Unanchored).build(pieces).ok().map(Self::Table)
    }

    /// Every piece that occurs, each time it does, overlapping ones too.
    pub fn each(&self, text: &[u8], found: impl FnMut(usize)) {
        match self {
            Self::Table(automaton) => each(automaton, text, found),
            Self::Links(automaton) => each(automaton, text, found),
        }
    }
}

fn each(automaton: &impl Automaton, text: &[u8], mut found: impl FnMut(usize)) {
    // Both kinds have the start they are asked for.
    let Ok(mut state) = automaton.start_state(Anchored::No) else { return };
    let mut rest = text;
    while let Some((matched, after)) = next(automaton, state, rest) {
        for index in 0..automaton.match_len(matched) {
            found(automaton.match_pattern(matched, index).as_usize());
        }
        (state, rest) = (matched, after);
    }
}

/// The next state in which a piece ends, and the text after it: every byte goes through this loop, so nothing else is in it.
#[inline(never)]
fn next<'t>(automaton: &impl Automaton, mut state: StateID, text: &'t [u8]) -> Option<(StateID, &'t [u8])> {
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        state = automaton.next_state(Anchored::No, state, byte.to_ascii_lowercase());
        if automaton.is_match(state) {
            return Some((state, bytes.as_slice()));
        }
    }
    None
}
