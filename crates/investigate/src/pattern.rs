//! Sigma's strings: without regard to case unless `cased`, `*` and `?` as wildcards, `\` to escape them.
//! The common shapes are compared without a regular expression and without allocating.

use regex::{Regex, RegexBuilder};

/// A compiled text test.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// `*`: any text.
    Any,
    Exact(Text),
    Prefix(Text),
    Suffix(Text),
    Contains(Text),
    Regex(Box<Regex>),
}

/// The literal part of a pattern.
#[derive(Clone, Debug)]
pub struct Text {
    text: Box<str>,
    cased: bool,
}

/// A piece of a Sigma string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Literal(String),
    /// `*`
    Star,
    /// `?`
    One,
}

/// Splits a Sigma string (Sigma specification, "Wildcards and escaping").
pub fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let part = match (c, chars.peek()) {
            ('\\', Some(next @ ('*' | '?' | '\\'))) => {
                literal.push(*next);
                chars.next();
                continue;
            }
            ('*', _) => Part::Star,
            ('?', _) => Part::One,
            _ => {
                literal.push(c);
                continue;
            }
        };
        if !literal.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut literal)));
        }
        if parts.last() != Some(&Part::Star) || part != Part::Star {
            parts.push(part);
        }
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    parts
}

impl Pattern {
    /// Compiles the pieces of a string.
    pub fn compile(parts: &[Part], cased: bool) -> Result<Self, regex::Error> {
        let text = |text: &str| Text { text: text.into(), cased };
        // Folding beyond ASCII is left to the regular expressions.
        let plain = cased || parts.iter().all(|part| !matches!(part, Part::Literal(l) if !l.is_ascii()));
        Ok(match parts {
            [] => Self::Exact(text("")),
            [Part::Star] => Self::Any,
            [Part::Literal(l)] if plain => Self::Exact(text(l)),
            [Part::Literal(l), Part::Star] if plain => Self::Prefix(text(l)),
            [Part::Star, Part::Literal(l)] if plain => Self::Suffix(text(l)),
            [Part::Star, Part::Literal(l), Part::Star] if plain => Self::Contains(text(l)),
            _ => {
                let mut source = String::from("^");
                for part in parts {
                    match part {
                        Part::Literal(l) => source.push_str(&regex::escape(l)),
                        Part::Star => source.push_str(".*"),
                        Part::One => source.push('.'),
                    }
                }
                source.push('$');
                let built = RegexBuilder::new(&source).case_insensitive(!cased).dot_matches_new_line(true).build()?;
                Self::Regex(Box::new(built))
            }
        })
    }

    /// Whether the text matches.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(want) => text.len() == want.text.len() && want.same(text.as_bytes()),
            Self::Prefix(want) => text.as_bytes().get(..want.text.len()).is_some_and(|head| want.same(head)),
            Self::Suffix(want) => {
                text.len() >= want.text.len() && text.as_bytes().get(text.len() - want.text.len()..).is_some_and(|tail| want.same(tail))
            }
            Self::Contains(want) => want.within(text.as_bytes()),
            Self::Regex(regex) => regex.is_match(text),
        }
    }

    /// The text, when only this one matches.
    pub fn exact(&self) -> Option<&str> {
        match self {
            Self::Exact(text) => Some(&text.text),
            _ => None,
        }
    }
}

impl Text {
    fn same(&self, bytes: &[u8]) -> bool {
        if self.cased { bytes == self.text.as_bytes() } else { bytes.eq_ignore_ascii_case(self.text.as_bytes()) }
    }

    fn within(&self, bytes: &[u8]) -> bool {
        let Some(first) = self.text.as_bytes().first() else { return true };
        let (lower, upper) = if self.cased { (*first, *first) } else { (first.to_ascii_lowercase(), first.to_ascii_uppercase()) };
        bytes.windows(self.text.len()).any(|window| window.first().is_some_and(|b| *b == lower || *b == upper) && self.same(window))
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, Pattern, parts};

    #[test]
    fn wildcards_and_escapes() {
        for (pattern, yes, no) in [
            ("abc", vec!["abc", "ABC"], vec!["abcd", "", "xabc"]),
            ("abc*", vec!["abc", "ABCd"], vec!["xabc"]),
            ("*abc", vec!["abc", "xAbC"], vec!["abcx"]),
            ("*a*c*", vec!["abc", "xaxcx"], vec!["ca"]),
            ("a?c", vec!["abc", "a\nc"], vec!["ac", "abbc"]),
            (r"a\*c", vec!["a*c"], vec!["abc"]),
            (r"a\\*", vec![r"a\", r"a\x"], vec!["a*"]),
            (r"c:\windows", vec![r"C:\Windows"], vec![]),
            ("", vec![""], vec!["x"]),
            ("*", vec!["", "x"], vec![]),
            ("関所", vec!["関所"], vec!["関"]),
            ("ÄB*", vec!["äbc"], vec!["ab"]),
        ] {
            let compiled = Pattern::compile(&parts(pattern), false).unwrap_or(Pattern::Any);
            yes.iter().for_each(|text| assert!(compiled.matches(text), "{pattern} {text}"));
            no.iter().for_each(|text| assert!(!compiled.matches(text), "{pattern} {text}"));
        }
        assert_eq!(parts("**"), [Part::Star]);
    }

    #[test]
    fn cased_means_cased() {
        for pattern in ["Abc", "Abc*", "*Abc", "*Abc*", "A?c"] {
            let compiled = Pattern::compile(&parts(pattern), true).unwrap_or(Pattern::Any);
            assert!(compiled.matches("Abc") && !compiled.matches("abc"), "{pattern}");
        }
    }
}
