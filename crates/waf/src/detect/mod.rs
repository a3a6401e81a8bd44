//! Does a field carry SQL or script? Answers equal to libinjection's, in fingerprint and verdict.
//!
//! The grammar is libinjection's (BSD-3-Clause): its word, fingerprint and name tables are data beside this file, generated
//! by `cargo run -p xtask -- libinjection`. The code is ours; the C library is the oracle it was held against. Time is
//! linear in the input. What lies behind the end of the input counts as a NUL byte.

mod html;
mod sqli;

pub use sqli::Fingerprint;

use crate::bytes::ByteSet;

/// A value without any of these is one bare word or number, which no SQL fingerprint is.
pub const SQLI_WAKES: ByteSet = ByteSet::range(b'0', b'9').with(b'a', b'z').with(b'A', b'Z').with(b'_', b'_').complement();
/// Without one of these there is no tag and no attribute's value.
pub const XSS_WAKES: ByteSet = ByteSet::of(b"<=");

/// Whether `input` reads as an SQL injection: as it stands, or as what follows an opening `'` or `"`.
///
/// `input` is one field after the rule's transformations. The fingerprint is the kinds of the (at most five) tokens that
/// remain after folding; `None` means the detector sees none. Source: `libinjection_sqli` of libinjection.
pub fn sqli(input: &[u8]) -> Option<Fingerprint> {
    sqli::detect(input)
}

/// Whether `input` reads as script in HTML: as text, as an attribute without quotes, or as what follows an opening `'`,
/// `"` or `` ` ``. Source: `libinjection_xss` of libinjection.
pub fn xss(input: &[u8]) -> bool {
    html::detect(input)
}

#[cfg(test)]
mod tests;
