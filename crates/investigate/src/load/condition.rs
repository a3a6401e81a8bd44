//! A rule's condition: `selection and not 1 of filter_*` (Sigma Rules Specification, "Condition").
//! The old aggregations behind a pipe are not supported; correlations took their place.

use crate::rule::Test;
use std::collections::BTreeMap;

/// The detection's named parts.
pub(super) type Names = BTreeMap<String, Test>;

/// Reads one condition; the error is the reason why it could not be read.
pub(super) fn read(text: &str, names: &Names) -> Result<Test, String> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, names, depth: 0 };
    let test = parser.or()?;
    match parser.tokens.first() {
        None => Ok(test),
        Some(token) => Err(format!("`{token}` is not expected in the condition")),
    }
}

fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() || matches!(c, '_' | '*' | '-' | '.') {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        match c {
            '(' | ')' => tokens.push(c.into()),
            '|' => return Err("an aggregation in the condition is not supported; write a correlation".into()),
            _ if c.is_whitespace() => {}
            _ => return Err(format!("`{c}` is not expected in the condition")),
        }
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [String],
    names: &'a Names,
    depth: u32,
}

impl Parser<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.tokens.first().is_some_and(|token| token.eq_ignore_ascii_case(word));
        if found {
            self.tokens = self.tokens.get(1..).unwrap_or_default();
        }
        found
    }

    fn word(&mut self) -> Result<&str, String> {
        let (word, rest) = self.tokens.split_first().ok_or("the condition breaks off")?;
        self.tokens = rest;
        Ok(word)
    }

    fn or(&mut self) -> Result<Test, String> {
        let mut tests = vec![self.and()?];
        while self.take("or") {
            tests.push(self.and()?);
        }
        Ok(one_or(tests, Test::Any))
    }

    fn and(&mut self) -> Result<Test, String> {
        let mut tests = vec![self.not()?];
        while self.take("and") {
            tests.push(self.not()?);
        }
        Ok(one_or(tests, Test::All))
    }

    fn not(&mut self) -> Result<Test, String> {
        self.depth += 1;
        if self.depth > 64 {
            return Err("the condition is nested too deeply".into());
        }
        let test = if self.take("not") {
            Test::Not(Box::new(self.not()?))
        } else if self.take("(") {
            let test = self.or()?;
            if !self.take(")") {
                return Err("a parenthesis of the condition is not closed".into());
            }
            test
        } else {
            self.name()?
        };
        self.depth -= 1;
        Ok(test)
    }

    /// `selection`, `1 of filter_*`, `all of them`.
    fn name(&mut self) -> Result<Test, String> {
        let word = self.word()?.to_owned();
        if !self.take("of") {
            return self
                .names
                .get(&word)
                .cloned()
                .ok_or_else(|| format!("the condition names `{word}`, which the detection does not have"));
        }
        let join = match word.to_ascii_lowercase().as_str() {
            "1" | "any" => Test::Any,
            "all" => Test::All,
            other => return Err(format!("`{other} of` is not supported; there are `1 of` and `all of`")),
        };
        let pattern = self.word()?.to_owned();
        let them = pattern.eq_ignore_ascii_case("them");
        // Names that start with an underscore are left out of `them`.
        let chosen = self.names.iter().filter(|(name, _)| if them { !name.starts_with('_') } else { glob(&pattern, name) });
        let tests: Vec<Test> = chosen.map(|(_, test)| test.clone()).collect();
        if tests.is_empty() {
            return Err(format!("`{pattern}` in the condition fits no part of the detection"));
        }
        Ok(one_or(tests, join))
    }
}

/// `*` stands for any text.
fn glob(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut rest = rest;
    let mut last = None;
    for piece in pieces {
        last = Some(piece);
        match rest.find(piece) {
            Some(at) => rest = rest.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    match last {
        None => rest.is_empty(),
        Some(last) => last.is_empty() || rest.is_empty() || name.ends_with(last),
    }
}

pub(super) fn one_or(mut tests: Vec<Test>, join: impl Fn(Vec<Test>) -> Test) -> Test {
    match (tests.pop(), tests.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            tests.push(last);
            join(tests)
        }
        (None, _) => join(tests),
    }
}

#[cfg(test)]
mod tests {
    use super::{Names, glob, read};
    use crate::pattern::Pattern;
    use crate::rule::Test;

    fn names() -> Names {
        ["sel", "filter_a", "filter_b", "_hidden"].map(|name| (name.to_owned(), Test::Keyword(Pattern::Any))).into()
    }

    #[test]
    fn precedence_and_quantors() {
        let shape = |text: &str| format!("{:?}", read(text, &names())).replace("Keyword(Any)", "k");
        assert_eq!(shape("sel and not 1 of filter_* or sel"), "Ok(Any([All([k, Not(Any([k, k]))]), k]))");
        assert_eq!(shape("all of them"), "Ok(All([k, k, k]))");
        assert_eq!(shape("NOT (sel OR filter_a)"), "Ok(Not(Any([k, k])))");
    }

    #[test]
    fn what_is_refused() {
        for text in ["sel |  count() > 5", "nope", "sel and", "(sel", "sel sel", "2 of filter_*", "1 of nothing_*", "", "sel & sel"] {
            assert!(read(text, &names()).is_err(), "{text}");
        }
        assert!(read(&"not ".repeat(100_000), &names()).is_err());
        assert!(read(&"(".repeat(100_000), &names()).is_err());
    }

    #[test]
    fn globs() {
        for (pattern, yes, no) in [("a*", "abc", "bac"), ("*_x", "a_x", "a_xy"), ("a*c", "abc", "abcd"), ("a", "a", "ab"), ("*", "q", "")] {
            assert!(glob(pattern, yes), "{pattern} {yes}");
            assert!(no.is_empty() || !glob(pattern, no), "{pattern} {no}");
        }
    }
}
