//! The walk of one handler: modules are run, then the handler with the event, into every function it calls.
//!
//! It is an abstract run: each expression gives what its value may be. Branches are both taken and merged, loops run twice, a
//! call is walked with the values it is given. It never runs code and never follows anything without a bound.

use super::facts::Facts;
use super::source::Source;
use super::state::{End, State, Writes};
use super::value::{At, Atom, Closure, Env, ObjectId, Value};
use crate::ir::{Expr, FnId, Language, Module};
use crate::load::{Program, Target};
use crate::rewrite::Open;
use model::code::{Disclosure, Review, SinkKind, Write};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// Expressions that one handler's walk looks at.
const MAX_STEPS: usize = 400_000;
/// Calls inside calls.
const MAX_CALLS: usize = 48;
/// The same function inside itself.
const MAX_AGAIN: usize = 2;

/// A call that is being walked.
pub(super) struct Frame<'p> {
    /// Its module.
    pub module: usize,
    /// Its function.
    pub function: FnId,
    /// The expression that called it, and that expression's module.
    pub site: Option<(usize, &'p Expr)>,
    /// What it may return.
    pub returns: Value,
    /// What is known at every `return`.
    pub exit: Option<Facts>,
    /// What branches that returned had written.
    pub left: Vec<Writes>,
    /// What branches that broke out had written, one list for each loop or switch that is open.
    pub broken: Vec<Vec<Writes>>,
}

/// One way of several, and what is known on it.
pub(super) type Way<'w, E> = (Facts, &'w mut dyn FnMut(&mut E) -> End);

/// A sink that data reached.
pub(super) struct Hit<'p> {
    /// The data.
    pub taint: super::value::Taint,
    /// What kind of sink.
    pub kind: SinkKind,
    /// The call.
    pub at: At,
    /// What is called, in words.
    pub callee: String,
    /// The methods of the request.
    pub methods: Option<BTreeSet<Arc<str>>>,
    /// The calls that led here: function, and the expression that called it.
    pub calls: Vec<Open<'p>>,
    /// The call of the sink.
    pub sink: &'p Expr,
    /// The package that is called; empty when it is not known.
    pub package: String,
}

/// The state of a module.
#[derive(Clone, Copy)]
pub(super) struct Loaded {
    /// The object `module`.
    pub module: ObjectId,
}

/// The walk.
pub(super) struct Engine<'p> {
    /// What was read.
    pub program: &'p Program,
    /// Cells, objects, facts.
    pub state: State,
    /// Calls that are open.
    pub frames: Vec<Frame<'p>>,
    /// Modules that were run.
    pub loaded: BTreeMap<usize, Loaded>,
    /// Variables of the modules' top levels.
    pub tops: BTreeMap<usize, Rc<Env>>,
    /// Sinks that were reached.
    pub hits: Vec<Hit<'p>>,
    /// Functions that a web framework was given for routes.
    pub routes: Vec<(usize, FnId)>,
    /// The package of the sink that is being looked at.
    pub sink_package: String,
    /// A SAX parser of Python was told to resolve external entities.
    pub resolves_entities: bool,
    /// Calls of the AWS SDK.
    pub aws: Vec<crate::aws::Found>,
    /// Functions that were walked.
    pub entered: BTreeSet<(usize, FnId)>,
    /// The code read what only an authorizer is given.
    pub authorizer_input: bool,
    /// What is written to other services.
    pub writes: Vec<Write>,
    /// What is given away.
    pub disclosures: Vec<Disclosure>,
    /// How tokens and identities are treated.
    pub reviews: Vec<Review>,
    /// Where texts that look like statements were logged, and where they were built.
    pub statements_logged: Vec<(At, At)>,
    /// Claims of tokens that were compared with something, and what was seen of tokens.
    pub tokens: super::tokens::Tokens,
    /// The comparison that is being looked at.
    pub compared: model::Span,
    /// Frames below the handler's own; `None` while no handler is walked.
    pub handler_depth: Option<usize>,
    /// The next ways part by whether the authorizer said who the caller is: what one of them takes from the request stands in for it.
    pub fallback: bool,
    /// What the handler answers with of an earlier request; `None` on the first walk.
    pub kept: Option<super::kept::Kept>,
    /// Set when a bound was hit.
    pub cut: bool,
    steps: usize,
}

impl<'p> Engine<'p> {
    /// A walk that has not begun.
    pub fn new(program: &'p Program) -> Self {
        Self {
            program,
            state: State::default(),
            frames: Vec::new(),
            loaded: BTreeMap::new(),
            tops: BTreeMap::new(),
            hits: Vec::new(),
            routes: Vec::new(),
            sink_package: String::new(),
            resolves_entities: false,
            aws: Vec::new(),
            entered: BTreeSet::new(),
            authorizer_input: false,
            writes: Vec::new(),
            disclosures: Vec::new(),
            reviews: Vec::new(),
            statements_logged: Vec::new(),
            tokens: super::tokens::Tokens::default(),
            compared: model::Span::default(),
            handler_depth: None,
            fallback: false,
            kept: None,
            cut: false,
            steps: 0,
        }
    }

    /// Counts a step; false when there were too many.
    pub fn step(&mut self) -> bool {
        self.steps += 1;
        if self.steps > MAX_STEPS || self.state.full {
            self.cut = true;
            return false;
        }
        true
    }

    /// A module.
    pub fn module(&self, at: usize) -> &'p Module {
        // Indices come from the program itself; the first module stands in for what cannot be.
        self.program.modules.get(at).unwrap_or(&self.program.modules[0])
    }

    /// Where an import leads.
    pub fn target(&self, module: usize, specifier: &str) -> Target {
        self.program.targets.get(&(module, Arc::from(specifier))).cloned().unwrap_or(Target::Missing)
    }

    /// Runs a module once; gives what it exports.
    pub fn load(&mut self, at: usize) -> Value {
        if !self.loaded.contains_key(&at) {
            let exports = self.state.object(super::state::Object::default());
            let module = self.state.object(super::state::Object::default());
            let cell = self.state.field(module, "exports");
            self.state.set(cell, Value::of(Atom::Object(exports)));
            self.loaded.insert(at, Loaded { module });
            // Imports run first, as they do in ESM; in CommonJS the order is that of `require`.
            let code = self.module(at);
            for import in &code.imports {
                if let Target::Module(next) = self.target(at, &import.specifier) {
                    self.load(next);
                }
            }
            let env = Rc::new(Env {
                module: at,
                function: 0,
                parent: None,
                this: Some(Value::unknown()),
                args: Vec::new(),
                cells: Default::default(),
            });
            self.bind_imports(at, &env);
            self.tops.insert(at, env.clone());
            // What is known where the module is first asked for is not known to the module.
            let facts = std::mem::take(&mut self.state.facts);
            let frame =
                Frame { module: at, function: 0, site: None, returns: Value::default(), exit: None, left: Vec::new(), broken: Vec::new() };
            self.frames.push(frame);
            self.block(&code.function(0).body, &env);
            self.close();
            self.state.facts = facts;
        }
        self.exports(at)
    }

    /// What a module exports.
    pub fn exports(&mut self, at: usize) -> Value {
        match self.loaded.get(&at).copied() {
            Some(loaded) => {
                let cell = self.state.field(loaded.module, "exports");
                self.state.get(cell)
            }
            None => Value::unknown(),
        }
    }

    /// Ends the newest frame: what its branches had written before they returned may have happened.
    fn close(&mut self) -> Value {
        let Some(frame) = self.frames.pop() else { return Value::unknown() };
        for writes in &frame.left {
            self.state.redo_weakly(writes);
        }
        if let Some(facts) = frame.exit {
            self.state.facts = facts;
        }
        frame.returns
    }

    /// Walks into a function.
    pub fn enter(&mut self, closure: &Rc<Closure>, this: Option<Value>, args: Vec<Value>, site: Option<(usize, &'p Expr)>) -> Value {
        let code = self.module(closure.module).function(closure.function);
        let again = self.frames.iter().filter(|f| f.module == closure.module && f.function == closure.function).count();
        let mut args: Vec<Value> = closure.bound.iter().cloned().chain(args).collect();
        if again >= MAX_AGAIN || self.frames.len() >= MAX_CALLS || !self.step() {
            self.cut |= self.frames.len() >= MAX_CALLS;
            let mut result = Value::unknown();
            args.iter().for_each(|arg| result.taint(&arg.taints));
            return result;
        }
        self.entered.insert((closure.module, closure.function));
        if let Some((module, expr)) = site {
            self.note_passing(closure, &mut args, At { module, span: expr.span });
        }
        let this = if code.arrow { None } else { Some(closure.this.clone().or(this).unwrap_or_else(Value::unknown)) };
        let env = Rc::new(Env {
            module: closure.module,
            function: closure.function,
            parent: Some(closure.env.clone()),
            this,
            args: args.clone(),
            cells: Default::default(),
        });
        let (module, function) = (closure.module, closure.function);
        self.frames.push(Frame { module, function, site, returns: Value::default(), exit: None, left: Vec::new(), broken: Vec::new() });
        let named = if self.is_python(module) { self.take_named(&mut args) } else { None };
        let by_position = code.params.len() - code.named_only.min(code.params.len());
        for (at, param) in code.params.iter().enumerate() {
            let given = if at < by_position { args.get(at).cloned() } else { None };
            let given = given.or_else(|| self.by_name(named, module, &param.pattern));
            self.bind(&param.pattern, given.unwrap_or_else(|| Value::of(Atom::Null)), &env);
        }
        if let Some(rest) = &code.rest {
            let list = self.array(args.get(by_position..).unwrap_or_default().to_vec());
            self.bind(rest, list, &env);
        }
        if let Some(keywords) = &code.keywords {
            let value = named.map_or_else(Value::unknown, |id| Value::of(Atom::Object(id)));
            self.bind(keywords, value, &env);
        }
        let end = self.block(&code.body, &env);
        if end == End::Normal {
            self.leave(Value::of(Atom::Null));
        }
        let result = self.close();
        if result.is_nothing() { Value::unknown() } else { result }
    }

    /// Walks a function that nothing was seen to call, with arguments that are not known.
    pub fn enter_alone(&mut self, module: usize, function: FnId) {
        let env =
            Rc::new(Env { module, function: 0, parent: None, this: Some(Value::unknown()), args: Vec::new(), cells: Default::default() });
        self.bind_imports(module, &env);
        if let Some(top) = self.tops.get(&module) {
            env.cells.borrow_mut().extend(top.cells.borrow().iter().map(|(var, cell)| (*var, *cell)));
        }
        let closure = self.closure(&env, function);
        let params = self.module(module).function(function).params.len();
        self.enter(&closure, None, vec![Value::unknown(); params], None);
    }

    /// Adds the step "passed to f as p" to data that are handed over.
    fn note_passing(&self, closure: &Closure, args: &mut [Value], at: At) {
        let module = self.module(closure.module);
        let code = module.function(closure.function);
        if code.name.is_empty() {
            return;
        }
        for (index, arg) in args.iter_mut().enumerate().skip(closure.bound.len()) {
            let name = code.params.get(index).map(|p| module.slice(p.span)).unwrap_or("");
            let name = name.split(['=', ':', '\n']).next().unwrap_or("").trim();
            let says = if name.is_empty() || name.starts_with(['{', '[']) {
                format!("it is passed to `{}`", code.name)
            } else {
                format!("it is passed to `{}` as `{name}`", code.name)
            };
            // The whole event is not worth a step: only what is read from it is.
            for taint in arg.taints.iter_mut().filter(|t| !(t.whole && t.steps.is_none())) {
                *taint = taint.stepped(says.clone(), at);
            }
        }
    }

    /// The function whose code is being walked.
    pub fn here(&self) -> (usize, FnId) {
        self.frames.last().map_or((0, 0), |f| (f.module, f.function))
    }

    /// Walks ways one after the other, each from here under its facts, and merges what they did.
    pub fn fork(&mut self, ways: Vec<Way<'_, Self>>) -> End {
        let before = self.state.facts.clone();
        let fallback = std::mem::take(&mut self.fallback);
        let mut done: Vec<(End, Writes, Facts)> = Vec::new();
        for (facts, way) in ways {
            let facts = Facts::both(&before, &facts);
            if facts.never {
                continue;
            }
            self.state.facts = facts;
            let mark = self.state.mark();
            let end = way(self);
            let writes = self.state.rewind(mark);
            done.push((end, writes, std::mem::take(&mut self.state.facts)));
        }
        let end = done.iter().map(|(end, ..)| *end).min().unwrap_or(End::Never);
        let mut facts: Option<Facts> = None;
        let mut open: Vec<Writes> = Vec::new();
        for (way_end, writes, way_facts) in done {
            match way_end {
                End::Normal => {
                    facts = Some(facts.map_or(way_facts.clone(), |f| Facts::either(&f, &way_facts)));
                    open.push(writes);
                }
                End::Break => self.leave_loop(writes),
                End::Return => self.leave_function(writes),
                End::Never => {}
            }
        }
        self.state.facts = facts.unwrap_or(before);
        self.merge(open, fallback);
        end
    }

    /// One of several branches has run.
    fn merge(&mut self, mut branches: Vec<Writes>, fallback: bool) {
        if branches.len() == 1 {
            if let Some(only) = branches.pop() {
                self.state.redo(only);
            }
            return;
        }
        let cells: BTreeSet<usize> = branches.iter().flat_map(|w| w.keys().copied()).collect();
        for cell in cells {
            let now = self.state.get(cell);
            let mut joined = Value::default();
            for branch in &branches {
                joined = joined.join(branch.get(&cell).unwrap_or(&now));
            }
            if !fallback {
                self.overridden(&joined);
            }
            self.state.set(cell, joined);
        }
    }

    /// Gives a value back from the function that is being walked.
    pub fn leave(&mut self, mut value: Value) {
        // What is known here is known whenever this value is what came back.
        let here = self.state.facts.clone();
        let (yes, no) = value.facts.as_deref().cloned().unwrap_or_default();
        let truth = |want: bool| {
            let other = |a: &Atom| if want { matches!(a, Atom::Bool(false) | Atom::Null) } else { matches!(a, Atom::Bool(true)) };
            !value.unknown && value.taints.is_empty() && !value.atoms.is_empty() && value.atoms.iter().all(other)
        };
        let yes = if truth(true) { Facts::never() } else { Facts::both(&here, &yes) };
        let no = if truth(false) { Facts::never() } else { Facts::both(&here, &no) };
        value.facts = Some(Rc::new((yes, no)));
        if let Some(frame) = self.frames.last_mut() {
            frame.returns = std::mem::take(&mut frame.returns).join(&value);
            frame.exit = Some(frame.exit.take().map_or(here.clone(), |facts| Facts::either(&facts, &here)));
        }
    }

    fn leave_loop(&mut self, writes: Writes) {
        if let Some(frame) = self.frames.last_mut() {
            match frame.broken.last_mut() {
                Some(list) => list.push(writes),
                None => frame.left.push(writes),
            }
        }
    }

    fn leave_function(&mut self, writes: Writes) {
        if let Some(frame) = self.frames.last_mut() {
            frame.left.push(writes);
        }
    }

    /// Whether a module is Python.
    pub fn is_python(&self, module: usize) -> bool {
        self.module(module).language == Language::Python
    }

    /// The event.
    pub fn event(&self) -> Value {
        Value::source(Source::event(), None)
    }
}
