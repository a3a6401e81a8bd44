//! Statements. Never executes one.

use super::{Lower, MAX_DEPTH, opaque, span_of};
use crate::ir::{AssignOp, Call, Expr, ExprKind, Key, Loop, Pattern, Stmt, StmtKind};
use model::Span;
use ruff_python_ast::{self as ast, ExceptHandler, Operator, Stmt as S};

/// Targets of one `a = b = value` that are followed.
const MAX_TARGETS: usize = 32;
/// Handlers of one `try` that are followed.
const MAX_HANDLERS: usize = 32;

impl Lower {
    pub(super) fn block(&mut self, statements: &[S]) -> Vec<Stmt> {
        let mut out = Vec::with_capacity(statements.len());
        for statement in statements {
            self.deeper(|this| this.statement(statement, &mut out));
        }
        out
    }

    fn statement(&mut self, statement: &S, out: &mut Vec<Stmt>) {
        let at = span_of(statement);
        let kind = match statement {
            S::FunctionDef(f) => return self.function_definition(f, out),
            S::ClassDef(c) => return self.class_definition(c, out),
            S::Import(i) => return self.import(i, out),
            S::ImportFrom(i) => return self.import_from(i, out),
            S::Return(r) => StmtKind::Return(r.value.as_ref().map(|v| self.expression(v))),
            S::Assign(a) => self.assign(a, at),
            S::AugAssign(a) => {
                let value = self.expression(&a.value);
                let target = self.target(&a.target);
                let op = match a.op {
                    Operator::Add | Operator::Mod => AssignOp::Add,
                    Operator::BitOr => AssignOp::Logical,
                    _ => AssignOp::Arithmetic,
                };
                StmtKind::Expr(Expr { span: at, kind: ExprKind::Assign(op, Box::new(target), Box::new(value)) })
            }
            S::AnnAssign(a) => match &a.value {
                Some(value) => {
                    let value = self.named(value, name_of(&a.target));
                    self.bound(&a.target, value, at)
                }
                None => return,
            },
            S::For(f) => {
                let each = Some((self.target(&f.target), self.expression(&f.iter)));
                let body = self.block(&f.body);
                let whole = Loop { init: Vec::new(), each, keys: false, test: None, update: None, body };
                out.push(Stmt { span: at, kind: StmtKind::Loop(Box::new(whole)) });
                out.extend(self.block(&f.orelse));
                return;
            }
            S::While(w) => {
                let test = Some(self.expression(&w.test));
                let body = self.block(&w.body);
                let whole = Loop { init: Vec::new(), each: None, keys: false, test, update: None, body };
                out.push(Stmt { span: at, kind: StmtKind::Loop(Box::new(whole)) });
                out.extend(self.block(&w.orelse));
                return;
            }
            S::If(i) => {
                let test = self.expression(&i.test);
                let yes = self.block(&i.body);
                StmtKind::If(test, yes, self.clauses(&i.elif_else_clauses, at))
            }
            S::With(w) => {
                for item in &w.items {
                    let value = self.expression(&item.context_expr);
                    let kind = match &item.optional_vars {
                        Some(target) => {
                            let opened = self.opened(value);
                            self.bound(target, opened, span_of(&item.context_expr))
                        }
                        None => StmtKind::Expr(value),
                    };
                    out.push(Stmt { span: span_of(&item.context_expr), kind });
                }
                StmtKind::Block(self.block(&w.body))
            }
            S::Match(m) => self.match_statement(m),
            S::Raise(r) => {
                StmtKind::Throw(r.exc.as_ref().map_or_else(|| Expr { span: at, kind: ExprKind::Null }, |exc| self.expression(exc)))
            }
            S::Try(t) => self.try_statement(t, at),
            S::Assert(a) => {
                let test = self.expression(&a.test);
                let fails = Stmt { span: at, kind: StmtKind::Throw(Expr { span: at, kind: ExprKind::Null }) };
                StmtKind::If(test, Vec::new(), vec![fails])
            }
            S::Expr(e) => StmtKind::Expr(self.expression(&e.value)),
            S::Break(_) => StmtKind::Break,
            S::Continue(_) => StmtKind::Continue,
            S::Delete(_) | S::TypeAlias(_) | S::Global(_) | S::Nonlocal(_) | S::Pass(_) | S::IpyEscapeCommand(_) => return,
        };
        out.push(Stmt { span: at, kind });
    }

    /// `with x as y` gives what `x.__enter__()` gives.
    fn opened(&self, value: Expr) -> Expr {
        let at = value.span;
        let callee = Expr { span: at, kind: ExprKind::Member(Box::new(value), Key::Static("__enter__".into())) };
        Expr { span: at, kind: ExprKind::Call(Box::new(Call { callee, args: Vec::new() })) }
    }

    fn assign(&mut self, a: &ast::StmtAssign, at: Span) -> StmtKind {
        let Some((first, more)) = a.targets.split_first() else { return StmtKind::Expr(opaque(at)) };
        let mut value = self.named(&a.value, name_of(first));
        self.cut |= more.len() > MAX_TARGETS;
        for target in more.iter().take(MAX_TARGETS).rev() {
            let target = self.target(target);
            value = Expr { span: at, kind: ExprKind::Assign(AssignOp::Set, Box::new(target), Box::new(value)) };
        }
        self.bound(first, value, at)
    }

    /// A value is given to a target. A name is declared so, so that a constant is known as one.
    fn bound(&mut self, target: &ast::Expr, value: Expr, at: Span) -> StmtKind {
        match self.target(target) {
            Pattern::Var(var) => StmtKind::Let(Pattern::Var(var), Some(value)),
            target => StmtKind::Expr(Expr { span: at, kind: ExprKind::Assign(AssignOp::Set, Box::new(target), Box::new(value)) }),
        }
    }

    fn clauses(&mut self, clauses: &[ast::ElifElseClause], at: Span) -> Vec<Stmt> {
        // The last clause is the innermost.
        let mut rest: Vec<Stmt> = Vec::new();
        // Each `elif` stands inside the one before it.
        let kept = clauses.len().min((MAX_DEPTH - self.depth.min(MAX_DEPTH)) as usize);
        self.cut |= kept < clauses.len();
        for clause in clauses.iter().take(kept).rev() {
            let body = self.block(&clause.body);
            rest = match &clause.test {
                None => body,
                Some(test) => {
                    let test = self.expression(test);
                    vec![Stmt { span: at, kind: StmtKind::If(test, body, rest) }]
                }
            };
        }
        rest
    }

    fn try_statement(&mut self, t: &ast::StmtTry, at: Span) -> StmtKind {
        let mut body = self.block(&t.body);
        body.extend(self.block(&t.orelse));
        let mut handler: Option<Vec<Stmt>> = None;
        for h in t.handlers.iter().take(MAX_HANDLERS).rev() {
            let ExceptHandler::ExceptHandler(h) = h;
            let mut one = Vec::new();
            if let Some(var) = h.name.as_ref().and_then(|name| self.variable(name)) {
                let error = Expr { span: span_of(h), kind: ExprKind::Global("__exception__".into()) };
                one.push(Stmt { span: span_of(h), kind: StmtKind::Let(Pattern::Var(var), Some(error)) });
            }
            one.extend(self.block(&h.body));
            handler = Some(match handler {
                None => one,
                // Which of them runs is not known.
                Some(others) => vec![Stmt { span: at, kind: StmtKind::If(opaque(at), one, others) }],
            });
        }
        StmtKind::Try(body, None, handler, self.block(&t.finalbody))
    }
}

/// The name a function without one takes.
fn name_of(target: &ast::Expr) -> &str {
    match target {
        ast::Expr::Name(name) => &name.id,
        ast::Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => "",
    }
}
