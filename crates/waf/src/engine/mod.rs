//! The engine under both rule languages: one program per rule set, one run per request, each question answered once.
//!
//! A rule set is compiled to a [`Plan`]: the distinct transformation chains and the distinct matchers of all its rules.
//! A request gets a [`Run`]. The rule language collects values and asks three things:
//!
//! ```text
//! let text = run.add(value);                  // equal bytes get one TextId, however many fields hold them
//! let seen = run.through(text, chain);        // the text a chain makes of it; shared prefixes are computed once
//! run.test(seen, matcher)                     // does it match? at most once per (text, matcher)
//! ```
//!
//! What makes it fast, in order: a transformation is not called when the text holds none of the bytes it changes (most
//! chains end at the text they began with, so that thirty chains are one text); one Aho-Corasick pass over a text finds
//! every piece that any regular expression needs and every phrase of every phrase list ([`Run::candidates`]); a regular
//! expression runs, and is compiled, only where all its needs are met; captures are taken only after a match. Time is
//! linear in the request: each pass is, and their number depends on the rules alone. The exception are the few patterns
//! no automaton can run, see [`rx`].
//!
//! AWS WAFv2 compiles its statements onto the same three calls: a field is a list of texts, its transformations a chain,
//! RegexMatch, ByteMatch, SqliMatch and XssMatch are matchers.

mod gates;
mod phrases;
mod pieces;
mod plan;
mod run;
pub mod rx;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use phrases::Phrases;
pub use plan::{Builder, ChainId, Matcher, MatcherId, Plan};
pub use run::{Candidates, Run, Scratch, TextId};
