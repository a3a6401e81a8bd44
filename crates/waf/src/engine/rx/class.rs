//! Named sets of bytes: `\d`, `\s`, `[:alpha:]`.

use crate::bytes::ByteSet;

/// `\d`.
pub(super) const DIGIT: ByteSet = ByteSet::EMPTY.with(b'0', b'9');
/// `\w`.
pub(super) const WORD: ByteSet = DIGIT.with(b'a', b'z').with(b'A', b'Z').with(b'_', b'_');
/// `\s`, with the vertical tab as PCRE2 has it.
pub(super) const SPACE: ByteSet = ByteSet::EMPTY.with(9, 13).with(b' ', b' ');
/// `\h`.
pub(super) const HORIZONTAL: ByteSet = ByteSet::EMPTY.with(9, 9).with(b' ', b' ').with(0xa0, 0xa0);
/// `\v`.
pub(super) const VERTICAL: ByteSet = ByteSet::EMPTY.with(10, 13).with(0x85, 0x85);

/// The set an escape of one letter names.
pub(super) fn escape(letter: u8) -> Option<ByteSet> {
    Some(match letter {
        b'd' => DIGIT,
        b'D' => DIGIT.complement(),
        b'w' => WORD,
        b'W' => WORD.complement(),
        b's' => SPACE,
        b'S' => SPACE.complement(),
        b'h' => HORIZONTAL,
        b'H' => HORIZONTAL.complement(),
        b'v' => VERTICAL,
        b'V' => VERTICAL.complement(),
        b'N' => ByteSet::EMPTY.with(b'\n', b'\n').complement(),
        _ => return None,
    })
}

/// The set of `[:name:]`.
pub(super) fn posix(name: &str) -> Option<ByteSet> {
    let lower = ByteSet::EMPTY.with(b'a', b'z');
    let alpha = lower.with(b'A', b'Z');
    Some(match name {
        "alpha" => alpha,
        "digit" => DIGIT,
        "alnum" => alpha.union(&DIGIT),
        "upper" => ByteSet::EMPTY.with(b'A', b'Z'),
        "lower" => lower,
        "space" => SPACE,
        "blank" => ByteSet::EMPTY.with(9, 9).with(b' ', b' '),
        "punct" => ByteSet::EMPTY.with(33, 47).with(58, 64).with(91, 96).with(123, 126),
        "xdigit" => DIGIT.with(b'a', b'f').with(b'A', b'F'),
        "word" => WORD,
        "print" => ByteSet::EMPTY.with(32, 126),
        "graph" => ByteSet::EMPTY.with(33, 126),
        "cntrl" => ByteSet::EMPTY.with(0, 31).with(127, 127),
        "ascii" => ByteSet::EMPTY.with(0, 127),
        _ => return None,
    })
}
