//! One condition of a statement: an operator, a key, its values. Three-valued; an absent key is not an unknown one.
//!
//! IAM User Guide: "IAM JSON policy elements: Condition operators", "Single-valued vs. multivalued context keys" (set operators),
//! "Conditions with multiple context keys or values" (values are OR-ed, for negated operators NOR-ed).

use crate::glob::{Glob, Segments, Token};
use crate::operator::{Operator, Quantifier, Test};
use crate::request::{Lookup, View};
use crate::scalar::{self, Range};
use crate::template::{Reading, Template};
use crate::truth::Truth;
use model::{Node, Place};
use std::sync::Arc;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The operator with its prefix and suffix.
    pub test: Test,
    /// The operator as written.
    pub operator: Arc<str>,
    /// The key as written.
    pub key: Arc<str>,
    /// The values.
    pub values: Box<[Value]>,
    /// Where the key was written.
    pub place: Place,
    /// Why the values are not known, when the whole list is not.
    pub unknown: Option<Arc<str>>,
    pub(crate) key_lower: Box<str>,
}

/// One value of a condition, compiled for its operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The text.
    pub text: Template,
    pub(crate) compiled: Compiled,
}

/// What the operator needs of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Compiled {
    Text,
    Number(f64),
    Date(i64),
    Bool(bool),
    Bytes(Vec<u8>),
    Range(Range),
    /// The six parts of an ARN pattern; empty when the text holds variables.
    Arn(Box<[Glob]>),
    /// A boolean that a variable gives.
    Variable,
    /// A value the operator cannot read: it equals nothing.
    Nothing,
}

impl Condition {
    /// Compiles a condition. `variables`: whether the policy's version has policy variables.
    pub(crate) fn new(test: Test, operator: &str, key: &str, place: Place, values: &Node, variables: bool) -> Self {
        use Operator as O;
        let textual = matches!(test.operator, O::StringEquals | O::StringEqualsIgnoreCase | O::StringLike | O::Arn | O::Bool);
        let reading = Reading {
            wildcards: matches!(test.operator, O::StringLike | O::Arn),
            variables: variables && textual,
            lower: test.operator == O::StringEqualsIgnoreCase,
            segments: Segments::None,
        };
        let unknown = values.unknown().map(|unknown| unknown.why.as_str().into());
        let values = values.one_or_many().iter().filter_map(|node| Value::of(node, test.operator, reading)).collect();
        let key_lower = key.trim().to_lowercase().into();
        Self { test, operator: operator.into(), key: key.into(), values, place, unknown, key_lower }
    }

    /// Whether the condition holds for a request.
    pub(crate) fn holds(&self, view: &View<'_>) -> Truth {
        let lookup = view.lookup(&self.key_lower);
        if self.test.operator == Operator::Null {
            return self.null(&lookup);
        }
        match lookup {
            Lookup::Unknown => Truth::Depends,
            Lookup::Absent => self.absent(),
            Lookup::One(value) => match self.test.quantifier {
                Quantifier::Single => self.single(&value, view),
                // A key that resolves to an empty text is a null data set.
                Quantifier::ForAllValues | Quantifier::ForAnyValue if value.is_empty() => self.absent(),
                _ => self.single(&value, view),
            },
            Lookup::Many(values) => match self.test.quantifier {
                Quantifier::ForAllValues | Quantifier::ForAnyValue if values.iter().all(String::is_empty) => self.absent(),
                Quantifier::ForAllValues => Truth::all(values.iter().map(|value| self.single(value, view))),
                Quantifier::ForAnyValue => Truth::any(values.iter().map(|value| self.single(value, view))),
                Quantifier::Single => match values {
                    [] => self.absent(),
                    [value] => self.single(value, view),
                    // AWS documents no meaning for several values without a set operator.
                    _ => Truth::Depends,
                },
            },
        }
    }

    /// The answer for a key that is not in the request.
    pub(crate) fn absent(&self) -> Truth {
        match self.test.quantifier {
            _ if self.test.if_exists => Truth::Yes,
            Quantifier::ForAllValues => Truth::Yes,
            Quantifier::ForAnyValue => Truth::No,
            Quantifier::Single => self.test.negated.into(),
        }
    }

    fn null(&self, lookup: &Lookup<'_>) -> Truth {
        let absent = match lookup {
            Lookup::Unknown => return Truth::Depends,
            Lookup::Absent | Lookup::Many([]) => true,
            Lookup::One(_) | Lookup::Many(_) => false,
        };
        Truth::any(self.values.iter().map(|value| match value.compiled {
            Compiled::Bool(expected) => Truth::from(expected == absent),
            _ if value.text.unknown.is_some() => Truth::Depends,
            _ => Truth::No,
        }))
    }

    /// One value of the request against all values of the policy.
    fn single(&self, value: &str, view: &View<'_>) -> Truth {
        let lowered;
        let value = if self.test.operator == Operator::StringEqualsIgnoreCase {
            lowered = value.to_lowercase();
            &lowered
        } else {
            value
        };
        Truth::any(self.values.iter().map(|own| own.equals(self.test.operator, value, view))).negated(self.test.negated)
    }
}

impl Value {
    fn of(node: &Node, operator: Operator, reading: Reading) -> Option<Self> {
        use Operator as O;
        let text = Template::of(node, reading)?;
        let raw = &*text.text;
        let compiled = match operator {
            O::StringEquals | O::StringEqualsIgnoreCase | O::StringLike => Some(Compiled::Text),
            O::NumericEquals | O::NumericLessThan | O::NumericLessThanEquals | O::NumericGreaterThan | O::NumericGreaterThanEquals => {
                scalar::number(raw).map(Compiled::Number)
            }
            O::DateEquals | O::DateLessThan | O::DateLessThanEquals | O::DateGreaterThan | O::DateGreaterThanEquals => {
                scalar::date(raw).map(Compiled::Date)
            }
            O::Bool if text.has_variables() => Some(Compiled::Variable),
            O::Bool | O::Null => scalar::boolean(raw).map(Compiled::Bool),
            O::BinaryEquals => scalar::bytes(raw).map(Compiled::Bytes),
            O::IpAddress => Range::parse(raw).map(Compiled::Range),
            O::Arn if text.has_variables() => Some(Compiled::Arn(Box::new([]))),
            O::Arn => Some(Compiled::Arn(arn_parts(raw))),
        };
        let compiled = if text.unknown.is_some() { Compiled::Text } else { compiled.unwrap_or(Compiled::Nothing) };
        Some(Self { text, compiled })
    }

    /// Whether a value of the request equals, is less than, ... this value.
    fn equals(&self, operator: Operator, value: &str, view: &View<'_>) -> Truth {
        use Operator as O;
        if self.text.unknown.is_some() {
            let textual = matches!(operator, O::StringEquals | O::StringEqualsIgnoreCase | O::StringLike);
            return if textual { self.text.matches(value, view) } else { Truth::Depends };
        }
        match &self.compiled {
            Compiled::Text => self.text.matches(value, view),
            Compiled::Nothing => Truth::No,
            Compiled::Number(own) => scalar::number(value)
                .is_some_and(|value| match operator {
                    O::NumericLessThan => value < *own,
                    O::NumericLessThanEquals => value <= *own,
                    O::NumericGreaterThan => value > *own,
                    O::NumericGreaterThanEquals => value >= *own,
                    _ => value == *own,
                })
                .into(),
            Compiled::Date(own) => scalar::date(value)
                .is_some_and(|value| match operator {
                    O::DateLessThan => value < *own,
                    O::DateLessThanEquals => value <= *own,
                    O::DateGreaterThan => value > *own,
                    O::DateGreaterThanEquals => value >= *own,
                    _ => value == *own,
                })
                .into(),
            Compiled::Bool(own) => (scalar::boolean(value) == Some(*own)).into(),
            Compiled::Variable => match scalar::boolean(value) {
                Some(true) => self.text.matches("true", view),
                Some(false) => self.text.matches("false", view),
                None => Truth::No,
            },
            Compiled::Bytes(own) => (scalar::bytes(value).as_ref() == Some(own)).into(),
            Compiled::Range(own) => own.contains(value).into(),
            Compiled::Arn(parts) if parts.is_empty() => match self.text.filled(view) {
                Err(truth) => truth,
                Ok(tokens) => arn_matches(&divided(&tokens), value).into(),
            },
            Compiled::Arn(parts) => arn_matches(parts, value).into(),
        }
    }
}

/// The parts of an ARN pattern, each a pattern of its own. A lone `*` is any ARN.
fn arn_parts(pattern: &str) -> Box<[Glob]> {
    if pattern == "*" {
        return Box::new([Glob::Any]);
    }
    pattern.splitn(6, ':').map(Glob::plain).collect()
}

/// The same for tokens in which variables were filled in.
fn divided(tokens: &[Token]) -> Vec<Glob> {
    if let [Token::Star { .. }] = tokens {
        return vec![Glob::Any];
    }
    tokens.splitn(6, |token| *token == Token::Byte(b':')).map(Glob::new).collect()
}

/// Each of the six parts is checked by itself, so a `*` does not cross a colon.
fn arn_matches(parts: &[Glob], value: &str) -> bool {
    match parts {
        [Glob::Any] => true,
        parts if parts.len() == 6 => {
            let mut own = value.splitn(6, ':');
            parts.iter().all(|part| own.next().is_some_and(|text| part.matches(text)))
        }
        _ => false,
    }
}
