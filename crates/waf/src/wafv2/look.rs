//! Whether a match statement matches a request: the obvious way, value by value, nothing remembered.

use super::ast::{Field, Inspect, Statement};
use super::component::{Component, Forwarded, Value, parts};
use super::judgement::MatchDetail;
use super::matching;
use crate::detect;
use crate::transform::apply_all;

/// The answer about one match statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Whether it matches.
    pub matched: bool,
    /// What lay beyond the limits.
    pub oversize: Option<&'static str>,
    /// SQL or script that was found.
    pub detail: Option<MatchDetail>,
    /// Why the match is inferred, if it is.
    pub inferred: Option<&'static str>,
}

/// Answers about match statements.
pub trait Look {
    /// Whether a statement over a request component matches.
    fn look(&mut self, statement: &Statement, forwarded: &Forwarded<'_>) -> Found;
}

/// The obvious way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

/// Why a match on a part of a component is inferred.
pub const PART: &str = "AWS does not document that SqliMatchStatement also looks at path segments and at leaves of the body";
/// Why a match behind one of three transformations is inferred.
pub const TRANSFORMED: &str = "a transformation was applied of which AWS's own description was not at hand";

impl Look for Plain {
    fn look(&mut self, statement: &Statement, forwarded: &Forwarded<'_>) -> Found {
        let Some(on) = inspected(statement) else { return Found::default() };
        let component = Component::of(&on.field, &on.pre_parse, forwarded);
        let mut found = Found { oversize: component.oversize, ..Found::default() };
        if let Some(decided) = component.decided {
            found.matched = decided;
            return found;
        }
        for value in &component.values {
            let seen = apply_all(&on.transformations, &value.bytes);
            if matches_value(statement, &seen) {
                return hit(found, statement, on, value, &seen, None);
            }
        }
        if matches!(statement, Statement::SqliMatch { .. }) {
            for value in parts(&on.field, forwarded) {
                let seen = apply_all(&on.transformations, &value.bytes);
                if detect::sqli(&seen).is_some() {
                    return hit(found, statement, on, &value, &seen, Some(PART));
                }
            }
        }
        found
    }
}

/// A statement's match, written down.
pub(super) fn hit(
    found: Found,
    statement: &Statement,
    on: &Inspect,
    value: &Value<'_>,
    seen: &[u8],
    inferred: Option<&'static str>,
) -> Found {
    let undocumented = on.transformations.iter().any(|transformation| !transformation.is_documented());
    let inferred = inferred.or(undocumented.then_some(TRANSFORMED));
    Found { matched: true, detail: detail(statement, on, value, seen), inferred, ..found }
}

/// What a statement inspects; `None` for statements that inspect no component.
pub fn inspected(statement: &Statement) -> Option<&Inspect> {
    match statement {
        Statement::ByteMatch { on, .. }
        | Statement::SqliMatch { on, .. }
        | Statement::XssMatch { on }
        | Statement::SizeConstraint { on, .. }
        | Statement::RegexMatch { on, .. }
        | Statement::RegexPatternSet { on, .. } => Some(on),
        _ => None,
    }
}

/// Whether a transformed value matches.
pub fn matches_value(statement: &Statement, value: &[u8]) -> bool {
    match statement {
        Statement::ByteMatch { search, position, .. } => matching::string(value, search, *position),
        Statement::SqliMatch { .. } => detect::sqli(value).is_some(),
        Statement::XssMatch { .. } => detect::xss(value),
        Statement::SizeConstraint { comparison, size, .. } => matching::size(value.len(), *comparison, *size),
        Statement::RegexMatch { pattern, .. } => pattern.is_match(value),
        Statement::RegexPatternSet { set, .. } => set.patterns.iter().any(|pattern| pattern.is_match(value)),
        _ => false,
    }
}

/// `terminatingRuleMatchDetails`, for SQL and script.
fn detail(statement: &Statement, on: &Inspect, value: &Value<'_>, seen: &[u8]) -> Option<MatchDetail> {
    let (condition, high, words) = match statement {
        Statement::SqliMatch { high, .. } => ("SQL_INJECTION", Some(*high), detect::sqli(seen).map_or(3, |print| print.as_str().len())),
        Statement::XssMatch { .. } => ("XSS", None, 2),
        _ => return None,
    };
    let named = matches!(
        on.field,
        Field::SingleQueryArgument(_) | Field::AllQueryArguments | Field::SingleHeader(_) | Field::Headers(_) | Field::Cookies(_)
    );
    let field = named.then(|| String::from_utf8_lossy(&value.name).into_owned());
    Some(MatchDetail { condition, high, location: location(&on.field), data: first_words(seen, words), field })
}

/// `location`. "AWS WAF currently reports the location for JSON body inspection as UNKNOWN."
fn location(field: &Field) -> &'static str {
    match field {
        Field::SingleHeader(_) | Field::Headers(_) | Field::HeaderOrder(_) => "HEADER",
        Field::Cookies(_) => "COOKIE",
        Field::UriPath | Field::UriFragment(_) => "URI",
        Field::QueryString => "QUERY_STRING",
        Field::AllQueryArguments => "ALL_QUERY_ARGS",
        Field::SingleQueryArgument(_) => "SINGLE_QUERY_ARG",
        Field::Body(_) => "BODY",
        Field::Method => "METHOD",
        Field::JsonBody(_) | Field::Ja3(_) | Field::Ja4(_) => "UNKNOWN",
    }
}

/// `matchedData`: AWS shows the first tokens of what was found; ours are words and single signs, as many as the
/// fingerprint has tokens.
fn first_words(value: &[u8], most: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(&value[..value.len().min(256)]).into_owned();
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for c in text.chars() {
        let of_word = c.is_alphanumeric() || c == '_';
        let full = words.len() == most;
        match words.last_mut() {
            Some(word) if of_word && open => word.push(c),
            _ if c.is_whitespace() => {}
            _ if full => break,
            _ => words.push(c.to_string()),
        }
        open = of_word;
    }
    words
}
