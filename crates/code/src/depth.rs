//! How deeply a text can nest at most, before it is parsed. A recursive parser on hostile input ends the process, so its thread
//! gets a stack for the worst that the text could be, and a text that could need more than there is gets refused. The count is
//! an upper bound whatever the text is: it takes nothing for a string or a comment, so nothing can hide from it.

/// A file that could nest deeper than this is refused.
pub(crate) const MAX_LEVELS: usize = 400_000;
/// Bytes of stack for one level of nesting. What nests worst takes under 1000 of them when dependencies are optimised, as in our
/// profiles; the rest is for compilers that spend more.
const LEVEL: usize = 3072;
/// Stack for what does not nest.
const BASE: usize = 8 << 20;

/// Words after which an expression or statement may begin one level down.
const WORDS: [&[u8]; 25] = [
    b"if",
    b"else",
    b"for",
    b"while",
    b"do",
    b"typeof",
    b"void",
    b"delete",
    b"await",
    b"new",
    b"yield",
    b"with",
    b"in",
    b"of",
    b"case",
    b"as",
    b"satisfies",
    b"extends",
    b"infer",
    b"keyof",
    b"not",
    b"lambda",
    b"elif",
    b"async",
    b"from",
];

/// An upper bound of the levels of nesting.
pub(crate) fn levels(text: &str) -> usize {
    let mut count = 0;
    let mut word = 0;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        if byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'$' {
            word += 1;
            continue;
        }
        if word > 1 && word < 10 && bytes.get(at - word..at).is_some_and(|w| WORDS.contains(&w)) {
            count += 1;
        }
        word = 0;
        // Whatever opens a bracket or joins two operands; what closes or separates (`)`, `,`, `;`, quotes, blanks) does not nest.
        if matches!(byte, b'(' | b'[' | b'{' | b'`' | b'.' | b'!' | b'~' | b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^')
            || matches!(byte, b'<' | b'>' | b'=' | b'?' | b':' | b'@' | b'#')
        {
            count += 1;
        }
    }
    count
}

/// The stack a text with so many levels needs.
pub(crate) fn stack(levels: usize) -> usize {
    BASE + levels * LEVEL
}

#[cfg(test)]
mod tests {
    use super::{MAX_LEVELS, levels};

    #[test]
    fn nothing_hides() {
        assert!(levels(&"(".repeat(500_000)) > MAX_LEVELS);
        assert!(levels(&format!("x=/\"/;{}\"", "(".repeat(500_000))) > MAX_LEVELS);
        assert!(levels(&"if a ".repeat(500_000)) > MAX_LEVELS);
        assert!(levels(&"f(a, b);\n".repeat(100_000)) < MAX_LEVELS);
        assert_eq!(levels("const a = b;"), 1);
    }
}
