//! Which names a function declares (Python Language Reference, "Naming and binding"): whatever it gives a value is its own unless
//! it says `global` or `nonlocal`. A class's own names are fields, which its methods do not see.

use super::Lower;
use crate::ir::{FnId, VarId};
use ruff_python_ast::visitor::{Visitor, walk_except_handler, walk_expr, walk_pattern, walk_stmt};
use ruff_python_ast::{ExceptHandler, Expr, Pattern, Stmt};
use std::collections::{BTreeMap, BTreeSet};

/// The names of one function.
pub(super) struct Scope {
    names: BTreeMap<String, VarId>,
    outer: BTreeSet<String>,
}

impl Scope {
    /// All names with their variables.
    pub fn all(&self) -> Vec<(String, VarId)> {
        self.names.iter().map(|(name, var)| (name.clone(), *var)).collect()
    }
}

/// Names that statements bind, and those they declare to be of an outer function.
#[derive(Default)]
pub(super) struct Names {
    /// Bound here.
    pub own: BTreeSet<String>,
    /// `global`, `nonlocal`.
    pub outer: BTreeSet<String>,
}

/// The names that statements bind, without those of functions and classes inside.
pub(super) fn names(body: &[Stmt]) -> Names {
    let mut names = Names::default();
    body.iter().for_each(|stmt| names.visit_stmt(stmt));
    names
}

/// The names that an expression binds (`:=`, comprehensions).
pub(super) fn names_of(expr: &Expr) -> Names {
    let mut names = Names::default();
    names.visit_expr(expr);
    names
}

impl<'a> Visitor<'a> for Names {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(f) => {
                self.own.insert(f.name.to_string());
            }
            Stmt::ClassDef(c) => {
                self.own.insert(c.name.to_string());
            }
            Stmt::Import(i) => {
                for alias in &i.names {
                    let name = alias.asname.as_ref().map_or_else(|| alias.name.split('.').next().unwrap_or(""), |n| n.as_str());
                    self.own.insert(name.to_owned());
                }
            }
            Stmt::ImportFrom(i) => {
                for alias in i.names.iter().filter(|alias| alias.name.as_str() != "*") {
                    self.own.insert(alias.asname.as_ref().unwrap_or(&alias.name).to_string());
                }
            }
            Stmt::Global(g) => self.outer.extend(g.names.iter().map(ToString::to_string)),
            Stmt::Nonlocal(n) => self.outer.extend(n.names.iter().map(ToString::to_string)),
            other => walk_stmt(self, other),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) if !name.ctx.is_load() => {
                self.own.insert(name.id.to_string());
            }
            Expr::Lambda(_) => {}
            other => walk_expr(self, other),
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(h) = handler;
        if let Some(name) = &h.name {
            self.own.insert(name.to_string());
        }
        walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(p) => p.name.as_ref(),
            Pattern::MatchStar(p) => p.name.as_ref(),
            Pattern::MatchMapping(p) => p.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.own.insert(name.to_string());
        }
        walk_pattern(self, pattern);
    }
}

impl Lower {
    /// Opens the names of a function.
    pub(super) fn open(&mut self, function: FnId, names: Names) {
        let mut scope = Scope { names: BTreeMap::new(), outer: names.outer };
        for name in names.own {
            if scope.outer.contains(&name) {
                continue;
            }
            let var = self.declare(function, &name);
            scope.names.insert(name, var);
        }
        self.scopes.push(scope);
    }

    fn declare(&mut self, function: FnId, name: &str) -> VarId {
        self.module.variables.push(name.into());
        self.module.owners.push(function);
        self.module.variables.len() as VarId - 1
    }

    /// Closes the names of the newest function.
    pub(super) fn close(&mut self) {
        self.scopes.pop();
    }

    /// The variable a name means; `None` for a builtin.
    pub(super) fn variable(&self, name: &str) -> Option<VarId> {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(name)).copied()
    }
}
