//! Values of a condition key that tell every condition on it apart: one of each class that the conditions make.

use super::language;
use crate::condition::{Compiled, Condition};
use crate::glob::{Segments, Token, closed_tokens, tokens};
use crate::operator::{Operator, Quantifier};
use crate::request::Context;
use std::collections::BTreeMap;

/// A value of a key, or its absence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Candidate {
    Absent,
    One(String),
    Many(Vec<String>),
}

/// Values tried for one key.
const VALUES: usize = 24;

/// For each key of the conditions and variables, the candidates. `exact` becomes false where some were left out.
pub(crate) fn candidates<'a>(
    conditions: impl Iterator<Item = &'a Condition>,
    variables: impl Iterator<Item = String>,
    exact: &mut bool,
) -> Vec<(String, Vec<Candidate>)> {
    let mut by_key: BTreeMap<String, Vec<&Condition>> = BTreeMap::new();
    for condition in conditions {
        by_key.entry(condition.key_lower.to_string()).or_default().push(condition);
    }
    for key in variables {
        // A variable may coincide with any literal: only a value of its own is tried.
        *exact = false;
        by_key.entry(key).or_default();
    }
    by_key.into_iter().map(|(key, conditions)| (key, of_key(&conditions, exact))).collect()
}

fn of_key(conditions: &[&Condition], exact: &mut bool) -> Vec<Candidate> {
    let mut values: Vec<String> = Vec::new();
    let mut texts: Vec<Vec<Token>> = Vec::new();
    for condition in conditions {
        for value in &*condition.values {
            *exact &= value.text.unknown.is_none() && !value.text.has_variables();
            let text = value.text.text.to_string();
            match (&value.compiled, condition.test.operator) {
                (Compiled::Text, Operator::StringLike) => texts.push(tokens(&text, Segments::None)),
                (Compiled::Text, Operator::StringEqualsIgnoreCase) => {
                    values.extend([text.clone(), text.to_uppercase(), text.to_lowercase()])
                }
                (Compiled::Text | Compiled::Variable, _) => texts.push(text.bytes().map(Token::Byte).collect()),
                (Compiled::Arn(_), _) => texts.push(closed_tokens(&text)),
                (Compiled::Number(number), _) => values.extend([number - 0.5, *number, number + 0.5].map(|n| n.to_string())),
                (Compiled::Date(milliseconds), _) => {
                    let seconds = milliseconds.div_euclid(1000);
                    values.extend([seconds - 1, seconds, seconds + 1].map(|s| s.to_string()));
                }
                (Compiled::Bool(_), Operator::Null) => {}
                (Compiled::Bool(_), _) => values.extend(["true".to_owned(), "false".to_owned()]),
                (Compiled::Bytes(_), _) => values.push(text),
                (Compiled::Range(range), _) => values.extend(range.edges()),
                (Compiled::Nothing, _) => {}
            }
        }
    }
    let several = conditions.iter().any(|condition| condition.test.quantifier != Quantifier::Single);
    if several && !texts.is_empty() {
        // A set operator takes an empty text for no value at all: of each class a text that is not empty is wanted too.
        texts.push(vec![Token::One { colon: true }, Token::Star { colon: true }]);
    }
    let patterns: Vec<&[Token]> = texts.iter().map(Vec::as_slice).collect();
    match language::classes(&patterns) {
        Ok(classes) => values.extend(classes.into_iter().map(|(_, text)| text)),
        Err(_) => *exact = false,
    }
    values.sort();
    values.dedup();
    if values.len() > VALUES {
        *exact = false;
        values.truncate(VALUES);
    }
    let mut out = vec![Candidate::Absent];
    if several {
        // Two values tell one set operator's answer from another's; three set operators on one key could need three.
        for (at, first) in values.iter().enumerate() {
            out.extend(values[at + 1..].iter().map(|second| Candidate::Many(vec![first.clone(), second.clone()])));
        }
    }
    out.extend(values.into_iter().map(Candidate::One));
    out
}

/// A context of one candidate for each key.
pub(crate) fn context(keys: &[(String, Vec<Candidate>)], picks: &[usize]) -> Context {
    keys.iter().zip(picks).fold(Context::new(), |context, ((key, candidates), pick)| match &candidates[*pick] {
        Candidate::Absent => context.without(key),
        Candidate::One(value) => context.with(key, value),
        Candidate::Many(values) => context.with_many(key, values.clone()),
    })
}
