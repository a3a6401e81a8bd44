//! White space, NUL bytes, letters, comments and command lines.

use super::Dialect;
use super::bytes::{is_space, rewrite};
use crate::bytes::ByteSet;
use std::borrow::Cow;

/// Copies a value without the bytes of a set.
fn without(value: &[u8], removed: ByteSet) -> Cow<'_, [u8]> {
    rewrite(value, |rest| rest.iter().position(|byte| removed.contains(*byte)), |_| Some((1, None)))
}

/// Removes NUL bytes.
pub fn remove_nulls(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, |rest| memchr::memchr(0, rest), |_| Some((1, None)))
}

/// NUL bytes become spaces.
pub fn replace_nulls(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(value, |rest| memchr::memchr(0, rest), |_| Some((1, Some(b' '))))
}

/// White space of C, and both bytes of a non-breaking space in UTF-8 (0xC2 0xA0), wherever they stand.
pub const WHITESPACE: ByteSet = ByteSet::of(b" \t\n\x0b\x0c\r\xa0\xc2");

/// Removes white space and non-breaking spaces.
pub fn remove_whitespace(value: &[u8]) -> Cow<'_, [u8]> {
    without(value, WHITESPACE)
}

/// Runs of white space become one space. AWS counts the non-breaking space (decimal 160) among it, ModSecurity does not.
pub fn compress_whitespace(value: &[u8], dialect: Dialect) -> Cow<'_, [u8]> {
    let is_white = |byte: u8| is_space(byte) || byte == 0xa0 && dialect == Dialect::Aws;
    let next = |rest: &[u8]| rest.iter().position(|byte| is_white(*byte));
    rewrite(value, next, |rest| {
        let run = rest.iter().take_while(|byte| is_white(**byte)).count();
        (run > 1 || rest[0] != b' ').then_some((run, Some(b' ')))
    })
}

/// Without white space at the beginning.
pub fn trim_left(value: &[u8]) -> &[u8] {
    let begin = value.iter().position(|byte| !is_space(*byte)).unwrap_or(value.len());
    &value[begin..]
}

/// Without white space at the end.
pub fn trim_right(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|byte| !is_space(*byte)).map_or(0, |at| at + 1);
    &value[..end]
}

/// `A`-`Z` to `a`-`z`.
pub fn lowercase(value: &[u8]) -> Cow<'_, [u8]> {
    if value.iter().any(u8::is_ascii_uppercase) { Cow::Owned(value.to_ascii_lowercase()) } else { Cow::Borrowed(value) }
}

/// `a`-`z` to `A`-`Z`.
pub fn uppercase(value: &[u8]) -> Cow<'_, [u8]> {
    if value.iter().any(u8::is_ascii_lowercase) { Cow::Owned(value.to_ascii_uppercase()) } else { Cow::Borrowed(value) }
}

/// Each `/* ... */` becomes one space, one without an end too; a lone `*/` stays.
pub fn replace_comments(value: &[u8]) -> Cow<'_, [u8]> {
    rewrite(
        value,
        |rest| memchr::memmem::find(rest, b"/*"),
        |rest| {
            let end = memchr::memmem::find(&rest[2..], b"*/").map_or(rest.len(), |at| at + 4);
            Some((end, Some(b' ')))
        },
    )
}

/// Removes the characters that make comments: `/*`, `*/`, `<!--`, `-->`, `--`, `#`.
pub fn remove_comments_char(value: &[u8]) -> Cow<'_, [u8]> {
    const FIRST: ByteSet = ByteSet::of(b"/*<-#");
    rewrite(
        value,
        |rest| rest.iter().position(|byte| FIRST.contains(*byte)),
        |rest| {
            let taken = match rest {
                [b'<', b'!', b'-', b'-', ..] => 4,
                [b'-', b'-', b'>', ..] => 3,
                [b'/', b'*', ..] | [b'*', b'/', ..] | [b'-', b'-', ..] => 2,
                [b'#', ..] => 1,
                _ => return None,
            };
            Some((taken, None))
        },
    )
}

/// Deletes `\ " ' ^`, makes `,`, `;` and white space one space, deletes spaces before `/` and `(`, and lowers letters.
pub fn cmd_line(value: &[u8]) -> Cow<'_, [u8]> {
    const CHANGED: ByteSet = ByteSet::of(b"\"'\\^ ,;\t\r\n").union(&ByteSet::range(b'A', b'Z'));
    let Some(first) = value.iter().position(|byte| CHANGED.contains(*byte)) else { return Cow::Borrowed(value) };
    let mut out = Vec::with_capacity(value.len());
    out.extend_from_slice(&value[..first]);
    let mut space = false;
    for &byte in &value[first..] {
        match byte {
            b'"' | b'\'' | b'\\' | b'^' => {}
            b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => {
                if !space {
                    out.push(b' ');
                }
                space = true;
            }
            _ => {
                if space && matches!(byte, b'/' | b'(') {
                    out.pop();
                }
                out.push(byte.to_ascii_lowercase());
                space = false;
            }
        }
    }
    if out == value { Cow::Borrowed(value) } else { Cow::Owned(out) }
}

/// Which shell a command line is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// A Unix shell: `\ " '` quote.
    Unix,
    /// `cmd.exe` and PowerShell: `" ' ^` and the grave accent quote, `^` continues a line, backslashes separate paths.
    Windows,
}

/// AWS's `CMD_LINE_UNIX` and `CMD_LINE_WIN`: quoting goes away, white space becomes one space and is trimmed, repeated
/// backslashes of Windows paths become one, letters are lowered.
pub fn cmd_line_of(value: &[u8], shell: Shell) -> Cow<'_, [u8]> {
    let mut out: Vec<u8> = Vec::with_capacity(value.len());
    let mut at = 0;
    while let Some(&byte) = value.get(at) {
        at += 1;
        match (byte, shell) {
            (b'"' | b'\'', _) | (b'\\', Shell::Unix) | (b'`', Shell::Windows) => {}
            (b'^', Shell::Windows) => {
                at += match &value[at..] {
                    [b'\r', b'\n', ..] => 2,
                    [b'\n', ..] => 1,
                    _ => 0,
                }
            }
            (b'\\', Shell::Windows) if out.last() == Some(&b'\\') => {}
            _ if is_space(byte) => {
                if !matches!(out.last(), None | Some(b' ')) {
                    out.push(b' ');
                }
            }
            _ => out.push(byte.to_ascii_lowercase()),
        }
    }
    if out.last() == Some(&b' ') {
        out.pop();
    }
    if out == value { Cow::Borrowed(value) } else { Cow::Owned(out) }
}
