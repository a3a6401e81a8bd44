//! The intermediate form that every reader of a language lowers to and the data-flow engine walks.
//!
//! It owns its text, resolves each name to a variable of its module, keeps the byte span of everything that may be quoted or
//! edited, and says nothing about any language's syntax. It never holds types, comments or formatting.

use model::{Place, Span};
use std::sync::Arc;

/// A variable of one module.
pub(crate) type VarId = u32;
/// A function of one module; 0 is the module's top level.
pub(crate) type FnId = u32;

/// The language a file is written in: what names mean that nothing declares, and how calls bind their arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// JavaScript or TypeScript.
    JavaScript,
    /// Python.
    Python,
}

/// One source file.
#[derive(Debug)]
pub(crate) struct Module {
    /// The language.
    pub language: Language,
    /// Path below the root that was read.
    pub path: Arc<str>,
    /// The text.
    pub text: Arc<str>,
    /// Where it is written, when that is another file.
    pub inline: Option<crate::Inline>,
    /// Byte offsets at which lines begin.
    pub lines: Vec<u32>,
    /// All functions; 0 is the top level.
    pub functions: Vec<Function>,
    /// All classes.
    pub classes: Vec<Class>,
    /// Names of variables.
    pub variables: Vec<Arc<str>>,
    /// The function that declares each variable.
    pub owners: Vec<FnId>,
    /// `import` declarations.
    pub imports: Vec<Import>,
    /// Everything the file imports by a constant name: specifier and where.
    pub specifiers: Vec<(Arc<str>, Span)>,
}

/// An `import` declaration.
#[derive(Debug)]
pub(crate) struct Import {
    /// What it names: `./dbUtils.js`, `mysql`.
    pub specifier: Arc<str>,
    /// The variables it binds.
    pub bindings: Vec<(VarId, Imported)>,
}

/// Which part of a module a name is bound to.
#[derive(Debug)]
pub(crate) enum Imported {
    /// `import * as x`.
    Namespace,
    /// `import x`, `import {default as x}`.
    Default,
    /// `import {x}`.
    Named(Arc<str>),
}

/// A function, method, arrow or the top level of a module.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its name, or the name of what it is given to; empty when it has none.
    pub name: Arc<str>,
    /// From its first to its last byte.
    pub span: Span,
    /// The enclosing function.
    pub parent: FnId,
    /// Parameters in order.
    pub params: Vec<Param>,
    /// Parameters at the end of the list that take no argument by position (Python's after `*`).
    pub named_only: usize,
    /// The rest parameter.
    pub rest: Option<Pattern>,
    /// What takes the named arguments that no parameter is called for (Python's `**kwargs`).
    pub keywords: Option<Pattern>,
    /// Statements; an arrow's expression is a `Return`.
    pub body: Vec<Stmt>,
    /// Whether `this` is that of the enclosing function.
    pub arrow: bool,
}

/// A parameter.
#[derive(Debug)]
pub(crate) struct Param {
    /// What it binds.
    pub pattern: Pattern,
    /// From its first byte to the end of its default value.
    pub span: Span,
}

/// A class.
#[derive(Debug)]
pub(crate) struct Class {
    /// The class it extends.
    pub extends: Option<Expr>,
    /// The constructor.
    pub constructor: Option<FnId>,
    /// Methods and getters: name, static, function.
    pub methods: Vec<(Arc<str>, bool, FnId)>,
    /// Which of the methods are read like fields.
    pub getters: Vec<Arc<str>>,
    /// Fields: name, static, value.
    pub fields: Vec<(Arc<str>, bool, Option<Expr>)>,
}

/// A statement.
#[derive(Debug)]
pub(crate) struct Stmt {
    /// From its first to its last byte.
    pub span: Span,
    /// What it is.
    pub kind: StmtKind,
}

/// Kinds of statements.
#[derive(Debug)]
pub(crate) enum StmtKind {
    /// An expression.
    Expr(Expr),
    /// One declarator of a declaration.
    Let(Pattern, Option<Expr>),
    /// A function declaration, bound before the block runs.
    Function(VarId, FnId),
    /// A class declaration.
    Class(VarId, u32),
    /// `return`.
    Return(Option<Expr>),
    /// `throw`.
    Throw(Expr),
    /// `break`, with or without a label.
    Break,
    /// `continue`, with or without a label.
    Continue,
    /// `if`.
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    /// `switch`: subject, then each case's test (`None` for `default`) and body.
    Switch(Expr, Vec<(Option<Expr>, Vec<Stmt>)>),
    /// Any loop.
    Loop(Box<Loop>),
    /// `try`: body, parameter, handler, finally.
    Try(Vec<Stmt>, Option<Pattern>, Option<Vec<Stmt>>, Vec<Stmt>),
    /// A block.
    Block(Vec<Stmt>),
    /// `export`: name and value.
    Export(Arc<str>, Expr),
    /// `export * from`.
    ExportAll(Arc<str>),
}

/// A loop, whatever its keyword.
#[derive(Debug)]
pub(crate) struct Loop {
    /// Before the first round.
    pub init: Vec<Stmt>,
    /// `for (x of xs)`: what an element is bound to and what is walked.
    pub each: Option<(Pattern, Expr)>,
    /// Set for `for (k in xs)`: the variable takes keys, not elements.
    pub keys: bool,
    /// The condition.
    pub test: Option<Expr>,
    /// After each round.
    pub update: Option<Expr>,
    /// The body.
    pub body: Vec<Stmt>,
}

/// What a value is bound to.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// A variable.
    Var(VarId),
    /// A global, a property or an element.
    Place(Box<Expr>),
    /// `{a, b: c, ...rest}`.
    Object(Vec<(Key, Pattern, Span)>, Option<Box<Pattern>>),
    /// `[a, , b, ...rest]`.
    Array(Vec<Option<Pattern>>, Option<Box<Pattern>>),
    /// With a default value.
    Default(Box<Pattern>, Box<Expr>),
    /// Not understood.
    Nothing,
}

/// Name of a property.
#[derive(Debug)]
pub(crate) enum Key {
    /// Written out.
    Static(Arc<str>),
    /// Computed.
    Computed(Box<Expr>),
}

/// An expression.
#[derive(Debug)]
pub(crate) struct Expr {
    /// From its first to its last byte.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// Kinds of expressions.
#[derive(Debug)]
pub(crate) enum ExprKind {
    /// A string.
    Text(Arc<str>),
    /// A number.
    Number,
    /// `true`, `false`.
    Bool(bool),
    /// `null`, `undefined`, nothing.
    Null,
    /// A regular expression: `pattern/flags`.
    Regex(Arc<str>),
    /// Texts and the expressions between them (one fewer).
    Template(Vec<(Arc<str>, Span)>, Vec<Expr>),
    /// A template with a tag.
    Tagged(Box<Expr>, Box<Expr>),
    /// A variable.
    Var(VarId),
    /// A name that nothing in the module declares.
    Global(Arc<str>),
    /// `this`.
    This,
    /// `super`.
    Super,
    /// Elements; `true` when spread.
    Array(Vec<(bool, Expr)>),
    /// Properties.
    Object(Vec<Property>),
    /// A function.
    Function(FnId),
    /// A class.
    Class(u32),
    /// An assignment.
    Assign(AssignOp, Box<Pattern>, Box<Expr>),
    /// `await`, `yield`, type assertions: the value passes through.
    Through(Box<Expr>),
    /// `a + b + c`, flattened.
    Add(Vec<Expr>),
    /// Arithmetic, order, `typeof`...: whatever goes in, no text of it comes out.
    Pure(Vec<Expr>),
    /// `===`, `==`, and negated.
    Equal(bool, Box<Expr>, Box<Expr>),
    /// `key in object`, `x instanceof C` (then the key is `None`).
    In(Box<Expr>, Box<Expr>),
    /// `&&`, `||`, `??`, flattened.
    Logical(LogicalOp, Vec<Expr>),
    /// `!`.
    Not(Box<Expr>),
    /// `typeof`.
    Typeof(Box<Expr>),
    /// `a ? b : c`.
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `f(x)`.
    Call(Box<Call>),
    /// `new F(x)`.
    New(Box<Call>),
    /// `a.b`, `a[b]`.
    Member(Box<Expr>, Key),
    /// `a, b`.
    Sequence(Vec<Expr>),
    /// `import(x)`.
    Import(Box<Expr>),
    /// `[f(x) for x in xs if c]`, `{...}`, `(...)`: the rounds, then what each gives.
    Comprehension(Vec<Round>, Vec<Expr>),
    /// A decorator and the function it is given.
    Decorated(Box<Expr>, Box<Expr>),
    /// The named arguments of a call, which stand after all others.
    Keywords(Vec<Property>),
    /// Not understood; its value is unknown.
    Opaque,
}

/// One `for ... in ... if ...` of a comprehension.
#[derive(Debug)]
pub(crate) struct Round {
    /// What an element is bound to.
    pub target: Pattern,
    /// What is walked.
    pub list: Expr,
    /// What must hold of it.
    pub tests: Vec<Expr>,
}

/// A call: callee, arguments (`true` when spread).
#[derive(Debug)]
pub(crate) struct Call {
    /// What is called.
    pub callee: Expr,
    /// With what.
    pub args: Vec<(bool, Expr)>,
}

/// One property of an object literal.
#[derive(Debug)]
pub(crate) enum Property {
    /// `key: value`.
    Named(Key, Expr),
    /// `...value`.
    Spread(Expr),
}

/// How an assignment changes its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AssignOp {
    /// `=`.
    Set,
    /// `+=`.
    Add,
    /// `||=`, `&&=`, `??=`.
    Logical,
    /// Any arithmetic.
    Arithmetic,
}

/// Operators that choose one of their operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogicalOp {
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// `??`.
    Nullish,
}

impl Module {
    /// Line and column, from 1, of a byte, with the span kept for edits.
    pub fn place(&self, span: Span) -> Place {
        let line = self.lines.partition_point(|&start| start <= span.start).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start as usize..span.start as usize).map_or(0, |head| head.chars().count());
        let place = Place { file: self.path.clone(), line: line as u32, column: column as u32 + 1, span };
        match &self.inline {
            Some(inline) => inline.place(self, &place),
            None => place,
        }
    }

    /// The text of a span; empty when it is not one of this file.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// A function; the top level when there is no such function.
    pub fn function(&self, id: FnId) -> &Function {
        self.functions.get(id as usize).unwrap_or(&self.functions[0])
    }

    /// The nearest name around a function: its own, or that of the function it stands in; the file's name at the top level.
    pub fn name_of(&self, mut id: FnId) -> &str {
        loop {
            let function = self.function(id);
            if !function.name.is_empty() {
                return &function.name;
            }
            if id == 0 {
                return self.path.rsplit('/').next().unwrap_or(&self.path);
            }
            id = function.parent;
        }
    }

    /// Offsets at which the lines of a text begin.
    pub fn lines_of(text: &str) -> Vec<u32> {
        std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32 + 1)).collect()
    }
}

impl Expr {
    /// The text of a literal string.
    pub fn text(&self) -> Option<&Arc<str>> {
        match &self.kind {
            ExprKind::Text(text) => Some(text),
            ExprKind::Template(texts, parts) if parts.is_empty() => texts.first().map(|(text, _)| text),
            ExprKind::Through(inner) => inner.text(),
            _ => None,
        }
    }
}

impl Key {
    /// The name, when it is written out.
    pub fn name(&self) -> Option<&Arc<str>> {
        match self {
            Self::Static(name) => Some(name),
            Self::Computed(expr) => expr.text(),
        }
    }
}
