//! Targets of assignments and the patterns of `match`. Never decides whether a pattern matches.

use super::{Lower, opaque, span, span_of};
use crate::ir::{Expr, ExprKind, Key, Pattern, Stmt, StmtKind};
use ruff_python_ast::{self as ast, Expr as E, Pattern as P};

impl Lower {
    pub(super) fn target(&mut self, target: &E) -> Pattern {
        self.deeper(|this| this.target_inner(target)).unwrap_or(Pattern::Nothing)
    }

    fn target_inner(&mut self, target: &E) -> Pattern {
        match target {
            E::Name(name) => self.variable(&name.id).map_or(Pattern::Nothing, Pattern::Var),
            E::Tuple(t) => self.targets(&t.elts),
            E::List(l) => self.targets(&l.elts),
            E::Starred(s) => self.target(&s.value),
            E::Attribute(_) | E::Subscript(_) => Pattern::Place(Box::new(self.expression(target))),
            _ => Pattern::Nothing,
        }
    }

    fn targets(&mut self, elements: &[E]) -> Pattern {
        let mut items = Vec::new();
        let mut rest = None;
        for element in elements {
            match element {
                E::Starred(s) => rest = Some(Box::new(self.target(&s.value))),
                other => items.push(Some(self.target(other))),
            }
        }
        Pattern::Array(items, rest)
    }

    pub(super) fn match_statement(&mut self, m: &ast::StmtMatch) -> StmtKind {
        let subject = self.expression(&m.subject);
        let mut cases = Vec::new();
        for case in &m.cases {
            let mut body = Vec::new();
            self.captures(&case.pattern, &m.subject, &mut body, 0);
            let inner = self.block(&case.body);
            match &case.guard {
                Some(guard) => {
                    let test = self.expression(guard);
                    body.push(Stmt { span: span(case.range), kind: StmtKind::If(test, inner, Vec::new()) });
                }
                None => body.extend(inner),
            }
            // A case does not run into the next one.
            body.push(Stmt { span: span(case.range), kind: StmtKind::Break });
            let mut tests = Vec::new();
            if !self.compared(&case.pattern, &mut tests) {
                cases.push((None, body));
                continue;
            }
            // `case "a" | "b"`: every value but the last is a case that shares the body.
            let last = tests.pop();
            cases.extend(tests.into_iter().map(|test| (Some(test), Vec::new())));
            cases.push((last, body));
        }
        StmtKind::Switch(subject, cases)
    }

    /// The values a pattern compares with; false when it is more than that.
    fn compared(&mut self, pattern: &P, out: &mut Vec<Expr>) -> bool {
        match pattern {
            P::MatchValue(v) => {
                out.push(self.expression(&v.value));
                true
            }
            P::MatchOr(or) => or.patterns.iter().all(|p| self.compared(p, out)),
            _ => false,
        }
    }

    /// Binds the names of a pattern to parts of the subject.
    fn captures(&mut self, pattern: &P, subject: &E, out: &mut Vec<Stmt>, depth: u32) {
        if depth > 32 {
            return;
        }
        let at = span_of(pattern);
        match pattern {
            P::MatchAs(p) => {
                if let Some(name) = &p.name {
                    let value = self.expression(subject);
                    self.capture(name, value, out);
                }
                if let Some(inner) = &p.pattern {
                    self.captures(inner, subject, out, depth + 1);
                }
            }
            P::MatchMapping(p) => {
                for (key, inner) in p.keys.iter().zip(&p.patterns) {
                    if let P::MatchAs(capture) = inner
                        && let Some(name) = &capture.name
                    {
                        let (object, key) = (self.expression(subject), self.expression(key));
                        let kind = ExprKind::Member(Box::new(object), Key::Computed(Box::new(key)));
                        self.capture(name, Expr { span: at, kind }, out);
                    } else {
                        self.captures(inner, subject, out, depth + 1);
                    }
                }
                if let Some(rest) = &p.rest {
                    let value = self.expression(subject);
                    self.capture(rest, value, out);
                }
            }
            P::MatchSequence(p) => p.patterns.iter().for_each(|inner| self.element_captures(inner, subject, out, depth)),
            P::MatchClass(p) => {
                p.arguments.patterns.iter().for_each(|inner| self.element_captures(inner, subject, out, depth));
                p.arguments.keywords.iter().for_each(|k| self.element_captures(&k.pattern, subject, out, depth));
            }
            P::MatchOr(p) => p.patterns.iter().for_each(|inner| self.captures(inner, subject, out, depth + 1)),
            P::MatchStar(p) => {
                if let Some(name) = &p.name {
                    let value = self.expression(subject);
                    self.capture(name, value, out);
                }
            }
            P::MatchValue(_) | P::MatchSingleton(_) => {}
        }
    }

    fn capture(&self, name: &str, value: Expr, out: &mut Vec<Stmt>) {
        if let Some(var) = self.variable(name) {
            out.push(Stmt { span: value.span, kind: StmtKind::Let(Pattern::Var(var), Some(value)) });
        }
    }

    /// Binds a name to any element of the subject.
    fn element_captures(&mut self, pattern: &P, subject: &E, out: &mut Vec<Stmt>, depth: u32) {
        let at = span_of(pattern);
        match pattern {
            P::MatchAs(ast::PatternMatchAs { name: Some(name), pattern: None, .. }) => {
                if let Some(var) = self.variable(name) {
                    let object = Box::new(self.expression(subject));
                    let kind = ExprKind::Member(object, Key::Computed(Box::new(opaque(at))));
                    out.push(Stmt { span: at, kind: StmtKind::Let(Pattern::Var(var), Some(Expr { span: at, kind })) });
                }
            }
            other => self.captures(other, subject, out, depth + 1),
        }
    }
}
