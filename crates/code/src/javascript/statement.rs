//! Statements. Never executes one.

use super::{Lower, span};
use crate::ir::{Expr, ExprKind, Loop, Pattern, Property, Stmt, StmtKind};
use oxc_ast::ast::{self, Statement as S};
use oxc_span::GetSpan;

impl Lower<'_> {
    pub(super) fn block(&mut self, statements: &[S<'_>]) -> Vec<Stmt> {
        let mut out = Vec::with_capacity(statements.len());
        for statement in statements {
            self.statement(statement, &mut out);
        }
        out
    }

    pub(super) fn one(&mut self, statement: &S<'_>) -> Vec<Stmt> {
        let mut out = Vec::new();
        self.statement(statement, &mut out);
        out
    }

    fn statement(&mut self, statement: &S<'_>, out: &mut Vec<Stmt>) {
        self.deeper(|this| this.statement_inner(statement, out));
    }

    fn statement_inner(&mut self, statement: &S<'_>, out: &mut Vec<Stmt>) {
        let kind = match statement {
            S::BlockStatement(b) => StmtKind::Block(self.block(&b.body)),
            S::BreakStatement(_) => StmtKind::Break,
            S::ContinueStatement(_) => StmtKind::Continue,
            S::DebuggerStatement(_) | S::EmptyStatement(_) => return,
            S::ExpressionStatement(e) => StmtKind::Expr(self.expression(&e.expression)),
            S::ReturnStatement(r) => StmtKind::Return(r.argument.as_ref().map(|a| self.expression(a))),
            S::ThrowStatement(t) => StmtKind::Throw(self.expression(&t.argument)),
            S::IfStatement(i) => {
                let (test, yes) = (self.expression(&i.test), self.one(&i.consequent));
                StmtKind::If(test, yes, i.alternate.as_ref().map(|no| self.one(no)).unwrap_or_default())
            }
            S::SwitchStatement(s) => {
                let subject = self.expression(&s.discriminant);
                let cases = s.cases.iter().map(|c| (c.test.as_ref().map(|t| self.expression(t)), self.block(&c.consequent))).collect();
                StmtKind::Switch(subject, cases)
            }
            S::TryStatement(t) => {
                let body = self.block(&t.block.body);
                let param = t.handler.as_ref().and_then(|h| h.param.as_ref()).map(|p| self.binding(&p.pattern));
                let handler = t.handler.as_ref().map(|h| self.block(&h.body.body));
                StmtKind::Try(body, param, handler, t.finalizer.as_ref().map(|f| self.block(&f.body)).unwrap_or_default())
            }
            S::LabeledStatement(l) => return self.statement(&l.body, out),
            S::WithStatement(w) => StmtKind::Block(self.one(&w.body)),
            S::DoWhileStatement(_) | S::WhileStatement(_) | S::ForStatement(_) | S::ForInStatement(_) | S::ForOfStatement(_) => {
                StmtKind::Loop(Box::new(self.any_loop(statement)))
            }
            other => {
                if let Some(declaration) = other.as_declaration() {
                    self.declaration(declaration, out);
                } else if let Some(module) = other.as_module_declaration() {
                    self.module_declaration(module, out);
                }
                return;
            }
        };
        out.push(Stmt { span: span(statement.span()), kind });
    }

    fn any_loop(&mut self, statement: &S<'_>) -> Loop {
        let mut l = Loop { init: Vec::new(), each: None, keys: false, test: None, update: None, body: Vec::new() };
        match statement {
            S::DoWhileStatement(w) => (l.body, l.test) = (self.one(&w.body), Some(self.expression(&w.test))),
            S::WhileStatement(w) => (l.test, l.body) = (Some(self.expression(&w.test)), self.one(&w.body)),
            S::ForStatement(f) => {
                match &f.init {
                    Some(ast::ForStatementInit::VariableDeclaration(d)) => self.variables(d, &mut l.init),
                    Some(other) => {
                        if let Some(expr) = other.as_expression() {
                            l.init.push(Stmt { span: span(expr.span()), kind: StmtKind::Expr(self.expression(expr)) });
                        }
                    }
                    None => {}
                }
                l.test = f.test.as_ref().map(|t| self.expression(t));
                l.body = self.one(&f.body);
                l.update = f.update.as_ref().map(|u| self.expression(u));
            }
            S::ForInStatement(f) => {
                l.each = Some((self.left(&f.left), self.expression(&f.right)));
                l.keys = true;
                l.body = self.one(&f.body);
            }
            S::ForOfStatement(f) => {
                l.each = Some((self.left(&f.left), self.expression(&f.right)));
                l.body = self.one(&f.body);
            }
            _ => {}
        }
        l
    }

    fn left(&mut self, left: &ast::ForStatementLeft<'_>) -> Pattern {
        match left {
            ast::ForStatementLeft::VariableDeclaration(d) => d.declarations.first().map_or(Pattern::Nothing, |d| self.binding(&d.id)),
            other => other.as_assignment_target().map_or(Pattern::Nothing, |target| self.target(target)),
        }
    }

    pub(super) fn declaration(&mut self, declaration: &ast::Declaration<'_>, out: &mut Vec<Stmt>) {
        let at = span(declaration.span());
        match declaration {
            ast::Declaration::VariableDeclaration(d) => self.variables(d, out),
            ast::Declaration::FunctionDeclaration(f) => {
                if let Some(id) = &f.id
                    && let Pattern::Var(var) = self.bind(id)
                    && f.body.is_some()
                {
                    let function = self.function(f, "");
                    out.push(Stmt { span: at, kind: StmtKind::Function(var, function) });
                }
            }
            ast::Declaration::ClassDeclaration(c) => {
                if let Some(id) = &c.id
                    && let Pattern::Var(var) = self.bind(id)
                {
                    let class = self.class(c, "");
                    out.push(Stmt { span: at, kind: StmtKind::Class(var, class) });
                }
            }
            ast::Declaration::TSEnumDeclaration(e) => {
                let pattern = self.bind(&e.id);
                let members = e.body.members.iter();
                let properties = members
                    .map(|m| {
                        let name = m.id.static_name();
                        let value = match &m.initializer {
                            Some(init) => self.expression(init),
                            None => Expr { span: span(m.span), kind: ExprKind::Number },
                        };
                        Property::Named(crate::ir::Key::Static(name.as_str().into()), value)
                    })
                    .collect();
                let value = Expr { span: at, kind: ExprKind::Object(properties) };
                out.push(Stmt { span: at, kind: StmtKind::Let(pattern, Some(value)) });
            }
            ast::Declaration::TSImportEqualsDeclaration(i) => {
                if let ast::TSModuleReference::ExternalModuleReference(r) = &i.module_reference {
                    let pattern = self.bind(&i.id);
                    let source = Expr { span: span(r.expression.span), kind: ExprKind::Text(r.expression.value.as_str().into()) };
                    self.module.specifiers.push((r.expression.value.as_str().into(), source.span));
                    let value = Expr { span: at, kind: ExprKind::Import(Box::new(source)) };
                    out.push(Stmt { span: at, kind: StmtKind::Let(pattern, Some(value)) });
                }
            }
            // Types, and namespaces of types, have no values.
            _ => {}
        }
    }

    fn variables(&mut self, d: &ast::VariableDeclaration<'_>, out: &mut Vec<Stmt>) {
        for declarator in &d.declarations {
            let pattern = self.binding(&declarator.id);
            let name = match &declarator.id {
                ast::BindingPattern::BindingIdentifier(id) => id.name.as_str(),
                _ => "",
            };
            let init = declarator.init.as_ref().map(|init| self.named(init, name));
            // The whole declaration, so that an edit can go after it; a declarator of several keeps its own extent.
            let at = if d.declarations.len() == 1 { d.span } else { declarator.span };
            out.push(Stmt { span: span(at), kind: StmtKind::Let(pattern, init) });
        }
    }
}
