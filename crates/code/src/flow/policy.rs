//! Policies that an authorizer answers with, as they are written: what ends in a wildcard allows more than was asked for, and API
//! Gateway keeps the answer for every other method (API Gateway Developer Guide, "Configure a Lambda authorizer").

use super::engine::Engine;
use super::value::At;
use crate::ir::{Expr, ExprKind, Key, Pattern, Property, Stmt, StmtKind, VarId};
use crate::visit::{self, Met};
use model::code::ReviewKind;
use std::collections::BTreeMap;

impl<'p> Engine<'p> {
    /// Looks at the functions that were walked.
    pub fn judge_policies(&mut self) {
        for (at, function) in self.entered.clone() {
            let module = self.module(at);
            let mut found = Vec::new();
            // What a policy's parts are called by: `const Resource = ...` of the same function.
            let mut named: Named<'_> = BTreeMap::new();
            visit::body(&module.function(function).body, &mut |met| match met {
                Met::Stmt(Stmt { kind: StmtKind::Let(Pattern::Var(var), Some(value)), .. }, _) => {
                    named.insert(*var, value);
                }
                Met::Expr(expr) => found.extend(wide(expr, &named).map(|what| (expr.span, what))),
                Met::Stmt(..) => {}
            });
            for (span, what) in found {
                let says = format!("the authorizer's policy allows {what}");
                self.review(ReviewKind::WidePolicy, "", says, At { module: at, span });
            }
        }
    }
}

/// The values of variables that are declared with one.
type Named<'p> = BTreeMap<VarId, &'p Expr>;

impl Engine<'_> {
    /// A statement of a policy whose parts came as arguments: `policy(principal, "Allow", "*")`.
    pub fn policy_statement(&mut self, object: usize, at: At) {
        let Some(object) = self.state.at(object).filter(|object| object.fields.contains_key("Effect")) else { return };
        let text = |name: &str| object.fields.get(name).and_then(|cell| self.state.get(*cell).text().cloned());
        let (Some(action), Some(effect), Some(resource)) = (text("Action"), text("Effect"), text("Resource")) else { return };
        if action.starts_with("execute-api:") && &*effect != "Deny" && is_wide(&resource) {
            let says = format!("the authorizer's policy allows every method and path (`{resource}`)");
            self.review(ReviewKind::WidePolicy, "", says, at);
        }
    }
}

/// Whether an ARN, or its end, stands for every method and path.
fn is_wide(resource: &str) -> bool {
    resource == "*" || resource.ends_with("/*") || resource.ends_with(":*")
}

/// What a piece of a policy allows too much.
fn wide(expr: &Expr, known: &Named<'_>) -> Option<String> {
    match &expr.kind {
        ExprKind::Object(properties) => {
            let named = |name: &str| {
                properties.iter().find_map(|p| match p {
                    Property::Named(key, value) if key.name().is_some_and(|k| &**k == name) => Some(value),
                    _ => None,
                })
            };
            let invoke = named("Action").is_some_and(|action| texts(action, 2, known).iter().any(|t| t.starts_with("execute-api:")));
            let allows = named("Effect").is_some_and(|effect| texts(effect, 2, known).iter().all(|t| t != "Deny"));
            let resource = named("Resource")?;
            let star = texts(resource, 3, known).into_iter().find(|t| is_wide(t));
            star.filter(|_| invoke && allows).map(|star| format!("every method and path (`{star}`)"))
        }
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Member(_, Key::Static(name)) if matches!(&**name, "allowAllMethods" | "allow_all_methods") => {
                Some(format!("every method and path (`{name}`)"))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The last constant text of each text that an expression may give.
fn texts(expr: &Expr, depth: u32, known: &Named<'_>) -> Vec<String> {
    match &expr.kind {
        ExprKind::Text(text) => vec![text.to_string()],
        ExprKind::Template(texts, _) => texts.last().map(|(text, _)| text.to_string()).into_iter().collect(),
        ExprKind::Add(list) => list.last().map(|e| texts(e, depth, known)).unwrap_or_default(),
        ExprKind::Array(items) if depth > 0 => items.iter().flat_map(|(_, e)| texts(e, depth - 1, known)).collect(),
        ExprKind::Through(inner) => texts(inner, depth, known),
        ExprKind::Var(var) if depth > 0 => known.get(var).map(|value| texts(value, depth - 1, known)).unwrap_or_default(),
        ExprKind::Conditional(_, yes, no) if depth > 0 => {
            texts(yes, depth - 1, known).into_iter().chain(texts(no, depth - 1, known)).collect()
        }
        _ => Vec::new(),
    }
}
