//! Comprehensions and decorators. A round knows what its tests say; a decorator that is not ours gives back what it was given.

use super::call::Site;
use super::engine::Engine;
use super::facts::Facts;
use super::state::Object;
use super::value::{Atom, Env, Value};
use crate::ir::{Expr, Round};
use std::rc::Rc;

impl<'p> Engine<'p> {
    /// `[f(x) for x in xs if c]`.
    pub fn comprehension(&mut self, rounds: &'p [Round], elements: &'p [Expr], env: &Rc<Env>) -> Value {
        let outside = self.state.facts.clone();
        for round in rounds {
            let list = self.eval(&round.list, env);
            let element = self.iterated(&list, env.module);
            self.bind(&round.target, element, env);
            for test in &round.tests {
                let (yes, _) = self.eval(test, env).facts.as_deref().cloned().unwrap_or_default();
                self.state.facts = Facts::both(&self.state.facts, &yes);
            }
        }
        let id = self.state.object(Object { array: true, ..Object::default() });
        let cell = self.state.any(id);
        for element in elements {
            let mut value = self.eval(element, env);
            // What was checked inside stays checked outside.
            let facts = &self.state.facts;
            value.taints.retain(|t| !facts.checked.contains(&(t.source.clone(), t.form, super::facts::Scope::All)));
            self.state.add(cell, &value);
        }
        self.state.facts = outside;
        Value::of(Atom::Object(id))
    }

    /// What a loop takes out of a value: in Python the names of a dictionary, else elements.
    pub fn iterated(&mut self, list: &Value, module: usize) -> Value {
        if !self.is_python(module) {
            return self.elements(list);
        }
        let is_dictionary = |e: &Self, a: &Atom| matches!(a, Atom::Object(id) if e.state.at(*id).is_some_and(|o| !o.array));
        let (named, others): (Vec<Atom>, Vec<Atom>) = list.atoms.iter().cloned().partition(|a| is_dictionary(self, a));
        let mut out = self.elements(&Value { atoms: others, ..list.clone() });
        if !named.is_empty() {
            let names = self.keys(&Value { atoms: named, ..Value::default() });
            out = out.join(&names);
        }
        out
    }

    /// A function with a decorator.
    pub fn decorated(&mut self, expr: &'p Expr, decorator: &'p Expr, function: &'p Expr, env: &Rc<Env>) -> Value {
        let decorator = self.eval(decorator, env);
        let own = self.eval(function, env);
        let site = Site { module: env.module, expr };
        let mut out = Value::default();
        for atom in &decorator.atoms {
            match atom {
                Atom::Closure(closure) => {
                    let made = self.enter(closure, None, vec![own.clone()], Some((site.module, site.expr)));
                    out = out.join(&made);
                }
                Atom::External(external) => self.python_route(external, &own, site),
                _ => {}
            }
        }
        if out.closures().next().is_some() { out } else { own }
    }
}
