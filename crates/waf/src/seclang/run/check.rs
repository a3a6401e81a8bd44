//! Operators that need no plan: numbers, texts, addresses, the `validate` family.

use super::super::operator::{Comparison, TextTest};
use super::super::program::Test;
use super::Transaction;
use memchr::memmem;
use std::net::IpAddr;

impl Transaction<'_> {
    /// Whether an operator that is no matcher of the plan fits the value.
    pub(super) fn check(&self, test: &Test, value: &[u8]) -> bool {
        match test {
            Test::Number(comparison, template) => compare(*comparison, number(value), number(&self.expand(template))),
            Test::Text(test, template) => text(*test, value, &self.expand(template)),
            Test::RxTemplate(template) => {
                let pattern = String::from_utf8_lossy(&self.expand(template)).into_owned();
                // A pattern made of the request that is none: what cannot be judged is no pass.
                super::super::operator::compile(&pattern).map_or(true, |rx| rx.is_match(value))
            }
            Test::IpMatch(networks) => {
                let address = std::str::from_utf8(value).ok().and_then(|text| text.trim().parse::<IpAddr>().ok());
                address.is_some_and(|address| networks.iter().any(|network| network.contains(&address)))
            }
            Test::ByteRange(allowed) => value.iter().any(|byte| !allowed[*byte as usize]),
            Test::UrlEncoding => bad_escape(value),
            Test::Utf8Encoding => bad_utf8(value),
            Test::Always => true,
            Test::Never | Test::Matcher(_) => false,
        }
    }
}

/// A number as C's `atoi` reads it: the digits at the start, 0 where there are none.
pub(super) fn number(bytes: &[u8]) -> i64 {
    let bytes = bytes.trim_ascii_start();
    let (negative, digits) = match bytes.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, bytes),
    };
    let value = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    if negative { -value } else { value }
}

/// A number's decimal digits, in memory of the caller.
pub(super) fn decimal(mut value: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return &digits[at..];
        }
    }
}

fn compare(comparison: Comparison, value: i64, argument: i64) -> bool {
    match comparison {
        Comparison::Eq => value == argument,
        Comparison::Ne => value != argument,
        Comparison::Ge => value >= argument,
        Comparison::Gt => value > argument,
        Comparison::Le => value <= argument,
        Comparison::Lt => value < argument,
    }
}

fn text(test: TextTest, value: &[u8], argument: &[u8]) -> bool {
    match test {
        TextTest::Equal => value == argument,
        TextTest::Contains => memmem::find(value, argument).is_some(),
        TextTest::ContainsWord => contains_word(value, argument),
        TextTest::BeginsWith => value.starts_with(argument),
        TextTest::EndsWith => value.ends_with(argument),
        TextTest::Within => memmem::find(argument, value).is_some(),
    }
}

fn contains_word(value: &[u8], word: &[u8]) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    memmem::find_iter(value, word).any(|at| (at == 0 || !is_word(value.get(at - 1))) && !is_word(value.get(at + word.len())))
}

/// Whether a `%` is not followed by two hexadecimal digits.
fn bad_escape(value: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'%', &value[at..]) {
        let digits = value.get(at + found + 1..at + found + 3);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return true;
        }
        at += found + 3;
    }
    false
}

fn bad_utf8(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_err()
}
