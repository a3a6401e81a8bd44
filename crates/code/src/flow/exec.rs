//! Statements of the walk. Never decides a condition: both ways are walked, each under what the condition says.

use super::call::Site;
use super::engine::Engine;
use super::facts::Facts;
use super::source::{Root, Source};
use super::state::{End, Writes};
use super::value::{Atom, ClassValue, Closure, Env, Value};
use crate::ir::{Expr, FnId, Loop, Pattern, Stmt, StmtKind};
use std::cell::RefCell;
use std::rc::Rc;

/// The body of a case.
type Case<'c, E> = dyn FnMut(&mut E) -> End + 'c;

/// Rounds of a loop: the second sees what the first has written.
const ROUNDS: usize = 2;

impl<'p> Engine<'p> {
    /// Runs statements until one of them leaves.
    pub fn block(&mut self, body: &'p [Stmt], env: &Rc<Env>) -> End {
        for stmt in body {
            if let StmtKind::Function(var, function) = stmt.kind {
                let closure = self.closure(env, function);
                self.set_var(env, var, Value::of(Atom::Closure(closure)));
            }
        }
        for stmt in body {
            let end = self.stmt(stmt, env);
            if end != End::Normal {
                return end;
            }
        }
        End::Normal
    }

    /// A function with what it closes over.
    pub fn closure(&mut self, env: &Rc<Env>, function: FnId) -> Rc<Closure> {
        let properties = self.state.object(Default::default());
        Rc::new(Closure { module: env.module, function, env: env.clone(), this: None, bound: Vec::new(), properties })
    }

    fn stmt(&mut self, stmt: &'p Stmt, env: &Rc<Env>) -> End {
        if !self.step() {
            return End::Never;
        }
        match &stmt.kind {
            StmtKind::Expr(expr) => {
                self.eval(expr, env);
                End::Normal
            }
            StmtKind::Let(pattern, init) => {
                let value = match init {
                    Some(init) => self.eval(init, env),
                    None => Value::of(Atom::Null),
                };
                // `var x;` again does not take its value away, but it stands where the value begins.
                self.bind(pattern, value, env);
                End::Normal
            }
            StmtKind::Function(..) => End::Normal,
            StmtKind::Class(var, class) => {
                let value = self.class(env, *class);
                self.set_var(env, *var, value);
                End::Normal
            }
            StmtKind::Return(value) => {
                let given = value.as_ref().map_or_else(|| Value::of(Atom::Null), |value| self.eval(value, env));
                if let Some(expr) = value {
                    self.returned(&given, Site { module: env.module, expr });
                }
                self.leave(given);
                End::Return
            }
            StmtKind::Throw(value) => {
                self.eval(value, env);
                End::Return
            }
            StmtKind::Break | StmtKind::Continue => End::Break,
            StmtKind::If(test, yes, no) => {
                let (when_true, when_false) = self.condition(test, env);
                self.fallback = self.asks_identity(test, env);
                self.fork(vec![(when_true, &mut |e: &mut Self| e.block(yes, env)), (when_false, &mut |e: &mut Self| e.block(no, env))])
            }
            StmtKind::Switch(subject, cases) => self.switch(subject, cases, env),
            StmtKind::Loop(l) => self.walk_loop(l, env),
            StmtKind::Try(body, param, handler, last) => self.try_block(body, param.as_ref(), handler.as_deref(), last, env),
            StmtKind::Block(body) => self.block(body, env),
            StmtKind::Export(name, value) => {
                let value = self.eval(value, env);
                self.export(env.module, name, &value);
                End::Normal
            }
            StmtKind::ExportAll(specifier) => {
                let all = self.require(env.module, specifier);
                for (name, value) in self.named_fields(&all) {
                    self.export(env.module, &name, &value);
                }
                End::Normal
            }
        }
    }

    /// A class with what it closes over, its static members set.
    pub fn class(&mut self, env: &Rc<Env>, class: u32) -> Value {
        let module = self.module(env.module);
        let Some(code) = module.classes.get(class as usize) else { return Value::unknown() };
        let extends = code.extends.as_ref().map(|e| self.eval(e, env)).unwrap_or_default();
        let properties = self.state.object(Default::default());
        let value = Rc::new(ClassValue { module: env.module, class, env: env.clone(), properties, extends });
        let this = Value::of(Atom::Class(value));
        for (name, is_static, init) in &code.fields {
            if *is_static && let Some(init) = init {
                let value = self.eval(init, env);
                let cell = self.state.field(properties, name);
                self.state.set(cell, value);
            }
        }
        for (name, is_static, function) in &code.methods {
            if *is_static {
                let closure = self.closure(env, *function);
                let bound = self.bind_this(&closure, this.clone());
                let cell = self.state.field(properties, name);
                self.state.set(cell, bound);
            }
        }
        this
    }

    fn switch(&mut self, subject: &'p Expr, cases: &'p [(Option<Expr>, Vec<Stmt>)], env: &Rc<Env>) -> End {
        let subject = self.eval(subject, env);
        let mut ways: Vec<(Facts, Box<Case<'_, Self>>)> = Vec::new();
        let mut otherwise = true;
        // Cases that share a body (`case "a": case "b": ...`) are one way.
        let mut shared: Option<Facts> = None;
        for (at, (test, body)) in cases.iter().enumerate() {
            let facts = match test {
                Some(test) => {
                    let test = self.eval(test, env);
                    self.equal(&subject, &test).0
                }
                None => {
                    otherwise = false;
                    Facts::default()
                }
            };
            let facts = shared.take().map_or(facts.clone(), |before| Facts::either(&before, &facts));
            if body.is_empty() && at + 1 < cases.len() {
                shared = Some(facts);
                continue;
            }
            let run = move |e: &mut Self| {
                for (_, body) in cases.get(at..).unwrap_or_default() {
                    match e.block(body, env) {
                        End::Normal => {}
                        // `break` ends the switch, not what is around it.
                        End::Break => return End::Normal,
                        other => return other,
                    }
                }
                End::Normal
            };
            ways.push((facts, Box::new(move |e| run(e))));
        }
        if otherwise {
            ways.push((Facts::default(), Box::new(|_| End::Normal)));
        }
        self.open_loop();
        let end = self.fork(ways.iter_mut().map(|(facts, way)| (facts.clone(), &mut **way as &mut dyn FnMut(&mut Self) -> End)).collect());
        self.close_loop();
        end
    }

    fn walk_loop(&mut self, l: &'p Loop, env: &Rc<Env>) -> End {
        self.block(&l.init, env);
        self.open_loop();
        for _ in 0..ROUNDS {
            let each = match &l.each {
                Some((pattern, list)) => {
                    let list = self.eval(list, env);
                    let value = if l.keys { self.keys(&list) } else { self.iterated(&list, env.module) };
                    Some((pattern, value))
                }
                None => None,
            };
            let test = l.test.as_ref().map(|test| self.eval(test, env)).unwrap_or_default();
            let (when_true, _) = test.facts.as_deref().cloned().unwrap_or_default();
            let mut round = |e: &mut Self| {
                if let Some((pattern, value)) = &each {
                    e.bind(pattern, value.clone(), env);
                }
                let end = e.block(&l.body, env);
                if end == End::Normal
                    && let Some(update) = &l.update
                {
                    e.eval(update, env);
                }
                end
            };
            // A loop may run no round at all, and what a round knows ends with it.
            self.fork(vec![(when_true, &mut round), (Facts::default(), &mut |_: &mut Self| End::Normal)]);
        }
        self.close_loop();
        End::Normal
    }

    fn open_loop(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.broken.push(Vec::new());
        }
    }

    fn close_loop(&mut self) {
        let broken = self.frames.last_mut().and_then(|f| f.broken.pop()).unwrap_or_default();
        for writes in &broken {
            self.state.redo_weakly(writes);
        }
    }

    fn try_block(
        &mut self,
        body: &'p [Stmt],
        param: Option<&'p Pattern>,
        handler: Option<&'p [Stmt]>,
        last: &'p [Stmt],
        env: &Rc<Env>,
    ) -> End {
        let mut ends = End::Normal;
        match handler {
            Some(handler) => {
                // Where the body stopped is not known, so the handler sees what it may have written.
                let written = RefCell::new(Writes::new());
                let mut tried = |e: &mut Self| {
                    let mark = e.state.mark();
                    e.tokens.tries += 1;
                    let end = e.block(body, env);
                    e.tokens.tries -= 1;
                    written.replace(e.state.since(mark));
                    end
                };
                let mut caught = |e: &mut Self| {
                    e.state.redo_weakly(&written.take());
                    if let Some(param) = param {
                        e.bind(param, Value::source(Source::of(Root::Error), None), env);
                    }
                    e.block(handler, env)
                };
                ends = self.fork(vec![(Facts::default(), &mut tried), (Facts::default(), &mut caught)]);
            }
            None => ends = ends.max(self.block(body, env)),
        }
        match self.block(last, env) {
            End::Normal => ends,
            other => other,
        }
    }
}
