//! JavaScript and TypeScript source to the intermediate form, by oxc's parser and scope analysis.
//!
//! It never fails: what does not parse is a [`Trouble`] with its line and column. It never executes anything and never looks at
//! another file.

mod expression;
mod module;
mod pattern;
mod statement;

use crate::guard::{Lowered, parsed, syntax_errors, trouble};
use crate::ir::{Class, Expr, ExprKind, FnId, Function, Import, Language, Module, VarId};
use model::Span;
use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_semantic::{Scoping, SemanticBuilder};
use oxc_span::SourceType;
use std::sync::Arc;

/// Expressions and statements nested deeper than this are not followed.
const MAX_DEPTH: u32 = 1000;

/// Lowers one file. `None` when nothing of it could be parsed; the troubles say why.
pub(crate) fn lower(path: &Arc<str>, text: &Arc<str>) -> Lowered {
    parsed(path, text, parse)
}

fn parse(path: &Arc<str>, text: &Arc<str>) -> Lowered {
    let lines = Module::lines_of(text);
    let mut troubles = Vec::new();
    let kinds = source_types(path);
    let mut best: Option<Module> = None;
    for (at, kind) in kinds.iter().enumerate() {
        let arena = Allocator::default();
        let parsed = Parser::new(&arena, text, *kind).parse();
        let clean = parsed.diagnostics.is_empty();
        // A file may be ESM or CommonJS whatever its name says; the last reading is kept when none is clean.
        if !clean && at + 1 < kinds.len() {
            continue;
        }
        let scoping = SemanticBuilder::new().build(&parsed.program).semantic.into_scoping();
        let mut lower = Lower::new(path, text, lines.clone(), &scoping);
        lower.program(&parsed.program);
        if lower.cut {
            troubles.push(trouble(path, format!("not assessed: parts nested deeper than {MAX_DEPTH} levels"), "split the expression"));
        }
        let module = lower.module;
        let errors = parsed.diagnostics.iter();
        let errors = errors.map(|error| (error.labels.first().map_or(0, |label| label.offset()), error.message.to_string()));
        troubles.extend(syntax_errors(&module, path, errors));
        best = (!parsed.panicked).then_some(module);
        break;
    }
    (best, troubles)
}

/// The readings to try, in order.
fn source_types(path: &str) -> Vec<SourceType> {
    match path.rsplit('.').next() {
        Some("ts" | "mts" | "cts") => vec![SourceType::ts()],
        Some("tsx") => vec![SourceType::tsx()],
        Some("cjs") => vec![SourceType::cjs(), SourceType::cjs().with_jsx(true)],
        Some("mjs") => vec![SourceType::mjs(), SourceType::mjs().with_jsx(true)],
        _ => vec![SourceType::mjs().with_jsx(true), SourceType::cjs().with_jsx(true), SourceType::mjs()],
    }
}

/// The lowering of one file.
struct Lower<'s> {
    scoping: &'s Scoping,
    module: Module,
    current: FnId,
    depth: u32,
    cut: bool,
}

impl<'s> Lower<'s> {
    fn new(path: &Arc<str>, text: &Arc<str>, lines: Vec<u32>, scoping: &'s Scoping) -> Self {
        let variables: Vec<Arc<str>> = scoping.symbol_ids().map(|id| Arc::from(scoping.symbol_name(id))).collect();
        let owners = vec![0; variables.len()];
        let top = Function {
            name: Arc::from(""),
            span: Span { start: 0, end: text.len() as u32 },
            parent: 0,
            params: Vec::new(),
            named_only: 0,
            rest: None,
            keywords: None,
            body: Vec::new(),
            arrow: false,
        };
        let module = Module {
            language: Language::JavaScript,
            path: path.clone(),
            inline: None,
            text: text.clone(),
            lines,
            functions: vec![top],
            classes: Vec::<Class>::new(),
            variables,
            owners,
            imports: Vec::<Import>::new(),
            specifiers: Vec::new(),
        };
        Self { scoping, module, current: 0, depth: 0, cut: false }
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

    fn own(&mut self, var: VarId) {
        if let Some(owner) = self.module.owners.get_mut(var as usize) {
            *owner = self.current;
        }
    }
}

fn span(span: oxc_span::Span) -> Span {
    Span { start: span.start, end: span.end }
}

fn opaque(at: oxc_span::Span) -> Expr {
    Expr { span: span(at), kind: ExprKind::Opaque }
}
