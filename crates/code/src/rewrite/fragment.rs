//! Expressions that put a statement together, as pieces, and pieces as source again. Never touches an expression whose parts it
//! does not know.

use super::sql::{Parametrised, Piece, escape_template};
use crate::ir::Pattern;
use crate::ir::{Expr, ExprKind, Module, Stmt, StmtKind, VarId};
use crate::visit::{self, Met};
use std::collections::BTreeSet;

/// Variables of a module's top level that are given one literal or environment variable and never anything else.
pub(super) fn constants(module: &Module) -> BTreeSet<VarId> {
    let mut literal = BTreeSet::new();
    let mut assigned = BTreeSet::new();
    for function in &module.functions {
        visit::body(&function.body, &mut |met| {
            if let Met::Expr(Expr { kind: ExprKind::Assign(_, target, _), .. }) = met
                && let Pattern::Var(var) = &**target
            {
                assigned.insert(*var);
            }
        });
    }
    for stmt in &module.function(0).body {
        if let StmtKind::Let(Pattern::Var(var), Some(value)) = &stmt.kind
            && (value.text().is_some() || is_environment(module, value))
        {
            literal.insert(*var);
        }
    }
    literal.difference(&assigned).copied().collect()
}

/// Whether an expression reads an environment variable: the application's, like a constant.
fn is_environment(module: &Module, expr: &Expr) -> bool {
    let source = module.slice(expr.span);
    matches!(expr.kind, ExprKind::Member(..)) && (source.starts_with("process.env.") || source.starts_with("process.env["))
}

/// The pieces of an expression.
pub(super) fn pieces(module: &Module, constants: &BTreeSet<VarId>, expr: &Expr) -> Option<Vec<Piece>> {
    let mut out = Vec::new();
    collect(module, constants, expr, &mut out)?;
    Some(out)
}

fn collect(module: &Module, constants: &BTreeSet<VarId>, expr: &Expr, out: &mut Vec<Piece>) -> Option<()> {
    let source = || module.slice(expr.span).to_owned();
    match &expr.kind {
        ExprKind::Text(text) => out.push(Piece::Text(text.to_string())),
        ExprKind::Add(operands) => operands.iter().try_for_each(|o| collect(module, constants, o, out))?,
        ExprKind::Template(texts, parts) => {
            for (at, (text, _)) in texts.iter().enumerate() {
                out.push(Piece::Text(text.to_string()));
                if let Some(part) = parts.get(at) {
                    collect(module, constants, part, out)?;
                }
            }
        }
        ExprKind::Var(var) if constants.contains(var) => out.push(Piece::Keep(source())),
        ExprKind::Call(call) => {
            let name = match &call.callee.kind {
                ExprKind::Member(_, key) => key.name().map(|n| n.to_string()).unwrap_or_default(),
                _ => String::new(),
            };
            match name.as_str() {
                "escape" => out.push(Piece::Keep(source())),
                // A list is more than one value.
                "join" | "escapeId" => return None,
                _ => out.push(Piece::Value(source())),
            }
        }
        ExprKind::Member(..) if is_environment(module, expr) => out.push(Piece::Keep(source())),
        ExprKind::Var(_) | ExprKind::Member(..) => out.push(Piece::Value(source())),
        ExprKind::Through(inner) if matches!(inner.kind, ExprKind::Var(_) | ExprKind::Member(..)) => {
            collect(module, constants, inner, out)?
        }
        // Parts of the statement may be chosen in there.
        _ => return None,
    }
    Some(())
}

/// An expression's new source.
pub(super) fn print(module: &Module, expr: &Expr, new: &Parametrised) -> String {
    if matches!(expr.kind, ExprKind::Template(..)) {
        let mut out = String::from("`");
        for piece in &new.pieces {
            match piece {
                Piece::Text(text) => out.push_str(&escape_template(text)),
                Piece::Keep(source) | Piece::Value(source) => out.push_str(&format!("${{{source}}}")),
            }
        }
        out.push('`');
        return out;
    }
    let quote = if module.slice(expr.span).trim_start_matches('(').starts_with('\'') { '\'' } else { '"' };
    let parts: Vec<String> = new
        .pieces
        .iter()
        .filter(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()))
        .map(|piece| match piece {
            Piece::Text(text) => string(text, quote),
            Piece::Keep(source) | Piece::Value(source) => source.clone(),
        })
        .collect();
    parts.join(" + ")
}

fn string(text: &str, quote: char) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// The blanks at the beginning of the line on which a statement begins.
pub(super) fn indent<'m>(module: &'m Module, stmt: &Stmt) -> &'m str {
    let start = stmt.span.start as usize;
    let head = module.text.get(..start).unwrap_or("");
    let line = head.rfind('\n').map_or(0, |at| at + 1);
    let text = module.text.get(line..).unwrap_or("");
    let blanks = text.len() - text.trim_start_matches([' ', '\t']).len();
    text.get(..blanks).unwrap_or("")
}
