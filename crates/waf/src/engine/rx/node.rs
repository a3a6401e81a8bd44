//! The tree of a regular expression, its flags already applied.

use crate::bytes::ByteSet;

/// A piece of a pattern.
#[derive(Clone, Debug)]
pub enum Node {
    /// Nothing, matched anywhere.
    Empty,
    /// One byte of a set.
    Class(ByteSet),
    /// A position.
    Look(Look),
    /// One after the other.
    Concat(Vec<Node>),
    /// One or the other, the first that fits.
    Alternation(Vec<Node>),
    /// Again and again.
    Repeat {
        /// What.
        node: Box<Node>,
        /// At least.
        min: u32,
        /// At most; none is without end.
        max: Option<u32>,
        /// Rather many than few.
        greedy: bool,
        /// Never gives back what it took.
        possessive: bool,
    },
    /// A group that captures, by its number from 1.
    Capture(u32, Box<Node>),
    /// A group that never gives back what it took.
    Atomic(Box<Node>),
    /// What follows (or precedes) must, or must not, fit here.
    Around {
        /// What must fit.
        node: Box<Node>,
        /// Looks back.
        behind: bool,
        /// Must not fit.
        negative: bool,
    },
    /// What the group took, again; `fold` ignores ASCII case.
    Back {
        /// The group.
        group: u32,
        /// Case is ignored.
        fold: bool,
    },
}

/// Positions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// Start of the text.
    Start,
    /// End of the text.
    End,
    /// End of the text or before its last newline.
    EndOrNewline,
    /// Start of a line.
    LineStart,
    /// End of a line.
    LineEnd,
    /// Between a word byte and another.
    Word,
    /// Not between.
    NotWord,
}
