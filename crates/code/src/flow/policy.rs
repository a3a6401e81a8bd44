//! Policies that an authorizer answers with, as they are written: what ends in a wildcard allows more than was asked for, and API
//! Gateway keeps the answer for every other method (API Gateway Developer Guide, "Configure a Lambda authorizer").

use super::engine::Engine;
use super::value::At;
use crate::ir::{Expr, ExprKind, Key, Property};
use crate::visit::{self, Met};
use model::code::ReviewKind;

impl<'p> Engine<'p> {
    /// Looks at the functions that were walked.
    pub fn judge_policies(&mut self) {
        for (at, function) in self.entered.clone() {
            let module = self.module(at);
            let mut found = Vec::new();
            visit::body(&module.function(function).body, &mut |met| {
                if let Met::Expr(expr) = met {
                    found.extend(wide(expr).map(|what| (expr.span, what)));
                }
            });
            for (span, what) in found {
                let says = format!("the authorizer's policy allows {what}");
                self.review(ReviewKind::WidePolicy, "", says, At { module: at, span });
            }
        }
    }
}

/// What a piece of a policy allows too much.
fn wide(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Object(properties) => {
            let named = |name: &str| {
                properties.iter().find_map(|p| match p {
                    Property::Named(key, value) if key.name().is_some_and(|k| &**k == name) => Some(value),
                    _ => None,
                })
            };
            let invoke = named("Action").is_some_and(|action| texts(action, 2).iter().any(|t| t.starts_with("execute-api:")));
            let allows = named("Effect").is_some_and(|effect| texts(effect, 2).iter().all(|t| t != "Deny"));
            let resource = named("Resource")?;
            let star = texts(resource, 3).into_iter().find(|t| t == "*" || t.ends_with("/*/*") || t.ends_with("/*"));
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
fn texts(expr: &Expr, depth: u32) -> Vec<String> {
    match &expr.kind {
        ExprKind::Text(text) => vec![text.to_string()],
        ExprKind::Template(texts, _) => texts.last().map(|(text, _)| text.to_string()).into_iter().collect(),
        ExprKind::Add(list) => list.last().map(|e| texts(e, depth)).unwrap_or_default(),
        ExprKind::Array(items) if depth > 0 => items.iter().flat_map(|(_, e)| texts(e, depth - 1)).collect(),
        ExprKind::Through(inner) => texts(inner, depth),
        ExprKind::Conditional(_, yes, no) if depth > 0 => texts(yes, depth - 1).into_iter().chain(texts(no, depth - 1)).collect(),
        _ => Vec::new(),
    }
}
