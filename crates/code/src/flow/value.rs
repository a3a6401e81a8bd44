//! What the engine knows of a value: what it may be, and which parts of the event its text may contain.
//!
//! A value never holds more than a bounded number of possibilities; past the bound it is *unknown*, which keeps its taints.

use super::facts::Facts;
use super::source::Source;
use crate::ir::{FnId, VarId};
use model::Span;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// Index of a cell: a variable or a property.
pub(super) type CellId = usize;
/// Index of an object.
pub(super) type ObjectId = usize;

/// Possibilities a value keeps apart.
const MAX_ATOMS: usize = 24;
/// Sources a value keeps apart.
const MAX_TAINTS: usize = 48;

/// A position in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct At {
    /// Module.
    pub module: usize,
    /// Bytes.
    pub span: Span,
}

/// One thing a value may be.
#[derive(Clone, Debug)]
pub(super) enum Atom {
    /// A constant text.
    Text(Arc<str>),
    /// A constant or computed number.
    Number,
    /// A truth value.
    Bool(bool),
    /// `null` or `undefined`.
    Null,
    /// A regular expression: `pattern/flags`.
    Regex(Arc<str>),
    /// An environment variable's value.
    Env(Arc<str>),
    /// The HTTP method of the request.
    Method,
    /// An object or array.
    Object(ObjectId),
    /// A function.
    Closure(Rc<Closure>),
    /// A class.
    Class(Rc<ClassValue>),
    /// A part of a package or of the runtime.
    External(Rc<External>),
    /// A text of JSON that was made of an object.
    Json(ObjectId),
    /// A promise's `resolve`: what it is given goes into the cell.
    Resolve(CellId),
}

/// A function with what it closes over.
#[derive(Debug)]
pub(super) struct Closure {
    /// Its module.
    pub module: usize,
    /// Its code.
    pub function: FnId,
    /// What it closes over.
    pub env: Rc<Env>,
    /// `this`, when it is bound.
    pub this: Option<Value>,
    /// Arguments that are bound.
    pub bound: Vec<Value>,
    /// Its own properties (`prototype` among them).
    pub properties: ObjectId,
}

/// A class with what it closes over.
#[derive(Debug)]
pub(super) struct ClassValue {
    /// Its module.
    pub module: usize,
    /// Its code.
    pub class: u32,
    /// What it closes over.
    pub env: Rc<Env>,
    /// Static members.
    pub properties: ObjectId,
    /// What it extends.
    pub extends: Value,
}

/// A part of a package or of the runtime: `mysql` and `createConnection().query`.
#[derive(Debug)]
pub(super) struct External {
    /// The package; empty for globals.
    pub package: Arc<str>,
    /// Members and calls from there.
    pub path: Arc<str>,
    /// What the last call on the way was given.
    pub args: Vec<Value>,
    /// Arguments that are bound.
    pub bound: Vec<Value>,
}

/// Variables of one run of a function.
#[derive(Debug)]
pub(super) struct Env {
    /// The module.
    pub module: usize,
    /// The function.
    pub function: FnId,
    /// The enclosing run.
    pub parent: Option<Rc<Env>>,
    /// `this`; `None` for arrows.
    pub this: Option<Value>,
    /// Arguments, for `arguments`.
    pub args: Vec<Value>,
    /// Variables.
    pub cells: RefCell<BTreeMap<VarId, CellId>>,
}

/// A step of a flow, linked to the one before it.
#[derive(Debug)]
pub(super) struct Step {
    /// What happens.
    pub says: String,
    /// Where.
    pub at: At,
    /// Before.
    pub before: Option<Rc<Step>>,
}

/// Where data joined a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Built {
    /// The expression.
    pub at: At,
    /// The function it stands in.
    pub function: FnId,
    /// Whether the text looks like SQL.
    pub sql: bool,
}

/// The kinds of sinks that a taint can no longer harm.
pub(super) mod safe {
    /// Cannot climb out of a folder.
    pub const FILE: u8 = 1;
    /// Cannot choose the host.
    pub const URL: u8 = 2;
    /// Cannot end a word of a shell.
    pub const SHELL: u8 = 4;
    /// Cannot open a tag or an attribute.
    pub const HTML: u8 = 8;
    /// Cannot end a literal of SQL.
    pub const SQL: u8 = 16;
    /// Nothing: it may be a part of what it was.
    pub const PASSED: u8 = 32;
    /// Holds no sign that opens a tag.
    pub const TAGLESS: u8 = 64;
    /// Holds no quote that ends an attribute. With [`TAGLESS`] it is [`HTML`].
    pub const QUOTELESS: u8 = 128;
}

/// Data of the event that a value may contain.
#[derive(Clone, Debug)]
pub(super) struct Taint {
    /// Which.
    pub source: Rc<Source>,
    /// Whether the value is that part of the event, not a text that contains it.
    pub whole: bool,
    /// What was done to it, as a hash: a check of `x.trim()` says nothing about `x`.
    pub form: u64,
    /// How it came here.
    pub steps: Option<Rc<Step>>,
    /// Whether the last step is the read that a further property would replace.
    pub reading: bool,
    /// Where it joined a text.
    pub built: Option<Built>,
    /// What it can no longer harm; bits of [`safe`].
    pub safe: u8,
}

/// What is known of a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Value {
    /// What it may be.
    pub atoms: Vec<Atom>,
    /// Whether it may be something else.
    pub unknown: bool,
    /// What of the event it may contain.
    pub taints: Vec<Taint>,
    /// What holds when it is true, and when it is false.
    pub facts: Option<Rc<(Facts, Facts)>>,
    /// What is known of its text, where that is not a constant: `*` for each part that is not known.
    pub pattern: Option<Rc<str>>,
}

impl Value {
    /// Could be anything that does not come from the event.
    pub fn unknown() -> Self {
        Self { unknown: true, ..Self::default() }
    }

    /// One possibility.
    pub fn of(atom: Atom) -> Self {
        Self { atoms: vec![atom], ..Self::default() }
    }

    /// A part of the event.
    pub fn source(source: Source, steps: Option<Rc<Step>>) -> Self {
        let taint = Taint { source: Rc::new(source), whole: true, form: 0, steps, reading: false, built: None, safe: 0 };
        Self { unknown: true, taints: vec![taint], ..Self::default() }
    }

    /// Any of the two.
    pub fn join(mut self, other: &Self) -> Self {
        let was_empty = self.is_nothing();
        self.unknown |= other.unknown;
        for atom in &other.atoms {
            if self.atoms.iter().any(|a| a.same(atom)) {
                continue;
            }
            if self.atoms.len() >= MAX_ATOMS {
                self.unknown = true;
                break;
            }
            self.atoms.push(atom.clone());
        }
        self.taint(&other.taints);
        self.facts = match (self.facts.take(), &other.facts) {
            (facts, None) if other.is_nothing() => facts,
            (None, Some(facts)) if was_empty => Some(facts.clone()),
            (Some(a), Some(b)) => Some(Rc::new((Facts::either(&a.0, &b.0), Facts::either(&a.1, &b.1)))),
            _ => None,
        };
        self.pattern = if was_empty {
            other.pattern.clone()
        } else {
            self.pattern.take().filter(|own| other.is_nothing() || Some(own) == other.pattern.as_ref())
        };
        self
    }

    /// Whether nothing was ever put here.
    pub fn is_nothing(&self) -> bool {
        self.atoms.is_empty() && !self.unknown && self.taints.is_empty()
    }

    /// Adds taints that are not there yet.
    pub fn taint(&mut self, taints: &[Taint]) {
        for taint in taints {
            let there = self.taints.iter().any(|t| t.same(taint));
            if !there && self.taints.len() < MAX_TAINTS {
                self.taints.push(taint.clone());
            }
        }
    }

    /// The constant text, when it can be nothing else.
    pub fn text(&self) -> Option<&Arc<str>> {
        match self.atoms.as_slice() {
            [Atom::Text(text)] if !self.unknown && self.taints.is_empty() => Some(text),
            _ => None,
        }
    }

    /// What is known of its text, with `*` for each part that is not; `None` when nothing is.
    pub fn text_pattern(&self) -> Option<String> {
        match self.text() {
            // A `*` of its own stands for itself alone; as a pattern it says less, never more.
            Some(text) => Some(text.to_string()),
            None => self.pattern.as_ref().map(|pattern| pattern.to_string()),
        }
    }

    /// All constant texts it may be.
    pub fn texts(&self) -> impl Iterator<Item = &Arc<str>> {
        self.atoms.iter().filter_map(|atom| match atom {
            Atom::Text(text) => Some(text),
            _ => None,
        })
    }

    /// Whether it holds nothing of the event and is made of constants and of what the environment says.
    pub fn is_constant(&self) -> bool {
        self.taints.is_empty()
            && !self.unknown
            && !self.atoms.is_empty()
            && self.atoms.iter().all(|a| matches!(a, Atom::Text(_) | Atom::Number | Atom::Bool(_) | Atom::Null | Atom::Env(_)))
    }

    /// A text made of it: the data stay, what it was does not.
    pub fn transformed(&self, how: &str) -> Self {
        let taints = self.taints.iter().map(|t| t.transformed(how)).collect();
        Self { unknown: true, taints, ..Self::default() }
    }

    /// Functions it may be.
    pub fn closures(&self) -> impl Iterator<Item = &Rc<Closure>> {
        self.atoms.iter().filter_map(|atom| match atom {
            Atom::Closure(closure) => Some(closure),
            _ => None,
        })
    }
}

impl Taint {
    /// Whether the two say the same.
    pub fn same(&self, other: &Self) -> bool {
        self.source == other.source
            && self.whole == other.whole
            && self.form == other.form
            && self.safe == other.safe
            && self.built.map(|b| (b.at, b.sql)) == other.built.map(|b| (b.at, b.sql))
    }

    /// After a change of its text.
    pub fn transformed(&self, how: &str) -> Self {
        // FNV-1a over the names of what was done.
        let kept = matches!(how, "json" | "str");
        let safe = if kept { self.safe } else { self.safe | safe::PASSED };
        let form = how.bytes().fold(self.form ^ 0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Self { form, safe, ..self.clone() }
    }

    /// Whether it is the JSON text of what it was, and nothing else was done to it.
    pub fn is_json(&self) -> bool {
        let plain = Self { form: 0, ..self.clone() };
        self.form != 0 && plain.transformed("json").form == self.form
    }

    /// With one more step.
    pub fn stepped(&self, says: String, at: At) -> Self {
        let steps = Some(Rc::new(Step { says, at, before: self.steps.clone() }));
        Self { steps, reading: false, ..self.clone() }
    }
}

impl Atom {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) | (Self::Regex(a), Self::Regex(b)) | (Self::Env(a), Self::Env(b)) => a == b,
            (Self::Number, Self::Number) | (Self::Null, Self::Null) | (Self::Method, Self::Method) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Object(a), Self::Object(b)) | (Self::Json(a), Self::Json(b)) | (Self::Resolve(a), Self::Resolve(b)) => a == b,
            (Self::Closure(a), Self::Closure(b)) => {
                Rc::ptr_eq(a, b)
                    || (a.module == b.module
                        && a.function == b.function
                        && Rc::ptr_eq(&a.env, &b.env)
                        && a.bound.len() + b.bound.len() == 0)
            }
            (Self::Class(a), Self::Class(b)) => a.module == b.module && a.class == b.class,
            (Self::External(a), Self::External(b)) => Rc::ptr_eq(a, b) || (a.package == b.package && a.path == b.path),
            _ => false,
        }
    }
}
