//! Questions over sets of requests: who can, what can, is it public, is one policy within another. Finite sets and
//! automata; where an answer is not exact it says so.

mod actions;
mod candidates;
mod compare;
mod formula;
mod language;
mod least;
mod who;

pub use actions::ActionSet;
pub use compare::{Comparison, NewlyAllowed, Relation, Side, Witness, compare, newly_allowed};
pub use least::{Least, LeastError, Observed, least_privilege};
pub use who::{Can, Exposure, Population, WhoCan, can, is_public};

use crate::glob::Token;

/// Whether some text matches both patterns; `None` when that is too large a question.
pub(crate) fn overlap(a: &[Token], b: &[Token]) -> Option<bool> {
    language::search(&[a, b], true, language::STEPS, |bits, _| bits & 0b11 == 0b11).ok()
}
