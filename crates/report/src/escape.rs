//! The one escaper for terminals. Names of files, resources, users and whatever stands in logs are written by
//! strangers: nothing of theirs may move the cursor, recolour, retitle, link, hide, or turn the text around.

use std::borrow::Cow;
use std::fmt::Write as _;

/// One line that a terminal prints as it stands: controls, line breaks and invisible characters are shown
/// as `\n`, `\x1b`, `\u{202e}`.
pub fn escape(text: &str) -> Cow<'_, str> {
    escape_with(text, false)
}

/// The same for text of several lines: line feeds stay, tabs become four spaces.
pub fn escape_lines(text: &str) -> Cow<'_, str> {
    escape_with(text, true)
}

fn escape_with(text: &str, lines: bool) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' if lines => out.push('\n'),
            '\t' if lines => out.push_str("    "),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if acts(c) && (c as u32) < 0x100 => drop(write!(out, "\\x{:02x}", c as u32)),
            c if acts(c) => drop(write!(out, "\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a terminal or a renderer obeys the character, or shows nothing for it.
pub(crate) fn acts(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Soft hyphen, Arabic letter mark, Hangul and Khmer fillers, Mongolian selectors.
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        // Zero widths, marks and embeddings of direction (UAX #9), line and paragraph separators, invisible operators.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        // Tags and the supplement of variation selectors carry hidden text.
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::{acts, escape, escape_lines};
    use proptest::prelude::*;

    #[test]
    fn what_terminals_obey_is_shown() {
        for (text, shown) in [
            ("plain 関所 é 🦄", "plain 関所 é 🦄"),
            ("\x1b[2J", r"\x1b[2J"),
            ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
            ("\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", r"\x1b]8;;http://evil\x1b\click\x1b]8;;\x1b\"),
            ("\u{9b}31m", r"\x9b31m"),
            ("a\u{202e}gpj.exe", r"a\u{202e}gpj.exe"),
            ("a\u{2066}b\u{2069}", r"a\u{2066}b\u{2069}"),
            ("a\u{200b}b\u{feff}", r"a\u{200b}b\u{feff}"),
            ("one\r\ntwo\tthree", r"one\r\ntwo\tthree"),
            ("\u{e0041}", r"\u{e0041}"),
        ] {
            assert_eq!(escape(text), shown);
        }
        assert_eq!(escape_lines("a\n\tb\x1b"), "a\n    b\\x1b");
    }

    proptest! {
        #[test]
        fn nothing_that_acts_is_left(text in any::<String>()) {
            prop_assert!(!escape(&text).chars().any(acts));
            prop_assert!(!escape_lines(&text).chars().any(|c| c != '\n' && acts(c)));
        }
    }
}
