//! Values on their way from where a statement is put together to the driver: an argument more at each call, a parameter more at
//! each function that lacks one.

use super::Way;
use crate::ir::{Call, Expr, ExprKind, Key, Module, Pattern, VarId};
use crate::load::Program;
use model::Span;

/// What carries the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// A variable.
    Var(VarId),
    /// The expression itself.
    Inline(Span),
}

/// Edits in the making: module, bytes, new text.
pub(super) type Edits = Vec<(usize, Span, String)>;

/// What a function needs so that values reach the driver.
enum Values {
    /// They are handed over by this text.
    Text(String),
    /// The function hands over its own parameter.
    Own,
}

pub(super) struct Thread<'p> {
    pub program: &'p Program,
    pub way: &'p Way<'p>,
    pub edits: Edits,
}

impl<'p> Thread<'p> {
    fn module(&self, at: usize) -> Option<&'p Module> {
        self.program.modules.get(at)
    }

    /// Makes the call on the way in the function of frame `at` hand over `values`.
    pub fn give(&mut self, at: usize, carrier: Carrier, values: String) -> Option<()> {
        self.pass(at, carrier, Values::Text(values)).map(|_| ())
    }

    /// Makes the call on the way in frame `at` hand over values; gives the index of the parameter they come in by, if they do.
    fn pass(&mut self, at: usize, carrier: Carrier, values: Values) -> Option<usize> {
        let (module, ..) = *self.way.calls.get(at)?;
        let Some((_, next, site)) = self.way.calls.get(at + 1).copied() else {
            let (sink_module, sink) = self.way.sink;
            let ExprKind::Call(call) = &sink.kind else { return None };
            if sink_module != module || !carries(&call.args.first()?.1, carrier) || call.args.iter().any(|(spread, _)| *spread) {
                return None;
            }
            return self.hand_over(module, call, 1, carrier, values, true);
        };
        let (site_module, site) = site?;
        if site_module != module {
            return None;
        }
        let (next_module, ..) = *self.way.calls.get(at + 1)?;
        let callee = self.module(next_module)?.function(next);
        let call = match &site.kind {
            ExprKind::Call(call) | ExprKind::New(call) => call,
            _ => return None,
        };
        if call.args.iter().any(|(spread, _)| *spread) {
            return None;
        }
        if let Some(index) = call.args.iter().position(|(_, arg)| carries(arg, carrier)) {
            let Pattern::Var(param) = &callee.params.get(index)?.pattern else { return None };
            let wanted = self.pass(at + 1, Carrier::Var(*param), Values::Own)?;
            return self.hand_over(module, call, wanted, carrier, values, false);
        }
        // A callback of this function: it sees the carrier and the values as they are.
        let inside = call.args.iter().any(|(_, arg)| matches!(arg.kind, ExprKind::Function(f) if f == next));
        if inside && next_module == module {
            return self.pass(at + 1, carrier, values);
        }
        self.unbind(at, module, call, carrier, values)
    }

    /// `.then(f.bind(this, sql))` becomes `.then(connection => f(sql, connection, values))`.
    fn unbind(&mut self, at: usize, module: usize, call: &'p Call, carrier: Carrier, values: Values) -> Option<usize> {
        let (_, arg) = call.args.first().filter(|_| call.args.len() == 1)?;
        let ExprKind::Call(bind) = &arg.kind else { return None };
        let ExprKind::Member(target, Key::Static(name)) = &bind.callee.kind else { return None };
        let [(false, _), (false, bound)] = bind.args.as_slice() else { return None };
        if &**name != "bind" || !carries(bound, carrier) {
            return None;
        }
        let (next_module, next, _) = *self.way.calls.get(at + 1)?;
        let code = self.module(next_module)?;
        let callee = code.function(next);
        // As a method it would get another `this`.
        if code.slice(callee.span).contains("this.") {
            return None;
        }
        let Pattern::Var(param) = &callee.params.first()?.pattern else { return None };
        let wanted = self.pass(at + 1, Carrier::Var(*param), Values::Own)?;
        let here = self.module(module)?;
        let (text, own) = match values {
            Values::Text(text) => (text, usize::MAX),
            Values::Own => self.add_parameter(module, carrier)?,
        };
        let given = callee.params.get(1).filter(|_| wanted > 1).map(|param| code.slice(param.span));
        let bound = here.slice(bound.span);
        let mut args = vec![bound.to_owned()];
        for index in 1..wanted {
            args.push(if index == 1 { given?.to_owned() } else { "undefined".to_owned() });
        }
        if given
            .is_some_and(|given| given == bound || given == text || given.contains(|c: char| !c.is_alphanumeric() && c != '_' && c != '$'))
        {
            return None;
        }
        args.push(text);
        let source = format!("{} => {}({})", given.unwrap_or("()"), here.slice(target.span), args.join(", "));
        self.edit(module, arg.span, source);
        Some(own)
    }

    /// Adds values to the arguments of a call at `index`, unless they are handed over already.
    fn hand_over(&mut self, module: usize, call: &'p Call, index: usize, carrier: Carrier, values: Values, driver: bool) -> Option<usize> {
        let code = self.module(module)?;
        let there = call.args.get(index).map(|(_, arg)| arg);
        let own = there.and_then(|arg| self.parameter(code, arg));
        match values {
            Values::Text(text) => {
                // Something is handed over already: not ours to change.
                if there.is_some_and(|arg| !(driver && is_callback(arg))) {
                    return None;
                }
                self.insert(module, call, index, &text)?;
                Some(usize::MAX)
            }
            Values::Own => {
                if let Some(own) = own.filter(|_| there.is_some_and(|arg| !is_callback(arg))) {
                    return Some(own);
                }
                if there.is_some_and(|arg| !(driver && is_callback(arg))) {
                    return None;
                }
                let (name, index_of_own) = self.add_parameter(module, carrier)?;
                self.insert(module, call, index, &name)?;
                Some(index_of_own)
            }
        }
    }

    /// Adds a parameter for values to the function whose parameter the carrier is; gives its name and index.
    fn add_parameter(&mut self, module: usize, carrier: Carrier) -> Option<(String, usize)> {
        let Carrier::Var(var) = carrier else { return None };
        let code = self.module(module)?;
        let owner = code.owners.get(var as usize).copied()?;
        let function = code.function(owner);
        let name = free_name(code.slice(function.span))?;
        if function.rest.is_some() {
            return None;
        }
        let last = function.params.last()?;
        let before = code.text.get(..function.params.first()?.span.start as usize)?.trim_end();
        if before.ends_with('(') {
            self.edit(module, Span { start: last.span.end, end: last.span.end }, format!(", {name}"));
        } else {
            // `sql => ...` has no brackets.
            self.edit(module, last.span, format!("({}, {name})", code.slice(last.span)));
        }
        Some((name.to_owned(), function.params.len()))
    }

    /// The index of the parameter that an argument is, of the function that declares it.
    fn parameter(&self, code: &Module, arg: &Expr) -> Option<usize> {
        let ExprKind::Var(var) = arg.kind else { return None };
        let owner = code.owners.get(var as usize).copied()?;
        let bound = |p: &Pattern| match p {
            Pattern::Var(v) => *v == var,
            Pattern::Default(inner, _) => matches!(&**inner, Pattern::Var(v) if *v == var),
            _ => false,
        };
        code.function(owner).params.iter().position(|param| bound(&param.pattern))
    }

    fn insert(&mut self, module: usize, call: &Call, index: usize, text: &str) -> Option<()> {
        let count = call.args.len().min(index);
        let after = call.args.get(count.checked_sub(1)?)?.1.span.end;
        let missing = ", undefined".repeat(index - count);
        self.edit(module, Span { start: after, end: after }, format!("{missing}, {text}"));
        Some(())
    }

    pub fn edit(&mut self, module: usize, span: Span, text: String) {
        self.edits.push((module, span, text));
    }
}

fn carries(arg: &Expr, carrier: Carrier) -> bool {
    match (carrier, &arg.kind) {
        (Carrier::Var(var), ExprKind::Var(v)) => var == *v,
        (Carrier::Inline(span), _) => arg.span == span,
        _ => false,
    }
}

fn is_callback(arg: &Expr) -> bool {
    matches!(arg.kind, ExprKind::Function(_))
}

/// A name that a function does not use yet.
pub(super) fn free_name(source: &str) -> Option<&'static str> {
    ["values", "parameters", "queryValues"]
        .into_iter()
        .find(|name| !source.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').any(|word| word == *name))
}
