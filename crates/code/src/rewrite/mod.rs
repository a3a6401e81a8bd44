//! Text edits that turn a statement put together from data into one with placeholders, its values handed to the driver.
//!
//! Only patterns whose every part is understood are rewritten: one text, put together in one function, handed down by plain calls
//! to a driver whose placeholders are known. Identical edits of several rewrites (a parameter added to a shared function) are one
//! and the same edit.

mod fragment;
mod sql;
mod thread;

use crate::ir::{AssignOp, Expr, ExprKind, FnId, Module, Pattern, Stmt, StmtKind, VarId};
use crate::load::Program;
use crate::visit::{self, Met};
use model::Span;
use model::code::Rewrite;
use sql::{Piece, Style};
use thread::{Carrier, Edits, Thread};

/// Drivers whose placeholders are `?` and whose calls take values second.
const QUESTION: [&str; 6] = ["mysql", "mysql2", "mariadb", "promise-mysql", "serverless-mysql", "sqlite3"];
/// Drivers whose placeholders are `$1`.
const DOLLAR: [&str; 1] = ["pg"];

/// A call that was open: module, function, and the expression that called it with its module.
pub(crate) type Open<'p> = (usize, FnId, Option<(usize, &'p Expr)>);

/// How a text came from where it is put together to the driver.
pub(crate) struct Way<'p> {
    /// Where it is put together: module, function, expression.
    pub built: (usize, FnId, Span),
    /// The calls that were open at the driver's call, outermost first: function, and the expression that called it.
    pub calls: Vec<Open<'p>>,
    /// The driver's call.
    pub sink: (usize, &'p Expr),
    /// The driver's package.
    pub package: String,
}

/// The text of a statement in the function that builds it.
struct Statement<'p> {
    /// The expressions that make it, in source order, with the statements they stand in; `true` when that stands without a block.
    fragments: Vec<(&'p Expr, Option<(&'p Stmt, bool)>)>,
    carrier: Carrier,
}

/// The edits for a flow; `None` when its pattern is not one that can be rewritten safely.
pub(crate) fn rewrite(program: &Program, way: &Way<'_>) -> Option<Rewrite> {
    let style = match way.package.as_str() {
        package if QUESTION.contains(&package) => Style::Question,
        package if DOLLAR.contains(&package) => Style::Dollar,
        _ => return None,
    };
    let (at, function, span) = way.built;
    let module = program.modules.get(at)?;
    let statement = statement(module, function, span)?;
    let constants = fragment::constants(module);
    let pieces = statement.fragments.iter().map(|(expr, _)| fragment::pieces(module, &constants, expr)).collect::<Option<Vec<_>>>()?;
    let made = sql::parametrise(&pieces, style)?;
    let count: usize = made.iter().map(|m| m.values.len()).sum();
    let later: usize = made.iter().skip(1).map(|m| m.values.len()).sum();
    if count == 0 || (style == Style::Dollar && later > 0) {
        return None;
    }
    let frame = way.calls.iter().rposition(|(m, f, _)| *m == at && *f == function)?;
    let mut thread = Thread { program, way, edits: Edits::new() };
    for ((expr, _), (old, new)) in statement.fragments.iter().zip(pieces.iter().zip(&made)) {
        if old.iter().any(|p| matches!(p, Piece::Value(_))) {
            thread.edit(at, expr.span, fragment::print(module, expr, new));
        }
    }
    let values = if later == 0 {
        format!("[{}]", made.first()?.values.join(", "))
    } else {
        collect(&mut thread, at, module, function, &statement, &made)?
    };
    thread.give(frame, statement.carrier, values)?;
    let builder = module.name_of(function);
    let (what, them) = if count == 1 { ("the value".to_owned(), "it") } else { (format!("the {count} values"), "them") };
    let says = format!("hands {what} of the statement in `{builder}` to the driver as parameters instead of joining {them} into its text");
    finish(program, thread.edits).map(|edits| Rewrite { says, edits })
}

/// Makes a list of values beside the text, added to wherever the text is.
fn collect(
    thread: &mut Thread<'_>,
    at: usize,
    module: &Module,
    function: FnId,
    statement: &Statement<'_>,
    made: &[sql::Parametrised],
) -> Option<String> {
    let name = thread::free_name(module.slice(module.function(function).span))?;
    for (index, ((_, place), new)) in statement.fragments.iter().zip(made).enumerate() {
        let (stmt, alone) = (*place)?;
        let (start, end) = (Span { start: stmt.span.start, end: stmt.span.start }, Span { start: stmt.span.end, end: stmt.span.end });
        let indent = fragment::indent(module, stmt);
        let list = new.values.join(", ");
        if index == 0 {
            if alone {
                return None;
            }
            thread.edit(at, end, format!("\n{indent}const {name} = [{list}];"));
        } else if !new.values.is_empty() && alone {
            thread.edit(at, start, "{ ".to_owned());
            thread.edit(at, end, format!(" {name}.push({list}); }}"));
        } else if !new.values.is_empty() {
            thread.edit(at, end, format!("\n{indent}{name}.push({list});"));
        }
    }
    Some(name.to_owned())
}

/// Finds all that makes the text which the expression at `span` is part of.
fn statement<'p>(module: &'p Module, function: FnId, span: Span) -> Option<Statement<'p>> {
    let code = module.function(function);
    let mut stmts: Vec<(&'p Stmt, bool)> = Vec::new();
    let mut exprs: Vec<&'p Expr> = Vec::new();
    visit::body(&code.body, &mut |met| match met {
        Met::Stmt(stmt, alone) => stmts.push((stmt, alone)),
        Met::Expr(expr) => exprs.push(expr),
    });
    let inside = |outer: Span| outer.start <= span.start && span.end <= outer.end;
    let variable = stmts.iter().find_map(|(stmt, _)| match &stmt.kind {
        StmtKind::Let(Pattern::Var(var), Some(value)) if value.span == span => Some(*var),
        StmtKind::Expr(Expr { kind: ExprKind::Assign(AssignOp::Add, target, value), span: whole })
            if inside(value.span) || *whole == span =>
        {
            match &**target {
                Pattern::Var(var) => Some(*var),
                _ => None,
            }
        }
        _ => None,
    });
    let Some(variable) = variable else {
        let expr = exprs.into_iter().find(|e| e.span == span)?;
        return Some(Statement { fragments: vec![(expr, None)], carrier: Carrier::Inline(span) });
    };
    let mut fragments = Vec::new();
    for (stmt, alone) in &stmts {
        match &stmt.kind {
            StmtKind::Let(Pattern::Var(var), value) if *var == variable => {
                if !fragments.is_empty() {
                    return None;
                }
                fragments.push((value.as_ref()?, Some((*stmt, *alone))));
            }
            StmtKind::Expr(Expr { kind: ExprKind::Assign(AssignOp::Add, target, value), .. }) if is(target, variable) => {
                if fragments.is_empty() {
                    return None;
                }
                fragments.push((&**value, Some((*stmt, *alone))));
            }
            _ => {}
        }
    }
    let known = fragments.len().checked_sub(1)?;
    (changes(module, variable) == known && uses(module, variable) == 1).then_some(Statement { fragments, carrier: Carrier::Var(variable) })
}

fn is(target: &Pattern, variable: VarId) -> bool {
    matches!(target, Pattern::Var(var) if *var == variable)
}

/// How often a variable is assigned anywhere.
fn changes(module: &Module, variable: VarId) -> usize {
    let mut count = 0;
    for function in &module.functions {
        visit::body(&function.body, &mut |met| {
            if let Met::Expr(Expr { kind: ExprKind::Assign(_, target, _), .. }) = met {
                count += usize::from(is(target, variable));
            }
        });
    }
    count
}

/// How often a variable is handed to a call that is not the console's.
fn uses(module: &Module, variable: VarId) -> usize {
    let mut count = 0;
    for function in &module.functions {
        visit::body(&function.body, &mut |met| {
            if let Met::Expr(Expr { kind: ExprKind::Call(call) | ExprKind::New(call), .. }) = met
                && !module.slice(call.callee.span).starts_with("console.")
            {
                count += call.args.iter().filter(|(_, arg)| matches!(arg.kind, ExprKind::Var(var) if var == variable)).count();
            }
        });
    }
    count
}

/// Sorts edits; `None` when two of them touch the same bytes.
fn finish(program: &Program, mut edits: Edits) -> Option<Vec<(model::Place, String)>> {
    edits.sort();
    edits.dedup();
    for pair in edits.windows(2) {
        if let [a, b] = pair
            && a.0 == b.0
            && (a.1.end > b.1.start || (a.1 == b.1))
        {
            return None;
        }
    }
    edits.into_iter().map(|(module, span, text)| program.modules.get(module).map(|m| (m.place(span), text))).collect()
}
