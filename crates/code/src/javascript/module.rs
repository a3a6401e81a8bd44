//! Import and export declarations. Never opens what is imported.

use super::{Lower, span};
use crate::ir::{Expr, ExprKind, Import, Imported, Key, Pattern, Stmt, StmtKind};
use model::Span;
use oxc_ast::ast;
use oxc_span::GetSpan;
use std::sync::Arc;

impl Lower<'_> {
    pub(super) fn program(&mut self, program: &ast::Program<'_>) {
        let body = self.block(&program.body);
        // Names may be exported before they are given a value, so their exports are read last.
        let (exports, mut rest): (Vec<_>, Vec<_>) = body.into_iter().partition(|s| match &s.kind {
            StmtKind::Export(_, value) => matches!(value.kind, ExprKind::Var(_)),
            _ => false,
        });
        rest.extend(exports);
        self.module.functions[0].body = rest;
    }

    pub(super) fn module_declaration(&mut self, declaration: &ast::ModuleDeclaration<'_>, out: &mut Vec<Stmt>) {
        let at = span(declaration.span());
        let export = |name: &str, value: Expr| Stmt { span: at, kind: StmtKind::Export(name.into(), value) };
        match declaration {
            ast::ModuleDeclaration::ImportDeclaration(i) => self.import(i),
            ast::ModuleDeclaration::ExportAllDeclaration(e) => {
                let specifier: Arc<str> = e.source.value.as_str().into();
                self.module.specifiers.push((specifier.clone(), span(e.source.span)));
                match &e.exported {
                    Some(name) => out.push(export(&name.name(), required(&specifier, span(e.source.span)))),
                    None => out.push(Stmt { span: at, kind: StmtKind::ExportAll(specifier) }),
                }
            }
            ast::ModuleDeclaration::ExportDefaultDeclaration(e) => {
                let value = match &e.declaration {
                    ast::ExportDefaultDeclarationKind::FunctionDeclaration(f) => self.default_function(f, out),
                    ast::ExportDefaultDeclarationKind::ClassDeclaration(c) => {
                        let pattern = c.id.as_ref().map(|id| self.bind(id));
                        let class = self.class(c, "default");
                        if let Some(Pattern::Var(var)) = pattern {
                            out.push(Stmt { span: at, kind: StmtKind::Class(var, class) });
                        }
                        Expr { span: span(c.span), kind: ExprKind::Class(class) }
                    }
                    ast::ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => return,
                    other => match other.as_expression() {
                        Some(expr) => self.named(expr, ""),
                        None => return,
                    },
                };
                out.push(export("default", value));
            }
            ast::ModuleDeclaration::ExportDeclaration(e) => {
                let first = out.len();
                self.declaration(&e.declaration, out);
                let mut bound = Vec::new();
                for stmt in out.get(first..).unwrap_or_default() {
                    match &stmt.kind {
                        StmtKind::Let(pattern, _) => variables(pattern, &mut bound),
                        StmtKind::Function(var, _) | StmtKind::Class(var, _) => bound.push(*var),
                        _ => {}
                    }
                }
                for var in bound {
                    let name = self.module.variables.get(var as usize).cloned().unwrap_or_default();
                    out.push(export(&name, Expr { span: at, kind: ExprKind::Var(var) }));
                }
            }
            ast::ModuleDeclaration::ExportNamedDeclaration(e) => {
                for specifier in &e.specifiers {
                    if let ast::ModuleExportName::IdentifierReference(id) = &specifier.local
                        && let Some(var) = self.variable(id)
                    {
                        out.push(export(&specifier.exported.name(), Expr { span: span(id.span), kind: ExprKind::Var(var) }));
                    }
                }
            }
            ast::ModuleDeclaration::ExportFromDeclaration(e) => {
                let source: Arc<str> = e.source.value.as_str().into();
                self.module.specifiers.push((source.clone(), span(e.source.span)));
                for specifier in &e.specifiers {
                    let module = Box::new(required(&source, span(e.source.span)));
                    let key = Key::Static(specifier.local.name().as_str().into());
                    let value = Expr { span: span(specifier.span), kind: ExprKind::Member(module, key) };
                    out.push(export(&specifier.exported.name(), value));
                }
            }
            ast::ModuleDeclaration::TSExportAssignment(e) => {
                let global = Expr { span: at, kind: ExprKind::Global("module".into()) };
                let place = Expr { span: at, kind: ExprKind::Member(Box::new(global), Key::Static("exports".into())) };
                let value = self.expression(&e.expression);
                let kind = ExprKind::Assign(crate::ir::AssignOp::Set, Box::new(Pattern::Place(Box::new(place))), Box::new(value));
                out.push(Stmt { span: at, kind: StmtKind::Expr(Expr { span: at, kind }) });
            }
            ast::ModuleDeclaration::TSNamespaceExportDeclaration(_) => {}
        }
    }

    fn default_function(&mut self, f: &ast::Function<'_>, out: &mut Vec<Stmt>) -> Expr {
        let at = span(f.span);
        let var = f.id.as_ref().map(|id| self.bind(id));
        let function = self.function(f, "default");
        match var {
            Some(Pattern::Var(var)) => {
                out.push(Stmt { span: at, kind: StmtKind::Function(var, function) });
                Expr { span: at, kind: ExprKind::Var(var) }
            }
            _ => Expr { span: at, kind: ExprKind::Function(function) },
        }
    }

    fn import(&mut self, i: &ast::ImportDeclaration<'_>) {
        if i.import_kind.is_type() {
            return;
        }
        let specifier: Arc<str> = i.source.value.as_str().into();
        self.module.specifiers.push((specifier.clone(), span(i.source.span)));
        let mut bindings = Vec::new();
        for s in i.specifiers.iter().flatten() {
            let (local, imported) = match s {
                ast::ImportDeclarationSpecifier::ImportSpecifier(s) => {
                    let name = s.imported.name();
                    (&s.local, if name == "default" { Imported::Default } else { Imported::Named(name.as_str().into()) })
                }
                ast::ImportDeclarationSpecifier::ImportDefaultSpecifier(s) => (&s.local, Imported::Default),
                ast::ImportDeclarationSpecifier::ImportNamespaceSpecifier(s) => (&s.local, Imported::Namespace),
            };
            if let Pattern::Var(var) = self.bind(local) {
                bindings.push((var, imported));
            }
        }
        self.module.imports.push(Import { specifier, bindings });
    }
}

fn required(specifier: &Arc<str>, at: Span) -> Expr {
    let text = Expr { span: at, kind: ExprKind::Text(specifier.clone()) };
    Expr { span: at, kind: ExprKind::Import(Box::new(text)) }
}

fn variables(pattern: &Pattern, out: &mut Vec<u32>) {
    match pattern {
        Pattern::Var(var) => out.push(*var),
        Pattern::Object(properties, rest) => {
            properties.iter().for_each(|(_, p, _)| variables(p, out));
            rest.iter().for_each(|p| variables(p, out));
        }
        Pattern::Array(items, rest) => {
            items.iter().flatten().for_each(|p| variables(p, out));
            rest.iter().for_each(|p| variables(p, out));
        }
        Pattern::Default(inner, _) => variables(inner, out),
        Pattern::Place(_) | Pattern::Nothing => {}
    }
}
