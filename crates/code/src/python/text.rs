//! Texts with holes: f-strings, `%` and `.format()`. All become the template of the intermediate form, texts and what stands
//! between them.

use super::{Lower, span_of};
use crate::ir::{Expr, ExprKind};
use model::Span;
use ruff_python_ast::{self as ast, Expr as E, FStringPart, InterpolatedStringElement};
use std::sync::Arc;

/// Texts and holes in order; there is one text more than holes.
#[derive(Default)]
struct Parts {
    texts: Vec<(Arc<str>, Span)>,
    holes: Vec<Expr>,
    text: String,
}

impl Parts {
    fn hole(&mut self, hole: Expr) {
        let at = Span { start: hole.span.start, end: hole.span.start };
        self.texts.push((std::mem::take(&mut self.text).into(), at));
        self.holes.push(hole);
    }

    fn finish(mut self, at: Span) -> ExprKind {
        self.texts.push((std::mem::take(&mut self.text).into(), Span { start: at.end, end: at.end }));
        ExprKind::Template(self.texts, self.holes)
    }
}

impl Lower {
    pub(super) fn f_string(&mut self, f: &ast::ExprFString) -> ExprKind {
        let mut parts = Parts::default();
        for part in &f.value {
            match part {
                FStringPart::Literal(literal) => parts.text.push_str(literal),
                FStringPart::FString(f) => f.elements.iter().for_each(|e| self.element(e, &mut parts)),
            }
        }
        parts.finish(span_of(f))
    }

    pub(super) fn template_parts<'a>(&mut self, elements: impl Iterator<Item = &'a InterpolatedStringElement>, at: Span) -> ExprKind {
        let mut parts = Parts::default();
        elements.for_each(|e| self.element(e, &mut parts));
        parts.finish(at)
    }

    fn element(&mut self, element: &InterpolatedStringElement, parts: &mut Parts) {
        match element {
            InterpolatedStringElement::Literal(literal) => parts.text.push_str(&literal.value),
            InterpolatedStringElement::Interpolation(hole) => {
                let value = self.expression(&hole.expression);
                parts.hole(value);
            }
        }
    }

    /// `"... %s ..." % x`; of numbers it is a number.
    pub(super) fn percent(&mut self, b: &ast::ExprBinOp) -> ExprKind {
        let at = span_of(b);
        let E::StringLiteral(left) = &*b.left else {
            if matches!(&*b.right, E::NumberLiteral(_)) {
                return ExprKind::Pure(vec![self.expression(&b.left), self.expression(&b.right)]);
            }
            let mut all = vec![self.expression(&b.left)];
            all.extend(self.values(&b.right));
            return ExprKind::Add(all);
        };
        let mut values = self.values(&b.right).into_iter();
        let named = matches!(&*b.right, E::Dict(_));
        let mut parts = Parts::default();
        let text = left.value.to_str();
        let mut rest = text;
        while let Some(found) = rest.find('%') {
            parts.text.push_str(rest.get(..found).unwrap_or(""));
            rest = rest.get(found + 1..).unwrap_or("");
            if let Some(after) = rest.strip_prefix('%') {
                parts.text.push('%');
                rest = after;
                continue;
            }
            if rest.starts_with('(') {
                rest = rest.split_once(')').map_or("", |(_, after)| after);
            }
            // Flags, width, precision, then the letter of the conversion.
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '#' | ' ' | '.' | '*'));
            let mut chars = rest.chars();
            let conversion = chars.next();
            rest = chars.as_str();
            let value = values.next();
            match (conversion, value) {
                // `%d` of what is no number fails.
                (Some('d' | 'i' | 'f' | 'u' | 'x' | 'o' | 'e' | 'g'), Some(value)) if !named => {
                    parts.hole(Expr { span: value.span, kind: ExprKind::Pure(vec![value]) });
                }
                (_, Some(value)) => parts.hole(value),
                (_, None) => parts.text.push('?'),
            }
        }
        parts.text.push_str(rest);
        for value in values {
            parts.hole(value);
        }
        parts.finish(at)
    }

    fn values(&mut self, right: &E) -> Vec<Expr> {
        match right {
            E::Tuple(t) => self.list(&t.elts),
            E::Dict(d) => self.list(d.items.iter().map(|item| &item.value)),
            other => vec![self.expression(other)],
        }
    }

    /// `"... {} ... {name} ...".format(x, name=y)`.
    pub(super) fn format_call(&mut self, text: &E, arguments: &ast::Arguments, at: Span) -> ExprKind {
        let E::StringLiteral(literal) = text else { return ExprKind::Opaque };
        let mut by_name: Vec<(String, Expr)> = Vec::new();
        for (index, arg) in arguments.args.iter().enumerate() {
            let value = match arg {
                E::Starred(s) => self.expression(&s.value),
                other => self.expression(other),
            };
            by_name.push((index.to_string(), value));
        }
        for keyword in &arguments.keywords {
            let name = keyword.arg.as_ref().map(ToString::to_string).unwrap_or_default();
            by_name.push((name, self.expression(&keyword.value)));
        }
        let mut parts = Parts::default();
        let mut next = 0;
        let mut rest = literal.value.to_str();
        while let Some(found) = rest.find(['{', '}']) {
            parts.text.push_str(rest.get(..found).unwrap_or(""));
            let tail = rest.get(found..).unwrap_or("");
            if let Some(after) = tail.strip_prefix("{{").or_else(|| tail.strip_prefix("}}")) {
                parts.text.push_str(tail.get(..1).unwrap_or(""));
                rest = after;
                continue;
            }
            let Some((field, after)) = tail.strip_prefix('{').and_then(|t| t.split_once('}')) else {
                rest = tail.get(1..).unwrap_or("");
                continue;
            };
            rest = after;
            let name = field.split(['.', '[', ':', '!']).next().unwrap_or("");
            let name = if name.is_empty() {
                next += 1;
                (next - 1).to_string()
            } else {
                name.to_owned()
            };
            match by_name.iter().position(|(known, _)| *known == name) {
                Some(index) => parts.hole(by_name.remove(index).1),
                // Used twice, or given by `**`: what is left stands for it.
                None => parts.text.push('?'),
            }
        }
        parts.text.push_str(rest);
        by_name.into_iter().for_each(|(_, value)| parts.hole(value));
        parts.finish(at)
    }
}
