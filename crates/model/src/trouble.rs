//! What was not understood. A trouble never stops a reading; it is printed and counted as *not assessed*.

use crate::place::Place;
use serde::{Deserialize, Serialize};

/// Something that could not be read or resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Trouble {
    /// What is wrong.
    pub says: String,
    /// Where; the file alone (1:1) when nothing finer is known.
    pub place: Place,
    /// What to do about it.
    pub help: String,
}

/// A condition that templates leave open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// The stack's name.
    pub stack: String,
    /// The condition's name.
    pub condition: String,
    /// Why it is not known: "parameter Stage has no default and none was given".
    pub why: String,
    /// Where it is declared.
    pub place: Place,
}
