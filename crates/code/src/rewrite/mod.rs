//! Text edits that turn a statement put together from data into one with placeholders.

use crate::ir::{Expr, FnId};
use crate::load::Program;
use model::Span;
use model::code::Rewrite;

/// How a text came from where it is put together to the driver.
pub(crate) struct Way<'p> {
    /// Where it is put together: module, function, expression.
    pub built: (usize, FnId, Span),
    /// The calls that were open at the driver's call, outermost first: function, and the expression that called it.
    pub calls: Vec<(usize, FnId, Option<(usize, &'p Expr)>)>,
    /// The driver's call.
    pub sink: (usize, &'p Expr),
    /// The driver's package.
    pub package: String,
}

/// The edits for a flow; `None` when its pattern is not one that can be rewritten safely.
pub(crate) fn rewrite(_program: &Program, _way: &Way<'_>) -> Option<Rewrite> {
    None
}
