//! A walk over the statements and expressions of one function, in source order. Never enters the functions inside it.

use crate::ir::{Expr, ExprKind, Key, Pattern, Property, Stmt, StmtKind};

/// What is met on the way.
pub(crate) enum Met<'m> {
    /// A statement; `true` when it stands alone where a block could (`if (a) b();`).
    Stmt(&'m Stmt, bool),
    /// An expression.
    Expr(&'m Expr),
}

/// Visits everything in a body.
pub(crate) fn body<'m>(stmts: &'m [Stmt], see: &mut dyn FnMut(Met<'m>)) {
    stmts.iter().for_each(|s| stmt(s, false, see));
}

fn branch<'m>(stmts: &'m [Stmt], see: &mut dyn FnMut(Met<'m>)) {
    stmts.iter().for_each(|s| stmt(s, true, see));
}

fn stmt<'m>(s: &'m Stmt, alone: bool, see: &mut dyn FnMut(Met<'m>)) {
    see(Met::Stmt(s, alone));
    match &s.kind {
        StmtKind::Expr(e) | StmtKind::Throw(e) | StmtKind::Export(_, e) => expr(e, see),
        StmtKind::Let(p, value) => {
            pattern(p, see);
            value.iter().for_each(|e| expr(e, see));
        }
        StmtKind::Return(value) => value.iter().for_each(|e| expr(e, see)),
        StmtKind::If(test, yes, no) => {
            expr(test, see);
            branch(yes, see);
            branch(no, see);
        }
        StmtKind::Switch(subject, cases) => {
            expr(subject, see);
            for (test, stmts) in cases {
                test.iter().for_each(|e| expr(e, see));
                body(stmts, see);
            }
        }
        StmtKind::Loop(l) => {
            body(&l.init, see);
            if let Some((p, list)) = &l.each {
                pattern(p, see);
                expr(list, see);
            }
            l.test.iter().chain(&l.update).for_each(|e| expr(e, see));
            branch(&l.body, see);
        }
        StmtKind::Try(first, p, handler, last) => {
            body(first, see);
            p.iter().for_each(|p| pattern(p, see));
            handler.iter().for_each(|h| body(h, see));
            body(last, see);
        }
        StmtKind::Block(stmts) => body(stmts, see),
        StmtKind::Function(..) | StmtKind::Class(..) | StmtKind::Break | StmtKind::Continue | StmtKind::ExportAll(_) => {}
    }
}

fn pattern<'m>(p: &'m Pattern, see: &mut dyn FnMut(Met<'m>)) {
    match p {
        Pattern::Object(properties, rest) => {
            properties.iter().for_each(|(_, p, _)| pattern(p, see));
            rest.iter().for_each(|p| pattern(p, see));
        }
        Pattern::Array(items, rest) => {
            items.iter().flatten().for_each(|p| pattern(p, see));
            rest.iter().for_each(|p| pattern(p, see));
        }
        Pattern::Default(inner, value) => {
            pattern(inner, see);
            expr(value, see);
        }
        Pattern::Place(place) => expr(place, see),
        Pattern::Var(_) | Pattern::Nothing => {}
    }
}

fn expr<'m>(e: &'m Expr, see: &mut dyn FnMut(Met<'m>)) {
    see(Met::Expr(e));
    match &e.kind {
        ExprKind::Template(_, list)
        | ExprKind::Add(list)
        | ExprKind::Pure(list)
        | ExprKind::Sequence(list)
        | ExprKind::Logical(_, list) => {
            list.iter().for_each(|e| expr(e, see));
        }
        ExprKind::Tagged(a, b) | ExprKind::Equal(_, a, b) | ExprKind::In(a, b) => {
            expr(a, see);
            expr(b, see);
        }
        ExprKind::Array(items) => items.iter().for_each(|(_, e)| expr(e, see)),
        ExprKind::Object(properties) => properties.iter().for_each(|p| match p {
            Property::Named(_, value) | Property::Spread(value) => expr(value, see),
        }),
        ExprKind::Assign(_, target, value) => {
            pattern(target, see);
            expr(value, see);
        }
        ExprKind::Through(e) | ExprKind::Not(e) | ExprKind::Typeof(e) | ExprKind::Import(e) => expr(e, see),
        ExprKind::Conditional(a, b, c) => [a, b, c].into_iter().for_each(|e| expr(e, see)),
        ExprKind::Call(call) | ExprKind::New(call) => {
            expr(&call.callee, see);
            call.args.iter().for_each(|(_, e)| expr(e, see));
        }
        ExprKind::Member(object, key) => {
            expr(object, see);
            if let Key::Computed(key) = key {
                expr(key, see);
            }
        }
        ExprKind::Comprehension(rounds, list) => {
            for round in rounds {
                pattern(&round.target, see);
                expr(&round.list, see);
                round.tests.iter().for_each(|e| expr(e, see));
            }
            list.iter().for_each(|e| expr(e, see));
        }
        ExprKind::Decorated(a, b) => {
            expr(a, see);
            expr(b, see);
        }
        ExprKind::Keywords(properties) => properties.iter().for_each(|p| match p {
            Property::Named(_, value) | Property::Spread(value) => expr(value, see),
        }),
        _ => {}
    }
}
