//! What names, methods and decorators mean in Python: builtins, texts, dictionaries, and the web frameworks whose routes get the
//! request. Never guesses that a method it does not know cleans its data.

use super::call::Site;
use super::engine::Engine;
use super::facts::Facts;
use super::source::{Root, Source};
use super::state::Object;
use super::text::Piece;
use super::value::{At, Atom, External, Value};
use crate::load::Target;
use model::code::{SinkKind, Trigger};
use std::rc::Rc;
use std::sync::Arc;

/// Packages whose decorators register routes.
const WEB: [&str; 9] = ["flask", "fastapi", "chalice", "chalicelib", "aws_lambda_powertools", "bottle", "starlette", "sanic", "quart"];

/// Functions that every module has (Python 3.13, `dir(builtins)`).
const BUILTINS: &str = include_str!("../python/builtins.txt");

/// The arguments of a call by position, and the object with the named ones.
pub(super) struct Args {
    /// By position.
    pub list: Vec<Value>,
    /// By name.
    pub named: Option<Value>,
}

impl<'p> Engine<'p> {
    /// Takes named arguments apart from the others.
    pub fn split_args(&mut self, args: &[Value]) -> Args {
        let mut list = args.to_vec();
        let named = self.take_named(&mut list).map(|id| Value::of(Atom::Object(id)));
        Args { list, named }
    }

    /// An argument by its position or its name.
    pub fn arg(&mut self, args: &Args, position: usize, names: &[&str]) -> Option<Value> {
        if let Some(value) = args.list.get(position) {
            return Some(value.clone());
        }
        let named = self.named_fields(args.named.as_ref()?);
        named.into_iter().find(|(name, _)| names.contains(&&**name)).map(|(_, value)| value)
    }

    /// A name that nothing in the file declares.
    pub fn python_global(&mut self, name: &str, module: usize) -> Value {
        if name == "__exception__" {
            return Value::source(Source::of(Root::Error), None);
        }
        let stars: Vec<Arc<str>> = self.module(module).imports.iter().map(|import| import.specifier.clone()).collect();
        for specifier in stars {
            if let Target::Module(_) = self.target(module, &specifier) {
                let all = self.require(module, &specifier);
                if let Some((_, value)) = self.named_fields(&all).into_iter().find(|(field, _)| &**field == name) {
                    return value;
                }
            }
        }
        if BUILTINS.lines().any(|builtin| builtin == name) { self.external("py:builtins", name) } else { Value::unknown() }
    }

    /// Parts of packages that are the request: `flask.request`, `app.current_event`.
    pub fn python_member(&mut self, package: &str, path: &str) -> Option<Value> {
        let source = match package.strip_prefix("py:")? {
            "flask" | "bottle" | "quart" if path == "request" => Source::of(Root::Request),
            "chalice" if path.ends_with(".current_request") => Source::of(Root::Request),
            "aws_lambda_powertools" if path.ends_with(".current_event") => Source::event(),
            _ => return None,
        };
        Some(Value::source(source, None))
    }

    /// A decorator of a web framework: the function gets the request.
    pub fn python_route(&mut self, external: &Rc<External>, function: &Value, site: Site<'p>) {
        let Some(package) = external.package.strip_prefix("py:").filter(|p| WEB.contains(p)) else { return };
        let Some(name) = external.path.strip_suffix("()").and_then(|p| p.rsplit('.').next()) else { return };
        let args = self.split_args(&external.args);
        let methods = match name {
            "get" | "post" | "put" | "delete" | "patch" | "head" => Facts::methods([Arc::from(name)]),
            "route" | "api_route" | "websocket" => {
                let list = self.arg(&args, usize::MAX, &["methods", "method"]).unwrap_or_default();
                let texts = self.elements(&list).texts().chain(list.texts()).cloned().collect::<Vec<_>>();
                if texts.is_empty() { Facts::default() } else { Facts::methods(texts) }
            }
            "resolver" | "lambda_function" | "on_event" => Facts::default(),
            other if other.starts_with("on_") => Facts::default(),
            _ => return,
        };
        let path = self.arg(&args, 0, &["path", "rule", "uri"]).and_then(|p| p.text().cloned()).unwrap_or_default();
        let outside = self.state.facts.clone();
        self.state.facts = Facts::both(&outside, &methods);
        for closure in function.closures() {
            self.routes.push((closure.module, closure.function));
            let module = self.module(closure.module);
            let params: Vec<(String, String)> = module
                .function(closure.function)
                .params
                .iter()
                .map(|p| {
                    let text = module.slice(p.span);
                    let name = text.split([':', '=', ' ']).next().unwrap_or("").to_owned();
                    (name, text.get(text.find([':', '=']).unwrap_or(text.len())..).unwrap_or("").to_owned())
                })
                .collect();
            let given: Vec<Value> = params.iter().map(|(param, rest)| parameter(package, name, &path, param, rest)).collect();
            self.enter(closure, None, given, Some((site.module, site.expr)));
        }
        self.state.facts = outside;
    }

    /// A method of a text, a list, a dictionary or of data; `None` when it means what it means elsewhere.
    pub fn python_method(&mut self, on: &Value, name: &str, args: &[Value], site: Site<'p>) -> Option<Value> {
        let args = self.split_args(args);
        let first = args.list.first().cloned().unwrap_or_default();
        let plain = Value { facts: None, ..on.clone() };
        let at = At { module: site.module, span: site.expr.span };
        Some(match name {
            "get" | "pop" | "setdefault" | "getlist" | "get_all" => {
                let default = self.arg(&args, 1, &["default", "default_value"]);
                let mut out = match first.text().cloned() {
                    Some(key) => self.member(&plain, &key, site.module, site.expr.span),
                    None => self.elements(on),
                };
                if name == "get" && default.is_none() {
                    out.unknown = true;
                }
                default.map_or(out.clone(), |default| out.join(&default))
            }
            "get_query_string_value" | "get_header_value" | "get_multi_value_query_string_values" => {
                let map = if name == "get_header_value" { "headers" } else { "queryStringParameters" };
                let key = self.arg(&args, 0, &["name"]).and_then(|key| key.text().cloned())?;
                let map = self.member(&plain, map, site.module, site.expr.span);
                self.member(&map, &key, site.module, site.expr.span)
            }
            "__enter__" | "__aenter__" => plain,
            "get_json" => self.member(&plain, "json", site.module, site.expr.span),
            "items" => {
                let (keys, values) = (self.keys(on), self.elements(on));
                let pair = self.array(vec![keys, values]);
                self.list_of(pair)
            }
            "values" => {
                let values = self.elements(on);
                self.list_of(values)
            }
            "keys" => {
                let keys = self.keys(on);
                self.list_of(keys)
            }
            "append" | "add" | "appendleft" | "push" => {
                self.keep(on, &args.list);
                Value::of(Atom::Null)
            }
            "extend" | "insert" | "update" => {
                for value in args.list.iter().chain(&args.named) {
                    let value = if name == "insert" { value.clone() } else { self.elements(value) };
                    self.keep(on, &[value]);
                }
                for atom in &on.atoms {
                    if let Atom::Object(id) = atom
                        && name == "update"
                    {
                        args.list.iter().chain(&args.named).for_each(|value| self.spread_into(*id, value));
                    }
                }
                Value::of(Atom::Null)
            }
            "join" => self.join_list(&first, on, site),
            "format" | "format_map" | "substitute" | "safe_substitute" => {
                let mut pieces = vec![Piece::Value(plain, None)];
                for value in args.list.iter().chain(&args.named) {
                    let mut value = value.clone();
                    let taints = self.deep(&value, 2);
                    value.taint(&taints);
                    pieces.push(Piece::Value(value, Some(site.expr.span)));
                }
                self.concat(pieces, at)
            }
            "strip" | "lstrip" | "rstrip" | "lower" | "upper" | "title" | "capitalize" | "zfill" | "ljust" | "rjust" | "expandtabs"
            | "removeprefix" | "removesuffix" | "swapcase" | "casefold" | "splitlines" | "partition" | "rpartition" | "translate"
            | "center" | "hex" => on.transformed(name),
            "split" | "rsplit" => super::builtin::split(on, &first),
            "encode" | "decode" | "read" | "copy" | "getvalue" | "dict" | "model_dump" | "json" | "as_posix" | "expanduser" | "resolve"
            | "slice" | "mappings" | "with_suffix" | "tolist"
                if !on.atoms.iter().any(|a| matches!(a, Atom::Text(_))) || name == "encode" =>
            {
                plain
            }
            "isdigit" | "isalnum" | "isdecimal" | "isnumeric" | "isidentifier" | "isalpha" => self.checked(on),
            "startswith" if first.taints.is_empty() => self.truth(Facts::begins(on), Facts::default()),
            "startswith" | "endswith" | "count" | "index" | "find" | "rfind" | "sort" | "remove" | "clear" | "discard" | "is_dir"
            | "is_file" | "exists" => {
                if matches!(name, "find" | "index" | "count") {
                    self.searched(on, at);
                }
                Value::unknown()
            }
            "read_text" | "read_bytes" | "write_text" | "write_bytes" if !on.taints.is_empty() => {
                self.hit(SinkKind::File, on, name, site);
                Value::unknown()
            }
            _ => return None,
        })
    }

    /// A list of which every element is the same.
    pub fn list_of(&mut self, element: Value) -> Value {
        let id = self.state.object(Object { array: true, ..Object::default() });
        let cell = self.state.any(id);
        self.state.set(cell, element);
        Value::of(Atom::Object(id))
    }
}

/// What a route's function gets for a parameter.
fn parameter(package: &str, decorator: &str, path: &str, name: &str, rest: &str) -> Value {
    let source = |source: Source| Value::source(source, None);
    let request = |path: &[&str]| {
        let path = path.iter().map(|p| Arc::from(*p)).collect();
        Value::source(Source { root: Root::Request, path }, None)
    };
    let in_path = ["<", "{", ":"].iter().any(|open| [">", "}", "+", ":"].iter().any(|end| path.contains(&format!("{open}{name}{end}"))));
    if in_path {
        return if rest.contains("int") || rest.contains("UUID") { Value::unknown() } else { request(&["params", name]) };
    }
    if decorator == "resolver" {
        return Value::source(Source { root: Root::Message(Trigger::AppSync), path: vec![name.into()] }, None);
    }
    if decorator.starts_with("on_") || decorator == "lambda_function" {
        // Chalice's event objects begin where the record does.
        let from: &[&str] = match decorator {
            "on_sns_message" => &["Records", "Sns"],
            "on_s3_event" => &["Records", "s3", "object"],
            "on_sqs_message" => &["Records"],
            "on_kinesis_record" => &["Records", "kinesis"],
            "on_dynamodb_record" => &["Records", "dynamodb"],
            _ => &[],
        };
        let path = from.iter().map(|p| Arc::from(*p)).collect();
        return if name == "event" { source(Source { root: Root::Event, path }) } else { Value::unknown() };
    }
    let typed = rest.trim_start_matches([':', ' ']);
    if typed.starts_with("Request") {
        return request(&[]);
    }
    if rest.contains("Depends(")
        || typed.starts_with("Response")
        || typed.starts_with("int")
        || typed.starts_with("bool")
        || typed.starts_with("float")
    {
        return Value::unknown();
    }
    if rest.contains("Header(") {
        return request(&["headers", name]);
    }
    if rest.contains("Body(") || rest.contains("Form(") || typed.starts_with("dict") || typed.starts_with("Dict") {
        return request(&["body", name]);
    }
    if !matches!(package, "fastapi" | "starlette" | "aws_lambda_powertools") {
        return Value::unknown();
    }
    let model =
        typed.chars().next().is_some_and(char::is_uppercase) && !typed.starts_with("Optional[str") && !typed.starts_with("Annotated[str");
    if model { request(&["body"]) } else { request(&["query", name]) }
}
