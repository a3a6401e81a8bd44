//! A record against a tree of tests, in three values: a list that is not complete yet answers *maybe*, and
//! the question is put again when it is.

use crate::facts::Facts;
use crate::field;
use crate::pattern::Pattern;
use crate::rule::{Item, Order, Shape, Test, Value};
use serde_json::Value as Json;
use std::net::IpAddr;

/// Kleene's three values, in this order: `and` is the least, `or` the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    No,
    Maybe,
    Yes,
}

impl Truth {
    fn of(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

/// Puts the record to the test.
pub fn matches(test: &Test, record: &Json, facts: &Facts) -> Truth {
    match test {
        Test::All(tests) => {
            let mut least = Truth::Yes;
            for test in tests {
                least = least.min(matches(test, record, facts));
                if least == Truth::No {
                    break;
                }
            }
            least
        }
        Test::Any(tests) => {
            let mut most = Truth::No;
            for test in tests {
                most = most.max(matches(test, record, facts));
                if most == Truth::Yes {
                    break;
                }
            }
            most
        }
        Test::Not(test) => match matches(test, record, facts) {
            Truth::Yes => Truth::No,
            Truth::Maybe => Truth::Maybe,
            Truth::No => Truth::Yes,
        },
        Test::Item(item) => item_matches(item, record, facts),
        Test::Keyword(pattern) => Truth::of(anywhere(record, pattern)),
    }
}

fn item_matches(item: &Item, record: &Json, facts: &Facts) -> Truth {
    let mut most = Truth::No;
    for value in &item.values {
        most = most.max(value_matches(item, value, record, facts));
        if most == Truth::Yes {
            break;
        }
    }
    most
}

fn value_matches(item: &Item, value: &Value, record: &Json, facts: &Facts) -> Truth {
    let any = |test: &mut dyn FnMut(&Json) -> bool| Truth::of(field::any(record, &item.field, test));
    match value {
        Value::Text(pattern) => any(&mut |json| text_matches(pattern, json)),
        Value::Number(want) => any(&mut |json| number(json) == Some(*want)),
        Value::Bool(want) => any(&mut |json| match json {
            Json::Bool(value) => value == want,
            Json::String(text) => text.eq_ignore_ascii_case(if *want { "true" } else { "false" }),
            _ => false,
        }),
        Value::Null => Truth::of(!field::any(record, &item.field, &mut |json| !json.is_null())),
        Value::Exists(want) => Truth::of(field::any(record, &item.field, &mut |_| true) == *want),
        Value::Cidr(net) => any(&mut |json| json.as_str().and_then(|s| s.parse::<IpAddr>().ok()).is_some_and(|ip| net.contains(&ip))),
        Value::Compare(order, bound) => any(&mut |json| {
            number(json).is_some_and(|n| match order {
                Order::Less => n < *bound,
                Order::LessOrEqual => n <= *bound,
                Order::Greater => n > *bound,
                Order::GreaterOrEqual => n >= *bound,
            })
        }),
        Value::Field(other, shape) => match field::text(record, other) {
            Some(other) => any(&mut |json| field::scalar(json).is_some_and(|text| shape.fits(&text, &other))),
            None => Truth::No,
        },
        Value::Placeholder(name, shape) => {
            let fits = |json: &Json| field::scalar(json).is_some_and(|text| facts.values(name).any(|value| shape.fits(&text, value)));
            match any(&mut |json| fits(json)) {
                // A list only grows: in it is in it, not in it may change while logs are still read.
                Truth::No if !facts.complete() && field::any(record, &item.field, &mut |json| !json.is_null()) => Truth::Maybe,
                known => known,
            }
        }
    }
}

/// A text test on a value; an object or an empty list is compared as the JSON text that CloudTrail wrote.
fn text_matches(pattern: &Pattern, json: &Json) -> bool {
    match json {
        Json::String(text) => pattern.matches(text),
        Json::Null => false,
        Json::Bool(value) => pattern.matches(if *value { "true" } else { "false" }),
        Json::Number(number) => pattern.matches(&number.to_string()),
        Json::Object(_) | Json::Array(_) => match pattern {
            // No object is written like this, so the text need not be made.
            Pattern::Exact(_) => false,
            Pattern::Any => true,
            _ => pattern.matches(&json.to_string()),
        },
    }
}

fn number(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn anywhere(json: &Json, pattern: &Pattern) -> bool {
    match json {
        Json::Array(items) => items.iter().any(|item| anywhere(item, pattern)),
        Json::Object(members) => members.values().any(|value| anywhere(value, pattern)),
        _ => text_matches(pattern, json),
    }
}

impl Shape {
    /// Compares without regard to ASCII case, as Sigma compares texts.
    fn fits(self, text: &str, want: &str) -> bool {
        let (text, want) = (text.as_bytes(), want.as_bytes());
        match self {
            Self::Exact => text.eq_ignore_ascii_case(want),
            Self::StartsWith => text.get(..want.len()).is_some_and(|head| head.eq_ignore_ascii_case(want)),
            Self::EndsWith => {
                text.len() >= want.len() && text.get(text.len() - want.len()..).is_some_and(|tail| tail.eq_ignore_ascii_case(want))
            }
            Self::Contains => want.is_empty() || text.windows(want.len()).any(|window| window.eq_ignore_ascii_case(want)),
        }
    }
}
