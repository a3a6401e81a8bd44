//! What a condition says about the data of the event when it holds: a value is one of a list, a request has a method.
//!
//! A fact is about a part of the event, which never changes, so it holds for every copy of it. Never assumes what was not tested.

use super::source::Source;
use super::value::Value;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// A part of the event in a certain form, and what it was checked for.
pub(super) type Key = (Rc<Source>, u64, Scope);

/// What a check is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// Everything: the value is one that the application allows.
    All,
    /// Paths and URLs: it begins as the application wants.
    Beginning,
}

/// What is known on a way through the code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Parts that were checked against what the application allows.
    pub checked: BTreeSet<Key>,
    /// The methods the request may have; `None`: any.
    pub methods: Option<BTreeSet<Arc<str>>>,
    /// There is an authorizer's answer.
    pub identity: bool,
    /// The way cannot be taken.
    pub never: bool,
}

impl Facts {
    /// Cannot be.
    pub fn never() -> Self {
        Self { never: true, ..Self::default() }
    }

    /// The checked parts that a value consists of.
    pub fn checks(value: &Value) -> Self {
        let keys = value.taints.iter().flat_map(|t| [Scope::All, Scope::Beginning].map(|scope| (t.source.clone(), t.form, scope)));
        Self { checked: keys.collect(), ..Self::default() }
    }

    /// A value begins with a text of the application.
    pub fn begins(value: &Value) -> Self {
        Self { checked: value.taints.iter().map(|t| (t.source.clone(), t.form, Scope::Beginning)).collect(), ..Self::default() }
    }

    /// The request has one of these methods.
    pub fn methods(methods: impl IntoIterator<Item = Arc<str>>) -> Self {
        let methods = Some(methods.into_iter().map(|m| Arc::from(m.to_uppercase())).collect());
        Self { methods, ..Self::default() }
    }

    /// Both hold.
    pub fn both(a: &Self, b: &Self) -> Self {
        let methods = match (&a.methods, &b.methods) {
            (Some(a), Some(b)) => Some(a.intersection(b).cloned().collect::<BTreeSet<_>>()),
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        let impossible = methods.as_ref().is_some_and(BTreeSet::is_empty);
        let never = a.never || b.never || impossible;
        Self { checked: a.checked.union(&b.checked).cloned().collect(), methods, identity: a.identity || b.identity, never }
    }

    /// One of them holds.
    pub fn either(a: &Self, b: &Self) -> Self {
        match (a.never, b.never) {
            (true, _) => return b.clone(),
            (_, true) => return a.clone(),
            _ => {}
        }
        let methods = match (&a.methods, &b.methods) {
            (Some(a), Some(b)) => Some(a.union(b).cloned().collect()),
            _ => None,
        };
        Self { checked: a.checked.intersection(&b.checked).cloned().collect(), methods, identity: a.identity && b.identity, never: false }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        !self.never && !self.identity && self.methods.is_none() && self.checked.is_empty()
    }
}

/// Whether a regular expression (`pattern/flags`) lets only harmless characters through: anchored at both ends of the text, no
/// wildcard, no negated class, no quote, backslash or blank other than through `\w` and `\d`.
pub(super) fn harmless(regex: &str) -> bool {
    let Some((pattern, flags)) = regex.rsplit_once('/') else { return false };
    let Some(inner) = pattern.strip_prefix('^').and_then(|p| p.strip_suffix('$')) else { return false };
    !flags.contains('m') && characters(inner)
}

/// Whether a regular expression (`pattern/flags`) matches every character but harmless ones: what it matches is taken away.
pub(super) fn takes_harm_away(regex: &str) -> bool {
    let Some((pattern, flags)) = regex.rsplit_once('/') else { return false };
    let pattern = pattern.strip_suffix('+').unwrap_or(pattern);
    if !flags.contains('g') {
        return false;
    }
    if matches!(pattern, "\\W" | "\\D") {
        return true;
    }
    let Some(class) = pattern.strip_prefix("[^").and_then(|p| p.strip_suffix(']')) else { return false };
    !class.contains(['[', ']', '^']) && characters(&format!("[{class}]"))
}

/// What markup is written with that is replaced everywhere by a regular expression (`pattern/flags`): whether the sign that opens a
/// tag, and whether the quotes that end an attribute.
pub(super) fn takes_markup_away(regex: &str) -> (bool, bool) {
    let Some((pattern, flags)) = regex.rsplit_once('/') else { return (false, false) };
    let inner = match pattern.strip_prefix('[').and_then(|p| p.strip_suffix(']')) {
        Some(class) if !class.starts_with('^') && !class.contains('[') => class.to_owned(),
        Some(_) => return (false, false),
        None if pattern.split('|').all(|one| one.trim_start_matches('\\').chars().count() == 1) => pattern.replace('|', ""),
        None => return (false, false),
    };
    let all = flags.contains('g');
    (all && inner.contains('<'), all && inner.contains('"'))
}

fn characters(inner: &str) -> bool {
    let mut class = false;
    let mut escaped = false;
    for c in inner.chars() {
        if std::mem::take(&mut escaped) {
            // `\-` and `\.` stand for themselves.
            if !matches!(c, 'w' | 'd' | '-' | '.' | '_' | '/' | ':' | '@' | '+') {
                return false;
            }
            continue;
        }
        match c {
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '.' | '|' if !class => return false,
            '^' | '\'' | '"' | '`' | ';' | ' ' => return false,
            _ => {}
        }
    }
    !escaped
}

#[cfg(test)]
mod tests {
    use super::{harmless, takes_harm_away, takes_markup_away};

    #[test]
    fn markup() {
        for (regex, expected) in [
            ("[&<>\"']/g", (true, true)),
            ("</g", (true, false)),
            ("\"/g", (false, true)),
            ("&|<|>|\"/gi", (true, true)),
            ("[&<>\"']/", (false, false)),
            ("[^<]/g", (false, false)),
            ("<script>/g", (false, false)),
        ] {
            assert_eq!(takes_markup_away(regex), expected, "{regex}");
        }
    }

    #[test]
    fn what_a_pattern_lets_through() {
        for (pattern, safe) in [
            ("^[0-9]+$/", true),
            ("^\\d{1,6}$/u", true),
            ("^[A-Za-z0-9_-]{1,64}$/i", true),
            ("^(\\w+)$/", true),
            ("^\\d+$/m", false),
            ("[0-9]+/", false),
            ("^.+$/", false),
            ("^[^;]+$/", false),
            ("^\\S+$/", false),
            ("^a|b$/", false),
            ("^[\\w']+$/", false),
            ("^\\d+\\$/", false),
        ] {
            assert_eq!(harmless(pattern), safe, "{pattern}");
        }
    }

    #[test]
    fn what_a_pattern_takes_away() {
        for (pattern, safe) in
            [("[^0-9]/g", true), ("[^\\w-]+/gi", true), ("\\D/g", true), ("[^0-9]/", false), ("'/g", false), ("[^']/g", false)]
        {
            assert_eq!(takes_harm_away(pattern), safe, "{pattern}");
        }
    }
}
