//! Texts of a policy that may hold wildcards, policy variables and unknown parts
//! (IAM User Guide, "IAM policy elements: Variables and tags"). Compiles once; never reads a request's value as a pattern.

use crate::glob::{Glob, Segments, Token, tokens};
use crate::request::{Lookup, View};
use crate::truth::Truth;
use model::{Kind, Node, Place};
use std::sync::Arc;

/// One text of a policy, ready to be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// As it was written; for an unknown text its known parts with `*` between them.
    pub text: Arc<str>,
    /// Where it was written.
    pub place: Place,
    /// Why it is not known, if it is not.
    pub unknown: Option<Arc<str>>,
    parts: Parts,
}

#[derive(Clone, Debug, PartialEq)]
enum Parts {
    /// Nothing to fill in.
    Ready(Glob),
    /// Variables to fill in.
    Variables(Box<[Part]>),
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Tokens(Vec<Token>),
    Variable { key: Box<str>, default: Option<Box<str>> },
}

/// How a text is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// `*` and `?` are wildcards.
    pub wildcards: bool,
    /// Policy variables are filled in (Version 2012-10-17 only).
    pub variables: bool,
    /// Compare without regard to case: the text is lowered here, the other side by the caller.
    pub lower: bool,
    /// How colons bind wildcards.
    pub segments: Segments,
}

impl Template {
    /// Reads a scalar or unknown node; `None` for lists, maps and null.
    pub(crate) fn of(node: &Node, reading: Reading) -> Option<Self> {
        if let Kind::Unknown(unknown) = &node.kind {
            let pattern = unknown.pattern.as_deref().unwrap_or("*");
            let pattern = if reading.lower { pattern.to_lowercase() } else { pattern.to_owned() };
            // Whatever the unknown parts are, the text they give is covered by a free `*`.
            let parts = Parts::Ready(Glob::plain(&pattern));
            return Some(Self { text: pattern.into(), place: node.place.clone(), unknown: Some(unknown.why.as_str().into()), parts });
        }
        Some(Self::text(&node.scalar()?, node.place.clone(), reading))
    }

    /// Reads a text.
    pub(crate) fn text(text: &str, place: Place, reading: Reading) -> Self {
        let lowered;
        let source = if reading.lower {
            lowered = text.to_lowercase();
            lowered.as_str()
        } else {
            text
        };
        Self { text: text.into(), place, unknown: None, parts: parts(source, reading) }
    }

    /// Marks the text as one whose effect is not known.
    pub(crate) fn doubtful(mut self, why: &str) -> Self {
        self.unknown = Some(why.into());
        self
    }

    /// Whether the text is the lone `*`.
    pub fn is_star(&self) -> bool {
        self.unknown.is_none() && &*self.text == "*"
    }

    /// Whether the text holds policy variables.
    pub fn has_variables(&self) -> bool {
        matches!(self.parts, Parts::Variables(_))
    }

    /// Whether `text` matches, with variables taken from the request.
    #[inline]
    pub(crate) fn matches(&self, text: &str, view: &View<'_>) -> Truth {
        let holds = match &self.parts {
            Parts::Ready(glob) => Truth::from(glob.matches(text)),
            Parts::Variables(parts) => filled_matches(parts, text, view),
        };
        if self.unknown.is_some() && holds == Truth::Yes { Truth::Depends } else { holds }
    }

    /// The text with its variables filled in, for comparisons that are not textual. `Err(No)` when a variable
    /// without a default is missing, `Err(Depends)` when something is unknown.
    pub(crate) fn filled(&self, view: &View<'_>) -> Result<Vec<Token>, Truth> {
        if self.unknown.is_some() {
            return Err(Truth::Depends);
        }
        match &self.parts {
            Parts::Ready(Glob::Any) => Ok(vec![Token::Star { colon: true }]),
            Parts::Ready(Glob::Exact(text)) => Ok(text.bytes().map(Token::Byte).collect()),
            Parts::Ready(Glob::Prefix(text)) => Ok(text.bytes().map(Token::Byte).chain([Token::Star { colon: true }]).collect()),
            Parts::Ready(Glob::Tokens(tokens)) => Ok(tokens.to_vec()),
            Parts::Variables(parts) => match fill(parts, view) {
                Filled::Missing => Err(Truth::No),
                Filled::Unknown(_) => Err(Truth::Depends),
                Filled::Known(tokens) => Ok(tokens),
            },
        }
    }

    /// The keys of its policy variables, lowered.
    pub fn variable_keys(&self) -> impl Iterator<Item = &str> {
        let parts: &[Part] = match &self.parts {
            Parts::Ready(_) => &[],
            Parts::Variables(parts) => parts,
        };
        parts.iter().filter_map(|part| match part {
            Part::Variable { key, .. } => Some(&**key),
            Part::Tokens(_) => None,
        })
    }

    /// The first key of a variable whose value is not known in this request.
    pub(crate) fn unknown_variable(&self, view: &View<'_>) -> Option<&str> {
        match &self.parts {
            Parts::Ready(_) => None,
            Parts::Variables(parts) => parts.iter().find_map(|part| match part {
                Part::Variable { key, .. } if matches!(view.lookup(key), Lookup::Unknown) => Some(&**key),
                _ => None,
            }),
        }
    }
}

enum Filled {
    Missing,
    Known(Vec<Token>),
    Unknown(Vec<Token>),
}

fn filled_matches(parts: &[Part], text: &str, view: &View<'_>) -> Truth {
    match fill(parts, view) {
        Filled::Missing => Truth::No,
        Filled::Known(tokens) => Truth::from(crate::glob::matches(&tokens, text.as_bytes())),
        Filled::Unknown(tokens) if crate::glob::matches(&tokens, text.as_bytes()) => Truth::Depends,
        Filled::Unknown(_) => Truth::No,
    }
}

fn fill(parts: &[Part], view: &View<'_>) -> Filled {
    let (mut out, mut known) = (Vec::new(), true);
    for part in parts {
        match part {
            Part::Tokens(tokens) => out.extend_from_slice(tokens),
            Part::Variable { key, default } => match (view.lookup(key), default) {
                // A value is text: a `*` in it is a star, not a wildcard.
                (Lookup::One(value), _) => out.extend(value.bytes().map(Token::Byte)),
                (Lookup::Many([value]), _) => out.extend(value.bytes().map(Token::Byte)),
                (Lookup::Absent, Some(default)) => out.extend(default.bytes().map(Token::Byte)),
                // Keys with several values cannot be variables.
                (Lookup::Absent, None) | (Lookup::Many(_), _) => return Filled::Missing,
                (Lookup::Unknown, _) => {
                    known = false;
                    out.push(Token::Star { colon: true });
                }
            },
        }
    }
    if known { Filled::Known(out) } else { Filled::Unknown(out) }
}

fn parts(text: &str, reading: Reading) -> Parts {
    let cut = |text: &str| match reading.wildcards {
        true => tokens(text, reading.segments),
        false => text.bytes().map(Token::Byte).collect(),
    };
    if !reading.variables || !text.contains("${") {
        return Parts::Ready(Glob::new(&cut(text)));
    }
    // Wildcards are bound by the colons of the whole text, so the tokens are cut once and then divided;
    // the colons within variables do not count.
    let all = cut(&masked(text));
    let (mut out, mut literal, mut at, mut variables) = (Vec::new(), Vec::new(), 0, false);
    while at < text.len() {
        let variable = text.get(at..).and_then(|rest| rest.strip_prefix("${")).and_then(|rest| Some((rest, rest.find('}')?)));
        let Some((rest, end)) = variable else {
            literal.push(all[at]);
            at += 1;
            continue;
        };
        let inner = &rest[..end];
        at += end + 3;
        if let "*" | "?" | "$" = inner {
            literal.extend(inner.bytes().map(Token::Byte));
            continue;
        }
        variables = true;
        out.push(Part::Tokens(std::mem::take(&mut literal)));
        let (key, default) = match inner.split_once(',') {
            Some((key, default)) => (key, Some(default.trim().trim_matches('\''))),
            None => (inner, None),
        };
        out.push(Part::Variable { key: key.trim().to_lowercase().into(), default: default.map(Into::into) });
    }
    if !variables {
        return Parts::Ready(Glob::new(&literal));
    }
    out.push(Part::Tokens(literal));
    Parts::Variables(out.into())
}

/// The text with every colon inside `${...}` replaced, byte for byte.
fn masked(text: &str) -> String {
    let (mut out, mut inside) = (String::with_capacity(text.len()), false);
    for character in text.chars() {
        inside = match character {
            '{' => inside || out.ends_with('$'),
            '}' => false,
            _ => inside,
        };
        out.push(if inside && character == ':' { ' ' } else { character });
    }
    out
}
