//! Operators: what a rule asks of a value.

use super::Files;
use super::lex::Word;
use super::place::Problem;
use super::text::Template;
use crate::engine::Phrases;
use crate::engine::rx::{Flags, Rx};
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;

/// An operator and its argument.
#[derive(Clone, Debug)]
pub enum Operator {
    /// `@rx`.
    Rx(Arc<Rx>),
    /// `@rx` with `%{...}` inside: compiled for each request.
    RxTemplate(Template),
    /// `@pm`, `@pmFromFile`: one of the phrases occurs.
    Phrases(Arc<Phrases>),
    /// `@detectSQLi`.
    DetectSqli,
    /// `@detectXSS`.
    DetectXss,
    /// `@eq`, `@ne`, `@ge`, `@gt`, `@le`, `@lt`.
    Number(Comparison, Template),
    /// `@streq`, `@contains`, `@beginsWith`, `@endsWith`, `@within`, `@strmatch`, `@containsWord`.
    Text(TextTest, Template),
    /// `@ipMatch`, `@ipMatchFromFile`.
    IpMatch(Arc<[IpNet]>),
    /// `@validateByteRange`: which bytes are allowed.
    ValidateByteRange(Arc<[bool; 256]>),
    /// `@validateUrlEncoding`.
    ValidateUrlEncoding,
    /// `@validateUtf8Encoding`.
    ValidateUtf8Encoding,
    /// `@unconditionalMatch`.
    Always,
    /// `@noMatch`.
    Never,
    /// An operator that asks the outside (`@rbl`, `@geoLookup`): the pure engine cannot, and says so.
    Outside(&'static str),
}

/// Comparisons of numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each is SecLang's own name")]
pub enum Comparison {
    Eq,
    Ne,
    Ge,
    Gt,
    Le,
    Lt,
}

/// Comparisons of texts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TextTest {
    /// The value is the argument.
    Equal,
    /// The value holds the argument.
    Contains,
    /// The value holds the argument as a word.
    ContainsWord,
    /// The value begins with it.
    BeginsWith,
    /// The value ends with it.
    EndsWith,
    /// The argument holds the value.
    Within,
}

/// Reads an operator: `!@op argument`, `@op argument`, or a bare regular expression.
///
/// # Errors
/// An operator that is not known, an argument it cannot have, a data file that is missing.
pub(super) fn operator(word: &Word, files: &Files) -> Result<(bool, Operator), Problem> {
    let text = word.text.as_str();
    let (negated, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
    let Some(named) = rest.trim_start().strip_prefix('@') else {
        let offset = text.len() - rest.len();
        return Ok((negated, regex(word, offset, rest)?));
    };
    let length = named.find(|character: char| character.is_whitespace()).unwrap_or(named.len());
    let argument = named[length..].strip_prefix(' ').unwrap_or(&named[length..]);
    let at_name = text.len() - named.len();
    let at = text.len() - argument.len();
    let name = named[..length].to_ascii_lowercase();
    let template = || Template::new(argument).map_err(|(offset, says)| word.wrong(at + offset, says));
    let number = |comparison| Ok::<_, Problem>(Operator::Number(comparison, trimmed(word, at, argument)?));
    let operator = match name.as_str() {
        "rx" | "rxglobal" => regex(word, at, argument)?,
        "pm" => Operator::Phrases(Arc::new(Phrases::new(phrases(argument)))),
        "pmfromfile" | "pmf" => {
            let mut all = Vec::new();
            for name in argument.split_whitespace() {
                all.extend(phrase_lines(data(files, word, at, name)?));
            }
            Operator::Phrases(Arc::new(Phrases::new(all)))
        }
        "detectsqli" => Operator::DetectSqli,
        "detectxss" => Operator::DetectXss,
        "eq" => number(Comparison::Eq)?,
        "ne" => number(Comparison::Ne)?,
        "ge" => number(Comparison::Ge)?,
        "gt" => number(Comparison::Gt)?,
        "le" => number(Comparison::Le)?,
        "lt" => number(Comparison::Lt)?,
        "streq" => Operator::Text(TextTest::Equal, template()?),
        "contains" | "strmatch" => Operator::Text(TextTest::Contains, template()?),
        "containsword" => Operator::Text(TextTest::ContainsWord, template()?),
        "beginswith" => Operator::Text(TextTest::BeginsWith, template()?),
        "endswith" => Operator::Text(TextTest::EndsWith, template()?),
        "within" => Operator::Text(TextTest::Within, template()?),
        "ipmatch" => Operator::IpMatch(networks(word, at, argument.split(','))?),
        "ipmatchfromfile" | "ipmatchf" => {
            let bytes = data(files, word, at, argument.trim())?;
            let text = String::from_utf8_lossy(bytes).into_owned();
            Operator::IpMatch(networks(word, at, text.lines().map(|line| line.split('#').next().unwrap_or_default()))?)
        }
        "validatebyterange" => Operator::ValidateByteRange(Arc::new(byte_range(word, at, argument)?)),
        "validateurlencoding" => Operator::ValidateUrlEncoding,
        "validateutf8encoding" => Operator::ValidateUtf8Encoding,
        "unconditionalmatch" => Operator::Always,
        "nomatch" => Operator::Never,
        "rbl" => Operator::Outside("rbl"),
        "geolookup" => Operator::Outside("geoLookup"),
        _ => return Err(word.wrong(at_name, format!("the operator `@{}` is not known", &named[..length]))),
    };
    Ok((negated, operator))
}

fn trimmed(word: &Word, at: usize, argument: &str) -> Result<Template, Problem> {
    Template::new(argument.trim()).map_err(|(offset, says)| word.wrong(at + offset, says))
}

fn regex(word: &Word, at: usize, pattern: &str) -> Result<Operator, Problem> {
    if pattern.contains("%{") {
        return Template::new(pattern).map(Operator::RxTemplate).map_err(|(offset, says)| word.wrong(at + offset, says));
    }
    compile(pattern).map(|rx| Operator::Rx(Arc::new(rx))).map_err(|wrong| word.wrong(at + wrong.at, wrong.says))
}

/// A regular expression with the modes both references set: dot matches newlines, `^` and `$` match at lines.
pub(super) fn compile(pattern: &str) -> Result<Rx, crate::engine::rx::Wrong> {
    Rx::new(pattern, Flags { dot_all: true, multi_line: true, ..Flags::default() })
}

fn data<'f>(files: &'f Files, word: &Word, at: usize, name: &str) -> Result<&'f [u8], Problem> {
    let base = name.rsplit('/').next().unwrap_or(name);
    files.get(name).or_else(|| files.get(base)).ok_or_else(|| word.wrong(at, format!("the data file `{name}` is missing")))
}

/// The phrases of `@pm`: words; `|41 42|` are bytes in hexadecimal, as in Snort.
fn phrases(argument: &str) -> Vec<Vec<u8>> {
    argument.split_whitespace().map(|word| hexadecimal(word).unwrap_or_else(|| word.as_bytes().to_vec())).collect()
}

fn hexadecimal(word: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for (index, part) in word.split('|').enumerate() {
        if index % 2 == 0 {
            bytes.extend_from_slice(part.as_bytes());
        } else {
            if part.is_empty() || part.len() % 2 != 0 {
                return None;
            }
            for pair in part.as_bytes().chunks(2) {
                bytes.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
            }
        }
    }
    (word.split('|').count() % 2 == 1).then_some(bytes)
}

fn phrase_lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .map(<[u8]>::to_vec)
        .collect()
}

fn networks<'t>(word: &Word, at: usize, texts: impl Iterator<Item = &'t str>) -> Result<Arc<[IpNet]>, Problem> {
    texts
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(|text| {
            let parsed = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
            parsed.ok_or_else(|| word.wrong(at, format!("`{text}` is no address and no network")))
        })
        .collect()
}

fn byte_range(word: &Word, at: usize, argument: &str) -> Result<[bool; 256], Problem> {
    let mut allowed = [false; 256];
    for part in argument.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (Ok(first), Ok(last)) = (first.trim().parse::<u8>(), last.trim().parse::<u8>()) else {
            return Err(word.wrong(at, format!("`{part}` is no range of bytes")));
        };
        if first > last {
            return Err(word.wrong(at, format!("in `{part}` the first is above the last")));
        }
        allowed[first as usize..=last as usize].fill(true);
    }
    Ok(allowed)
}
