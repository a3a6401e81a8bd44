//! Calls of Python's library and packages: what they return, and which functions of ours they call.

use super::call::Site;
use super::engine::Engine;
use super::external::{json_of, parse};
use super::facts::{harmless, takes_harm_away};
use super::python::Args;
use super::source::{Root, Source};
use super::value::{At, Atom, Closure, External, Value, safe};
use model::code::DisclosedTo;
use std::rc::Rc;

/// Packages that talk to something, or make what the caller cannot choose: what they return is not what they were given.
const IO: [&str; 62] = [
    "aioboto3",
    "aiobotocore",
    "aiohttp",
    "aiomysql",
    "asyncpg",
    "aurora_data_api",
    "awswrangler",
    "aws_xray_sdk",
    "bcrypt",
    "boto3",
    "botocore",
    "cassandra",
    "cryptography",
    "cx_Oracle",
    "datetime",
    "elasticsearch",
    "glob",
    "hashlib",
    "hmac",
    "http",
    "httpx",
    "inspect",
    "jose",
    "jwt",
    "logging",
    "MySQLdb",
    "mysql",
    "opensearchpy",
    "oracledb",
    "passlib",
    "peewee",
    "pg8000",
    "platform",
    "psycopg",
    "psycopg2",
    "pyathena",
    "pymongo",
    "motor",
    "pymssql",
    "pymysql",
    "pyodbc",
    "random",
    "redis",
    "redshift_connector",
    "requests",
    "secrets",
    "shutil",
    "smtplib",
    "snowflake",
    "socket",
    "sqlalchemy",
    "sqlite3",
    "stripe",
    "subprocess",
    "structlog",
    "loguru",
    "tempfile",
    "time",
    "urllib3",
    "uuid",
    "threading",
    "concurrent",
];

impl<'p> Engine<'p> {
    /// Calls a part of a Python package; `package` is its name.
    pub fn python_call(&mut self, package: &str, external: &Rc<External>, this: Option<&Value>, args: Vec<Value>, site: Site<'p>) -> Value {
        let split = self.split_args(&args);
        let at = At { module: site.module, span: site.expr.span };
        if let Some(done) = self.python_aws(package, external, &split, site) {
            return done;
        }
        self.python_command(package, &external.path, &split, site);
        if let Some(claims) = self.python_token(package, &external.path, &split, at) {
            return claims;
        }
        let name = external.path.rsplit('.').next().unwrap_or("");
        self.python_connects(package, name, &split, at);
        let first = split.list.first().cloned().unwrap_or_default();
        let logs = package == "builtins" && name == "print"
            || matches!(package, "logging" | "structlog" | "loguru")
            || external.path.starts_with("Logger()");
        if logs {
            self.give_away(DisclosedTo::Log, &args, at);
            let path = format!("{}()", external.path);
            return if path.len() > 80 { Value::unknown() } else { self.external(&external.package, &path) };
        }
        if package == "re" && external.path.starts_with("compile()") && matches!(name, "match" | "fullmatch" | "search") {
            let pattern = external.args.first().cloned().unwrap_or_default();
            return self.python_match(name, &pattern, split.list.first());
        }
        let known = match package {
            "builtins" => self.python_builtin(name, &split, site),
            _ => self.python_library(package, &external.path, name, &split, site),
        };
        if let Some(known) = known {
            return known;
        }
        if external.path.len() > 160 {
            return Value::unknown();
        }
        let path = format!("{}()", external.path);
        let kept = external.args.iter().filter(|a| a.closures().next().is_some()).take(8);
        let mut out = Value::of(Atom::External(Rc::new(External {
            package: external.package.clone(),
            path: path.into(),
            args: args.iter().chain(kept).cloned().collect(),
            bound: Vec::new(),
        })));
        if !IO.contains(&package) && !super::external::cleans(name) {
            for arg in &args {
                let taints = self.deep(arg, 2);
                out.taint(&taints.iter().map(|t| t.transformed("call")).collect::<Vec<_>>());
            }
            if let Some(this) = this {
                out.taint(&this.transformed("call").taints);
            }
        }
        self.call_back(&split.list, &first.transformed("call"), site);
        out
    }

    fn python_builtin(&mut self, name: &str, args: &Args, site: Site<'p>) -> Option<Value> {
        let first = args.list.first().cloned().unwrap_or_default();
        let plain = Value { facts: None, ..first.clone() };
        Some(match name {
            "int" | "float" | "bool" | "complex" | "len" | "abs" | "round" | "ord" | "hash" | "id" | "range" | "sum" | "pow" | "divmod" => {
                Value::of(Atom::Number)
            }
            "str" | "repr" | "bytes" | "bytearray" | "memoryview" | "ascii" => {
                let mut out = plain;
                let taints = self.deep(&first, 3);
                out.taint(&taints.iter().map(|t| if t.form == 0 { t.clone() } else { t.transformed("str") }).collect::<Vec<_>>());
                out.atoms.retain(|a| !matches!(a, Atom::Object(_)));
                out.unknown |= out.atoms.is_empty();
                out
            }
            "list" | "tuple" | "set" | "frozenset" | "sorted" | "reversed" | "iter" | "format" => plain,
            "next" | "min" | "max" => {
                let mut out = self.elements(&first);
                for more in args.list.iter().skip(1) {
                    out = out.join(more);
                }
                out
            }
            "dict" => {
                let id = self.state.object(super::state::Object::default());
                args.list.iter().chain(&args.named).for_each(|value| self.spread_into(id, value));
                Value::of(Atom::Object(id))
            }
            "enumerate" => {
                let element = self.elements(&first);
                let pair = self.array(vec![Value::of(Atom::Number), element]);
                self.list_of(pair)
            }
            "zip" => {
                let elements: Vec<Value> = args.list.iter().map(|list| self.elements(list)).collect();
                let tuple = self.array(elements);
                self.list_of(tuple)
            }
            "map" | "filter" => {
                let elements: Vec<Value> = args.list.iter().skip(1).map(|list| self.elements(list)).collect();
                let made = self.run(&first, elements.clone(), site);
                let one = if name == "map" { made } else { elements.into_iter().next().unwrap_or_default() };
                self.list_of(one)
            }
            "isinstance" => {
                let kinds = args.list.get(1).cloned().unwrap_or_default();
                let all = if kinds.atoms.iter().any(|a| matches!(a, Atom::Object(_))) { self.elements(&kinds) } else { kinds };
                let number = |a: &Atom| matches!(a, Atom::External(e) if &*e.package == "py:builtins" && matches!(&*e.path, "int" | "float" | "bool"));
                if !all.atoms.is_empty() && all.atoms.iter().all(number) { self.checked(&first) } else { Value::unknown() }
            }
            "any" | "all" | "callable" | "hasattr" | "issubclass" | "type" | "super" | "setattr" | "exit" => Value::unknown(),
            "vars" => plain,
            _ => return None,
        })
    }

    fn python_library(&mut self, package: &str, path: &str, name: &str, args: &Args, site: Site<'p>) -> Option<Value> {
        let first = args.list.first().cloned().unwrap_or_default();
        let plain = Value { facts: None, ..first.clone() };
        let all = |how: &str| {
            let mut out = Value::unknown();
            args.list.iter().for_each(|arg| out.taint(&arg.transformed(how).taints));
            out
        };
        Some(match (package, path) {
            ("json" | "simplejson" | "ujson" | "orjson" | "rapidjson", "loads" | "load") => {
                let mut out = plain;
                let made = json_of(&out);
                self.parsed_token(&mut out, At { module: site.module, span: site.expr.span });
                parse(&mut out);
                out.unknown |= made.is_none();
                out.atoms.extend(made);
                out
            }
            ("json" | "simplejson" | "ujson" | "orjson" | "rapidjson", "dumps") => self.json_text(&first),
            ("os", "getenv" | "environ.get") => match first.text().cloned() {
                Some(name) => Value::of(Atom::Env(name)),
                None => Value::unknown(),
            },
            ("os", "path.basename") => {
                let mut out = first.transformed("basename");
                out.taints.iter_mut().for_each(|t| t.safe |= safe::FILE);
                out
            }
            ("os", "path.join" | "path.normpath" | "path.abspath" | "path.realpath" | "path.dirname" | "fsencode") => all(name),
            ("os", "path.exists" | "path.isfile" | "path.isdir" | "path.getsize" | "getcwd" | "listdir" | "walk") => Value::unknown(),
            ("werkzeug", _) if name == "secure_filename" => {
                let mut out = first.transformed("secure_filename");
                out.taints.iter_mut().for_each(|t| t.safe |= safe::FILE | safe::SHELL);
                out
            }
            ("base64", "b64decode" | "standard_b64decode" | "urlsafe_b64decode" | "decodebytes") => plain,
            ("copy", _) | ("asyncio", "run" | "ensure_future" | "create_task" | "wait_for") | ("ast", "literal_eval") => plain,
            ("gzip" | "zlib" | "bz2", "decompress") | ("io", "BytesIO" | "StringIO") => plain,
            ("asyncio", "gather") => self.array(args.list.clone()),
            ("shlex", "quote") | ("pipes", "quote") => {
                let mut out = first.transformed("quote");
                out.taints.iter_mut().for_each(|t| t.safe |= safe::SHELL);
                out
            }
            ("html" | "cgi" | "markupsafe" | "bleach" | "flask" | "nh3", "escape" | "clean" | "linkify") => {
                let mut out = first.transformed("escape");
                out.taints.iter_mut().for_each(|t| t.safe |= safe::HTML);
                out
            }
            ("urllib", "parse.quote" | "parse.quote_plus" | "parse.urlencode") => {
                let mut out = first.transformed(name);
                let taints = self.deep(&first, 2);
                out.taint(&taints);
                let plus = if name == "quote" { 0 } else { safe::FILE };
                out.taints.iter_mut().for_each(|t| t.safe |= safe::URL | safe::HTML | plus);
                out
            }
            // The request goes where its URL says; what it carries is no URL.
            ("urllib", "request.Request") => Value::unknown(),
            ("urllib", "parse.unquote" | "parse.unquote_plus" | "parse.urljoin") => all(name),
            ("urllib", "parse.parse_qs" | "parse.parse_qsl") => plain,
            ("re", "sub") => {
                let takes = first.text().is_some_and(|p| takes_harm_away(&format!("{p}/g")));
                let mut out =
                    if takes { Value::unknown() } else { args.list.get(2).map(|x| x.transformed("sub")).unwrap_or_else(Value::unknown) };
                if let Some(with) = args.list.get(1) {
                    out.taint(&with.transformed("sub").taints);
                }
                out
            }
            ("re", "match" | "fullmatch" | "search") => self.python_match(name, &first, args.list.get(1)),
            ("functools", "partial") => {
                let bound: Vec<Value> = args.list.iter().skip(1).cloned().collect();
                let mut out = Value::unknown();
                for closure in first.closures() {
                    out.atoms.push(Atom::Closure(Rc::new(Closure {
                        module: closure.module,
                        function: closure.function,
                        env: closure.env.clone(),
                        this: closure.this.clone(),
                        bound: closure.bound.iter().chain(&bound).cloned().collect(),
                        properties: closure.properties,
                    })));
                }
                out
            }
            ("threading" | "multiprocessing", "Thread" | "Process") => {
                let target = self.arg(args, 1, &["target"]).unwrap_or_default();
                let given = self.arg(args, 3, &["args"]).unwrap_or_default();
                let given = (0..4).map(|at| self.element(&given, at)).collect();
                self.run(&target, given, site);
                Value::unknown()
            }
            ("concurrent", _) if matches!(name, "submit" | "map") => {
                let mut given: Vec<Value> = args.list.iter().skip(1).cloned().collect();
                if name == "map" {
                    given = given.iter().map(|list| self.elements(list)).collect();
                }
                self.run(&first, given, site)
            }
            ("decimal" | "uuid" | "ipaddress", _) => Value::unknown(),
            ("traceback", "format_exc" | "format_exception" | "format_tb" | "format_stack") | ("sys", "exc_info") => {
                Value::source(Source { root: Root::Error, path: vec!["stack".into()] }, None)
            }
            ("string", "Template") => plain,
            _ => return None,
        })
    }

    /// `re.fullmatch(pattern, x)`: what it lets through.
    pub fn python_match(&mut self, name: &str, pattern: &Value, value: Option<&Value>) -> Value {
        let value = value.cloned().unwrap_or_default();
        let Some(pattern) = pattern.text() else { return value.transformed("match") };
        let body = pattern.strip_suffix("\\Z").or_else(|| pattern.strip_suffix('$'));
        let anchored = match name {
            "fullmatch" => Some(body.unwrap_or(pattern)),
            _ => body,
        };
        let head =
            anchored.map(|p| p.strip_prefix('^').or_else(|| p.strip_prefix("\\A")).map_or((p, name != "search"), |rest| (rest, true)));
        let mut out = value.transformed("match");
        if let Some((inner, true)) = head
            && harmless(&format!("^{inner}$/"))
        {
            out = self.checked(&value);
        }
        out
    }

    /// A text of JSON, which remembers what it was made of.
    pub fn json_text(&mut self, value: &Value) -> Value {
        let taints = self.deep(value, 4).iter().map(|t| t.transformed("json")).collect();
        let made = value.atoms.iter().filter_map(|a| match a {
            Atom::Object(id) => Some(Atom::Json(*id)),
            // The text of the environment gives it away as the environment does.
            Atom::External(external) if super::member::is_environment(external) => Some(a.clone()),
            _ => None,
        });
        Value { unknown: true, atoms: made.collect(), taints, ..Value::default() }
    }
}
