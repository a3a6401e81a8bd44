//! Properties and elements of values. Data of the event stay data of the event, with a longer path.

use super::engine::Engine;
use super::source::Part;
use super::state::Object;
use super::value::{At, Atom, External, ObjectId, Step, Taint, Value};
use model::Span;
use std::rc::Rc;
use std::sync::Arc;

/// Longer paths into a package are not told apart.
const MAX_PATH: usize = 160;
/// Classes and prototypes above one another.
const MAX_CHAIN: usize = 16;

impl<'p> Engine<'p> {
    /// A property by name. `span` is the expression that reads it.
    pub fn member(&mut self, value: &Value, name: &str, module: usize, span: Span) -> Value {
        self.identity_read(value, name, At { module, span });
        let mut out = Value { unknown: value.unknown && value.taints.is_empty(), ..Value::default() };
        for taint in &value.taints {
            self.part(taint, name, At { module, span }, &mut out);
        }
        for atom in &value.atoms {
            let part = match atom {
                Atom::Object(id) => self.object_member(*id, name, module, span, 0),
                Atom::Closure(closure) => self.object_member(closure.properties, name, module, span, 0),
                Atom::Class(class) => {
                    let own = self.object_member(class.properties, name, module, span, 0);
                    if own.is_nothing() { self.member(&class.extends.clone(), name, module, span) } else { own }
                }
                Atom::External(external) if is_environment(external) => Value::of(Atom::Env(name.into())),
                Atom::External(external) => self.external_member(external, name),
                Atom::Null => Value::of(Atom::Null),
                _ => Value::unknown(),
            };
            out = out.join(&part);
        }
        if out.is_nothing() { Value::unknown() } else { out }
    }

    /// A property of data.
    fn part(&mut self, taint: &Taint, name: &str, at: At, out: &mut Value) {
        if matches!(name, "length" | "size" | "byteLength") {
            out.unknown = true;
            return;
        }
        if !taint.whole || taint.form != 0 {
            out.unknown = true;
            out.taint(&[Taint { whole: false, ..taint.clone() }]);
            return;
        }
        self.tokens.read(taint, name);
        match taint.source.part(name) {
            Part::Clean => out.unknown = true,
            Part::Method => out.atoms.push(Atom::Method),
            Part::Source(source) => {
                self.authorizer_input |= source.is_authorizer_input();
                let code = self.module(at.module);
                let before = match &taint.steps {
                    Some(step) if taint.reading => step.before.clone(),
                    other => other.clone(),
                };
                let says = format!("`{}` {}", short(code.slice(at.span), name), source.says());
                let steps = Some(Rc::new(Step { says, at, before }));
                out.unknown = true;
                out.taint(&[Taint { source: Rc::new(source), steps, reading: true, ..taint.clone() }]);
            }
        }
    }

    fn object_member(&mut self, id: ObjectId, name: &str, module: usize, span: Span, depth: usize) -> Value {
        let Some(object) = self.state.at(id) else { return Value::unknown() };
        let (field, any, spread) = (object.fields.get(name).copied(), object.any, object.spread);
        let (class, maker, array) = (object.class.clone(), object.maker.clone(), object.array);
        let mut out = Value::default();
        if let Some(cell) = field {
            out = self.state.get(cell);
            if !out.is_nothing() && any.is_none() {
                return out;
            }
        }
        if let Some(any) = any
            && !(array && matches!(name, "length"))
        {
            out = out.join(&self.state.get(any));
        }
        if let Some(spread) = spread {
            let inner = self.state.get(spread);
            out = out.join(&self.member(&inner, name, module, span));
        }
        if let Some(class) = class {
            out = out.join(&self.method(&Value::of(Atom::Class(class)), id, name, depth));
        }
        if let Some(maker) = maker
            && depth < MAX_CHAIN
        {
            let prototype = self.object_member(maker.properties, "prototype", module, span, depth + 1);
            for atom in &prototype.atoms {
                if let Atom::Object(inner) = atom {
                    out = out.join(&self.object_member(*inner, name, module, span, depth + 1));
                }
            }
        }
        out
    }

    /// A method of a class or of what it extends, with `this` bound to the object.
    fn method(&mut self, class: &Value, this: ObjectId, name: &str, depth: usize) -> Value {
        let mut out = Value::default();
        if depth > MAX_CHAIN {
            return out;
        }
        for atom in &class.atoms {
            match atom {
                Atom::Class(class) => {
                    let code = self.module(class.module).classes.get(class.class as usize);
                    let own = code.and_then(|c| c.methods.iter().find(|(n, is_static, _)| &**n == name && !is_static));
                    match own {
                        Some((_, _, function)) => {
                            let closure = self.closure(&class.env, *function);
                            if code.is_some_and(|c| c.getters.iter().any(|g| &**g == name)) {
                                let bound = self.bind_this(&closure, Value::of(Atom::Object(this)));
                                for getter in bound.closures() {
                                    let got = self.enter(getter, None, Vec::new(), None);
                                    out = out.join(&got);
                                }
                                continue;
                            }
                            // `this` is what the method is called on; a method that is passed on loses it in JavaScript, and keeping it
                            // here only finds more.
                            out = out.join(&self.bind_this(&closure, Value::of(Atom::Object(this))));
                        }
                        None => out = out.join(&self.method(&class.extends, this, name, depth + 1)),
                    }
                }
                Atom::External(external) => out = out.join(&self.external_member(&external.clone(), name)),
                _ => out.unknown = true,
            }
        }
        out
    }

    /// A part of a package or of the runtime.
    pub fn external(&mut self, package: &str, path: &str) -> Value {
        Value::of(Atom::External(Rc::new(External { package: package.into(), path: path.into(), args: Vec::new(), bound: Vec::new() })))
    }

    fn external_member(&mut self, external: &Rc<External>, name: &str) -> Value {
        if name == "default" && external.path.is_empty() {
            return Value::of(Atom::External(external.clone()));
        }
        if external.path.len() > MAX_PATH {
            return Value::unknown();
        }
        let outermost = external.path.is_empty() || (external.package.is_empty() && matches!(&*external.path, "globalThis" | "global"));
        let path = if outermost { name.to_owned() } else { format!("{}.{name}", external.path) };
        if let Some(request) = self.python_member(&external.package, &path) {
            return request;
        }
        let args = external.args.clone();
        Value::of(Atom::External(Rc::new(External { package: external.package.clone(), path: path.into(), args, bound: Vec::new() })))
    }

    /// What any element or property may be.
    pub fn elements(&mut self, value: &Value) -> Value {
        let mut out = Value { unknown: value.unknown, taints: value.taints.clone(), ..Value::default() };
        for atom in &value.atoms {
            match atom {
                Atom::Object(id) => {
                    let Some(object) = self.state.at(*id) else { continue };
                    let cells: Vec<usize> = object.fields.values().copied().chain(object.any).chain(object.spread).collect();
                    for cell in cells {
                        out = out.join(&self.state.get(cell));
                    }
                }
                Atom::Null => {}
                _ => out.unknown = true,
            }
        }
        out
    }

    /// An element by its number.
    pub fn element(&mut self, value: &Value, at: usize) -> Value {
        let name = at.to_string();
        let named = value.atoms.iter().any(|a| match a {
            Atom::Object(id) => self.state.at(*id).is_some_and(|o| o.array && o.fields.contains_key(name.as_str()) && o.any.is_none()),
            _ => false,
        });
        if named && value.taints.is_empty() { self.member(value, &name, 0, Span::default()) } else { self.elements(value) }
    }

    /// What a name of a property may be.
    pub fn keys(&mut self, value: &Value) -> Value {
        // Names that the caller chose are the caller's data too.
        let mut out = value.transformed("keys");
        for atom in &value.atoms {
            if let Atom::Object(id) = atom
                && let Some(object) = self.state.at(*id)
            {
                let names: Vec<Arc<str>> = object.fields.keys().cloned().collect();
                let spread = object.spread.map(|cell| self.state.get(cell));
                out.atoms.extend(names.into_iter().take(16).map(Atom::Text));
                if let Some(spread) = spread {
                    out.taint(&spread.transformed("keys").taints);
                }
            }
        }
        out
    }

    /// A new array.
    pub fn array(&mut self, elements: Vec<Value>) -> Value {
        let id = self.state.object(Object { array: true, ..Object::default() });
        for (at, value) in elements.into_iter().enumerate() {
            let cell = self.state.field(id, &at.to_string());
            self.state.set(cell, value);
        }
        Value::of(Atom::Object(id))
    }

    /// The properties of objects whose names are known.
    pub fn named_fields(&mut self, value: &Value) -> Vec<(Arc<str>, Value)> {
        let mut out = Vec::new();
        for atom in &value.atoms {
            if let Atom::Object(id) = atom
                && let Some(object) = self.state.at(*id)
            {
                out.extend(object.fields.iter().map(|(name, cell)| (name.clone(), self.state.get(*cell))));
            }
        }
        out
    }
}

/// `process.env`, `os.environ`.
pub(super) fn is_environment(external: &External) -> bool {
    matches!((&*external.package, &*external.path), ("", "process.env") | ("py:os", "environ"))
}

/// The text of an expression when it is short and on one line; else the name that is read.
fn short<'a>(text: &'a str, name: &'a str) -> &'a str {
    if text.is_empty() || text.len() > 60 || text.contains('\n') || text.contains('`') { name } else { text }
}
