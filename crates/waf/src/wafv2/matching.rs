//! Whether one value matches: string positions, words, sizes.

use super::ast::{Comparison, Position};

/// "String match rule statement".
pub fn string(value: &[u8], search: &[u8], position: Position) -> bool {
    match position {
        Position::Exactly => value == search,
        Position::StartsWith => value.starts_with(search),
        Position::EndsWith => value.ends_with(search),
        Position::Contains => memchr::memmem::find(value, search).is_some(),
        Position::ContainsWord => memchr::memmem::find_iter(value, search).any(|at| is_word(value, at, search.len())),
    }
}

/// Whether neither neighbour is a letter, a digit or `_`.
pub fn is_word(value: &[u8], at: usize, length: usize) -> bool {
    let of_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    !of_word(at.checked_sub(1).and_then(|before| value.get(before))) && !of_word(value.get(at + length))
}

/// "Size constraint rule statement".
pub fn size(length: usize, comparison: Comparison, size: u64) -> bool {
    let length = length as u64;
    match comparison {
        Comparison::Eq => length == size,
        Comparison::Ne => length != size,
        Comparison::Le => length <= size,
        Comparison::Lt => length < size,
        Comparison::Ge => length >= size,
        Comparison::Gt => length > size,
    }
}
