//! Python source to the intermediate form, by ruff's parser (Python Language Reference, 3.14).
//!
//! It never fails: what does not parse is a [`Trouble`] with its line and column. It never executes anything and never looks at
//! another file.

mod expression;
mod function;
mod import;
mod pattern;
mod scope;
mod statement;
mod text;

use crate::guard::{Lowered, parsed, syntax_errors, trouble};
use crate::ir::{Expr, ExprKind, FnId, Function, Language, Module, Stmt, StmtKind};
use model::Span;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextRange};
use scope::Scope;
use std::sync::Arc;

/// Expressions and statements nested deeper than this are not followed; Python's own parser takes 100 levels of blocks.
const MAX_DEPTH: u32 = 400;

/// Lowers one file. `None` when nothing of it could be parsed; the troubles say why.
pub(crate) fn lower(path: &Arc<str>, text: &Arc<str>) -> Lowered {
    parsed(path, text, parse)
}

fn parse(path: &Arc<str>, text: &Arc<str>) -> Lowered {
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let mut troubles = Vec::new();
    let Some(parsed) = parsed.try_into_module() else {
        return (None, vec![trouble(path, "not assessed: the file is not a Python module".to_owned(), "correct the syntax")]);
    };
    let mut lower = Lower::new(path, text);
    lower.program(parsed.suite());
    if lower.cut {
        troubles.push(trouble(path, format!("not assessed: parts nested deeper than {MAX_DEPTH} levels"), "split the expression"));
    }
    let module = lower.module;
    let errors = parsed.errors().iter().map(|error| (error.location.start().to_u32(), error.error.to_string()));
    troubles.extend(syntax_errors(&module, path, errors));
    (Some(module), troubles)
}

/// The lowering of one file.
struct Lower {
    module: Module,
    scopes: Vec<Scope>,
    current: FnId,
    depth: u32,
    cut: bool,
}

impl Lower {
    fn new(path: &Arc<str>, text: &Arc<str>) -> Self {
        let lines = Module::lines_of(text);
        let top = function("", Span { start: 0, end: text.len() as u32 }, 0);
        let module = Module {
            language: Language::Python,
            path: path.clone(),
            inline: None,
            text: text.clone(),
            lines,
            functions: vec![top],
            classes: Vec::new(),
            variables: Vec::new(),
            owners: Vec::new(),
            imports: Vec::new(),
            specifiers: Vec::new(),
        };
        Self { module, scopes: Vec::new(), current: 0, depth: 0, cut: false }
    }

    /// The top level: every name it gives a value is an attribute of the module.
    fn program(&mut self, suite: &[ruff_python_ast::Stmt]) {
        self.open(0, scope::names(suite));
        let mut body = self.block(suite);
        let end = Span { start: self.module.text.len() as u32, end: self.module.text.len() as u32 };
        let names: Vec<(String, u32)> = self.scopes.first().map(Scope::all).unwrap_or_default();
        for (name, var) in names {
            let value = Expr { span: end, kind: ExprKind::Var(var) };
            body.push(Stmt { span: end, kind: StmtKind::Export(name.into(), value) });
        }
        self.module.functions[0].body = body;
    }

    /// One level down; `None` past the bound.
    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            self.cut = true;
            return None;
        }
        self.depth += 1;
        let done = work(self);
        self.depth -= 1;
        Some(done)
    }
}

/// A function without a body.
fn function(name: &str, span: Span, parent: FnId) -> Function {
    Function {
        name: name.into(),
        span,
        parent,
        params: Vec::new(),
        named_only: 0,
        rest: None,
        keywords: None,
        body: Vec::new(),
        arrow: false,
    }
}

fn span(at: TextRange) -> Span {
    Span { start: at.start().to_u32(), end: at.end().to_u32() }
}

fn span_of(node: &impl Ranged) -> Span {
    span(node.range())
}

fn opaque(at: Span) -> Expr {
    Expr { span: at, kind: ExprKind::Opaque }
}
