//! Calls: what is called, with which `this`, and what comes back. Never drops data because the callee is unknown.

use super::engine::Engine;
use super::facts::Facts;
use super::state::Object;
use super::value::{Atom, ClassValue, Closure, Env, External, ObjectId, Value};
use crate::ir::{Call, Expr, ExprKind, Key};
use std::rc::Rc;

/// Where a call is written.
#[derive(Clone, Copy)]
pub(super) struct Site<'p> {
    /// The module.
    pub module: usize,
    /// The call.
    pub expr: &'p Expr,
}

/// Classes above one another.
const MAX_CHAIN: usize = 16;

impl<'p> Engine<'p> {
    /// A call expression.
    pub fn call(&mut self, expr: &'p Expr, call: &'p Call, env: &Rc<Env>) -> Value {
        let site = Site { module: env.module, expr };
        match strip(&call.callee) {
            ExprKind::Member(object, key) => {
                let super_call = matches!(object.kind, ExprKind::Super);
                let receiver = self.eval(object, env);
                let name = match key {
                    Key::Static(name) => Some(name.clone()),
                    Key::Computed(key) => {
                        let key = self.eval(key, env);
                        match key.text() {
                            Some(name) => Some(name.clone()),
                            None => {
                                // One of several functions, chosen at run time.
                                let at = super::value::At { module: env.module, span: call.callee.span };
                                let callee = self.chosen(&receiver, &key, at);
                                let args = self.args(call, env);
                                return self.invoke(&callee, Some(receiver), args, site);
                            }
                        }
                    }
                };
                let args = self.args(call, env);
                match name {
                    Some(name) if super_call => self.super_method(&receiver, &name, args, site),
                    Some(name) => self.method_call(&receiver, &name, args, site),
                    None => Value::unknown(),
                }
            }
            ExprKind::Super => {
                let args = self.args(call, env);
                let this = self.this(env);
                self.super_constructor(&this, args, site);
                Value::unknown()
            }
            ExprKind::Global(name) if &**name == "require" => {
                let args = self.args(call, env);
                match args.first().and_then(|a| a.text()).cloned() {
                    Some(specifier) => self.require(env.module, &specifier),
                    None => Value::unknown(),
                }
            }
            _ => {
                let callee = self.eval(&call.callee, env);
                let args = self.args(call, env);
                self.invoke(&callee, None, args, site)
            }
        }
    }

    fn chosen(&mut self, receiver: &Value, key: &Value, at: super::value::At) -> Value {
        let names: Vec<_> = key.texts().cloned().collect();
        if names.is_empty() || key.unknown {
            let mut any = self.any_part(receiver, at);
            any.taints.clear();
            return any;
        }
        let parts: Vec<Value> = names.iter().map(|name| self.member(receiver, name, at.module, at.span)).collect();
        parts.iter().fold(Value::default(), Value::join)
    }

    /// The arguments; what is spread stands for all that follow.
    fn args(&mut self, call: &'p Call, env: &Rc<Env>) -> Vec<Value> {
        let mut args = Vec::with_capacity(call.args.len());
        for (spread, arg) in &call.args {
            let value = self.eval(arg, env);
            if !spread {
                args.push(value);
                continue;
            }
            let exact = !value.unknown && value.taints.is_empty() && value.atoms.iter().all(|a| self.is_whole_array(a));
            let least = if exact { 0 } else { 3 };
            let count = value
                .atoms
                .iter()
                .filter_map(|a| match a {
                    Atom::Object(id) => self.state.at(*id).filter(|o| o.array).map(|o| o.fields.len()),
                    _ => None,
                })
                .max()
                .unwrap_or(0)
                .clamp(least, 12);
            for at in 0..count {
                let element = self.element(&value, at);
                args.push(element);
            }
        }
        args
    }

    /// Whether all elements of an array are known by their number.
    fn is_whole_array(&self, atom: &Atom) -> bool {
        matches!(atom, Atom::Object(id) if self.state.at(*id).is_some_and(|o| o.array && o.any.is_none() && o.spread.is_none()))
    }

    /// Calls a value.
    pub fn invoke(&mut self, callee: &Value, this: Option<Value>, args: Vec<Value>, site: Site<'p>) -> Value {
        let mut out = Value::default();
        for atom in &callee.atoms {
            let result = match atom {
                Atom::Closure(closure) => self.enter(closure, this.clone(), args.clone(), Some((site.module, site.expr))),
                Atom::External(external) => self.external_call(external, this.as_ref(), args.clone(), false, site),
                Atom::Class(class) => self.instance(class, args.clone(), site),
                Atom::Resolve(cell) => {
                    if let Some(value) = args.first() {
                        self.state.add(*cell, value);
                    }
                    Value::unknown()
                }
                _ => continue,
            };
            out = out.join(&result);
        }
        if out.is_nothing() { self.unknown_call(&args, site) } else { out }
    }

    /// A call of what is not known: functions among its arguments may run, and data may come back.
    pub fn unknown_call(&mut self, args: &[Value], site: Site<'p>) -> Value {
        let mut out = Value::unknown();
        for arg in args {
            out.taint(&arg.transformed("call").taints);
        }
        self.call_back(args, &Value::unknown(), site);
        out
    }

    /// Runs the functions among arguments, with a value for each of their parameters.
    pub fn call_back(&mut self, args: &[Value], with: &Value, site: Site<'p>) {
        for arg in args {
            let mut functions: Vec<Rc<Closure>> = arg.closures().cloned().collect();
            for (_, field) in self.named_fields(arg) {
                functions.extend(field.closures().cloned());
            }
            for function in functions {
                // What runs later, if ever, tells nothing about what follows here.
                let facts = self.state.facts.clone();
                let params = self.module(function.module).function(function.function).params.len();
                self.enter(&function, None, vec![with.clone(); params], Some((site.module, site.expr)));
                self.state.facts = facts;
            }
        }
    }

    /// Calls a method by name.
    pub fn method_call(&mut self, receiver: &Value, name: &str, args: Vec<Value>, site: Site<'p>) -> Value {
        let mut out = Value::default();
        let mut rest = Value { atoms: Vec::new(), facts: None, ..receiver.clone() };
        for atom in &receiver.atoms {
            match atom {
                Atom::Object(_) | Atom::Class(_) => {
                    let this = Value::of(atom.clone());
                    let span = site.expr.span;
                    let mut method = self.member(&this, name, site.module, span);
                    method.atoms.retain(|a| matches!(a, Atom::Closure(_) | Atom::External(_) | Atom::Resolve(_)));
                    if method.atoms.is_empty() {
                        rest.atoms.push(atom.clone());
                    } else {
                        let result = self.invoke(&method, Some(this), args.clone(), site);
                        out = out.join(&result);
                    }
                }
                Atom::External(external) => {
                    let called = self.external_method(external, name, &args, site);
                    out = out.join(&called);
                }
                Atom::Closure(closure) => {
                    let result = self.function_method(closure, name, &args, site);
                    out = out.join(&result);
                }
                other => rest.atoms.push(other.clone()),
            }
        }
        if !rest.is_nothing() || out.is_nothing() {
            let result = self.builtin(&rest, name, args, site);
            out = out.join(&result);
        }
        out
    }

    /// `bind`, `call`, `apply`, or a function kept on a function.
    fn function_method(&mut self, closure: &Rc<Closure>, name: &str, args: &[Value], site: Site<'p>) -> Value {
        let this = args.first().cloned();
        match name {
            "bind" => {
                let bound = closure.bound.iter().chain(args.iter().skip(1)).cloned().collect();
                Value::of(Atom::Closure(Rc::new(Closure {
                    module: closure.module,
                    function: closure.function,
                    env: closure.env.clone(),
                    this: closure.this.clone().or(this),
                    bound,
                    properties: closure.properties,
                })))
            }
            "call" => self.enter(closure, this, args.iter().skip(1).cloned().collect(), Some((site.module, site.expr))),
            "apply" => {
                let list = args.get(1).cloned().unwrap_or_default();
                let params = self.module(closure.module).function(closure.function).params.len();
                let args = (0..params.max(1)).map(|at| self.element(&list, at)).collect();
                self.enter(closure, this, args, Some((site.module, site.expr)))
            }
            _ => {
                let own = self.member(&Value::of(Atom::Closure(closure.clone())), name, site.module, site.expr.span);
                self.invoke(&own, None, args.to_vec(), site)
            }
        }
    }

    /// A method of a part of a package.
    fn external_method(&mut self, external: &Rc<External>, name: &str, args: &[Value], site: Site<'p>) -> Value {
        let is_function = !external.path.is_empty() && !external.path.ends_with(')');
        match name {
            "bind" if is_function => Value::of(Atom::External(Rc::new(External {
                package: external.package.clone(),
                path: external.path.clone(),
                args: external.args.clone(),
                bound: external.bound.iter().chain(args.iter().skip(1)).cloned().collect(),
            }))),
            "call" if is_function => self.external_call(external, None, args.iter().skip(1).cloned().collect(), false, site),
            // What a package opens is what it gives; only our own classes give something else.
            "__enter__" | "__aenter__" => Value::of(Atom::External(external.clone())),
            "then" | "catch" | "finally" if external.path.ends_with(')') => {
                self.builtin(&Value::of(Atom::External(external.clone())), name, args.to_vec(), site)
            }
            _ => {
                let member = self.member(&Value::of(Atom::External(external.clone())), name, site.module, site.expr.span);
                self.invoke(&member, None, args.to_vec(), site)
            }
        }
    }

    /// `new F(...)`.
    pub fn construct(&mut self, expr: &'p Expr, call: &'p Call, env: &Rc<Env>) -> Value {
        let site = Site { module: env.module, expr };
        let callee = self.eval(&call.callee, env);
        let args = self.args(call, env);
        let mut out = Value::default();
        for atom in &callee.atoms {
            let made = match atom {
                Atom::Class(class) => self.instance(class, args.clone(), site),
                Atom::Closure(closure) => {
                    let id = self.state.object(Object { maker: Some(closure.clone()), ..Object::default() });
                    let this = Value::of(Atom::Object(id));
                    let returned = self.enter(closure, Some(this.clone()), args.clone(), Some((site.module, expr)));
                    let objects = returned.atoms.iter().filter(|a| matches!(a, Atom::Object(_))).cloned().collect();
                    this.join(&Value { atoms: objects, ..Value::default() })
                }
                Atom::External(external) => self.external_call(external, None, args.clone(), true, site),
                _ => continue,
            };
            out = out.join(&made);
        }
        if out.is_nothing() { self.unknown_call(&args, site) } else { out }
    }

    /// A new object of a class.
    fn instance(&mut self, class: &Rc<ClassValue>, args: Vec<Value>, site: Site<'p>) -> Value {
        let id = self.state.object(Object { class: Some(class.clone()), ..Object::default() });
        self.initialise(class, id, args, site, 0);
        Value::of(Atom::Object(id))
    }

    /// Runs the fields and the constructor of a class, those of what it extends first.
    fn initialise(&mut self, class: &Rc<ClassValue>, id: ObjectId, args: Vec<Value>, site: Site<'p>, depth: usize) {
        let Some(code) = self.module(class.module).classes.get(class.class as usize) else { return };
        let this = Value::of(Atom::Object(id));
        let fields = Rc::new(Env {
            module: class.module,
            function: class.env.function,
            parent: class.env.parent.clone(),
            this: Some(this.clone()),
            args: Vec::new(),
            cells: class.env.cells.clone(),
        });
        for (name, is_static, init) in &code.fields {
            if !is_static && let Some(init) = init {
                let value = self.eval(init, &fields);
                let cell = self.state.field(id, name);
                self.state.set(cell, value);
            }
        }
        match code.constructor {
            Some(function) => {
                let closure = self.closure(&class.env, function);
                self.enter(&closure, Some(this), args, Some((site.module, site.expr)));
            }
            None if depth < MAX_CHAIN => {
                for atom in &class.extends.atoms {
                    if let Atom::Class(parent) = atom {
                        self.initialise(parent, id, args.clone(), site, depth + 1);
                    }
                }
            }
            None => {}
        }
    }

    fn super_constructor(&mut self, this: &Value, args: Vec<Value>, site: Site<'p>) {
        for (id, parents) in self.parents(this) {
            for atom in &parents.atoms {
                match atom {
                    Atom::Class(parent) => self.initialise(parent, id, args.clone(), site, 1),
                    Atom::External(external) => drop(self.external_call(external, None, args.clone(), true, site)),
                    _ => {}
                }
            }
        }
    }

    fn super_method(&mut self, this: &Value, name: &str, args: Vec<Value>, site: Site<'p>) -> Value {
        let mut out = Value::default();
        for (id, parents) in self.parents(this) {
            for atom in &parents.atoms {
                if let Atom::Class(parent) = atom {
                    let proxy = self.state.object(Object { class: Some(parent.clone()), ..Object::default() });
                    let method = self.member(&Value::of(Atom::Object(proxy)), name, site.module, site.expr.span);
                    for closure in method.closures() {
                        let unbound = Rc::new(Closure {
                            module: closure.module,
                            function: closure.function,
                            env: closure.env.clone(),
                            this: Some(Value::of(Atom::Object(id))),
                            bound: Vec::new(),
                            properties: closure.properties,
                        });
                        let result = self.enter(&unbound, None, args.clone(), Some((site.module, site.expr)));
                        out = out.join(&result);
                    }
                }
            }
        }
        if out.is_nothing() { self.unknown_call(&args, site) } else { out }
    }

    fn parents(&self, this: &Value) -> Vec<(ObjectId, Value)> {
        let objects = this.atoms.iter().filter_map(|a| match a {
            Atom::Object(id) => self.state.at(*id).and_then(|o| o.class.clone()).map(|class| (*id, class.extends.clone())),
            _ => None,
        });
        objects.collect()
    }

    /// What a call is known to return when its argument is checked.
    pub fn checked(&mut self, value: &Value) -> Value {
        self.truth(Facts::checks(value), Facts::default())
    }
}

/// An expression without what lets its value through.
pub(super) fn strip(expr: &Expr) -> &ExprKind {
    let mut inner = expr;
    while let ExprKind::Through(next) = &inner.kind {
        inner = next;
    }
    &inner.kind
}
