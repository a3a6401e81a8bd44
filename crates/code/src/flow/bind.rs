//! Variables, patterns and `this`. Never invents a binding: what is not understood binds nothing.

use super::engine::Engine;
use super::value::{Atom, CellId, Closure, Env, Value};
use crate::ir::{ExprKind, Imported, Pattern, VarId};
use crate::load::Target;
use std::rc::Rc;

impl<'p> Engine<'p> {
    /// The cell of a variable, in the run of the function that declares it.
    fn cell_of(&mut self, env: &Rc<Env>, var: VarId) -> CellId {
        let owner = self.module(env.module).owners.get(var as usize).copied().unwrap_or(0);
        let mut scope = env;
        while scope.function != owner
            && let Some(parent) = &scope.parent
        {
            scope = parent;
        }
        if let Some(cell) = scope.cells.borrow().get(&var) {
            return *cell;
        }
        let cell = self.state.cell(Value::default());
        scope.cells.borrow_mut().insert(var, cell);
        cell
    }

    /// What a variable holds; unknown when nothing was put there.
    pub fn var(&mut self, env: &Rc<Env>, var: VarId) -> Value {
        let cell = self.cell_of(env, var);
        let value = self.state.get(cell);
        if value.is_nothing() { Value::unknown() } else { value }
    }

    /// Gives a variable its value.
    pub fn set_var(&mut self, env: &Rc<Env>, var: VarId, value: Value) {
        let cell = self.cell_of(env, var);
        self.state.set(cell, value);
    }

    /// Takes a value apart into what a pattern names.
    pub fn bind(&mut self, pattern: &'p Pattern, value: Value, env: &Rc<Env>) {
        if !self.step() {
            return;
        }
        match pattern {
            Pattern::Var(var) => self.set_var(env, *var, value),
            Pattern::Place(place) => self.put(place, value, env),
            Pattern::Object(properties, rest) => {
                for (key, inner, span) in properties {
                    let part = match key.name() {
                        Some(name) => self.member(&value, name, env.module, *span),
                        None => self.elements(&value),
                    };
                    self.bind(inner, part, env);
                }
                if let Some(rest) = rest {
                    self.bind(rest, value, env);
                }
            }
            Pattern::Array(items, rest) => {
                for (at, item) in items.iter().enumerate() {
                    if let Some(item) = item {
                        let part = self.element(&value, at);
                        self.bind(item, part, env);
                    }
                }
                if let Some(rest) = rest {
                    self.bind(rest, value, env);
                }
            }
            Pattern::Default(inner, default) => {
                // The default is taken when there is nothing, which is not known of data.
                let value = match value.atoms.as_slice() {
                    [Atom::Null] if !value.unknown && value.taints.is_empty() => self.eval(default, env),
                    [] if value.unknown => value.join(&self.eval(default, env)),
                    atoms if atoms.iter().any(|a| matches!(a, Atom::Null)) => value.join(&self.eval(default, env)),
                    _ => value,
                };
                self.bind(inner, value, env);
            }
            Pattern::Nothing => {}
        }
    }

    /// Writes to a property, an element or a global.
    fn put(&mut self, place: &'p crate::ir::Expr, value: Value, env: &Rc<Env>) {
        let ExprKind::Member(object, key) = &place.kind else { return };
        let object = self.eval(object, env);
        let name = match key {
            crate::ir::Key::Static(name) => Some(name.clone()),
            crate::ir::Key::Computed(expr) => self.eval(expr, env).text().cloned(),
        };
        let only = object.atoms.len() == 1 && !object.unknown;
        for atom in &object.atoms {
            let id = match atom {
                Atom::Object(id) => *id,
                Atom::Closure(closure) => closure.properties,
                Atom::Class(class) => class.properties,
                _ => continue,
            };
            let cell = match &name {
                Some(name) => self.state.field(id, name),
                None => self.state.any(id),
            };
            if only && name.is_some() {
                self.state.set(cell, value.clone());
            } else {
                self.state.add(cell, &value);
            }
        }
    }

    /// `this`, of the nearest function that has one.
    pub fn this(&self, env: &Rc<Env>) -> Value {
        let mut scope = env;
        loop {
            if let Some(this) = &scope.this {
                return this.clone();
            }
            match &scope.parent {
                Some(parent) => scope = parent,
                None => return Value::unknown(),
            }
        }
    }

    /// A function with its `this` fixed.
    pub fn bind_this(&mut self, closure: &Rc<Closure>, this: Value) -> Value {
        Value::of(Atom::Closure(Rc::new(Closure {
            module: closure.module,
            function: closure.function,
            env: closure.env.clone(),
            this: closure.this.clone().or(Some(this)),
            bound: closure.bound.clone(),
            properties: closure.properties,
        })))
    }

    /// Gives the names of `import` declarations their values.
    pub fn bind_imports(&mut self, at: usize, env: &Rc<Env>) {
        let code = self.module(at);
        for import in &code.imports {
            let target = self.target(at, &import.specifier);
            let whole = self.require(at, &import.specifier);
            for (var, imported) in &import.bindings {
                let span = model::Span::default();
                let value = match (&target, imported) {
                    (Target::Package(_), Imported::Default | Imported::Namespace) => whole.clone(),
                    (_, Imported::Namespace) => whole.clone(),
                    (_, Imported::Named(name)) => self.member(&whole, name, at, span),
                    (_, Imported::Default) => self.default_of(&whole),
                };
                self.set_var(env, *var, value);
            }
        }
    }

    /// The default export: of a CommonJS module it is all that it exports.
    pub fn default_of(&mut self, whole: &Value) -> Value {
        let has = whole.atoms.iter().any(|a| match a {
            Atom::Object(id) => self.state.at(*id).is_some_and(|o| o.fields.contains_key("default")),
            _ => false,
        });
        if has { self.member(whole, "default", 0, model::Span::default()) } else { whole.clone() }
    }

    /// What `require` or `import` of a name gives.
    pub fn require(&mut self, module: usize, specifier: &str) -> Value {
        match self.target(module, specifier) {
            Target::Module(at) => self.load(at),
            Target::Package(package) => match package.strip_prefix("py:").and_then(|name| name.split_once('.')) {
                Some((base, rest)) => self.external(&format!("py:{base}"), rest),
                None => self.external(&package, ""),
            },
            // `from a import b` asks for a module `a.b`, which need not be there.
            Target::Missing if specifier.starts_with('?') => Value::of(Atom::Null),
            Target::Data | Target::Missing => Value::unknown(),
        }
    }

    /// Takes the named arguments away from the others.
    pub fn take_named(&mut self, args: &mut Vec<Value>) -> Option<super::value::ObjectId> {
        let [Atom::Object(id)] = args.last()?.atoms.as_slice() else { return None };
        let id = *id;
        self.state.at(id).filter(|o| o.named)?;
        args.pop();
        Some(id)
    }

    /// The argument that is given by a parameter's name.
    pub fn by_name(&mut self, named: Option<super::value::ObjectId>, module: usize, pattern: &Pattern) -> Option<Value> {
        let var = match pattern {
            Pattern::Var(var) => *var,
            Pattern::Default(inner, _) => match &**inner {
                Pattern::Var(var) => *var,
                _ => return None,
            },
            _ => return None,
        };
        let name = self.module(module).variables.get(var as usize)?.clone();
        let object = self.state.at(named?)?;
        let field = object.fields.get(&name).copied();
        if let Some(cell) = field {
            return Some(self.state.get(cell));
        }
        // `f(**data)` gives whatever the data hold.
        let spread = object.spread.is_some() || object.any.is_some();
        spread.then(|| self.member(&Value::of(Atom::Object(named.unwrap_or_default())), &name, module, model::Span::default()))
    }

    /// Adds to what a module exports.
    pub fn export(&mut self, module: usize, name: &str, value: &Value) {
        let exports = self.exports(module);
        for atom in &exports.atoms {
            if let Atom::Object(id) = atom {
                let cell = self.state.field(*id, name);
                self.state.set(cell, value.clone());
            }
        }
    }
}
