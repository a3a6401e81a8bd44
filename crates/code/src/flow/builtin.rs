//! Methods of texts, arrays, maps, promises and what is not known, by name. Never guesses that an unknown method cleans its data.

use super::call::Site;
use super::engine::Engine;
use super::facts::{Facts, Scope, harmless, takes_harm_away, takes_markup_away};
use super::source::{Root, Source};
use super::state::Object;
use super::text::Piece;
use super::value::{At, Atom, Value, safe};

impl<'p> Engine<'p> {
    /// Calls a method on a value that has none of its own by that name.
    pub fn builtin(&mut self, on: &Value, name: &str, args: Vec<Value>, site: Site<'p>) -> Value {
        if self.is_python(site.module)
            && let Some(done) = self.python_method(on, name, &args, site)
        {
            return done;
        }
        let first = args.first().cloned().unwrap_or_default();
        let plain = Value { facts: None, ..on.clone() };
        match name {
            // Promises are taken for what they promise.
            "then" => {
                let mut out = if first.closures().next().is_none() { plain.clone() } else { Value::default() };
                for callback in args.iter().take(1) {
                    let result = self.run(callback, vec![plain.clone()], site);
                    out = out.join(&result);
                }
                if let Some(failed) = args.get(1) {
                    let result = self.run(failed, vec![Value::source(Source::of(Root::Error), None)], site);
                    out = out.join(&result);
                }
                out
            }
            "catch" => {
                let result = self.run(&first, vec![Value::source(Source::of(Root::Error), None)], site);
                plain.join(&result)
            }
            "finally" => {
                self.run(&first, Vec::new(), site);
                plain
            }
            "promise" | "valueOf" | "values" | "entries" | "reverse" | "sort" | "flat" | "toReversed" | "toSorted" | "slice" | "splice"
            | "filter" | "concat" | "subarray" | "unref"
                if !on.atoms.iter().any(|a| matches!(a, Atom::Text(_))) =>
            {
                let mut out = if matches!(name, "slice" | "subarray") { whole_or(&plain, name) } else { plain.clone() };
                if name == "filter" {
                    let elements = self.elements(on);
                    let kept = self.run(&first, vec![elements], site);
                    if let Some((yes, _)) = kept.facts.as_deref() {
                        out.taints.retain(|t| !yes.checked.contains(&(t.source.clone(), t.form, Scope::All)));
                    }
                } else if name == "concat" {
                    args.iter().for_each(|arg| out = std::mem::take(&mut out).join(arg));
                }
                out
            }
            "map" | "flatMap" | "forEach" => {
                let elements = self.elements(on);
                let result = self.run(&first, vec![elements, Value::of(Atom::Number), plain], site);
                let id = self.state.object(Object { array: true, ..Object::default() });
                let cell = self.state.any(id);
                self.state.set(cell, result);
                Value::of(Atom::Object(id))
            }
            "every" => {
                let elements = self.elements(on);
                let result = self.run(&first, vec![elements, Value::of(Atom::Number), plain], site);
                let yes = result.facts.as_deref().map(|(yes, _)| yes.clone()).unwrap_or_default();
                self.truth(yes, Facts::default())
            }
            "some" | "findIndex" => {
                let elements = self.elements(on);
                let result = self.run(&first, vec![elements.clone(), Value::of(Atom::Number), plain], site);
                // `ALLOWED.some(a => a === x)`: the list's own elements decide.
                let yes = if elements.taints.is_empty() {
                    result.facts.as_deref().map(|(yes, _)| yes.clone()).unwrap_or_default()
                } else {
                    Facts::default()
                };
                self.truth(yes, Facts::default())
            }
            "find" | "findLast" => {
                let elements = self.elements(on);
                self.run(&first, vec![elements.clone(), Value::of(Atom::Number), plain], site);
                elements
            }
            "pop" | "shift" | "at" | "next" => self.elements(on),
            "reduce" | "reduceRight" => {
                let elements = self.elements(on);
                let mut sum = args.get(1).cloned().unwrap_or_else(|| elements.clone());
                for _ in 0..2 {
                    let next = self.run(&first, vec![sum.clone(), elements.clone(), Value::of(Atom::Number)], site);
                    sum = sum.join(&next);
                }
                sum
            }
            "push" | "unshift" | "add" | "append" | "fill" => {
                self.keep(on, &args);
                Value::of(Atom::Number)
            }
            "set" => {
                self.keep(on, args.get(1..).unwrap_or_default());
                plain
            }
            "get" => {
                let mut out = match first.text().cloned() {
                    Some(key) if !on.taints.is_empty() => {
                        self.member(&Value { atoms: Vec::new(), ..plain }, &key, site.module, site.expr.span)
                    }
                    _ => self.elements(on),
                };
                out.unknown = true;
                out
            }
            "includes" | "indexOf" | "search" if self.is_claim(on) => {
                self.searched(on, At { module: site.module, span: site.expr.span });
                Value::unknown()
            }
            "includes" | "has" | "hasOwnProperty" | "indexOf" if !first.taints.is_empty() && self.is_fixed(on) && name != "indexOf" => {
                self.checked(&first)
            }
            "test" | "exec" if on.atoms.iter().any(|a| matches!(a, Atom::Regex(_))) => {
                let all = !on.unknown && on.atoms.iter().all(|a| matches!(a, Atom::Regex(r) if harmless(r)));
                let mut out = if all { self.checked(&first) } else { Value::unknown() };
                if name == "exec" && !all {
                    out.taint(&first.transformed("exec").taints);
                }
                out
            }
            "match" | "matchAll" => {
                let all =
                    !first.unknown && !first.atoms.is_empty() && first.atoms.iter().all(|a| matches!(a, Atom::Regex(r) if harmless(r)));
                let mut out = on.transformed("match");
                if all {
                    out.facts = self.checked(on).facts;
                }
                out
            }
            // The request of a web framework: `c.req.param("id")`, `c.req.json()`.
            "param" | "query" | "header" | "queries" if first.text().is_some() && self.is_request(on) => {
                let map = match name {
                    "param" => "params",
                    "header" => "headers",
                    _ => "query",
                };
                let map = self.member(&plain, map, site.module, site.expr.span);
                let key = first.text().cloned().unwrap_or_default();
                self.member(&map, &key, site.module, site.expr.span)
            }
            "json" | "parseBody" | "formData" if args.is_empty() && self.is_request(on) => {
                self.member(&plain, "body", site.module, site.expr.span)
            }
            "join" => self.join_list(on, &first, site),
            "toString" | "toJSON" | "json" | "normalize" if args.is_empty() => plain,
            "toString" | "toLocaleString" | "substring" | "substr" | "slice" | "trim" | "trimStart" | "trimEnd" | "toLowerCase"
            | "toUpperCase" | "padStart" | "padEnd" | "repeat" | "normalize" | "toLocaleLowerCase" | "toLocaleUpperCase"
            | "toWellFormed" | "decode" | "text" => on.transformed(name),
            "split" => split(on, &first),
            "replace" | "replaceAll" => self.replace(on, &args, site),
            "concat" => {
                let pieces = std::iter::once(plain).chain(args).map(|v| Piece::Value(v, None)).collect();
                self.concat(pieces, At { module: site.module, span: site.expr.span })
            }
            "startsWith" if first.taints.is_empty() => self.truth(Facts::begins(on), Facts::default()),
            "startsWith"
            | "endsWith"
            | "includes"
            | "has"
            | "hasOwnProperty"
            | "indexOf"
            | "lastIndexOf"
            | "search"
            | "localeCompare"
            | "charCodeAt"
            | "codePointAt"
            | "toFixed"
            | "getTime"
            | "isArray"
            | "propertyIsEnumerable" => {
                self.call_back(&args, &Value::unknown(), site);
                Value::unknown()
            }
            _ => self.unknown_method(on, name, args, site),
        }
    }

    /// Whether a value is the request of a web framework.
    fn is_request(&self, value: &Value) -> bool {
        value.taints.iter().any(|t| t.source.root == Root::Request && t.source.path.is_empty())
    }

    /// A method of something that is not known.
    fn unknown_method(&mut self, on: &Value, name: &str, args: Vec<Value>, site: Site<'p>) -> Value {
        self.unknown_sink(name, &args, site);
        let io = matches!(name, "query" | "execute" | "send" | "raw" | "log" | "info" | "warn" | "error" | "debug" | "emit" | "publish");
        let mut out = self.unknown_call(&args, site);
        if io || super::external::cleans(name) {
            out.taints.clear();
        } else {
            out.taint(&on.transformed(name).taints);
        }
        out
    }

    /// Runs what may be functions and gives what they return.
    pub fn run(&mut self, callback: &Value, args: Vec<Value>, site: Site<'p>) -> Value {
        let callable = callback.atoms.iter().any(|a| matches!(a, Atom::Closure(_) | Atom::External(_) | Atom::Resolve(_)));
        if callable { self.invoke(callback, None, args, site) } else { Value::unknown() }
    }

    /// Puts values into whatever collections a value may be.
    pub fn keep(&mut self, on: &Value, values: &[Value]) {
        for atom in &on.atoms {
            if let Atom::Object(id) = atom {
                let cell = self.state.any(*id);
                values.iter().for_each(|value| self.state.add(cell, value));
            }
        }
    }

    pub fn join_list(&mut self, on: &Value, separator: &Value, site: Site<'p>) -> Value {
        let mut pieces = Vec::new();
        for atom in &on.atoms {
            if let Atom::Object(id) = atom
                && let Some(object) = self.state.at(*id)
            {
                let cells: Vec<usize> = object.fields.values().copied().chain(object.any).chain(object.spread).collect();
                for cell in cells {
                    let value = self.state.get(cell);
                    pieces.push(Piece::Value(value, Some(model::Span::default())));
                    pieces.push(Piece::Value(separator.clone(), None));
                }
            }
        }
        let mut own = on.transformed("join");
        own.taints.iter_mut().for_each(|t| t.safe &= !safe::FILE);
        if pieces.is_empty() {
            return own;
        }
        pieces.push(Piece::Text(" "));
        let mut out = self.concat(pieces, At { module: site.module, span: site.expr.span });
        out.taint(&own.taints);
        // What was taken apart may be put together again.
        out.taints.iter_mut().for_each(|t| t.safe &= !safe::FILE);
        out
    }

    fn replace(&mut self, on: &Value, args: &[Value], site: Site<'p>) -> Value {
        let pattern = args.first().cloned().unwrap_or_default();
        let with = args.get(1).cloned().unwrap_or_default();
        let takes = !pattern.unknown
            && !pattern.atoms.is_empty()
            && pattern.atoms.iter().all(|a| matches!(a, Atom::Regex(r) if takes_harm_away(r)));
        let mut out = if takes { Value::unknown() } else { on.transformed("replace") };
        let matched = on.transformed("match");
        // What gives the match back replaces nothing.
        let same = |made: &Value| made.taints.iter().any(|t| matched.taints.iter().any(|m| m.form == t.form && m.source == t.source));
        let made = self.run(&with, vec![matched.clone()], site);
        let markup = pattern.atoms.iter().map(|a| if let Atom::Regex(r) = a { takes_markup_away(r) } else { (false, false) });
        let (tags, quotes) = markup.reduce(|a, b| (a.0 && b.0, a.1 && b.1)).unwrap_or_default();
        let known = !pattern.unknown && with.taints.is_empty() && !same(&made);
        out.taint(&made.transformed("replace").taints);
        if known {
            for taint in &mut out.taints {
                taint.safe |= if tags { safe::TAGLESS } else { 0 } | if quotes { safe::QUOTELESS } else { 0 };
                if taint.safe & safe::TAGLESS != 0 && taint.safe & safe::QUOTELESS != 0 {
                    taint.safe |= safe::HTML;
                }
            }
        }
        out.taint(&with.transformed("replace").taints);
        out
    }
}

/// The parts of a text: between slashes nothing climbs out of a folder.
pub(super) fn split(value: &Value, separator: &Value) -> Value {
    let mut out = value.transformed("split");
    if separator.text().is_some_and(|text| &**text == "/") {
        out.taints.iter_mut().for_each(|t| t.safe |= safe::FILE);
    }
    out
}

/// A slice of a list is a list of the same data; a slice of a text is another text.
fn whole_or(value: &Value, how: &str) -> Value {
    if value.atoms.is_empty() { value.transformed(how) } else { value.clone() }
}
