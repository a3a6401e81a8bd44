//! How databases are connected to: whether the driver is told to use TLS and to check the certificate, and whether it takes several
//! statements in one text. Speaks only of options that are all known; what comes from elsewhere may say anything.

use super::engine::Engine;
use super::external::base;
use super::python::Args;
use super::state::Object;
use super::value::{At, Atom, External, Value};
use model::code::ReviewKind;
use std::sync::Arc;

/// Packages of JavaScript that speak to a database in the clear unless they are told otherwise (the README of each: option `ssl`).
const PLAIN: [&str; 7] = ["mysql", "mysql2", "mariadb", "promise-mysql", "serverless-mysql", "pg", "postgres"];
/// Their functions and classes that take the options of a connection.
const CONNECTS: [&str; 6] = ["createConnection", "createPool", "createPoolCluster", "Client", "Pool", "config"];
/// Packages of Python for which the same holds (PyMySQL and mysqlclient: parameters `ssl`, `ssl_ca`, `ssl_mode`).
const PYTHON: [&str; 3] = ["pymysql", "MySQLdb", "aiomysql"];

impl Engine<'_> {
    /// A call of a package of JavaScript that may make a connection.
    pub fn connects(&mut self, external: &External, args: &[Value], at: At) {
        let name = external.path.rsplit('.').next().unwrap_or_default();
        let package = base(&external.package);
        let makes = CONNECTS.contains(&name) || (name.is_empty() && matches!(package, "postgres" | "serverless-mysql"));
        if !PLAIN.contains(&package) || !makes {
            return;
        }
        let options: Vec<usize> = args.iter().flat_map(|arg| arg.atoms.iter()).filter_map(object).collect();
        for id in options {
            let Some(written) = self.state.at(id).filter(is_known) else { continue };
            // `serverless-mysql` takes them one level down.
            if let Some(inner) = written.fields.get("config").map(|cell| self.state.get(*cell)) {
                let inner: Vec<usize> = inner.atoms.iter().filter_map(object).collect();
                inner.into_iter().for_each(|id| self.options(id, at));
            } else {
                self.options(id, at);
            }
        }
    }

    /// The options of one connection.
    fn options(&mut self, id: usize, at: At) {
        let Some(object) = self.state.at(id).filter(is_known) else { return };
        let names = |name: &str| object.fields.contains_key(name);
        // Of a connection by a text, what the text says of TLS is not known.
        let by_text = names("uri") || names("connectionString");
        // A connection by a socket, and what is no configuration at all.
        if !names("host") && !names("user") && !by_text || names("socketPath") {
            return;
        }
        let (place, flag) = (object.at.unwrap_or(at), object.flags.get("multipleStatements").copied());
        let get = |name: &str| object.fields.get(name).map(|cell| self.state.get(*cell));
        let several = get("multipleStatements").is_some_and(|value| is(&value, true));
        let tls = get("ssl").or_else(|| get("tls"));
        let unchecked = tls.iter().any(|tls| self.unchecked(tls));
        let off = !by_text && tls.is_none_or(|tls| !tls.unknown && !tls.atoms.is_empty() && tls.atoms.iter().all(is_off));
        self.connection(place, flag.unwrap_or(place), off, unchecked, several);
    }

    /// Whether TLS is used without looking at the certificate: `{ rejectUnauthorized: false }`.
    fn unchecked(&self, tls: &Value) -> bool {
        tls.atoms
            .iter()
            .filter_map(object)
            .filter_map(|id| self.state.at(id))
            .any(|object| object.fields.get("rejectUnauthorized").is_some_and(|cell| is(&self.state.get(*cell), false)))
    }

    /// A call of a package of Python that may make a connection.
    pub fn python_connects(&mut self, package: &str, name: &str, args: &Args, at: At) {
        if !PYTHON.contains(&package) || !matches!(name, "connect" | "Connection" | "Connect" | "create_pool") {
            return;
        }
        let Some(id) = args.named.iter().flat_map(|named| named.atoms.iter()).find_map(object) else { return };
        let Some(object) = self.state.at(id).filter(is_known) else { return };
        if !object.fields.contains_key("host") {
            return;
        }
        let tls = object.fields.keys().any(|name| name.starts_with("ssl"));
        let flags = object.fields.get("client_flag").map(|cell| self.state.get(*cell)).unwrap_or_default();
        let several = flags.atoms.iter().any(|atom| matches!(atom, Atom::External(e) if e.path.ends_with("MULTI_STATEMENTS")));
        self.connection(at, at, !tls, false, several);
    }

    fn connection(&mut self, at: At, flag: At, off: bool, unchecked: bool, several: bool) {
        if off {
            self.review(ReviewKind::PlainConnection, "ssl", "the driver is not told to use TLS".to_owned(), at);
        }
        if unchecked {
            let says = "whatever certificate the other side shows is taken".to_owned();
            self.review(ReviewKind::PlainConnection, "rejectUnauthorized", says, at);
        }
        if several {
            let says = "the driver takes several statements in one text".to_owned();
            self.review(ReviewKind::MultipleStatements, "multipleStatements", says, flag);
        }
    }
}

fn object(atom: &Atom) -> Option<usize> {
    match atom {
        Atom::Object(id) => Some(*id),
        _ => None,
    }
}

/// Whether all its properties are known by name.
fn is_known(object: &&Object) -> bool {
    object.any.is_none() && object.spread.is_none()
}

fn is(value: &Value, truth: bool) -> bool {
    matches!(value.atoms.as_slice(), [Atom::Bool(known)] if *known == truth)
}

fn is_off(atom: &Atom) -> bool {
    match atom {
        Atom::Null | Atom::Bool(false) => true,
        Atom::Text(text) => Arc::as_ref(text).is_empty(),
        _ => false,
    }
}
