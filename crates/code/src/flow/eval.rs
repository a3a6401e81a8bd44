//! Expressions of the walk. Never computes more of a value than the flow of data needs.

use super::engine::Engine;
use super::facts::Facts;
use super::source::Root;
use super::state::Object;
use super::text::Piece;
use super::value::{At, Atom, Env, Value};
use crate::aws;
use crate::ir::{AssignOp, Expr, ExprKind, Key, LogicalOp, Pattern, Property};
use std::cell::RefCell;
use std::rc::Rc;

impl<'p> Engine<'p> {
    /// What an expression may give.
    pub fn eval(&mut self, expr: &'p Expr, env: &Rc<Env>) -> Value {
        if !self.step() {
            return Value::unknown();
        }
        let at = At { module: env.module, span: expr.span };
        match &expr.kind {
            ExprKind::Text(text) => Value::of(Atom::Text(text.clone())),
            ExprKind::Number => Value::of(Atom::Number),
            ExprKind::Bool(b) => Value::of(Atom::Bool(*b)),
            ExprKind::Null => Value::of(Atom::Null),
            ExprKind::Regex(regex) => Value::of(Atom::Regex(regex.clone())),
            ExprKind::Template(texts, parts) => self.template(texts, parts, at, env),
            ExprKind::Tagged(tag, template) => self.tagged(tag, template, env),
            ExprKind::Var(var) => self.var(env, *var),
            ExprKind::Global(name) => self.global(name, env),
            ExprKind::This => self.this(env),
            ExprKind::Super => self.this(env),
            ExprKind::Array(items) => self.array_literal(items, env),
            ExprKind::Object(properties) => self.object_literal(properties, at, env),
            ExprKind::Function(function) => Value::of(Atom::Closure(self.closure(env, *function))),
            ExprKind::Class(class) => self.class(env, *class),
            ExprKind::Assign(op, target, value) => self.assign(*op, target, value, at, env),
            ExprKind::Through(inner) => self.eval(inner, env),
            ExprKind::Add(operands) => {
                let values: Vec<Value> = operands.iter().map(|o| self.eval(o, env)).collect();
                let pieces = operands.iter().zip(values).map(|(o, v)| Piece::Value(v, Some(o.span))).collect();
                self.concat(pieces, at)
            }
            ExprKind::Pure(operands) => {
                operands.iter().for_each(|o| drop(self.eval(o, env)));
                Value::of(Atom::Number)
            }
            ExprKind::Equal(negated, left, right) => self.equality(*negated, left, right, env),
            ExprKind::In(key, object) => {
                let (key, object) = (self.eval(key, env), self.eval(object, env));
                let mut facts = if self.is_fixed(&object) { Facts::checks(&key) } else { Facts::default() };
                facts.identity |= key.text().is_some_and(|name| &**name == "authorizer");
                facts.identity |= object.taints.iter().any(|t| t.source.root == Root::Identity);
                self.searched(&object, at);
                self.authorises(&key, at);
                self.truth(facts, Facts::default())
            }
            ExprKind::Logical(op, operands) => self.logical(*op, operands, env),
            ExprKind::Not(inner) => {
                let (yes, no) = self.condition(inner, env);
                self.truth(no, yes)
            }
            ExprKind::Typeof(inner) => {
                self.eval(inner, env);
                Value::unknown()
            }
            ExprKind::Conditional(test, yes, no) => {
                let (when_true, when_false) = self.condition(test, env);
                let result = RefCell::new(Value::default());
                let one = |e: &mut Self, branch: &'p Expr| {
                    let value = e.eval(branch, env);
                    let joined = result.take().join(&value);
                    result.replace(joined);
                    super::state::End::Normal
                };
                let fallback = self.asks_identity(test, env);
                self.fallback = fallback;
                self.fork(vec![(when_true, &mut |e: &mut Self| one(e, yes)), (when_false, &mut |e: &mut Self| one(e, no))]);
                let value = result.take();
                if !fallback {
                    self.overridden(&value);
                }
                value
            }
            ExprKind::Call(call) => self.call(expr, call, env),
            ExprKind::New(call) => self.construct(expr, call, env),
            ExprKind::Member(object, key) => {
                let object = self.eval(object, env);
                match key {
                    Key::Static(name) => self.member(&object, name, env.module, expr.span),
                    Key::Computed(key) => {
                        let key = self.eval(key, env);
                        self.computed(&object, &key, at)
                    }
                }
            }
            ExprKind::Sequence(list) => list.iter().map(|e| self.eval(e, env)).last().unwrap_or_default(),
            ExprKind::Comprehension(rounds, elements) => self.comprehension(rounds, elements, env),
            ExprKind::Decorated(decorator, function) => self.decorated(expr, decorator, function, env),
            ExprKind::Keywords(properties) => {
                let value = self.object_literal(properties, at, env);
                if let [Atom::Object(id)] = value.atoms.as_slice() {
                    self.state.name_arguments(*id);
                }
                value
            }
            ExprKind::Import(source) => match self.eval(source, env).text().cloned() {
                Some(specifier) => self.require(env.module, &specifier),
                None => Value::unknown(),
            },
            ExprKind::Opaque => Value::unknown(),
        }
    }

    /// What a condition says when it holds, and when it does not.
    pub fn condition(&mut self, test: &'p Expr, env: &Rc<Env>) -> (Facts, Facts) {
        let value = self.eval(test, env);
        let (mut yes, no) = value.facts.as_deref().cloned().unwrap_or_default();
        yes.identity |= value.taints.iter().any(|t| t.source.root == Root::Identity);
        (yes, no)
    }

    /// A truth value with what it says.
    pub fn truth(&mut self, yes: Facts, no: Facts) -> Value {
        let facts = (!yes.is_empty() || !no.is_empty()).then(|| Rc::new((yes, no)));
        Value { unknown: true, facts, ..Value::default() }
    }

    /// Whether every name and element of a collection was written by the application.
    pub fn is_fixed(&mut self, value: &Value) -> bool {
        let known = !value.unknown && value.taints.is_empty() && !value.atoms.is_empty();
        known
            && value.atoms.iter().all(|atom| match atom {
                Atom::Text(_) => true,
                Atom::Object(id) => match self.state.at(*id) {
                    Some(object) => {
                        let cells: Vec<usize> = object.any.into_iter().chain(object.spread).collect();
                        let fields: Vec<usize> = if object.array { object.fields.values().copied().collect() } else { Vec::new() };
                        cells.into_iter().chain(fields).all(|cell| self.state.get(cell).taints.is_empty())
                    }
                    None => false,
                },
                _ => false,
            })
    }

    fn computed(&mut self, object: &Value, key: &Value, at: At) -> Value {
        if let Some(name) = key.text().cloned() {
            return self.member(object, &name, at.module, at.span);
        }
        let names: Vec<_> = key.texts().cloned().collect();
        if !key.unknown && key.taints.is_empty() && !names.is_empty() && names.len() == key.atoms.len() {
            let parts: Vec<Value> = names.iter().map(|name| self.member(object, name, at.module, at.span)).collect();
            return parts.iter().fold(Value::default(), Value::join);
        }
        // A number, or a name that is not known: any element. What is chosen by data is not data.
        let mut out = self.any_part(object, at);
        if out.taints.is_empty() && out.is_nothing() {
            out.unknown = true;
        }
        out
    }

    /// Any element or property; of a client of the SDK, an operation that is chosen at run time.
    pub fn any_part(&mut self, object: &Value, at: At) -> Value {
        let mut out = self.elements(object);
        for atom in object.atoms.iter().filter(|atom| matches!(atom, Atom::External(external) if external.package.contains("aws-sdk"))) {
            out = out.join(&self.member(&Value::of(atom.clone()), aws::CHOSEN, at.module, at.span));
        }
        out
    }

    fn array_literal(&mut self, items: &'p [(bool, Expr)], env: &Rc<Env>) -> Value {
        let id = self.state.object(Object { array: true, ..Object::default() });
        let mut known = true;
        for (at, (spread, item)) in items.iter().enumerate() {
            let value = self.eval(item, env);
            if *spread {
                known = false;
            }
            let value = if *spread { self.elements(&value) } else { value };
            let cell = if known { self.state.field(id, &at.to_string()) } else { self.state.any(id) };
            self.state.add(cell, &value);
        }
        Value::of(Atom::Object(id))
    }

    fn object_literal(&mut self, properties: &'p [Property], at: At, env: &Rc<Env>) -> Value {
        let flag = |property: &Property| match property {
            Property::Named(Key::Static(name), value) if matches!(value.kind, ExprKind::Bool(_)) => {
                Some((name.clone(), At { span: value.span, ..at }))
            }
            _ => None,
        };
        let flags = properties.iter().filter_map(flag).collect();
        let id = self.state.object(Object { at: Some(at), flags, ..Object::default() });
        for property in properties {
            match property {
                Property::Named(key, value) => {
                    let name = match key {
                        Key::Static(name) => Some(name.clone()),
                        Key::Computed(key) => {
                            let key = self.eval(key, env);
                            let env_name = key.atoms.iter().find_map(|a| match a {
                                Atom::Env(name) => Some(std::sync::Arc::from(format!("${{{name}}}"))),
                                _ => None,
                            });
                            key.text().cloned().or(env_name)
                        }
                    };
                    let value = self.eval(value, env);
                    match name {
                        Some(name) => {
                            let cell = self.state.field(id, &name);
                            self.state.set(cell, value);
                        }
                        None => {
                            let cell = self.state.any(id);
                            self.state.add(cell, &value);
                        }
                    }
                }
                Property::Spread(value) => {
                    let value = self.eval(value, env);
                    self.spread_into(id, &value);
                }
            }
        }
        self.policy_statement(id, at);
        Value::of(Atom::Object(id))
    }

    /// Copies what is known of the properties of a value into an object.
    pub fn spread_into(&mut self, id: usize, value: &Value) {
        for (name, part) in self.named_fields(value) {
            let cell = self.state.field(id, &name);
            self.state.add(cell, &part);
        }
        let mut rest = Value { atoms: Vec::new(), facts: None, ..value.clone() };
        for atom in &value.atoms {
            match atom {
                Atom::Object(inner) => {
                    let cells: Vec<usize> = self.state.at(*inner).map(|o| o.spread.into_iter().collect()).unwrap_or_default();
                    for cell in cells {
                        rest = rest.join(&self.state.get(cell));
                    }
                    if let Some(any) = self.state.at(*inner).and_then(|o| o.any) {
                        let value = self.state.get(any);
                        let cell = self.state.any(id);
                        self.state.add(cell, &value);
                    }
                }
                Atom::External(_) => rest.atoms.push(atom.clone()),
                _ => {}
            }
        }
        if !rest.is_nothing() {
            let cell = self.state.spread(id);
            self.state.add(cell, &rest);
        }
    }

    fn assign(&mut self, op: AssignOp, target: &'p Pattern, value: &'p Expr, at: At, env: &Rc<Env>) -> Value {
        let before = |e: &mut Self| match target {
            Pattern::Var(var) => e.var(env, *var),
            Pattern::Place(place) => e.eval(place, env),
            _ => Value::unknown(),
        };
        let value = match op {
            AssignOp::Set => self.eval(value, env),
            AssignOp::Add => {
                let old = before(self);
                let new = self.eval(value, env);
                self.concat(vec![Piece::Value(old, None), Piece::Value(new, Some(value.span))], at)
            }
            AssignOp::Logical => {
                let old = before(self);
                let new = self.eval(value, env);
                old.join(&new)
            }
            AssignOp::Arithmetic => {
                self.eval(value, env);
                Value::of(Atom::Number)
            }
        };
        self.bind(target, value.clone(), env);
        value
    }

    fn equality(&mut self, negated: bool, left: &'p Expr, right: &'p Expr, env: &Rc<Env>) -> Value {
        let (a, b) = (self.eval(left, env), self.eval(right, env));
        self.compared = model::Span { start: left.span.start, end: right.span.end };
        let (mut yes, mut no) = self.equal(&a, &b);
        for (one, other) in [(left, &b), (right, &a)] {
            if let ExprKind::Typeof(inner) = &one.kind
                && other.text().is_some_and(|t| matches!(&**t, "number" | "boolean" | "bigint"))
            {
                yes = Facts::checks(&self.eval(inner, env));
            }
        }
        if negated {
            std::mem::swap(&mut yes, &mut no);
        }
        self.truth(yes, no)
    }

    /// What it says that two values are equal, and that they are not.
    pub fn equal(&mut self, a: &Value, b: &Value) -> (Facts, Facts) {
        let at = self.frames.last().map_or(At { module: 0, span: Default::default() }, |f| At { module: f.module, span: self.compared });
        for (one, other) in [(a, b), (b, a)] {
            self.authorises(one, at);
            self.attribute_sought(one, at);
            if one.atoms.iter().any(|a| matches!(a, Atom::Method)) {
                let methods: Vec<_> = other.texts().cloned().collect();
                if !methods.is_empty() && methods.len() == other.atoms.len() {
                    return (Facts::methods(methods), Facts::default());
                }
            }
            if !one.taints.is_empty() && other.is_constant() {
                return (Facts::checks(one), Facts::default());
            }
        }
        (Facts::default(), Facts::default())
    }

    fn logical(&mut self, op: LogicalOp, operands: &'p [Expr], env: &Rc<Env>) -> Value {
        let outside = self.state.facts.clone();
        let mut result = Value::default();
        let mut known: Option<(Facts, Facts)> = None;
        let mut fallback = false;
        for (at, operand) in operands.iter().enumerate() {
            let mut value = self.eval(operand, env);
            // `identity ?? request`: only where the authorizer said nothing.
            fallback |= at == 0 && value.taints.iter().any(|t| t.whole && t.source.root == Root::Identity);
            let mut facts = value.facts.take().as_deref().cloned().unwrap_or_default();
            facts.0.identity |= value.taints.iter().any(|t| t.source.root == Root::Identity);
            let last = at + 1 == operands.len();
            let (yes, no) = match known.take() {
                None => facts,
                Some((yes, no)) => match op {
                    LogicalOp::And => (Facts::both(&yes, &facts.0), Facts::either(&no, &facts.1)),
                    LogicalOp::Or => (Facts::either(&yes, &facts.0), Facts::both(&no, &facts.1)),
                    LogicalOp::Nullish => (Facts::default(), Facts::default()),
                },
            };
            let next = match op {
                LogicalOp::And => &yes,
                LogicalOp::Or => &no,
                LogicalOp::Nullish => &Facts::default(),
            };
            self.state.facts = Facts::both(&outside, next);
            let stop = self.state.facts.never;
            known = Some((yes, no));
            // What is left of `a || b` is not empty; what is left of `a && b` is.
            match op {
                LogicalOp::And if !last => result.atoms = vec![Atom::Null],
                LogicalOp::Or | LogicalOp::Nullish if !last => {
                    value.atoms.retain(|a| !matches!(a, Atom::Null | Atom::Bool(false)));
                    result = result.join(&value);
                }
                _ => result = result.join(&value),
            }
            if stop {
                break;
            }
        }
        self.state.facts = outside;
        if op != LogicalOp::And && !fallback {
            self.overridden(&result);
        }
        result.facts = known.filter(|(yes, no)| !yes.is_empty() || !no.is_empty()).map(Rc::new);
        result
    }
}
