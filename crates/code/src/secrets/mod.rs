//! Literals that look like secrets, wherever they stand in a file. Few false alarms come before the last secret: what is not
//! given to a name that promises one, or has no form of one, is not reported.

mod names;
pub(crate) mod text;
mod values;

use crate::ir::{Call, Expr, ExprKind, FnId, Key, LogicalOp, Module, Pattern, Property, Stmt, StmtKind, VarId};
use model::code::Secret;
use model::{Place, Span};
use names::Promise;
use std::collections::BTreeMap;

/// Stack of a search: nesting is bounded when a file is lowered.
pub(crate) const STACK: usize = 64 << 20;

/// The secrets of one file, in order.
pub(crate) fn find(module: &Module) -> Vec<Secret> {
    let mut search = Search { module, found: BTreeMap::new(), constants: BTreeMap::new(), function: 0, forms_only: is_test(&module.path) };
    for function in &module.functions {
        function.body.iter().for_each(|stmt| search.constant(stmt));
    }
    for (id, function) in module.functions.iter().enumerate() {
        search.function = id as FnId;
        function.params.iter().for_each(|param| search.pattern(&param.pattern));
        search.block(&function.body);
    }
    for class in &module.classes {
        for (name, _, value) in &class.fields {
            if let Some(value) = value {
                search.given(name, value, None);
                search.expr(value);
            }
        }
    }
    search.found.into_values().collect()
}

/// Whether a file is a test or an example: there only what has the form of a secret is one.
pub(crate) fn is_test(path: &str) -> bool {
    path.split(['/', '.', '-', '_'])
        .any(|part| matches!(part, "test" | "tests" | "spec" | "mock" | "mocks" | "fixtures" | "example" | "examples"))
}

/// Whether a name promises a password.
pub(crate) fn is_password(name: &str) -> bool {
    names::promise(name) == Some(Promise::Password)
}

struct Search<'m> {
    module: &'m Module,
    found: BTreeMap<Span, Secret>,
    /// Variables that are given one literal.
    constants: BTreeMap<VarId, &'m Expr>,
    function: FnId,
    forms_only: bool,
}

impl<'m> Search<'m> {
    fn constant(&mut self, stmt: &'m Stmt) {
        if let StmtKind::Let(Pattern::Var(var), Some(value)) = &stmt.kind
            && value.text().is_some()
        {
            self.constants.insert(*var, value);
        }
    }

    fn block(&mut self, body: &'m [Stmt]) {
        body.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &'m Stmt) {
        match &stmt.kind {
            StmtKind::Expr(e) | StmtKind::Throw(e) | StmtKind::Export(_, e) => self.expr(e),
            StmtKind::Let(pattern, value) => {
                self.pattern(pattern);
                if let Some(value) = value {
                    if let Pattern::Var(var) = pattern {
                        let name = self.module.variables.get(*var as usize).cloned().unwrap_or_default();
                        self.given(&name, value, None);
                    }
                    self.expr(value);
                }
            }
            StmtKind::Return(value) => value.iter().for_each(|e| self.expr(e)),
            StmtKind::If(test, yes, no) => {
                self.expr(test);
                self.block(yes);
                self.block(no);
            }
            StmtKind::Switch(subject, cases) => {
                self.expr(subject);
                cases.iter().for_each(|(_, body)| self.block(body));
            }
            StmtKind::Loop(l) => {
                self.block(&l.init);
                l.each.iter().for_each(|(_, e)| self.expr(e));
                l.test.iter().chain(&l.update).for_each(|e| self.expr(e));
                self.block(&l.body);
            }
            StmtKind::Try(body, _, handler, last) => {
                self.block(body);
                handler.iter().for_each(|h| self.block(h));
                self.block(last);
            }
            StmtKind::Block(body) => self.block(body),
            StmtKind::Function(..) | StmtKind::Class(..) | StmtKind::Break | StmtKind::Continue | StmtKind::ExportAll(_) => {}
        }
    }

    fn pattern(&mut self, pattern: &'m Pattern) {
        match pattern {
            Pattern::Default(inner, value) => {
                if let Pattern::Var(var) = &**inner {
                    let name = self.module.variables.get(*var as usize).cloned().unwrap_or_default();
                    self.given(&name, value, None);
                }
                self.expr(value);
                self.pattern(inner);
            }
            Pattern::Object(properties, _) => properties.iter().for_each(|(_, p, _)| self.pattern(p)),
            Pattern::Array(items, _) => items.iter().flatten().for_each(|p| self.pattern(p)),
            Pattern::Var(_) | Pattern::Place(_) | Pattern::Nothing => {}
        }
    }

    fn expr(&mut self, expr: &'m Expr) {
        match &expr.kind {
            ExprKind::Text(text) => self.by_form(expr, text),
            ExprKind::Template(texts, parts) => {
                texts.iter().take(1).for_each(|(text, _)| self.by_form(expr, text));
                parts.iter().for_each(|e| self.expr(e));
            }
            ExprKind::Object(properties) | ExprKind::Keywords(properties) => self.object(expr, properties),
            ExprKind::Comprehension(rounds, list) => {
                rounds.iter().for_each(|r| self.expr(&r.list));
                list.iter().for_each(|e| self.expr(e));
            }
            ExprKind::Decorated(a, b) => {
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Assign(_, target, value) => {
                self.pattern(target);
                let name = match &**target {
                    Pattern::Var(var) => self.module.variables.get(*var as usize).cloned(),
                    Pattern::Place(place) => match &place.kind {
                        ExprKind::Member(_, key) => key.name().cloned(),
                        _ => None,
                    },
                    _ => None,
                };
                if let Some(name) = name {
                    self.given(&name, value, None);
                }
                self.expr(value);
            }
            ExprKind::Call(call) | ExprKind::New(call) => self.call(call),
            ExprKind::Array(items) => items.iter().for_each(|(_, e)| self.expr(e)),
            ExprKind::Add(list) | ExprKind::Pure(list) | ExprKind::Sequence(list) | ExprKind::Logical(_, list) => {
                list.iter().for_each(|e| self.expr(e))
            }
            ExprKind::Equal(_, a, b) | ExprKind::In(a, b) | ExprKind::Tagged(a, b) => {
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Conditional(a, b, c) => [a, b, c].into_iter().for_each(|e| self.expr(e)),
            ExprKind::Through(e) | ExprKind::Not(e) | ExprKind::Typeof(e) | ExprKind::Import(e) => self.expr(e),
            ExprKind::Member(object, key) => {
                self.expr(object);
                if let Key::Computed(key) = key {
                    self.expr(key);
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, whole: &'m Expr, properties: &'m [Property]) {
        for property in properties {
            match property {
                Property::Named(key, value) => {
                    if let Some(name) = key.name() {
                        self.given(name, value, Some((whole, properties)));
                    }
                    self.expr(value);
                }
                Property::Spread(value) => self.expr(value),
            }
        }
    }

    /// Drivers and libraries that take a secret by position.
    fn call(&mut self, call: &'m Call) {
        self.expr(&call.callee);
        let callee = self.module.slice(call.callee.span);
        let last = callee.rsplit('.').next().unwrap_or("");
        let of_tokens = callee.to_ascii_lowercase().starts_with("jwt.") || callee.starts_with("jsonwebtoken.");
        let position = match last {
            "sign" | "verify" if of_tokens => Some((1, "secret")),
            "createHmac" => Some((1, "secret")),
            "Sequelize" => Some((2, "password")),
            _ => None,
        };
        if let Some((at, name)) = position
            && let Some((false, arg)) = call.args.get(at)
        {
            self.given(name, arg, None);
        }
        call.args.iter().for_each(|(_, e)| self.expr(e));
    }

    /// A literal that has the form of a secret, whatever its name.
    fn by_form(&mut self, expr: &'m Expr, text: &str) {
        if let Some(kind) = values::form(text) {
            let user = values::user_of_url(text);
            self.add(expr, text, kind, "", None, user);
        }
    }

    /// A value is given to a name.
    fn given(&mut self, name: &str, value: &'m Expr, within: Option<(&'m Expr, &'m [Property])>) {
        let Some(promise) = names::promise(name).filter(|_| !self.forms_only) else { return };
        for literal in self.literals(value, 4) {
            let Some(text) = literal.text().cloned() else { continue };
            let connection = within.is_some_and(|(_, properties)| connects(properties));
            if values::form(&text).is_some() || !values::is_secret(name, &text, connection) {
                continue;
            }
            let kind = if connection && promise == Promise::Password { "database password" } else { promise.kind() };
            let user = within.and_then(|(_, properties)| self.user(properties));
            self.add(literal, &text, kind, name, within.filter(|_| connection).map(|(whole, _)| whole), user);
        }
    }

    /// The literals that a value may be: itself, a fallback, a constant's.
    fn literals(&self, value: &'m Expr, depth: u32) -> Vec<&'m Expr> {
        if value.text().is_some() {
            return vec![value];
        }
        match &value.kind {
            _ if depth == 0 => Vec::new(),
            ExprKind::Logical(LogicalOp::Or | LogicalOp::Nullish, list) => list.iter().flat_map(|e| self.literals(e, depth - 1)).collect(),
            ExprKind::Conditional(_, yes, no) => [yes, no].into_iter().flat_map(|e| self.literals(e, depth - 1)).collect(),
            ExprKind::Through(inner) => self.literals(inner, depth - 1),
            ExprKind::Var(var) => self.constants.get(var).copied().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn user(&self, properties: &'m [Property]) -> Option<String> {
        properties.iter().find_map(|property| match property {
            Property::Named(key, value) if key.name().is_some_and(|name| names::is_user(name)) => {
                self.literals(value, 2).first().and_then(|e| e.text()).map(|text| text.to_string())
            }
            _ => None,
        })
    }

    fn add(&mut self, literal: &Expr, text: &str, kind: &str, name: &str, object: Option<&Expr>, user: Option<String>) {
        let name = if name.is_empty() { kind } else { name };
        let secret = Secret {
            kind: kind.to_owned(),
            name: name.to_owned(),
            value: text.to_owned(),
            place: self.module.place(literal.span),
            object: object.map(|o| self.module.place(o.span)),
            user,
            function: self.around(),
        };
        // The configuration a literal ends up in says more than the variable it comes from.
        let known = self.found.get(&literal.span);
        if known.is_none_or(|k| k.object.is_none() && secret.object.is_some()) {
            self.found.insert(literal.span, secret);
        }
    }

    /// The nearest function with a name: a callback inside it is not what builds the configuration.
    fn around(&self) -> Option<Place> {
        let mut id = self.function;
        while id != 0 {
            let function = self.module.function(id);
            if !function.name.is_empty() {
                return Some(self.module.place(function.span));
            }
            id = function.parent;
        }
        None
    }
}

fn connects(properties: &[Property]) -> bool {
    properties.iter().any(|property| matches!(property, Property::Named(key, _) if key.name().is_some_and(|name| names::connects(name))))
}
