//! `import` and `from ... import`. Never opens what is imported: the loader looks for it.
//!
//! A specifier is the dotted name as it is written, dots of a relative import in front. `from a import b` may mean the module
//! `a.b`, so that name is noted too, with `?` in front: nothing is missing when there is no such module.

use super::{Lower, span};
use crate::ir::{AssignOp, Expr, ExprKind, Import, Key, LogicalOp, Pattern, Stmt, StmtKind};
use model::Span;
use ruff_python_ast as ast;
use std::sync::Arc;

impl Lower {
    pub(super) fn import(&mut self, i: &ast::StmtImport, out: &mut Vec<Stmt>) {
        for alias in &i.names {
            let at = span(alias.range);
            let whole = alias.name.as_str();
            if let Some(name) = &alias.asname {
                let value = self.required(whole, at);
                self.give(name, value, at, out);
                continue;
            }
            let first = whole.split('.').next().unwrap_or(whole);
            let value = self.required(first, at);
            self.give(first, value, at, out);
            // `import a.b.c` makes each module an attribute of the one above it.
            for (dot, _) in whole.match_indices('.') {
                let name = whole.get(..whole.get(dot + 1..).and_then(|r| r.find('.')).map_or(whole.len(), |end| dot + 1 + end));
                let Some(name) = name else { continue };
                let Some(mut place) = self.variable(first).map(|var| Expr { span: at, kind: ExprKind::Var(var) }) else { continue };
                for part in name.split('.').skip(1) {
                    place = Expr { span: at, kind: ExprKind::Member(Box::new(place), Key::Static(part.into())) };
                }
                let value = Box::new(self.required(&format!("?{name}"), at));
                let kind = ExprKind::Assign(AssignOp::Set, Box::new(Pattern::Place(Box::new(place))), value);
                out.push(Stmt { span: at, kind: StmtKind::Expr(Expr { span: at, kind }) });
            }
        }
    }

    pub(super) fn import_from(&mut self, i: &ast::StmtImportFrom, out: &mut Vec<Stmt>) {
        let dots = ".".repeat(i.level as usize);
        let module = format!("{dots}{}", i.module.as_ref().map_or("", |m| m.as_str()));
        if module == "__future__" {
            return;
        }
        for alias in &i.names {
            let at = span(alias.range);
            let name = alias.name.as_str();
            if name == "*" {
                let specifier: Arc<str> = module.as_str().into();
                self.note(&module, at);
                out.push(Stmt { span: at, kind: StmtKind::ExportAll(specifier.clone()) });
                self.module.imports.push(Import { specifier, bindings: Vec::new() });
                continue;
            }
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            let inner = format!("?{}{}{name}", module, if module.ends_with('.') { "" } else { "." });
            let inner = self.required(&inner, at);
            let object = Box::new(self.required(&module, at));
            let member = Expr { span: at, kind: ExprKind::Member(object, Key::Static(name.into())) };
            // The module of that name when there is one, else the name in the module.
            let kind = ExprKind::Logical(LogicalOp::Nullish, vec![inner, member]);
            self.give(bound, Expr { span: at, kind }, at, out);
        }
    }

    fn give(&mut self, name: &str, value: Expr, at: Span, out: &mut Vec<Stmt>) {
        if let Some(var) = self.variable(name) {
            out.push(Stmt { span: at, kind: StmtKind::Let(Pattern::Var(var), Some(value)) });
        }
    }

    fn note(&mut self, specifier: &str, at: Span) {
        self.module.specifiers.push((specifier.into(), at));
    }

    fn required(&mut self, specifier: &str, at: Span) -> Expr {
        self.note(specifier, at);
        let text = Expr { span: at, kind: ExprKind::Text(specifier.into()) };
        Expr { span: at, kind: ExprKind::Import(Box::new(text)) }
    }
}
