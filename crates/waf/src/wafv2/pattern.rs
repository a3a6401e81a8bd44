//! Regular expressions as AWS WAF takes them: PCRE's syntax without what AWS refuses, run in linear time.
//!
//! AWS lists what it does not support ("Regex match rule statement"); a pattern with one of these is refused as AWS
//! refuses it. Lookaround is not on that list ("supports some zero-width assertions, but not all") and cannot be run in
//! linear time: it is refused with a message of its own.

use regex::bytes::{Regex, RegexBuilder};

/// A compiled pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// A sentence that says what AWS refuses in it, or what cannot be run here.
    pub fn new(text: &str) -> Result<Self, String> {
        let translated = translate(text)?;
        let regex = RegexBuilder::new(&translated).unicode(false).size_limit(16 << 20).build();
        let regex = regex.map_err(|error| {
            let last = error.to_string();
            format!("is no regular expression: {}", last.lines().last().unwrap_or_default().trim_start_matches("error: "))
        })?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The expression, translated.
    pub fn regex(&self) -> &Regex {
        &self.regex
    }

    /// Whether it matches anywhere in a value.
    pub fn is_match(&self, value: &[u8]) -> bool {
        self.regex.is_match(value)
    }
}

const REFUSED: &str = "AWS WAF refuses it";

/// PCRE's spelling to that of the `regex` crate.
fn translate(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let bytes: Vec<char> = text.chars().collect();
    let at = |index: usize| bytes.get(index).copied();
    let starts = |index: usize, part: &str| part.chars().enumerate().all(|(offset, c)| at(index + offset) == Some(c));
    let (mut i, mut class) = (0, false);
    // `(?m)` gives `^` and `$` the same meaning in both.
    let lines =
        text.match_indices("(?").any(|(at, _)| text[at + 2..].chars().take_while(char::is_ascii_alphabetic).any(|flag| flag == 'm'));
    // Whether a quantifier just ended: a `+` after it makes it possessive.
    let mut quantified = false;
    while let Some(c) = at(i) {
        let was_quantified = std::mem::take(&mut quantified);
        match c {
            '\\' => {
                let next = at(i + 1).ok_or("ends with a backslash")?;
                i += 2;
                match next {
                    '1'..='9' if !class => return Err(format!("has a backreference (\\{next}): {REFUSED}")),
                    'g' | 'k' if !class => return Err(format!("has a reference (\\{next}): {REFUSED}")),
                    'C' | 'R' | 'K' | 'X' if !class => return Err(format!("has \\{next}: {REFUSED}")),
                    'G' if !class => return Err("has \\G, which is not supported".into()),
                    'Z' => out.push_str(r"(?:\n?\z)"),
                    'e' => out.push_str(r"\x1b"),
                    'h' => out.push_str(if class { r" \t" } else { r"[ \t]" }),
                    'H' if !class => out.push_str(r"[^ \t]"),
                    'N' if !class => out.push_str(r"[^\n]"),
                    'Q' => {
                        while i < bytes.len() && !starts(i, r"\E") {
                            out.push_str(&regex::escape(&bytes[i].to_string()));
                            i += 1;
                        }
                        i += 2;
                    }
                    'E' => {}
                    'x' if at(i) == Some('{') => {
                        let end = (i..bytes.len()).find(|end| bytes[*end] == '}').ok_or("has \\x{ without }")?;
                        let digits: String = bytes[i + 1..end].iter().collect();
                        let code = u32::from_str_radix(&digits, 16).map_err(|_| format!("has \\x{{{digits}}}, which is no number"))?;
                        match u8::try_from(code) {
                            Ok(byte) => out.push_str(&format!(r"\x{byte:02x}")),
                            Err(_) => return Err(format!("has \\x{{{digits}}}: patterns are matched against bytes")),
                        }
                        i = end + 1;
                    }
                    '0'..='7' => {
                        let digits: String = bytes[i - 1..].iter().take(3).take_while(|c| ('0'..='7').contains(*c)).collect();
                        let code = u32::from_str_radix(&digits, 8).unwrap_or(0) & 0xff;
                        out.push_str(&format!(r"\x{code:02x}"));
                        i += digits.len() - 1;
                    }
                    next if next.is_ascii_alphabetic() => {
                        out.push('\\');
                        out.push(next);
                    }
                    next => out.push_str(&regex::escape(&next.to_string())),
                }
                continue;
            }
            '[' if class => {
                // A POSIX class, or a bracket that PCRE takes literally.
                let named = at(i + 1) == Some(':') && (i + 2..bytes.len()).any(|end| starts(end, ":]"));
                out.push_str(if named { "[" } else { r"\[" });
                if named {
                    while !starts(i, ":]") {
                        i += 1;
                        out.extend(at(i));
                    }
                    out.push(']');
                    i += 1;
                }
            }
            '[' => {
                class = true;
                out.push('[');
                if at(i + 1) == Some('^') {
                    out.push('^');
                    i += 1;
                }
                if at(i + 1) == Some(']') {
                    out.push_str(r"\]");
                    i += 1;
                }
            }
            ']' if class => {
                class = false;
                out.push(']');
            }
            // The `regex` crate has set operations in classes; PCRE does not.
            '&' | '~' if class => {
                out.push('\\');
                out.push(c);
            }
            '-' if class && at(i + 1) == Some('-') => out.push_str(r"\-"),
            c if class => out.push(c),
            '(' if starts(i, "(*") => return Err(format!("has a backtracking control verb: {REFUSED}")),
            '(' if starts(i, "(?") => {
                group(&bytes[i..])?;
                // `(?<name>` and `(?'name'` are both PCRE's.
                if starts(i, "(?'") {
                    let end = (i + 3..bytes.len()).find(|end| bytes[*end] == '\'').ok_or("has an unfinished group name")?;
                    out.push_str("(?P<");
                    out.extend(&bytes[i + 3..end]);
                    out.push('>');
                    i = end;
                } else {
                    out.push_str("(?");
                    i += 1;
                }
            }
            '{' => match repetition(&bytes[i..]) {
                Some(length) => {
                    out.extend(&bytes[i..i + length]);
                    i += length - 1;
                    quantified = true;
                }
                None => out.push_str(r"\{"),
            },
            '}' => out.push_str(r"\}"),
            '+' if was_quantified => return Err(format!("has a possessive quantifier: {REFUSED}")),
            '*' | '+' | '?' => {
                out.push(c);
                quantified = !(c == '?' && was_quantified);
            }
            // PCRE's `$` also stands before a newline at the very end; only whether a value matches is asked, so it may take it.
            '$' if !lines => out.push_str(r"(?:\n?\z)"),
            c => out.push(c),
        }
        i += 1;
    }
    if class { Err("has a [ without ]".into()) } else { Ok(out) }
}

/// Refuses the groups that AWS refuses.
fn group(rest: &[char]) -> Result<(), String> {
    let third = rest.get(2).copied().unwrap_or(' ');
    let fourth = rest.get(3).copied().unwrap_or(' ');
    let refused = |what: &str| Err(format!("has {what}: {REFUSED}"));
    match (third, fourth) {
        ('=' | '!', _) | ('<', '=' | '!') => Err(
            "has lookaround: AWS WAF does not say whether it takes it, and it cannot be run in linear time; rewrite it with two statements"
                .into(),
        ),
        ('>', _) => refused("an atomic group"),
        ('(', _) => refused("a conditional pattern"),
        ('R' | '&' | '0'..='9', _) | ('P', '>' | '=') | ('+', '0'..='9') => refused("a subroutine reference"),
        ('-', '0'..='9') => refused("a subroutine reference"),
        ('C' | '{' | '?', _) => refused("a callout or embedded code"),
        ('|', _) => refused("a branch reset group"),
        _ => Ok(()),
    }
}

/// The length of `{n}`, `{n,}` or `{n,m}` at the beginning; anything else is a literal brace to PCRE.
fn repetition(rest: &[char]) -> Option<usize> {
    let end = rest.iter().position(|c| *c == '}')?;
    let inner: String = rest[1..end].iter().collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let valid = match inner.split_once(',') {
        Some((low, high)) => digits(low) && (high.is_empty() || digits(high)),
        None => digits(&inner),
    };
    valid.then_some(end + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Pattern;

    /// "Regex match rule statement": the constructs AWS WAF does not support.
    #[test]
    fn what_aws_refuses() {
        let refused = [
            r"(a)\1",
            r"(?P>n)",
            r"(?R)",
            r"(?(1)a|b)",
            r"a(*FAIL)",
            r"\C",
            r"a\R",
            r"a\Kb",
            r"(?C1)a",
            r"(?>a)",
            r"a++",
            r"a*+",
            r"a{2}+",
            r"\k<n>",
        ];
        for text in refused {
            assert!(Pattern::new(text).unwrap_err().contains("AWS WAF refuses it"), "{text}");
        }
        for text in ["(?=a)b", "(?<!a)b"] {
            assert!(Pattern::new(text).unwrap_err().contains("lookaround"), "{text}");
        }
    }

    #[test]
    fn what_pcre_says() {
        let yes: [(&str, &[u8]); 16] = [
            (r"^a$", b"a\n"),
            (r"(?m)^a$", b"b\na\nb"),
            (r"^/a/\d{2,}$", b"/a/42"),
            (r"a{b}", b"xa{b}"),
            (r"[\w\-.]+@", b"a-b@"),
            (r"[[:alpha:]]1", b"x1"),
            (r"\x{41}\x42", b"AB"),
            (r"[a&&b]", b"&"),
            (r"[]a]", b"]"),
            (r"\/x\_", b"/x_"),
            (r"(?i)SELECT", b"select"),
            (r"\Qa.b\E", b"a.b"),
            (r"(?:a|b)+?c", b"abc"),
            (r"[^\x00-\x7f]", b"\xe9"),
            (r"a\hb", b"a\tb"),
            (r"[[a]", b"["),
        ];
        for (text, value) in yes {
            assert!(Pattern::new(text).unwrap().is_match(value), "{text}");
        }
        assert!(!Pattern::new(r"^a\.b$").unwrap().is_match(b"axb") && !Pattern::new(r"^a$").unwrap().is_match(b"a\n\n"));
        assert!(Pattern::new("[a").is_err() && Pattern::new("(a").is_err());
    }
}
