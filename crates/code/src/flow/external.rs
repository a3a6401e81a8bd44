//! Calls that leave the source: the runtime's globals, Node.js modules, packages. What they return, and which functions of ours
//! they call. Never assumes that a package it does not know cleans data.

use super::call::Site;
use super::engine::Engine;
use super::facts::Facts;
use super::source::{Root, Source};
use super::value::{At, Atom, External, Value, safe};
use model::code::DisclosedTo;
use std::rc::Rc;

/// Packages that talk to something: what they return is not what they were given.
const IO: [&str; 44] = [
    "mysql",
    "mysql2",
    "mariadb",
    "pg",
    "mssql",
    "sqlite3",
    "better-sqlite3",
    "oracledb",
    "sequelize",
    "knex",
    "typeorm",
    "serverless-mysql",
    "promise-mysql",
    "pg-promise",
    "postgres",
    "data-api-client",
    "snowflake-sdk",
    "redis",
    "ioredis",
    "mongodb",
    "mongoose",
    "axios",
    "request",
    "request-promise",
    "got",
    "node-fetch",
    "undici",
    "http",
    "https",
    "fs",
    "fs-extra",
    "child_process",
    "crypto",
    "uuid",
    "bcrypt",
    "bcryptjs",
    "jsonwebtoken",
    "jose",
    "aws-sdk",
    "aws-xray-sdk",
    "aws-xray-sdk-core",
    "winston",
    "pino",
    "net",
];
/// Packages whose `get`, `post`... take a function for requests.
const WEB: [&str; 11] = [
    "@aws-lambda-powertools/event-handler",
    "express",
    "fastify",
    "koa-router",
    "@koa/router",
    "lambda-api",
    "hono",
    "restify",
    "itty-router",
    "aws-serverless-express",
    "polka",
];

/// Functions given to earlier calls of a chain (`middy(f).use(g)`) that are kept.
const MAX_KEPT: usize = 8;

/// Functions, of whatever package, that make a text harmless or check it.
pub(super) fn cleans(name: &str) -> bool {
    matches!(name, "escape" | "escapeId" | "escapeLiteral" | "escapeIdentifier" | "hash" | "digest" | "verify" | "sign" | "randomUUID")
}

/// The package without the path inside it: `mysql2` of `mysql2/promise`.
pub(crate) fn base(package: &str) -> &str {
    let slashes = if package.starts_with('@') { 2 } else { 1 };
    package.match_indices('/').nth(slashes - 1).map_or(package, |(at, _)| package.get(..at).unwrap_or(package))
}

/// The object that a text of JSON was made of.
pub(super) fn json_of(value: &Value) -> Option<Atom> {
    value.atoms.iter().find_map(|a| match a {
        Atom::Json(id) => Some(Atom::Object(*id)),
        _ => None,
    })
}

/// A text of JSON becomes what it says.
pub(super) fn parse(value: &mut Value) {
    for taint in &mut value.taints {
        if let Some(parsed) = taint.source.parsed() {
            taint.source = Rc::new(parsed);
            (taint.whole, taint.form) = (true, 0);
        } else if taint.is_json() {
            taint.form = 0;
        }
    }
    value.atoms.clear();
}

impl<'p> Engine<'p> {
    /// A name that nothing in the module declares.
    pub fn global(&mut self, name: &str, env: &Rc<super::value::Env>) -> Value {
        if self.is_python(env.module) {
            return self.python_global(name, env.module);
        }
        match name {
            "exports" => self.exports_object(env.module),
            "module" => match self.loaded.get(&env.module) {
                Some(loaded) => Value::of(Atom::Object(loaded.module)),
                None => Value::unknown(),
            },
            "arguments" => {
                let args = env.args.clone();
                self.array(args)
            }
            "NaN" | "Infinity" => Value::of(Atom::Number),
            "__dirname" | "__filename" => Value::unknown(),
            _ => self.external("", name),
        }
    }

    /// The object that `exports` was before anything replaced it.
    fn exports_object(&mut self, module: usize) -> Value {
        self.exports(module)
    }

    /// Calls a part of a package or of the runtime.
    pub fn external_call(&mut self, external: &Rc<External>, this: Option<&Value>, args: Vec<Value>, new: bool, site: Site<'p>) -> Value {
        let args: Vec<Value> = external.bound.iter().cloned().chain(args).collect();
        self.sink(external, &args, new, site);
        if external.package.is_empty() {
            return self.global_call(external, args, new, site);
        }
        let content = self.note_aws(external, &args, new, site);
        if let Some(python) = external.package.strip_prefix("py:") {
            return self.python_call(python, external, this, args, site);
        }
        let package = base(&external.package).to_owned();
        let name = external.path.rsplit('.').next().unwrap_or("").to_owned();
        let first = args.first().cloned().unwrap_or_default();
        // Wrappers that give back what they get: promises, X-Ray.
        if matches!(&*name, "promisify" | "callbackify" | "promisifyAll") || name.starts_with("captureAWS") || name.ends_with("MySQL") {
            return first;
        }
        if let Some(claims) = self.token_result(external, &args, site) {
            return claims;
        }
        if &*package == "lambda" {
            return self.runtime_call(&name, &args, site);
        }
        if &*package == "path" || &*package == "url" || &*package == "querystring" || &*package == "qs" || &*package == "util" {
            return self.node_call(&name, &args, &first);
        }
        let path = format!("{}()", external.path);
        let result = Value::of(Atom::External(Rc::new(External {
            package: external.package.clone(),
            path: path.into(),
            args: args.iter().chain(external.args.iter().filter(|a| a.closures().next().is_some()).take(MAX_KEPT)).cloned().collect(),
            bound: Vec::new(),
        })));
        if WEB.contains(&&*package) && args.iter().any(|a| a.closures().next().is_some()) && self.route(&name, &args, site) {
            return result;
        }
        let io = IO.contains(&&*package)
            || package.starts_with("@aws-sdk/")
            || package.starts_with("@prisma/")
            || package.starts_with("@google-cloud/");
        let mut given = Value::unknown();
        given.taint(&content.taints);
        if name == "format" {
            // `mysql.format(sql, values)` escapes its values.
            given.taint(&first.transformed("format").taints);
        } else if !io && !cleans(&name) {
            for arg in &args {
                let taints = self.deep(arg, 2);
                given.taint(&taints.iter().map(|t| t.transformed("call")).collect::<Vec<_>>());
            }
            if let Some(this) = this {
                given.taint(&this.transformed("call").taints);
            }
        }
        // What a callback is given comes from the same package: a connection, rows.
        let mut with = result.clone();
        with.taint(&given.taints);
        self.call_back(&args, &with, site);
        let mut out = result;
        out.taint(&given.taints);
        out
    }

    /// Registers of a web framework: the functions get the request.
    fn route(&mut self, name: &str, args: &[Value], site: Site<'p>) -> bool {
        let facts = match name {
            "get" | "post" | "put" | "delete" | "patch" | "head" | "options" => Facts::methods([name.into()]),
            "all" | "use" | "any" | "route" | "on" => Facts::default(),
            _ => return false,
        };
        let outside = self.state.facts.clone();
        self.state.facts = Facts::both(&outside, &facts);
        let request = Value::source(Source { root: Root::Request, path: Vec::new() }, None);
        for arg in args {
            for closure in arg.closures() {
                self.routes.push((closure.module, closure.function));
                let response = self.external("lambda", "response");
                let params = vec![request.clone(), response, Value::unknown()];
                self.enter(closure, None, params, Some((site.module, site.expr)));
            }
        }
        self.state.facts = outside;
        true
    }

    /// `callback(null, answer)`, `context.succeed(answer)`, `response.send(answer)`.
    fn runtime_call(&mut self, name: &str, args: &[Value], site: Site<'p>) -> Value {
        let answer = match name {
            "callback" => args.get(1).or(args.first()),
            "succeed" | "fail" | "done" | "send" | "json" | "end" | "write" | "render" | "jsonp" => args.last(),
            _ => None,
        };
        if let Some(answer) = answer {
            self.respond(answer, site);
        }
        // `response.status(500).json(...)` goes on with the answer.
        match name {
            "status" | "set" | "header" | "type" | "cookie" | "setHeader" => self.external("lambda", "response"),
            _ => Value::unknown(),
        }
    }

    fn node_call(&mut self, name: &str, args: &[Value], first: &Value) -> Value {
        let mut out = Value::unknown();
        for arg in args {
            out.taint(&arg.transformed(name).taints);
        }
        match name {
            "basename" => out.taints.iter_mut().for_each(|t| t.safe |= safe::FILE),
            // A folder of a path that begins as it should begins so too.
            "parse" | "dirname" => out = Value { facts: None, ..first.clone() },
            "isAbsolute" | "extname" | "isDeepStrictEqual" => out.taints.clear(),
            _ => {}
        }
        out
    }

    fn global_call(&mut self, external: &External, args: Vec<Value>, new: bool, site: Site<'p>) -> Value {
        let first = args.first().cloned().unwrap_or_default();
        let plain = Value { facts: None, ..first.clone() };
        let (object, name) = external.path.rsplit_once('.').unwrap_or(("", &external.path));
        match (object, name) {
            ("JSON", "parse") => {
                let mut out = plain;
                let made = json_of(&out);
                self.parsed_token(&mut out, At { module: site.module, span: site.expr.span });
                parse(&mut out);
                out.atoms.extend(made);
                out
            }
            ("JSON", "stringify") => self.json_text(&first),
            ("Object", "assign") => {
                for atom in &first.atoms {
                    if let Atom::Object(id) = atom {
                        args.iter().skip(1).for_each(|source| self.spread_into(*id, source));
                    }
                }
                plain
            }
            ("Object", "keys" | "getOwnPropertyNames") => {
                let keys = self.keys(&first);
                let fixed = keys.taints.is_empty() && first.atoms.iter().all(|a| matches!(a, Atom::Object(_))) && !first.unknown;
                let id = self.state.object(super::state::Object { array: true, ..Default::default() });
                let cell = self.state.any(id);
                self.state.set(cell, keys);
                if fixed { Value::of(Atom::Object(id)) } else { Value::of(Atom::Object(id)).join(&Value::unknown()) }
            }
            ("Object", "values" | "entries" | "fromEntries") => {
                let values = self.elements(&first);
                let id = self.state.object(super::state::Object { array: true, ..Default::default() });
                let cell = self.state.any(id);
                self.state.set(cell, values);
                Value::of(Atom::Object(id))
            }
            ("Object", _)
            | ("Promise", "resolve" | "all" | "allSettled")
            | ("Array", "from")
            | ("", "structuredClone" | "Object" | "String" | "Proxy" | "Symbol") => match args.get(1) {
                Some(callback) if name == "from" => {
                    let callback = callback.clone();
                    self.builtin(&first, "map", vec![callback], site)
                }
                _ => plain,
            },
            ("Promise", "race" | "any") => self.elements(&first),
            ("Array", "of") => self.array(args),
            ("Number", "isInteger" | "isSafeInteger" | "isFinite") | ("", "isFinite") => self.checked(&first),
            ("", "isNaN") => self.truth(Facts::default(), Facts::checks(&first)),
            ("Number" | "Math" | "Date" | "Array" | "Reflect" | "performance" | "crypto" | "Intl", _) => Value::unknown(),
            ("", "Number" | "parseInt" | "parseFloat" | "Boolean" | "BigInt" | "Date" | "RegExp") => Value::unknown(),
            ("", "encodeURIComponent") => {
                let mut out = first.transformed(name);
                out.taints.iter_mut().for_each(|t| t.safe |= safe::URL | safe::FILE);
                out
            }
            ("Buffer", "from") => plain,
            ("", "encodeURI" | "decodeURI" | "decodeURIComponent" | "escape" | "unescape" | "atob" | "btoa" | "URL") => {
                first.transformed(name)
            }
            ("", "URLSearchParams") => plain,
            ("", "Promise") if new => {
                let cell = self.state.cell(Value::default());
                self.run(&first, vec![Value::of(Atom::Resolve(cell)), Value::unknown()], site);
                let value = self.state.get(cell);
                if value.is_nothing() { Value::unknown() } else { value }
            }
            ("", "Map" | "Set" | "WeakMap" | "Array") if new => {
                let elements = self.elements(&first);
                let id = self.state.object(super::state::Object { array: true, ..Default::default() });
                let cell = self.state.any(id);
                self.state.set(cell, elements);
                Value::of(Atom::Object(id))
            }
            ("console", _) => {
                self.give_away(DisclosedTo::Log, &args, At { module: site.module, span: site.expr.span });
                Value::unknown()
            }
            ("", "Error" | "TypeError" | "RangeError") => Value::unknown(),
            ("String", "raw" | "fromCharCode") => first.transformed(name),
            ("", "fetch" | "setTimeout" | "setImmediate" | "setInterval" | "queueMicrotask") | ("process", "nextTick" | "on" | "once") => {
                self.call_back(&args, &Value::unknown(), site);
                let path = format!("{}()", external.path);
                Value::of(Atom::External(Rc::new(External { package: "".into(), path: path.into(), args: Vec::new(), bound: Vec::new() })))
            }
            // Response streaming: the handler is what is wrapped.
            ("awslambda", "streamifyResponse") => plain,
            // What a call of a global returned, such as a fetched response.
            _ if external.path.contains(')') => {
                self.call_back(&args, &Value::unknown(), site);
                let path = format!("{}()", external.path);
                if path.len() > 160 {
                    return Value::unknown();
                }
                Value::of(Atom::External(Rc::new(External { package: "".into(), path: path.into(), args: Vec::new(), bound: Vec::new() })))
            }
            _ => self.unknown_call(&args, site),
        }
    }
}
