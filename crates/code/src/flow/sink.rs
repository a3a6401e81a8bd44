//! Sinks: calls in which a text becomes a statement, a command, code, a path or a URL.
//!
//! The tables name packages and their functions; the values of a statement's placeholders are never a sink.

use super::call::Site;
use super::engine::{Engine, Hit};
use super::external::base;
use super::facts::Scope;
use super::value::{At, Atom, External, Value, safe};
use crate::ir::ExprKind;
use model::code::SinkKind;

/// Packages that send SQL to a database.
const SQL_PACKAGES: [&str; 19] = [
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
    "tedious",
    "@prisma/client",
];
/// Their functions whose first argument is SQL.
const SQL_FUNCTIONS: [&str; 31] = [
    "query",
    "execute",
    "run",
    "all",
    "get",
    "each",
    "exec",
    "prepare",
    "raw",
    "any",
    "one",
    "none",
    "many",
    "oneOrNone",
    "manyOrNone",
    "result",
    "multi",
    "batch",
    "unsafe",
    "queryRaw",
    "$queryRawUnsafe",
    "$executeRawUnsafe",
    "whereRaw",
    "orderByRaw",
    "havingRaw",
    "groupByRaw",
    "joinRaw",
    "Request",
    "queryStream",
    "request",
    "literal",
];
/// Properties of an object argument that hold the SQL.
const SQL_FIELDS: [&str; 5] = ["sql", "text", "query", "sqlText", "statement"];
/// Packages that open files.
const FILE_PACKAGES: [&str; 4] = ["fs", "fs/promises", "fs-extra", "graceful-fs"];
/// Their functions whose first argument is no path.
const NO_PATH: [&str; 8] = ["close", "closeSync", "fstat", "read", "write", "readSync", "writeSync", "constants"];
/// Packages that send requests.
const URL_PACKAGES: [&str; 16] = [
    "axios",
    "request",
    "request-promise",
    "request-promise-native",
    "got",
    "node-fetch",
    "cross-fetch",
    "undici",
    "http",
    "https",
    "needle",
    "superagent",
    "phin",
    "bent",
    "urllib",
    "follow-redirects",
];
/// Properties of an object argument that say where a request goes.
const URL_FIELDS: [&str; 6] = ["url", "uri", "host", "hostname", "baseURL", "href"];
/// Packages that run code.
const EVAL_PACKAGES: [&str; 4] = ["vm", "vm2", "safe-eval", "static-eval"];
/// Their functions that do.
const EVAL_FUNCTIONS: [&str; 8] =
    ["runInContext", "runInNewContext", "runInThisContext", "compileFunction", "Script", "run", "safe-eval", "VMScript"];

impl<'p> Engine<'p> {
    /// Looks whether a call of a package or of the runtime is a sink.
    pub fn sink(&mut self, external: &External, args: &[Value], new: bool, site: Site<'p>) {
        let package = base(&external.package);
        self.sink_package = package.to_owned();
        let last = external.path.rsplit('.').next().unwrap_or("");
        let name = if last.is_empty() { package } else { last };
        self.table_sink(external, args, site);
        if external.package.starts_with("py:") {
            return;
        }
        let Some(first) = args.first() else { return };
        if external.package.is_empty() {
            match (&*external.path, new) {
                ("eval" | "Function", _) => args.iter().for_each(|arg| self.hit(SinkKind::Eval, arg, &external.path, site)),
                ("setTimeout" | "setInterval", _) => self.hit(SinkKind::Eval, first, &external.path, site),
                ("fetch" | "globalThis.fetch", _) => self.hit_fields(SinkKind::Url, first, &URL_FIELDS, "fetch", site),
                _ => {}
            }
            return;
        }
        let callee = if external.path.is_empty() { package.to_owned() } else { format!("{package}'s {name}") };
        let condition = package == "typeorm" && matches!(name, "where" | "andWhere" | "orWhere" | "having" | "addSelect" | "orderBy");
        if SQL_PACKAGES.contains(&package) && (SQL_FUNCTIONS.contains(&name) || condition) {
            self.hit_fields(SinkKind::Sql, first, &SQL_FIELDS, &callee, site);
        }
        if package == "child_process" || package == "shelljs" || package == "execa" || package == "cross-spawn" {
            self.command(name, args, &callee, site);
        }
        if EVAL_PACKAGES.contains(&package) && EVAL_FUNCTIONS.contains(&name) {
            self.hit(SinkKind::Eval, first, &callee, site);
        }
        if (FILE_PACKAGES.contains(&package) || FILE_PACKAGES.contains(&&*external.package))
            && !NO_PATH.contains(&name)
            && !external.path.contains(')')
        {
            self.hit(SinkKind::File, first, &callee, site);
            if let Some(second) = args.get(1).filter(|_| name.starts_with("copy") || name.starts_with("rename") || name.contains("link")) {
                self.hit(SinkKind::File, second, &callee, site);
            }
        }
        if URL_PACKAGES.contains(&package) && !external.path.contains(")") && !matches!(name, "create" | "defaults" | "extend" | "Agent") {
            self.hit_fields(SinkKind::Url, first, &URL_FIELDS, &callee, site);
        }
    }

    /// A call of `query` or `execute` on something that is not known: only when its text was put together as SQL, or when what it
    /// is called on has the name of a connection.
    pub fn unknown_sink(&mut self, name: &str, args: &[Value], site: Site<'p>) {
        if !matches!(
            name,
            "query" | "execute" | "raw" | "$queryRawUnsafe" | "$executeRawUnsafe" | "executeQuery" | "runQuery" | "executemany"
        ) {
            return;
        }
        if let Some(first) = args.first() {
            let mut sql = self.fields(first, &SQL_FIELDS);
            if !self.is_database(site) {
                sql.taints.retain(|t| t.built.is_some_and(|b| b.sql));
            }
            self.sink_package.clear();
            self.hit(SinkKind::Sql, &sql, name, site);
        }
    }

    fn is_database(&self, site: Site<'p>) -> bool {
        let ExprKind::Call(call) = &site.expr.kind else { return false };
        let ExprKind::Member(object, _) = &call.callee.kind else { return false };
        let source = self.module(site.module).slice(object.span).to_ascii_lowercase();
        ["connection", "conn", "pool", "db", "database", "mysql", "pg", "postgres", "sequelize", "knex", "cursor", "cur"]
            .iter()
            .any(|name| source.ends_with(name))
    }

    fn command(&mut self, name: &str, args: &[Value], callee: &str, site: Site<'p>) {
        let Some(first) = args.first() else { return };
        match name {
            "exec" | "execSync" | "command" | "commandSync" | "execaCommand" => self.hit(SinkKind::Shell, first, callee, site),
            "spawn" | "spawnSync" | "execFile" | "execFileSync" | "execa" | "sync" | "cross-spawn" => {
                self.hit(SinkKind::Shell, first, callee, site);
                let shells = ["sh", "bash", "/bin/sh", "/bin/bash", "cmd", "cmd.exe", "powershell"];
                let mut shell = first.texts().any(|t| shells.contains(&&**t));
                for option in args.iter().skip(1) {
                    shell |= self
                        .named_fields(option)
                        .iter()
                        .any(|(key, value)| &**key == "shell" && value.atoms.iter().any(|a| matches!(a, Atom::Bool(true))));
                }
                if shell && let Some(list) = args.get(1) {
                    let elements = self.elements(list);
                    self.hit(SinkKind::Shell, &elements, callee, site);
                }
            }
            _ => {}
        }
    }

    /// The value itself, or those of its properties that count.
    pub fn fields(&mut self, value: &Value, names: &[&str]) -> Value {
        let mut out = Value { atoms: Vec::new(), facts: None, ..value.clone() };
        for (key, field) in self.named_fields(value) {
            if names.contains(&&*key) {
                out = out.join(&field);
            }
        }
        out
    }

    /// Looks at a value, or at the properties of it that count.
    pub fn hit_fields(&mut self, kind: SinkKind, value: &Value, names: &[&str], callee: &str, site: Site<'p>) {
        let value = self.fields(value, names);
        self.hit(kind, &value, callee, site);
    }

    /// Notes the data of the event that reach a sink here and were not checked on the way.
    pub fn hit(&mut self, kind: SinkKind, value: &Value, callee: &str, site: Site<'p>) {
        let bit = match kind {
            SinkKind::File => safe::FILE,
            SinkKind::Url => safe::URL,
            SinkKind::Shell => safe::SHELL,
            SinkKind::Html => safe::HTML,
            SinkKind::Sql | SinkKind::PartiQl => safe::SQL,
            _ => 0,
        };
        for taint in value.taints.iter().filter(|t| t.source.is_data()) {
            let checked = |scope| self.state.facts.checked.contains(&(taint.source.clone(), taint.form, scope));
            let begins = bit & (safe::FILE | safe::URL) != 0 && checked(Scope::Beginning);
            let checked = checked(Scope::All) || begins;
            if taint.safe & bit != 0 || checked {
                continue;
            }
            let calls = self.frames.iter().map(|f| (f.module, f.function, f.site)).collect();
            let at = At { module: site.module, span: site.expr.span };
            let methods = self.state.facts.methods.clone();
            self.hits.push(Hit {
                taint: taint.clone(),
                kind,
                at,
                callee: callee.to_owned(),
                methods,
                calls,
                sink: site.expr,
                package: self.sink_package.clone(),
            });
        }
    }
}
