//! Texts that are put together: where data join a text, whether that text is SQL, what stands before them.

use super::engine::Engine;
use super::value::{At, Atom, Built, Env, Taint, Value, safe};
use crate::ir::{Expr, ExprKind};
use model::Span;
use std::rc::Rc;
use std::sync::Arc;

/// Longer constants are not kept.
const MAX_TEXT: usize = 16 << 10;
/// Longer patterns name no key and no source.
const MAX_PATTERN: usize = 1024;

/// A part of a text.
pub(super) enum Piece<'t> {
    /// Written out.
    Text(&'t str),
    /// A value, and the expression that gives it (`None`: what the text was before).
    Value(Value, Option<Span>),
}

impl<'p> Engine<'p> {
    /// A template without a tag.
    pub fn template(&mut self, texts: &'p [(Arc<str>, Span)], parts: &'p [Expr], at: At, env: &Rc<Env>) -> Value {
        let mut pieces = Vec::with_capacity(texts.len() + parts.len());
        for (index, (text, _)) in texts.iter().enumerate() {
            if !text.is_empty() {
                pieces.push(Piece::Text(text));
            }
            if let Some(part) = parts.get(index) {
                pieces.push(Piece::Value(self.eval(part, env), Some(part.span)));
            }
        }
        self.concat(pieces, at)
    }

    /// A template with a tag: tags such as `sql` make parameters of the parts.
    pub fn tagged(&mut self, tag: &'p Expr, template: &'p Expr, env: &Rc<Env>) -> Value {
        let raw = matches!(&tag.kind, ExprKind::Member(object, key)
            if matches!(&object.kind, ExprKind::Global(name) if &**name == "String") && key.name().is_some_and(|n| &**n == "raw"));
        self.eval(tag, env);
        let value = self.eval(template, env);
        if raw { value } else { Value::unknown() }
    }

    /// Puts pieces together at an expression.
    pub fn concat(&mut self, pieces: Vec<Piece<'_>>, at: At) -> Value {
        if let [Piece::Value(only, _)] = pieces.as_slice() {
            return Value { facts: None, ..only.clone() };
        }
        if let Some(text) = constant(&pieces) {
            return Value::of(Atom::Text(text.into()));
        }
        let sql = looks_like_sql(&pieces);
        let (_, function) = self.here();
        let mut out = Value::unknown();
        let mut before = String::new();
        for piece in &pieces {
            match piece {
                Piece::Text(text) => before.push_str(text),
                Piece::Value(value, span) => {
                    let fixed = host_is_fixed(&before);
                    let taints: Vec<Taint> =
                        value.taints.iter().map(|t| self.joined(t, *span, fixed, Built { at, function, sql })).collect();
                    out.taint(&taints);
                    match value.text() {
                        Some(text) => before.push_str(text),
                        None if value.pattern.is_some() && value.taints.is_empty() => {
                            before.push_str(value.pattern.as_deref().unwrap_or(""))
                        }
                        None if value.taints.is_empty() => before.push('\u{1}'),
                        None => before.push('\u{2}'),
                    }
                }
            }
            before.truncate(before.floor_char_boundary(MAX_TEXT));
        }
        if out.taints.is_empty()
            && pieces.iter().all(|p| matches!(p, Piece::Value(v, _) if v.atoms.iter().all(|a| matches!(a, Atom::Number)) && !v.unknown))
        {
            return Value::of(Atom::Number);
        }
        let pattern: String = before.replace(['\u{1}', '\u{2}'], "*");
        out.pattern = Some(pattern).filter(|p| !p.is_empty() && p.len() <= MAX_PATTERN && !p.starts_with('*')).map(Into::into);
        out
    }

    /// Data that joined a text. Data that were part of an SQL text before stay where they first joined it.
    fn joined(&mut self, taint: &Taint, span: Option<Span>, fixed: bool, built: Built) -> Taint {
        let mut taint = taint.clone();
        if fixed {
            taint.safe |= safe::URL;
        }
        taint.whole = false;
        if taint.built.is_some_and(|b| b.sql || !built.sql) && span.is_none() {
            return taint;
        }
        if taint.built.is_some_and(|b| b.sql) {
            return taint;
        }
        let code = self.module(built.at.module);
        let part = span.map_or("", |s| code.slice(s));
        let part = if part.is_empty() || part.len() > 60 || part.contains(['\n', '`']) { "the value" } else { part };
        let text = if built.sql { "the text of an SQL statement" } else { "a text" };
        let says = if part == "the value" { format!("it becomes part of {text}") } else { format!("`{part}` becomes part of {text}") };
        let mut taint = taint.stepped(says, built.at);
        taint.built = Some(built);
        taint
    }

    /// Everything of the event that a value and what it contains may hold.
    pub fn deep(&mut self, value: &Value, depth: usize) -> Vec<Taint> {
        let mut all = value.clone();
        all.atoms.clear();
        if depth > 0 {
            for atom in &value.atoms {
                if let Atom::Object(id) = atom
                    && let Some(object) = self.state.at(*id)
                {
                    let cells: Vec<usize> = object.fields.values().copied().chain(object.any).chain(object.spread).collect();
                    for cell in cells {
                        let inner = self.state.get(cell);
                        let taints = self.deep(&inner, depth - 1);
                        all.taint(&taints);
                    }
                }
            }
        }
        all.taints
    }
}

fn constant(pieces: &[Piece<'_>]) -> Option<String> {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Value(value, _) => out.push_str(value.text()?),
        }
        if out.len() > MAX_TEXT {
            return None;
        }
    }
    Some(out)
}

/// Whether what stands before data already says which host a URL leads to.
fn host_is_fixed(before: &str) -> bool {
    let rest = ["https://", "http://"].iter().find_map(|scheme| before.strip_prefix(scheme)).unwrap_or(before);
    // \u{1} stands for a value of the application, \u{2} for other data.
    match rest.find(['/', '?', '#', '\u{1}', '\u{2}']) {
        Some(at) => !rest[at..].starts_with('\u{2}'),
        None => false,
    }
}

/// Words that begin or go on with an SQL statement.
const SQL: [&str; 26] = [
    "select ",
    "insert ",
    "update ",
    "delete ",
    "replace ",
    "where ",
    " from ",
    "values",
    "order by",
    "group by",
    "having ",
    " and ",
    " or ",
    "limit ",
    "offset ",
    "join ",
    "drop ",
    "create ",
    "alter ",
    "truncate ",
    "call ",
    "exec ",
    "union ",
    " set ",
    " like ",
    " in (",
];

/// Whether the constant parts read like SQL.
fn looks_like_sql(pieces: &[Piece<'_>]) -> bool {
    let mut text = String::new();
    let mut built = false;
    for piece in pieces {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Value(value, _) => {
                built |= value.taints.iter().any(|t| t.built.is_some_and(|b| b.sql));
                match value.texts().next() {
                    Some(part) => text.push_str(part),
                    None => text.push('?'),
                }
            }
        }
        text.truncate(text.floor_char_boundary(MAX_TEXT));
    }
    let text = text.to_ascii_lowercase().replace(['\n', '\t', '\r'], " ");
    let hits = SQL.iter().filter(|word| text.contains(**word)).count();
    let begins =
        ["select ", "insert ", "update ", "delete ", "replace into", "drop ", "create ", "alter ", "call ", "exec ", "with ", "truncate "];
    let starts = begins.iter().any(|word| text.trim_start().starts_with(word));
    built || hits > 1 || (starts && hits > 0) || (hits > 0 && text.contains('='))
}

#[cfg(test)]
mod tests {
    use super::host_is_fixed;

    #[test]
    fn hosts() {
        for (before, fixed) in [
            ("https://api.example.com/x/", true),
            ("https://", false),
            ("https://api.", false),
            ("\u{1}/x/", true),
            ("", false),
            ("\u{2}", false),
            ("/a/", true),
        ] {
            assert_eq!(host_is_fixed(before), fixed, "{before:?}");
        }
    }
}
